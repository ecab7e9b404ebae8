"""Facts beside the sales themselves: people, settings, refunds, closed days, queues carried by hand."""

from dataclasses import dataclass, field
from enum import IntEnum, unique
from typing import NewType

from terminal_app.journal.totals import Standing, Totals
from terminal_app.roles import Role
from wallet_sdk.protocol.ids import Digest, Envelope, RequestId
from wallet_sdk.protocol.states import State

#: Number of a person at this till, from 1; 0 stands for nobody.
StaffId = NewType("StaffId", int)
NOBODY = StaffId(0)


@unique
class Employment(IntEnum):
    """Whether somebody still works here."""

    ACTIVE = 1
    LEFT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffChanged:
    """Somebody works here from now on, under this name, role and PIN; or has left."""

    staff_id: StaffId
    name: str
    role: Role
    pin_salt: bytes = field(repr=False)
    pin_hash: bytes = field(repr=False)
    employment: Employment


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody stands at the till now."""

    staff_id: StaffId


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """Nobody stands at the till now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed:
    """A wrong PIN was typed for somebody: remembered, so that a restart gives no new tries."""

    staff_id: StaffId


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged:
    """A setting was changed; `text` as `settings.changed` reads it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAsked:
    """A refund is about to be sent: from here on it may have been paid. `refund` is our signed message."""

    refund_id: RequestId
    request_id: RequestId
    refund: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswered:
    """The server's word on a refund. `receipt` is the operator's verified receipt, empty when it was refused."""

    refund_id: RequestId
    state: State
    error_code: int
    receipt: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class DayClosed:
    """A Z report: the totals since the one before, numbered and linked to it by its digest. It cannot be made again."""

    number: int
    before: Digest
    opened_at_s: int
    currency: int
    staff_id: StaffId
    totals: Totals
    standing: Standing
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueExported:
    """The queue was written out to be carried by hand; it stays in the queue until the server's answer is here."""

    digest: Digest
    count: int
    sum_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierTaken:
    """A batch of claims was brought here by hand and waits to be handed to the server as it is."""

    digest: Digest
    batch: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierDelivered:
    """The server has taken a carried batch (`error_code` 0) or refuses to read it; `answer` is its answer's body."""

    digest: Digest
    error_code: int
    answer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopLeft:
    """This terminal belongs to no shop any more. Nothing was unsent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRepaired:
    """The file before this one was damaged; it is kept under `kept_as`.

    Attributes:
        good_count: events that were whole, from the first one on.
        mirror_count: further events that came from the second journal.
        saved_count: events behind the damage that could be read and fitted.
        lost_count: events that could not be read by any way.
    """

    kept_as: str
    good_count: int
    mirror_count: int
    saved_count: int
    lost_count: int


OfficeEvent = (
    StaffChanged
    | SignedIn
    | SignedOut
    | SignInFailed
    | SettingChanged
    | RefundAsked
    | RefundAnswered
    | DayClosed
    | QueueExported
    | CourierTaken
    | CourierDelivered
    | ShopLeft
    | JournalRepaired
)
