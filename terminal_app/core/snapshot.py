"""All that can be seen of the core at one moment, as a value: what the presenter turns into a screen."""

from dataclasses import dataclass, field
from enum import Enum, unique

from terminal_app.core.office_view import Crew, OfficeView
from terminal_app.devices.trouble import Trouble
from terminal_app.journal import MirrorState, Sale
from terminal_app.journal.office_events import JournalRepaired
from terminal_app.office_commands import DeviceKind
from terminal_app.receipts import Training
from terminal_app.screen_model import NetworkState
from terminal_app.settings import Settings
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import OfflineLimits


@unique
class Place(Enum):
    """Where the cashier is. What a result says follows from the sale's state."""

    ENROL = "enrol"
    JOINING = "joining"
    KEYPAD = "keypad"
    SHOW = "show"
    SCAN = "scan"
    VERIFYING = "verifying"
    RESULT = "result"
    RECEIPT = "receipt"


@unique
class ScanFor(Enum):
    """What the scanner waits for."""

    ANSWER = "answer"
    CUSTOMER = "customer"


@unique
class Side(Enum):
    """Who looks at the glass; ASKING is the customer's side with a PIN asked for."""

    CASHIER = "cashier"
    CUSTOMER = "customer"
    ASKING = "asking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One moment of the core.

    Attributes:
        typed_code: the activation code that was refused, for mending.
        join_refusals: how often joining was refused, so that each time can be seen.
        clock_off_s: how far the till's clock is ahead of the server's, in whole minutes; 0 while codes do not suffer.
        sale: the sale on the counter, None on the keypad.
        refusal: why the last scan or command was refused, None when it was not.
        remaining_s: seconds for which the request on the screen may still be answered.
        closes_in_s: seconds until a code that was sent and not answered is closed; it is asked about until then.
        result: the sale whose outcome became known last, for the bar.
        stored_count, stored_minor: accepted offline and not captured yet.
        closure_count: sales that the server still has to close.
        limits, operators_limits: offline limits as they hold here, and as the operator has set them.
        crew: who is here; while its `role` is None somebody must sign in first.
        office: the page that lies over the keypad, None while none is open.
        device_faults: devices that did not do what was asked of them last, and why.
        device_works: devices that were tested and did what was asked.
        training: whether all of this is play, and every screen must say so.
        side: who looks at the glass of a tablet that is turned around.
        mirror: how the second journal does; anything but NONE and GOOD is a warning.
        repaired: what was found when the journal was broken, until a day is closed after it.
        disputed: sales for which goods were given and which the server refused.
    """

    place: Place
    currency: Currency
    network: NetworkState
    server_url: str
    typed_code: str = field(default="", repr=False)
    join_refusals: int = 0
    clock_off_s: int = 0
    shop: str = ""
    till: str = ""
    sale: Sale | None = None
    scan_for: ScanFor = ScanFor.ANSWER
    refusal: TillcodeError | None = None
    remaining_s: int | None = None
    closes_in_s: int | None = None
    result: Sale | None = None
    stored_count: int = 0
    stored_minor: int = 0
    closure_count: int = 0
    disputed: tuple[Sale, ...] = ()
    limits: OfflineLimits | None = None
    operators_limits: OfflineLimits | None = None
    settings: Settings = Settings()  # noqa: RUF009 - frozen
    crew: Crew | None = None
    office: OfficeView | None = None
    device_faults: tuple[tuple[DeviceKind, Trouble], ...] = ()
    device_works: tuple[DeviceKind, ...] = ()
    training: Training = Training.NO
    side: Side = Side.CASHIER
    mirror: MirrorState = MirrorState.NONE
    repaired: JournalRepaired | None = None
