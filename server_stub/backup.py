"""Backup and restore of a ledger, while a server uses it: one moment, whole, with a checksum for each file.

The database copies itself by its own means (SQLite's backup, PostgreSQL's COPY in one view), so that no table can be
forgotten here. Settings go with it; keys do not: they are secrets with a safe of their own.
"""

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from server_stub.audit import Finding, audit
from server_stub.audit.funding import NOT_VOUCHED
from server_stub.config import CONFIG_FILE, FUNDINGS_MARK, ServerConfig, read_config, write_config
from server_stub.epochs import begin_epoch
from server_stub.risk.file import RISK_FILE
from server_stub.store.base import Store
from server_stub.store.heads import Heads
from server_stub.store.opening import heads_of, open_store, remove_store, restore_store
from server_stub.store.records_epoch import Epoch
from server_stub.store.tables.clock import acknowledge, newest_s_of, told_time
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError

MANIFEST: Final = "manifest.json"
_LEDGER: Final = "ledger"
_CHUNK_BYTES: Final = 1 << 20
_TIME_LAW: Final = "a backup was made at its ledger's own time, and before now"
#: Findings whose names a refusal tells; a ledger with more of them is no case for this.
_NAMES_TOLD_MAX: Final = 8


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. ``files`` are names relative to its folder, with their SHA-256 in hex."""

    format: int = 1
    made_at_s: int
    database: str
    files: dict[str, str]


def back_up(folder: Path, target: Path, *, made_at_s: int) -> Manifest:
    """Write a new folder with the ledger and the settings of a server; what fails leaves no folder.

    Killed in the middle it leaves one without a manifest, which nobody restores.

    Raises:
        MisuseError: ALREADY_ENROLLED when the target is there, NOT_INITIALISED without a ledger.
        UnavailableError: STORAGE_FAILED.
    """
    config = read_config(folder / CONFIG_FILE)
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=False)
    except FileExistsError as error:
        raise MisuseError(ErrorCode.ALREADY_ENROLLED, f"{target} exists; it is never overwritten") from error
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{target}: {error.strerror}") from error
    try:
        return _fill(target, folder, config, made_at_s=made_at_s)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{target}: {error.strerror}") from error
    except TillcodeError:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _fill(target: Path, folder: Path, config: ServerConfig, *, made_at_s: int) -> Manifest:
    (target / _LEDGER).mkdir(mode=0o700)
    for name in (CONFIG_FILE, RISK_FILE):
        if (folder / name).exists():
            shutil.copyfile(folder / name, target / name)
    store = open_store(folder, database=config.database, heads=config.heads)
    try:
        store.back_up(target / _LEDGER)
    finally:
        store.close()
    files = {str(path.relative_to(target)): _checksum(path) for path in sorted(target.rglob("*")) if path.is_file()}
    manifest = Manifest(made_at_s=made_at_s, database=store.dialect, files=files)
    _write_durably(target / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def restore(
    folder: Path,
    source: Path,
    *,
    database: str | None = None,
    now_s: int | None = None,
    acknowledged: Collection[str] = (),
    tell: Callable[[str], None] = lambda _line: None,
) -> Epoch:
    """Bring a backup back into a folder that has no ledger, or an empty database; the audit must find it clean.

    Settings and risk rules that are in the folder already stay as they are. Answered with the epoch that begins.

    Args:
        database: the address to restore to, when it is another than in the settings; they name it from then on.
        now_s: this machine's time, which a backup cannot be from after, and above which numbers go on; None: it is
            not compared, and they go on from when the backup was made.
        acknowledged: names of findings with which a person goes on; they stand in the restored ledger from then on.
        tell: hears what the backup does not have, where notes of it are left.

    Raises:
        MisuseError: NOT_INITIALISED when the source is no whole backup, ALREADY_ENROLLED when there is a ledger,
            BAD_ARGUMENT when something is acknowledged that was not found.
        UnavailableError: STORAGE_CORRUPT when a checksum or the audit does not hold, STORAGE_FAILED, STORAGE_NEWER.
    """
    manifest = _checked(source)
    known = folder / CONFIG_FILE
    config = read_config(known if known.exists() else source / CONFIG_FILE)
    address = config.database if database is None else database
    if bool(address) != (manifest.database == "postgres"):
        raise MisuseError(
            ErrorCode.BAD_ARGUMENT, f"it is a backup of {manifest.database}, and goes back there", param="database"
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        store, heads = restore_store(folder, source / _LEDGER, database=address), heads_of(folder, config.heads)
        (folder / FUNDINGS_MARK).unlink(missing_ok=True)  # a ledger of an older program is signed for anew
        try:
            with closing(store):
                findings = (*_of_time(store, manifest, now_s, skew_s=config.clock.jump_max_s), *_of_books(store))
                _check_known(findings, acknowledged)
                at_s = max(now_s or 0, manifest.made_at_s)
                _note(store, findings, at_s=at_s)
                _settle(store, heads, at_s=at_s, tell=tell)
                epoch = begin_epoch(store, at_s=at_s, backup_made_at_s=manifest.made_at_s)
        except TillcodeError:
            remove_store(folder, database=address)  # nobody is to serve it by mistake
            raise
        write_config(known, dataclasses.replace(config, database=address))
        # A server without its rules would serve, and refuse nothing.
        if RISK_FILE in manifest.files and not (folder / RISK_FILE).exists():
            shutil.copyfile(source / RISK_FILE, folder / RISK_FILE)
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{folder}: {error.strerror}") from error
    return epoch


def _checked(source: Path) -> Manifest:
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise MisuseError(ErrorCode.NOT_INITIALISED, f"{source} holds no finished backup") from error
    except msgspec.MsgspecError as error:
        raise UnavailableError(ErrorCode.STORAGE_CORRUPT, f"{source / MANIFEST}: {error}") from error
    for name, checksum in manifest.files.items():
        path = source / name
        if not path.is_file() or _checksum(path) != checksum:
            raise UnavailableError(ErrorCode.STORAGE_CORRUPT, f"{path} is not what was backed up")
    return manifest


def _of_books(store: Store) -> tuple[Finding, ...]:
    """What the audit finds; a ledger of an older program is signed for when it is first opened, and not before."""
    return tuple(finding for finding in audit(store).findings if finding.what != NOT_VOUCHED)


def _of_time(store: Store, manifest: Manifest, now_s: int | None, *, skew_s: int) -> tuple[Finding, ...]:
    """A backup is of its ledger's own time or later, and of before now: else a clock was wrong, then or today."""
    made, found = told_time(manifest.made_at_s), []
    with store.reading() as reader:
        newest_s = newest_s_of(reader)
    if newest_s > manifest.made_at_s + skew_s:
        found.append(f"it says that it was made at {made}, before its ledger's newest time, {told_time(newest_s)}")
    if now_s is not None and manifest.made_at_s > now_s + skew_s:
        found.append(f"it says that it was made at {made}, which this machine's clock, {told_time(now_s)}, calls later")
    return tuple(Finding(law=_TIME_LAW, what=what) for what in found)


