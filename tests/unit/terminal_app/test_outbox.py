"""Store and forward: nothing leaves the queue but by a durable answer, and nothing is asked in a circle."""

from itertools import pairwise

import pytest

from terminal_app.core import Lane
from terminal_app.errands import Purpose
from terminal_app.outbox import PAUSE_MS_MAX, PAUSE_MS_MIN, REFRESH_MS
from terminal_app.sale import Reach
from terminal_app.screen_model import NetworkSwitch, NextSale, ScanAnswer, SendNow
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import limits, qr
from wallet_sdk.protocol.api import PATH_CAPTURES, PATH_DENYLIST, CaptureAnswer
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import RequestId, TerminalId
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.states import State


def store(shop: Shop, count: int) -> list[RequestId]:
    """Accept so many payments offline, the fast way, and leave the till offline on the keypad."""
    shop.go_offline()
    accepted = []
    token = shop.token(total_max_minor=count * 10, count_max=count)
    for counter in range(1, count + 1):
        sale = shop.till.open_request(amount_minor=10)
        intent = shop.answer(sale.request, token=token, counter=counter, cumulative_minor=10 * counter)
        shop.till.accept_scan(qr.to_text(intent.envelope), reach=Reach.OFFLINE)
        accepted.append(sale.request_id)
    return accepted


def test_a_thousand_payments_survive_a_cut_and_are_sent_once_in_sequence(shop: Shop) -> None:
    """Accepted, the program dies, the answer to the batch is lost, and still each is paid exactly once, in sequence."""
    accepted = store(shop, 1000)
    shop.restart()
    assert list(shop.till.views.stored) == accepted
    shop.server.road = Road.LOST_AFTER
    shop.do(SendNow())
    shop.run()
    assert len(shop.till.views.stored) == 1000
    shop.server.road = Road.CLEAR
    shop.do(SendNow())
    shop.run()
    assert not shop.till.views.stored
    assert shop.till.views.stored_minor == 0
    assert len(shop.server.receipts) == 1000
    sent = [request_id for batch in shop.server.captures for request_id in batch]
    assert list(dict.fromkeys(sent)) == accepted
    shop.restart()
    assert not shop.till.views.stored


def test_one_receipt_of_the_operator_closes_a_batch(shop: Shop) -> None:
    """Each sale is captured, the receipt is in the journal once, and a restart finds the same. (R-128)"""
    accepted = store(shop, 3)
    shop.switch(NetworkSwitch.ON)
    assert not shop.till.views.stored
    sales = [shop.till.views.sale(one) for one in accepted]
    assert [(one.state, one.paid_minor, one.receipt) for one in sales] == [(State.CAPTURED, 10, None)] * 3
    assert all(one.offline_receipt for one in sales), "what the payer is shown and what is printed"
    shop.restart()
    assert [shop.till.views.sale(one).state for one in accepted] == [State.CAPTURED] * 3
    assert (shop.till.views.stored_minor, len(shop.server.captures)) == (0, 1)


@pytest.mark.parametrize("wrong", ["signer", "terminal", "left out"])
def test_a_batch_that_somebody_else_calls_paid_stays_in_the_queue(shop: Shop, wrong: str) -> None:
    """Not signed by the receipt key, for another terminal, or without the intent: nothing is closed by it. (R-128)"""
    accepted = store(shop, 3)
    if wrong == "signer":
        shop.server.batch_signer = shop.scheme.token_issuer
    elif wrong == "terminal":
        shop.server.batch_terminal = TerminalId(77)
    else:
        digest = shop.till.views.sale(accepted[1]).consent_digest
        assert digest is not None
        shop.server.left_out = frozenset({digest})
    shop.switch(NetworkSwitch.ON)
    assert list(shop.till.views.stored) == ([accepted[1]] if wrong == "left out" else accepted)
    shop.server.batch_signer, shop.server.batch_terminal, shop.server.left_out = None, None, frozenset()
    shop.do(SendNow())
    shop.run()
    assert not shop.till.views.stored


def test_no_batch_is_larger_than_the_protocol_allows(shop: Shop) -> None:
    """1,100 claims go in two batches."""
    store(shop, 1100)
    shop.switch(NetworkSwitch.ON)
    assert [len(batch) for batch in shop.server.captures] == [limits.BATCH_CLAIMS_MAX, 1100 - limits.BATCH_CLAIMS_MAX]


