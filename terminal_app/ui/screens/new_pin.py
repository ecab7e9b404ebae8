"""Choosing a PIN: typed twice, never drawn, judged before it is sent."""

from typing import Final

from kivy.uix.widget import Widget

from terminal_app.office.staff import check_pin_form
from terminal_app.screen_model import NewPinAsk, ScreenModel, filled
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.theme import GAP_MM, MARGIN_MM
from terminal_app.ui.widgets.header import Header
from terminal_app.ui.widgets.pad import BACKSPACE, ENTER, digit_pad
from wallet_sdk.protocol.errors import MisuseError
from wallet_sdk.screen.finger import BACKSPACE_KEY, ENTER_KEY, ESCAPE_KEY
from wallet_sdk.screen.fonts import STRONG_FONT
from wallet_sdk.screen.parts import column
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

_DOT: Final = "•"
_DOTS_MM: Final = 10.0
_LINES_MM_MAX: Final = 22.0


class NewPinPage(Screen):
    """What is asked and the dots on one side, the pad on the other."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        look = self.look
        self.spacing = mm(MARGIN_MM)
        self._ask: NewPinAsk | None = None
        self._back: object = None
        self._first = self._pin = ""
        self._header = Header(look=look)
        self._header.back.bind(on_release=lambda *_args: self._go_back())
        self._lines = Paragraph(type_mm=look.sizes.body_mm, color=look.theme.text, robot_id="lines")
        self._lines.halign = look.start
        self._lines.most_px = mm(_LINES_MM_MAX)
        self._dots = FittedLine(
            type_mm=look.sizes.key_mm, font_name=STRONG_FONT, halign="center", color=look.theme.accent, robot_id="pin"
        )
        self._dots.size_hint_y = None
        self._dots.height = mm(_DOTS_MM)
        words = column(self._header, self._lines, Widget(), self._dots, Widget(), spacing_mm=GAP_MM)
        pad = digit_pad(look=look, press=self._press, corner=ENTER)
        if look.is_portrait:
            self.orientation = "vertical"
            words.size_hint_y, pad.size_hint_y = 0.44, 0.56
        for part in (words, pad) if look.is_portrait else look.in_row(words, pad):
            self.add_widget(part)

    def draw(self, model: ScreenModel) -> None:
        """Ask; what was typed so far stays."""
        assert isinstance(model.ask, NewPinAsk)
        self._header.show(model.headline, back=model.back)
        self._back = model.back
        if self._ask is None:
            self._ask = model.ask
            self._lines.text = model.ask.hint

    def _press(self, name: str) -> None:
        assert self._ask is not None
        if name == BACKSPACE:
            self._pin = self._pin[:-1]
        elif name == ENTER:
            self._enter()
        elif len(self._pin) < self._ask.digits_max:
            self._pin += name
        self._dots.text = _DOT * len(self._pin)

    def _enter(self) -> None:
        assert self._ask is not None
        pin, self._pin = self._pin, ""
        if not self._first:
            try:
                check_pin_form(pin)
            except MisuseError:
                self._lines.text = self._ask.bad
            else:
                self._first, self._lines.text = pin, self._ask.again
        elif pin == self._first:
            self.around.send(filled(self._ask, pin))
        else:
            self._first, self._lines.text = "", self._ask.differs

    def _go_back(self) -> None:
        self.around.send(self._back)

    def type_text(self, text: str) -> None:
        """Digits of the physical keyboard."""
        for digit in text:
            if digit in "0123456789":
                self._press(digit)

    def press_key(self, key_code: int) -> None:
        """Backspace, Enter and Escape as on the glass."""
        if key_code == BACKSPACE_KEY:
            self._press(BACKSPACE)
        elif key_code == ENTER_KEY:
            self._press(ENTER)
        elif key_code == ESCAPE_KEY:
            self._go_back()
