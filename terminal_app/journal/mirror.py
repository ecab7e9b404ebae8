"""A second journal on another path: a stick, a second disk. It follows the first, row by row, after each commit.

It is a journal itself, and can be opened as one. When it is missing, full or slow to come back, the till goes on and
says so: a missing mirror is a warning. What it may never do is overwrite: one that holds another till's rows, or
rows that the first journal does not have, is left as it is.
"""

import sqlite3
from enum import Enum, unique
from pathlib import Path

from terminal_app.journal.database import Row, connect, honest_errors, insert, link_at, linked_rows
from wallet_sdk.protocol.errors import UnavailableError


@unique
class MirrorState(Enum):
    """How the second journal does."""

    NONE = "none"
    GOOD = "good"
    MISSING = "missing"
    FAILED = "failed"
    FOREIGN = "foreign"


class Mirror:
    """The second journal. None of its methods raises for what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._number = 0
        self.state = MirrorState.MISSING

    def follow(self, first: sqlite3.Connection, *, number: int) -> None:
        """Take every row of the first journal, whose last is `number`, that is not here yet."""
        if self.state is MirrorState.FOREIGN or not self._opened():
            return
        assert self._database is not None
        try:
            with honest_errors():
                link = link_at(self._database, self._number)
                if self._number > number or link != link_at(first, self._number):
                    self.state = MirrorState.FOREIGN
                    return
                self._database.execute("BEGIN IMMEDIATE")
                for row in _rows_behind(first, self._number, link):
                    insert(self._database, row)
                self._database.execute("COMMIT")
        except UnavailableError:
            self._fail()
        else:
            self._number, self.state = number, MirrorState.GOOD

    def rows_after(self, first: sqlite3.Connection, *, number: int) -> tuple[Row, ...]:
        """Rows that are here and that the first journal has lost at its end; empty when it has lost none."""
        if not self._opened():
            return ()
        assert self._database is not None
        try:
            with honest_errors():
                link = link_at(self._database, number) if self._number > number else None
                if link is None or link != link_at(first, number):
                    return ()
                return tuple(_rows_behind(self._database, number, link))
        except UnavailableError:
            self._fail()
            return ()

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _opened(self) -> bool:
        """Open the file if it is not. Its folder must be there: a mount point without its stick is no second disk."""
        if self._database is not None and self._path.exists():
            return True
        self.close()
        if not self._path.parent.is_dir():
            self.state = MirrorState.MISSING
            return False
        try:
            self._database = connect(self._path)
            with honest_errors():
                self._number = self._database.execute("SELECT coalesce(max(number), 0) FROM events").fetchone()[0]
        except UnavailableError:
            self._fail()
            return False
        return True

    def _fail(self) -> None:
        """Begin anew with the next row: by then the stick may be back."""
        self.close()
        self.state = MirrorState.FAILED


def _rows_behind(database: sqlite3.Connection, number: int, link: bytes | None) -> list[Row]:
    return list(linked_rows(database, after=number, link=link) if link else linked_rows(database))
