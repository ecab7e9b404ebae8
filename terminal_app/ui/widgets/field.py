"""A line to fill in."""

from typing import Final

from kivy.properties import BooleanProperty

from terminal_app.ui.theme import Look
from wallet_sdk.screen.fonts import STRONG_FONT
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import mm

FIELD_MM: Final = 11.0
_FIELD_NAME_MM: Final = 2.9
_CHARACTERS_MAX: Final = 120


class Field(PressArea):
    """A line to fill in, with its name above the text; the one that typing goes to has a bright outline."""

    active = BooleanProperty(False)

    def __init__(self, *, look: Look, name: str, robot_id: str) -> None:
        super().__init__(robot_id=robot_id, label_text=name, size_hint_y=None, height=mm(FIELD_MM))
        self._look = look
        theme = look.theme
        self._surface = Surface(self, fill=theme.surface, outline=theme.outline, corner_mm=1.8)
        self._name = FittedLine(type_mm=_FIELD_NAME_MM, color=theme.text_dim, text=name, halign=look.start)
        self._text = FittedLine(type_mm=look.sizes.body_mm, font_name=STRONG_FONT, color=theme.text)
        self.add_widget(self._name)
        self.add_widget(self._text)
        # nobody has typed here yet: the first character replaces what was filled in for convenience
        self._untouched = True
        self.bind(pos=self._place, size=self._place, active=self._paint)

    @property
    def text(self) -> str:
        """What the field holds."""
        return str(self._text.text)

    def prefill(self, text: str) -> None:
        """Put a text there that typing replaces."""
        self._text.text = text
        self._untouched = True

    def fill(self, text: str) -> None:
        """Put a text there that typing goes on with."""
        self._text.text = text
        self._untouched = False

    def add(self, characters: str) -> None:
        """Type."""
        before = "" if self._untouched else self.text
        self._untouched = False
        self._text.text = (before + characters)[:_CHARACTERS_MAX]

    def drop(self) -> None:
        """Take the last character back."""
        self._untouched = False
        self._text.text = self.text[:-1]

    def _paint(self, *_args: object) -> None:
        theme = self._look.theme
        self._surface.paint(fill=theme.surface, outline=theme.accent if self.active else theme.outline)

    def _place(self, *_args: object) -> None:
        left_px, width_px = self.x + mm(2.4), self.width - mm(4.8)
        self._name.pos, self._name.size = (left_px, self.y + self.height * 0.58), (width_px, self.height * 0.36)
        self._text.pos, self._text.size = (left_px, self.y + self.height * 0.06), (width_px, self.height * 0.54)
