"""Paying: online, offline, and every way in which the network can lie in between."""

import pytest

from tests.unit.wallet_sdk.fakes import CrashingStore, Fault, SimulatedCrash
from tests.unit.wallet_sdk.world import World
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    MoneyOutcome,
    RuleViolationError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import RequestId, TerminalId
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentRequest, TerminalCertificate
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.trust import verify_intent, verify_receipt
from wallet_sdk.store import Outcome
from wallet_sdk.transport import NetworkSwitch
from wallet_sdk.wallet import PayMode, Wallet


def test_a_quote_shows_the_certified_payee_and_sends_nothing(world: World) -> None:
    """Name and city come from the certificate; scanning is silent. (R-57)"""
    quote = world.wallet.scan(world.request_text())
    assert (quote.merchant_name, quote.merchant_city, quote.country) == ("Café Mole", "Lisboa", "PT")
    assert (str(quote.amount), quote.reference) == ("12.50 EUR", "R-0042")
    assert quote.expires_at_s == world.clock.now_ms() // 1000 + 120
    assert world.server.received == []


def test_a_payment_online_is_settled_with_a_receipt_to_show(world: World) -> None:
    """The issuer's receipt verifies, and is what the QR code shows."""
    payment = world.wallet.scan(world.request_text()).pay()
    assert payment.outcome is Outcome.SETTLED
    assert payment.receipt is not None
    receipt = verify_receipt(payment.receipt, world.scheme.trust()).message
    assert (receipt.consent_digest, receipt.amount_minor) == (payment.digest, 1250)
    assert payment.qr is not None
    assert qr.from_text(payment.qr.text) == payment.receipt
    assert payment.qr.png(scale=2).startswith(b"\x89PNG")
    token = world.store.token()
    assert token is not None
    assert (token.counter, token.cumulative_minor) == (1, 0)


def test_without_network_the_intent_is_shown_and_spent_from_the_token(world: World) -> None:
    """No byte left, so the same request is answered offline, with a fresh counter."""
    world.network.switch(NetworkSwitch.OFF)
    payment = world.wallet.scan(world.request_text()).pay()
    assert payment.outcome is Outcome.OFFLINE
    assert payment.qr is not None
    verified = verify_intent(
        qr.from_text(payment.qr.text), world.scheme.trust(), at_s=world.clock.now_ms() // 1000
    ).intent
    assert verified.digest == payment.digest
    assert (verified.message.mode, verified.message.counter) == (AuthorizationMode.OFFLINE, 2)
    assert verified.message.cumulative_minor == 1250
    assert [entry.outcome for entry in world.wallet.history()] == [Outcome.OFFLINE]
    assert world.wallet.balance().offline_left.minor == 20_000 - 1250


def test_an_answer_lost_after_the_commit_is_asked_for(world: World) -> None:
    """Three lost answers, then the question by digest: settled, charged once."""
    world.server.faults = [Fault.LOST_AFTER, Fault.LOST_AFTER, Fault.LOST_AFTER]
    payment = world.wallet.scan(world.request_text()).pay()
    assert payment.outcome is Outcome.SETTLED
    assert world.server.available_minor == 100_000 - 1250
    sent = {request.body for request in world.server.paths(api.PATH_INTENTS)}
    assert len(sent) == 1
    assert len(world.server.paths(api.PATH_INTENTS)) == 3


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.MALFORMED, Fault.BROKEN, Fault.NOT_OURS])
def test_what_nobody_can_tell_is_unknown_and_never_offline(world: World, fault: Fault) -> None:
    """As long as a byte may have arrived, neither failure nor a second consent is an answer. (R-61)"""
    request = world.request_text()
    world.server.faults = [fault] * 6
    payment = world.wallet.scan(request).pay()
    assert (payment.outcome, payment.qr) == (Outcome.UNKNOWN, None)
    assert len(world.store.unresolved()) == 1
    with pytest.raises(RuleViolationError) as refused:
        world.wallet.scan(request)
    assert (refused.value.code, refused.value.outcome) == (ErrorCode.ALREADY_PAID, MoneyOutcome.UNKNOWN)


