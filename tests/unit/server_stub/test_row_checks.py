"""Rows' own checks: every table has them, an old ledger gets them once, and no change is made good in silence."""

import importlib
import pkgutil
from contextlib import closing
from pathlib import Path

import apsw

from server_stub.audit import audit
from server_stub.audit.rows import ROW_LAW
from server_stub.store import tables
from server_stub.store.migrations import TABLE, known_migrations
from server_stub.store.sqlite import SqliteStore
from server_stub.store.table import Table
from server_stub.store.tables.every import EVERY_TABLE
from tests.unit.server_stub.harness import House

ON_EVERY_DATABASE = True

#: The last migration before there were checks.
BEFORE = 15
MERCHANT = (
    "INSERT INTO merchants (id, name, city, country, mcc, currencies)"
    " VALUES (1001, 'Café', 'Lisboa', 'PT', 5812, 'EUR')"
)


def test_no_table_is_forgotten() -> None:
    """Each Table of each module is among those that the audit looks at, once."""
    modules = [
        importlib.import_module(f"{tables.__name__}.{one.name}") for one in pkgutil.iter_modules(tables.__path__)
    ]
    found = {value.name for module in modules for value in vars(module).values() if isinstance(value, Table)}
    assert sorted(table.name for table in EVERY_TABLE) == sorted(found)


def test_rows_written_and_changed_have_their_checks(house: House) -> None:
    """Both ways that a row comes to the database, on both stores."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request(100)
    wallet.pay(request)
    terminal.send_refund(terminal.refund(request, 40)).ok()
    house.assert_clean()


def old_ledger(path: Path) -> None:
    """As the program wrote it before: a merchant, no checks."""
    with closing(apsw.Connection(str(path))) as file:
        for one in (TABLE, *(text for old in known_migrations("sqlite")[:BEFORE] for text in (old.text, old.row))):
            file.execute(one)
        file.execute(MERCHANT)


def row_findings(store: SqliteStore) -> list[str]:
    """Rows that are not what was written."""
    return [one.what for one in audit(store).findings if one.law == ROW_LAW]


def test_an_old_ledger_gets_its_checks_once(tmp_path: Path) -> None:
    """When it is opened; from then on a change is found, however often it is opened again."""
    path = tmp_path / "ledger.sqlite"
    old_ledger(path)
    with closing(SqliteStore(path)) as store:
        assert row_findings(store) == []
    with closing(apsw.Connection(str(path))) as file:
        file.execute("UPDATE merchants SET city = 'Lisbon'")
    for _ in range(2):
        with closing(SqliteStore(path)) as store:
            assert row_findings(store) == ["merchants 1001"]


def test_a_table_that_lost_its_place_in_the_list_keeps_its_checks(tmp_path: Path) -> None:
    """Whoever takes it out of the list of checked tables makes nothing good by that."""
    path = tmp_path / "ledger.sqlite"
    old_ledger(path)
    SqliteStore(path).close()
    with closing(apsw.Connection(str(path))) as file:
        file.execute("UPDATE merchants SET city = 'Lisbon'; DELETE FROM checked_tables WHERE name = 'merchants'")
    with closing(SqliteStore(path)) as store:
        assert row_findings(store) == ["merchants 1001"]


def test_a_table_that_got_a_column_gets_its_checks_anew(tmp_path: Path) -> None:
    """What a later migration adds has a value in every old row."""
    path = tmp_path / "ledger.sqlite"
    old_ledger(path)
    SqliteStore(path).close()
    with closing(apsw.Connection(str(path))) as file:
        file.execute(
            "UPDATE checked_tables SET columns = 'id name city country mcc currencies' WHERE name = 'merchants'"
        )
        file.execute("UPDATE merchants SET blocked_at_s = 5")  # as that migration would have done
    with closing(SqliteStore(path)) as store:
        assert row_findings(store) == []
