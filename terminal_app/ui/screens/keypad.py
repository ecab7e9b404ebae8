"""The amount keypad: where every sale begins."""

from dataclasses import replace
from typing import Final

from kivy.uix.boxlayout import BoxLayout

from terminal_app.sale.tips import share
from terminal_app.screen_model import (
    Action,
    AmountText,
    Choice,
    CommandName,
    ScanCustomer,
    ScreenModel,
    ScreenName,
    ShowCode,
    TipOffer,
    keypad_number,
)
from terminal_app.ui.screens.base import LeavePage, Screen, Surroundings
from terminal_app.ui.theme import CORNER_MM, GAP_MM, MARGIN_MM
from terminal_app.ui.widgets.action_row import ACTION_ICONS, make_button
from terminal_app.ui.widgets.pad import BACKSPACE, digit_pad
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.buttons import WordButton
from wallet_sdk.screen.finger import BACKSPACE_KEY, ESCAPE_KEY
from wallet_sdk.screen.parts import column
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

# Nine figures hold 9,999,999.99: more than a till ever takes at once, and it still fits the line.
DIGITS_MAX: Final = 9

_HINT_MM_MAX: Final = 10.5


class Entry:
    """The amount being typed, filled from the right: "1", "2", "5" are 0.01, 0.12, 1.25."""

    def __init__(self) -> None:
        self.amount_minor = 0

    def add(self, digits: str) -> None:
        """Append digits; those that would make the amount too long are left out."""
        for digit in digits:
            longer = self.amount_minor * 10 + int(digit)
            if len(str(longer)) <= DIGITS_MAX:
                self.amount_minor = longer

    def drop(self) -> None:
        """Take the last digit back."""
        self.amount_minor //= 10

    def clear(self) -> None:
        """Begin again."""
        self.amount_minor = 0


