"""The facts of a till as frozen values, and their bytes. A fact is appended, never changed; a correction is a new fact.

On disk an event is one canonical CBOR map from field name to value. A number of `KINDS` is never reused.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import IntEnum, unique
from functools import cache, partial
from types import MappingProxyType
from typing import Any, Final, get_type_hints

import cbor2

from terminal_app.journal.office_events import (
    CourierDelivered,
    CourierTaken,
    DayClosed,
    JournalRepaired,
    OfficeEvent,
    QueueExported,
    RefundAnswered,
    RefundAsked,
    SettingChanged,
    ShopLeft,
    SignedIn,
    SignedOut,
    SignInFailed,
    StaffChanged,
)
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes, RequestId
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.protocol.states import State


@unique
class Way(IntEnum):
    """How a sale meets its payer: we show a code, or we scan one that the payer shows."""

    SHOW = 1
    SCAN = 2


@unique
class CloseReason(IntEnum):
    """Why the server was asked to close a request."""

    CANCELLED = 1
    EXPIRED = 2
    NO_WORD = 3
    RESTARTED = 4
    DECLINED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """This terminal joined a shop. The root key is pinned from here on."""

    server_url: str
    root_key: PublicKeyBytes
    bundle: Envelope
    certificate: Envelope
    limits: OfflineLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRenewed:
    """The operator's fresh certificate over the same key, with the limits and bundle of the day."""

    bundle: Envelope
    certificate: Envelope
    limits: OfflineLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRefreshed:
    """A newer trust bundle."""

    bundle: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class DenylistTaken:
    """A verified list of what the operator has revoked since the one before; what it revokes stays revoked here."""

    denylist: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleOpened:
    """A payment request was made; nobody has seen it yet.

    Attributes:
        tip_minor: the part of its amount that is a tip chosen at the till.
        reference: what the cashier typed, when the request has no room for it; else it stands in the request.
    """

    request_id: RequestId
    request: Envelope
    way: Way
    tip_minor: int = 0
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAccepted:
    """An offline intent was accepted within the limits. With this on disk, and not before, the sale is accepted."""

    request_id: RequestId
    consent: Envelope
    receipt: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentSent:
    """A code, or an intent that only the server may accept, is about to be sent: from here on it may be paid."""

    request_id: RequestId
    consent: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingFailed:
    """Not one byte has left, or the server refused to read it: nobody can have charged anything."""

    request_id: RequestId
    error_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeLost:
    """A consent was sent and no answer came: the outcome is not known."""

    request_id: RequestId
    error_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleAbandoned:
    """A request that nobody outside has seen was given up."""

    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureAnswered:
    """The server's word on a claim. `receipt` is the operator's verified receipt.

    It is empty when the claim was not paid; in a paid state, when a receipt of its whole batch stands for it
    (BatchReceiptSeen, written just before).
    """

    request_id: RequestId
    state: State
    error_code: int
    receipt: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureHeld:
    """The server refused to read this claim: it stays stored, and people must look at it."""

    request_id: RequestId
    error_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureAsked:
    """The server shall close this request; what became of it is unknown until it answers.

    `error_code` says why a payer was declined (reason DECLINED: another payer may still answer), else 0.
    """

    request_id: RequestId
    reason: CloseReason
    error_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureAnswered:
    """The server's word on a request that was to be closed: closed unpaid, or paid after all."""

    request_id: RequestId
    state: State
    error_code: int
    receipt: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSeen:
    """The operator's verified receipt, read from the server or from the payer's screen."""

    request_id: RequestId
    receipt: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReceiptSeen:
    """The operator's verified receipt for many sales at once, written before each of them is answered by it."""

    receipt: Envelope


