"""Every screen of the wallet, each built from one model by one function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from wallet_sdk.demo import theme
from wallet_sdk.demo.cards import history_card, payee_card, purse_card, warning_card
from wallet_sdk.demo.screen_model import Action, ActionName, PreviewFrame, ScreenName, WalletModel
from wallet_sdk.demo.widgets import (
    PRIMARY,
    LinkButton,
    NetworkSwitch,
    Tile,
    WordPill,
    action_buttons,
    amount_line,
    centred,
    icon_button,
    keypad,
    line,
    sentences,
    space,
    title,
)
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.buttons import ButtonColours
from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.fonts import DISPLAY_FONT, STRONG_FONT
from wallet_sdk.screen.grey_view import Viewfinder
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.parts import Countdown, IconDisc, column, row
from wallet_sdk.screen.qr_view import Matrix, QrView
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine
from wallet_sdk.screen.units import mm

Press = Callable[[ActionName], None]

ROWS_ON_HOME: Final = 3
ROWS_UNDER_WARNING: Final = 2
_HEADER_MM: Final = 9.0
_KEY_MM: Final = 10.5

_QUIET_TILE: Final = ButtonColours(
    fill=theme.SURFACE, fill_pressed=theme.ACCENT_SOFT, text=theme.ACCENT, outline=theme.LINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a screen is built with."""

    press: Press
    matrix_of: Callable[[str], Matrix]


class WalletScreen(BoxLayout):
    """One screen as drawn. What counts down, rotates or is typed is drawn in place; else a new one is made."""

    def __init__(self, model: WalletModel, around: Surroundings) -> None:
        super().__init__(orientation="vertical", padding=(mm(theme.MARGIN_MM), mm(4)), spacing=mm(theme.GAP_MM))
        ground = theme.TONES[model.name].ground if model.name in theme.TONES else theme.BASE
        Surface(self, fill=ground, corner_mm=0)
        self.around = around
        self._matrix_of = around.matrix_of
        self._code_text = ""
        self.countdown = Countdown(
            type_mm=theme.BODY_MM, color=theme.INK_DIM, clock_color=theme.INK_DIM, size_hint_x=None, width=mm(14)
        )
        self.qr = QrView(robot_id="code", size_hint=(None, None), pos_hint={"center_x": 0.5})
        self.viewfinder: Viewfinder | None = None
        #: What is being typed; None where nothing is.
        self.typed: AmountLabel | None = None
        self._code_part = 1.0
        self.draw_in_place(model)
        _BUILDERS[model.name](self, model)
        # A code goes almost from edge to edge, over the margins: every pixel makes it easier to read.
        self.bind(width=lambda *_args: self._size_code())

    def draw_in_place(self, model: WalletModel) -> None:
        """Draw what may change without a new screen: the code, the seconds left, and what is typed."""
        if self.typed is not None:
            self.typed.amount = model.amount
        if model.remaining_s is not None:
            self.countdown.show(model.remaining_s)
        if model.code_text != self._code_text:
            self._code_text = model.code_text
            self.qr.matrix = self._matrix_of(model.code_text) if model.code_text else None

    def make_code_smaller(self, part: float) -> None:
        """Let the code take only this part of the width, where it is not what the screen is about."""
        self._code_part = part

    def _size_code(self) -> None:
        side_px = (self.width - mm(1.5)) * self._code_part
        self.qr.size = (side_px, side_px)

    def show_frame(self, frame: PreviewFrame) -> None:
        """Draw a camera frame, where the screen has a place for one."""
        if self.viewfinder is not None:
            self.viewfinder.show(width_px=frame.width_px, height_px=frame.height_px, luminance=frame.luminance)

    def add(self, *widgets: Widget) -> None:
        """Add widgets from the top down."""
        for widget in widgets:
            self.add_widget(widget)

    def buttons(self, model: WalletModel) -> BoxLayout:
        """The model's actions as buttons."""
        return action_buttons(model.actions, self._press)

    def bind_press(self, widget: Widget, name: ActionName) -> Widget:
        """Let this widget ask for an action; it gets the action's name for the robot finger too."""
        widget.robot_id = name.value
        widget.bind(on_release=lambda *_args: self.around.press(name))
        return widget

    def _press(self, action: Action) -> None:
        self.around.press(action.name)


