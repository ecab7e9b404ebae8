"""A sale is found again: by amount, by reference, by time, by how it was paid; and however old it is."""

import pytest

from terminal_app.core import Place
from terminal_app.journal import Views
from terminal_app.office_commands import ChangeSetting, SearchHistory
from terminal_app.reports import HistoryQuery, OfflineFilter, parse_query, queue_view, search
from terminal_app.screen_model import NetworkSwitch, ScanCustomer, ShowCode
from tests.unit.terminal_app.people import sell, sell_by_code
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State


def find(shop: Shop, text: str = "", **rest: object) -> list[int]:
    """The amounts that are found."""
    query = parse_query(text, currency=Currency.EUR, **rest)  # type: ignore[arg-type]
    return [entry.paid_minor for entry in search(shop.till.views.history.values(), query)]


@pytest.fixture
def sold(shop: Shop) -> Shop:
    """Four sales, a minute apart; the last two offline, and one of them rejected by the server."""
    sell(shop, 1_250, reference="TABLE-7")
    shop.clock.advance(60)
    sell_by_code(shop, 900)
    shop.clock.advance(60)
    shop.go_offline()
    sell(shop, 700, reference="TABLE-9")
    shop.server.decline = ErrorCode.DOUBLE_SPEND
    shop.switch(NetworkSwitch.ON)
    shop.wait(3)
    shop.server.decline = None
    shop.go_offline()
    shop.clock.advance(60)
    sell(shop, 1_250, reference="12.5")
    return shop


def test_without_a_word_the_newest_come_first(sold: Shop) -> None:
    """All of them, at most as many as asked for."""
    assert find(sold) == [1_250, 700, 900, 1_250]
    query = HistoryQuery()
    assert [one.paid_minor for one in search(sold.till.views.history.values(), query, count_max=2)] == [1_250, 700]


@pytest.mark.parametrize("text", ["12.50", "12,5", " 12.5 "])
def test_an_amount_is_found_with_point_or_comma(sold: Shop, text: str) -> None:
    """Exactly this amount."""
    assert find(sold, text) == [1_250, 1_250]


@pytest.mark.parametrize("text", ["1.234,50", "1,234.50", "1\u00a0234,50", "1234,5"])
def test_an_amount_is_found_as_any_screen_writes_it(text: str) -> None:
    """With the groups of its thousands."""
    assert parse_query(text, currency=Currency.EUR).amount_minor == 123_450


def test_a_part_of_a_reference_is_found(sold: Shop) -> None:
    """In either case; what is neither amount nor reference is not there."""
    assert find(sold, "table-") == [700, 1_250]
    assert find(sold, "e-9") == [700]
    assert find(sold, "chair") == []


@pytest.mark.parametrize(
    ("typed", "in_request"),
    [("table 7", "table 7"), (" INV-26-117 ", "INV-26-117"), ("invoice 2026-0417", ""), ("मेज़ 7", "")],
)
def test_a_reference_is_kept_whole_and_stands_in_the_request_where_it_has_room(
    shop: Shop, typed: str, in_request: str
) -> None:
    """A part of it would be another one. It is found again, printed, and there after a restart."""
    request_id = sell(shop, 1_000, reference=typed)
    shop.restart()
    sale = shop.till.views.sales[request_id]
    assert (sale.reference, sale.request.message.reference) == (typed.strip(), in_request)
    shop.do(SearchHistory(text=typed[2:6]))
    assert shop.snapshot.office is not None
    assert [entry.reference for entry in shop.snapshot.office.entries] == [typed.strip()]


def test_a_tip_on_the_phone_takes_the_room_of_a_reference(shop: Shop) -> None:
    """Both cannot stand in one request (R-118): the tip goes there, the reference stays here."""
    shop.do(ChangeSetting(name="tip_policy", text="on_phone"))
    request = shop.show_code(100_000, "table 71").message
    assert (request.tip_max_minor, request.reference) == (15_000, "")
    assert shop.sale.reference == "table 71"


@pytest.mark.parametrize("typed", ["x" * 21, "two\nlines"])
def test_a_reference_that_no_paper_takes_begins_no_sale(shop: Shop, typed: str) -> None:
    """Nothing is cut off in silence."""
    shop.do(ShowCode(amount_minor=100, reference=typed))
    assert (shop.place, shop.refusal) == (Place.KEYPAD, ErrorCode.BAD_ARGUMENT)


def test_a_scanned_customers_sale_has_its_reference_too(shop: Shop) -> None:
    """Though no payer sees it."""
    shop.do(ScanCustomer(amount_minor=500, reference="table 7"))
    assert shop.sale.reference == "table 7"


def test_a_time_bounds_the_search(sold: Shop) -> None:
    """From this second on, and before that one."""
    since_s = sold.scheme.now_s + 60
    assert find(sold, since_s=since_s) == [1_250, 700, 900]
    assert find(sold, since_s=since_s, until_s=since_s + 60) == [900]


@pytest.mark.parametrize(
    ("offline", "amounts"),
    [
        (OfflineFilter.ACCEPTED_OFFLINE, [1_250, 700]),
        (OfflineFilter.UNSENT, [1_250]),
        (OfflineFilter.DISPUTED, [700]),
        (OfflineFilter.UNKNOWN, []),
    ],
)
def test_the_offline_filter(sold: Shop, offline: OfflineFilter, amounts: list[int]) -> None:
    """Accepted offline, not yet sent, refused by the server."""
    assert find(sold, offline=offline) == amounts


def test_the_history_is_the_same_after_a_restart(sold: Shop) -> None:
    """It is a fold of the journal."""
    before = dict(sold.till.views.history)
    sold.restart()
    assert sold.till.views.history == before


def test_memory_is_bounded_and_old_sales_are_read_from_the_file(shop: Shop) -> None:
    """A line that left memory is still in the file, and so is its whole sale."""
    first = sell(shop, 1_250, reference="OLD")
    for _ in range(4):
        sell(shop, 100)
    small, whole = Views(history_max=3), Views()
    for event, at_s in shop.journal.events():
        small.apply(event, at_s=at_s)
        whole.apply(event, at_s=at_s)
    assert len(small.history) == 3
    assert first not in small.history
    assert whole.history == shop.till.views.history
    found = shop.journal.find_sale(first)
    assert found == shop.till.views.sales[first]
    assert found is not None
    assert (found.state, found.request.message.reference) == (State.CAPTURED, "OLD")
    assert shop.journal.find_sale(RequestId(b"no such sale")) is None


def test_the_queue_says_what_waits_and_until_when(shop: Shop) -> None:
    """Two deadlines: the till's own, after which it accepts no more, and the server's."""
    assert queue_view(shop.till.views, at_s=shop.time.journal_s()).is_empty
    shop.go_offline()
    sell(shop, 700, reference="A")
    sell(shop, 800)
    at_s = shop.time.journal_s()
    view = queue_view(shop.till.views, at_s=at_s)
    limits = shop.server.limits
    assert [(item.paid_minor, item.reference, item.accepted_at_s) for item in view.items] == [
        (700, "A", at_s),
        (800, "", at_s),
    ]
    assert (view.sum_minor, view.is_empty) == (1_500, False)
    assert view.full_at_s == at_s + limits.stored_age_max_s
    assert view.deadline_s == at_s + 30 * 86_400
    assert (view.room_minor, view.room_count) == (limits.payment_max_minor, limits.stored_count_max - 2)
    late = queue_view(shop.till.views, at_s=at_s + limits.stored_age_max_s + 1)
    assert (late.room_minor, late.room_count) == (0, 0)
