"""Buttons: their grounds, words and icons. What they look like is given to them."""

from dataclasses import dataclass

from wallet_sdk.screen.colours import CLEAR, Colour
from wallet_sdk.screen.fonts import BODY_FONT, STRONG_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.surface import Surface, middle_of
from wallet_sdk.screen.text import FittedLine, TextLine, width_px_of
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import mm

_WORDS_LINES_MAX = 2
_TWO_LINES_PART = 0.66
_WORDS_PADDING_MM = 1.6
_ICON_SPACE_MM = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonColours:
    """Fill (at rest and under a finger), outline, and the colour of words and icon."""

    fill: Colour
    fill_pressed: Colour
    text: Colour
    outline: Colour = CLEAR


class GroundButton(PressArea):
    """A press area on a ground of its own that shows whether it is pressed or disabled.

    Not called Button: Kivy's rule for its own buttons would be laid upon it by name.
    """

    def __init__(
        self, *, colours: ButtonColours, disabled_colours: ButtonColours | None, corner_mm: float, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self._colours = colours
        self._disabled_colours = disabled_colours or colours
        self._surface = Surface(self, fill=colours.fill, outline=colours.outline, corner_mm=corner_mm)
        self.bind(pos=self._place, size=self._place, disabled=self._paint, pressed=self._paint)

    def _paint(self, *_args: object) -> None:
        colours = self._disabled_colours if self.disabled else self._colours
        self._surface.paint(fill=colours.fill_pressed if self.pressed else colours.fill, outline=colours.outline)
        self._tint(colours.text)

    def _tint(self, text: Colour) -> None:
        """Give words and icon this colour."""
        raise NotImplementedError

    def _place(self, *_args: object) -> None:
        """Put words and icon where they belong."""
        raise NotImplementedError


class WordButton(GroundButton):
    """Words and perhaps an icon at their left or right; two lines, or smaller type, when the words are long."""

    def __init__(
        self,
        *,
        text: str,
        type_mm: float,
        colours: ButtonColours,
        corner_mm: float,
        disabled_colours: ButtonColours | None = None,
        icon: Icon | None = None,
        icon_at: str = "left",
        **kwargs: object,
    ) -> None:
        super().__init__(
            label_text=text, colours=colours, disabled_colours=disabled_colours, corner_mm=corner_mm, **kwargs
        )
        self._full_px = mm(type_mm)
        self._words = FittedLine(
            text=text,
            type_mm=type_mm,
            lines_max=_WORDS_LINES_MAX,
            font_name=STRONG_FONT,
            halign="center",
            line_height=0.95,
        )
        self._icon_at = icon_at
        self._icon_view = IconView(icon=icon, stroke=0.19)
        self._icon_px, self._space_px = (mm(type_mm * 1.15), mm(_ICON_SPACE_MM)) if icon is not None else (0.0, 0.0)
        self.add_widget(self._icon_view)
        self.add_widget(self._words)
        self._paint()

    def _tint(self, text: Colour) -> None:
        self._words.color = text
        self._words.disabled_color = text
        self._icon_view.tint = text

    def _place(self, *_args: object) -> None:
        middle_x, middle_y = middle_of(self)
        beside_px = self._icon_px + self._space_px
        room_px = max(1.0, self.width - 2 * mm(_WORDS_PADDING_MM) - beside_px)
        wanted_px = width_px_of(self._words.text, font_name=STRONG_FONT, font_px=self._full_px) + mm(1)
        # words too long for one line go on two, a little more than half as wide
        words_px = wanted_px if wanted_px <= room_px else min(room_px, wanted_px * _TWO_LINES_PART)
        self._words.size = (words_px, self.height)
        left_px = middle_x - (words_px + beside_px) / 2
        self._icon_view.size = (self._icon_px, self._icon_px)
        icon_x, words_x = left_px, left_px + beside_px
        if self._icon_at == "right":
            icon_x, words_x = left_px + words_px + self._space_px, left_px
        self._icon_view.pos = (icon_x, middle_y - self._icon_px / 2)
        self._words.pos = (words_x, self.y)


class Key(GroundButton):
    """A key: a character or two, or an icon, in its middle. `is_keypad_key` says that it is one of a pad of figures."""

    is_keypad_key = False

    def __init__(
        self,
        *,
        text: str,
        type_mm: float,
        colours: ButtonColours,
        corner_mm: float,
        icon: Icon | None = None,
        stroke: float = 0.15,
        **kwargs: object,
    ) -> None:
        super().__init__(label_text=text, colours=colours, disabled_colours=None, corner_mm=corner_mm, **kwargs)
        self._icon_px = mm(type_mm)
        self._face = TextLine(
            text="" if icon else text, font_name=BODY_FONT, font_size=int(mm(type_mm)), halign="center"
        )
        self._icon_view = IconView(icon=icon, stroke=stroke)
        self.add_widget(self._face)
        self.add_widget(self._icon_view)
        self._paint()

    def _tint(self, text: Colour) -> None:
        self._face.color = text
        self._icon_view.tint = text

    def _place(self, *_args: object) -> None:
        middle_x, middle_y = middle_of(self)
        self._face.pos = self.pos
        self._face.size = self.size
        self._icon_view.size = (self._icon_px, self._icon_px)
        self._icon_view.pos = (middle_x - self._icon_px / 2, middle_y - self._icon_px / 2)
