"""How much goes back, and why: a page over the sale that it belongs to."""

from dataclasses import replace
from typing import Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout
from kivy.uix.widget import Widget

from terminal_app.office_commands import GiveRefund
from terminal_app.screen_model import (
    Action,
    AmountText,
    Capitals,
    Emphasis,
    PageButton,
    Reason,
    RefundDraft,
    RefundOffer,
    ScreenModel,
    ScreenName,
    TextAsk,
)
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.screens.keypad import Entry
from terminal_app.ui.theme import CORNER_MM, GAP_MM, MARGIN_MM, button_colours
from terminal_app.ui.typed_amount import TypedAmount
from terminal_app.ui.widgets.action_row import make_button
from terminal_app.ui.widgets.header import Header
from terminal_app.ui.widgets.pad import BACKSPACE, PAD_MM, digit_pad
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.buttons import WordButton
from wallet_sdk.screen.finger import BACKSPACE_KEY, ENTER_KEY, ESCAPE_KEY
from wallet_sdk.screen.parts import column
from wallet_sdk.screen.text import FittedLine
from wallet_sdk.screen.units import mm

_REASON_MM: Final = 9.4
_BUTTON_MM: Final = 12.0
#: The protocol's room for a reason. Source: docs/protocol, message Refund.
_REASON_BYTES_MAX: Final = 40


