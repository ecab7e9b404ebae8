"""Refunds: a new payment back, with an id of its own. In the journal before it is sent, asked about until it is known.

    ask ──> UNKNOWN (it may have been paid) ── the operator's receipt ──> CAPTURED: it went back
                     │                      └─ the server refuses it ───> DECLINED: nothing went back
                     └── no answer: the same message again, as often as it takes

Its id makes it happen once, however often it is sent.
"""

from typing import Final

from terminal_app.journal import HistoryEntry, Journal, RefundRecord
from terminal_app.journal.history import entry_of
from terminal_app.journal.office_events import RefundAnswered, RefundAsked
from terminal_app.sale.enrolment import Credentials
from terminal_app.sale.till_time import TillTime
from wallet_sdk.ports import Random
from wallet_sdk.protocol import rules
from wallet_sdk.protocol.api import RefundAnswer, from_base64url
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MisuseError,
    MoneyOutcome,
    RuleViolationError,
    TillcodeError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import Envelope, RequestId, time_ordered_id
from wallet_sdk.protocol.messages import Refund
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_refund_receipt

#: Refusals that a server gives only after it has looked whether it knows the refund's id already, or that one without
#: refunds gives. After any other an earlier try may still have been taken: the refund stays open and is asked about.
FINAL_REFUSALS: Final = frozenset(
    {
        ErrorCode.UNKNOWN_PAYMENT,
        ErrorCode.BAD_TRANSITION,
        ErrorCode.AMOUNT_MISMATCH,
        ErrorCode.CURRENCY_MISMATCH,
        ErrorCode.INSUFFICIENT_FUNDS,
        ErrorCode.ROUTE_NOT_FOUND,
        ErrorCode.METHOD_NOT_ALLOWED,
    }
)


class Refunds:
    """The refunds of one till. One thread at a time may use it."""

    def __init__(self, journal: Journal, credentials: Credentials, *, time: TillTime, random: Random) -> None:
        self._journal = journal
        self._credentials = credentials
        self._time = time
        self._random = random

    @property
    def open_ids(self) -> tuple[RequestId, ...]:
        """Refunds that wait for an answer, the oldest first."""
        return tuple(self._journal.views.office.open_refunds)

    def find_entry(self, request_id: RequestId) -> HistoryEntry:
        """The sale to give back, however old it is.

        Raises:
            RuleViolationError: UNKNOWN_PAYMENT.
            UnavailableError: STORAGE_FAILED.
        """
        views = self._journal.views
        if request_id in views.history:
            return views.history[request_id]
        sale = self._journal.find_sale(request_id)
        if sale is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "this till has no such sale", param="request_id")
        return entry_of(sale, refunded_minor=views.office.refunded_minor(request_id))

    def ask(self, request_id: RequestId, *, amount_minor: int, reason: str, cap_minor: int) -> RefundRecord:
        """Sign a refund of a part of a sale, or of all of it, and make it durable. Now it may be sent.

        Args:
            request_id: the sale.
            amount_minor: how much goes back.
            reason: as the cashier says it; the payer and the books see it.
            cap_minor: the most that whoever asks may give back at once.

        Raises:
            MisuseError: BAD_ARGUMENT for an amount or reason out of bounds; NOT_ENROLLED.
            RuleViolationError: UNKNOWN_PAYMENT; REQUEST_NOT_OPEN when the server has not confirmed the payment;
                OVER_REFUNDABLE when that much is not left; ROLE_FORBIDS when it is over the cap.
            UnavailableError: STORAGE_FAILED; nothing was asked.
        """
        entry = self.find_entry(request_id)
        _check_amount(entry, amount_minor=amount_minor, cap_minor=cap_minor)
        now_s = self._time.now_s()
        refund = Refund(
            refund_id=RequestId(time_ordered_id(now_s * 1000, self._random.random_bytes(6))),
            request_id=request_id,
            amount_minor=amount_minor,
            currency=entry.currency,
            reason=reason.strip(),
            made_at_s=now_s,
        )
        sealed = seal(refund, self._credentials.signer)
        event = RefundAsked(refund_id=refund.refund_id, request_id=request_id, refund=sealed.envelope)
        self._journal.append(event, at_s=self._time.event_s())
        return self.record(refund.refund_id)

    def record(self, refund_id: RequestId) -> RefundRecord:
        """One refund."""
        return self._journal.views.office.refunds[refund_id]

    def find(self, request_id: RequestId, refund_id: RequestId) -> RefundRecord:
        """A refund of this sale.

        Raises:
            RuleViolationError: UNKNOWN_PAYMENT.
        """
        record = self._journal.views.office.refunds.get(refund_id)
        if record is None or record.refund.message.request_id != request_id:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "this sale has no such refund", param="refund_id")
        return record

    def take_answer(self, refund_id: RequestId, answer: RefundAnswer) -> RefundRecord:
        """Believe the operator's receipt that exactly this refund went back.

        Raises:
            UnavailableError: BAD_ANSWER, outcome unknown; STORAGE_FAILED. The refund is as it was.
        """
        record = self.record(refund_id)
        if not record.is_open:
            return record
        try:
            receipt = self._check_receipt(record, from_base64url(answer.receipt))
        except TillcodeError as error:
            raise UnavailableError(
                ErrorCode.BAD_ANSWER, f"the server's answer does not hold: {error}", outcome=MoneyOutcome.UNKNOWN
            ) from error
        return self._close(refund_id, state=State.CAPTURED, error_code=0, receipt=receipt)

    def take_refusal(self, refund_id: RequestId, error: TillcodeError) -> RefundRecord:
        """The server has read the refund and will not pay it. Only some of its reasons are final.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        record = self.record(refund_id)
        if not record.is_open or error.code not in FINAL_REFUSALS:
            return record
        return self._close(refund_id, state=State.DECLINED, error_code=error.code, receipt=Envelope(b""))

    def _check_receipt(self, record: RefundRecord, envelope: bytes) -> Envelope:
        receipt = verify_refund_receipt(envelope, self._credentials.trust)
        terminal_id = self._credentials.membership.certificate.message.terminal_id
        rules.check_refund_receipt(receipt.message, refund=record.refund.message, terminal_id=terminal_id)
        return receipt.envelope

    def _close(self, refund_id: RequestId, *, state: State, error_code: int, receipt: Envelope) -> RefundRecord:
        event = RefundAnswered(refund_id=refund_id, state=state, error_code=error_code, receipt=receipt)
        self._journal.append(event, at_s=self._time.event_s())
        return self.record(refund_id)


def _check_amount(entry: HistoryEntry, *, amount_minor: int, cap_minor: int) -> None:
    if not entry.state.is_paid or entry.state is State.AUTHORIZED:
        raise RuleViolationError(
            ErrorCode.REQUEST_NOT_OPEN, "the server has not confirmed this payment", param="request_id"
        )
    if amount_minor <= 0:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a refund gives something back", param="amount_minor")
    if amount_minor > entry.refundable_minor:
        raise RuleViolationError(
            ErrorCode.OVER_REFUNDABLE, f"{entry.refundable_minor} is left to give back", param="amount_minor"
        )
    if amount_minor > cap_minor:
        raise RuleViolationError(ErrorCode.ROLE_FORBIDS, f"at most {cap_minor} in this role", param="refund")
