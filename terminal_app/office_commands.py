"""What a finger may ask of the back office: values only. The sale's own commands stand in `screen_model`."""

from dataclasses import dataclass, field
from enum import Enum, unique
from pathlib import Path

from terminal_app.roles import Role
from wallet_sdk.protocol.ids import RequestId


@unique
class Page(Enum):
    """The pages of the back office. They lie over the keypad: none is open while something is sold."""

    MENU = "menu"
    HISTORY = "history"
    SALE = "sale"
    REPORT = "report"
    QUEUE = "queue"
    CARRY = "carry"
    CARRIED = "carried"
    STAFF = "staff"
    SETTINGS = "settings"
    DEVICES = "devices"
    CAMERA = "camera"


@unique
class OfflineChoice(Enum):
    """Which sales the history lists; the same words as `reports.OfflineFilter`."""

    ALL = "all"
    ACCEPTED_OFFLINE = "accepted_offline"
    UNSENT = "unsent"
    UNKNOWN = "unknown"
    DISPUTED = "disputed"


@unique
class ReportChoice(Enum):
    """Which report: a look at the open day, or its end."""

    X = "X"
    Z = "Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPage:
    """Open a page, or go to another one."""

    page: Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePage:
    """Back to the keypad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Let this person stand at the till."""

    staff_id: int
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """Let nobody stand at the till. What is unsent goes on being sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """Somebody with a larger role types a PIN: what was just refused for want of a role is done now, once."""

    staff_id: int
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHistory:
    """List the sales that match; see `reports.parse_query` for `text`. Times are seconds since the epoch."""

    text: str = ""
    offline: OfflineChoice = OfflineChoice.ALL
    since_s: int | None = None
    until_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSale:
    """Look at one sale of the history."""

    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRefund:
    """Look at what became of one refund of a sale."""

    request_id: RequestId
    refund_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveRefund:
    """Give back a part of a sale, or all of it."""

    request_id: RequestId
    amount_minor: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReport:
    """Make an X or a Z report and show it."""

    kind: ReportChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReportAgain:
    """Show an earlier Z report."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQueue:
    """Write what is unsent into a new file, to be carried; it stays in the queue.

    Without a path: into the till's folder for that, under a name of its own.
    """

    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowQueueCodes:
    """Show what is unsent as a sequence of codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnQueueCode:
    """Show the next code of the sequence; after the last one the first again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldQueueCode:
    """Stay at the code that is shown, or let them follow each other by themselves again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQueueCodes:
    """Read such a sequence from another till's screen; `ClosePage` stops it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportQueue:
    """Take a carried file of this or another till and hand it to the server."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetting:
    """Change one setting; `settings.KINDS` says which there are and what texts they take."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterPerson:
    """Somebody new works here."""

    name: str
    role: Role
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePerson:
    """Another name, role or PIN; an empty PIN leaves the old one."""

    staff_id: int
    name: str
    role: Role
    pin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissPerson:
    """Somebody works here no more."""

    staff_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveShop:
    """Let this terminal belong to no shop any more; refused while anything is unsent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTraining:
    """Go on with play money; refused while anything is unsent. Whoever is signed in is signed out of the real till."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTraining:
    """Go back to real money."""


@unique
class DeviceKind(Enum):
    """The devices of a counter, as the devices page lists them."""

    PRINTER = "printer"
    DRAWER = "drawer"
    LIGHTS = "lights"
    DISPLAY = "display"
    SOUND = "sound"
    SCANNER = "scanner"
    CAMERA = "camera"
    BACKLIGHT = "backlight"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintReceipt:
    """Print the receipt of a sale, of the one on the counter when none is named; or of a refund of that sale."""

    request_id: RequestId | None = None
    refund_id: RequestId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePdf:
    """Write the receipt of a sale, or of a refund of it, as PDF into the till's folder for that."""

    request_id: RequestId
    refund_id: RequestId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintReport:
    """Print the report on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDrawer:
    """Open the cash drawer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryDevice:
    """Let a device show that it works."""

    kind: DeviceKind


@unique
class PracticeWay(Enum):
    """How the customer of the training answers."""

    OFFLINE = "offline"
    ONLINE = "online"


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeAnswer:
    """In training: the practice customer answers the request that is shown. Anywhere else it does nothing."""

    way: PracticeWay = PracticeWay.OFFLINE


DeskCommand = PrintReceipt | SavePdf | PrintReport | OpenDrawer | TryDevice
OfficeCommand = (
    OpenPage
    | ClosePage
    | SignIn
    | SignOut
    | Approve
    | SearchHistory
    | OpenSale
    | OpenRefund
    | GiveRefund
    | MakeReport
    | ShowReportAgain
    | ExportQueue
    | ShowQueueCodes
    | TurnQueueCode
    | HoldQueueCode
    | ReadQueueCodes
    | ImportQueue
    | ChangeSetting
    | EnterPerson
    | ChangePerson
    | DismissPerson
    | LeaveShop
    | StartTraining
    | EndTraining
)
