"""One empty ledger of each kind of database for each test."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from server_stub.store.base import Store
from server_stub.store.sqlite import SqliteStore


@pytest.fixture(params=[SqliteStore])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Callable[[], Store]]:
    """Opens the one database of this test, each time anew; the first time it is made."""
    path, opened = tmp_path / "ledger", []

    def open_it() -> Store:
        store: Store = request.param(path) if path.exists() else request.param.create(path)
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    """A new, empty store."""
    return reopen()
