"""Enrolment, tokens, codes, receipts and catching up."""

import pytest

from tests.unit.wallet_sdk.fakes import Fault
from tests.unit.wallet_sdk.world import World
from wallet_sdk.flow import run
from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, RuleViolationError, UnavailableError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import PaymentCode, Receipt, TokenRequest
from wallet_sdk.protocol.states import State
from wallet_sdk.store import Outcome
from wallet_sdk.transport import NetworkSwitch
from wallet_sdk.wallet import Payment, PayMode, Renewal
from wallet_sdk.wallet.drivers import ThreadDriver
from wallet_sdk.wallet.tokens import obtain_token


def pay_offline(world: World, *, amount_minor: int = 1250) -> tuple[Payment, Envelope]:
    """An offline payment, and the request it answers."""
    request = world.request(amount_minor=amount_minor)
    payment = world.wallet.scan(qr.to_text(request.envelope)).pay(PayMode.OFFLINE)
    return payment, request.envelope


def receipt_for(world: World, payment: Payment, request: Envelope) -> Receipt:
    """What a terminal says when it takes a payment offline."""
    record = world.store.consent(payment.digest)
    assert record is not None
    assert record.ask is not None
    assert record.ask.envelope == request
    return Receipt(
        terminal_id=record.ask.terminal_id,
        request_id=record.ask.request_id,
        consent_digest=payment.digest,
        amount_minor=payment.amount.minor,
        currency=payment.amount.currency,
        state=State.AUTHORIZED,
        at_s=world.clock.now_ms() // 1000,
    )


# --- enrolment and tokens ---


def test_enrolment_pins_the_root_and_brings_a_token(world: World) -> None:
    """What was learned is in the store, not in the process."""
    enrolled = world.store.enrolled()
    assert enrolled is not None
    assert (enrolled.wallet_id, enrolled.currency.name) == (7, "EUR")
    assert enrolled.root_key == world.scheme.root.public_key
    assert world.reopened().balance().offline_left.minor == 20_000
    with pytest.raises(MisuseError) as misuse:
        world.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    assert misuse.value.code is ErrorCode.ALREADY_ENROLLED


def test_an_enrolment_whose_answer_was_lost_is_repeated_with_the_same_key(fresh: World) -> None:
    """The code is used up, but by this very key."""
    fresh.server.faults = [Fault.LOST_AFTER] * 3
    with pytest.raises(UnavailableError):
        fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    assert not fresh.wallet.is_enrolled
    fresh.reopened().enrol(server="https://server.test", activation_code="GOOD-CODE")
    assert fresh.wallet.is_enrolled
    assert [name.split("-")[0] for name in fresh.keys.names()] == ["device", "token"]


def test_a_wrong_code_and_a_wrong_root_leave_the_wallet_as_it_was(fresh: World) -> None:
    """Nothing is pinned by a failure."""
    for code, root_key, expected in (
        ("BAD-CODE", None, ErrorCode.UNKNOWN_ACTIVATION_CODE),
        ("GOOD-CODE", fresh.scheme.terminal.public_key, ErrorCode.UNKNOWN_SIGNER),
    ):
        with pytest.raises(RuleViolationError) as refused:
            fresh.wallet.enrol(server="https://server.test", activation_code=code, root_key=root_key)
        assert refused.value.code is expected
    assert not fresh.wallet.is_enrolled


def test_a_first_token_that_did_not_come_is_fetched_by_the_first_payment(fresh: World) -> None:
    """Enrolled is enrolled."""
    fresh.server.faults = [Fault.NONE, Fault.UNREACHABLE, Fault.UNREACHABLE, Fault.UNREACHABLE]
    fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    assert fresh.wallet.balance().offline_left.minor == 0
    assert fresh.wallet.scan(fresh.request_text()).pay().outcome is Outcome.SETTLED


def test_a_token_is_renewed_a_day_before_its_end(world: World) -> None:
    """And closed at what was spent under it."""
    pay_offline(world)
    before = world.store.token()
    assert before is not None
    assert world.wallet.sync().renewal is Renewal.NOT_NEEDED
    world.clock.advance(48 * 3600)
    report = world.wallet.sync()
    assert report.renewal is Renewal.RENEWED
    assert world.server.closed_at_minor == {before.token_id: 1250}
    assert report.balance.offline_left.minor == 20_000


def test_a_low_allowance_is_renewed(world: World) -> None:
    """Three quarters spent is low."""
    for _ in range(3):
        pay_offline(world, amount_minor=5_000)
    assert world.wallet.sync().renewal is Renewal.NOT_NEEDED
    pay_offline(world, amount_minor=100)
    assert world.wallet.sync().renewal is Renewal.RENEWED


