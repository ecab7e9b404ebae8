"""What the journal and its mirror have in common: the table, how a file is opened, how rows are linked."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

#: Version in PRAGMA user_version. A higher one was written by a newer program and is left alone.
SCHEMA_VERSION: Final = 3
#: How long another process may hold the file before we say so.
LOCK_WAIT_S: Final = 1.0

FIRST_LINK: Final = hashlib.sha256(b"tillcode journal 1").digest()
SCHEMA: Final = (
    """CREATE TABLE events (
        number INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        at_s INTEGER NOT NULL,
        body BLOB NOT NULL,
        link BLOB NOT NULL
    ) STRICT""",
    "CREATE TRIGGER never_updated BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'facts are appended'); END",
    "CREATE TRIGGER never_deleted BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'facts are appended'); END",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event as it is on the disk."""

    number: int
    kind: int
    at_s: int
    body: bytes
    link: bytes


#: The largest number that SQLite has for a row.
LAST_NUMBER: Final = 2**63 - 1
INSERT: Final = "INSERT INTO events VALUES (?, ?, ?, ?, ?)"
SELECT: Final = "SELECT number, kind, at_s, body, link FROM events"


def connect(path: Path) -> sqlite3.Connection:
    """Open the file or make it, for this account alone, and take hold of it for this process alone.

    Raises:
        UnavailableError: STORAGE_NEWER, STORAGE_CORRUPT, or STORAGE_FAILED (disk, or another process has it).
    """
    with honest_errors():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_private(path)
        database = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        with honest_errors():
            _prepare(database)
    except UnavailableError:
        database.close()
        raise
    return database


def insert(database: sqlite3.Connection, row: Row) -> None:
    """Write one row."""
    database.execute(INSERT, (row.number, row.kind, row.at_s, row.body, row.link))


def link_at(database: sqlite3.Connection, number: int) -> bytes | None:
    """The link of one row as it is on the disk; None when there is no such row.

    Raises:
        UnavailableError: STORAGE_CORRUPT, STORAGE_FAILED.
    """
    with honest_errors():
        found: tuple[bytes] | None = database.execute("SELECT link FROM events WHERE number = ?", (number,)).fetchone()
    return found[0] if found else None


def broken_at(number: int) -> UnavailableError:
    """What is said of a journal whose row of this number is missing or changed."""
    return UnavailableError(ErrorCode.STORAGE_CORRUPT, f"the journal is broken at event {number}", param="journal")


def linked_rows(
    database: sqlite3.Connection, *, after: int = 0, link: bytes = FIRST_LINK, until: int = LAST_NUMBER
) -> Iterator[Row]:
    """The rows behind number `after`, whose link is given, up to `until`; each one's number and link are checked.

    Raises:
        UnavailableError: STORAGE_CORRUPT, STORAGE_FAILED.
    """
    last = after
    with honest_errors():
        for number, kind, at_s, body, stored in database.execute(
            f"{SELECT} WHERE number > ? AND number <= ? ORDER BY number", (after, until)
        ):
            link = link_of(link, number=number, kind=kind, at_s=at_s, body=body)
            if number != last + 1 or link != stored:
                raise broken_at(last + 1)
            last = number
            yield Row(number=number, kind=kind, at_s=at_s, body=body, link=link)


def _prepare(database: sqlite3.Connection) -> None:
    execute = database.execute
    execute("PRAGMA locking_mode = EXCLUSIVE")
    version: int = execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise UnavailableError(ErrorCode.STORAGE_NEWER, "the journal is of a newer program", param="journal")
    execute("PRAGMA journal_mode = WAL")
    execute("PRAGMA synchronous = FULL")
    # Takes the lock now: two programs on one journal must fail at the start, not at the first sale.
    execute("BEGIN EXCLUSIVE")
    if version == 0:
        for statement in SCHEMA:
            execute(statement)
    elif version < SCHEMA_VERSION:
        # Migrations only add. Version 2 brought further kinds of events, version 3 a sale's own reference: what is
        # there stays as it is, and a program that does not know them will say so instead of reading half of the file.
        execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    execute("COMMIT")


def _make_private(path: Path) -> None:
    """Make the file before SQLite does: the log beside it takes over the mode that it finds.

    A file that is there is not opened here: closing it again would drop the locks that this process holds on it.
    Source: sqlite.org/howtocorrupt.html section 2.2.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    path.chmod(0o600)


def link_of(before: bytes, *, number: int, kind: int, at_s: int, body: bytes) -> bytes:
    """What ties a row to the one before."""
    head = b"".join(part.to_bytes(8, "big") for part in (number, kind, at_s))
    return hashlib.sha256(before + head + body).digest()


@contextmanager
def honest_errors() -> Iterator[None]:
    """Say in our own words what the disk says.

    Raises:
        UnavailableError: STORAGE_FAILED, STORAGE_CORRUPT.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            busy = "another program has this journal open; does a terminal run on this folder already?"
            raise UnavailableError(ErrorCode.STORAGE_FAILED, busy, param="journal") from error
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"the journal: {error}", param="journal") from error
    except sqlite3.DatabaseError as error:
        raise UnavailableError(ErrorCode.STORAGE_CORRUPT, f"the journal: {error}", param="journal") from error
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"the journal: {error.strerror}", param="journal") from error
