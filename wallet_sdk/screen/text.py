"""Text that fits: it shrinks instead of being cut or of running over what stands beside it.

`text` is always what a person reads, in reading order; what is drawn of it follows from its script (see `reading`).
"""

from functools import lru_cache
from typing import Final

from kivy.core.text import Label as CoreLabel
from kivy.graphics import Color, Rectangle
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.label import Label

from wallet_sdk.protocol.letters import Script
from wallet_sdk.screen.fonts import BODY_FONT, face
from wallet_sdk.screen.reading import as_drawn, pieces, script_of
from wallet_sdk.screen.units import mm

# The part of the free width that lies before a text.
FREE_BEFORE: Final = {"left": 0.0, "center": 0.5, "right": 1.0}
# Kivy's texture can be one pixel narrower than the extents that it promised.
SLACK_PX: Final = 3
_SHRINK_STEP: Final = 0.94
_SMALLEST_PART: Final = 0.5
_SMALLEST_BODY_PART: Final = 0.6
_WIDTHS_KEPT: Final = 8192
# Lines are broken here; Kivy, which measures word by word, finds nothing left to break.
_NO_BREAK: Final = "\u00a0"
# A letter of each script that HarfBuzz shapes.
_SAMPLES: Final = {Script.DEVANAGARI: "अ", Script.THAI: "ก"}
_ELLIPSIS: Final = "…"
# From baseline to baseline, as a part of the size of type (Inter's own metrics; the other scripts' were made alike).
LEADING: Final = 1.22


def width_px_of(text: str, *, font_name: str, font_px: float) -> float:
    """How wide this text is in one line. Type comes in whole pixels: SDL knows no others."""
    return _width_px_of(text, font_name, int(font_px))


@lru_cache(_WIDTHS_KEPT)
def _width_px_of(text: str, font_name: str, font_px: int) -> float:
    script = script_of(text)
    drawn = as_drawn(text)
    _tell_script(font_name, font_px, script)
    core = CoreLabel(font_name=face(font_name, script), font_size=font_px, font_script_name=script.tag)
    return float(core.get_extents(drawn)[0])


def _tell_script(font_name: str, font_px: float, script: Script) -> None:
    """Make the font know its script before anything is measured with it.

    Kivy tells it only when it fills a texture, which is when the texture is bound; and a font that fell out of its
    cache of 64 has to be told again.
    """
    if script.is_shaped:
        core = CoreLabel(
            text=_SAMPLES[script], font_name=face(font_name, script), font_size=font_px, font_script_name=script.tag
        )
        core.refresh()
        core.texture.bind()


def broken(text: str, *, font_name: str, font_px: float, width_px: float) -> list[str] | None:
    """The text in lines of at most this width; None when one of its pieces is wider than a line.

    Lines break where the script lets them; a line end in the text stays one.
    """
    room_px = width_px - SLACK_PX
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in pieces(paragraph):
            longer = line + piece
            if width_px_of(longer.rstrip(), font_name=font_name, font_px=font_px) <= room_px:
                line = longer
                continue
            if not line or width_px_of(piece.rstrip(), font_name=font_name, font_px=font_px) > room_px:
                return None
            lines.append(line.rstrip())
            line = piece
        lines.append(line.rstrip())
    return lines


def fits(text: str, *, font_name: str, font_px: float, width_px: float, lines_max: int) -> bool:
    """Whether this text fits the width in so many lines."""
    lines = broken(text, font_name=font_name, font_px=font_px, width_px=width_px)
    return lines is not None and len(lines) <= lines_max


class TextLine(Label):
    """A label that wraps and aligns inside its own width and can be named for the robot finger.

    `is_cut` says that not all of the text could be drawn.
    """

    robot_id = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("font_name", BODY_FONT)
        kwargs.setdefault("halign", "left")
        kwargs.setdefault("valign", "middle")
        self.is_cut = False
        super().__init__(**kwargs)
        # Drawn by ourselves: Kivy aligns a text only if it may break it as well.
        self.canvas.clear()
        with self.canvas:
            Color(1, 1, 1, 1)
            self._ink = Rectangle(size=(0, 0))
        self.bind(texture=self._draw, pos=self._draw, size=self._draw, halign=self._draw)
        self.bind(width=lambda *_args: self._trigger_texture())

    def texture_update(self, *args: object) -> None:
        """Give Kivy the lines as they are drawn, with the script's own font. Kivy calls it before each new texture."""
        script = script_of(self.text)
        options = self._label.options
        options["font_name"] = face(self.font_name, script)
        options["font_script_name"] = script.tag
        _tell_script(self.font_name, self.font_size, script)
        self._label.text = "\n".join(as_drawn(line) for line in self._lines()).replace(" ", _NO_BREAK)
        super().texture_update(*args)

    @property
    def drawn_text(self) -> str:
        """What is drawn, line by line and from left to right."""
        return str(self._label.text).replace(_NO_BREAK, " ")

    def _lines(self) -> list[str]:
        """The text in the lines that it is drawn in."""
        width_px = self.width - self.padding[0] - self.padding[2]
        if width_px <= 0:
            return str(self.text).split("\n")
        lines = broken(self.text, font_name=self.font_name, font_px=self.font_size, width_px=width_px)
        self.is_cut = bool(self.text) and lines is None
        return lines if lines is not None else self._cut_lines(width_px)

    def _cut_lines(self, width_px: float) -> list[str]:
        return [self._with_ellipsis(self.text.replace("\n", " "), width_px=width_px)]

    def _with_ellipsis(self, text: str, *, width_px: float) -> str:
        """As much of the text as one line takes, with an ellipsis."""
        kept = text
        while kept and self._width_px(kept + _ELLIPSIS) > width_px - SLACK_PX:
            kept = kept[:-1].rstrip()
        return kept + _ELLIPSIS if kept else ""

    def _width_px(self, text: str) -> float:
        return width_px_of(text, font_name=self.font_name, font_px=self.font_size)

    def _draw(self, *_args: object) -> None:
        """Put the picture of the text where `halign` says, in the middle of the height."""
        width_px, height_px = self.texture.size if self.texture is not None else (0, 0)
        free_px = max(0.0, self.width - width_px)
        self._ink.texture = self.texture
        self._ink.size = (width_px, height_px)
        x_px = self.x + free_px * FREE_BEFORE[self.halign]
        self._ink.pos = (int(x_px), int(self.y + (self.height - height_px) / 2))


