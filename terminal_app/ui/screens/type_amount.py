"""A page with an amount to type on the pad."""

from kivy.uix.widget import Widget

from terminal_app.screen_model import (
    Action,
    AmountAsk,
    AmountText,
    Emphasis,
    PageButton,
    ScreenModel,
    filled,
)
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.screens.keypad import Entry
from terminal_app.ui.theme import GAP_MM, MARGIN_MM
from terminal_app.ui.typed_amount import TypedAmount
from terminal_app.ui.widgets.action_row import make_button
from terminal_app.ui.widgets.header import Header
from terminal_app.ui.widgets.pad import BACKSPACE, PAD_MM, digit_pad
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.finger import BACKSPACE_KEY, ENTER_KEY, ESCAPE_KEY
from wallet_sdk.screen.parts import column
from wallet_sdk.screen.text import Paragraph
from wallet_sdk.screen.units import mm

_LINES_MM_MAX = 20.0


class TypeAmountPage(Screen):
    """What it is for and the amount on one side, the pad on the other."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        look = self.look
        self.spacing = mm(MARGIN_MM)
        self.entry = Entry()
        self._model: ScreenModel | None = None
        self._typed_amount = TypedAmount(self)
        self._header = Header(look=look)
        self._header.back.bind(on_release=lambda *_args: self._go_back())
        self._lines = Paragraph(type_mm=look.sizes.body_mm, color=look.theme.text_dim, robot_id="lines")
        self._lines.halign = look.start
        self._lines.most_px = mm(_LINES_MM_MAX)
        self._amount = AmountLabel(
            type_mm=look.sizes.amount_mm * 0.8,
            color=look.theme.text,
            currency_color=look.theme.accent,
            halign=look.end,
        )
        self._foot = column(size_hint_y=None, height=mm(look.sizes.action_mm))
        spare = () if look.is_portrait else (Widget(),)
        words = column(self._header, self._lines, self._amount, *spare, self._foot, spacing_mm=GAP_MM)
        pad = digit_pad(look=look, press=self._press)
        if look.is_portrait:
            self.orientation = "vertical"
            pad.size_hint_y, pad.height = None, mm(PAD_MM)
        else:
            words.size_hint_x, pad.size_hint_x = 0.54, 0.46
        for part in (words, pad) if look.is_portrait else look.in_row(pad, words):
            self.add_widget(part)

    @property
    def _ask(self) -> AmountAsk:
        assert self._model is not None
        assert isinstance(self._model.ask, AmountAsk)
        return self._model.ask

    def draw(self, model: ScreenModel) -> None:
        """Ask; what was typed so far stays."""
        is_first, self._model = self._model is None, model
        self._header.show(model.headline, back=model.back)
        self._lines.text = self._ask.hint
        if is_first:
            self.entry.amount_minor = self._ask.minor
            action = Action(command=PageButton.DONE, label=self._ask.done, emphasis=Emphasis.PRIMARY)
            done = make_button(action, look=self.look, ground=self.look.theme.base)
            done.bind(on_release=lambda *_args: self._send())
            self._foot.add_widget(done)
        self._show()

    def _show(self) -> None:
        assert self._model is not None
        number = self._model.keypad_figures(self.entry.amount_minor)
        self._amount.amount = AmountText(number=number, currency=self._model.keypad_currency)
        self._typed_amount.shown(self.entry.amount_minor, self._model)

    @property
    def typed(self) -> int:
        """The amount."""
        return self.entry.amount_minor

    def type_again(self, typed: int) -> None:
        """The amount as it was."""
        self.entry.amount_minor = typed
        self._show()

    def _press(self, name: str) -> None:
        if name == BACKSPACE:
            self.entry.drop()
        else:
            self.entry.add(name)
        self._show()

    def _send(self) -> None:
        self.around.send(filled(self._ask, str(self.entry.amount_minor)))

    def _go_back(self) -> None:
        assert self._model is not None
        self.around.send(self._model.back)

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
            self._send()
        elif key_code == ESCAPE_KEY:
            self._go_back()
