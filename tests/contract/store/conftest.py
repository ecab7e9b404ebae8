"""One empty ledger of each kind of database for each test."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from server_stub.store.base import Store
from server_stub.store.postgres import PostgresStore
from server_stub.store.sqlite import SqliteStore


@pytest.fixture(params=["sqlite", "postgres"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Callable[[], Store]]:
    """Opens the one database of this test, each time anew; the first time it is made."""
    opened: list[Store] = []
    path = tmp_path / "ledger"
    address = request.getfixturevalue("postgres").new_database() if request.param == "postgres" else ""

    def make() -> Store:
        return PostgresStore.create(address) if address else SqliteStore.create(path)

    def open_again() -> Store:
        return PostgresStore(address) if address else SqliteStore(path)

    def open_it() -> Store:
        opened.append(open_again() if opened else make())
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    """A new, empty store."""
    return reopen()