def _check_known(findings: Sequence[Finding], acknowledged: Collection[str]) -> None:
    unknown = set(acknowledged) - {finding.name for finding in findings}
    if unknown:
        text = f"there is no finding {' or '.join(sorted(unknown))}"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="acknowledge")
    left = [finding for finding in findings if finding.name not in acknowledged]
    if left:
        more = f", and {len(left) - 1} more" if len(left) > 1 else ""
        names = " ".join(f"--acknowledge {finding.name}" for finding in findings[:_NAMES_TOLD_MAX])
        raise UnavailableError(
            ErrorCode.STORAGE_CORRUPT,
            f"what was restored is not clean: {left[0].law}: {left[0].what}{more}; who knows why goes on with {names}",
        )


def _note(store: Store, findings: Sequence[Finding], *, at_s: int) -> None:
    """What a person went on with stands in the ledger."""
    if findings:
        with store.writing() as writer:
            for finding in findings:
                acknowledge(writer, name=finding.name, what=f"restored although {finding.what}", at_s=at_s)


def _settle(store: Store, heads: Heads, *, at_s: int, tell: Callable[[str], None]) -> None:
    """Commits that came after the backup are lost with a person's will; how many, is told and stands in the ledger."""
    loss = heads.loss(store.reading)
    if loss is not None:
        with store.writing() as writer:
            acknowledge(writer, name=loss.name, what=f"restored: {loss}", at_s=at_s)
        tell(f"{loss}: they came after the backup, or belong to another ledger")
    heads.settle()


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
