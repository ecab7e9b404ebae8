"""Bad days: no server, a slow one, one that answers too late or changes its word, a clock set back, a full disk.

Every sale ends in one true state: till and server agree on it. Whenever the outcome is not known, the screen says
DO NOT CHARGE AGAIN, and it is never said when it is known.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC

import pytest

from terminal_app.core import Lane, Place, Returned, Scanned
from terminal_app.presenter import Presenter
from terminal_app.reports import queue_view
from terminal_app.screen_model import Cancel, CheckAgain, NetworkSwitch, NextSale, ScanAnswer, ScanCustomer, ScreenName
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.people import sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.states import State

WARNING = "DO NOT CHARGE AGAIN"
DAY_S = 86_400


def scan_a_code(shop: Shop, amount_minor: int = 900) -> None:
    """A payer shows a code; it is about to be sent."""
    shop.do(ScanCustomer(amount_minor=amount_minor))
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)


def scan_an_answer(shop: Shop) -> None:
    """An intent that the till accepts offline."""
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)


def unreachable_code(shop: Shop) -> None:
    """Nobody answers the telephone: nothing has left, so nothing was charged."""
    shop.server.road = Road.DOWN
    scan_a_code(shop)
    shop.run(Lane.COUNTER)


def unreachable_cancel(shop: Shop) -> None:
    """A shown code is cancelled while nobody can be asked: somebody may have paid it at the server."""
    shop.server.road = Road.DOWN
    shop.show_code()
    shop.do(Cancel())
    shop.run(Lane.COUNTER)


def slow_but_paid(shop: Shop) -> None:
    """Thirty seconds: the till gives up waiting, the server takes it all the same."""
    scan_a_code(shop)
    shop.clock.advance(30)
    shop.server.road = Road.LOST_AFTER
    shop.run(Lane.COUNTER)


def slow_and_lost(shop: Shop) -> None:
    """Thirty seconds, and it never arrived."""
    scan_a_code(shop)
    shop.clock.advance(30)
    shop.server.road = Road.LOST_BEFORE
    shop.run(Lane.COUNTER)


def paid_after_the_cancel(shop: Shop) -> None:
    """The payer pays at the server, the cashier cancels, and the closure's answer is lost."""
    request = shop.show_code()
    shop.do(Cancel())
    shop.server.pay_online(request)
    shop.server.road = Road.LOST_AFTER
    shop.run(Lane.COUNTER)


def cancelled_for_good(shop: Shop) -> None:
    """The closure arrives, its answer does not; then the payer tries to pay."""
    shop.show_code()
    shop.do(Cancel())
    shop.server.road = Road.LOST_AFTER
    shop.run(Lane.COUNTER)


def declined_after_unknown(shop: Shop) -> None:
    """The first answer is lost; the second one says no."""
    shop.server.decline = ErrorCode.INSUFFICIENT_FUNDS
    scan_a_code(shop)
    shop.server.road = Road.LOST_BEFORE
    shop.run(Lane.COUNTER)


def hotel_page(shop: Shop) -> None:
    """A log-in page instead of an answer, though the payment went through."""
    shop.server.road = Road.GARBLED
    scan_a_code(shop)
    shop.run(Lane.COUNTER)


def accepted_then_slow(shop: Shop) -> None:
    """Accepted offline, and the server takes its time: it stays accepted."""
    scan_an_answer(shop)
    shop.clock.advance(30)
    shop.server.road = Road.LOST_AFTER
    shop.run(Lane.COUNTER)


#: Story -> what the till may say right after it, and what is true in the end.
STORIES: dict[Callable[[Shop], None], tuple[State, State]] = {
    unreachable_code: (State.DECLINED, State.DECLINED),
    unreachable_cancel: (State.UNKNOWN, State.CANCELED),
    slow_but_paid: (State.UNKNOWN, State.CAPTURED),
    slow_and_lost: (State.UNKNOWN, State.CAPTURED),
    paid_after_the_cancel: (State.UNKNOWN, State.CAPTURED),
    cancelled_for_good: (State.UNKNOWN, State.CANCELED),
    declined_after_unknown: (State.UNKNOWN, State.DECLINED),
    hotel_page: (State.UNKNOWN, State.CAPTURED),
    accepted_then_slow: (State.AUTHORIZED, State.CAPTURED),
}


