"""What every Store keeps: durable writes that come back as they were, and consistent views."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec import structs

from server_stub.store.base import Store
from server_stub.store.records import (
    ActivationCode,
    AnsweredRequest,
    DeviceKind,
    FraudCase,
    Payment,
    Shortfall,
    TokenStanding,
    Trust,
)
from server_stub.store.table import Keys
from server_stub.store.tables.parties import (
    ACCOUNTS,
    ACTIVATION_CODES,
    MERCHANTS,
    TERMINAL_KEY,
    TERMINALS,
    TRUST,
    WALLET_KEY,
    WALLETS,
)
from server_stub.store.tables.payments import (
    ANSWERED_REQUESTS,
    CONSENT_DIGEST,
    CONSENTS,
    FRAUD_CASES,
    PAYMENTS,
    SHORTFALLS,
    TOKEN_ISSUE,
    TOKEN_KEY,
    TOKENS,
)
from tests.contract.store.samples import (
    DEVICE_KEY,
    EUR,
    MERCHANT,
    TERMINAL,
    TERMINAL_ID,
    TERMINAL_KEY_BYTES,
    TOKEN_DEVICE_KEY,
    TOKEN_ID,
    WALLET_ID,
    fill,
    signed,
)
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.ids import (
    Digest,
    Envelope,
    MerchantId,
    RequestId,
    TokenId,
)
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.states import State


def test_what_was_committed_is_there_after_opening_again(reopen: Callable[[], Store]) -> None:
    """Every record comes back as it was written."""
    code = ActivationCode(code_hash=b"h", kind=DeviceKind.WALLET, expires_at_s=9, currency=EUR, funds_minor=5)
    trust = Trust(version=1, bundle=Envelope(b"bundle"), root_key=TERMINAL_KEY_BYTES)
    closure = AnsweredRequest(
        terminal_id=TERMINAL_ID, request_id=RequestId(bytes(12)), closing=Envelope(b"c"), closed_at_s=7
    )
    consent, spent = signed(1)
    first = reopen()
    with first.writing() as writer:
        wallet = fill(writer)
        writer.add(TRUST, trust)
        writer.add(ACTIVATION_CODES, code)
        writer.add(ANSWERED_REQUESTS, closure)
        writer.add(CONSENTS, consent)
        writer.add_spent_counter(spent)
    first.close()
    with reopen().reading() as reader:
        assert reader.trust() == trust
        assert reader.find(MERCHANTS, MERCHANT.merchant_id) == MERCHANT
        assert reader.find_by(TERMINALS, TERMINAL_KEY, key_id_of(TERMINAL_KEY_BYTES)) == TERMINAL
        assert reader.find(WALLETS, WALLET_ID) == reader.find_by(WALLETS, WALLET_KEY, key_id_of(DEVICE_KEY)) == wallet
        assert reader.find(ACTIVATION_CODES, b"h") == code
        assert reader.find(ANSWERED_REQUESTS, (closure.request_id, TERMINAL_ID)) == closure
        assert reader.find_by(CONSENTS, CONSENT_DIGEST, consent.digest) == consent
        assert reader.neighbours(TOKEN_ID, spent.counter) == (spent,)
        assert reader.find(TOKENS, TOKEN_ID) == reader.find_by(
            TOKENS, TOKEN_ISSUE, (WALLET_ID, RequestId(b"issue-issue!"))
        )
        assert (reader.balance_minor(wallet.account_id), reader.escrow_minor(WALLET_ID)) == (700, 300)


def test_what_is_not_there_is_none(store: Store) -> None:
    """Nothing is made up."""
    with store.reading() as reader:
        found = [
            reader.trust(),
            reader.find(MERCHANTS, MerchantId(1)),
            reader.find_by(TERMINALS, TERMINAL_KEY, key_id_of(TERMINAL_KEY_BYTES)),
            reader.find(WALLETS, WALLET_ID),
            reader.find(ACTIVATION_CODES, b""),
            reader.find(TOKENS, TOKEN_ID),
            reader.find_by(CONSENTS, CONSENT_DIGEST, Digest(b"")),
            reader.find(PAYMENTS, 0),
            reader.find(ANSWERED_REQUESTS, (RequestId(b""), TERMINAL_ID)),
        ]
        assert found == [None] * len(found)
        assert (reader.list_all(FRAUD_CASES), reader.list_all(ACCOUNTS), reader.highest_sum_minor(TOKEN_ID)) == (
            (),
            (),
            0,
        )


def test_a_reader_sees_one_moment(store: Store) -> None:
    """Neither what is not committed, nor what is committed while it looks; and it never waits for the writer."""
    with store.writing() as writer, store.reading() as reader:
        writer.add(MERCHANTS, MERCHANT)
        assert reader.find(MERCHANTS, MERCHANT.merchant_id) is None
    with store.reading() as reader:
        assert reader.find(MERCHANTS, MERCHANT.merchant_id) == MERCHANT
        with store.writing() as writer:
            writer.add(MERCHANTS, replace(MERCHANT, merchant_id=MerchantId(5)))
        assert reader.find(MERCHANTS, MerchantId(5)) is None


def test_a_payment_and_what_hangs_on_it_come_back(store: Store) -> None:
    """Payment, answered request, shortfall and fraud case; what was locked as it was read can be changed."""
    consent, _ = signed(1)
    payment = Payment(
        number=1,
        terminal_id=TERMINAL_ID,
        request_id=consent.request_id,
        request_digest=Digest(b"r" * 32),
        consent_digest=consent.digest,
        wallet_id=WALLET_ID,
        amount_minor=5,
        currency=EUR,
        state=State.CAPTURED,
        at_s=5,
        liability=Liability.MERCHANT,
    )
    answered = AnsweredRequest(terminal_id=TERMINAL_ID, request_id=consent.request_id, payment_number=1)
    case = FraudCase(
        number=7,
        reason="r",
        wallet_id=WALLET_ID,
        token_id=TOKEN_ID,
        consent_digest=consent.digest,
        at_s=3,
        proof=b"p",
    )
    shortfall = Shortfall(token_id=TOKEN_ID, terminal_id=TERMINAL_ID, amount_minor=4)
    with store.writing() as writer:
        fill(writer)
        writer.add(PAYMENTS, payment)
        writer.add(ANSWERED_REQUESTS, answered)
        writer.add(FRAUD_CASES, case)
        writer.add(SHORTFALLS, shortfall)
    with store.writing() as writer:
        keys = Keys()
        keys.name(ANSWERED_REQUESTS, (consent.request_id, TERMINAL_ID))
        writer.load(keys)
        assert writer.find(PAYMENTS, 1) == payment
        writer.change(PAYMENTS, structs.replace(payment, state=State.CLEARED))
        assert writer.find(SHORTFALLS, (TOKEN_ID, TERMINAL_ID)) == shortfall
        writer.change(SHORTFALLS, replace(shortfall, amount_minor=9))
    with store.reading() as reader:
        assert reader.find(PAYMENTS, 1) == structs.replace(payment, state=State.CLEARED)
        assert reader.find(ANSWERED_REQUESTS, (consent.request_id, TERMINAL_ID)) == answered
        assert reader.list_all(FRAUD_CASES) == (case,)
        assert reader.find(SHORTFALLS, (TOKEN_ID, TERMINAL_ID)) == replace(shortfall, amount_minor=9)


def test_changes_are_kept(store: Store) -> None:
    """A used code, a renewed certificate, a blocked wallet, a closed token: changed when new, and when stored."""
    code = ActivationCode(
        code_hash=b"h", kind=DeviceKind.TERMINAL, expires_at_s=9, merchant_id=MERCHANT.merchant_id, currency=None
    )
    with store.writing() as writer:
        wallet = fill(writer)
        writer.add(ACTIVATION_CODES, code)
        writer.change(WALLETS, structs.replace(wallet, blocked_at_s=4))
    with store.writing() as writer:
        token = writer.find(TOKENS, TOKEN_ID)
        assert token is not None
        writer.change(ACTIVATION_CODES, structs.replace(code, used_by=DEVICE_KEY))
        writer.change(TERMINALS, structs.replace(TERMINAL, certificate=Envelope(b"new")))
        closed = structs.replace(
            token,
            standing=TokenStanding.CLOSED,
            dead_minor=7,
            closing=Envelope(b"closing"),
            spent_minor=6,
            successor_id=TokenId(b"token-next!!"),
        )
        writer.change(TOKENS, closed)
        with pytest.raises(AssertionError):
            writer.change(TOKENS, structs.replace(token, token_id=TokenId(b"none")))
    with store.reading() as reader:
        assert reader.find(ACTIVATION_CODES, b"h") == structs.replace(code, used_by=DEVICE_KEY)
        assert reader.find(TERMINALS, TERMINAL_ID) == structs.replace(TERMINAL, certificate=Envelope(b"new"))
        assert reader.find(WALLETS, WALLET_ID) == structs.replace(wallet, blocked_at_s=4)
        assert reader.find(TOKENS, TOKEN_ID) == closed
        assert reader.find_by(TOKENS, TOKEN_KEY, TOKEN_DEVICE_KEY) == closed
        assert reader.find_by(TOKENS, TOKEN_KEY, DEVICE_KEY) is None
