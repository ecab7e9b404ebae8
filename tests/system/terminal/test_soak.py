"""Eight hours at a busy counter, time compressed: no result missed, no cent lost, and no memory that grows."""

import gc
import os
from collections import Counter
from datetime import UTC
from pathlib import Path
from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import pytest

from terminal_app.core import Lane, Place
from terminal_app.journal import Journal
from terminal_app.office_commands import GiveRefund, MakeReport, ReportChoice, SearchHistory
from terminal_app.presenter import Presenter
from terminal_app.screen_model import Cancel, NetworkSwitch, NextSale, ScanAnswer, ScanCustomer, ScreenName, ShowCode
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.messages import AuthorizationMode
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.protocol.states import State

SALES = 5_200
HOURS = 8
#: Seconds of the day for each sale.
PACE_S = HOURS * 3600 / SALES
#: After so many sales caches are full; from here on memory may grow by a tenth.
WARM = 500
GROWTH_MAX = 0.10
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
LIMITS = OfflineLimits(
    payment_max_minor=5_000,
    stored_max_minor=1_000_000,
    stored_count_max=1_500,
    stored_age_max_s=72 * 3600,
    token_stored_max_minor=20_000,
)
#: What a customer does, and how often in a hundred.
WAYS = {"answer": 45, "code": 25, "online": 20, "cancel": 5, "decline": 2, "lost": 3}


def resident_bytes() -> int:
    """Memory of this process that is in use."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


class Day:
    """A till, its customers, and an account book that is kept apart from both."""

    def __init__(self, folder: Path, rng: Random) -> None:
        self.rng = rng
        self.shop = Shop(folder, limits=LIMITS).enrol()
        self.presenter = Presenter(zone=UTC)
        self.screens: Counter[ScreenName] = Counter()
        self.paid_minor = 0
        self.refunded_minor = 0
        self.count = 0
        self.left_s = 0.0

    def sell(self) -> None:
        """One customer, whoever comes."""
        way = self.rng.choices(list(WAYS), weights=list(WAYS.values()))[0]
        amount_minor = self.rng.randint(50, 4_900)
        getattr(self, f"_{way}")(amount_minor)
        self._look(way)
        self.shop.do(NextSale())
        assert self.shop.place is Place.KEYPAD, way
        self.count += 1
        self._pass_time()
        self._forget()

    def _answer(self, amount_minor: int) -> None:
        request = self.shop.show_code(amount_minor, f"R-{self.count}")
        online = self.rng.random() < 0.3
        mode = AuthorizationMode.ONLINE if online and self.is_online else AuthorizationMode.OFFLINE
        self.shop.do(ScanAnswer())
        self.shop.scan(self.shop.answer(request, mode=mode).envelope)
        self.shop.run()

    def _code(self, amount_minor: int) -> None:
        if not self.is_online:
            self._answer(amount_minor)
            return
        self.shop.do(ScanCustomer(amount_minor=amount_minor))
        self.shop.scan(self.shop.scheme.code(token=self.shop.token().envelope).envelope)
        self.shop.run()

    def _online(self, amount_minor: int) -> None:
        if not self.is_online:
            self._answer(amount_minor)
            return
        self.shop.server.pay_online(self.shop.show_code(amount_minor))
        for _ in range(5):
            # The question about an earlier request may still be under way; the next one follows a moment later.
            self.shop.run(Lane.LISTEN)
            if self.shop.place is Place.RESULT:
                return
            self.shop.clock.advance(1)
            self.shop.core.tick()

    def _cancel(self, amount_minor: int) -> None:
        self.shop.do(ShowCode(amount_minor=amount_minor))
        self.shop.do(Cancel())
        self.shop.run()

    def _decline(self, amount_minor: int) -> None:
        from wallet_sdk.protocol.errors import ErrorCode

        if not self.is_online:
            self._answer(amount_minor)
            return
        self.shop.server.decline = ErrorCode.INSUFFICIENT_FUNDS
        self._code(amount_minor)
        self.shop.server.decline = None

    def _lost(self, amount_minor: int) -> None:
        if not self.is_online:
            self._answer(amount_minor)
            return
        self.shop.do(ScanCustomer(amount_minor=amount_minor))
        self.shop.scan(self.shop.scheme.code(token=self.shop.token().envelope).envelope)
        self.shop.server.road = self.rng.choice([Road.LOST_BEFORE, Road.LOST_AFTER])
        self.shop.run(Lane.COUNTER)
        self.shop.server.road = Road.CLEAR

    @property
    def is_online(self) -> bool:
        """Whether the cable is in."""
        return self.shop.link.position.value == "on"

    def _look(self, way: str) -> None:
        """The result is on the screen: what it says is what the journal says."""
        snapshot = self.shop.snapshot
        assert snapshot.place is Place.RESULT, (way, snapshot.place, self.shop.refusal)
        assert snapshot.sale is not None
        model = self.presenter.present(snapshot)
        self.screens[model.name] += 1
        assert ("DO NOT CHARGE AGAIN" in model.warning) == (snapshot.sale.state is State.UNKNOWN)

    def _pass_time(self) -> None:
        self.left_s += PACE_S
        whole = int(self.left_s)
        self.left_s -= whole
        self.shop.wait(whole)
        if self.count % 130 == 0:
            self.shop.switch(NetworkSwitch.OFF if self.is_online else NetworkSwitch.ON)
        if self.count % 400 == 0 and self.is_online:
            self._refund()

    def _refund(self) -> None:
        shop = self.shop
        shop.do(SearchHistory())
        entry = next(one for one in shop.till.views.history.values() if one.refundable_minor)
        if entry.request_id not in shop.server.receipts:
            return
        shop.do(GiveRefund(request_id=entry.request_id, amount_minor=entry.refundable_minor, reason="cold"))
        shop.run()
        self.refunded_minor += entry.refundable_minor

    def _forget(self) -> None:
        """The test's own server and eyes must not grow, or nobody could see whether the till does."""
        server = self.shop.server
        self.shop.shown.clear()
        server.calls.clear()
        server.captures.clear()
        keep = {*self.shop.till.views.stored, *self.shop.till.views.closures, *list(server.receipts)[-300:]}
        for request_id in [one for one in server.receipts if one not in keep]:
            self.paid_minor += server.receipts.pop(request_id).message.amount_minor


