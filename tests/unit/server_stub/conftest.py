"""A fresh server for each test that asks for one."""

from collections.abc import Generator
from pathlib import Path

import pytest

from server_stub.config import ServerConfig
from tests.unit.server_stub.harness import House, opened_house


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """Where a new ledger goes: a file, unless a module asks for both databases."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    place: str = request.getfixturevalue("postgres").new_database()
    return place


@pytest.fixture
def house(address: str, tmp_path: Path) -> Generator[House]:
    """A server in this process with one merchant."""
    with opened_house(tmp_path / "server", config=ServerConfig(database=address)) as opened:
        yield opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests on every database when it says so."""
    if getattr(metafunc.module, "ON_EVERY_DATABASE", False) and "address" in metafunc.fixturenames:
        metafunc.parametrize("address", ["sqlite", "postgres"], indirect=True)
