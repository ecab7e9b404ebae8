"""The next batch is under way while the answer to the last one is written down, and nothing is sent twice for it."""

import pytest

from terminal_app.core import Lane, Returned
from terminal_app.errands import Errand, Purpose
from terminal_app.screen_model import NetworkSwitch, SwitchNetwork
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.shop import Shop
from tests.unit.terminal_app.test_outbox import store
from wallet_sdk.protocol.api import CaptureAnswer
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError


@pytest.fixture
def full(shop: Shop) -> Shop:
    """Five payments in the queue, two to a batch; the first batch is out."""
    store(shop, 5)
    shop.outbox._batch_max = 2
    shop.core.step(SwitchNetwork(wanted=NetworkSwitch.ON))
    return shop


class WatchedLanes:
    """The lanes of a shop, and how much the journal had grown at each call."""

    def __init__(self, shop: Shop, length: int) -> None:
        self._shop = shop
        self._length = length
        self.written: list[int] = []

    def submit(self, lane: Lane, errand: Errand) -> None:
        """Note, and keep it."""
        self.written.append(self._shop.journal.length - self._length)
        self._shop.lanes.submit(lane, errand)


def taken(shop: Shop) -> Errand:
    """The one call that is out."""
    (errand,) = shop.lanes.of(Lane.OUTBOX)
    shop.lanes.waiting.clear()
    return errand


def bring_back(shop: Shop, errand: Errand, outcome: object = None) -> None:
    """Its answer, the server's own if no other is given."""
    shop.core.step(Returned(lane=Lane.OUTBOX, errand=errand, outcome=outcome or shop._outcome_of(errand)))


def test_the_next_batch_leaves_before_the_answer_is_written_down(full: Shop) -> None:
    """And holds none of the payments that are being answered."""
    first = taken(full)
    answer = full._outcome_of(first)
    watched = WatchedLanes(full, full.journal.length)
    full.core._lanes = watched
    bring_back(full, first, answer)
    assert watched.written == [0], "nothing of the answer was in the journal yet"
    second = taken(full)
    assert second.purpose is Purpose.CAPTURE
    assert not set(second.request_ids) & set(first.request_ids)
    assert len(full.till.views.stored) == 3
    bring_back(full, second)
    full.run()
    assert not full.till.views.stored
    sent = [request_id for batch in full.server.captures for request_id in batch]
    assert len(sent) == len(set(sent)) == 5


def test_an_answer_that_is_not_believed_delays_what_comes_after_the_batch_under_way(full: Shop) -> None:
    """What it was about goes again later; the batch that had left meanwhile is believed by its own answer."""
    first = taken(full)
    answer = full._outcome_of(first)
    assert isinstance(answer, CaptureAnswer)
    wrong = CaptureAnswer(outcomes=tuple(reversed(answer.outcomes)))
    bring_back(full, first, wrong)
    second = taken(full)
    bring_back(full, second)
    assert set(full.till.views.stored) >= set(first.request_ids)
    assert not set(full.till.views.stored) & set(second.request_ids)
    full.outbox._batch_max = 1_000
    full.wait(5)
    assert not full.till.views.stored


@pytest.mark.parametrize(
    "outcome",
    [
        CaptureAnswer(outcomes=()),
        UnavailableError(ErrorCode.NETWORK_TIMEOUT, "no answer"),
    ],
    ids=["not one for each", "none"],
)
def test_nothing_leaves_behind_an_answer_that_is_none(full: Shop, outcome: object) -> None:
    """First a pause."""
    bring_back(full, taken(full), outcome)
    assert not full.lanes.of(Lane.OUTBOX)
    assert (full.outbox.due_in_ms() or 0) > 0


def test_a_closure_comes_first_and_a_switch_holds_everything(full: Shop) -> None:
    """Somebody may be standing at the counter; and off is off."""
    first = taken(full)
    answer = full._outcome_of(first)
    full.server.road = Road.LOST_BEFORE
    sale = full.till.open_request(amount_minor=100)
    full.till.views.closures[sale.request_id] = None
    assert full.outbox.errand_ahead(first, answer) is None
    del full.till.views.closures[sale.request_id]
    full.core.step(SwitchNetwork(wanted=NetworkSwitch.OFF))
    bring_back(full, first, answer)
    assert not full.lanes.of(Lane.OUTBOX)
    assert len(full.till.views.stored) == 3