def test_pauses_grow_and_are_bounded(shop: Shop) -> None:
    """Without network the till asks ever more rarely, but at least once a minute, and never in a circle."""
    store(shop, 1)
    shop.server.road = Road.DOWN
    shop.switch(NetworkSwitch.ON)
    pauses = []
    for _ in range(10):
        pause_ms = shop.outbox.due_in_ms()
        assert pause_ms is not None
        pauses.append(pause_ms)
        shop.clock.advance(pause_ms / 1000 + 0.001)
        shop.core.tick()
        shop.run()
    assert PAUSE_MS_MIN * 0.8 <= pauses[0] <= PAUSE_MS_MIN
    assert all(before < after for before, after in pairwise(pauses[:6]))
    assert PAUSE_MS_MAX * 0.8 <= pauses[-1] <= PAUSE_MS_MAX
    assert len(shop.till.views.stored) == 1


def test_one_claim_that_the_server_cannot_read_holds_nobody_up(shop: Shop) -> None:
    """The batch is halved down to the bad one; that is held and shown; the others are paid."""
    accepted = store(shop, 5)
    bad = accepted[2]
    shop.server.unreadable = bad
    shop.switch(NetworkSwitch.ON)
    assert list(shop.till.views.stored) == [bad]
    assert [sale.held_code for sale in shop.snapshot.disputed] == [ErrorCode.WRONG_TERMINAL]
    calls = len(shop.server.calls)
    shop.wait(120)
    assert len(shop.server.calls) - calls <= 3, "a held claim is not asked about again and again"
    shop.server.unreadable = None
    shop.do(SendNow())
    shop.run()
    assert not shop.till.views.stored
    assert not shop.snapshot.disputed


def test_a_blocked_shop_keeps_its_queue_and_is_paid_when_it_is_unblocked(shop: Shop) -> None:
    """One call for all and not one for each; each says why it waits; an hour later they are tried again. (R-130)"""
    accepted = store(shop, 40)
    shop.server.refuse = ErrorCode.MERCHANT_BLOCKED
    shop.switch(NetworkSwitch.ON)
    assert list(shop.till.views.stored) == accepted
    assert {shop.till.views.sale(one).held_code for one in accepted} == {ErrorCode.MERCHANT_BLOCKED}
    assert sum(call.endswith(PATH_CAPTURES) for call in shop.server.calls) == 1
    shop.restart()
    shop.server.refuse = None
    shop.clock.advance(REFRESH_MS / 1000)
    shop.core.tick()
    shop.run()
    assert not shop.till.views.stored
    assert len(shop.server.receipts) == 40


def test_a_claim_from_the_servers_future_is_kept_until_its_time_has_come(shop: Shop) -> None:
    """The till's clock ran ahead: not a final refusal, so the merchant must not lose it. Tried again by itself."""
    store(shop, 1)
    shop.server.forget_with = ErrorCode.NOT_YET_VALID
    shop.switch(NetworkSwitch.ON)
    assert len(shop.till.views.stored) == 1
    assert [sale.held_code for sale in shop.snapshot.disputed] == [ErrorCode.NOT_YET_VALID]
    length = shop.journal.length
    shop.do(SendNow())
    shop.run()
    assert shop.journal.length == length, "the same again is no new fact"
    shop.restart()
    shop.run()
    assert len(shop.till.views.stored) == 1
    shop.server.forget_with = None
    shop.clock.advance(REFRESH_MS / 1000)
    shop.core.tick()
    shop.run()
    assert not shop.till.views.stored
    assert not shop.snapshot.disputed


def test_an_answer_that_decides_nothing_is_not_asked_for_in_a_circle(shop: Shop) -> None:
    """REQUESTED for a claim and for a closure: both stay, with a pause before the next try."""
    store(shop, 1)
    shop.till.open_request(amount_minor=10)
    shop.restart()
    shop.server.undecided = True
    shop.do(SendNow())
    shop.run()
    calls = len(shop.server.calls)
    assert calls < 20
    shop.wait(10)
    further = [path for path in shop.server.calls[calls:] if not path.startswith(PATH_DENYLIST)]
    assert len(further) <= 8
    shop.server.undecided = False
    shop.do(SendNow())
    shop.run()
    assert (len(shop.till.views.stored), len(shop.till.views.closures)) == (0, 0)


def test_an_unbelievable_answer_to_a_closure_holds_no_money_up(shop: Shop) -> None:
    """Closures go first; one that gets nowhere must not keep the captures behind it for ever."""
    store(shop, 3)
    request = shop.till.open_request(amount_minor=10).request
    shop.server.pay_online(request)
    shop.server.receipts[request.message.request_id] = shop.server.pay_online(shop.scheme.request())
    shop.restart()
    shop.do(SendNow())
    shop.run()
    shop.wait(5)
    assert not shop.till.views.stored
    assert len(shop.till.views.closures) == 1