class FittedLine(TextLine):
    """Text of `type_mm` height in its own box, on `lines_max` lines at most, smaller when it would not fit.

    What does not even fit at `smallest_part` of the full size ends with an ellipsis; it never leaves the box.
    """

    def __init__(
        self, *, type_mm: float, lines_max: int = 1, smallest_part: float = _SMALLEST_PART, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self._full_px = int(mm(type_mm))
        self._lines_max = lines_max
        self._smallest_part = smallest_part
        self.font_size = self._full_px
        self.bind(text=self._shrink, size=self._shrink)

    def _shrink(self, *_args: object) -> None:
        if self.width <= 0:
            return
        font_px = self._full_px
        smallest_px = int(self._full_px * self._smallest_part)
        while not self._fits_at(font_px) and font_px > smallest_px:
            font_px = max(smallest_px, min(font_px - 1, int(font_px * _SHRINK_STEP)))
        self.font_size = font_px

    def _lines(self) -> list[str]:
        self.is_cut = bool(self.text) and self.width > 0 and not self._fits_at(self.font_size)
        if self.is_cut:
            return self._cut_lines(self.width - self.padding[0] - self.padding[2])
        return super()._lines()

    def _fits_at(self, font_px: float) -> bool:
        line_px = font_px * LEADING * self.line_height
        lines_max = max(1, min(self._lines_max, int(self.height / line_px)))
        width_px = self.width - self.padding[0] - self.padding[2]
        return fits(self.text, font_name=self.font_name, font_px=font_px, width_px=width_px, lines_max=lines_max)


class Paragraph(TextLine):
    """Sentences that wrap and take the height they need, with smaller type when that is more than `most_px`.

    What is too much even for the smallest type loses its last lines: a screen's own parts never give way to prose.
    """

    most_px = NumericProperty(float("inf"))

    def __init__(self, *, type_mm: float, **kwargs: object) -> None:
        kwargs.setdefault("line_height", 1.12)
        kwargs.setdefault("valign", "top")
        super().__init__(size_hint_y=None, height=0, **kwargs)
        self._full_px = int(mm(type_mm))
        self._limit_px: float | None = None
        self.font_size = self._full_px
        self.bind(texture_size=self._grow, text=self._restart, most_px=self._restart, width=self._restart)

    def _lines(self) -> list[str]:
        lines = super()._lines()
        if self._limit_px is None:
            return lines
        lines_max = max(1, int(self._limit_px / (self.font_size * LEADING * self.line_height)))
        if len(lines) <= lines_max:
            return lines
        self.is_cut = True
        return [*lines[: lines_max - 1], self._with_ellipsis(lines[lines_max - 1], width_px=self.width)]

    def _cut_lines(self, width_px: float) -> list[str]:
        """A name longer than a line goes on in the next one: nothing of it is lost."""
        self.is_cut = False
        room_px = width_px - SLACK_PX
        parts = "".join(self._narrow_enough(piece, room_px) for piece in pieces(self.text))
        lines = broken(parts, font_name=self.font_name, font_px=self.font_size, width_px=width_px)
        return lines if lines is not None else super()._cut_lines(width_px)

    def _narrow_enough(self, piece: str, room_px: float) -> str:
        """The piece with line ends where it would leave the line."""
        taken, line = "", ""
        for character in piece:
            if self._width_px(line + character) > room_px and line.strip():
                taken, line = f"{taken}{line}\n", ""
            line += character
        return taken + line

    def _restart(self, *_args: object) -> None:
        self._limit_px = None
        self.font_size = self._full_px
        self._grow()

    def _grow(self, *_args: object) -> None:
        too_high = bool(self.text) and self.texture_size[1] > self.most_px
        smaller_px = int(self.font_size * _SHRINK_STEP)
        if too_high and smaller_px > self._full_px * _SMALLEST_BODY_PART:
            self.font_size = smaller_px
        elif too_high:
            if self._limit_px != self.most_px:
                self._limit_px = self.most_px
                self._trigger_texture()
            self.height = self.most_px
        else:
            self.height = self.texture_size[1] if self.text else 0