def test_a_renewal_whose_answer_was_lost_is_repeated_byte_for_byte(world: World) -> None:
    """Meanwhile nothing is spent offline: the issuer may have closed the token already. (R-63)"""
    world.clock.advance(48 * 3600)
    world.server.faults = [*[Fault.NONE] * 5, *[Fault.LOST_AFTER] * 3]
    with pytest.raises(UnavailableError):
        world.wallet.sync()
    with pytest.raises(MisuseError) as misuse:
        pay_offline(world)
    assert misuse.value.code is ErrorCode.NO_ALLOWANCE
    assert world.reopened().sync().renewal is Renewal.RENEWED
    assert len({request.body for request in world.server.paths(api.PATH_TOKENS)}) == 1
    assert len(world.server.tokens) == 2
    assert pay_offline(world)[0].outcome is Outcome.OFFLINE


def test_a_refused_renewal_keeps_the_old_token_closed(world: World) -> None:
    """The refusal may be forged and the signed closing kept: a later intent beside it would look like fraud. (R-63)

    The next try has another id and the same sum, and brings a token.
    """
    world.clock.advance(48 * 3600)
    world.server.refuse_tokens = RuleViolationError(ErrorCode.INSUFFICIENT_FUNDS, "no")
    with pytest.raises(RuleViolationError):
        world.wallet.sync()
    with pytest.raises(MisuseError) as misuse:
        pay_offline(world)
    assert misuse.value.code is ErrorCode.NO_ALLOWANCE
    world.server.refuse_tokens = None
    assert world.reopened().sync().renewal is Renewal.RENEWED
    requests = [open_unverified(sent.body, TokenRequest).message for sent in world.server.paths(api.PATH_TOKENS)[-2:]]
    assert requests[0].issue_id != requests[1].issue_id
    assert requests[0].closing == requests[1].closing
    assert requests[0].token_key == requests[1].token_key
    assert pay_offline(world)[0].outcome is Outcome.OFFLINE


def test_a_renewal_whose_answer_came_when_its_token_had_died_is_closed_and_repeated(world: World) -> None:
    """Lost answer, four days without network, another process: the wallet pays again, and no money is left behind."""
    world.clock.advance(60 * 3600)
    world.server.faults = [Fault.NONE] * 5 + [Fault.LOST_AFTER] * 3
    with pytest.raises(UnavailableError):
        world.wallet.sync()
    assert world.store.pending_issue() is not None
    world.clock.advance(100 * 3600)
    later = world.reopened()
    assert later.sync().renewal is Renewal.RENEWED
    assert world.store.pending_issue() is None
    assert later.balance().offline_left.minor == 20_000
    assert len(world.server.tokens) == 3
    assert list(world.server.closed_at_minor.values()) == [0, 0]
    assert later.scan(world.request_text()).pay().outcome is Outcome.SETTLED


def test_a_renewal_that_another_process_has_sent_is_not_withdrawn(world: World) -> None:
    """Its answer was lost there. Here no byte left; the old token must stay closed all the same."""
    other = world.reopened()

    class OtherSendsFirst:
        def send(self, request: HttpRequest) -> HttpAnswer:
            if request.path != api.PATH_TOKENS:
                return world.network.send(request)
            world.server.faults = [Fault.LOST_AFTER] * 3
            with pytest.raises(UnavailableError):
                run(obtain_token(other._parts), other._driver)
            raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "no connection")

        def close(self) -> None:
            """Nothing to give back."""

    driver = ThreadDriver(OtherSendsFirst(), world.clock, world.naps_s.append)
    with pytest.raises(UnavailableError):
        run(obtain_token(world.wallet._parts), driver)
    assert world.server.closed_at_minor
    assert world.store.pending_issue() is not None
    with pytest.raises(MisuseError) as refused:
        world.wallet.scan(world.request_text()).pay(PayMode.OFFLINE)
    assert refused.value.code is ErrorCode.NO_ALLOWANCE


def test_a_renewal_in_doubt_does_not_put_the_payment_in_doubt(world: World) -> None:
    """Nothing of the payment was signed: the payer must not be told that it may be charged."""
    world.clock.advance(73 * 3600)
    world.server.faults = [Fault.NONE, *[Fault.LOST_AFTER] * 3]
    with pytest.raises(UnavailableError) as lost:
        world.wallet.scan(world.request_text()).pay()
    assert lost.value.outcome is MoneyOutcome.NOT_CHARGED
    assert not list(world.wallet.history())
    assert not world.server.paths(api.PATH_INTENTS)


