"""The Store on PostgreSQL, by psycopg 3: the same unit of work, with arrays where SQLite has many rows.

Several processes may write at once (docs/server-store.md). What they decide on is locked, or has a unique key or a
floor, so READ COMMITTED is enough, and a conflict makes the whole group decide anew. After COMMIT was sent, any error
means that nobody knows: the connection is closed, never cancelled, and whoever asks again by the same id finds out.

Source: postgresql.org/docs/15/transaction-iso.html, section 13.2.1; errcodes-appendix.html.
"""

import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

from server_stub.faults import FaultPoint, Faults
from server_stub.ledger import AccountId
from server_stub.store.base import ROOM_BYTES_MIN
from server_stub.store.heads import Heads, Loss
from server_stub.store.migrations import TABLE
from server_stub.store.numbers import Numbers
from server_stub.store.postgres_arrays import array_of, arrays, dumpers, marked, unnest, with_keys
from server_stub.store.postgres_copies import copy_in, copy_out
from server_stub.store.postgres_errors import CONFLICTS, before_commit, storage_error
from server_stub.store.postgres_founding import check_empty, check_encoding, check_every_row, has_ledger, migrate
from server_stub.store.reader import Reader
from server_stub.store.session import Column, ConflictError, KeyedQuery, Kind, Row
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError

Connection = psycopg.Connection[Row]

#: Another process may hold what we want for so long; then the group decides anew.
_LOCK_WAIT_MS: Final = 5_000
#: A connection that says nothing for so long is given up.
_CONNECT_S: Final = 5
#: What a unit of work asks is always by keys: the same plan each time, made once, and never a look at a whole table.
_WRITING: Final = (
    "SET synchronous_commit = on; SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_hashjoin = off;"
    f" SET enable_mergejoin = off; SET enable_seqscan = off; SET lock_timeout = {_LOCK_WAIT_MS}"
)
_MOVE: Final = (
    "UPDATE accounts a SET balance = a.balance + v.minor FROM unnest(%b::bigint[], %b::bigint[]) AS v (id, minor)"
    " WHERE a.id = v.id AND a.balance + v.minor >= a.floor"
)
_TAKE_BLOCK: Final = "UPDATE numbers SET next = next + %(count)s, mirror = mirror - %(count)s RETURNING next"
#: A commit that the database has given up waiting for on its replicas: durable here, perhaps nowhere else.
_COMMIT_IN_DOUBT: Final = "01000"


