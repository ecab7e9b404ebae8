"""What a merchant hears of: the event of each thing that happens to his payments, and to himself."""

from typing import Final

from server_stub.service.claims import CLOSED, VerifiedClaim
from server_stub.service.events import NewEvent
from server_stub.store.outbox import EventKind
from server_stub.store.records import Consent, FraudCase, Payment, Terminal
from server_stub.store.records_money import RefundMade
from server_stub.store.records_replacing import Replacing, ReplacingStep
from server_stub.store.records_standing import Standing, StandingChange
from wallet_sdk.protocol import api
from wallet_sdk.protocol.ids import MerchantId, RequestId, TerminalId
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

KIND_OF_STATE: Final = {
    State.CAPTURED: EventKind.PAYMENT_CAPTURED,
    State.AUTHORIZED: EventKind.PAYMENT_AUTHORIZED,
    State.DECLINED: EventKind.PAYMENT_DECLINED,
    State.REJECTED: EventKind.PAYMENT_REJECTED,
    State.VOIDED: EventKind.PAYMENT_VOIDED,
    State.EXPIRED: EventKind.PAYMENT_EXPIRED,
}

Content = dict[str, str | int]


def of_consent(consent: Consent, *, amount_minor: int, currency: Currency, merchant_id: MerchantId) -> NewEvent:
    """A claim was answered for the first time."""
    content = _payment(consent.terminal_id, consent.request_id, amount_minor, currency) | {"state": consent.state.name}
    if consent.error_code is not None:
        content |= {"error_code": int(consent.error_code), "error": consent.error_code.name}
    return NewEvent(
        number=consent.number,
        kind=KIND_OF_STATE[consent.state],
        merchant_id=merchant_id,
        at_s=consent.at_s,
        content=content,
    )


def of_fraud(case: FraudCase, claim: VerifiedClaim, *, merchant_id: MerchantId) -> NewEvent:
    """A double spend came through a terminal of the merchant."""
    content: Content = {
        "terminal_id": claim.terminal_id,
        "request_id": api.to_base64url(claim.request.message.request_id),
        "reason": case.reason,
    }
    return NewEvent(
        number=case.number,
        kind=EventKind.FRAUD_CASE_OPENED,
        merchant_id=merchant_id,
        at_s=case.at_s,
        content=content,
    )


def of_closing(request_id: RequestId, terminal: Terminal, *, number: int, at_s: int) -> NewEvent:
    """A terminal has closed its request unpaid."""
    content: Content = {
        "terminal_id": terminal.terminal_id,
        "request_id": api.to_base64url(request_id),
        "state": CLOSED.name,
    }
    return NewEvent(
        number=number,
        kind=EventKind.PAYMENT_CLOSED,
        merchant_id=terminal.merchant_id,
        at_s=at_s,
        content=content,
    )


def of_standing(change: StandingChange) -> NewEvent:
    """The operator has blocked the merchant, or unblocked him. Why is the operator's own business."""
    is_blocked = change.standing is Standing.BLOCKED
    return NewEvent(
        number=change.number,
        kind=EventKind.MERCHANT_BLOCKED if is_blocked else EventKind.MERCHANT_UNBLOCKED,
        merchant_id=change.merchant_id,
        at_s=change.at_s,
        content={"merchant_id": change.merchant_id},
    )


def of_replacing(made: Replacing) -> NewEvent:
    """A code was made with which another device takes a terminal over, or that device has come."""
    is_asked = made.step is ReplacingStep.ASKED
    content: Content = {"terminal_id": made.terminal_id}
    return NewEvent(
        number=made.number,
        kind=EventKind.TERMINAL_REPLACING if is_asked else EventKind.TERMINAL_REPLACED,
        merchant_id=made.merchant_id,
        at_s=made.at_s,
        content=content | {"not_before_s": made.not_before_s} if is_asked else content,
    )


def of_hold_end(payment: Payment, *, entry_number: int, merchant_id: MerchantId) -> NewEvent:
    """A hold was captured, voided, or its time ran out."""
    content = _payment(payment.terminal_id, payment.request_id, payment.amount_minor, payment.currency)
    return NewEvent(
        number=entry_number,
        kind=KIND_OF_STATE[payment.state],
        merchant_id=merchant_id,
        at_s=payment.at_s,
        content=content | {"state": payment.state.name},
    )


def of_refund(made: RefundMade, *, merchant_id: MerchantId) -> NewEvent:
    """Money went back to the payer."""
    content = _payment(made.terminal_id, made.request_id, made.amount_minor, made.currency)
    return NewEvent(
        number=made.entry_number,
        kind=EventKind.REFUND_SETTLED,
        merchant_id=merchant_id,
        at_s=made.at_s,
        content=content | {"refund_id": api.to_base64url(made.refund_id)},
    )


def _payment(terminal_id: TerminalId, request_id: RequestId, amount_minor: int, currency: Currency) -> Content:
    return {
        "terminal_id": terminal_id,
        "request_id": api.to_base64url(request_id),
        "amount_minor": amount_minor,
        "currency": currency.name,
    }
