"""The flows as a cashier sees them, with every call let go by hand."""

import pytest

from terminal_app.core import Lane, Place
from terminal_app.screen_model import (
    Cancel,
    CheckAgain,
    NetworkState,
    NetworkSwitch,
    NextSale,
    ScanAnswer,
    ScanCustomer,
    SendNow,
    ShowCode,
    ShowReceipt,
)
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import AuthorizationMode
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_receipt


def accept_offline(shop: Shop, amount_minor: int = 1250) -> None:
    """One sale with both sides offline, up to the result."""
    request = shop.show_code(amount_minor)
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)


def test_enrolment_leads_to_the_keypad_and_says_where_we_are(shop: Shop) -> None:
    """After joining, the bar names the shop and the till, and the network is known to be there."""
    now = shop.snapshot
    assert (now.place, now.shop, now.till) == (Place.KEYPAD, "Café Mole", "2001")
    assert now.network is NetworkState.ONLINE


def test_a_shown_code_paid_online_is_heard_by_long_poll(shop: Shop) -> None:
    """Flow A: the payer pays at the server; the till shows PAID on the verified receipt."""
    request = shop.show_code()
    assert shop.snapshot.remaining_s == 120
    shop.server.pay_online(request)
    shop.run(Lane.LISTEN)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.CAPTURED)
    shop.do(NextSale())
    assert shop.place == Place.KEYPAD
    assert shop.snapshot.result is not None


def test_listening_makes_no_busy_loop(shop: Shop) -> None:
    """A server that answers every long poll at once is asked at most twice a second."""
    shop.show_code()
    shop.run(Lane.LISTEN)
    assert not shop.lanes.of(Lane.LISTEN)
    due_in_ms = shop.core.due_in_ms()
    assert due_in_ms is not None
    assert due_in_ms >= 500


def test_an_operators_receipt_scanned_without_network_is_paid(shop: Shop) -> None:
    """Flow A, terminal offline: the payer's receipt is proof enough."""
    shop.go_offline()
    request = shop.show_code()
    receipt = shop.server.pay_online(request)
    shop.do(ScanAnswer())
    assert shop.scanner.is_looking
    shop.scan(receipt.envelope)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.CAPTURED)
    assert not shop.scanner.is_looking


def test_a_code_is_captured_online(shop: Shop) -> None:
    """Flow B: the customer's code, the network, PAID."""
    shop.do(ScanCustomer(amount_minor=900))
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    assert shop.place is Place.VERIFYING
    shop.run(Lane.COUNTER)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.CAPTURED)


def test_a_declined_code_is_not_paid(shop: Shop) -> None:
    """Flow B: the server declines; nobody else has seen the request, so that is the end."""
    shop.server.decline = ErrorCode.INSUFFICIENT_FUNDS
    shop.do(ScanCustomer(amount_minor=900))
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.run(Lane.COUNTER)
    assert (shop.sale.state, shop.sale.error_code) == (State.DECLINED, ErrorCode.INSUFFICIENT_FUNDS)


def test_a_code_without_network_is_refused_and_the_scan_goes_on(shop: Shop) -> None:
    """Flow B needs the network: nothing is written, nothing is sent. (R-70)"""
    shop.go_offline()
    shop.do(ScanCustomer(amount_minor=900))
    length = shop.journal.length
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    assert (shop.refusal, shop.place, shop.journal.length) == (ErrorCode.ONLINE_ONLY, Place.SCAN, length)


def test_a_cancelled_scan_that_nobody_saw_needs_no_server(shop: Shop) -> None:
    """A request that never left the till is cancelled at once, offline too."""
    shop.go_offline()
    shop.do(ScanCustomer(amount_minor=900))
    shop.do(Cancel())
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.CANCELED)
    assert not shop.till.views.closures


