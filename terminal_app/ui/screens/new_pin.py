"""Choosing a PIN: typed twice, never drawn, judged before it is sent."""

from typing import Final

from kivy.uix.widget import Widget

from terminal_app.office.staff import check_pin_form
from terminal_app.screen_model import NewPinAsk, ScreenModel, filled
from terminal_app.ui.screens.base import Surroundings
from terminal_app.ui.screens.pin_digits import PinDigits
from terminal_app.ui.theme import GAP_MM, MARGIN_MM
from terminal_app.ui.widgets.header import Header
from terminal_app.ui.widgets.pad import ENTER, digit_pad
from wallet_sdk.protocol.errors import MisuseError
from wallet_sdk.screen.parts import column
from wallet_sdk.screen.text import Paragraph
from wallet_sdk.screen.units import mm

_DOTS_MM: Final = 10.0
_LINES_MM_MAX: Final = 22.0


class NewPinPage(PinDigits):
    """What is asked and the dots on one side, the pad on the other."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings, dots_mm=_DOTS_MM)
        look = self.look
        self.spacing = mm(MARGIN_MM)
        self._ask: NewPinAsk | None = None
        self._back: object = None
        self._first = ""
        self._header = Header(look=look)
        self._header.back.bind(on_release=lambda *_args: self.go_back())
        self._lines = Paragraph(type_mm=look.sizes.body_mm, color=look.theme.text, robot_id="lines")
        self._lines.halign = look.start
        self._lines.most_px = mm(_LINES_MM_MAX)
        words = column(self._header, self._lines, Widget(), self.dots, Widget(), spacing_mm=GAP_MM)
        pad = digit_pad(look=look, press=self.take_key, corner=ENTER)
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
            self.digits_max = model.ask.digits_max
            self._lines.text = model.ask.hint

    @property
    def typed(self) -> tuple[str, ...]:
        """The digits, the PIN to be repeated, and what was said last."""
        return self.pin, self._first, self._lines.text

    def type_again(self, typed: tuple[str, ...]) -> None:
        """The first one, or the second."""
        self.pin, self._first, self._lines.text = typed
        self.show_dots()

    def enter(self) -> None:
        assert self._ask is not None
        pin, self.pin = self.pin, ""
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

    def go_back(self) -> None:
        self.around.send(self._back)
