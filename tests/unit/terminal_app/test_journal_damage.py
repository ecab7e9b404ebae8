"""A journal that is broken, cut off or without its mirror: nothing accepted is lost, and what happened is said."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from terminal_app.journal import Journal, MirrorState
from terminal_app.journal.repair import READY_SUFFIX, open_journal
from terminal_app.reports import closing_of
from terminal_app.screen_model import NetworkSwitch
from tests.unit.terminal_app.people import sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

AT_S = 2_000_000_000


@pytest.fixture
def stored(shop: Shop) -> Shop:
    """Twelve payments in the queue: several pages of the file."""
    shop.go_offline()
    for number in range(12):
        sell(shop, 100 + number)
    return shop


def closed_copy(shop: Shop, name: str = "copy.sqlite") -> Path:
    """The journal's file, folded and closed, where a test may break it."""
    shop.journal.close()
    path = shop.folder / "copies" / name
    path.parent.mkdir(exist_ok=True)
    shutil.copyfile(shop.path, path)
    return path


def break_row(path: Path, number: int) -> None:
    """Change a byte of one row's body, as a bad cell of a card does."""
    database = sqlite3.connect(path)
    database.execute("DROP TRIGGER never_updated")
    (body,) = database.execute("SELECT body FROM events WHERE number = ?", (number,)).fetchone()
    changed = bytes([body[0] ^ 0xFF]) + body[1:]
    database.execute("UPDATE events SET body = ? WHERE number = ?", (changed, number))
    database.commit()
    database.close()


def break_pages(path: Path, *, from_share: float) -> None:
    """Overwrite the file's pages from there on."""
    content = bytearray(path.read_bytes())
    start = int(len(content) * from_share) // 4096 * 4096
    content[start:] = b"\xa5" * (len(content) - start)
    path.write_bytes(content)


def ids_of(journal: Journal) -> list[RequestId]:
    """The queue."""
    return list(journal.views.stored)


def mirror_of(shop: Shop) -> MirrorState:
    """How the mirror does now."""
    return shop.journal.mirror_state


def test_a_broken_row_costs_itself_alone(stored: Shop) -> None:
    """Rows behind it are read and fitted on; the broken file is kept; the repair is a fact."""
    wanted = list(stored.till.views.stored)
    path = closed_copy(stored)
    last = stored.journal.length
    break_row(path, last - 5)
    broken = path.read_bytes()
    with open_journal(path, mirror=None, at_s=AT_S) as journal:
        repaired = journal.views.office.repaired
        assert repaired is not None
        assert (repaired.good_count, repaired.mirror_count) == (last - 6, 0)
        assert repaired.saved_count + repaired.lost_count == 6
        assert repaired.kept_as == "copy.sqlite.damaged-1"
        assert len(set(wanted) - set(ids_of(journal))) <= 1
    assert path.with_name("copy.sqlite.damaged-1").read_bytes() == broken
    with Journal(path) as again:
        assert again.views.office.repaired == repaired


@pytest.mark.parametrize("from_share", [0.3, 0.6, 0.9])
def test_with_a_mirror_nothing_is_lost(stored: Shop, from_share: float) -> None:
    """Whatever of the file is overwritten."""
    wanted = list(stored.till.views.stored)
    mirror = stored.folder / "stick" / "mirror.sqlite"
    mirror.parent.mkdir()
    stored.journal.attach_mirror(mirror, at_s=AT_S)
    assert mirror_of(stored) is MirrorState.GOOD
    path = closed_copy(stored)
    break_pages(path, from_share=from_share)
    with open_journal(path, mirror=mirror, at_s=AT_S) as journal:
        assert ids_of(journal) == wanted
        repaired = journal.views.office.repaired
        assert repaired is not None
        assert repaired.lost_count == 0
        assert journal.mirror_state is MirrorState.GOOD


def test_without_a_mirror_what_is_readable_is_kept(stored: Shop) -> None:
    """A torn tail: all before it is there, and the screen can say that something is missing."""
    path = closed_copy(stored)
    break_pages(path, from_share=0.7)
    with open_journal(path, mirror=None, at_s=AT_S) as journal:
        assert journal.views.membership is not None
        assert 0 < len(journal.views.stored) < 12
        assert journal.views.office.repaired is not None


def test_a_tail_that_is_cut_off_comes_back_from_the_mirror(stored: Shop) -> None:
    """SQLite drops a torn log without a word; the mirror knows better."""
    mirror = stored.folder / "stick" / "mirror.sqlite"
    mirror.parent.mkdir()
    early = stored.folder / "early.sqlite"
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{stored.path}{suffix}", f"{early}{suffix}")
    stored.journal.attach_mirror(mirror, at_s=AT_S)
    late = sell(stored, 999)
    stored.journal.close()
    with open_journal(early, mirror=mirror, at_s=AT_S) as journal:
        assert late in journal.views.stored
        repaired = journal.views.office.repaired
        assert repaired is not None
        assert repaired.mirror_count > 0
        assert journal.mirror_state is MirrorState.GOOD


