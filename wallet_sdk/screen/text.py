"""Text that fits: it shrinks instead of being cut or of running over what stands beside it."""

from typing import Final

from kivy.core.text import Label as CoreLabel
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.label import Label

from wallet_sdk.screen.fonts import BODY_FONT
from wallet_sdk.screen.units import mm

# Kivy's texture can be one pixel narrower than the extents that it promised.
SLACK_PX: Final = 3
_SHRINK_STEP: Final = 0.94
_SMALLEST_PART: Final = 0.5
_SMALLEST_BODY_PART: Final = 0.6
# From baseline to baseline, as a part of the size of type (Inter's own metrics).
LEADING: Final = 1.22


def width_px_of(text: str, *, font_name: str, font_px: float) -> float:
    """How wide this text is in one line."""
    return float(CoreLabel(font_name=font_name, font_size=font_px).get_extents(text)[0])


def fits(text: str, *, font_name: str, font_px: float, width_px: float, lines_max: int) -> bool:
    """Whether this text fits the width in so many lines, broken between words only."""
    core = CoreLabel(font_name=font_name, font_size=font_px)
    room_px = width_px - SLACK_PX
    lines, line = 1, ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if core.get_extents(longer)[0] <= room_px:
            line = longer
            continue
        if not line or core.get_extents(word)[0] > room_px:
            return False
        lines, line = lines + 1, word
    return lines <= lines_max


class TextLine(Label):
    """A label that wraps and aligns inside its own width and can be named for the robot finger."""

    robot_id = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("font_name", BODY_FONT)
        kwargs.setdefault("halign", "left")
        kwargs.setdefault("valign", "middle")
        super().__init__(**kwargs)
        self.bind(size=self._fit)

    def _fit(self, *_args: object) -> None:
        self.text_size = self.size


class FittedLine(TextLine):
    """Text of `type_mm` height in its own box, on `lines_max` lines at most, smaller when it would not fit.

    What does not even fit at `smallest_part` of the full size ends with an ellipsis; it never leaves the box.
    """

    def __init__(
        self, *, type_mm: float, lines_max: int = 1, smallest_part: float = _SMALLEST_PART, **kwargs: object
    ) -> None:
        super().__init__(shorten_from="right", **kwargs)
        self._full_px = mm(type_mm)
        self._lines_max = lines_max
        self._smallest_part = smallest_part
        self.font_size = self._full_px
        self.bind(text=self._shrink, size=self._shrink)

    def _shrink(self, *_args: object) -> None:
        if self.width <= 0:
            return
        font_px = self._full_px
        smallest_px = self._full_px * self._smallest_part
        while not self._fits_at(font_px) and font_px > smallest_px:
            font_px = max(smallest_px, font_px * _SHRINK_STEP)
        self.shorten = not self._fits_at(font_px)
        self.font_size = font_px

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
        self._full_px = mm(type_mm)
        self._limit_px: float | None = None
        self.font_size = self._full_px
        self.bind(texture_size=self._grow, text=self._restart, most_px=self._restart, width=self._restart)

    def _fit(self, *_args: object) -> None:
        self.text_size = (self.width, self._limit_px)

    def _restart(self, *_args: object) -> None:
        self._limit_px = None
        self.font_size = self._full_px
        self._fit()
        self._grow()

    def _grow(self, *_args: object) -> None:
        too_high = bool(self.text) and self.texture_size[1] > self.most_px
        smaller_px = int(self.font_size * _SHRINK_STEP)
        if too_high and smaller_px > self._full_px * _SMALLEST_BODY_PART:
            self.font_size = smaller_px
        elif too_high:
            self._limit_px = self.most_px
            self._fit()
            self.height = self.most_px
        else:
            self.height = self.texture_size[1] if self.text else 0