def test_both_offline_is_accepted_stored_and_sent_later(shop: Shop) -> None:
    """Flow C: ACCEPTED OFFLINE with our receipt; the network comes back; the queue empties to PAID."""
    shop.go_offline()
    accept_offline(shop)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.AUTHORIZED)
    assert (shop.snapshot.stored_count, shop.snapshot.stored_minor) == (1, 1250)
    own = shop.sale.offline_receipt
    assert own is not None
    receipt = verify_receipt(own, shop.scheme.trust(), terminal_key=shop.server.terminal_key)
    assert (receipt.message.state, receipt.message.amount_minor) == (State.AUTHORIZED, 1250)
    shop.do(ShowReceipt())
    assert shop.place is Place.RECEIPT
    shop.do(NextSale())
    shop.switch(NetworkSwitch.ON)
    assert shop.snapshot.stored_count == 0
    assert [sale.state for sale in shop.till.views.sales.values()] == [State.CAPTURED]


def test_an_offline_intent_scanned_online_is_paid_at_once(shop: Shop) -> None:
    """Online, an OFFLINE intent is journaled, captured, and PAID."""
    accept_offline(shop)
    assert shop.sale.is_stored
    assert shop.place is Place.VERIFYING
    shop.run(Lane.COUNTER)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.CAPTURED)


@pytest.mark.parametrize("road", [Road.DOWN, Road.LOST_BEFORE, Road.LOST_AFTER, Road.GARBLED])
def test_an_offline_intent_whose_capture_is_not_answered_is_accepted_offline(shop: Shop, road: Road) -> None:
    """The answer is lost in any way: it was journaled before it was sent, so it is ACCEPTED OFFLINE, then PAID."""
    accept_offline(shop)
    shop.server.road = road
    shop.run(Lane.COUNTER)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.AUTHORIZED)
    shop.server.road = Road.CLEAR
    shop.do(SendNow())
    shop.run()
    assert shop.sale.state is State.CAPTURED
    assert len(shop.server.receipts) == 1


@pytest.mark.parametrize("road", [Road.LOST_BEFORE, Road.LOST_AFTER, Road.GARBLED])
def test_a_code_without_an_answer_is_unknown_until_the_server_says(shop: Shop, road: Road) -> None:
    """Never "failed": UNKNOWN, asked again, and then the truth. (R-79)"""
    shop.do(ScanCustomer(amount_minor=900))
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.server.road = road
    shop.run(Lane.COUNTER)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.UNKNOWN)
    shop.server.road = Road.CLEAR
    shop.wait(5)
    assert shop.sale.state is State.CAPTURED
    assert len(shop.server.receipts) == 1


def test_a_code_without_a_word_for_a_minute_is_closed(shop: Shop) -> None:
    """After 60 s the request is closed, and then the server's word counts: nothing was charged."""
    shop.do(ScanCustomer(amount_minor=900))
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.server.road = Road.LOST_BEFORE
    shop.wait(70)
    assert (shop.sale.state, shop.sale.awaits_closure) == (State.UNKNOWN, True)
    shop.server.road = Road.CLEAR
    shop.wait(90)
    assert shop.sale.state is State.CANCELED
    assert not shop.server.receipts


def test_a_code_that_never_left_is_not_paid(shop: Shop) -> None:
    """Not one byte left: that much is certain, and the sale is NOT PAID."""
    shop.do(ScanCustomer(amount_minor=900))
    shop.server.road = Road.DOWN
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.run(Lane.COUNTER)
    assert (shop.sale.state, shop.sale.error_code) == (State.DECLINED, ErrorCode.NETWORK_UNREACHABLE)


def test_an_online_intent_is_captured_when_online(shop: Shop) -> None:
    """An intent that only the server may accept goes to the server."""
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request, cumulative_minor=0, mode=AuthorizationMode.ONLINE).envelope)
    assert not shop.sale.is_stored
    shop.run(Lane.COUNTER)
    assert shop.sale.state is State.CAPTURED


