"""The Store on one SQLite file: WAL, synchronous=FULL (NORMAL may lose acknowledged commits at power loss).

Source: sqlite.org/pragma.html#pragma_synchronous; sqlite.org/wal.html section 3 (readers never block).
"""

import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from server_stub.store import rows
from server_stub.store.sqlite_reader import SqliteReader
from server_stub.store.sqlite_writer import SqliteWriter
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: Another process (the operator's command line) may hold the write lock for a moment.
_BUSY_MS: Final = 5_000
#: Pages of the log before it is folded into the file; larger than the default of 1,000, measured faster.
_CHECKPOINT_PAGES: Final = 4_000


class SqliteStore:
    """One file; one connection that writes, one that reads for each thread."""

    __slots__ = ("_local", "_lock", "_path", "_readers", "_writing")

    def __init__(self, path: Path) -> None:
        """Open a file that ``create`` has made, and bring it up to date.

        Raises:
            MisuseError: NOT_INITIALISED when there is no file.
            UnavailableError: STORAGE_NEWER, STORAGE_CORRUPT or STORAGE_FAILED.
        """
        if not path.exists():
            raise MisuseError(ErrorCode.NOT_INITIALISED, f"{path} is missing; run: tillcode-server init")
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._readers: list[sqlite3.Connection] = []
        try:
            self._writing = _connect(path)
            _migrate(self._writing, _known_migrations())
        except sqlite3.Error as error:
            raise _storage_error(error) from error

    @classmethod
    def create(cls, path: Path) -> "SqliteStore":
        """Make a new file.

        Raises:
            MisuseError: ALREADY_ENROLLED when there is one; nothing is ever overwritten.
            UnavailableError: STORAGE_FAILED.
        """
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError as error:
            raise MisuseError(ErrorCode.ALREADY_ENROLLED, f"{path} exists; it is never overwritten") from error
        except OSError as error:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{path}: {error.strerror}") from error
        return cls(path)

    @contextmanager
    def reading(self) -> Generator[SqliteReader]:
        """See ``Store.reading``."""
        connection = self._reading_connection()
        try:
            connection.execute("BEGIN")
            try:
                yield SqliteReader(connection)
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _storage_error(error) from error

    @contextmanager
    def writing(self) -> Generator[SqliteWriter]:
        """See ``Store.writing``."""
        connection = self._writing
        outcome = MoneyOutcome.NOT_CHARGED
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield SqliteWriter(connection)
            outcome = MoneyOutcome.UNKNOWN
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _storage_error(error, outcome=outcome) from error
        finally:
            _roll_back(connection)

    def close(self) -> None:
        """Give back every connection; no reader or writer may be in use."""
        with self._lock:
            for connection in (*self._readers, self._writing):
                connection.close()
            self._readers.clear()

    def _reading_connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            try:
                connection = _connect(self._path)
                connection.execute("PRAGMA query_only = ON")
            except sqlite3.Error as error:
                raise _storage_error(error) from error
            self._local.connection = connection
            with self._lock:
                self._readers.append(connection)
        return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=_BUSY_MS / 1000
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return connection


def _known_migrations() -> list[tuple[int, str, str, str]]:
    """Number, name, checksum and text of each migration, in sequence."""
    texts = [(path.name, path.read_text()) for path in sorted(MIGRATIONS.glob("[0-9]*.sql"))]
    return [(int(name[:4]), name, sha256(text.encode()).hexdigest(), text) for name, text in texts]


def _migrate(connection: sqlite3.Connection, known: Sequence[tuple[int, str, str, str]]) -> None:
    """Apply what is missing, each in its own transaction of the database, and refuse what we cannot know."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)"
    )
    applied: dict[int, str] = dict(connection.execute("SELECT number, checksum FROM migrations"))
    if max(applied, default=0) > max(number for number, *_ in known):
        raise UnavailableError(ErrorCode.STORAGE_NEWER, "the ledger was written by a newer version of this program")
    for number, name, checksum, text in known:
        if number not in applied:
            row = f"INSERT INTO migrations VALUES ({number}, '{name}', '{checksum}')"  # noqa: S608 - file names of ours
            connection.executescript(f"BEGIN IMMEDIATE; {text}; {row}; COMMIT;")
        elif applied[number] != checksum:
            raise UnavailableError(
                ErrorCode.STORAGE_CORRUPT, f"migration {name} is not the one this ledger was made with"
            )


def _roll_back(connection: sqlite3.Connection) -> None:
    """Undo what is still open: nothing after a commit, or when SQLite has undone it itself after a failed write."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _storage_error(error: sqlite3.Error, *, outcome: MoneyOutcome = MoneyOutcome.NOT_CHARGED) -> UnavailableError:
    code = ErrorCode.STORAGE_CORRUPT if rows.is_corrupt(error) else ErrorCode.STORAGE_FAILED
    return UnavailableError(code, f"the ledger's file: {error}", outcome=outcome)
