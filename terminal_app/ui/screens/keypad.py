"""The amount keypad: where every sale begins."""

from dataclasses import replace
from typing import Final

from kivy.uix.boxlayout import BoxLayout

from terminal_app.sale.asking import REFERENCE_CHARS_MAX
from terminal_app.sale.tips import share
from terminal_app.screen_model import (
    Action,
    AmountText,
    Choice,
    CommandName,
    SaleDraft,
    ScanCustomer,
    ScreenModel,
    ScreenName,
    ShowCode,
    TextAsk,
    TipOffer,
)
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.theme import CORNER_MM, GAP_MM, MARGIN_MM, TARGET_MM
from terminal_app.ui.typed_amount import TypedAmount
from terminal_app.ui.widgets.action_row import ACTION_ICONS, make_button
from terminal_app.ui.widgets.pad import BACKSPACE, PAD_MM, digit_pad
from terminal_app.ui.widgets.pill import Pill
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.buttons import WordButton
from wallet_sdk.screen.finger import BACKSPACE_KEY, ESCAPE_KEY
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.parts import column, row
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

# Nine figures hold 9,999,999.99: more than a till ever takes at once, and it still fits the line.
DIGITS_MAX: Final = 9

_HINT_MM_MAX: Final = 10.5
#: The reference leaves the title its place, or in a high window the amount.
_REFERENCE_PART: Final = 0.66
_REFERENCE_PART_BESIDE: Final = 0.42


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
    """Figures, a keypad, a reference if one is wanted, and two ways to be paid: show a code, or scan the customer's."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self.entry = Entry()
        self._model: ScreenModel | None = None
        self._typed_amount = TypedAmount(self)
        self._buttons: list[WordButton] = []
        self._title = FittedLine(
            type_mm=self.look.sizes.body_mm, color=self.look.theme.text_dim, robot_id="headline", halign=self.look.start
        )
        self._reference = ""
        self._reference_key = Pill(look=self.look, robot_id="reference")
        self._reference_key.bind(on_release=lambda *_args: self._ask_reference())
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
            keys.size_hint_y, keys.height = None, mm(PAD_MM)
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
        if self.look.is_portrait:  # the keys need the room that a title would take
            beside = BoxLayout(spacing=mm(GAP_MM))
            for widget in (self._reference_key, self._amount):
                beside.add_widget(widget)
            self._reference_key.pos_hint = {"top": 1}
            display = column(beside, self._hint, spacing_mm=0)
        else:
            above = row(*self.look.in_row(self._title, self._reference_key), height_mm=TARGET_MM)
            display = column(above, self._amount, self._hint, spacing_mm=0)
        display.padding = (mm(4), mm(2), mm(3), mm(2))
        self._reference_key.parent.bind(width=self._show_reference)
        theme = self.look.theme
        Surface(display, fill=theme.bar_shade, outline=theme.outline, corner_mm=CORNER_MM)
        return display

    def draw(self, model: ScreenModel) -> None:
        """Show headline, hints and the two buttons; the amount typed so far stays."""
        old_actions = self._model.actions if self._model else ()
        self._model = model
        self._title.text = model.headline
        self._hint.text = "\n".join(model.lines)
        self._show_reference()
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
        number = model.keypad_figures(self.entry.amount_minor)
        empty = self.entry.amount_minor == 0
        self._amount.tint(number=theme.text_dim if empty else theme.text, currency=theme.accent)
        self._amount.amount = AmountText(number=number, currency=model.keypad_currency)
        self._typed_amount.shown(self.entry.amount_minor, model)
        for button in self._buttons:
            needs_amount = button.robot_id in (CommandName.SHOW_CODE.value, CommandName.SCAN_CUSTOMER.value)
            button.disabled = needs_amount and empty

    def _show_reference(self, *_args: object) -> None:
        """What was typed, or the word that asks for it."""
        words = self._reference or self.around.words.reference
        theme = self.look.theme
        tint = theme.accent if self._reference else theme.text_dim
        self._reference_key.show(icon=Icon.TAG, word=words, tint=tint)
        part = _REFERENCE_PART_BESIDE if self.look.is_portrait else _REFERENCE_PART
        most_px = self._reference_key.parent.width * part
        self._reference_key.width = min(self._reference_key.width, max(mm(TARGET_MM), most_px))

    def _ask_reference(self) -> None:
        assert self._model is not None
        draft = self.typed
        ask = TextAsk(
            name=self.around.words.reference,
            fill=draft,
            place="reference",
            done=self.around.words.done,
            text=self._reference,
            chars_min=0,
            chars_max=REFERENCE_CHARS_MAX,
        )
        bar = replace(self._model.bar, menu=None)
        self.around.open_page(replace(self._model, name=ScreenName.TYPE_TEXT, bar=bar, ask=ask, back=draft))

    @property
    def typed(self) -> SaleDraft:
        """Amount and reference."""
        return SaleDraft(amount_minor=self.entry.amount_minor, reference=self._reference)

    def type_again(self, typed: SaleDraft) -> None:
        """As after a page that lay over it."""
        self.resume(typed)

    def resume(self, draft: SaleDraft) -> None:
        """Amount and reference as they were, or as they are now."""
        self.entry.amount_minor = draft.amount_minor
        self._reference = draft.reference
        self._show_reference()
        self._show_entry()

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
        draft = self.typed
        if self._model.tips is None:
            self.around.send(kind(amount_minor=draft.amount_minor, reference=draft.reference))
        else:
            self.around.open_page(tip_page(self._model, self._model.tips, kind=kind, draft=draft))


def tip_page(
    model: ScreenModel, tips: TipOffer, *, kind: type[ShowCode] | type[ScanCustomer], draft: SaleDraft
) -> ScreenModel:
    """The page that asks for a tip on this amount; each choice begins the sale, and Back goes on typing."""
    amount_minor, reference = draft.amount_minor, draft.reference

    def text(minor: int) -> str:
        return model.keypad_figures(minor)

    shares = (
        (percent, label, share(amount_minor, percent))
        for percent, label in zip(tips.percents, tips.labels, strict=True)
    )
    choices = [
        Choice(
            robot_id=f"tip_{percent}",
            label=label,
            detail=f"+ {text(tip_minor)} {model.keypad_currency}",
            press=kind(amount_minor=amount_minor, reference=reference, tip_minor=tip_minor),
        )
        for percent, label, tip_minor in shares
        if tip_minor
    ]
    none = Choice(robot_id="no_tip", label=tips.no_tip, press=kind(amount_minor=amount_minor, reference=reference))
    return replace(
        model,
        name=ScreenName.TIP,
        bar=replace(model.bar, menu=None),
        headline=tips.headline,
        amount=AmountText(number=text(amount_minor), currency=model.keypad_currency),
        lines=(),
        actions=(),
        choices=(none, *choices),
        back=draft,
    )
