"""The log of a SQLite file is folded into it beside the commits: it stays short, and nobody's commit does it."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from server_stub.store.checkpoints import Checkpointer

_STEP = 20
_LONG_S = 10.0


def opened(path: Path) -> apsw.Connection:
    """One more connection, whose commits fold nothing by themselves."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


class Folding:
    """A file with a table, one connection that writes, and the checkpointer; it counts the turns that were taken."""

    def __init__(self, path: Path, **more: Any) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.turns = threading.Semaphore(0)
        self.pages: list[int] = []
        self.writing = opened(path)
        self.writing.execute("CREATE TABLE IF NOT EXISTS t (x)")
        connect: Callable[[], apsw.Connection] = more.get("connect", lambda: opened(path))
        self.checkpointer = Checkpointer(connect=connect, turn=self.turn, step=_STEP)
        self.writing.set_wal_hook(self.committed)

    @contextmanager
    def turn(self) -> Generator[None]:
        """Nobody writes meanwhile."""
        with self.lock:
            yield
        self.turns.release()

    def committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        """What SQLite says of the log after each commit."""
        self.pages.append(pages)
        return self.checkpointer.committed(connection, name, pages)

    def commit(self) -> None:
        """One commit of a few pages."""
        with self.lock:
            self.writing.execute("INSERT INTO t VALUES (zeroblob(9000))")

    def commit_until_folded(self) -> None:
        """Commit until a checkpoint is due, and wait for its end."""
        for _ in range(_STEP):
            self.commit()
            if self.turns.acquire(blocking=False):
                return
        assert self.turns.acquire(timeout=_LONG_S), "the log was long enough, and nobody has folded it"

    def close(self) -> None:
        """Both."""
        self.checkpointer.close()
        self.writing.close()


@pytest.fixture
def folding(tmp_path: Path) -> Generator[Folding]:
    """A file and its checkpointer."""
    made = Folding(tmp_path / "some.sqlite")
    yield made
    made.close()


def test_the_log_is_begun_anew_again_and_again(folding: Folding) -> None:
    """However much is written, the log is never longer than a few steps, and all of it is in the file."""
    for _ in range(10):
        folding.commit_until_folded()
    folding.commit()
    assert sum(after < before for before, after in zip(folding.pages, folding.pages[1:], strict=False)) >= 5
    assert max(folding.pages) < 8 * _STEP
    count = len(folding.pages)
    folding.close()
    with apsw.Connection(str(folding.path)) as again:
        assert again.execute("SELECT count(*) FROM t").fetchall() == [(count,)]


def test_no_commit_folds_the_log_itself(folding: Folding) -> None:
    """While nobody gives the turn the file stays as it was, and commits go on all the same."""
    before = folding.path.stat().st_size
    folding.checkpointer.close()
    for _ in range(3 * _STEP):
        folding.commit()
    assert folding.path.stat().st_size == before
    assert folding.pages[-1] > 3 * _STEP


def test_an_old_view_only_puts_it_off(folding: Folding) -> None:
    """A long reading keeps what it sees; when it has ended the log is begun anew."""
    folding.commit()
    reading = opened(folding.path)
    reading.execute("BEGIN")
    assert reading.execute("SELECT count(*) FROM t").fetchall() == [(1,)]
    folding.commit_until_folded()
    folding.commit_until_folded()
    assert folding.pages == sorted(folding.pages), "begun anew while somebody still reads it"
    assert reading.execute("SELECT count(*) FROM t").fetchall() == [(1,)]
    reading.execute("ROLLBACK")
    reading.close()
    folding.commit_until_folded()
    folding.commit()
    assert folding.pages[-1] < _STEP


@pytest.mark.parametrize("error", [apsw.BusyError, apsw.IOError, apsw.FullError])
def test_what_cannot_be_folded_now_is_folded_later(
    tmp_path: Path, error: type[apsw.Error], caplog: pytest.LogCaptureFixture
) -> None:
    """Another process that is at it, or a disk that fails once, ends nothing; only the disk is worth a line."""
    failures, tried = [error("no")], threading.Semaphore(0)

    def connect() -> apsw.Connection:
        tried.release()
        if failures:
            raise failures.pop()
        return opened(tmp_path / "some.sqlite")

    folding = Folding(tmp_path / "some.sqlite", connect=connect)
    while not tried.acquire(blocking=False):
        folding.commit()
    folding.commit_until_folded()
    folding.commit()
    assert folding.pages[-1] < _STEP
    folding.close()
    assert ("could not be folded" in caplog.text) == (error is not apsw.BusyError)


def test_a_store_whose_log_is_short_has_no_thread(tmp_path: Path) -> None:
    """A command line that writes a row starts none, and closing waits for none."""
    before = threading.active_count()
    folding = Folding(tmp_path / "some.sqlite")
    folding.commit()
    assert threading.active_count() == before
    folding.close()