def _header(screen: WalletScreen, model: WalletModel) -> BoxLayout:
    """Title on the left, a cross on the right that goes back home."""
    words = FittedLine(
        type_mm=theme.TITLE_MM, color=theme.INK, font_name=DISPLAY_FONT, text=model.headline, robot_id="headline"
    )
    close = screen.bind_press(icon_button(Icon.CROSS, says="Close"), ActionName.BACK)
    return row(words, close, height_mm=_HEADER_MM)


def _build_home(screen: WalletScreen, model: WalletModel) -> None:
    assert model.purse is not None
    greeting = FittedLine(
        type_mm=theme.TITLE_MM, color=theme.INK, font_name=DISPLAY_FONT, text=model.headline, robot_id="headline"
    )
    switch = screen.bind_press(NetworkSwitch(model.network), ActionName.SWITCH_NETWORK)
    pay = Tile(text="Pay", icon=Icon.SCAN, colours=PRIMARY)
    code = Tile(text="Show my code", icon=Icon.CODE, colours=_QUIET_TILE)
    latest = FittedLine(type_mm=theme.BUTTON_TYPE_MM, color=theme.INK, font_name=STRONG_FONT, text="Latest")
    every = screen.bind_press(LinkButton(text="History", width_mm=20), ActionName.HISTORY)
    screen.add(
        row(greeting, switch, height_mm=_HEADER_MM),
        space(0.5),
        purse_card(model.purse),
        *([warning_card(model.warning)] if model.warning else [space(0.5)]),
        row(
            screen.bind_press(pay, ActionName.PAY),
            screen.bind_press(code, ActionName.MY_CODE),
            height_mm=25,
            spacing_mm=3,
        ),
        row(latest, every, height_mm=theme.TARGET_MM),
        history_card(model.rows[: ROWS_UNDER_WARNING if model.warning else ROWS_ON_HOME]),
        Widget(),
    )


def _build_history(screen: WalletScreen, model: WalletModel) -> None:
    screen.add(_header(screen, model), space(1), history_card(model.rows), Widget(), screen.buttons(model))


def _build_look(screen: WalletScreen, model: WalletModel) -> None:
    screen.viewfinder = Viewfinder(tint=theme.WHITE, corner_mm=theme.CORNER_MM * 1.4)
    screen.viewfinder.size_hint_y = None
    screen.bind(width=lambda *_args: setattr(screen.viewfinder, "height", screen.width - 2 * mm(theme.MARGIN_MM)))
    words = sentences("\n".join(model.lines), halign="center", robot_id="lines")
    screen.add(_header(screen, model), space(2), screen.viewfinder, space(2), words, Widget(), screen.buttons(model))


def _build_quote(screen: WalletScreen, model: WalletModel) -> None:
    assert model.payee is not None
    assert model.amount is not None
    amount = amount_line(model.amount, type_mm=theme.AMOUNT_MM * 1.25, halign="center")
    words = sentences("\n".join(model.lines), halign="center", robot_id="lines")
    screen.add(
        _header(screen, model),
        space(1),
        payee_card(model.payee),
        Widget(),
        amount,
        words,
        Widget(),
        centred(screen.countdown),
        screen.buttons(model),
    )


def _build_amount(screen: WalletScreen, model: WalletModel) -> None:
    """A pad to type on. A print can be pasted over, so the name stands above it."""
    assert model.payee is not None
    assert model.amount is not None
    screen.typed = amount_line(model.amount, type_mm=theme.AMOUNT_MM, halign="center", robot_id="amount")
    words = sentences("\n".join(model.lines), halign="center", robot_id="lines")
    screen.add(
        _header(screen, model),
        payee_card(model.payee, height_mm=21),
        Widget(),
        screen.typed,
        words,
        Widget(),
        keypad(screen.bind_press, key_mm=_KEY_MM),
        screen.buttons(model),
    )