def test_a_receipt_of_a_newer_operator_key_is_believed_after_the_bundle_was_fetched(shop: Shop) -> None:
    """The operator has rotated its receipt key: the till asks for the bundle before it asks about the claim again."""
    store(shop, 2)
    shop.wait(1)
    shop.scheme.receipt_signer = SoftwareSigner(b"\x05" * 32)
    shop.server.bundle_version += 1
    shop.switch(NetworkSwitch.ON)
    shop.wait(10)
    assert not shop.till.views.stored
    assert shop.credentials.trust.bundle.message.version == 2


def test_a_refused_closure_waits_without_a_circle(shop: Shop) -> None:
    """A server that refuses a closure is asked again later; captures go on meanwhile."""
    store(shop, 1)
    shop.till.open_request(amount_minor=10)
    shop.restart()
    assert len(shop.till.views.closures) == 1
    shop.server.refuse = ErrorCode.NOT_AUTHORIZED
    shop.do(SendNow())
    shop.run()
    calls = len(shop.server.calls)
    shop.wait(50)
    assert len(shop.server.calls) - calls <= 3
    assert len(shop.till.views.closures) == 1
    shop.server.refuse = None
    shop.do(SendNow())
    shop.run()
    assert not shop.till.views.closures
    assert not shop.till.views.stored


def test_the_certificate_is_renewed_at_half_its_life(shop: Shop) -> None:
    """Less than half of 24 hours left: a fresh one is asked for, once."""
    first = shop.credentials.membership.certificate.message.not_before_s
    shop.clock.advance(12 * 3600)
    shop.scheme.now_s += 12 * 3600
    shop.server.bundle_version += 1
    shop.core.tick()
    shop.run()
    assert shop.credentials.membership.certificate.message.not_before_s == first + 12 * 3600
    assert shop.server.calls.count("/v1/certificates") == 1


def test_a_clock_that_runs_ahead_asks_for_one_certificate_an_hour(shop: Shop) -> None:
    """Even a fresh certificate looks old to it; found by the state machine as a circle without end."""
    shop.clock.jump(20 * 3600)
    shop.do(SendNow())
    shop.run()
    shop.wait(120)
    assert shop.server.calls.count("/v1/certificates") == 1


def test_a_newer_bundle_is_taken_and_an_older_one_refused(shop: Shop) -> None:
    """The bundle is refreshed each hour; a rollback changes nothing, for ever."""
    shop.server.bundle_version = 3
    shop.clock.advance(REFRESH_MS / 1000 + 1)
    shop.core.tick()
    shop.run()
    assert shop.credentials.trust.bundle.message.version == 3
    shop.server.bundle_version = 2
    shop.clock.advance(REFRESH_MS / 1000 + 1)
    shop.core.tick()
    shop.run()
    assert shop.refusal is None
    assert shop.credentials.trust.bundle.message.version == 3
    shop.restart()
    assert shop.credentials.trust.bundle.message.version == 3


def test_an_answer_that_does_not_fit_empties_nothing(shop: Shop) -> None:
    """Not one outcome for each claim: all of them stay."""
    store(shop, 2)
    shop.switch(NetworkSwitch.ON)
    assert not shop.till.views.stored
    store(shop, 2)
    errand = shop.outbox.next_errand() or shop.outbox.next_errand()
    assert errand is not None
    assert errand.purpose is Purpose.CAPTURE
    shop.outbox.take(errand, CaptureAnswer(outcomes=()))
    assert len(shop.till.views.stored) == 2


def test_the_counter_and_the_outbox_do_not_ask_about_one_sale_at_once(shop: Shop) -> None:
    """While the counter waits for a capture, the outbox leaves that sale alone."""
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)
    shop.core.tick()
    assert len(shop.lanes.of(Lane.COUNTER)) == 1
    assert not shop.lanes.of(Lane.OUTBOX)
    shop.run()
    assert shop.sale.state is State.CAPTURED
    shop.do(NextSale())


@pytest.mark.parametrize("road", [Road.LOST_BEFORE, Road.LOST_AFTER, Road.GARBLED, Road.DOWN])
def test_closures_settle_once_the_road_is_clear(shop: Shop, road: Road) -> None:
    """However the network fails, the closure stays until it is answered."""
    shop.show_code()
    shop.restart()
    shop.server.road = road
    shop.run()
    assert len(shop.till.views.closures) == 1
    shop.server.road = Road.CLEAR
    shop.wait(61)
    assert not shop.till.views.closures