def test_one_lost_try_among_unreachable_ones_is_still_a_doubt(world: World) -> None:
    """The last try sent nothing, but the first may have arrived: no offline intent is signed."""
    world.server.faults = [Fault.LOST_AFTER, Fault.UNREACHABLE, Fault.UNREACHABLE, *[Fault.UNREACHABLE] * 3]
    payment = world.wallet.scan(world.request_text()).pay()
    assert payment.outcome is Outcome.UNKNOWN
    assert world.wallet.sync().resolved[0].outcome is Outcome.SETTLED
    assert world.server.available_minor == 100_000 - 1250


def test_an_unknown_payment_may_be_sent_again_with_the_same_bytes(world: World) -> None:
    """A retry after a restart repeats the stored intent."""
    world.server.faults = [Fault.LOST_BEFORE] * 6
    payment = world.wallet.scan(world.request_text()).pay()
    again = world.reopened().send_again(payment)
    assert (again.outcome, again.digest) == (Outcome.SETTLED, payment.digest)
    assert len({request.body for request in world.server.paths(api.PATH_INTENTS)}) == 1


def test_a_decline_carries_its_reason_and_leaves_the_request_payable(world: World) -> None:
    """Declined is not charged, and another try is another consent."""
    text = world.request_text()
    world.server.refuse_intents_with = ErrorCode.INSUFFICIENT_FUNDS
    declined = world.wallet.scan(text).pay()
    assert (declined.outcome, declined.error_code) == (Outcome.DECLINED, ErrorCode.INSUFFICIENT_FUNDS)
    assert declined.qr is None
    world.server.refuse_intents_with = None
    assert world.wallet.scan(text).pay().outcome is Outcome.SETTLED


def test_a_request_is_paid_once(world: World) -> None:
    """Neither the quote nor the code can be used twice. (R-60)"""
    text = world.request_text()
    quote = world.wallet.scan(text)
    quote.pay()
    for again in (quote.pay, lambda: world.wallet.scan(text)):
        with pytest.raises(RuleViolationError) as refused:
            again()
        assert (refused.value.code, refused.value.outcome) == (ErrorCode.ALREADY_PAID, MoneyOutcome.CHARGED)
    assert len(world.server.paths(api.PATH_INTENTS)) == 1


@pytest.mark.parametrize("added_minor", [1, -1])
def test_a_receipt_over_another_amount_settles_nothing(world: World, added_minor: int) -> None:
    """A server that answers "captured" with a receipt that does not fit proves nothing."""
    world.server.receipt_minor_added = added_minor
    assert world.wallet.scan(world.request_text()).pay().outcome is Outcome.UNKNOWN
    assert world.wallet.sync().open_count == 1


def test_over_the_offline_limits_nothing_is_reserved(world: World) -> None:
    """Per payment, then in total: refused before a counter is used. (R-62)"""
    with pytest.raises(RuleViolationError) as refused:
        world.wallet.scan(world.request_text(amount_minor=5_001)).pay(PayMode.OFFLINE)
    assert refused.value.code is ErrorCode.OVER_PAYMENT_LIMIT
    for _ in range(4):
        world.wallet.scan(world.request_text(amount_minor=5_000)).pay(PayMode.OFFLINE)
    with pytest.raises(RuleViolationError) as refused:
        world.wallet.scan(world.request_text(amount_minor=1)).pay(PayMode.OFFLINE)
    assert refused.value.code is ErrorCode.OVER_TOKEN_LIMIT
    token = world.store.token()
    assert token is not None
    assert (token.counter, token.cumulative_minor) == (4, 20_000)


def test_online_only_says_when_nothing_was_sent(world: World) -> None:
    """The error is not charged, and the request stays payable."""
    world.network.switch(NetworkSwitch.OFF)
    text = world.request_text()
    with pytest.raises(UnavailableError) as failed:
        world.wallet.scan(text).pay(PayMode.ONLINE)
    assert (failed.value.code, failed.value.outcome) == (ErrorCode.SWITCHED_OFF, MoneyOutcome.NOT_CHARGED)
    assert list(world.wallet.history()) == []
    world.network.switch(NetworkSwitch.ON)
    assert world.wallet.scan(text).pay().outcome is Outcome.SETTLED


