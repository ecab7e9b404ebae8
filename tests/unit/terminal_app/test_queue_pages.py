"""The queue carried by hand, as a finger drives it: saved, shown as codes that follow each other, read in."""

from pathlib import Path

from terminal_app.core import Done, Scanned
from terminal_app.core.queue_porter import CODE_MS
from terminal_app.office.carried import codes_of
from terminal_app.office.courier import QueueCourier
from terminal_app.office_commands import (
    ClosePage,
    ExportQueue,
    HoldQueueCode,
    ImportQueue,
    ReadQueueCodes,
    ShowQueueCodes,
    TurnQueueCode,
)
from tests.unit.terminal_app.people import page, sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode


def test_the_queue_goes_out_and_in_as_a_file(shop: Shop, tmp_path: Path) -> None:
    """With a word on the page."""
    shop.go_offline()
    sell(shop, 700)
    shop.do(ExportQueue(path=tmp_path / "q.tillqueue"))
    assert page(shop).done is Done.QUEUE_EXPORTED
    shop.do(ExportQueue(path=tmp_path / "q.tillqueue"))
    assert shop.refusal is ErrorCode.STORAGE_FAILED
    shop.do(ImportQueue(path=tmp_path / "q.tillqueue"))
    assert (page(shop).done, page(shop).brought_count) == (Done.QUEUE_IMPORTED, 0)


def test_the_queue_goes_out_and_in_as_codes(shop: Shop, tmp_path: Path) -> None:
    """The neighbour's scanner reads them in turn; other codes are refused and the reading goes on."""
    shop.go_offline()
    sell(shop, 700)
    shop.do(ShowQueueCodes())
    codes = page(shop).queue_codes
    assert codes == codes_of(QueueCourier(shop.till, time=shop.time).export_bytes())
    other = Shop(tmp_path / "other").enrol()
    other.do(ReadQueueCodes())
    assert other.scanner.is_looking
    other.core.step(Scanned(texts=("TC1:ABC",)))
    assert other.refusal is ErrorCode.NOT_A_TILLCODE
    other.core.step(Scanned(texts=(codes[-1],)))
    assert page(other).missing_codes == tuple(range(1, len(codes)))
    other.core.step(Scanned(texts=codes[:-1]))
    assert (page(other).done, page(other).brought_count) == (Done.QUEUE_IMPORTED, 1)
    assert not other.scanner.is_looking
    assert len(other.till.views.office.waiting_couriers) == 1


def test_the_codes_of_a_queue_follow_each_other_until_they_are_held(shop: Shop) -> None:
    """Two seconds each, round and round; a code turned by hand stands as long; a page that is left turns nothing."""
    shop.go_offline()
    for _ in range(3):
        sell(shop, 700)
    shop.do(ShowQueueCodes())
    count = len(page(shop).queue_codes)
    assert count > 2
    assert shop.core.due_in_ms() == CODE_MS
    seen = []
    for _ in range(count + 1):
        seen.append(page(shop).code_at)
        shop.clock.advance(CODE_MS // 1000)
        shop.core.tick()
    assert seen == [*range(count), 0]
    shop.clock.advance(1)
    shop.do(TurnQueueCode())
    assert (page(shop).code_at, shop.core.due_in_ms()) == (2, CODE_MS)
    shop.do(HoldQueueCode())
    shop.clock.advance(60)
    shop.core.tick()
    assert page(shop).code_at == 2
    shop.do(HoldQueueCode())
    shop.clock.advance(CODE_MS // 1000)
    shop.core.tick()
    assert page(shop).code_at == 3 % count
    shop.do(ClosePage())
    shop.clock.advance(60)
    shop.core.tick()
    assert shop.snapshot.office is None


def test_leaving_the_page_stops_the_reading(shop: Shop) -> None:
    """The scanner looks for nobody any more."""
    shop.do(ReadQueueCodes())
    shop.do(ClosePage())
    assert not shop.scanner.is_looking
    shop.core.step(Scanned(texts=("TQ1:1:2:AAAAAAAA:00",)))
    assert shop.snapshot.office is None