def test_an_online_intent_that_never_left_leaves_the_request_open(shop: Shop) -> None:
    """The code is shown again, with the reason, and another answer is taken."""
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.server.road = Road.DOWN
    shop.scan(shop.answer(request, cumulative_minor=0, mode=AuthorizationMode.ONLINE).envelope)
    shop.run(Lane.COUNTER)
    assert (shop.place, shop.refusal) == (Place.SHOW, ErrorCode.NETWORK_UNREACHABLE)
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request, counter=2).envelope)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.AUTHORIZED)


def test_a_declined_answer_to_a_shown_request_is_closed_before_it_is_called_not_paid(shop: Shop) -> None:
    """Somebody else may hold a picture of the code: NOT PAID only when the server has closed it. (R-78)"""
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.server.decline = ErrorCode.INSUFFICIENT_FUNDS
    shop.scan(shop.answer(request, cumulative_minor=0, mode=AuthorizationMode.ONLINE).envelope)
    shop.run(Lane.COUNTER)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.DECLINED)
    assert shop.sale.error_code == ErrorCode.INSUFFICIENT_FUNDS
    assert request.message.request_id in shop.server.closed


def test_an_intent_over_our_own_limit_goes_to_the_server_when_it_can_be_asked(shop: Shop) -> None:
    """What is too much for the till alone is the server's to accept."""
    request = shop.show_code(6_000)
    shop.do(ScanAnswer())
    intent = shop.answer(request, token=shop.token(payment_max_minor=9_000))
    shop.scan(intent.envelope)
    assert not shop.sale.is_stored
    shop.run(Lane.COUNTER)
    assert shop.sale.state is State.CAPTURED


def test_a_cancelled_shown_code_is_cancelled_by_the_server(shop: Shop) -> None:
    """Cancel: journaled, asked, answered: CANCELLED."""
    shop.show_code()
    shop.do(Cancel())
    assert (shop.place, shop.sale.state) == (Place.VERIFYING, State.UNKNOWN)
    shop.run(Lane.COUNTER)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.CANCELED)


def test_a_cancelled_code_that_was_paid_is_paid_after_all(shop: Shop) -> None:
    """The payer was faster than the cashier: PAID, not cancelled."""
    request = shop.show_code()
    shop.server.pay_online(request)
    shop.do(Cancel())
    shop.run(Lane.COUNTER)
    assert shop.sale.state is State.CAPTURED


def test_a_cancelled_code_offline_is_unknown_until_the_network_is_back(shop: Shop) -> None:
    """DO NOT CHARGE AGAIN; the closure waits; it settles by itself."""
    shop.go_offline()
    shop.show_code()
    shop.do(Cancel())
    shop.run(Lane.COUNTER)
    assert (shop.place, shop.sale.state, shop.snapshot.closure_count) == (Place.RESULT, State.UNKNOWN, 1)
    shop.do(CheckAgain())
    shop.run(Lane.COUNTER)
    assert shop.sale.state is State.UNKNOWN
    shop.switch(NetworkSwitch.ON)
    assert (shop.sale.state, shop.snapshot.closure_count) == (State.CANCELED, 0)


def test_check_again_asks_again(shop: Shop) -> None:
    """A finger on "Check again" brings the answer at once when the road is clear."""
    shop.show_code()
    shop.server.road = Road.LOST_BEFORE
    shop.do(Cancel())
    shop.run(Lane.COUNTER)
    shop.server.road = Road.CLEAR
    shop.do(CheckAgain())
    assert shop.place is Place.VERIFYING
    shop.run(Lane.COUNTER)
    assert shop.sale.state is State.CANCELED


def test_a_receipt_can_settle_an_unknown_sale(shop: Shop) -> None:
    """The payer shows the operator's receipt: PAID, and nothing is left to close."""
    shop.go_offline()
    request = shop.show_code()
    shop.do(Cancel())
    shop.run(Lane.COUNTER)
    receipt = shop.server.pay_online(request)
    shop.do(ScanAnswer())
    shop.scan(receipt.envelope)
    assert (shop.sale.state, shop.snapshot.closure_count) == (State.CAPTURED, 0)


