"""Cut the program off after every single append: nothing accepted is lost, and everything settles."""

from collections.abc import Callable
from pathlib import Path

import pytest

from terminal_app.core import Lane, Place
from terminal_app.journal.events import ConsentAccepted, JournalEvent
from terminal_app.screen_model import (
    Cancel,
    NetworkState,
    NetworkSwitch,
    NextSale,
    ScanAnswer,
    ScanCustomer,
    SwitchNetwork,
)
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.states import State


class PulledPlug(BaseException):
    """The power is gone."""


def pull_after(shop: Shop, appends: int) -> None:
    """The program dies right after this many more facts have reached the disk."""
    append = shop.journal.append
    left = appends

    def append_and_die(event: JournalEvent, *, at_s: int) -> None:
        nonlocal left
        append(event, at_s=at_s)
        left -= 1
        if left == 0:
            raise PulledPlug

    shop.journal.append = append_and_die  # type: ignore[method-assign]


def sell_offline(shop: Shop) -> None:
    """Flow C, then the network comes back."""
    shop.go_offline()
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)
    shop.do(NextSale())
    shop.switch(NetworkSwitch.ON)


def sell_online(shop: Shop) -> None:
    """Flow C's code, scanned online."""
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)
    shop.run()


def sell_by_code(shop: Shop) -> None:
    """Flow B."""
    shop.do(ScanCustomer(amount_minor=900))
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.run()


def lose_a_code(shop: Shop) -> None:
    """Flow B, the answer lost, then asked again."""
    shop.do(ScanCustomer(amount_minor=900))
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.server.road = Road.LOST_AFTER
    shop.run(Lane.COUNTER)
    shop.server.road = Road.CLEAR
    shop.wait(5)


def cancel(shop: Shop) -> None:
    """A shown code, cancelled."""
    shop.show_code()
    shop.do(Cancel())
    shop.run()


def hear(shop: Shop) -> None:
    """Flow A."""
    shop.server.pay_online(shop.show_code())
    shop.run(Lane.LISTEN)


STORIES: list[Callable[[Shop], None]] = [sell_offline, sell_online, sell_by_code, lose_a_code, cancel, hear]


@pytest.mark.parametrize("story", STORIES)
def test_a_crash_after_any_append_loses_nothing(tmp_path: Path, story: Callable[[Shop], None]) -> None:
    """After the restart till and server agree on every sale: paid at both, or at neither; no queue is left."""
    whole = Shop(tmp_path / "whole").enrol()
    before = whole.journal.length
    story(whole)
    for appends in range(1, whole.journal.length - before + 1):
        shop = Shop(tmp_path / f"cut-{appends}").enrol()
        pull_after(shop, appends)
        with pytest.raises(PulledPlug):
            story(shop)
        accepted = [event.request_id for event, _ in shop.journal.events() if isinstance(event, ConsentAccepted)]
        shop.server.road = Road.CLEAR
        shop.restart()
        latest = shop.till.views.latest_sale
        is_open = latest is not None and latest.state is State.UNKNOWN
        assert shop.place is (Place.RESULT if is_open else Place.KEYPAD)
        shop.do(SwitchNetwork(wanted=NetworkSwitch.ON))
        shop.run()
        views = shop.till.views
        assert not views.stored
        assert not views.closures
        for request_id in accepted:
            assert views.sale(request_id).state is State.CAPTURED
        for sale in views.sales.values():
            assert sale.is_settled, f"cut after {appends}"
            assert sale.state.is_paid == (sale.request_id in shop.server.receipts)


def test_a_crash_before_the_append_leaves_no_trace(shop: Shop) -> None:
    """Not on the disk means not accepted: the payer's intent was taken by nobody."""
    shop.go_offline()
    request = shop.show_code()
    shop.do(ScanAnswer())

    def die(event: JournalEvent, *, at_s: int) -> None:
        raise PulledPlug(at_s)

    shop.journal.append = die  # type: ignore[method-assign]
    with pytest.raises(PulledPlug):
        shop.scan(shop.answer(request).envelope)
    assert all(snapshot.place is not Place.RESULT for snapshot in shop.shown)
    shop.restart()
    assert not shop.till.views.stored
    assert len(shop.till.views.closures) == 1
    assert shop.snapshot.network is NetworkState.UNTRIED


def test_nothing_is_shown_as_accepted_before_it_is_in_the_file(shop: Shop) -> None:
    """Durable before visible: at the moment of the first ACCEPTED the file already has the fact. (R-75)"""
    shop.go_offline()
    request = shop.show_code()
    shop.do(ScanAnswer())
    seen: list[bool] = []

    def look(snapshot: object) -> None:
        if shop.snapshot.place is Place.RESULT:
            seen.append(any(isinstance(event, ConsentAccepted) for event, _ in shop.journal.events()))

    shop.core._show = look
    shop.scan(shop.answer(request).envelope)
    assert seen == [True]
