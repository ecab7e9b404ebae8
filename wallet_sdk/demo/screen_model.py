"""What is on the wallet's screen, as values: no Kivy and no SDK.

`flow.py` makes a `WalletModel` in the worker thread, the screens draw it in the UI thread. A model is complete:
drawing it needs no memory of the one before.
"""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final


@unique
class ScreenName(Enum):
    """Every screen of the demo wallet."""

    HOME = "home"
    HISTORY = "history"
    LOOK = "look"
    QUOTE = "quote"
    AMOUNT = "amount"
    WORKING = "working"
    PAID = "paid"
    SHOW_INTENT = "show_intent"
    LOOK_FOR_RECEIPT = "look_for_receipt"
    ACCEPTED_OFFLINE = "accepted_offline"
    NOT_PAID = "not_paid"
    UNKNOWN = "unknown"
    MY_CODE = "my_code"


@unique
class ActionName(Enum):
    """What a finger may ask for; a button's `robot_id` is this value."""

    PAY = "pay"
    MY_CODE = "my_code"
    HISTORY = "history"
    SWITCH_NETWORK = "switch_network"
    CONFIRM = "confirm"
    NOT_NOW = "not_now"
    SCAN_RECEIPT = "scan_receipt"
    SHOW_INTENT = "show_intent"
    CHECK_AGAIN = "check_again"
    BACK = "back"
    DONE = "done"
    DIGIT_0 = "digit_0"
    DIGIT_1 = "digit_1"
    DIGIT_2 = "digit_2"
    DIGIT_3 = "digit_3"
    DIGIT_4 = "digit_4"
    DIGIT_5 = "digit_5"
    DIGIT_6 = "digit_6"
    DIGIT_7 = "digit_7"
    DIGIT_8 = "digit_8"
    DIGIT_9 = "digit_9"
    ERASE = "erase"


#: The keys of a pad of figures, by their figures.
DIGITS: Final = tuple(ActionName(f"digit_{figure}") for figure in range(10))


@unique
class NetworkState(Enum):
    """What the wallet knows of its network."""

    ONLINE = "online"
    OFFLINE = "offline"
    SWITCHED_OFF = "switched_off"


@unique
class Emphasis(Enum):
    """How loudly a button speaks."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


@unique
class RowTone(Enum):
    """What became of a payment in the history, for its icon and colour."""

    PAID = "paid"
    WAITING = "waiting"
    NOT_PAID = "not_paid"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountText:
    """An amount as drawn: figures and ISO 4217 code, always left to right."""

    number: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One button. Actions are drawn from the top in the order given."""

    name: ActionName
    label: str
    emphasis: Emphasis = Emphasis.SECONDARY


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What the home card shows. `allowance_part` is what is left of the offline allowance, 0 to 1."""

    balance: AmountText
    allowance: AmountText
    allowance_part: float
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """The merchant, as the operator's certificate names it."""

    name: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One past payment."""

    payee: str
    when: str
    amount: AmountText
    tone: RowTone
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletModel:
    """Everything on the screen.

    `warning` is drawn in a band that cannot be overlooked; `lines` are sentences below the headline. `code_text` is
    the text of the QR code to show, `remaining_s` the seconds it is still good for.
    """

    name: ScreenName
    headline: str = ""
    network: NetworkState = NetworkState.ONLINE
    purse: Purse | None = None
    payee: Payee | None = None
    amount: AmountText | None = None
    warning: str = ""
    lines: tuple[str, ...] = ()
    code_text: str = ""
    check_words: tuple[str, ...] = ()
    remaining_s: int | None = None
    rows: tuple[HistoryRow, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFrame:
    """One camera frame: `luminance` has one byte a pixel, rows from the top."""

    width_px: int
    height_px: int
    luminance: bytes
