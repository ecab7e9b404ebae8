"""Shipping a ledger's log as it grows to another place, so that a lost disk costs seconds and not a day.

SQLite's log is read by Litestream, a program of its own beside the server; PostgreSQL's by its own pg_receivewal.
Nothing of either runs inside the server. Here is what sets them up, looks whether they are at it, and makes a ledger of
what they have: since a second or two may be missing, it begins an epoch as every ledger that was put back does.

Source: litestream.io/reference/config; postgresql.org/docs/current/app-pgreceivewal.html.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server_stub.audit import audit
from server_stub.config import CONFIG_FILE, LEDGER_FILE, read_config
from server_stub.epochs import begin_epoch
from server_stub.store.base import Store
from server_stub.store.opening import open_store
from server_stub.store.records_epoch import Epoch
from server_stub.store.sqlite import SqliteStore
from server_stub.store.tables.clock import newest_s_of
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError

SHIPPING_FILE: Final = "litestream.yml"
#: How often the log is looked at and sent: twice this, and the sending itself, is what a lost disk costs.
LOOK_MS: Final = 500
#: The replication slot that keeps PostgreSQL's log until it was received.
SLOT: Final = "tillcode_shipping"
#: A restore copies the whole ledger once.
_PROGRAM_S_MAX: Final = 3_600
#: Entries that may be on their way while a busy server is looked at.
BEHIND_ENTRIES_MAX: Final = 10_000
_ENTRIES: Final = "SELECT count(*) FROM entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """How a shipped copy stands to its ledger, in entries."""

    entries: int
    behind: int


def set_up(folder: Path, place: str) -> Path:
    """Write Litestream's settings for a folder's ledger; answered with their file.

    Args:
        place: where to: a folder, or an address of a kind that Litestream knows, such as ``s3://bucket/path``.

    Raises:
        MisuseError: BAD_ARGUMENT when the ledger is on PostgreSQL, NOT_INITIALISED without a ledger.
        UnavailableError: STORAGE_FAILED.
    """
    if read_config(folder / CONFIG_FILE).database:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "the ledger is on PostgreSQL: see 'ship advice'", param="to")
    ledger = (folder / LEDGER_FILE).resolve()
    if not ledger.exists():
        raise MisuseError(ErrorCode.NOT_INITIALISED, f"{ledger} is missing")
    where = f"url: {json.dumps(place)}" if "://" in place else f"path: {json.dumps(str(Path(place).resolve()))}"
    kind = "" if "://" in place else "      type: file\n"
    text = (
        f"dbs:\n  - path: {json.dumps(str(ledger))}\n    monitor-interval: {LOOK_MS}ms\n    replica:\n"
        f"{kind}      {where}\n      sync-interval: {LOOK_MS}ms\n"
    )
    written = folder / SHIPPING_FILE
    try:
        written.touch(mode=0o600, exist_ok=True)
        written.write_text(text)
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{written}: {error.strerror}") from error
    return written


def check(folder: Path) -> Shipped:
    """Make a ledger of what was shipped, in a folder that goes again, audit it, and count what it is behind.

    Raises:
        MisuseError: NOT_INITIALISED before ``set_up``.
        UnavailableError: STORAGE_FAILED when nothing was shipped, STORAGE_CORRUPT when it is not clean.
    """
    with closing(open_store(folder, database="")) as store:
        before = _entries(store)
    with tempfile.TemporaryDirectory(prefix="tillcode-shipped-") as made:
        copy = Path(made) / LEDGER_FILE
        _litestream(
            "restore", "-config", str(_settings(folder)), "-o", str(copy), str((folder / LEDGER_FILE).resolve())
        )
        with closing(SqliteStore(copy)) as shipped:
            _check_clean(shipped)
            entries = _entries(shipped)
    return Shipped(entries=entries, behind=max(0, before - entries))


def restore_shipped(folder: Path, *, now_s: int) -> Epoch:
    """Make the ledger of a folder, which has its settings and none, of what was shipped; it begins an epoch.

    Raises:
        MisuseError: ALREADY_ENROLLED when there is a ledger, NOT_INITIALISED without settings.
        UnavailableError: STORAGE_FAILED when nothing was shipped, STORAGE_CORRUPT when it is not clean.
    """
    ledger = folder / LEDGER_FILE
    if ledger.exists():
        raise MisuseError(ErrorCode.ALREADY_ENROLLED, f"{ledger} exists; it is never overwritten")
    try:
        _litestream("restore", "-config", str(_settings(folder)), str(ledger.resolve()))
        ledger.chmod(0o600)
        return adopt(folder, now_s=now_s)
    except TillcodeError:
        SqliteStore.remove(ledger)  # nobody is to serve it by mistake
        raise


def adopt(folder: Path, *, now_s: int) -> Epoch:
    """Take a ledger that was put back by other means for what it is: audited, and in an epoch of its own from here.

    Raises:
        UnavailableError: STORAGE_CORRUPT when the audit does not find it clean.
    """
    with closing(open_store(folder, database=read_config(folder / CONFIG_FILE).database)) as store:
        _check_clean(store)
        with store.reading() as reader:
            newest_s = newest_s_of(reader) or now_s
        return begin_epoch(store, at_s=max(now_s, newest_s), backup_made_at_s=newest_s)


def advice(folder: Path, place: str) -> Sequence[str]:
    """What to start for a folder's ledger, a command a line; a slot keeps PostgreSQL's log until it was received."""
    database = read_config(folder / CONFIG_FILE).database
    if not database:
        return (f"{_program()} replicate -config {folder / SHIPPING_FILE}",)
    return (
        f'pg_basebackup --dbname="{database}" --pgdata={place}/base --wal-method=none --checkpoint=fast',
        f'pg_receivewal --dbname="{database}" --slot={SLOT} --create-slot --if-not-exists',
        f'pg_receivewal --dbname="{database}" --slot={SLOT} --synchronous --directory={place}/log',
    )


def receiver_behind_bytes(folder: Path) -> int | None:
    """How far pg_receivewal is behind, in bytes of PostgreSQL's log; None when nobody receives.

    Raises:
        UnavailableError: STORAGE_FAILED.
    """
    with (
        closing(open_store(folder, database=read_config(folder / CONFIG_FILE).database)) as store,
        store.reading() as reader,
    ):
        rows = reader.rows(
            "SELECT CAST(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS bigint) FROM pg_replication_slots"
            " WHERE slot_name = ? AND active",
            (SLOT,),
        )
    return int(rows[0][0]) if rows else None


def _check_clean(store: Store) -> None:
    findings = audit(store).findings
    if findings:
        text = f"what was shipped is not clean: {findings[0].law}: {findings[0].what}"
        raise UnavailableError(ErrorCode.STORAGE_CORRUPT, text)


def _entries(store: Store) -> int:
    with store.reading() as reader:
        return int(reader.rows(_ENTRIES)[0][0])


def _settings(folder: Path) -> Path:
    settings = folder / SHIPPING_FILE
    if not settings.exists():
        raise MisuseError(ErrorCode.NOT_INITIALISED, f"{settings} is missing; run: tillcode-server ship setup")
    return settings


def _program() -> str:
    """Litestream, beside this very Python or anywhere on the path."""
    own = Path(sys.executable).parent / "litestream"
    found = str(own) if own.exists() else shutil.which("litestream")
    if found is None:
        text = "there is no litestream here; run: pip install 'tillcode[shipping]'"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="to")
    return found


def _litestream(*arguments: str) -> None:
    try:
        done = subprocess.run(
            [_program(), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PROGRAM_S_MAX,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"litestream: {error}") from error
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["it failed"]
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"litestream: {words[0]}")