#: What happens to a sale that was opened before.
SaleEvent = (
    ConsentAccepted
    | ConsentSent
    | SendingFailed
    | OutcomeLost
    | SaleAbandoned
    | CaptureAnswered
    | CaptureHeld
    | ClosureAsked
    | ClosureAnswered
    | ReceiptSeen
)
#: What a till knows of its shop and whom it trusts.
MembershipEvent = Enrolled | CertificateRenewed | TrustRefreshed | DenylistTaken
JournalEvent = MembershipEvent | SaleOpened | SaleEvent | BatchReceiptSeen | OfficeEvent

#: Number on disk of each kind of event.
KINDS: Final = MappingProxyType(
    {
        1: Enrolled,
        2: CertificateRenewed,
        3: TrustRefreshed,
        4: DenylistTaken,
        10: SaleOpened,
        11: ConsentAccepted,
        12: ConsentSent,
        13: SendingFailed,
        14: OutcomeLost,
        15: SaleAbandoned,
        20: CaptureAnswered,
        21: CaptureHeld,
        22: ClosureAsked,
        23: ClosureAnswered,
        24: ReceiptSeen,
        25: BatchReceiptSeen,
        40: StaffChanged,
        41: SignedIn,
        42: SignedOut,
        43: SignInFailed,
        44: SettingChanged,
        45: DayClosed,
        46: ShopLeft,
        50: RefundAsked,
        51: RefundAnswered,
        60: QueueExported,
        61: CourierTaken,
        62: CourierDelivered,
        70: JournalRepaired,
    }
)
KIND_OF_EVENT: Final = MappingProxyType({kind: number for number, kind in KINDS.items()})


def encode_event(event: JournalEvent) -> tuple[int, bytes]:
    """Kind number and body of an event."""
    return KIND_OF_EVENT[type(event)], cbor2.dumps(_to_plain(event), canonical=True)


def decode_event(kind: int, body: bytes) -> JournalEvent:
    """Read an event back.

    Raises:
        UnavailableError: STORAGE_CORRUPT when it is not what `encode_event` writes.
    """
    expected = KINDS.get(kind)
    if expected is None:
        raise _corrupt(f"no event has the number {kind}")
    try:
        event: JournalEvent = _from_plain(cbor2.loads(body), expected)
    except (cbor2.CBORDecodeError, ValueError, TypeError, KeyError) as error:
        raise _corrupt(f"an event {expected.__name__} cannot be read") from error
    return event


def _to_plain(value: Any) -> Any:
    kind: Any = type(value)
    return {name: step(getattr(value, name)) for name, step in _writers(kind)}


def _from_plain(plain: Any, kind: Any) -> Any:
    readers = _readers(kind)
    if type(plain) is not dict or not _required(kind) <= plain.keys() <= readers.keys():
        raise ValueError("other fields")
    return kind(**{name: readers[name](one) for name, one in plain.items()})


@cache
def _writers(kind: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """The fields of an event, and what makes each plain; there are a few dozen kinds."""
    return tuple((name, _writer(_base(hint))) for name, hint in get_type_hints(kind).items())


@cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    return {name: _reader(_base(hint)) for name, hint in get_type_hints(kind).items()}


def _base(hint: Any) -> Any:
    """A NewType is its base on disk."""
    return getattr(hint, "__supertype__", hint)


def _writer(kind: Any) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        return _to_plain
    # An error's number may be one of an enum of ours; on disk it is a number.
    return int if issubclass(kind, int) else _as_it_is


def _reader(kind: Any) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        return partial(_from_plain, kind=kind)
    return kind if issubclass(kind, IntEnum) else partial(_of_type, kind)


def _as_it_is(value: Any) -> Any:
    return value


def _of_type(kind: type, plain: Any) -> Any:
    if type(plain) is not kind:
        raise TypeError("another type")
    return plain


@cache
def _required(kind: Any) -> set[str]:
    """Fields without a default. One that came later has a default: what an older event means by its absence."""
    return {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}


def _corrupt(message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.STORAGE_CORRUPT, f"the journal: {message}", param="journal")
