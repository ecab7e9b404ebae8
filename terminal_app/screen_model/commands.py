"""What a finger may ask for: values that the screens make and the core obeys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from terminal_app.screen_model.parts import AmountText


@unique
class NetworkSwitch(Enum):
    """What the person at the till wants of the network."""

    ON = "on"
    OFF = "off"


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


@unique
class PageButton(Enum):
    """Buttons of the back office that carry their command with them, or open a page first; the value is the id."""

    ONLY_OFFLINE = "only_offline"
    ALL_SALES = "all_sales"
    REFUND = "refund"
    REFUND_ALL = "refund_all"
    CLOSE_DAY = "close_day"
    Z_AGAIN = "z_again"
    PRINT = "print"
    PRACTISE = "practise"
    DONE = "done"
    ADD_PERSON = "add_person"
    CARRY = "carry"
    NEXT_CODE = "next_code"
    HOLD_CODE = "hold_code"
    GO_ON = "go_on"
    STOP = "stop"
    TURN_BACK = "turn_back"
    SAVE_PDF = "save_pdf"


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
    reference: str = ""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTyped:
    """A scanner that is a keyboard has typed this text into the window, by whatever layout the machine has."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusMoved:
    """The ring of the arrow keys lies around this button now: voice guidance says what it is. It asks for nothing.

    `amount` and `details` are what else stands on a line of a list, in the sequence in which they are said.
    """

    robot_id: str
    label: str
    amount: AmountText | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountTyped:
    """So much stands on the pad, and nobody has gone on typing: voice guidance says it. It asks for nothing."""

    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBack:
    """Turn a tablet back from the customer: asks for a PIN where people have one, and takes it."""

    staff_id: int | None = None
    pin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAway:
    """Leave it turned to the customer after all."""


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
SideCommand = TurnBack | TurnAway

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
