"""The amount keypad: where every sale begins."""

from typing import Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from terminal_app.screen_model import (
    Action,
    AmountText,
    CommandName,
    ScanCustomer,
    ScreenModel,
    ShowCode,
    keypad_number,
)
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.theme import CORNER_MM, GAP_MM, MARGIN_MM
from terminal_app.ui.widgets.action_row import ACTION_ICONS, make_button, make_key
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.buttons import WordButton
from wallet_sdk.screen.finger import BACKSPACE_KEY, ESCAPE_KEY
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.parts import column
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

# Nine figures hold 9,999,999.99: more than a till ever takes at once, and it still fits the line.
DIGITS_MAX: Final = 9

_BACKSPACE: Final = "backspace"
_HINT_MM_MAX: Final = 10.5
_KEYS: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "00", "0", _BACKSPACE)


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
        self._title = FittedLine(type_mm=self.look.sizes.body_mm, color=self.look.theme.text_dim, robot_id="headline")
        self._title.size_hint_y = None
        self._title_px = mm(self.look.sizes.body_mm * 1.6)
        self._amount = AmountLabel(
            type_mm=self.look.sizes.amount_mm,
            color=self.look.theme.text_dim,
            currency_color=self.look.theme.accent,
            halign="right",
        )
        self._hint = Paragraph(type_mm=self.look.sizes.body_mm, color=self.look.theme.caution, robot_id="lines")
        self._hint.most_px = mm(_HINT_MM_MAX)
        self._slot = BoxLayout(orientation="vertical", spacing=mm(GAP_MM), size_hint_y=None)
        display = self._display()
        keys = self._keypad()
        if self.look.is_portrait:
            self.orientation = "vertical"
            display.size_hint_y = 0.35
            for widget in (display, keys, self._slot):
                self.add_widget(widget)
        else:
            keys.size_hint_x = 0.46
            right = column(display, self._slot, spacing_mm=MARGIN_MM)
            right.size_hint_x = 0.54
            self.add_widget(keys)
            self.add_widget(right)

    def _display(self) -> BoxLayout:
        """The dark glass that the figures stand on."""
        display = column(self._title, self._amount, self._hint, spacing_mm=0)
        display.padding = (mm(4), mm(2), mm(4), mm(2.5))
        theme = self.look.theme
        Surface(display, fill=theme.bar_shade, outline=theme.outline, corner_mm=CORNER_MM)
        return display

    def _keypad(self) -> GridLayout:
        grid = GridLayout(cols=3, spacing=mm(GAP_MM))
        for name in _KEYS:
            icon = Icon.BACKSPACE if name == _BACKSPACE else None
            key = make_key(text=name, icon=icon, type_mm=self.look.sizes.key_mm, look=self.look, robot_id=f"key_{name}")
            key.bind(on_release=lambda pressed: self._press_digit(pressed.label_text))
            grid.add_widget(key)
        return grid

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
        if name == _BACKSPACE:
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
            self._press_digit(_BACKSPACE)
        elif key_code == ESCAPE_KEY:
            self.entry.clear()
            self._show_entry()
        elif self.entry.amount_minor > 0:
            super().press_key(key_code)

    def press(self, action: Action) -> None:
        """Send the amount, or whatever else the button asks for."""
        match action.command:
            case CommandName.SHOW_CODE:
                self.around.send(ShowCode(amount_minor=self.entry.amount_minor))
            case CommandName.SCAN_CUSTOMER:
                self.around.send(ScanCustomer(amount_minor=self.entry.amount_minor))
            case _:
                super().press(action)
