"""Receipts, signed when somebody reads one.

A receipt says nothing but what its payment says, and signatures are deterministic: the same payment has the same
receipt for as long as the operator signs with the same key. So none is stored, and none is signed before a commit.
"""

from server_stub.store.records import Payment
from wallet_sdk.protocol.envelope import Signer, seal
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import Receipt


def receipt_of(payment: Payment, signer: Signer) -> Envelope:
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
    return seal(receipt, signer).envelope
