"""Printed codes, and receipts that are not of a payment: closed unpaid, refunded."""

from dataclasses import replace

import pytest

from tests.unit.wallet_sdk.protocol.samples import DIGEST, ID, OTHER_ID, code_raised
from wallet_sdk.protocol import trust
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import TerminalId
from wallet_sdk.protocol.messages import NO_DIGEST, NO_ID, Receipt
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import FROZEN_NOW_S, Scheme

CLOSED = Receipt(
    terminal_id=TerminalId(2001),
    request_id=ID,
    amount_minor=1250,
    currency=Currency.EUR,
    state=State.CANCELED,
    at_s=FROZEN_NOW_S,
)


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


def test_a_printed_code_is_the_terminal_cas_word(scheme: Scheme) -> None:
    """From second to second, inside the life of the key. (R-108)"""
    code, store = scheme.static_code(), scheme.trust()
    start_s, end_s = code.message.not_before_s, code.message.expires_at_s
    assert end_s - start_s == 90 * 86_400
    assert trust.verify_static_code(code.envelope, store, at_s=start_s - 300) == code
    assert trust.verify_static_code(code.envelope, store, at_s=end_s - 1) == code
    outlives = seal(replace(code.message, lifetime_d=366), scheme.terminal_ca)
    by_issuer = seal(code.message, scheme.token_issuer)
    by_terminal = seal(code.message, scheme.terminal)
    for envelope, at_s, refused in (
        (code.envelope, start_s - 301, ErrorCode.NOT_YET_VALID),
        (code.envelope, end_s, ErrorCode.EXPIRED),
        (outlives.envelope, scheme.now_s, ErrorCode.EXPIRED),
        (by_issuer.envelope, scheme.now_s, ErrorCode.WRONG_ROLE),
        (by_terminal.envelope, scheme.now_s, ErrorCode.UNKNOWN_SIGNER),
    ):
        raised = code_raised(
            lambda envelope=envelope, at_s=at_s: trust.verify_static_code(envelope, store, at_s=at_s)  # type: ignore[misc]
        )
        assert raised is refused


@pytest.mark.parametrize("state", State)
def test_only_a_closing_needs_no_consent(scheme: Scheme, state: State) -> None:
    """Every other outcome is of somebody's consent. (R-102)"""
    envelope = seal(replace(CLOSED, state=state), scheme.receipt_signer).envelope
    if state in {State.CANCELED, State.EXPIRED}:
        assert trust.verify_receipt(envelope, scheme.trust()).message.consent_digest == NO_DIGEST
    else:
        assert code_raised(lambda: trust.verify_receipt(envelope, scheme.trust())) is ErrorCode.MISSING_FIELD


def test_no_terminal_closes_a_request_by_its_own_word(scheme: Scheme) -> None:
    """A terminal that holds an intent must not sign that nothing was charged."""
    envelope, key = seal(CLOSED, scheme.terminal).envelope, scheme.terminal.public_key
    code = code_raised(lambda: trust.verify_receipt(envelope, scheme.trust(), terminal_key=key))
    assert code is ErrorCode.WRONG_ROLE


def test_receipts_of_refunds_and_of_payments_are_kept_apart(scheme: Scheme) -> None:
    """Each is refused by the other's verification, so money back is never read as money paid. (R-107)"""
    store = scheme.trust()
    refunded = replace(CLOSED, refund_id=OTHER_ID, state=State.CAPTURED)
    sealed = seal(refunded, scheme.receipt_signer)
    assert trust.verify_refund_receipt(sealed.envelope, store) == sealed
    assert code_raised(lambda: trust.verify_receipt(sealed.envelope, store)) is ErrorCode.WRONG_REQUEST
    for message, signer, refused in (
        (replace(refunded, refund_id=NO_ID), scheme.receipt_signer, ErrorCode.MISSING_FIELD),
        (replace(refunded, consent_digest=DIGEST), scheme.receipt_signer, ErrorCode.BAD_ENVELOPE),
        (refunded, scheme.token_issuer, ErrorCode.WRONG_ROLE),
        (refunded, scheme.terminal, ErrorCode.UNKNOWN_SIGNER),
        (replace(refunded, at_s=FROZEN_NOW_S + 366 * 86_400), scheme.receipt_signer, ErrorCode.EXPIRED),
    ):
        envelope = seal(message, signer).envelope
        raised = code_raised(lambda envelope=envelope: trust.verify_refund_receipt(envelope, store))  # type: ignore[misc]
        assert raised is refused
