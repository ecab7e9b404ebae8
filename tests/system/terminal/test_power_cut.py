"""kill -9 before and after every single journal write of every story, in a process of its own each time.

What the dead process leaves is the file alone: no object, no lock, no buffer is carried over. The next process must
find every payment that was accepted, settle it, and know an outcome for every sale.
"""

import os
import signal
from collections.abc import Callable
from enum import Enum, unique
from pathlib import Path

import pytest

from terminal_app.core import Lane, Place
from terminal_app.journal import Journal
from terminal_app.journal.events import ConsentAccepted, JournalEvent
from terminal_app.office_commands import ChangeSetting, EnterPerson, GiveRefund, MakeReport, ReportChoice
from terminal_app.roles import Role
from terminal_app.screen_model import Cancel, NetworkSwitch, NextSale, ScanAnswer
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.people import sell, sell_by_code
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.states import State


@unique
class Moment(Enum):
    """When the power goes."""

    BEFORE = "before the write"
    AFTER = "after the write"


def offline_then_online(shop: Shop) -> None:
    """Two payments accepted offline, a third scanned and kept, then the network is back."""
    shop.go_offline()
    sell(shop, 700)
    sell(shop, 450)
    shop.switch(NetworkSwitch.ON)
    shop.wait(2)


def lost_and_cancelled(shop: Shop) -> None:
    """A code whose answer is lost, and a shown request that is cancelled."""
    shop.server.road = Road.LOST_AFTER
    sell_by_code(shop, 900)
    shop.server.road = Road.CLEAR
    shop.show_code(300)
    shop.do(Cancel())
    shop.run()
    shop.do(NextSale())
    shop.wait(3)


def refund_and_close(shop: Shop) -> None:
    """People, a setting, a sale, a part of it back, and the day closed."""
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin="2580"))
    shop.do(ChangeSetting(name="sound", text="tones"))
    request_id = sell(shop, 1_250)
    shop.do(GiveRefund(request_id=request_id, amount_minor=250, reason="cold"))
    shop.run()
    shop.do(MakeReport(kind=ReportChoice.Z))


def heard(shop: Shop) -> None:
    """A payer with network pays at the server; the till hears of it while it scans."""
    shop.server.pay_online(shop.show_code())
    shop.do(ScanAnswer())
    shop.run(Lane.LISTEN)


STORIES: list[Callable[[Shop], None]] = [offline_then_online, lost_and_cancelled, refund_and_close, heard]


def writes_of(folder: Path, story: Callable[[Shop], None]) -> int:
    """How many facts the whole story writes."""
    shop = Shop(folder).enrol()
    before = shop.journal.length
    story(shop)
    return shop.journal.length - before


def die_at(folder: Path, story: Callable[[Shop], None], write: int, moment: Moment) -> None:
    """Run the story in a child that is killed at its write number `write`."""
    child = os.fork()
    if child == 0:
        try:
            _run_until(Shop(folder).enrol(), story, write, moment)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the story was over before the power went"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _run_until(shop: Shop, story: Callable[[Shop], None], write: int, moment: Moment) -> None:
    append, left = shop.journal.append, write

    def append_and_die(event: JournalEvent, *, at_s: int) -> None:
        nonlocal left
        left -= 1
        if left == 0 and moment is Moment.BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        append(event, at_s=at_s)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    shop.journal.append = append_and_die  # type: ignore[method-assign]
    story(shop)


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.name)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_no_write_is_a_bad_moment(tmp_path: Path, story: Callable[[Shop], None], moment: Moment) -> None:
    """Every write of the story in turn."""
    count = writes_of(tmp_path / "whole", story)
    assert count >= 2
    for write in range(1, count + 1):
        folder = tmp_path / f"cut-{write}"
        die_at(folder, story, write, moment)
        with Journal(folder / "journal.sqlite") as left:
            accepted = [event.request_id for event, _ in left.events() if isinstance(event, ConsentAccepted)]
            captured = [one for one in accepted if left.views.sales[one].state is State.CAPTURED]
            assert set(accepted) == {*captured, *left.views.stored}
        shop = Shop(folder)
        # The server remembers: a till that comes back with a key it never saw would be another till.
        shop.keys.create("terminal")
        shop.server.terminal_key = shop.keys.signer("terminal").public_key
        shop.core.start()
        latest = shop.till.views.latest_sale
        is_open = latest is not None and latest.state is State.UNKNOWN
        assert shop.place is (Place.RESULT if is_open else Place.KEYPAD)
        shop.wait(5)
        assert not shop.till.views.stored
        assert not shop.till.views.closures
        assert all(sale.is_settled for sale in shop.till.views.sales.values())
        assert all(shop.till.views.sales[one].state is State.CAPTURED for one in accepted)
        shop.journal.close()
