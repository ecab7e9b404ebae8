"""Deposits: held online, taken in part, let go, and never offline. (R-119, R-121)"""

import pytest

from tests.unit.wallet_sdk.world import World
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, UnavailableError
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.states import State
from wallet_sdk.store import Outcome
from wallet_sdk.transport import NetworkSwitch
from wallet_sdk.wallet import Payment, PayMode, Quote


def quote_of(world: World) -> Quote:
    """A deposit of 80.00 that is held for two days."""
    world.scheme.now_s = world.clock.now_ms() // 1000
    request = world.scheme.request(amount_minor=8_000, reference="R-4", hold_h=48)
    return world.wallet.scan(qr.to_text(request.envelope))


def held(world: World) -> Payment:
    """The same, consented to and held."""
    world.server.settles_as = State.AUTHORIZED
    return quote_of(world).pay()


def learned(world: World, payment: Payment, answer: api.PaymentAnswer) -> Payment:
    """What the wallet holds after it has asked once more."""
    world.server.settled[payment.digest] = answer
    world.wallet.sync()
    return next(iter(world.wallet.history()))


def answer_of(world: World, payment: Payment, state: State, *, amount_minor: int) -> api.PaymentAnswer:
    """The issuer's word about the deposit, later."""
    request_id = RequestId(api.from_base64url(world.server.settled[payment.digest].request_id))
    world.server.settles_as = state
    receipt = world.server.receipt(request_id, payment.digest, amount_minor=amount_minor)
    return api.PaymentAnswer(
        request_id=api.to_base64url(request_id), state=state.name, receipt=api.to_base64url(receipt.envelope)
    )


def test_a_deposit_says_so_before_it_is_paid(world: World) -> None:
    """The payer sees for how long; an ordinary request holds nothing."""
    assert quote_of(world).hold_h == 48
    assert world.wallet.scan(world.request_text()).hold_h == 0


def test_a_held_deposit_shows_the_issuers_receipt(world: World) -> None:
    """Not settled: it is asked about until it is."""
    payment = held(world)
    assert (payment.outcome, payment.amount.minor) == (Outcome.HELD, 8_000)
    assert payment.qr is not None
    assert qr.from_text(payment.qr.text) == payment.receipt
    assert [record.digest for record in world.store.unresolved()] == [payment.digest]


def test_a_part_is_taken_and_the_payment_is_of_that_part(world: World) -> None:
    """The receipt over the part replaces the one over the whole."""
    payment = held(world)
    after = learned(world, payment, answer_of(world, payment, State.CAPTURED, amount_minor=3_000))
    assert (after.outcome, after.amount.minor) == (Outcome.SETTLED, 3_000)
    assert world.store.unresolved() == ()


def test_more_than_was_held_is_not_believed(world: World) -> None:
    """An answer that proves nothing changes nothing."""
    payment = held(world)
    after = learned(world, payment, answer_of(world, payment, State.CAPTURED, amount_minor=8_001))
    assert (after.outcome, after.amount.minor) == (Outcome.HELD, 8_000)


@pytest.mark.parametrize("state", [State.VOIDED, State.EXPIRED])
def test_a_deposit_let_go_costs_nothing(world: World, state: State) -> None:
    """By the terminal, or by time."""
    payment = held(world)
    after = learned(world, payment, answer_of(world, payment, state, amount_minor=8_000))
    assert after.outcome is Outcome.DECLINED


def test_a_deposit_is_not_let_go_by_a_word_without_a_signature(world: World) -> None:
    """Nor forgotten, however late: the issuer has signed that it holds it."""
    payment = held(world)
    request_id = world.server.settled[payment.digest].request_id
    said = api.PaymentAnswer(request_id=request_id, state=State.VOIDED.name)
    assert learned(world, payment, said).outcome is Outcome.HELD
    del world.server.settled[payment.digest]
    world.clock.advance(60 * 24 * 3600)
    world.wallet.sync()
    assert next(iter(world.wallet.history())).outcome is Outcome.HELD


def test_no_deposit_is_held_offline(world: World) -> None:
    """Neither when the payer wants it so nor because there is no network; nothing is signed."""
    quote = quote_of(world)
    with pytest.raises(RuleViolationError) as refused:
        quote.pay(PayMode.OFFLINE)
    assert refused.value.code is ErrorCode.ONLINE_ONLY
    world.network.switch(NetworkSwitch.OFF)
    with pytest.raises(UnavailableError):
        quote.pay()
    assert all(payment.outcome is not Outcome.OFFLINE for payment in world.wallet.history())
