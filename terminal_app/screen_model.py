"""What is on the terminal's screen, and what a finger on it may ask for: values only, no Kivy.

The presenter makes a `ScreenModel` from the core's snapshots; `terminal_app.ui` draws it and sends back a `Command`.
Nothing else crosses between the two. A model is complete: drawing it needs no memory of the one before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final


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


@unique
class NetworkState(Enum):
    """What the terminal knows of its network."""

    ONLINE = "online"
    OFFLINE = "offline"
    SWITCHED_OFF = "switched_off"


@unique
class NetworkSwitch(Enum):
    """What the person at the till wants of the network."""

    ON = "on"
    OFF = "off"


@unique
class Emphasis(Enum):
    """How loudly a button speaks."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    DANGER = "danger"


@unique
class CommandName(Enum):
    """The names of the commands below: a button's `robot_id` is this value."""

    ENROL = "enrol"
    SHOW_CODE = "show_code"
    SCAN_CUSTOMER = "scan_customer"
    SCAN_ANSWER = "scan_answer"
    CANCEL = "cancel"
    NEXT_SALE = "next_sale"
    SHOW_RECEIPT = "show_receipt"
    CHECK_AGAIN = "check_again"
    SWITCH_NETWORK = "switch_network"
    SEND_NOW = "send_now"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountText:
    """An amount as drawn: figures and ISO 4217 code, always left to right, in a label of its own."""

    number: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One button: what it asks for, its words, its weight. Actions are drawn in the order given."""

    command: CommandName
    label: str
    emphasis: Emphasis = Emphasis.SECONDARY


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWords:
    """Two words that payer and cashier compare: both screens must show the same two."""

    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopBar:
    """The bar on top of every screen.

    `queue_total` is ready to draw ("37.40 EUR"); empty when nothing waits. `last_result` too
    ("PAID 12.50 14:02"); empty before the first sale.
    """

    shop: str
    till: str
    network: NetworkState
    queue_count: int = 0
    queue_total: str = ""
    last_result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenModel:
    """Everything on the screen.

    `headline` is the state's word ("PAID") or the screen's title; `lines` are sentences below it; `warning` is drawn
    in a white band that cannot be overlooked ("DO NOT CHARGE AGAIN" on UNKNOWN).
    `code_text` is the text of the QR code to show; `remaining_s` the seconds until what is shown expires
    (the presenter makes a new model each second while one counts). `server_url` fills the enrol form.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFrame:
    """One camera frame for the preview: `luminance` has one byte a pixel, rows from the top."""

    width_px: int
    height_px: int
    luminance: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol:
    """Join the shop at this server with a one-time activation code."""

    server_url: str
    activation_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCode:
    """Make a payment request for this amount (minor units of the till's currency) and show it as a code.

    `tip_minor` was chosen at the till and comes on top.
    """

    amount_minor: int
    reference: str = ""
    tip_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCustomer:
    """Take this amount, and the tip on top, from a payment code that the customer shows (minor units)."""

    amount_minor: int
    tip_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAnswer:
    """Read the payer's answer to the payment request that is on the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Give up the sale before it is authorized."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextSale:
    """Leave the result and go back to the keypad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReceipt:
    """Show the receipt of the sale on the screen as a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAgain:
    """Ask again for the outcome of the sale whose outcome is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchNetwork:
    """Let the terminal use its network, or keep it from using it."""

    wanted: NetworkSwitch


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNow:
    """Send the stored payments now and do not wait for the next turn."""


Command = (
    Enrol
    | ShowCode
    | ScanCustomer
    | ScanAnswer
    | Cancel
    | NextSale
    | ShowReceipt
    | CheckAgain
    | SwitchNetwork
    | SendNow
)

# Commands that carry nothing: a button's name is enough to make one.
PLAIN_COMMANDS: Final[Mapping[CommandName, Command]] = MappingProxyType(
    {
        CommandName.SCAN_ANSWER: ScanAnswer(),
        CommandName.CANCEL: Cancel(),
        CommandName.NEXT_SALE: NextSale(),
        CommandName.SHOW_RECEIPT: ShowReceipt(),
        CommandName.CHECK_AGAIN: CheckAgain(),
        CommandName.SEND_NOW: SendNow(),
    }
)


def keypad_number(*, amount_minor: int, fraction_digits: int) -> str:
    """Minor units as figures with a point, "1250" and 2 digits giving "12.50"; no currency, no grouping."""
    assert amount_minor >= 0
    assert fraction_digits >= 0
    if fraction_digits == 0:
        return str(amount_minor)
    whole, fraction = divmod(amount_minor, 10**fraction_digits)
    return f"{whole}.{fraction:0{fraction_digits}d}"
