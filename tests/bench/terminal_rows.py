"""Rows of the terminal below its window: accept, show, flush."""

import statistics
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

from PIL import Image

from terminal_app.core import Place, Scanned
from terminal_app.errands import Errand, Purpose
from terminal_app.journal import Journal
from terminal_app.journal.checkpoint import path_beside
from terminal_app.presenter import Presenter
from terminal_app.screen_model import NextSale, ScanAnswer, ShowCode
from tests.bench.measure import Row, Run, Yardstick, medians_us, wall_ms
from tests.bench.population import populate
from tests.bench.served import Served, served
from tests.bench.till import Queue, filled_queue
from tests.bench.year import write_year
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.decoding import GreyFrame, decode_codes, grey_frame
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.rules import OfflineLimits

_SALES: Final = 40
#: What a camera of a counter gives.
_FRAME_PX: Final = (1280, 720)
_MODULE_PX: Final = 5
#: Sales already queued in the slow case: the most that the operator lets a till keep by default.
_QUEUED: Final = 500
_LIMITS: Final = OfflineLimits(
    payment_max_minor=5_000,
    stored_max_minor=10_000_000,
    stored_count_max=10_000,
    stored_age_max_s=72 * 3600,
    token_stored_max_minor=10_000_000,
)


def terminal_accept_ms(run: Run) -> list[Row]:
    """A camera frame with an offline intent: decoded, verified, journaled on the disk, and the next screen made."""
    shop = Shop(run.folder, seed=run.seed, limits=_LIMITS).enrol()
    shop.go_offline()
    early = [_accept(shop, number) for number in range(1, _SALES + 1)]
    for number in range(_SALES + 1, _QUEUED + 1):
        _accept(shop, number, decoded=False)
    late = [_accept(shop, number) for number in range(_QUEUED + 1, _QUEUED + _SALES + 1)]
    parts = {
        "decode_ms": statistics.median(decode_ms for decode_ms, _ in early),
        "verify_and_journal_ms": statistics.median(take_ms for _, take_ms in early),
        f"with_{_QUEUED}_queued_ms": statistics.median(map(sum, late)),
        **medians_us(Yardstick().calls()),
    }
    return [Row(name="terminal_accept_ms", value=statistics.median(map(sum, early)), bar="< 60", parts=parts)]


def terminal_show_ms(run: Run) -> list[Row]:
    """An amount: request signed and journaled, screen made, the modules of its code computed."""
    shop = Shop(run.folder, seed=run.seed, limits=_LIMITS).enrol()
    shop.go_offline()
    presenter = Presenter(zone=None)
    sign_ms, matrix_ms = [], []
    for number in range(1, _SALES + 1):
        sign_ms.append(wall_ms(partial(shop.do, ShowCode(amount_minor=100 + number))))
        text = presenter.present(shop.snapshot).code_text
        assert text is not None, "the code is on the screen"
        sign_ms[-1] += wall_ms(partial(presenter.present, shop.snapshot))
        matrix_ms.append(wall_ms(partial(qr.matrix, text)))
        _finish(shop, number)
    parts = {
        "sign_and_journal_ms": statistics.median(sign_ms),
        "matrix_ms": statistics.median(matrix_ms),
        **medians_us(Yardstick().calls()),
    }
    value = statistics.median(map(sum, zip(sign_ms, matrix_ms, strict=True)))
    return [Row(name="terminal_show_ms", value=value, bar="< 50", parts=parts)]


def outbox_flush(run: Run) -> list[Row]:
    """10,000 captures queued offline, flushed to a real server: wall time over the time waited for its answers."""
    count, folder = run.sized(10_000), run.folder / "server"
    people = populate(folder, seed=run.seed, wallet_count=200)
    with served(folder) as server:
        flushed = _flush(filled_queue(run.folder / "till", server, people, seed=run.seed, count=count), server)
    parts = {
        "captures": count,
        "flush_s": flushed.wall_s,
        "waited_for_server_s": flushed.waited_s,
        "server_cpu_s": flushed.server_cpu_s,
        "till_cpu_us_a_capture": flushed.till_cpu_s / count * 1e6,
        "batches": flushed.batches,
        **medians_us(Yardstick().calls()),
    }
    value = flushed.wall_s / flushed.waited_s
    return [Row(name="outbox_flush", value=value, bar="<= 1.5", parts=parts)]


