"""A wallet store in one SQLite file: write-ahead log, every commit synced to the disk.

Source: SQLite documentation, "Write-Ahead Logging" and PRAGMA synchronous (FULL: each commit is synced in WAL mode).
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import Counter, Digest, Envelope, RequestId, TerminalId, TokenId
from wallet_sdk.store import rows
from wallet_sdk.store.forking import FORKS
from wallet_sdk.store.mark import Mark, Written
from wallet_sdk.store.records import (
    NO_RECEIPT,
    BalanceRecord,
    ConsentRecord,
    Enrolled,
    Outcome,
    PendingIssue,
    Reservation,
    TokenRecord,
    already_answered,
    check_outcome_follows,
)
from wallet_sdk.store.schema import APPLICATION_ID, MIGRATIONS

#: Another process of the same wallet holds the file for one commit at a time; longer means it hangs.
BUSY_TIMEOUT_S: Final = 5.0
#: The file that tells a store put back from a backup; see mark.py. It belongs beside the store, in no backup.
MARK_SUFFIX: Final = ".mark"
T = TypeVar("T")

_CODES: Final = MappingProxyType(
    {
        sqlite3.SQLITE_CORRUPT: ErrorCode.STORAGE_CORRUPT,
        sqlite3.SQLITE_NOTADB: ErrorCode.STORAGE_CORRUPT,
        sqlite3.SQLITE_BUSY: ErrorCode.STORAGE_BUSY,
    }
)


class SqliteWalletStore:
    """Implements ``WalletStore`` in a file that only its owner may read. Threads, processes and forks may share it."""

    def __init__(self, path: Path | str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        """Open the file, or make it; an older file is brought to this version.

        ``busy_timeout_s`` is how long a change waits for another process that changes the same file.

        Raises:
            UnavailableError: STORAGE_CORRUPT, STORAGE_NEWER, STORAGE_BUSY, STORAGE_FAILED.
        """
        self._path = Path(path)
        self._busy_timeout_s = busy_timeout_s
        self._mark = Mark(self._path.with_name(self._path.name + MARK_SUFFIX))
        self._lock = threading.RLock()
        self._is_closed = False
        with _storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # One that is there is not opened here: closing it would drop the locks that this process holds on it.
            # Source: sqlite.org/howtocorrupt.html section 2.2.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._opened: sqlite3.Connection | None = None
        try:
            self._prepare()
        except TillcodeError:
            self.close()
            raise
        FORKS.add(self)

    def __repr__(self) -> str:
        return f"SqliteWalletStore({str(self._path)!r})"

    def enrolled(self) -> Enrolled | None:
        return self._first("SELECT * FROM enrolled", rows.read_enrolled)

    def save_enrolled(self, enrolled: Enrolled) -> None:
        with self._changing() as database:
            database.execute("DELETE FROM enrolled")
            _insert(database, "enrolled", rows.write_enrolled(enrolled))

    def denylists(self) -> tuple[Envelope, ...]:
        return tuple(Envelope(row["envelope"]) for row in self._all("SELECT envelope FROM denylist ORDER BY number"))

    def save_denylists(self, denylists: tuple[Envelope, ...]) -> None:
        with self._changing() as database:
            database.execute("DELETE FROM denylist")
            database.executemany("INSERT INTO denylist VALUES (?, ?)", enumerate(denylists))

    def token(self) -> TokenRecord | None:
        return self._first("SELECT * FROM token WHERE is_current = 1", rows.read_token)

    def reserve_counter(
        self, token_id: TokenId, *, spend_minor: int, check: Callable[[Reservation], None]
    ) -> Reservation:
        """See ``WalletStore.reserve_counter``."""
        with self._changing() as database:
            self._check_newest()
            token = self.token()
            if token is None or token.token_id != token_id or (spend_minor and self.pending_issue()):
                raise RuleViolationError(ErrorCode.TOKEN_CLOSED, "the token is closed or being closed")
            reservation = Reservation(
                counter=Counter(token.counter + 1), cumulative_minor=token.cumulative_minor + spend_minor
            )
            check(reservation)
            self._count_on(database)
            database.execute(
                "UPDATE token SET counter = ?, cumulative_minor = ? WHERE token_id = ?",
                (reservation.counter, reservation.cumulative_minor, token_id),
            )
        return reservation

    def pending_issue(self) -> PendingIssue | None:
        return self._first("SELECT * FROM issue", rows.read_issue)

    def save_issue(self, issue: PendingIssue) -> None:
        """See ``WalletStore.save_issue``."""
        with self._changing() as database:
            self._check_newest()
            token = self.token()
            now = (TokenId(b""), 0) if token is None else (token.token_id, token.cumulative_minor)
            if self.pending_issue() or now != (issue.previous_token_id, issue.spent_minor):
                raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "the token changed meanwhile")
            _insert(database, "issue", rows.write_issue(issue))
            self._count_on(database)
        self._write_mark()

    def share_issue(self, issue: PendingIssue) -> None:
        """See ``WalletStore.share_issue``."""
        with self._changing() as database:
            self._check_newest()
            shared = database.execute("UPDATE issue SET is_shared = 1 WHERE envelope = ?", (issue.envelope,))
            if shared.rowcount != 1:
                raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "it is not pending any more")

    def withdraw_issue(self, issue: PendingIssue) -> None:
        """See ``WalletStore.withdraw_issue``."""
        with self._changing() as database:
            database.execute("DELETE FROM issue WHERE envelope = ? AND is_shared = 0", (issue.envelope,))

    def drop_issue(self, issue: PendingIssue) -> None:
        with self._changing() as database:
            database.execute("DELETE FROM issue WHERE envelope = ?", (issue.envelope,))

    def replace_issue(self, issue: PendingIssue, successor: PendingIssue) -> None:
        with self._changing() as database:
            database.execute(
                "UPDATE issue SET envelope = ? WHERE envelope = ? AND previous_token_id = ? AND spent_minor = ?",
                (successor.envelope, issue.envelope, successor.previous_token_id, successor.spent_minor),
            )

    def adopt_token(self, token: TokenRecord) -> None:
        """See ``WalletStore.adopt_token``."""
        with self._changing() as database:
            known = self._first("SELECT * FROM token WHERE token_id = ?", rows.read_token, token.token_id)
            current = self.token()
            if known and (current is None or current.token_id != token.token_id):
                raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "this token was replaced before")
            if not known:
                database.execute("UPDATE token SET is_current = 0")
                _insert(database, "token", rows.write_token(token))
            database.execute("DELETE FROM issue")
            self._count_on(database)
        self._write_mark()

    def is_rolled_back(self) -> bool:
        """See ``WalletStore.is_rolled_back``."""
        with self._changing():
            return self._mark.contradicts(self._written())

    def abandon_token(self) -> None:
        """See ``WalletStore.abandon_token``."""
        with self._changing() as database:
            database.execute("UPDATE token SET is_current = 0")
            database.execute("DELETE FROM issue")
            self._count_on(database, least=self._mark.count() + 1)
        self._write_mark()

    def add_consent(self, record: ConsentRecord) -> None:
        """See ``WalletStore.add_consent``."""
        with self._changing() as database:
            live = record.ask and self.live_consent(record.ask.terminal_id, record.ask.request_id)
            if live:
                raise already_answered(live.digest)
            used = database.execute(
                "SELECT 1 FROM consent WHERE token_id = ? AND counter = ?", (record.token_id, record.counter)
            ).fetchone()
            if used:
                raise RuleViolationError(ErrorCode.COUNTER_REUSED, "this counter was signed before")
            _insert(database, "consent", rows.write_consent(record))
            self._settle_mark(database)

    def record_outcome(
        self, digest: Digest, outcome: Outcome, *, error_code: int = 0, receipt: Envelope = NO_RECEIPT
    ) -> None:
        """See ``WalletStore.record_outcome``."""
        with self._changing() as database:
            record = self.consent(digest)
            if record is None:
                raise MisuseError(ErrorCode.BAD_ARGUMENT, "no such consent", param="digest")
            check_outcome_follows(record.outcome, outcome)
            database.execute(
                "UPDATE consent SET outcome = ?, error_code = ?, receipt = ?, is_dead = ?, is_resolved = ?"
                " WHERE digest = ?",
                (
                    outcome.value,
                    error_code,
                    receipt or record.receipt,
                    int(outcome.is_dead),
                    int(outcome.is_resolved),
                    digest,
                ),
            )

    def record_refund(self, digest: Digest, *, refunded_minor: int) -> None:
        """See ``WalletStore.record_refund``."""
        with self._changing() as database:
            changed = database.execute(
                "UPDATE consent SET refunded_minor = MAX(refunded_minor, ?) WHERE digest = ?", (refunded_minor, digest)
            )
            if changed.rowcount != 1:
                raise MisuseError(ErrorCode.BAD_ARGUMENT, "no such consent", param="digest")

    def consent(self, digest: Digest) -> ConsentRecord | None:
        return self._first("SELECT * FROM consent WHERE digest = ?", rows.read_consent, digest)

    def live_consent(self, terminal_id: TerminalId, request_id: RequestId) -> ConsentRecord | None:
        """See ``WalletStore.live_consent``."""
        live = "SELECT * FROM consent WHERE terminal_id = ? AND request_id = ? AND is_dead = 0"
        return self._first(live, rows.read_consent, terminal_id, request_id)

    def unresolved(self) -> tuple[ConsentRecord, ...]:
        found = self._all("SELECT * FROM consent WHERE is_resolved = 0 ORDER BY number")
        return tuple(self._read(rows.read_consent, row) for row in found)

    def history(self, *, before: int | None, limit: int) -> tuple[tuple[int, ConsentRecord], ...]:
        """See ``WalletStore.history``."""
        page = "SELECT * FROM consent WHERE number < ? ORDER BY number DESC LIMIT ?"
        found = self._all(page, 2**63 - 1 if before is None else before, limit)
        return tuple((row["number"], self._read(rows.read_consent, row)) for row in found)

    def balance(self) -> BalanceRecord | None:
        return self._first("SELECT * FROM balance", rows.read_balance)

    def save_balance(self, balance: BalanceRecord) -> None:
        with self._changing() as database:
            database.execute("DELETE FROM balance")
            _insert(database, "balance", rows.write_balance(balance))

    def close(self) -> None:
        """Give back the file; may be called twice."""
        with self._lock:
            self._is_closed = True
            self._let_go()

    def before_fork(self) -> None:
        """Wait for the change under way, and close the file: nothing of SQLite may cross a fork."""
        self._lock.acquire()
        self._let_go()

    def after_fork(self) -> None:
        """The next use opens the file again, in the parent and in the child."""
        self._lock.release()

    def _check_newest(self) -> None:
        """A store that was put back spends and closes nothing: what it signed since its backup, it has forgotten."""
        if self._mark.contradicts(self._written()):
            raise UnavailableError(
                ErrorCode.STORAGE_ROLLED_BACK,
                "the wallet store was copied or put back from a backup; sync asks for a fresh token",
                param=self._path.name,
            )

    def _written(self) -> Written:
        written = self._first("SELECT * FROM mark", rows.read_mark)
        assert written is not None, "the schema puts it there"
        return written

    def _count_on(self, database: sqlite3.Connection, *, least: int = 0) -> None:
        """From this commit on the mark may be behind; a mark that is ahead is a store that was put back."""
        database.execute("UPDATE mark SET count = MAX(count + 1, ?), is_pending = 1", (least,))

    def _settle_mark(self, database: sqlite3.Connection) -> None:
        """Bring the mark up, unless another process has: only while it is pending, so that a crash here is no doubt."""
        written = self._written()
        if written.is_pending:
            stamp = self._mark.write(written.count)
            database.execute(
                "UPDATE mark SET is_pending = 0, inode = ?, changed_ns = ?", (stamp.inode, stamp.changed_ns)
            )

    def _write_mark(self) -> None:
        with self._changing() as database:
            self._settle_mark(database)

    def _connected(self) -> sqlite3.Connection:
        if self._is_closed:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, "the wallet store is closed", param=self._path.name)
        if self._opened is None:
            opened = sqlite3.connect(
                self._path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
            )
            self._opened = opened
            opened.row_factory = sqlite3.Row
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = FULL")
        return self._opened

    def _let_go(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    def _prepare(self) -> None:
        with self._changing() as database:
            version = database.execute("PRAGMA user_version").fetchone()[0]
            owner = database.execute("PRAGMA application_id").fetchone()[0]
            empty = not database.execute("SELECT 1 FROM sqlite_schema").fetchone()
            if owner != APPLICATION_ID and not empty:
                raise UnavailableError(
                    ErrorCode.STORAGE_CORRUPT, "the file is not a wallet store", param=self._path.name
                )
            if version > len(MIGRATIONS):
                raise UnavailableError(
                    ErrorCode.STORAGE_NEWER, f"the store has version {version}", param=self._path.name
                )
            for statement in (line for step in MIGRATIONS[version:] for line in step):
                database.execute(statement)
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One database transaction that holds the write lock from its start; all or nothing."""
        with self._lock, _storage_errors(self._path):
            database = self._connected()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")

    def _all(self, query: str, *parameters: object) -> Sequence[sqlite3.Row]:
        with self._lock, _storage_errors(self._path):
            return self._connected().execute(query, parameters).fetchall()

    def _first(self, query: str, read: Callable[[sqlite3.Row], T], *parameters: object) -> T | None:
        found = self._all(query, *parameters)
        return self._read(read, found[0]) if found else None

    def _read(self, read: Callable[[sqlite3.Row], T], row: sqlite3.Row) -> T:
        try:
            return read(row)
        except (ValueError, TypeError, IndexError, TillcodeError) as error:
            raise UnavailableError(ErrorCode.STORAGE_CORRUPT, "a row is unreadable", param=self._path.name) from error


def _insert(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    # Table and column names are this module's own words, never input.
    marks = ", ".join("?" for _ in row)
    database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))  # noqa: S608


@contextlib.contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, ErrorCode.STORAGE_FAILED)
        raise UnavailableError(code, f"the wallet store: {error}", param=path.name) from error
    except OSError as error:
        raise UnavailableError(
            ErrorCode.STORAGE_FAILED, f"the wallet store: {error.strerror}", param=path.name
        ) from error
