"""The Store on one SQLite file: WAL, synchronous=FULL (NORMAL may lose acknowledged commits at power loss).

Several processes may write to one file: SQLite lets one of them at a time, and they wait for their turn at a lock of
the kernel's, since SQLite's own way of waiting is to sleep and try again.

By apsw and not the standard library's sqlite3, which looks for an adapter for every BLOB and NULL that it is given: a
row costs half as much (docs/benchmarks.md), and SQLite is as new as the pin.

Source: sqlite.org/pragma.html#pragma_synchronous; sqlite.org/wal.html section 3 (readers never block).
"""

import fcntl
import os
import shutil
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

import apsw

from server_stub.faults import FaultPoint, Faults
from server_stub.ledger import AccountId
from server_stub.store.base import ROOM_BYTES_MIN
from server_stub.store.checkpoints import Checkpointer
from server_stub.store.heads import Heads, Loss
from server_stub.store.numbers import Numbers
from server_stub.store.reader import Reader
from server_stub.store.session import Column, KeyedQuery, Row
from server_stub.store.sqlite_founding import check_every_row, flaws_of, migrate
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError

#: A program that is not ours may hold the write lock for a moment.
_BUSY_MS: Final = 5_000
#: Keys in one query, a power of two: SQLite takes 32,766 values in a statement.
_KEYS_MAX: Final = 256
_MOVE: Final = "UPDATE accounts SET balance = balance + ?1 WHERE id = ?2 AND balance + ?1 >= floor"
#: Pages of a backup between two looks whether the file was written to.
_PAGES_OF_A_STEP: Final = 1_000
#: Statements that a connection keeps prepared.
_STATEMENTS_KEPT: Final = 256
#: What SQLite says of a connection on which nothing went wrong.
_NO_WORDS: Final = "not an error"
#: The file, SQLite's own beside it (sqlite.org/tempfiles.html), and the lock of whoever writes.
_TURN_SUFFIX: Final = "-turn"
_SUFFIXES: Final = ("", "-wal", "-shm", "-journal", _TURN_SUFFIX)
#: The one file of a backup.
_COPY: Final = "ledger.sqlite"
_TAKE_BLOCK: Final = "UPDATE numbers SET next = next + ?1, mirror = mirror - ?1 RETURNING next"


