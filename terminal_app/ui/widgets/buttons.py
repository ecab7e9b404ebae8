"""Buttons: the big ones that move a sale on, and the keys of the keypad and the key grid."""

from kivy.properties import ObjectProperty

from terminal_app.screen_model import Emphasis
from terminal_app.ui.theme import Colour, Look, button_colours, mm
from terminal_app.ui.widgets.surface import Surface
from terminal_app.ui.widgets.text import width_px_of
from wallet_sdk.screen.fonts import BODY_FONT, STRONG_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.touch import PressArea, TextLine

# Two lines hold a little less than twice the width, because words are not cut.
_TWO_LINES = 1.6
_SMALLEST_PART = 0.6


class BigButton(PressArea):
    """A button with words and perhaps an icon before them; two lines when the words are long."""

    icon = ObjectProperty(None, allownone=True)

    def __init__(
        self, *, look: Look, emphasis: Emphasis, ground: Colour, text: str, icon: Icon | None = None, **kwargs: object
    ) -> None:
        super().__init__(label_text=text, icon=icon, **kwargs)
        self._look = look
        self._colours = button_colours(look.theme, emphasis, ground)
        self._surface = Surface(self, fill=self._colours.fill, outline=self._colours.outline)
        self._words = TextLine(
            text=text, font_name=STRONG_FONT, font_size=mm(look.sizes.button_mm), halign="center", line_height=0.95
        )
        self._icon_view = IconView(icon=icon, stroke=0.19)
        self.add_widget(self._icon_view)
        self.add_widget(self._words)
        self.bind(pos=self._place, size=self._place, disabled=self._paint, pressed=self._paint)
        self._paint()

    def _paint(self, *_args: object) -> None:
        theme, colours = self._look.theme, self._colours
        if self.disabled:
            self._surface.paint(fill=(*theme.surface[:3], 0.55), outline=(*theme.outline[:3], 0.5))
            text = theme.text_disabled
        else:
            fill = colours.fill_pressed if self.pressed else colours.fill
            self._surface.paint(fill=fill, outline=colours.outline)
            text = colours.text
        self._words.color = text
        self._words.disabled_color = text
        self._icon_view.tint = text

    def _place(self, *_args: object) -> None:
        padding_px = mm(1.6)
        icon_px = mm(5.8) if self.icon is not None else 0
        space_px = mm(2) if self.icon is not None else 0
        room_px = max(1.0, self.width - 2 * padding_px - icon_px - space_px)
        self._words.font_size = mm(self._look.sizes.button_mm)
        wanted_px = self._width_px()
        if wanted_px > room_px * _TWO_LINES:
            self._words.font_size = int(self._words.font_size * max(_SMALLEST_PART, room_px * _TWO_LINES / wanted_px))
            wanted_px = room_px * _TWO_LINES
        # words too long for one line go on two, a little more than half as wide
        words_px = wanted_px if wanted_px <= room_px else min(room_px, wanted_px * 0.66)
        left_px = (self.x + self.width / 2) - (words_px + icon_px + space_px) / 2
        self._icon_view.size = (icon_px, icon_px)
        self._icon_view.pos = (left_px, (self.y + self.height / 2) - icon_px / 2)
        self._words.size = (words_px, self.height)
        self._words.pos = (left_px + icon_px + space_px, self.y)

    def _width_px(self) -> float:
        return width_px_of(self._words.text, font_name=STRONG_FONT, font_px=self._words.font_size) + mm(0.6)


class Key(PressArea):
    """One key: a character or two, or an icon."""

    def __init__(
        self,
        *,
        look: Look,
        text: str,
        type_mm: float,
        icon: Icon | None = None,
        quiet: Colour | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(label_text=text, **kwargs)
        theme = look.theme
        self._rest = quiet or theme.surface
        self._pressed_fill = theme.surface_pressed
        self._outline = theme.outline
        self._surface = Surface(self, fill=self._rest, outline=theme.outline)
        self._face = TextLine(
            text="" if icon else text, font_name=BODY_FONT, font_size=mm(type_mm), halign="center", color=theme.text
        )
        self._icon_view = IconView(icon=icon, tint=theme.text, stroke=0.15)
        self._icon_mm = type_mm
        self.add_widget(self._face)
        self.add_widget(self._icon_view)
        self.bind(pos=self._place, size=self._place, pressed=self._paint)

    def _paint(self, *_args: object) -> None:
        self._surface.paint(fill=self._pressed_fill if self.pressed else self._rest, outline=self._outline)

    def _place(self, *_args: object) -> None:
        self._face.pos = self.pos
        self._face.size = self.size
        side_px = mm(self._icon_mm)
        self._icon_view.size = (side_px, side_px)
        self._icon_view.pos = ((self.x + self.width / 2) - side_px / 2, (self.y + self.height / 2) - side_px / 2)