@pytest.mark.soak
def test_eight_hours_at_a_busy_counter(tmp_path: Path, rng: Random) -> None:
    """5,200 customers; the network goes and comes; refunds; then the day is closed and agrees with the server."""
    day = Day(tmp_path, rng)
    warm_bytes = 0
    for _ in range(SALES):
        day.sell()
        if day.count == WARM:
            warm_bytes = resident_bytes()
    day.shop.switch(NetworkSwitch.ON)
    day.shop.wait(120)
    grown = resident_bytes() / warm_bytes - 1
    views = day.shop.till.views
    assert not views.stored
    assert not views.closures
    assert not day.shop.till.refunds.open_ids
    server = day.shop.server
    paid_minor = day.paid_minor + sum(one.message.amount_minor for one in server.receipts.values())
    given_minor = sum(one.message.amount_minor for one in server.refunds.values())
    day.shop.do(MakeReport(kind=ReportChoice.Z))
    report = day.shop.snapshot.office
    assert report is not None
    assert report.report is not None
    totals = report.report.totals
    assert totals.takings_minor == paid_minor - given_minor
    assert totals.refunded.sum_minor == given_minor == day.refunded_minor
    counted = totals.paid_online.count + totals.accepted_offline.count
    unpaid = totals.declined.count + totals.cancelled.count + totals.expired.count
    assert counted + unpaid == SALES
    assert sum(day.screens.values()) == SALES
    day.shop.journal.close()
    with Journal(day.shop.path) as again:
        assert again.views.office.last_closing == day.shop.till.views.office.last_closing
    print(f"\n{SALES} sales, screens {dict(day.screens)}, memory {grown:+.1%} of {warm_bytes / 2**20:.1f} MiB")
    assert grown < GROWTH_MAX