class KeypadScreen(Screen):
    """Figures, a keypad, and two ways to be paid: show a code, or scan the customer's."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self.entry = Entry()
        self._model: ScreenModel | None = None
        self._buttons: list[WordButton] = []
        self._title = FittedLine(
            type_mm=self.look.sizes.body_mm, color=self.look.theme.text_dim, robot_id="headline", halign=self.look.start
        )
        self._title.size_hint_y = None
        self._title_px = mm(self.look.sizes.body_mm * 1.6)
        self._amount = AmountLabel(
            type_mm=self.look.sizes.amount_mm,
            color=self.look.theme.text_dim,
            currency_color=self.look.theme.accent,
            halign="right",
        )
        self._hint = Paragraph(
            type_mm=self.look.sizes.body_mm, color=self.look.theme.caution, robot_id="lines", halign=self.look.start
        )
        self._hint.most_px = mm(_HINT_MM_MAX)
        self._slot = BoxLayout(orientation="vertical", spacing=mm(GAP_MM), size_hint_y=None)
        display = self._display()
        keys = digit_pad(look=self.look, press=self._press_digit)
        if self.look.is_portrait:
            self.orientation = "vertical"
            display.size_hint_y = 0.35
            for widget in (display, keys, self._slot):
                self.add_widget(widget)
        else:
            keys.size_hint_x = 0.46
            right = column(display, self._slot, spacing_mm=MARGIN_MM)
            right.size_hint_x = 0.54
            for widget in self.look.in_row(keys, right):
                self.add_widget(widget)

    def _display(self) -> BoxLayout:
        """The dark glass that the figures stand on."""
        display = column(self._title, self._amount, self._hint, spacing_mm=0)
        display.padding = (mm(4), mm(2), mm(4), mm(2.5))
        theme = self.look.theme
        Surface(display, fill=theme.bar_shade, outline=theme.outline, corner_mm=CORNER_MM)
        return display

    def draw(self, model: ScreenModel) -> None:
        """Show headline, hints and the two buttons; the amount typed so far stays."""
        old_actions = self._model.actions if self._model else ()
        self._model = model
        self._title.text = model.headline
        self._hint.text = "\n".join(model.lines)
        # a hint takes the title's place, never the amount's
        self._title.opacity = 0 if model.lines else 1
        self._title.height = 0 if model.lines else self._title_px
        if model.actions != old_actions:
            self._rebuild_buttons(model.actions)
        self._show_entry()

    def _rebuild_buttons(self, actions: tuple[Action, ...]) -> None:
        self._slot.clear_widgets()
        self._buttons = []
        self._actions = actions
        for action in reversed(actions):
            button = make_button(
                action, look=self.look, ground=self.look.theme.base, icon=ACTION_ICONS.get(action.command)
            )
            button.bind(on_release=lambda _pressed, wanted=action: self.press(wanted))
            self._buttons.append(button)
            self._slot.add_widget(button)
        self._slot.height = len(actions) * mm(self.look.sizes.action_mm) + max(0, len(actions) - 1) * mm(GAP_MM)

    def _show_entry(self) -> None:
        assert self._model is not None
        model, theme = self._model, self.look.theme
        number = keypad_number(amount_minor=self.entry.amount_minor, fraction_digits=model.keypad_fraction_digits)
        empty = self.entry.amount_minor == 0
        self._amount.tint(number=theme.text_dim if empty else theme.text, currency=theme.accent)
        self._amount.amount = AmountText(number=number, currency=model.keypad_currency)
        for button in self._buttons:
            needs_amount = button.robot_id in (CommandName.SHOW_CODE.value, CommandName.SCAN_CUSTOMER.value)
            button.disabled = needs_amount and empty

    def _press_digit(self, name: str) -> None:
        if name == BACKSPACE:
            self.entry.drop()
        else:
            self.entry.add(name)
        self._show_entry()

    def type_text(self, text: str) -> None:
        """Digits of the physical keyboard."""
        self.entry.add("".join(each for each in text if each in "0123456789"))
        self._show_entry()

    def press_key(self, key_code: int) -> None:
        """Backspace takes a digit back, Escape all of them, Enter presses the primary button."""
        if key_code == BACKSPACE_KEY:
            self._press_digit(BACKSPACE)
        elif key_code == ESCAPE_KEY:
            self.entry.clear()
            self._show_entry()
        elif self.entry.amount_minor > 0:
            super().press_key(key_code)

    def press(self, action: Action) -> None:
        """Send the amount, or whatever else the button asks for."""
        match action.command:
            case CommandName.SHOW_CODE | CommandName.SCAN_CUSTOMER:
                self._sell(ShowCode if action.command is CommandName.SHOW_CODE else ScanCustomer)
            case _:
                super().press(action)

    def _sell(self, kind: type[ShowCode] | type[ScanCustomer]) -> None:
        """Begin the sale, or ask for a tip first where the shop does so."""
        assert self._model is not None
        model, amount_minor = self._model, self.entry.amount_minor
        if model.tips is None:
            self.around.send(kind(amount_minor=amount_minor))
        else:
            self.around.open_page(tip_page(model, model.tips, kind=kind, amount_minor=amount_minor))


def tip_page(
    model: ScreenModel, tips: TipOffer, *, kind: type[ShowCode] | type[ScanCustomer], amount_minor: int
) -> ScreenModel:
    """The page that asks for a tip on this amount; each choice begins the sale."""

    def text(minor: int) -> str:
        return keypad_number(amount_minor=minor, fraction_digits=model.keypad_fraction_digits)

    shares = (
        (percent, label, share(amount_minor, percent))
        for percent, label in zip(tips.percents, tips.labels, strict=True)
    )
    choices = [
        Choice(
            robot_id=f"tip_{percent}",
            label=label,
            detail=f"+ {text(tip_minor)} {model.keypad_currency}",
            press=kind(amount_minor=amount_minor, tip_minor=tip_minor),
        )
        for percent, label, tip_minor in shares
        if tip_minor
    ]
    none = Choice(robot_id="no_tip", label=tips.no_tip, press=kind(amount_minor=amount_minor))
    return replace(
        model,
        name=ScreenName.TIP,
        bar=replace(model.bar, menu=None),
        headline=tips.headline,
        amount=AmountText(number=text(amount_minor), currency=model.keypad_currency),
        lines=(),
        actions=(),
        choices=(none, *choices),
        back=LeavePage.NOW,
    )
