"""One change anywhere in a ledger: in each column of each table, and in one byte of the file. The audit finds it.

More bytes than the suite tries: ``BYTES=5000 pytest --seed 7 tests/unit/server_stub/test_one_change.py -k byte``.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random  # noqa: TID251 (the type of the rng fixture)
from typing import Any

import apsw
import psycopg
import pytest

from server_stub.audit import audit, audit_view
from server_stub.config import LEDGER_FILE
from server_stub.demo.database import LocalPostgres
from server_stub.faults import Faults
from server_stub.store.postgres import PostgresSession
from server_stub.store.reader import Reader
from server_stub.store.session import Session
from server_stub.store.sqlite import SqliteSession, SqliteStore
from server_stub.store.tables.every import EVERY_TABLE
from tests.unit.server_stub.full_ledger import change_one_byte, content_of, full_house
from tests.unit.server_stub.test_audit import drop_checks
from wallet_sdk.protocol.errors import UnavailableError

BYTES = int(os.environ.get("BYTES", "60"))
#: Tables that no Table describes, and tables of which the full ledger has no row.
OTHERS = {
    "entries": ("number", "kind", "reference", "at_s"),
    "postings": ("entry_number", "line", "account_id", "currency", "amount_minor"),
    "numbers": ("next", "mirror"),
    "migrations": ("number", "name", "checksum"),
    "checked_tables": ("name", "columns"),
}
EMPTY = {
    "replacings",
    "refund_approvals",
    "relearned",
    "borne_payments",
    "loss_budgets",
    "earlier_fundings",
    "epochs",
    "acknowledgements",
    "sandbox",
    "shortfalls",
    "devices_seen",
}


def columns() -> Iterator[tuple[str, str]]:
    """Every column of every table; the checks themselves say nothing."""
    for table in EVERY_TABLE:
        if table.name not in EMPTY:
            yield from ((table.name, column.name) for column in table.columns)
    for name, names in OTHERS.items():
        yield from ((name, column) for column in names)


def another(value: object) -> object:
    """Another value that is nobody else's."""
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1]) if value else b"\x00"
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 0x40) if value else "x"
    return 1 if value is None else int(str(value)) + 1_000_003  # far from what is there, where keys are unique


def last_value(session: Session, table: str, column: str) -> object:
    """What stands in the column in the last row, the largest first where there is one."""
    query = f"SELECT {column} FROM {table} ORDER BY ({column} IS NULL), {column} DESC LIMIT 1"  # noqa: S608 - names of ours
    rows = session.rows(query)
    return rows[0][0]


def test_a_change_of_any_column_is_found(tmp_path: Path) -> None:
    """On SQLite; each change is made in the view of the audit and taken back after it."""
    with full_house(tmp_path / "server", payments=2) as house:
        connection = apsw.Connection(str(house.ledger))
        connection.execute("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
        session = SqliteSession(connection, Faults())
        missed = []
        for table, column in columns():
            old = last_value(session, table, column)
            with connection:
                connection.execute("SAVEPOINT before")
                statement = f"UPDATE {table} SET {column} = ? WHERE {column} IS ?"  # noqa: S608 - names of ours
                connection.execute(statement, (another(old), old))
                assert connection.changes(), (table, column)
                if not audit_view(Reader(session)).findings:
                    missed.append((table, column))
                connection.execute("ROLLBACK TO before")
        connection.close()
        assert not missed
        house.assert_clean()


def test_a_change_of_any_column_is_found_on_postgresql(tmp_path: Path, postgres: LocalPostgres) -> None:
    """The same in a transaction that is undone."""
    address = postgres.new_database()
    with full_house(tmp_path / "server", database=address, payments=2) as house:
        with psycopg.connect(address) as connection:
            session, missed = PostgresSession(connection, Faults()), []
            for table, column in columns():
                unguard(connection, table)
                old = last_value(session, table, column)
                statement = f"UPDATE {table} SET {column} = %s WHERE {column} IS NOT DISTINCT FROM %s"  # noqa: S608 - names of ours
                changed = connection.execute(statement.encode(), (another(old), old))
                assert changed.rowcount, (table, column)
                if not audit_view(Reader(session)).findings:
                    missed.append((table, column))
                connection.rollback()
            assert not missed
        house.assert_clean()


def unguard(connection: "psycopg.Connection[Any]", table: str) -> None:
    """Whoever damages a ledger does not stop at its constraints."""
    drop_checks(connection, table)
    connection.execute("SET session_replication_role = replica")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a full ledger, with nothing left in its log."""
    folder = tmp_path_factory.mktemp("whole") / "server"
    with full_house(folder):
        pass
    connection = apsw.Connection(str(folder / LEDGER_FILE))
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    return folder / LEDGER_FILE


def test_one_changed_byte_of_the_file_is_found_or_says_nothing(whole: Path, tmp_path: Path, rng: Random) -> None:
    """Each time another byte of a fresh copy, until so many have changed what is said: none of them is called clean."""
    path, said = tmp_path / "ledger.sqlite", content_of(whole)
    tried, missed = 0, []
    while tried < BYTES:
        shutil.copyfile(whole, path)
        place = change_one_byte(path, rng)
        if content_of(path) != said:
            tried += 1
            if is_called_clean(path):
                missed.append(place)
        SqliteStore.remove(path)
    assert not missed, f"of {tried} changes these were called clean: {missed}"


def is_called_clean(path: Path) -> bool:
    """Whether a person is told that all is well; a refusal to open it is no such word."""
    try:
        store = SqliteStore(path)
    except UnavailableError:
        return False
    try:
        return not audit(store).findings
    except UnavailableError:
        return False
    finally:
        store.close()
