"""What the facts beside the sales add up to: people, settings, refunds, closed days, carried queues."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from terminal_app.journal.events import encode_event
from terminal_app.journal.office_events import (
    NOBODY,
    CourierDelivered,
    CourierTaken,
    DayClosed,
    Employment,
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
    StaffId,
)
from terminal_app.journal.totals import NOTHING, Totals
from terminal_app.roles import Role
from wallet_sdk.protocol.envelope import Sealed, open_unverified
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Digest, Envelope, RequestId
from wallet_sdk.protocol.messages import Refund
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

#: Closed days kept in memory for reprints; all of them stay in the file.
CLOSINGS_MAX: Final = 400
_Z_DOMAIN: Final = b"tillcode z report 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who works here, or did. `failures` are wrong PINs since the last right one."""

    staff_id: StaffId
    name: str
    role: Role
    pin_salt: bytes = field(repr=False)
    pin_hash: bytes = field(repr=False)
    employment: Employment
    failures: int = 0

    @property
    def is_active(self) -> bool:
        return self.employment is Employment.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRecord:
    """One refund as far as it has come. UNKNOWN until the server has answered: it may have been paid."""

    refund: Sealed[Refund]
    asked_at_s: int
    staff_id: StaffId
    state: State = State.UNKNOWN
    error_code: int = 0
    receipt: Envelope | None = None
    answered_at_s: int | None = None

    @property
    def changed_at_s(self) -> int:
        """When it was answered, or asked while it is not."""
        return self.asked_at_s if self.answered_at_s is None else self.answered_at_s

    @property
    def is_open(self) -> bool:
        """Whether it is not known what became of it."""
        return self.state is State.UNKNOWN

    @property
    def is_refused(self) -> bool:
        """Whether the server has said that nothing went back."""
        return not self.is_open and self.receipt is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """A carried batch. `answer` is None until the server has it."""

    digest: Digest
    batch: bytes
    error_code: int = 0
    answer: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time since the last closed day. `currency` is None until something was sold in it."""

    opened_at_s: int = 0
    currency: Currency | None = None
    totals: Totals = NOTHING


@dataclass(slots=True)
class OfficeViews:
    """The current views. Read them freely; only `apply` changes them."""

    staff: dict[StaffId, Person] = field(default_factory=dict)
    signed_in: StaffId = NOBODY
    setting_texts: dict[str, str] = field(default_factory=dict)
    refunds: dict[RequestId, RefundRecord] = field(default_factory=dict)
    open_refunds: dict[RequestId, None] = field(default_factory=dict)
    refunds_of_sale: dict[RequestId, tuple[RequestId, ...]] = field(default_factory=dict)
    closings: dict[int, DayClosed] = field(default_factory=dict)
    closed_at_s: dict[int, int] = field(default_factory=dict)
    last_closing: DayClosed | None = None
    period: Period = Period()
    couriers: dict[Digest, Courier] = field(default_factory=dict)
    exported: QueueExported | None = None
    #: The last repair, until a day is closed after it.
    repaired: JournalRepaired | None = None

    def refunds_for(self, request_id: RequestId) -> tuple[RefundRecord, ...]:
        """The refunds of one sale, the oldest first."""
        return tuple(self.refunds[one] for one in self.refunds_of_sale.get(request_id, ()))

    def refunded_minor(self, request_id: RequestId) -> int:
        """What went back, or may have, of one sale."""
        return sum(one.refund.message.amount_minor for one in self.refunds_for(request_id) if not one.is_refused)

    @property
    def waiting_couriers(self) -> tuple[Courier, ...]:
        """Carried batches that the server has not seen yet."""
        return tuple(one for one in self.couriers.values() if one.answer is None and not one.error_code)

    def check(self, event: OfficeEvent) -> None:
        """Whether this event can follow; changes nothing.

        Raises:
            RuleViolationError: BAD_TRANSITION or UNKNOWN_PAYMENT.
        """
        match event:
            case SignedIn() | SignInFailed():
                _require(self._works_here(event.staff_id), "nobody of this number works here")
            case RefundAsked():
                _require(event.refund_id not in self.refunds, "a refund has an id of its own")
            case RefundAnswered():
                self._check_answer(event)
            case DayClosed():
                self._check_closing(event)
            case CourierTaken():
                _require(event.digest not in self.couriers, "this batch is here already")
            case CourierDelivered():
                courier = self.couriers.get(event.digest)
                _require(courier is not None and courier.answer is None, "no such batch waits")
            case StaffChanged() | SignedOut() | SettingChanged() | QueueExported() | ShopLeft() | JournalRepaired():
                pass
            case _:
                assert_never(event)

    def apply(self, event: OfficeEvent, *, at_s: int) -> None:
        """Fold one event in; it was checked before."""
        match event:
            case StaffChanged() | SignedIn() | SignedOut() | SignInFailed():
                self._note_people(event)
            case RefundAsked():
                self._note_refund(event, at_s=at_s)
            case RefundAnswered():
                self._note_answer(event, at_s=at_s)
            case CourierTaken():
                self.couriers[event.digest] = Courier(digest=event.digest, batch=event.batch)
            case CourierDelivered():
                self.couriers[event.digest] = Courier(
                    digest=event.digest, batch=b"", error_code=event.error_code, answer=event.answer
                )
            case _:
                self._note_rest(event, at_s=at_s)

    def count(self, totals: Totals, *, currency: Currency, at_s: int) -> None:
        """Take the totals of the period as they are after one more fact."""
        period = self.period
        if totals != period.totals:
            self.period = Period(
                opened_at_s=period.opened_at_s or at_s, currency=period.currency or currency, totals=totals
            )

    def _note_rest(self, event: OfficeEvent, *, at_s: int) -> None:
        match event:
            case SettingChanged():
                self.setting_texts[event.name] = event.text
            case DayClosed():
                self.closings[event.number] = self.last_closing = event
                self.closed_at_s[event.number] = at_s
                for known in (self.closings, self.closed_at_s):
                    known.pop(event.number - CLOSINGS_MAX, None)
                self.period = Period()
                self.repaired = None
            case QueueExported():
                self.exported = event
            case JournalRepaired():
                self.repaired = event
            case _:
                assert isinstance(event, ShopLeft), f"{type(event).__name__} has no fold"

    def _note_people(self, event: StaffChanged | SignedIn | SignedOut | SignInFailed) -> None:
        match event:
            case StaffChanged():
                self.staff[event.staff_id] = Person(
                    staff_id=event.staff_id,
                    name=event.name,
                    role=event.role,
                    pin_salt=event.pin_salt,
                    pin_hash=event.pin_hash,
                    employment=event.employment,
                )
                if event.staff_id == self.signed_in and event.employment is Employment.LEFT:
                    self.signed_in = NOBODY
            case SignedIn():
                self.signed_in = event.staff_id
                self.staff[event.staff_id] = replace(self.staff[event.staff_id], failures=0)
            case SignedOut():
                self.signed_in = NOBODY
            case SignInFailed():
                person = self.staff[event.staff_id]
                self.staff[event.staff_id] = replace(person, failures=person.failures + 1)

    def _note_refund(self, event: RefundAsked, *, at_s: int) -> None:
        refund = open_unverified(event.refund, Refund)
        self.refunds[event.refund_id] = RefundRecord(refund=refund, asked_at_s=at_s, staff_id=self.signed_in)
        self.open_refunds[event.refund_id] = None
        before = self.refunds_of_sale.get(event.request_id, ())
        self.refunds_of_sale[event.request_id] = (*before, event.refund_id)

    def _note_answer(self, event: RefundAnswered, *, at_s: int) -> None:
        record = replace(
            self.refunds[event.refund_id],
            state=event.state,
            error_code=event.error_code,
            receipt=event.receipt or None,
            answered_at_s=at_s,
        )
        self.refunds[event.refund_id] = record
        self.open_refunds.pop(event.refund_id, None)
        if record.receipt is not None:
            refund = record.refund.message
            totals = self.period.totals.with_one("refunded", minor=refund.amount_minor)
            self.count(totals, currency=refund.currency, at_s=at_s)

    def _works_here(self, staff_id: StaffId) -> bool:
        person = self.staff.get(staff_id)
        return person is not None and person.is_active

    def _check_answer(self, event: RefundAnswered) -> None:
        record = self.refunds.get(event.refund_id)
        if record is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "this till has no such refund", param="refund_id")
        _require(record.is_open, "the refund has its answer")
        _require(event.state is not State.UNKNOWN, "an answer says what became of it")

    def _check_closing(self, event: DayClosed) -> None:
        last = self.last_closing
        _require(event.number == (last.number if last else 0) + 1, "Z reports are numbered without gaps")
        _require(event.before == (last.digest if last else b""), "a Z report is linked to the one before")
        _require(event.totals == self.period.totals, "a Z report says what the journal says")
        _require(event.digest == closing_digest(event), "the digest is over the whole report")


def closing_digest(event: DayClosed) -> Digest:
    """SHA-256 over everything else that a Z report says, the link to the one before included."""
    _, body = encode_event(replace(event, digest=Digest(b"")))
    return Digest(hashlib.sha256(_Z_DOMAIN + body).digest())


def _require(holds: object, why: str) -> None:
    if not holds:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, why, param="journal")