def test_an_expired_code_is_expired_by_the_servers_word(shop: Shop) -> None:
    """Two minutes by the till's own running clock, then the server is asked: EXPIRED."""
    shop.show_code()
    shop.clock.jump(-86_400)
    shop.clock.advance(119)
    shop.core.tick()
    assert shop.snapshot.remaining_s == 1
    shop.clock.advance(1)
    shop.core.tick()
    assert shop.place is Place.VERIFYING
    shop.run(Lane.COUNTER)
    assert shop.sale.state is State.EXPIRED


def test_the_countdown_is_shown_once_a_second(shop: Shop) -> None:
    """Each second a new model; two ticks in one second show one."""
    shop.show_code()
    shown = len(shop.shown)
    shop.core.tick()
    assert len(shop.shown) == shown
    shop.clock.advance(1)
    shop.core.tick()
    assert len(shop.shown) == shown + 1
    assert shop.shown[-1].remaining_s == 119


def test_an_idle_till_waits_for_nothing_but_the_hourly_bundle(shop: Shop) -> None:
    """On the keypad and online nothing counts down."""
    due_in_ms = shop.core.due_in_ms()
    assert due_in_ms is None or due_in_ms > 60_000


def test_a_switched_off_till_sends_nothing(shop: Shop) -> None:
    """With the switch off not one call reaches the server."""
    shop.go_offline()
    calls = len(shop.server.calls)
    accept_offline(shop)
    shop.do(NextSale())
    shop.show_code()
    shop.wait(30)
    assert shop.snapshot.network is NetworkState.SWITCHED_OFF
    assert len(shop.server.calls) == calls


def test_the_same_refused_code_is_checked_once(shop: Shop) -> None:
    """The camera delivers a code with each frame; the refusal stands until another code is shown."""
    shop.show_code()
    shop.do(ScanAnswer())
    foreign = shop.scheme.request()
    shop.scan(foreign.envelope)
    assert shop.refusal is ErrorCode.WRONG_MESSAGE_TYPE
    shown = len(shop.shown)
    shop.scan(foreign.envelope)
    assert len(shop.shown) == shown


def test_a_second_touch_makes_no_second_sale(shop: Shop) -> None:
    """A command that makes no sense where we are changes nothing."""
    shop.show_code()
    length = shop.journal.length
    shop.do(ShowCode(amount_minor=100))
    shop.do(NextSale())
    shop.do(ShowReceipt())
    shop.do(CheckAgain())
    assert (shop.place, shop.journal.length) == (Place.SHOW, length)


def test_an_amount_of_nothing_is_refused_on_the_keypad(shop: Shop) -> None:
    """Zero is no sale."""
    shop.do(ShowCode(amount_minor=0))
    assert (shop.place, shop.refusal) == (Place.KEYPAD, ErrorCode.BAD_ARGUMENT)


def test_an_offline_payment_that_the_server_rejects_is_kept_as_disputed(shop: Shop) -> None:
    """Goods were given: it leaves the queue by the server's word, and is never forgotten."""
    shop.go_offline()
    accept_offline(shop)
    shop.do(NextSale())
    shop.server.decline = ErrorCode.DOUBLE_SPEND
    shop.switch(NetworkSwitch.ON)
    assert shop.snapshot.stored_count == 0
    assert [(sale.state, sale.error_code) for sale in shop.snapshot.disputed] == [
        (State.REJECTED, ErrorCode.DOUBLE_SPEND)
    ]
    shop.restart()
    assert len(shop.snapshot.disputed) == 1


def test_a_request_that_another_payer_paid_is_paid_once(shop: Shop) -> None:
    """ALREADY_PAID: the sale is paid, the second payer is not charged, nothing is disputed."""
    shop.go_offline()
    accept_offline(shop)
    shop.server.pay_online(shop.request)
    shop.switch(NetworkSwitch.ON)
    assert (shop.sale.state, shop.sale.error_code) == (State.CAPTURED, ErrorCode.ALREADY_PAID)
    assert not shop.snapshot.disputed