def check_screens(shop: Shop) -> None:
    """Every screen that was shown, as a cashier would read it."""
    presenter = Presenter(zone=UTC)
    for snapshot in shop.shown:
        model = presenter.present(snapshot)
        open_outcome = snapshot.place is Place.RESULT and snapshot.sale is not None
        unknown = open_outcome and snapshot.sale is not None and snapshot.sale.state is State.UNKNOWN
        assert (model.name is ScreenName.UNKNOWN) == unknown
        assert (WARNING in model.warning) == unknown


@pytest.mark.parametrize("next_sale_first", ["stays", "goes on", "restarts"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_every_sale_ends_in_one_true_state(shop: Shop, story: Callable[[Shop], None], next_sale_first: str) -> None:
    """Whether the cashier waits, goes on to the next sale, or the till is switched off and on in between."""
    at_once, in_the_end = STORIES[story]
    story(shop)
    request_id = shop.sale.request_id
    assert shop.sale.state is at_once
    check_screens(shop)
    if next_sale_first == "goes on":
        shop.do(NextSale())
    elif next_sale_first == "restarts":
        shop.restart()
    shop.server.road = Road.CLEAR
    shop.wait(75)
    sale = shop.till.views.sale(request_id)
    paid = request_id in shop.server.receipts
    closed_first = story in {slow_and_lost, declined_after_unknown} and next_sale_first != "stays"
    wanted = State.CANCELED if closed_first else in_the_end
    assert sale.state is wanted
    assert sale.state.is_paid == paid
    assert not shop.till.views.closures
    assert not shop.till.views.stored
    check_screens(shop)


@pytest.mark.parametrize("story", [unreachable_cancel, slow_and_lost, hotel_page], ids=lambda story: story.__name__)
def test_an_open_outcome_is_on_the_glass_again_after_lost_power(shop: Shop, story: Callable[[Shop], None]) -> None:
    """Over an empty keypad the cashier would type it again; the panel goes with its outcome, or with a finger."""
    story(shop)
    request_id = shop.sale.request_id
    shop.server.road = Road.DOWN
    shop.restart()
    model = Presenter(zone=UTC).present(shop.snapshot)
    assert (model.name, model.warning) == (ScreenName.UNKNOWN, WARNING)
    assert model.amount is not None
    assert shop.sale.request_id == request_id
    shop.do(CheckAgain())
    shop.run()
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.UNKNOWN)
    shop.server.road = Road.CLEAR
    shop.wait(75)
    assert shop.sale.is_settled
    shop.do(NextSale())
    shop.restart()
    assert shop.place is Place.KEYPAD


def test_a_shown_code_is_an_open_outcome_after_lost_power(shop: Shop) -> None:
    """Somebody may have paid it while the till was dark."""
    shop.server.pay_online(shop.show_code())
    shop.restart()
    assert Presenter(zone=UTC).present(shop.snapshot).warning == WARNING
    shop.wait(5)
    assert (shop.place, shop.sale.state) == (Place.RESULT, State.CAPTURED)


def test_a_code_without_an_answer_counts_down_to_its_end(shop: Shop) -> None:
    """The customer stands there and sees that it ends: a minute after it was sent it is closed, whatever happened."""
    shop.server.road = Road.LOST_BEFORE
    scan_a_code(shop)
    shop.run(Lane.COUNTER)
    assert shop.snapshot.closes_in_s == 60
    shop.server.undecided = True
    shop.server.road = Road.CLEAR
    shop.wait(20)
    closes_in_s = shop.snapshot.closes_in_s
    assert closes_in_s == 40
    shop.wait(41)
    assert shop.snapshot.closes_in_s is None
    shop.server.undecided = False
    shop.wait(120)
    assert shop.sale.state is State.CANCELED


def test_a_cashier_who_asks_again_gets_the_truth(shop: Shop) -> None:
    """CHECK AGAIN on the screen with the question mark."""
    slow_but_paid(shop)
    shop.server.road = Road.CLEAR
    shop.do(CheckAgain())
    shop.run()
    assert shop.sale.state is State.CAPTURED
    check_screens(shop)


def test_an_answer_that_comes_after_the_next_sale_began_changes_the_old_sale_alone(shop: Shop) -> None:
    """The slow call comes back while another sale is on the counter."""
    scan_a_code(shop)
    slow = next(one for one in shop.lanes.waiting if one[0] is Lane.COUNTER)
    shop.lanes.waiting.remove(slow)
    first = shop.sale.request_id
    outcome = shop._outcome_of(slow[1])
    shop.restart()
    shop.do(NextSale())
    second = shop.show_code().message.request_id
    shop.core._counter._out.append(first)
    shop.core.step(Returned(lane=slow[0], errand=slow[1], outcome=outcome))
    assert shop.till.views.sale(first).state is State.CAPTURED
    assert (shop.place, shop.sale.request_id, shop.sale.is_open) == (Place.SHOW, second, True)


def test_a_clock_set_back_a_day_changes_nothing(shop: Shop) -> None:
    """Ages go on, the sequence of the journal holds, a lifetime is not longer, and what is sold is sold."""
    shop.go_offline()
    sell(shop, 700)
    before_s = shop.time.journal_s()
    shop.clock.jump(-DAY_S)
    shop.clock.advance(600)
    assert shop.time.journal_s() >= before_s + 600
    sell(shop, 800)
    request = shop.show_code()
    shop.clock.advance(119)
    shop.core.tick()
    assert shop.place is Place.SHOW
    shop.clock.advance(2)
    shop.core.tick()
    assert shop.place is not Place.SHOW
    view = queue_view(shop.till.views, at_s=shop.time.journal_s())
    assert [item.accepted_at_s for item in view.items] == sorted(item.accepted_at_s for item in view.items)
    shop.run()
    shop.do(NextSale())
    shop.restart()
    shop.switch(NetworkSwitch.ON)
    shop.wait(5)
    assert not shop.till.views.stored
    assert shop.till.views.sale(request.message.request_id).state in {State.EXPIRED, State.CANCELED}
    assert len(shop.server.receipts) == 2


def fill_disk(shop: Shop) -> None:
    """SQLite may take no further page: what it says then is what it says on a full disk (SQLITE_FULL)."""
    (pages,) = shop.journal._database.execute("PRAGMA page_count").fetchone()
    shop.journal._database.execute(f"PRAGMA max_page_count = {pages}")


def free_disk(shop: Shop) -> None:
    """There is room again."""
    shop.journal._database.execute("PRAGMA max_page_count = 1000000")


def fill_last_page(shop: Shop) -> None:
    """Sell until the very next payment needs a page that is not there."""
    for _ in range(200):
        fill_disk(shop)
        request = shop.show_code(100)
        if shop.place is not Place.SHOW:
            return
        shop.scan(shop.answer(request).envelope)
        if shop.refusal is ErrorCode.STORAGE_FAILED:
            return
        free_disk(shop)
        shop.do(NextSale())
    raise AssertionError("the disk never became full")


def test_a_full_disk_accepts_nothing_and_loses_nothing(shop: Shop) -> None:
    """STORAGE_FAILED on the screen, never ACCEPTED; with room again the same code is taken as if nothing had been."""
    shop.go_offline()
    sell(shop, 700)
    request = shop.show_code(800)
    answer = shop.answer(request)
    stored, length = dict(shop.till.views.stored), shop.journal.length
    fill_disk(shop)
    # A page may still have room for a fact or two: the journal is then longer, and what it says is true.
    shop.core.step(Scanned(texts=(qr.to_text(answer.envelope),)))
    if shop.refusal is ErrorCode.STORAGE_FAILED:
        assert shop.till.views.stored == stored
        assert shop.journal.length == length
        free_disk(shop)
        shop.core.step(Scanned(texts=(qr.to_text(answer.envelope),)))
    free_disk(shop)
    assert shop.sale.state is State.AUTHORIZED
    shop.do(NextSale())
    fill_last_page(shop)
    assert shop.refusal is ErrorCode.STORAGE_FAILED
    accepted = dict(shop.till.views.stored)
    free_disk(shop)
    shop.restart()
    assert shop.till.views.stored == accepted
    shop.switch(NetworkSwitch.ON)
    shop.wait(10)
    assert not shop.till.views.stored
    assert set(accepted) <= set(shop.server.receipts)


def test_a_full_disk_is_what_sqlite_says_it_is(shop: Shop) -> None:
    """The test's own trick is the real error."""
    fill_disk(shop)
    blob = b"x" * 100_000
    with pytest.raises(sqlite3.OperationalError, match="full"):
        shop.journal._database.execute("INSERT INTO events VALUES (999999, 1, 1, ?, ?)", (blob, b""))