class RefundPage(Screen):
    """A pad, the amount, four reasons, and two ways to give money back. More than is left cannot be typed."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        look = self.look
        self.entry = Entry()
        self._model: ScreenModel | None = None
        self._typed_amount = TypedAmount(self)
        self._reason: Reason | None = None
        self._header = Header(look=look)
        self._header.back.bind(on_release=lambda *_args: self._go_back())
        self._most = FittedLine(type_mm=look.sizes.body_mm, color=look.theme.text_dim, halign=look.start)
        self._most.size_hint_y = None
        self._most.height = mm(look.sizes.body_mm * 1.4)
        self._amount = AmountLabel(
            type_mm=look.sizes.amount_mm * 0.62,
            color=look.theme.text,
            currency_color=look.theme.accent,
            halign=look.end,
        )
        self._reasons = GridLayout(cols=2, spacing=mm(GAP_MM), size_hint_y=None)
        self._reasons.bind(minimum_height=self._reasons.setter("height"))
        self._foot = BoxLayout(spacing=mm(GAP_MM), size_hint_y=None, height=mm(_BUTTON_MM))
        pad = digit_pad(look=look, press=self._press)
        # in a high window the amount stands in the headline's row: the keys need the room
        beside_headline = () if look.is_portrait else (self._amount,)
        words = column(self._header, self._most, *beside_headline, self._reasons, self._foot, spacing_mm=GAP_MM)
        if look.is_portrait:
            self.orientation = "vertical"
            pad.size_hint_y, pad.height = None, mm(PAD_MM)
        else:
            words.size_hint_x, pad.size_hint_x = 0.54, 0.46
        self.spacing = mm(MARGIN_MM)
        for part in (words, pad) if look.is_portrait else look.in_row(pad, words):
            self.add_widget(part)

    @property
    def _offer(self) -> RefundOffer:
        assert self._model is not None
        assert self._model.refund is not None
        return self._model.refund

    def draw(self, model: ScreenModel) -> None:
        """Show what may go back; what was typed and chosen stays."""
        is_first, self._model = self._model is None, model
        if is_first:
            self.entry.amount_minor = self._offer.typed_minor
            self._reason = self._own_words
        self._header.show(model.headline, *((self._amount,) if self.look.is_portrait else ()), back=model.back)
        self._most.text = self._offer.most
        self._show()

    @property
    def typed(self) -> tuple[int, Reason | None]:
        """The amount, and the reason that was chosen."""
        return self.entry.amount_minor, self._reason

    def type_again(self, typed: tuple[int, Reason | None]) -> None:
        """Both as they were."""
        self.entry.amount_minor, self._reason = typed
        self._show()

    @property
    def _own_words(self) -> Reason | None:
        """The reason in somebody's own words, when it was typed."""
        typed = self._offer.typed_reason
        return Reason(reason=typed, label=typed) if typed else None

    def _show(self) -> None:
        assert self._model is not None
        model, theme = self._model, self.look.theme
        number = model.keypad_figures(self.entry.amount_minor)
        self._amount.tint(number=theme.text if self.entry.amount_minor else theme.text_dim, currency=theme.accent)
        self._amount.amount = AmountText(number=number, currency=model.keypad_currency)
        self._typed_amount.shown(self.entry.amount_minor, model)
        self._reasons.clear_widgets()
        for place in range(0, len(self._offer.reasons), 2):
            pair = [self._reason_button(reason) for reason in self._offer.reasons[place : place + 2]]
            for button in self.look.in_row(*pair):
                self._reasons.add_widget(button)
        self._foot.clear_widgets()
        for widget in self.look.in_row(*self._buttons()):
            self._foot.add_widget(widget)

    def _reason_button(self, reason: Reason) -> WordButton:
        is_own = reason.reason == self._offer.own_reason
        shown = (self._own_words or reason) if is_own else reason
        emphasis = Emphasis.PRIMARY if shown == self._reason else Emphasis.SECONDARY
        button = WordButton(
            text=shown.label,
            type_mm=self.look.sizes.bar_mm,
            colours=button_colours(self.look.theme, emphasis, self.look.theme.base),
            corner_mm=CORNER_MM,
            robot_id=f"reason_{reason.reason}",
            size_hint_y=None,
            height=mm(_REASON_MM),
        )
        button.bind(on_release=lambda *_args: self._ask_words() if is_own else self._choose(reason))
        return button

    def _buttons(self) -> tuple[Widget, ...]:
        offer = self._offer
        whole = Action(command=PageButton.REFUND_ALL, label=offer.refund_all)
        part = Action(command=PageButton.REFUND, label=offer.refund, emphasis=Emphasis.PRIMARY)
        buttons = []
        for action, amount_minor in ((whole, offer.left_minor), (part, self.entry.amount_minor)):
            button = make_button(action, look=self.look, ground=self.look.theme.base)
            button.height = mm(_BUTTON_MM)
            button.disabled = self._reason is None or not 0 < amount_minor <= offer.left_minor
            button.bind(on_release=lambda _button, minor=amount_minor: self._give(minor))
            buttons.append(button)
        return tuple(buttons)

    def _choose(self, reason: Reason) -> None:
        self._reason = reason
        self._show()

    def _ask_words(self) -> None:
        """A reason in somebody's own words is typed on a page of its own; what was filled in so far comes back."""
        assert self._model is not None
        offer, own = self._offer, self._own_words
        draft = RefundDraft(amount_minor=self.entry.amount_minor, reason=own.reason if own else "")
        ask = TextAsk(
            name=offer.reason_word,
            fill=draft,
            place="reason",
            done=offer.done,
            text=draft.reason,
            chars_max=_REASON_BYTES_MAX,
            bytes_max=_REASON_BYTES_MAX,
            capitals=Capitals.NONE,
        )
        page = replace(self._model, name=ScreenName.TYPE_TEXT, ask=ask, back=draft)
        self.around.open_page(page)

    def _give(self, amount_minor: int) -> None:
        if self._reason is not None and 0 < amount_minor <= self._offer.left_minor:
            self.around.send(
                GiveRefund(
                    request_id=RequestId(self._offer.request_id),
                    amount_minor=amount_minor,
                    reason=self._reason.reason,
                )
            )

    def _press(self, name: str) -> None:
        if name == BACKSPACE:
            self.entry.drop()
        else:
            before = self.entry.amount_minor
            self.entry.add(name)
            if self.entry.amount_minor > self._offer.left_minor:
                self.entry.amount_minor = before
        self._show()

    def _go_back(self) -> None:
        assert self._model is not None
        self.around.send(self._model.back)

    def type_text(self, text: str) -> None:
        """Digits of the physical keyboard."""
        for digit in text:
            if digit in "0123456789":
                self._press(digit)

    def press_key(self, key_code: int) -> None:
        """Backspace takes a digit back, Enter gives what was typed, Escape leads back."""
        if key_code == BACKSPACE_KEY:
            self._press(BACKSPACE)
        elif key_code == ENTER_KEY:
            self._give(self.entry.amount_minor)
        elif key_code == ESCAPE_KEY:
            self._go_back()
