"""A journal of the first program, opened by this one: nothing is lost, and what waited still settles."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from terminal_app.journal import SCHEMA_VERSION, Journal
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.states import State

OLD = Path(__file__).parents[2] / "vectors" / "journal" / "version-1.journal"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy that may be written."""
    path = tmp_path / "journal.sqlite"
    shutil.copyfile(OLD, path)
    return path


def version_of(path: Path) -> int:
    """What the file says."""
    database = sqlite3.connect(path)
    try:
        version: int = database.execute("PRAGMA user_version").fetchone()[0]
    finally:
        database.close()
    return version


def test_everything_in_it_is_there(copied: Path) -> None:
    """Sixteen facts, six sales in five states, two payments in the queue, one request to be closed."""
    assert version_of(copied) == 1
    with Journal(copied) as journal:
        views = journal.views
        assert journal.length == 16
        assert [sale.state for sale in views.sales.values()] == [
            State.CAPTURED,
            State.CANCELED,
            State.DECLINED,
            State.AUTHORIZED,
            State.AUTHORIZED,
            State.UNKNOWN,
        ]
        assert (len(views.stored), views.stored_minor, len(views.closures)) == (2, 1_150, 1)
        assert len(views.history) == 6
        assert views.office.period.totals.takings_minor == 1_250 + 1_150
    assert version_of(copied) == SCHEMA_VERSION


def test_the_upgrade_changes_no_fact(copied: Path) -> None:
    """Row for row what the old program wrote."""
    with Journal(copied):
        pass
    rows = []
    for path in (OLD, copied):
        database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        rows.append(database.execute("SELECT * FROM events ORDER BY number").fetchall())
        database.close()
    assert rows[0] == rows[1]


def test_a_newer_one_is_left_alone(copied: Path) -> None:
    """Not opened, not changed, and said so."""
    database = sqlite3.connect(copied)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    before = copied.read_bytes()
    with pytest.raises(UnavailableError) as caught:
        Journal(copied)
    assert caught.value.code is ErrorCode.STORAGE_NEWER
    assert copied.read_bytes() == before