class SqliteSession:
    """See ``Session``. Who writes is alone, so that nothing conflicts; what would be a conflict is a bug of ours."""

    __slots__ = ("_connection", "_faults")

    def __init__(self, connection: apsw.Connection, faults: Faults) -> None:
        self._connection = connection
        self._faults = faults

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(query, values).fetchall()

    def rows_of(self, query: KeyedQuery, keys: Sequence[Row]) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(keys), _KEYS_MAX):
            part = keys[start : start + _KEYS_MAX]
            count = 1 << (len(part) - 1).bit_length()
            values = [value for key in part for value in key]
            values += [None] * ((count - len(part)) * len(query.keys))  # NULL is no row's key
            found += self._connection.execute(_with_keys(query, count), values).fetchall()
        return found

    def insert(self, table: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        places = ", ".join("?" * len(columns))
        self._connection.executemany(f"INSERT INTO {table} ({_names(columns)}) VALUES ({places})", rows)  # noqa: S608 - names of ours
        self._faults.reach(FaultPoint.WRITING)

    def update(self, table: str, columns: Sequence[Column], rows: Sequence[Row], *, key_length: int) -> None:
        chosen = ", ".join(f"{column.name} = ?" for column in columns[key_length:])
        named = " AND ".join(f"{column.name} = ?" for column in columns[:key_length])
        turned = [(*row[key_length:], *row[:key_length]) for row in rows]
        before = self._connection.total_changes()
        self._connection.executemany(f"UPDATE {table} SET {chosen} WHERE {named}", turned)  # noqa: S608 - names of ours
        changed = self._connection.total_changes() - before
        assert changed == len(rows), "what is changed was read in the same database transaction"

    def move(self, amounts_minor: Mapping[AccountId, int]) -> None:
        before = self._connection.total_changes()
        self._connection.executemany(_MOVE, [(minor, account) for account, minor in amounts_minor.items()])
        moved = self._connection.total_changes() - before
        assert moved == len(amounts_minor), "floors were checked in the same database transaction"


class SqliteStore:
    """One file; one connection that writes, one that reads for each thread."""

    __slots__ = (
        "_checkpointer",
        "_faults",
        "_heads",
        "_is_checked",
        "_local",
        "_lock",
        "_numbers",
        "_path",
        "_readers",
        "_turn",
        "_write_lock",
        "_writing",
    )

    def __init__(self, path: Path, *, faults: Faults | None = None, heads: Heads | None = None) -> None:
        """Open a file that ``create`` has made, and bring it up to date.

        Raises:
            MisuseError: NOT_INITIALISED when there is no file.
            UnavailableError: STORAGE_NEWER, STORAGE_CORRUPT or STORAGE_FAILED.
        """
        if not path.exists():
            raise MisuseError(ErrorCode.NOT_INITIALISED, f"{path} is missing; put it back, or restore a backup")
        self._path = path
        self._faults = faults or Faults()
        self._heads, self._is_checked = heads, heads is None
        self._local = threading.local()
        self._lock, self._write_lock = threading.Lock(), threading.Lock()
        self._readers: list[apsw.Connection] = []
        self._numbers = Numbers(self._take_block)
        turn = path.with_name(path.name + _TURN_SUFFIX)
        try:
            self._turn = os.open(turn, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{turn}: {error.strerror}") from error
        try:
            self._writing = _connect(path)
            with self._exclusively():
                migrate(self._writing, self._faults)
                check_every_row(self._writing, SqliteSession(self._writing, self._faults))
            self._checkpointer = Checkpointer(connect=lambda: _connect(path), turn=self._exclusively)
            self._writing.set_wal_hook(self._checkpointer.committed)
        except apsw.Error as error:
            raise _storage_error(error) from error
        except UnicodeDecodeError as error:
            raise _not_a_text(error) from error

    @classmethod
    def create(cls, path: Path, *, faults: Faults | None = None, heads: Heads | None = None) -> "SqliteStore":
        """Make a new file.

        Raises:
            MisuseError: ALREADY_ENROLLED when there is one; nothing is ever overwritten.
            UnavailableError: STORAGE_FAILED.
        """
        cls._claim(path)
        return cls(path, faults=faults, heads=heads)

    @contextmanager
    def reading(self) -> Generator[Reader]:
        """See ``Store.reading``."""
        connection = self._reading_connection()
        try:
            connection.execute("BEGIN")
            try:
                yield Reader(SqliteSession(connection, self._faults))
            finally:
                connection.execute("ROLLBACK")
        except apsw.Error as error:
            raise _storage_error(error) from error
        except UnicodeDecodeError as error:
            raise _not_a_text(error) from error

    @contextmanager
    def writing(self) -> Generator[Writer]:
        """See ``Store.writing``."""
        connection = self._writing
        outcome = MoneyOutcome.NOT_CHARGED
        self.check_whole()
        try:
            with self._exclusively():
                self._numbers.refill()
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("PRAGMA defer_foreign_keys = ON")
                writer = Writer(SqliteSession(connection, self._faults), next_number=self._numbers.next)
                yield writer
                self._fill_disk()
                writer.flush()
                self._faults.reach(FaultPoint.WRITTEN)
                outcome = MoneyOutcome.UNKNOWN
                connection.execute("COMMIT")
                self._faults.reach(FaultPoint.COMMITTED)
                if self._heads is not None:
                    self._heads.note(writer.added_row())
        except apsw.ConstraintError as error:
            raise AssertionError(f"a command of ours broke a constraint: {error}") from error
        except apsw.Error as error:
            raise _storage_error(error, outcome=outcome) from error

    def check_whole(self) -> None:
        """See ``Store.check_whole``. Once: nobody but us writes to the file while it is open."""
        if self._heads is not None and not self._is_checked:
            try:
                with self._exclusively():
                    self._heads.check(SqliteSession(self._writing, self._faults).rows)
            except apsw.Error as error:
                raise _storage_error(error) from error
            self._is_checked = True

    def loss(self) -> Loss | None:
        """See ``Store.loss``."""
        return None if self._heads is None else self._heads.loss(self.reading)

    def losses(self) -> list[str]:
        """See ``Store.losses``."""
        return [] if (loss := self.loss()) is None else [str(loss)]

    def flaws(self) -> list[str]:
        """See ``Store.flaws``."""
        try:
            return flaws_of(self._reading_connection())
        except apsw.Error as error:
            raise _storage_error(error) from error
        except UnicodeDecodeError as error:
            raise _not_a_text(error) from error

    def check_room(self, *, bytes_min: int = ROOM_BYTES_MIN) -> None:
        """See ``Store.check_room``."""
        try:
            free = shutil.disk_usage(self._path.parent).free
        except OSError as error:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{self._path.parent}: {error.strerror}") from error
        if free < bytes_min:
            raise UnavailableError(
                ErrorCode.STORAGE_FAILED, f"{self._path.parent}: {free >> 20} MiB of the disk are left"
            )

    @property
    def dialect(self) -> str:
        return "sqlite"

    def back_up(self, folder: Path) -> None:
        """See ``Store.back_up``. SQLite copies page by page, and begins again what was written meanwhile."""
        try:
            with closing(apsw.Connection(str(folder / _COPY))) as copy:
                with copy.backup("main", self._reading_connection(), "main") as backup:
                    while not backup.done:
                        backup.step(_PAGES_OF_A_STEP)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        except apsw.Error as error:
            raise _storage_error(error) from error

    @classmethod
    def restore(cls, path: Path, folder: Path) -> "SqliteStore":
        """Make a new file of what ``back_up`` has written, and open it.

        Raises:
            MisuseError, UnavailableError: as ``create`` and when opening; then there is no file, as before.
        """
        cls._claim(path)
        try:
            shutil.copyfile(folder / _COPY, path)
            return cls(path)
        except OSError as error:
            cls.remove(path)
            raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{path}: {error.strerror}") from error
        except UnavailableError:
            cls.remove(path)
            raise

    @staticmethod
    def remove(path: Path) -> None:
        """Take a file away that was just made, and what lies beside it by our doing; a person's own copies stay."""
        for suffix in _SUFFIXES:
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """See ``Store.close``."""
        self._checkpointer.close()
        if self._heads is not None:
            self._heads.close()
        with self._lock:
            for connection in (*self._readers, self._writing):
                connection.close()
            self._readers.clear()
            if self._turn >= 0:
                os.close(self._turn)
                self._turn = -1

    @staticmethod
    def _claim(path: Path) -> None:
        """Make the file, empty, unless there is one."""
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError as error:
            raise MisuseError(ErrorCode.ALREADY_ENROLLED, f"{path} exists; it is never overwritten") from error
        except OSError as error:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{path}: {error.strerror}") from error

    @contextmanager
    def _exclusively(self) -> Generator[None]:
        """Our turn among the threads and processes that write to this file; the kernel ends it when a process dies."""
        with self._write_lock:
            fcntl.flock(self._turn, fcntl.LOCK_EX)
            try:
                yield
            finally:
                _roll_back(self._writing)
                fcntl.flock(self._turn, fcntl.LOCK_UN)

    def _fill_disk(self) -> None:
        if self._faults.has_armed(FaultPoint.DISK_FULL):
            pages = self._writing.execute("PRAGMA page_count").fetchall()[0][0]
            self._writing.execute(f"PRAGMA max_page_count = {pages}")

    def _take_block(self, count: int) -> int:
        ((end,),) = self._writing.execute(_TAKE_BLOCK, (count,)).fetchall()
        self._faults.reach(FaultPoint.NUMBERS_TAKEN)
        assert isinstance(end, int), "a STRICT table keeps its types"
        return end - count

    def _reading_connection(self) -> apsw.Connection:
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            try:
                connection = _connect(self._path)
                connection.execute("PRAGMA query_only = ON")
            except apsw.Error as error:
                raise _storage_error(error) from error
            self._local.connection = connection
            with self._lock:
                self._readers.append(connection)
        return connection


@lru_cache(maxsize=512)
def _with_keys(query: KeyedQuery, count: int) -> str:
    """The statement for so many keys, a power of two: few texts, so that the connection finds each one prepared."""
    one = f"({', '.join('?' * len(query.keys))})"
    return f"WITH k ({_names(query.keys)}) AS (VALUES {', '.join([one] * count)}) {query.text}"


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(column.name for column in columns)


def _connect(path: Path) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READWRITE
    connection = apsw.Connection(str(path), flags=flags, statementcachesize=_STATEMENTS_KEPT)
    connection.set_busy_timeout(_BUSY_MS)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # a thread of its own does it: checkpoints.py
    return connection


def _roll_back(connection: apsw.Connection) -> None:
    """Undo what is still open: nothing after a commit, or when SQLite has undone it itself after a failed write."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _not_a_text(error: UnicodeDecodeError) -> UnavailableError:
    """Nobody but a fault writes a text that is none."""
    return UnavailableError(ErrorCode.STORAGE_CORRUPT, f"the ledger's file: a text is none: {error.reason}")


def _storage_error(error: apsw.Error, *, outcome: MoneyOutcome = MoneyOutcome.NOT_CHARGED) -> UnavailableError:
    is_corrupt = isinstance(error, apsw.CorruptError | apsw.NotADBError)
    code = ErrorCode.STORAGE_CORRUPT if is_corrupt else ErrorCode.STORAGE_FAILED
    # A backup's error has no words of its own: apsw asks the connection that did not fail.
    words = str(error) if str(error) != _NO_WORDS else type(error).__name__
    return UnavailableError(code, f"the ledger's file: {words}", outcome=outcome)