def test_a_renewal_that_never_left_does_not_stop_offline_payments(world: World) -> None:
    """The old token is not closed by a request that nobody got."""
    world.clock.advance(48 * 3600)
    world.server.faults = [*[Fault.NONE] * 4, *[Fault.UNREACHABLE] * 3]
    with pytest.raises(UnavailableError):
        world.wallet.sync()
    assert pay_offline(world)[0].outcome is Outcome.OFFLINE


def test_an_expired_token_pays_nothing_offline_and_is_renewed_online(world: World) -> None:
    """Refused before anything is reserved; with a network the payer notices nothing."""
    world.clock.advance(73 * 3600)
    with pytest.raises(RuleViolationError) as refused:
        world.wallet.scan(qr.to_text(_request_now(world))).pay(PayMode.OFFLINE)
    assert refused.value.code is ErrorCode.EXPIRED
    assert world.wallet.scan(qr.to_text(_request_now(world))).pay().outcome is Outcome.SETTLED


# --- receipts ---


def test_the_terminals_receipt_makes_a_payment_accepted(world: World) -> None:
    """Signed by the very terminal that asked; the issuer's receipt comes later and settles it."""
    payment, request = pay_offline(world)
    receipt = receipt_for(world, payment, request)
    accepted = world.wallet.scan_receipt(qr.to_text(seal(receipt, world.scheme.terminal).envelope))
    assert (accepted.outcome, accepted.digest) == (Outcome.ACCEPTED_OFFLINE, payment.digest)
    record = world.store.consent(payment.digest)
    assert record is not None
    world.server.capture(record.envelope, request)
    (settled,) = world.wallet.sync().resolved
    assert (settled.outcome, settled.digest) == (Outcome.SETTLED, payment.digest)


def test_the_issuers_receipt_shown_by_the_terminal_settles(world: World) -> None:
    """The wallet without network learns it from the terminal's screen."""
    payment, request = pay_offline(world)
    record = world.store.consent(payment.digest)
    assert record is not None
    receipt = world.server.capture(record.envelope, request)
    world.network.switch(NetworkSwitch.OFF)
    assert world.wallet.scan_receipt(qr.to_text(receipt)).outcome is Outcome.SETTLED


def test_receipts_of_others_and_over_other_amounts_are_refused(world: World) -> None:
    """A stranger's key, a wrong amount, a payment that is not ours: nothing changes. (R-64)"""
    payment, request = pay_offline(world)
    good = receipt_for(world, payment, request)
    stranger = world.scheme.new_signer()
    changed = Receipt(
        terminal_id=good.terminal_id,
        request_id=good.request_id,
        consent_digest=good.consent_digest,
        amount_minor=good.amount_minor + 1,
        currency=good.currency,
        state=good.state,
        at_s=good.at_s,
    )
    foreign = world.server.receipt(good.request_id, type(payment.digest)(b"x" * 32), amount_minor=1250)
    for envelope, expected in (
        (seal(good, stranger).envelope, ErrorCode.UNKNOWN_SIGNER),
        (seal(changed, world.scheme.terminal).envelope, ErrorCode.AMOUNT_MISMATCH),
        (foreign.envelope, ErrorCode.UNKNOWN_PAYMENT),
    ):
        with pytest.raises(RuleViolationError) as refused:
            world.wallet.scan_receipt(qr.to_text(envelope))
        assert refused.value.code is expected
    assert world.wallet.payment(payment.digest).outcome is Outcome.OFFLINE


def test_a_terminal_cannot_speak_for_the_issuer(world: World) -> None:
    """Its receipt for an online payment proves nothing."""
    world.server.faults = [Fault.LOST_BEFORE] * 6
    request = world.request()
    payment = world.wallet.scan(qr.to_text(request.envelope)).pay()
    receipt = receipt_for(world, payment, request.envelope)
    with pytest.raises(RuleViolationError) as refused:
        world.wallet.scan_receipt(qr.to_text(seal(receipt, world.scheme.terminal).envelope))
    assert refused.value.code is ErrorCode.WRONG_ROLE
    assert world.wallet.payment(payment.digest).outcome is Outcome.UNKNOWN


# --- codes ---


def test_a_code_is_good_for_a_minute_and_uses_a_counter(world: World) -> None:
    """No network needed; its ceiling is the token's limit unless a lower one is given."""
    world.network.switch(NetworkSwitch.OFF)
    first, second = world.wallet.present_code(), world.wallet.present_code(ceiling_minor=900)
    assert (first.ceiling.minor, second.ceiling.minor) == (5_000, 900)
    assert first.expires_at_s == world.clock.now_ms() // 1000 + 60
    codes = [open_unverified(qr.from_text(code.qr.text), PaymentCode).message for code in (first, second)]
    assert [code.counter for code in codes] == [1, 2]
    assert list(world.wallet.history()) == []
    with pytest.raises(MisuseError):
        world.wallet.present_code(ceiling_minor=0)


