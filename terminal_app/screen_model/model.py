"""The screen as a value: its name, its words, its buttons."""

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any

from terminal_app.screen_model.appearance import Appearance
from terminal_app.screen_model.asks import Ask, Confirm, PeopleOffer
from terminal_app.screen_model.commands import CommandName, PageButton
from terminal_app.screen_model.figures import figures
from terminal_app.screen_model.office import Choice, PinAsk, RefundOffer, Row, SearchOffer, TipOffer
from terminal_app.screen_model.parts import AmountText
from terminal_app.screen_model.words import UiWords


@unique
class ScreenName(Enum):
    """Every screen the terminal can show."""

    ENROL = "enrol"
    KEYPAD = "keypad"
    SHOW_CODE = "show_code"
    SCAN = "scan"
    VERIFYING = "verifying"
    PAID = "paid"
    ACCEPTED_OFFLINE = "accepted_offline"
    NOT_PAID = "not_paid"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    TIP = "tip"
    SIGN_IN = "sign_in"
    MENU = "menu"
    HISTORY = "history"
    SALE = "sale"
    REFUND = "refund"
    REFUNDED = "refunded"
    REFUND_OPEN = "refund_open"
    REFUND_REFUSED = "refund_refused"
    REPORT = "report"
    CLOSE_DAY = "close_day"
    QUEUE = "queue"
    CARRY = "carry"
    CARRIED = "carried"
    QUEUE_CODE = "queue_code"
    READ_CODES = "read_codes"
    DONE = "done"
    STAFF = "staff"
    PERSON = "person"
    NEW_PIN = "new_pin"
    CONFIRM = "confirm"
    TYPE_TEXT = "type_text"
    TYPE_AMOUNT = "type_amount"
    CHOOSE = "choose"
    DEVICES = "devices"
    CAMERA = "camera"
    SETTINGS = "settings"


@unique
class NetworkState(Enum):
    """What the terminal knows of its network; UNTRIED until something was asked."""

    UNTRIED = "untried"
    ONLINE = "online"
    OFFLINE = "offline"
    SWITCHED_OFF = "switched_off"


@unique
class Emphasis(Enum):
    """How loudly a button speaks."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One button: what it asks for, its words, its weight. Actions are drawn in the order given.

    `press` is the command that it sends, where the name alone does not say it.
    """

    command: CommandName | PageButton
    label: str
    emphasis: Emphasis = Emphasis.SECONDARY
    press: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWords:
    """Two words that payer and cashier compare: both screens must show the same two."""

    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopBar:
    """The bar on top of every screen.

    `queue_total` is ready to draw ("37.40 EUR"); empty when nothing waits. `last_result` too
    ("PAID 12.50 14:02"); empty before the first sale. `training` is the mark that no money is real; it takes the
    place of shop and till. `is_turned` leaves out what is the cashier's. `menu` is the command that the menu's button
    sends; without one there is no button.
    """

    shop: str
    till: str
    network: NetworkState
    queue_count: int = 0
    queue_total: str = ""
    last_result: str = ""
    training: str = ""
    menu: Any = None
    is_turned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenModel:
    """Everything on the screen.

    `headline` is the state's word ("PAID") or the screen's title; `lines` are sentences below it; `warning` is drawn
    in a white band that cannot be overlooked ("DO NOT CHARGE AGAIN" on UNKNOWN).
    `code_text` is the text of the QR code to show, which the till reads back from the glass while `self_check`;
    `remaining_s` the seconds until what is shown expires (a new model comes each second while one counts).
    `server_url` and `activation_code` fill the enrol form. While it `speaks`, what is typed on a pad is said.
    `rows`, `choices`, `pin`, `search` and `back` (the command of the button that leads back) are the back office's;
    `tips`, `refund`, `people` and `confirm` (whether to close the day) open pages of their own before their command is
    sent; `ask` is what such a page asks for. `leaving` is asked before the window is closed, where
    that must not be done by mistake.
    """

    name: ScreenName
    headline: str
    bar: TopBar
    amount: AmountText | None = None
    warning: str = ""
    lines: tuple[str, ...] = ()
    code_text: str | None = None
    check_words: CheckWords | None = None
    remaining_s: int | None = None
    actions: tuple[Action, ...] = ()
    keypad_currency: str = "EUR"
    keypad_fraction_digits: int = 2
    server_url: str = ""
    activation_code: str = field(default="", repr=False)
    rows: tuple[Row, ...] = ()
    choices: tuple[Choice, ...] = ()
    pin: PinAsk | None = None
    search: SearchOffer | None = None
    back: Any = None
    tips: TipOffer | None = None
    refund: RefundOffer | None = None
    confirm: Choice | None = None
    people: PeopleOffer | None = None
    ask: Ask | None = None
    leaving: Confirm | None = None
    self_check: bool = True
    speaks: bool = False
    appearance: Appearance = Appearance()  # noqa: RUF009 - frozen
    words: UiWords = UiWords()  # noqa: RUF009 - frozen

    def keypad_figures(self, amount_minor: int) -> str:
        """What is typed on a pad, as this screen's language writes it."""
        return figures(amount_minor, fraction_digits=self.keypad_fraction_digits, language=self.appearance.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFrame:
    """One camera frame for the preview: `luminance` has one byte a pixel, rows from the top."""

    width_px: int
    height_px: int
    luminance: bytes