def terminal_year_s(run: Run) -> list[Row]:
    """A till opens the journal of a year, 100,000 sales: from its checkpoint, and by folding every event."""
    sales = run.sized(100_000)
    path = write_year(run.folder, seed=run.seed, sales=sales)
    with Journal(path) as journal:  # warms the disk's cache, as the checkpoint below finds it
        events = journal.length
    fold_s, save_s = wall_ms(lambda: Journal(path).close()) / 1e3, 0.0
    with Journal(path) as journal:
        save_s = wall_ms(journal.save_checkpoint) / 1e3
    open_s = min(wall_ms(lambda: Journal(path).close()) / 1e3 for _ in range(3))
    with Journal(path) as journal:
        check_s = wall_ms(lambda: journal.check_older(events)) / 1e3
    parts = {
        "sales": sales,
        "events": events,
        "fold_all_s": fold_s,
        "save_s": save_s,
        "check_all_s": check_s,
        "journal_mib": path.stat().st_size / 2**20,
        "checkpoint_mib": path_beside(path).stat().st_size / 2**20,
        **medians_us(Yardstick().calls()),
    }
    return [Row(name="terminal_year_s", value=open_s, bar="", parts=parts)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flushed:
    wall_s: float
    waited_s: float
    server_cpu_s: float
    till_cpu_s: float
    batches: int


def _flush(queue: Queue, server: Served) -> _Flushed:
    before, start_s, start_cpu_s, batches = server.used(), time.perf_counter(), time.process_time(), 0
    # As the core and its lane do: one thread makes the calls, the other writes their answers down.
    with ThreadPoolExecutor(1) as lane:
        under_way: list[tuple[Errand, Future[object]]] = []

        def send(errand: Errand | None) -> None:
            if errand is not None:
                under_way.append((errand, lane.submit(errand.send, queue.client)))

        while queue.till.views.stored:
            if not under_way:
                send(queue.outbox.next_errand())
            errand, call = under_way.pop(0)
            outcome = call.result()
            send(queue.outbox.errand_ahead(errand, outcome))
            queue.outbox.take(errand, outcome)
            batches += errand.purpose is Purpose.CAPTURE
    wall_s = time.perf_counter() - start_s
    unpaid = [sale for sale in queue.till.views.sales.values() if sale.error_code]
    assert not unpaid, unpaid[0]
    return _Flushed(
        wall_s=wall_s,
        waited_s=queue.sender.waited_s,
        server_cpu_s=server.used().cpu_s - before.cpu_s,
        till_cpu_s=time.process_time() - start_cpu_s,
        batches=batches,
    )


def _accept(shop: Shop, number: int, *, decoded: bool = True) -> tuple[float, float]:
    """One sale accepted offline; milliseconds for decoding, and for everything after it."""
    amount_minor = 100
    request = shop.show_code(amount_minor)
    token = shop.token(total_max_minor=1_000_000, count_max=60_000)
    text = qr.to_text(
        shop.answer(request, token=token, counter=number, cumulative_minor=amount_minor * number).envelope
    )
    shop.do(ScanAnswer())
    decode_ms, texts = 0.0, [text]
    if decoded:
        frame = _camera_frame(text)
        start_ns = time.perf_counter_ns()
        texts = decode_codes(frame)
        decode_ms = (time.perf_counter_ns() - start_ns) / 1e6
    take_ms = wall_ms(lambda: shop.core.step(Scanned(texts=tuple(texts))))
    assert shop.place is Place.RESULT, (shop.place, shop.refusal)
    shop.do(NextSale())
    return decode_ms, take_ms


def _finish(shop: Shop, number: int) -> None:
    """Pay the open sale, so that the next can begin."""
    request = shop.request
    token = shop.token(total_max_minor=1_000_000, count_max=60_000)
    sum_minor = request.message.amount_minor
    answer = shop.answer(request, token=token, counter=number, cumulative_minor=sum_minor)
    shop.do(ScanAnswer())
    shop.scan(answer.envelope)
    assert shop.place is Place.RESULT, (shop.place, shop.refusal)
    shop.do(NextSale())


def _camera_frame(text: str) -> GreyFrame:
    scene = Image.new("L", _FRAME_PX, 96)
    code = qr.picture(text, module_px=_MODULE_PX).convert("L")
    scene.paste(code, ((_FRAME_PX[0] - code.width) // 2, (_FRAME_PX[1] - code.height) // 2))
    frame = grey_frame(scene)
    assert frame is not None, "a picture has pixels"
    return frame
