"""The queue is carried by hand with fingers alone, from one till's glass to another's journal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from terminal_app.core import Scanned
from terminal_app.presenter import Presenter
from terminal_app.screen_model import NetworkState, ScreenModel, ScreenName
from tests.gui.counter import Counter
from tests.gui.stage import Till
from tests.unit.terminal_app.people import sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Panel

TillOf = Callable[[ScreenModel, Panel], Till]


@pytest.fixture
def counter(till_of: TillOf, tmp_path: Path) -> Counter:
    """A till without network that has accepted 7.00."""
    shop = Shop(tmp_path).enrol()
    shop.go_offline()
    sell(shop, 700)
    counter = Counter(till_of(Presenter(zone=None).present(shop.snapshot), PANEL_7_LANDSCAPE), shop)
    counter.tap("menu", "queue")
    return counter


def test_a_file_is_saved_and_read_in_with_a_word_for_each(counter: Counter) -> None:
    """The panel says under which name; the list offers that file, and reading it in says how many came."""
    counter.tap("carry", "export")
    assert counter.shows(ScreenName.DONE)
    (saved,) = (counter.shop.folder / "carried").iterdir()
    assert counter.lines()[0] == f"Saved as {saved.name}"
    assert counter.shop.snapshot.stored_count == 1, "nothing leaves the queue by it"
    counter.tap("done", "carry", "import", "file_0")
    assert counter.till.root.model.headline == "READ IN"
    counter.tap("done")
    assert counter.shows(ScreenName.QUEUE)


def test_a_folder_that_cannot_be_made_is_no_broken_till(counter: Counter) -> None:
    """Where the stick should be there is a file: the till says so, and what is accepted stays."""
    (counter.shop.folder / "carried").write_text("no folder")
    counter.tap("carry", "export")
    assert counter.lines() == ("The stick or folder cannot be used. Is it plugged in?",)
    assert counter.shop.snapshot.stored_count == 1


def test_codes_are_turned_on_one_glass_and_read_on_another(counter: Counter, till_of: TillOf, tmp_path: Path) -> None:
    """The reading till counts what is missing, and ends on its own."""
    counter.tap("carry", "show_codes")
    assert counter.shows(ScreenName.QUEUE_CODE)
    codes = []
    while (text := counter.till.root.model.code_text) not in codes:
        codes.append(text or "")
        counter.tap("next_code")
    counter.tap("stop")
    assert counter.shows(ScreenName.QUEUE)
    neighbour = Shop(tmp_path / "neighbour").enrol()
    other = Counter(till_of(Presenter(zone=None).present(neighbour.snapshot), PANEL_7_LANDSCAPE), neighbour)
    other.tap("menu", "queue", "carry", "read_codes")
    assert neighbour.scanner.is_looking
    neighbour.core.step(Scanned(texts=(codes[0],)))
    other.look()
    assert other.lines()[0].startswith("Still missing: 2")
    neighbour.core.step(Scanned(texts=tuple(codes[1:])))
    other.look()
    assert other.lines() == ("1 payments read in.",)
    assert not neighbour.scanner.is_looking


def test_escape_stops_the_reading(counter: Counter) -> None:
    """A camera that nobody needs looks at nobody."""
    counter.tap("carry", "read_codes")
    finger.press_key(finger.ESCAPE_KEY)
    counter.look()
    assert counter.shows(ScreenName.QUEUE)
    assert not counter.shop.scanner.is_looking


def test_the_time_left_counts_down_while_the_page_is_open(counter: Counter) -> None:
    """Once a minute, and no more often: an idle page costs nothing."""
    before = counter.lines()[-1]
    assert "left" in before
    due_in_ms = counter.shop.core.due_in_ms()
    assert due_in_ms is not None
    assert due_in_ms <= 60_000
    counter.shop.wait(3600)
    counter.look()
    assert counter.lines()[-1] != before
    assert counter.shop.snapshot.network is NetworkState.SWITCHED_OFF