def _build_code(screen: WalletScreen, model: WalletModel) -> None:
    amount = [amount_line(model.amount, type_mm=theme.AMOUNT_MM * 0.8, halign="center")] if model.amount else []
    words = sentences("\n".join(model.lines), halign="center", robot_id="lines")
    clock = [centred(screen.countdown)] if model.remaining_s is not None else []
    screen.add(
        _header(screen, model),
        *amount,
        screen.qr,
        *clock,
        *_check_words(model),
        words,
        Widget(),
        screen.buttons(model),
    )


def _build_result(screen: WalletScreen, model: WalletModel) -> None:
    """What became of a payment: told by word, icon, colour and, where it matters, a band of warning."""
    tone = theme.TONES[model.name]
    has_code = bool(model.code_text)
    screen.add(
        *([] if has_code else [Widget(size_hint_y=0.8)]),
        centred(IconDisc(icon=tone.icon, fill=tone.strong, tint=theme.WHITE, diameter_mm=13 if has_code else 30)),
        title(model.headline, type_mm=theme.STATE_MM, color=tone.strong, halign="center", robot_id="headline"),
    )
    if model.amount is not None:
        screen.add(amount_line(model.amount, type_mm=theme.AMOUNT_MM * 0.9, halign="center"))
    if model.payee is not None:
        screen.add(
            line(
                f"{model.payee.name}, {model.payee.place}",
                type_mm=theme.BUTTON_TYPE_MM,
                color=theme.INK,
                font_name=STRONG_FONT,
                halign="center",
                robot_id="payee",
            )
        )
    if model.warning:
        screen.add(_warning(model.warning, tone.strong))
    if model.lines:
        screen.add(sentences("\n".join(model.lines), halign="center", robot_id="lines"))
    if has_code:
        screen.make_code_smaller(0.66)
        screen.add(screen.qr)
    screen.add(Widget(), *_check_words(model), screen.buttons(model))


def _warning(words: str, tint: Colour) -> FittedLine:
    band = FittedLine(
        type_mm=theme.BUTTON_TYPE_MM,
        color=theme.WHITE,
        font_name=STRONG_FONT,
        text=words,
        halign="center",
        robot_id="warning",
        size_hint_y=None,
        height=mm(10),
    )
    Surface(band, fill=tint, corner_mm=2)
    return band


def _check_words(model: WalletModel) -> list[Widget]:
    if not model.check_words:
        return []
    caption = line(
        "The shop's screen shows the same two words", type_mm=theme.SMALL_MM, color=theme.INK_DIM, halign="center"
    )
    pills = [WordPill(word, robot_id=f"check_word_{place}") for place, word in enumerate(model.check_words, start=1)]
    return [column(caption, row(*pills, height_mm=9), spacing_mm=0.6, size_hint_y=None, height=mm(14))]


_BUILDERS: Final[dict[ScreenName, Callable[[WalletScreen, WalletModel], None]]] = {
    ScreenName.HOME: _build_home,
    ScreenName.HISTORY: _build_history,
    ScreenName.LOOK: _build_look,
    ScreenName.LOOK_FOR_RECEIPT: _build_look,
    ScreenName.QUOTE: _build_quote,
    ScreenName.AMOUNT: _build_amount,
    ScreenName.SHOW_INTENT: _build_code,
    ScreenName.MY_CODE: _build_code,
    ScreenName.WORKING: _build_result,
    ScreenName.PAID: _build_result,
    ScreenName.ACCEPTED_OFFLINE: _build_result,
    ScreenName.NOT_PAID: _build_result,
    ScreenName.UNKNOWN: _build_result,
}
