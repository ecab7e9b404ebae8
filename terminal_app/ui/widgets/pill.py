"""An icon and a word on a round ground: small buttons of the bar and the keypad."""

from terminal_app.ui.theme import TARGET_MM, Look
from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.fonts import BODY_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine, width_px_of
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import mm

PADDING_MM = 2.4
ICON_MM = 4.4


class Pill(PressArea):
    """An icon and a word to be pressed; takes the width that it needs."""

    def __init__(self, *, look: Look, **kwargs: object) -> None:
        super().__init__(size_hint=(None, None), height=mm(TARGET_MM), **kwargs)
        self._look = look
        theme = look.theme
        self._fill = (*theme.disc[:3], 0.1)
        self._surface = Surface(self, fill=self._fill, corner_mm=TARGET_MM / 2)
        self._icon_view = IconView(stroke=0.2)
        self._word = FittedLine(type_mm=look.sizes.bar_mm, color=theme.text, halign=look.start)
        self.add_widget(self._icon_view)
        self.add_widget(self._word)
        self.tail_px = 0.0
        self.bind(pos=self._place, size=self._place, pressed=self._paint)

    def show(self, *, icon: Icon, word: str, tint: Colour) -> None:
        """Change what it says."""
        self._icon_view.icon = icon
        self._icon_view.tint = tint
        self._word.text = word
        self.label_text = word
        word_px = width_px_of(word, font_name=BODY_FONT, font_px=mm(self._look.sizes.bar_mm)) + mm(1)
        self.width = mm(2 * PADDING_MM + ICON_MM + 1.6) + word_px + self.tail_px
        self._place()

    def _paint(self, *_args: object) -> None:
        self._surface.paint(fill=(*self._look.theme.disc[:3], 0.28) if self.pressed else self._fill)

    def _place(self, *_args: object) -> None:
        side_px = mm(ICON_MM)
        self._icon_view.size = (side_px, side_px)
        icon_x = self._from_start(mm(PADDING_MM), width_px=side_px)
        self._icon_view.pos = (icon_x, (self.y + self.height / 2) - side_px / 2)
        before_px = mm(PADDING_MM + 1.6) + side_px
        word_px = max(0.0, self.width - mm(PADDING_MM) - self.tail_px - before_px)
        self._word.size = (word_px, self.height)
        self._word.pos = (self._from_start(before_px, width_px=word_px), self.y)

    def _from_start(self, distance_px: float, *, width_px: float) -> float:
        """Where a part of this width begins that is so far from the side that a line begins on."""
        if self._look.start == "left":
            return float(self.x + distance_px)
        return float(self.x + self.width - distance_px - width_px)
