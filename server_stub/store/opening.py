"""Which database holds a folder's ledger: the file beside the settings, or the one whose address they name."""

from importlib.util import find_spec
from pathlib import Path

from server_stub.config import HEADS_FOLDER, LEDGER_FILE
from server_stub.faults import Faults
from server_stub.store.base import Store
from server_stub.store.heads import Heads
from server_stub.store.sqlite import SqliteStore
from wallet_sdk.protocol.errors import ErrorCode, MisuseError


def heads_of(folder: Path, heads: str) -> Heads:
    """Where the ends of what was acknowledged are noted: in a folder of the settings, or beside them."""
    return Heads(Path(heads) if heads else folder / HEADS_FOLDER)


def create_store(folder: Path, *, database: str, heads: str = "", faults: Faults | None = None) -> Store:
    """Make an empty ledger. ``database`` is PostgreSQL's address, "" for a file in the folder; ``heads`` as settings.

    Raises:
        MisuseError: ALREADY_ENROLLED when there is one, BAD_ARGUMENT when the address is of no database known here.
        UnavailableError: STORAGE_FAILED.
    """
    if not database:
        return SqliteStore.create(folder / LEDGER_FILE, faults=faults, heads=heads_of(folder, heads))
    _check_address(database)
    from server_stub.store.postgres import PostgresStore

    return PostgresStore.create(database, faults=faults, heads=heads_of(folder, heads))


def open_store(folder: Path, *, database: str, heads: str | None = "", faults: Faults | None = None) -> Store:
    """Open a ledger and bring it up to date. ``heads`` is where acknowledged commits are noted, None for nowhere.

    Raises:
        MisuseError: NOT_INITIALISED when there is none, BAD_ARGUMENT as ``create_store``.
        UnavailableError: STORAGE_NEWER, STORAGE_CORRUPT or STORAGE_FAILED.
    """
    notes = None if heads is None else heads_of(folder, heads)
    if not database:
        return SqliteStore(folder / LEDGER_FILE, faults=faults, heads=notes)
    _check_address(database)
    from server_stub.store.postgres import PostgresStore

    return PostgresStore(database, faults=faults, heads=notes)


def _check_address(database: str) -> None:
    if not database.startswith(("postgresql://", "postgres://")):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "postgresql://... is expected", param="database")
    if find_spec("psycopg") is None:
        text = "PostgreSQL needs psycopg; run: pip install 'tillcode[postgres]'"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="database")


def restore_store(folder: Path, backup: Path, *, database: str) -> Store:
    """Make a ledger of what ``Store.back_up`` has written.

    Raises:
        MisuseError, UnavailableError: as ``create_store`` and ``open_store``.
    """
    if not database:
        return SqliteStore.restore(folder / LEDGER_FILE, backup)
    _check_address(database)
    from server_stub.store.postgres import PostgresStore

    return PostgresStore.restore(database, backup)


def remove_store(folder: Path, *, database: str) -> None:
    """Take away what ``restore_store`` has just made and nobody is to serve; its place is as empty as it was.

    Raises:
        UnavailableError: STORAGE_FAILED.
    """
    if not database:
        SqliteStore.remove(folder / LEDGER_FILE)
        return
    from server_stub.store.postgres_copies import drop_all

    drop_all(database)
