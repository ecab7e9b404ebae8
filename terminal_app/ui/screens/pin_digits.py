"""What the pages on which a PIN is typed have in common: digits that are counted and never drawn."""

from typing import Final

from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.widgets.pad import BACKSPACE, ENTER
from wallet_sdk.screen.finger import BACKSPACE_KEY, ENTER_KEY, ESCAPE_KEY
from wallet_sdk.screen.fonts import STRONG_FONT
from wallet_sdk.screen.text import FittedLine
from wallet_sdk.screen.units import mm

DOT: Final = "•"


class PinDigits(Screen):
    """Keeps what is typed on the pad or on a keyboard; ``enter`` is called with it still in ``pin``."""

    def __init__(self, surroundings: Surroundings, *, dots_mm: float) -> None:
        super().__init__(surroundings)
        look = self.look
        self.pin = ""
        self.digits_max = 0
        self.dots = FittedLine(
            type_mm=look.sizes.key_mm, font_name=STRONG_FONT, halign="center", color=look.theme.accent, robot_id="pin"
        )
        self.dots.size_hint_y = None
        self.dots.height = mm(dots_mm)

    @property
    def typed(self) -> tuple[str, ...]:
        """The digits."""
        return (self.pin,)

    def type_again(self, typed: tuple[str, ...]) -> None:
        """As many dots as before."""
        self.pin = typed[0]
        self.show_dots()

    def enter(self) -> None:
        """The key that ends the PIN."""
        raise NotImplementedError

    def go_back(self) -> None:
        """The way back, if there is one."""
        raise NotImplementedError

    def take_key(self, name: str) -> None:
        """A key of the pad."""
        if name == BACKSPACE:
            self.pin = self.pin[:-1]
        elif name == ENTER:
            self.enter()
        elif len(self.pin) < self.digits_max:
            self.pin += name
        self.show_dots()

    def show_dots(self) -> None:
        """As many as there are digits."""
        self.dots.text = DOT * len(self.pin)

    def type_text(self, text: str) -> None:
        """Digits of the physical keyboard."""
        for digit in text:
            if digit in "0123456789":
                self.take_key(digit)

    def press_key(self, key_code: int) -> None:
        """Backspace, Enter and Escape as on the glass."""
        if key_code == BACKSPACE_KEY:
            self.take_key(BACKSPACE)
        elif key_code == ENTER_KEY:
            self.take_key(ENTER)
        elif key_code == ESCAPE_KEY:
            self.go_back()
