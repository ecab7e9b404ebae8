"""A sale made by a wrong clock is misdated alone: in history, on paper and in the queue, and nothing gets younger."""

from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from terminal_app.presenter import Presenter
from terminal_app.reports import queue_view
from terminal_app.screen_model import NextSale, ScanAnswer
from tests.unit.terminal_app.fake_server import LIMITS
from tests.unit.terminal_app.shop import Shop

DAY_S = 86_400
#: The certificate of these tests lives a day.
AHEAD_S = 3 * 3600


def sell(till: Shop, counter: int, token: object) -> None:
    """One sale offline."""
    request = till.show_code()
    till.do(ScanAnswer())
    answer = till.answer(request, token=token, counter=counter, cumulative_minor=1250 * counter)  # type: ignore[arg-type]
    till.scan(answer.envelope)
    till.do(NextSale())


def test_a_sale_with_the_clock_far_ahead_misdates_no_later_one(tmp_path: Path) -> None:
    """All that came after it had its time, on history and paper, until it had passed; also after a restart."""
    till = Shop(tmp_path, limits=replace(LIMITS, stored_age_max_s=10 * DAY_S)).enrol()
    till.go_offline()
    token, now_s = till.token(), till.clock.now_ms() // 1000
    till.clock.jump(AHEAD_S)
    sell(till, 1, token)
    till.clock.jump(-AHEAD_S)
    sell(till, 2, token)
    till.restart()
    till.go_offline()
    till.clock.advance(60)
    sell(till, 3, token)
    dates = [entry.accepted_at_s for entry in till.journal.views.history.values()]
    assert dates == [now_s + AHEAD_S, now_s, now_s + 60]
    assert [entry.opened_at_s for entry in till.journal.views.history.values()] == dates


def test_what_waits_ages_the_same_by_any_clock(tmp_path: Path) -> None:
    """Ages are counted from event to event: a clock set right makes what was misdated neither older nor younger."""
    till = Shop(tmp_path, limits=replace(LIMITS, stored_age_max_s=DAY_S)).enrol()
    till.go_offline()
    token = till.token()
    till.clock.jump(AHEAD_S)
    sell(till, 1, token)
    till.clock.jump(-AHEAD_S)
    till.clock.advance(600)
    sell(till, 2, token)
    view = queue_view(till.till.views, at_s=till.time.journal_s())
    assert view.full_at_s is not None
    assert view.full_at_s - view.at_s >= DAY_S - 600 - 1
    till.clock.advance(DAY_S)
    view = queue_view(till.till.views, at_s=till.time.journal_s())
    assert view.full_at_s is not None
    assert view.full_at_s < view.at_s


@pytest.mark.parametrize(
    ("off_s", "words"),
    [
        (0, ""),
        (30, ""),
        (-30, ""),
        (45, "The till's clock is 1 min ahead: codes are refused. Set it."),
        (3_605, "The till's clock is 1 h ahead: codes are refused. Set it."),
        (-5_400, "The till's clock is 1 h 30 min behind: codes are refused. Set it."),
        (-DAY_S, "The till's clock is 24 h behind: codes are refused. Set it."),
    ],
)
def test_a_clock_that_is_off_is_told_on_the_keypad_and_at_the_code(tmp_path: Path, off_s: int, words: str) -> None:
    """By the server's time: the till counted down and said Online while every wallet refused."""
    till = Shop(tmp_path)
    till.server.date_s = till.clock.now_ms() // 1000 - off_s
    till.enrol()
    assert "\n".join(Presenter(zone=UTC).present(till.snapshot).lines) == words
    till.show_code()
    assert (words in Presenter(zone=UTC).present(till.snapshot).lines) == bool(words)
