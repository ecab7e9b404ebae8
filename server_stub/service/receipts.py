"""Receipts, signed when somebody reads one.

A receipt says nothing but what its payment says, signatures are deterministic, and it is signed by the key of its own
time (R-48): the same payment has the same receipt for ever, whatever keys come after it. So none is stored, and none
is signed before a commit.
"""

from server_stub.keys import KeyRing
from server_stub.service.claims import CLOSED
from server_stub.store.records import AnsweredRequest, Consent, Payment
from server_stub.store.records_money import RefundMade
from wallet_sdk.protocol.envelope import open_unverified, peek_type, seal
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import MessageType, PaymentIntent, PaymentRequest, Receipt, StaticCode
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State


def receipt_of(payment: Payment, ring: KeyRing) -> Envelope:
    """The operator's proof of a payment."""
    receipt = Receipt(
        terminal_id=payment.terminal_id,
        request_id=payment.request_id,
        consent_digest=payment.consent_digest,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        state=payment.state,
        at_s=payment.at_s,
        liability=payment.liability,
    )
    return seal(receipt, ring.at(receipt.at_s)).envelope


def refund_receipt_of(made: RefundMade, ring: KeyRing) -> Envelope:
    """The operator's proof that money went back."""
    receipt = Receipt(
        terminal_id=made.terminal_id,
        request_id=made.request_id,
        amount_minor=made.amount_minor,
        currency=made.currency,
        state=State.CAPTURED,
        at_s=made.at_s,
        refund_id=made.refund_id,
    )
    return seal(receipt, ring.at(receipt.at_s)).envelope


def refusing_receipt_of(refused: Consent, ring: KeyRing) -> Envelope:
    """The operator's proof that one consent cost its payer nothing, and never will."""
    amount_minor, currency = _asked_of(refused)
    receipt = Receipt(
        terminal_id=refused.terminal_id,
        request_id=refused.request_id,
        consent_digest=refused.digest,
        amount_minor=amount_minor,
        currency=currency,
        state=refused.state,
        at_s=refused.at_s,
    )
    return seal(receipt, ring.at(receipt.at_s)).envelope


def closing_receipt_of(closed: AnsweredRequest, ring: KeyRing) -> Envelope:
    """The operator's proof that a request was closed unpaid; empty when its terminal did not hand the request in."""
    if closed.amount_minor is None or closed.currency is None or closed.closed_at_s is None:
        return Envelope(b"")
    receipt = Receipt(
        terminal_id=closed.terminal_id,
        request_id=closed.request_id,
        amount_minor=closed.amount_minor,
        currency=closed.currency,
        state=CLOSED,
        at_s=closed.closed_at_s,
    )
    return seal(receipt, ring.at(receipt.at_s)).envelope


def _asked_of(refused: Consent) -> tuple[int, Currency]:
    """What a consent was asked for; of a printed code the payer has said how much himself."""
    if peek_type(refused.request) is MessageType.STATIC_CODE:
        amount_minor = open_unverified(refused.envelope, PaymentIntent).message.amount_minor
        return amount_minor, open_unverified(refused.request, StaticCode).message.currency
    request = open_unverified(refused.request, PaymentRequest).message
    return request.amount_minor, request.currency
