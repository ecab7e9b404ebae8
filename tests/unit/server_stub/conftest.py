"""A fresh server for each test that asks for one."""

from collections.abc import Generator
from pathlib import Path

import pytest

from server_stub.config import ServerConfig
from tests.unit.server_stub.harness import House, opened_house


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[House]:
    """A server in this process with one merchant; on SQLite, unless a module asks for both databases."""
    database = getattr(request, "param", "sqlite")
    address = request.getfixturevalue("postgres").new_database() if database == "postgres" else ""
    with opened_house(tmp_path / "server", config=ServerConfig(database=address)) as opened:
        yield opened


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests on every database when it says so."""
    if getattr(metafunc.module, "ON_EVERY_DATABASE", False) and "house" in metafunc.fixturenames:
        metafunc.parametrize("house", ["sqlite", "postgres"], indirect=True)
