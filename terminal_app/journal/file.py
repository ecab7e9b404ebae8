"""The journal file: events in SQLite, appended and on the disk before `append` returns, each linked to the one before.

One process at a time owns the file. Nothing in it is updated or deleted; the database itself refuses that.
`link` = SHA-256(link of the event before || number || kind || time || body): a missing, changed or swapped
event in the middle is found when the file is opened. (Cutting off the end is not: that is what the outbox's
answers and the server's numbers are for.)

Source: SQLite documentation, pragma.html#pragma_synchronous ("FULL" in WAL mode syncs on each commit).
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from terminal_app.journal.events import JournalEvent, SaleEvent, SaleOpened, decode_event, encode_event
from terminal_app.journal.sales import Sale, opened_sale, stepped_sale
from terminal_app.journal.views import Views
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.ids import RequestId

#: Version in PRAGMA user_version. A higher one was written by a newer program and is left alone.
SCHEMA_VERSION: Final = 2
#: How long another process may hold the file before we say so.
LOCK_WAIT_S: Final = 1.0

_FIRST_LINK: Final = hashlib.sha256(b"tillcode journal 1").digest()
_SCHEMA: Final = (
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


class Journal:
    """The events of a till and the views folded from them. One thread at a time may use it."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; every event is read and its link checked.

        Raises:
            UnavailableError: STORAGE_NEWER, STORAGE_CORRUPT, or STORAGE_FAILED (disk, or another process has it).
        """
        self._views = Views()
        self._number = 0
        self._link = _FIRST_LINK
        with _honest_errors():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_private(path)
            self._database = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            with _honest_errors():
                self._prepare()
            self._load()
        except UnavailableError:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def views(self) -> Views:
        """What the events add up to; only `append` changes it."""
        return self._views

    @property
    def length(self) -> int:
        """How many events there are."""
        return self._number

    def append(self, event: JournalEvent, *, at_s: int) -> None:
        """Make one fact durable, then let the views know it. When this raises, nothing has changed.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        kind, body = encode_event(event)
        assert decode_event(kind, body) == event, "what is written can be read"
        # A fact that does not fit the ones before is a bug of ours and must not reach the disk.
        self._views.check(event)
        number = self._number + 1
        link = _link(self._link, number=number, kind=kind, at_s=at_s, body=body)
        with _honest_errors():
            self._database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", (number, kind, at_s, body, link))
        self._number, self._link = number, link
        self._views.apply(event, at_s=at_s)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Let several facts become durable at once, when the block ends; a failure takes all of them back.

        Raises:
            UnavailableError: STORAGE_FAILED; the views are then read anew from what is on the disk.
        """
        with _honest_errors():
            self._database.execute("BEGIN IMMEDIATE")
        kept = False
        try:
            yield
            with _honest_errors():
                self._database.execute("COMMIT")
            kept = True
        finally:
            if not kept:
                self._take_back()

    def events(self) -> Iterator[tuple[JournalEvent, int]]:
        """Every event and its time in seconds since the epoch, read from the disk with its link checked.

        Raises:
            UnavailableError: STORAGE_CORRUPT, STORAGE_FAILED.
        """
        for _, _, event, at_s in self._rows():
            yield event, at_s

    def find_sale(self, request_id: RequestId) -> Sale | None:
        """One sale, read from the disk however old it is.

        Raises:
            UnavailableError: STORAGE_CORRUPT, STORAGE_FAILED.
        """
        sale: Sale | None = None
        with _honest_errors():
            rows = self._database.execute(
                "SELECT kind, at_s, body FROM events WHERE instr(body, ?) ORDER BY number", (request_id,)
            )
            for kind, at_s, body in rows:
                event = decode_event(kind, body)
                if isinstance(event, SaleOpened) and event.request_id == request_id:
                    sale = opened_sale(event, at_s=at_s)
                elif sale is not None and isinstance(event, SaleEvent) and event.request_id == request_id:
                    sale = stepped_sale(sale, event, at_s=at_s)
        return sale

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._database.close()

    def _take_back(self) -> None:
        """Undo a batch. SQLite may have undone it by itself (a full disk): the views are read anew all the same."""
        with _honest_errors():
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
        self._load()

    def _load(self) -> None:
        self._views, self._number, self._link = Views(), 0, _FIRST_LINK
        for number, link, event, at_s in self._rows():
            self._number, self._link = number, link
            self._views.apply(event, at_s=at_s)

    def _rows(self) -> Iterator[tuple[int, bytes, JournalEvent, int]]:
        link, last = _FIRST_LINK, 0
        with _honest_errors():
            rows = self._database.execute("SELECT number, kind, at_s, body, link FROM events ORDER BY number")
            for number, kind, at_s, body, stored_link in rows:
                link = _link(link, number=number, kind=kind, at_s=at_s, body=body)
                if number != last + 1 or link != stored_link:
                    raise UnavailableError(
                        ErrorCode.STORAGE_CORRUPT, f"the journal is broken at event {number}", param="journal"
                    )
                last = number
                yield number, link, decode_event(kind, body), at_s

    def _prepare(self) -> None:
        execute = self._database.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        version: int = execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise UnavailableError(ErrorCode.STORAGE_NEWER, "the journal is of a newer program", param="journal")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        # Takes the lock now: two programs on one journal must fail at the start, not at the first sale.
        execute("BEGIN EXCLUSIVE")
        if version == 0:
            for statement in _SCHEMA:
                execute(statement)
        elif version < SCHEMA_VERSION:
            # Migrations only add. Version 2 brought further kinds of events: what is there stays as it is, and a
            # program that does not know them will say so instead of reading half of the file.
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


def _link(before: bytes, *, number: int, kind: int, at_s: int, body: bytes) -> bytes:
    head = b"".join(part.to_bytes(8, "big") for part in (number, kind, at_s))
    return hashlib.sha256(before + head + body).digest()


@contextmanager
def _honest_errors() -> Iterator[None]:
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