def test_a_file_that_is_no_journal_and_no_mirror_is_not_replaced_by_an_empty_one(stored: Shop) -> None:
    """An empty till that looks healthy would be the worst of all."""
    path = closed_copy(stored)
    path.write_bytes(b"\xa5" * 20_000)
    with pytest.raises(UnavailableError) as caught:
        open_journal(path, mirror=None, at_s=AT_S)
    assert caught.value.code is ErrorCode.STORAGE_CORRUPT
    assert path.read_bytes() == b"\xa5" * 20_000


def test_a_file_that_is_no_journal_any_more_comes_whole_from_the_mirror(stored: Shop) -> None:
    """All of it."""
    wanted = list(stored.till.views.stored)
    mirror = stored.folder / "mirror.sqlite"
    stored.journal.attach_mirror(mirror, at_s=AT_S)
    path = closed_copy(stored)
    path.write_bytes(b"\xa5" * 20_000)
    with open_journal(path, mirror=mirror, at_s=AT_S) as journal:
        assert ids_of(journal) == wanted


def test_a_power_cut_in_the_middle_of_a_repair_loses_nothing(stored: Shop) -> None:
    """The finished repair is found and put in its place; the log of the broken file is not applied to it."""
    wanted = list(stored.till.views.stored)
    path = closed_copy(stored)
    path.rename(path.with_name(path.name + READY_SUFFIX))
    path.write_bytes(b"broken")
    path.with_name(path.name + "-wal").write_bytes(b"the log of the broken file")
    with open_journal(path, mirror=None, at_s=AT_S) as journal:
        assert ids_of(journal) == wanted


def test_a_missing_mirror_is_a_warning_and_comes_back(stored: Shop) -> None:
    """The till sells on; when the stick is back it has everything."""
    mirror = stored.folder / "stick" / "mirror.sqlite"
    stored.journal.attach_mirror(mirror, at_s=AT_S)
    assert mirror_of(stored) is MirrorState.MISSING
    sell(stored, 500)
    assert len(stored.till.views.stored) == 13
    mirror.parent.mkdir()
    sell(stored, 600)
    assert mirror_of(stored) is MirrorState.GOOD
    length = stored.journal.length
    stored.journal.close()
    with Journal(mirror) as second:
        assert second.length == length


def test_a_stick_that_is_pulled_out_is_noticed(stored: Shop) -> None:
    """With the next fact, and another one in its place is filled whole."""
    folder = stored.folder / "stick"
    folder.mkdir()
    stored.journal.attach_mirror(folder / "mirror.sqlite", at_s=AT_S)
    shutil.rmtree(folder)
    sell(stored, 500)
    assert mirror_of(stored) is MirrorState.MISSING
    folder.mkdir()
    sell(stored, 500)
    assert mirror_of(stored) is MirrorState.GOOD


def test_a_mirror_of_another_till_is_left_as_it_is(stored: Shop, tmp_path: Path) -> None:
    """A warning, and not one byte of it is changed."""
    other = Shop(tmp_path / "other", seed=9).enrol()
    other.journal.close()
    before = other.path.read_bytes()
    stored.journal.attach_mirror(other.path, at_s=AT_S)
    sell(stored, 500)
    assert mirror_of(stored) is MirrorState.FOREIGN
    assert len(stored.till.views.stored) == 13
    stored.journal.close()
    assert other.path.read_bytes() == before


def test_a_mirror_that_is_a_broken_file_stops_nobody(stored: Shop) -> None:
    """Said, not raised."""
    mirror = stored.folder / "mirror.sqlite"
    mirror.write_bytes(b"\xa5" * 9_000)
    stored.journal.attach_mirror(mirror, at_s=AT_S)
    assert mirror_of(stored) is MirrorState.FAILED
    sell(stored, 500)
    assert len(stored.till.views.stored) == 13


def test_answers_reach_the_mirror_in_one_piece(stored: Shop) -> None:
    """A whole batch of them, after its commit."""
    mirror = stored.folder / "mirror.sqlite"
    stored.journal.attach_mirror(mirror, at_s=AT_S)
    stored.switch(NetworkSwitch.ON)
    stored.wait(3)
    assert not stored.till.views.stored
    stored.journal.close()
    with Journal(mirror) as second:
        assert {sale.state for sale in second.views.sales.values()} == {State.CAPTURED}


def test_a_repair_stays_on_the_screen_until_the_day_is_closed(stored: Shop) -> None:
    """Whoever closes the day has seen it."""
    path = closed_copy(stored)
    break_row(path, stored.journal.length - 3)
    with open_journal(path, mirror=None, at_s=AT_S) as journal:
        assert journal.views.office.repaired is not None
        assert journal.views.stored
        journal.append(closing_of(journal.views, currency=Currency.EUR), at_s=AT_S)
        repaired = journal.views.office.repaired
        assert repaired is None
