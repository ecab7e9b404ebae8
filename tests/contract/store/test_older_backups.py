"""A backup from before an upgrade comes back on every database, and one from after it is refused and leaves nothing."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from server_stub.store.base import Store
from server_stub.store.callers import OPERATOR_SCOPES, Scope
from server_stub.store.migrations import TABLE, known_migrations
from server_stub.store.postgres import PostgresStore
from server_stub.store.postgres_copies import copy_out
from server_stub.store.sqlite import SqliteStore
from server_stub.store.tables.callers import API_KEYS, KEYS_OF
from server_stub.store.tables.parties import MERCHANTS
from tests.contract.store.samples import MERCHANT
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

FILL = (
    "INSERT INTO merchants (id, name, city, country, mcc, currencies)"
    " VALUES (1001, 'Café', 'Lisboa', 'PT', 5812, 'EUR JPY')"
)
LATER = "INSERT INTO migrations VALUES (9999, 'later', 'x')"


@dataclass(slots=True)
class Vault:
    """Makes backups as other versions of the program would have made them, and brings them back."""

    folder: Path
    new_database: Callable[[], str] | None
    opened: list[Store] = field(default_factory=list)

    def backup(self, name: str, *more: str, migrations: int) -> Path:
        """Of a ledger with a merchant that the first so many migrations have made."""
        backup = self.folder / name
        backup.mkdir()
        known = known_migrations("sqlite" if self.new_database is None else "postgres")[:migrations]
        statements = [TABLE, *(text for one in known for text in (one.text, one.row)), FILL, *more]
        if self.new_database is None:
            with closing(sqlite3.connect(backup / "ledger.sqlite")) as file:
                for statement in statements:
                    file.executescript(statement)
            return backup
        address = self.new_database()
        with psycopg.connect(address) as connection:
            for statement in statements:
                connection.execute(statement.encode(), prepare=False)
        with psycopg.connect(address) as connection:
            copy_out(connection, backup)
        return backup

    def place(self) -> str:
        """An empty database, or where a file can be."""
        return str(self.folder / "restored.sqlite") if self.new_database is None else self.new_database()

    def restore(self, backup: Path, place: str) -> Store:
        """What ``restore`` makes of it."""
        is_file = self.new_database is None
        store = SqliteStore.restore(Path(place), backup) if is_file else PostgresStore.restore(place, backup)
        self.opened.append(store)
        return store


@pytest.fixture(params=["sqlite", "postgres"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Vault]:
    """For each kind of database."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    made = Vault(tmp_path, None if server is None else server.new_database)
    yield made
    for store in made.opened:
        store.close()


def test_an_older_backup_is_brought_up_to_date(vault: Vault) -> None:
    """From each version there was: the merchant is there, and the tables are today's."""
    count = len(known_migrations("sqlite"))
    for migrations in (1, count - 1, count):
        backup = vault.backup(f"after {migrations}", migrations=migrations)
        place = vault.place() if vault.new_database else f"{vault.place()}{migrations}"
        store = vault.restore(backup, place)
        with store.reading() as reader:
            assert reader.find(MERCHANTS, MERCHANT.merchant_id) == MERCHANT
            assert reader.count("migrations") == count
        with store.writing() as writer:
            assert writer.next_merchant_id() == MERCHANT.merchant_id + 1


def test_the_operators_keys_of_before_have_all_scopes(vault: Vault) -> None:
    """The one scope that there was has become five: whoever had it goes on as before."""
    zero = "zeroblob(32)" if vault.new_database is None else "decode(repeat('00', 32), 'hex')"
    key = f"INSERT INTO api_keys VALUES ('old', {zero}, 0, 'operator', '', 1, NULL)"  # noqa: S608 - one of two texts of ours
    store = vault.restore(vault.backup("old", key, migrations=11), vault.place())
    with store.reading() as reader:
        (found,) = reader.list_by(API_KEYS, KEYS_OF, 0)
    assert found.scopes == OPERATOR_SCOPES


def test_only_a_merchants_chief_key_takes_tills_over_after_an_upgrade(vault: Vault) -> None:
    """One that makes keys and looks after devices may do what is new; one that only looks after devices may not."""
    zero = "zeroblob(32)" if vault.new_database is None else "decode(repeat('00', 32), 'hex')"
    keys = [
        f"INSERT INTO api_keys VALUES ('{name}', {zero}, 1001, '{scopes}', '', 1, NULL)"  # noqa: S608 - texts of ours
        for name, scopes in (("chief", "devices:write keys:write"), ("small", "devices:write"))
    ]
    store = vault.restore(vault.backup("old", *keys, migrations=14), vault.place())
    with store.reading() as reader:
        found = {one.key_id: set(one.scopes) for one in reader.list_by(API_KEYS, KEYS_OF, 1001)}
    new = {Scope.DEVICES_REPLACE, Scope.REFUNDS_APPROVE}
    assert {name: scopes & new for name, scopes in found.items()} == {"chief": new, "small": set()}


def test_a_newer_backup_is_refused(vault: Vault) -> None:
    """What this program does not know it does not touch; the place is as empty as before, and takes a good one."""
    count, place = len(known_migrations("sqlite")), vault.place()
    newer = vault.backup("newer", LATER, migrations=count)
    with pytest.raises(UnavailableError) as caught:
        vault.restore(newer, place)
    assert caught.value.code is ErrorCode.STORAGE_NEWER
    vault.restore(vault.backup("good", migrations=count), place)


def test_each_migration_has_a_number_of_its_own() -> None:
    """Two that landed with one number made every ledger unopenable."""
    for dialect in ("sqlite", "postgres"):
        given = [migration.number for migration in known_migrations(dialect)]
        assert given == list(range(1, len(given) + 1)), dialect