class PostgresSession:
    """See ``Session``."""

    __slots__ = ("_changes", "_connection", "_faults")

    #: What a reading of a LOCKED table ends with; a reader locks nothing.
    locking = ""

    def __init__(self, connection: Connection, faults: Faults) -> None:
        self._connection = connection
        self._faults = faults
        #: What was sent to change rows, how many rows it must change, and what it means when it does not.
        self._changes: list[tuple[psycopg.Cursor[Row], int, str]] = []

    @contextmanager
    def sent_together(self) -> Generator[None]:
        """Inside, what is inserted, updated and moved is sent without waiting for the answer to each.

        Raises:
            ConflictError: on leaving, as each of these.
        """
        refused: psycopg.Error | None = None
        try:
            with self._connection.pipeline():
                try:
                    yield
                except psycopg.Error as error:
                    refused = error  # left to the pipeline it would log on stderr what everything behind it met
        except psycopg.Error as error:
            raise (refused or error) from None
        if refused is not None:
            raise refused
        for cursor, count, conflict in self._changes:
            if cursor.rowcount != count:
                raise ConflictError(conflict)

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(marked(query), values, binary=True).fetchall()

    def rows_of(self, query: KeyedQuery, keys: Sequence[Row]) -> list[Row]:
        if len(keys) > 1:
            keys = sorted(keys)
        text = with_keys(query, self.locking)
        return self._connection.execute(text, arrays(query.keys, keys), binary=True).fetchall()

    def insert(self, table: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        names = ", ".join(column.name for column in columns)
        text = f"INSERT INTO {table} ({names}) SELECT * FROM {unnest(columns)}"  # noqa: S608 - names of ours
        self._connection.execute(text, arrays(columns, sorted(rows, key=itemgetter(0))))
        self._faults.reach(FaultPoint.WRITING)

    def update(self, table: str, columns: Sequence[Column], rows: Sequence[Row], *, key_length: int) -> None:
        names = ", ".join(column.name for column in columns)
        chosen = ", ".join(f"{column.name} = v.{column.name}" for column in columns[key_length:])
        same = " AND ".join(f"t.{column.name} = v.{column.name}" for column in columns[:key_length])
        text = f"UPDATE {table} t SET {chosen} FROM {unnest(columns)} AS v ({names}) WHERE {same}"  # noqa: S608 - names of ours
        done = self._connection.execute(text, arrays(columns, sorted(rows, key=itemgetter(0))))
        self._changes.append((done, len(rows), f"rows of {table} have changed meanwhile"))

    def move(self, amounts_minor: Mapping[AccountId, int]) -> None:
        accounts = sorted(amounts_minor)
        amounts = [amounts_minor[account] for account in accounts]
        done = self._connection.execute(_MOVE, [array_of(Kind.NUMBER, accounts), array_of(Kind.NUMBER, amounts)])
        self._changes.append((done, len(accounts), "a balance has changed meanwhile"))


class _WritingSession(PostgresSession):
    __slots__ = ()

    locking = " FOR NO KEY UPDATE OF "


class PostgresStore:
    """One database; one connection that writes, one that reads for each thread. Broken ones are made anew."""

    __slots__ = (
        "_address",
        "_faults",
        "_heads",
        "_is_checked",
        "_local",
        "_lock",
        "_notices",
        "_numbers",
        "_readers",
        "_write_lock",
        "_writing",
    )

    def __init__(self, address: str, *, faults: Faults | None = None, heads: Heads | None = None) -> None:
        """Open a ledger that ``create`` has made, and bring it up to date.

        Args:
            address: as libpq takes it: ``postgresql://user@host/database``.

        Raises:
            MisuseError: NOT_INITIALISED when the database has no ledger.
            UnavailableError: STORAGE_NEWER, STORAGE_CORRUPT or STORAGE_FAILED.
        """
        self._address = address
        self._faults = faults or Faults()
        self._heads, self._is_checked = heads, heads is None
        self._local = threading.local()
        self._lock, self._write_lock = threading.Lock(), threading.Lock()
        self._readers: list[Connection] = []
        self._notices: list[str | None] = []
        self._numbers = Numbers(self._take_block)
        self._writing: Connection | None = None
        try:
            connection = self._connected()
            check_encoding(connection)
            if not has_ledger(connection):
                raise MisuseError(ErrorCode.NOT_INITIALISED, "the database holds no ledger; restore a backup")
            migrate(connection, self._faults)
            check_every_row(connection, PostgresSession(connection, self._faults))
        except psycopg.Error as error:
            raise storage_error(error) from error

    @classmethod
    def create(cls, address: str, *, faults: Faults | None = None, heads: Heads | None = None) -> "PostgresStore":
        """Make a ledger in an empty database.

        Raises:
            MisuseError: ALREADY_ENROLLED when there is one; nothing is ever overwritten.
            UnavailableError: STORAGE_FAILED.
        """
        try:
            with psycopg.connect(address, autocommit=True, connect_timeout=_CONNECT_S) as connection:
                check_encoding(connection)
                check_empty(connection)
                connection.execute(TABLE)
        except psycopg.Error as error:
            raise storage_error(error) from error
        return cls(address, faults=faults, heads=heads)

    @contextmanager
    def reading(self) -> Generator[Reader]:
        """See ``Store.reading``."""
        try:
            connection = self._reading_connection()
            try:
                yield Reader(PostgresSession(connection, self._faults))
            finally:
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
        except psycopg.Error as error:
            raise storage_error(error) from error

    @contextmanager
    def writing(self) -> Generator[Writer]:
        """See ``Store.writing``."""
        with self._write_lock:
            connection, is_ready = self._begun(), False
            try:
                session = _WritingSession(connection, self._faults)
                writer = Writer(session, next_number=self._numbers.next)
                yield writer
                with session.sent_together():
                    writer.flush()
                self._fill_disk(connection)
                self._faults.reach(FaultPoint.WRITTEN)
                added, is_ready = writer.added_row(), True
            except psycopg.Error as error:
                raise before_commit(error) from error
            finally:
                if not is_ready:
                    _give_up(connection)
            self._commit(connection)
            if self._heads is not None:
                self._heads.note(added)

    def check_whole(self) -> None:
        """See ``Store.check_whole``. Again with each new connection: it may be to a replica that has taken over."""
        with self._write_lock:
            _give_up(self._begun())

    def loss(self) -> Loss | None:
        """See ``Store.loss``."""
        return None if self._heads is None else self._heads.loss(self.reading)

    def losses(self) -> tuple[str, ...]:
        """See ``Store.losses``."""
        return () if (loss := self.loss()) is None else (str(loss),)

    def flaws(self) -> tuple[str, ...]:
        """See ``Store.flaws``. A page whose checksum is wrong shows itself as soon as the audit reads it."""
        return ()

    def check_room(self, *, bytes_min: int = ROOM_BYTES_MIN) -> None:
        """See ``Store.check_room``. Its disk is the database's own: a commit that failed tells."""

    @property
    def dialect(self) -> str:
        return "postgres"

    def back_up(self, folder: Path) -> None:
        """See ``Store.back_up``. Every table of the database, whichever there are, in one view."""
        try:
            with psycopg.connect(self._address, connect_timeout=_CONNECT_S) as connection:
                copy_out(connection, folder)
        except psycopg.Error as error:
            raise storage_error(error) from error

    @classmethod
    def restore(cls, address: str, folder: Path) -> "PostgresStore":
        """Make a ledger in an empty database of what ``back_up`` has written.

        Raises:
            MisuseError, UnavailableError: as ``create`` and ``copy_in``; then the database is as empty as before.
        """
        try:
            with psycopg.connect(address, connect_timeout=_CONNECT_S) as connection:
                check_encoding(connection)
                check_empty(connection)
                copy_in(connection, folder)
        except psycopg.Error as error:
            raise storage_error(error) from error
        return cls(address)

    def close(self) -> None:
        """See ``Store.close``."""
        if self._heads is not None:
            self._heads.close()
        with self._lock:
            for connection in (*self._readers, *([self._writing] if self._writing else [])):
                connection.close()
            self._readers.clear()
            self._writing = None

    def _fill_disk(self, connection: Connection) -> None:
        """The server's disk is its own, so it is told to fail as it does when that is full: with 53100."""
        if self._faults.has_armed(FaultPoint.DISK_FULL):
            connection.execute("DO 'BEGIN RAISE disk_full; END'", prepare=False)

    def _commit(self, connection: Connection) -> None:
        self._notices.clear()
        try:
            done = connection.execute("COMMIT")
            self._faults.reach(FaultPoint.COMMITTED)
        except psycopg.Error as error:
            connection.close()
            if isinstance(error, (*CONFLICTS, errors.IntegrityError)):
                raise before_commit(error) from error  # the database says itself that it was undone
            raise storage_error(error, outcome=MoneyOutcome.UNKNOWN) from error
        if done.statusmessage != "COMMIT":
            raise AssertionError(f"a unit of work that had failed was to be committed: {done.statusmessage}")
        if _COMMIT_IN_DOUBT in self._notices:
            connection.close()
            raise UnavailableError(
                ErrorCode.STORAGE_FAILED, "the commit may not be on its replicas", outcome=MoneyOutcome.UNKNOWN
            )

    def _begun(self) -> Connection:
        """The connection that writes, in a new transaction; one that has died since its last use is made anew."""
        for last_try in (False, True):
            try:
                connection = self._connected()
                if self._heads is not None and not self._is_checked:
                    self._heads.check(PostgresSession(connection, self._faults).rows)
                    self._is_checked = True
                self._numbers.refill()
                connection.execute("BEGIN")
            except psycopg.OperationalError as error:
                if last_try:
                    raise storage_error(error) from error
                if self._writing is not None:
                    self._writing.close()
            else:
                return connection
        raise AssertionError("the last try has returned or raised")

    def _connected(self) -> Connection:
        """The connection that writes, made anew when it is known to be broken."""
        if self._writing is None or self._writing.closed:
            connection = _connect(self._address)
            connection.execute(_WRITING, prepare=False)
            connection.add_notice_handler(lambda notice: self._notices.append(notice.sqlstate))
            self._writing, self._is_checked = connection, False
        return self._writing

    def _take_block(self, count: int) -> int:
        assert self._writing is not None, "numbers are taken while something is written"
        taken = self._writing.execute(_TAKE_BLOCK, {"count": count}).fetchone()
        self._faults.reach(FaultPoint.NUMBERS_TAKEN)
        assert taken is not None, "the row stands there from the first migration on"
        return int(taken[0]) - count

    def _reading_connection(self) -> Connection:
        """This thread's own, inside a view of one moment; one that has died since its last use is made anew."""
        for last_try in (False, True):
            connection: Connection | None = getattr(self._local, "connection", None)
            if connection is None or connection.closed:
                connection = self._local.connection = _connect(self._address)
                with self._lock:
                    self._readers = [one for one in self._readers if not one.closed]
                    self._readers.append(connection)
            try:
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            except psycopg.OperationalError:
                connection.close()
                if last_try:
                    raise
            else:
                return connection
        raise AssertionError("the last try has returned or raised")


class _NumberDumper(Dumper):
    """Every whole number as a bigint: one type each time, so that one prepared statement serves."""

    format = Format.BINARY
    oid = 20

    def dump(self, obj: Any) -> Buffer:
        return int(obj).to_bytes(8, "big", signed=True)


def _connect(address: str) -> Connection:
    connection = psycopg.connect(address, autocommit=True, connect_timeout=_CONNECT_S, prepare_threshold=0)
    connection.adapters.register_dumper(int, _NumberDumper)
    for kind, dumper in dumpers().items():
        connection.adapters.register_dumper(kind, dumper)
    return connection


def _give_up(connection: Connection) -> None:
    try:
        connection.execute("ROLLBACK")
    except psycopg.Error:
        connection.close()