def test_a_used_code_is_found_with_its_amount(world: World) -> None:
    """By asking, and afterwards in the history."""
    code = world.wallet.present_code()
    assert world.wallet.outcome_of(code).outcome is Outcome.PRESENTED
    world.server.settle_code(code.digest, amount_minor=700)
    paid = world.wallet.outcome_of(code, wait_s=5)
    assert (paid.outcome, paid.amount.minor) == (Outcome.SETTLED, 700)
    assert [payment.amount.minor for payment in world.wallet.history()] == [700]


def test_an_unused_code_is_written_off_when_nobody_can_use_it_any_more(world: World) -> None:
    """Ten minutes after its end, by the issuer's word that it never heard of it."""
    world.wallet.present_code()
    assert world.wallet.sync().open_count == 1
    world.clock.advance(60 + 600)
    report = world.wallet.sync()
    assert ([payment.outcome for payment in report.resolved], report.open_count) == ([Outcome.EXPIRED], 0)


# --- catching up ---


def test_an_online_payment_that_never_arrived_expires_and_an_offline_one_a_month_later(world: World) -> None:
    """Online is refused after its time; offline claims come up to 30 days late, and not later. (R-65)"""
    world.server.faults = [Fault.LOST_BEFORE] * 6
    lost = world.wallet.scan(world.request_text()).pay()
    offline, _ = pay_offline(world)
    world.clock.advance(120 + 600)
    world.wallet.sync()
    assert world.wallet.payment(lost.digest).outcome is Outcome.EXPIRED
    assert world.wallet.payment(offline.digest).outcome is Outcome.OFFLINE
    assert world.store.unresolved()[0].digest == offline.digest
    world.clock.advance(30 * 24 * 3600 - 900)
    world.wallet.sync()
    assert world.wallet.payment(offline.digest).outcome is Outcome.OFFLINE
    world.clock.advance(900)
    assert world.wallet.sync().resolved[0].outcome is Outcome.EXPIRED
    assert not world.store.unresolved()


def test_trust_moves_forward_only(world: World) -> None:
    """A newer bundle is kept, an older one is refused for ever."""
    world.server.bundle_version = 3
    assert world.wallet.sync().trust_version == 3
    world.server.bundle_version = 2
    with pytest.raises(RuleViolationError) as refused:
        world.reopened().sync()
    assert refused.value.code is ErrorCode.TRUST_ROLLED_BACK


def test_a_balance_never_asked_for_is_not_zero(fresh: World) -> None:
    """Enrolled, and then the network went away."""
    fresh.server.faults = [Fault.NONE, *[Fault.UNREACHABLE] * 3]
    fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    assert (fresh.wallet.balance().available, fresh.wallet.balance().as_of_s) == (None, None)


def test_balance_is_the_issuers_last_word_with_its_time(world: World) -> None:
    """However old it is."""
    world.clock.advance(60)
    asked_at_s = world.clock.now_ms() // 1000
    world.wallet.sync()
    world.clock.advance(60)
    known = world.wallet.balance()
    assert known.available is not None
    assert (str(known.available), known.as_of_s) == ("1000.00 EUR", asked_at_s)


def test_the_token_request_asks_for_the_chosen_allowance(fresh: World) -> None:
    """The issuer gives at most its policy."""
    fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE", allowance_minor=3_000)
    (request,) = fresh.server.paths(api.PATH_TOKENS)
    assert open_unverified(request.body, TokenRequest).message.total_max_minor == 3_000
    assert fresh.wallet.balance().offline_left.minor == 3_000


def test_unless_the_payer_chose_half_of_all_is_asked_for(fresh: World) -> None:
    """The rest stays for online payments; at a renewal the old token's unspent part counts as balance."""
    fresh.server.available_minor = 3_001
    fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    pay_offline(fresh, amount_minor=1_400)
    fresh.wallet.sync()
    asked = [
        open_unverified(request.body, TokenRequest).message.total_max_minor
        for request in fresh.server.paths(api.PATH_TOKENS)
    ]
    assert asked == [1_500, (3_001 + 100) // 2]


def _request_now(world: World) -> Envelope:
    """A request with a certificate of today."""
    world.scheme.now_s = world.clock.now_ms() // 1000
    return world.scheme.request().envelope