def test_a_stale_request_is_refused_when_scanned_and_when_paid(world: World) -> None:
    """A quote does not stay good because it was once."""
    text = world.request_text()
    quote = world.wallet.scan(text)
    world.clock.advance(120 + 300)
    for late in (quote.pay, lambda: world.wallet.scan(text)):
        with pytest.raises(RuleViolationError) as refused:
            late()
        assert refused.value.code is ErrorCode.EXPIRED


def test_forged_and_foreign_codes_are_refused(world: World) -> None:
    """Another scheme's terminal, another currency, another kind of message, no message at all."""
    other = type(world.scheme)(seed=99)
    with pytest.raises(RuleViolationError) as refused:
        world.wallet.scan(qr.to_text(other.request().envelope))
    assert refused.value.code is ErrorCode.UNKNOWN_SIGNER
    with pytest.raises(RuleViolationError) as refused:
        world.wallet.scan(qr.to_text(world.scheme.request(currency=Currency.JPY).envelope))
    assert refused.value.code is ErrorCode.CURRENCY_MISMATCH
    with pytest.raises(MalformedMessageError) as malformed:
        world.wallet.scan(qr.to_text(world.scheme.token().envelope))
    assert malformed.value.code in {ErrorCode.WRONG_MESSAGE_TYPE, ErrorCode.BAD_ENVELOPE}
    with pytest.raises(MalformedMessageError) as malformed:
        world.wallet.scan("https://example.test")
    assert malformed.value.code is ErrorCode.NOT_A_TILLCODE


def test_a_wallet_that_is_not_enrolled_says_so(fresh: World) -> None:
    """Every act needs an enrolment."""
    for act in (fresh.wallet.sync, fresh.wallet.balance, lambda: fresh.wallet.scan(fresh.request_text())):
        with pytest.raises(MisuseError) as misuse:
            act()
        assert misuse.value.code is ErrorCode.NOT_ENROLLED


@pytest.mark.parametrize("network", NetworkSwitch)
@pytest.mark.parametrize("writes", range(10))
def test_no_counter_is_signed_twice_whenever_the_process_dies(
    fresh: World, writes: int, network: NetworkSwitch
) -> None:
    """Die before or after any write of a payment; the next process never signs a used counter, nor pays twice."""
    #
    store = CrashingStore()
    fresh.store = store
    wallet = fresh.reopened()
    wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    fresh.network.switch(network)
    text = fresh.request_text()
    store.writes_left = writes
    died = _pay_until_crash(wallet, text)
    store.writes_left = None

    reopened = fresh.reopened()
    shown = [record for _, record in store.history(before=None, limit=10)]
    fresh.network.switch(NetworkSwitch.ON)
    if store.live_consent(*_key_of(text)) is None:
        assert reopened.scan(text).pay().outcome is Outcome.SETTLED
    fresh.clock.advance(1)
    next_payment = reopened.scan(fresh.request_text()).pay()
    records = [record for _, record in store.history(before=None, limit=10)]
    counters = [record.counter for record in records]
    token = store.token()
    assert token is not None
    assert next_payment.outcome is Outcome.SETTLED
    assert len(set(counters)) == len(counters)
    assert token.counter >= max(counters)
    assert all(record in records for record in shown)
    # Offline, ten writes are not reached; online, six.
    assert died or writes >= (6 if network is NetworkSwitch.ON else 10)
    sent = [request.body for request in fresh.server.paths(api.PATH_INTENTS)]
    assert len(set(sent)) == len(sent)


def _pay_until_crash(wallet: Wallet, text: str) -> bool:
    try:
        wallet.scan(text).pay()
    except SimulatedCrash:
        return True
    return False


def _key_of(text: str) -> tuple[TerminalId, RequestId]:
    request = open_unverified(qr.from_text(text), PaymentRequest)
    assert request.embedded is not None
    certificate = open_unverified(request.embedded, TerminalCertificate).message
    return certificate.terminal_id, request.message.request_id
