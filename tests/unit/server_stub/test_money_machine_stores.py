"""The same machine over money on PostgreSQL, and for long on both databases."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from server_stub.config import ServerConfig
from server_stub.demo.database import LocalPostgres
from tests.unit.server_stub.harness import House, opened_house
from tests.unit.server_stub.test_money_machine import MoneyMachine


def machine_on(server: LocalPostgres | None) -> type[MoneyMachine]:
    """The machine with a new database for each run, in files when there is no server."""

    class Machine(MoneyMachine):
        def opened(self, folder: Path) -> AbstractContextManager[House]:
            address = "" if server is None else server.new_database()
            return opened_house(folder, config=ServerConfig(database=address))

    return Machine


def test_a_machine_over_money_on_postgresql(postgres: LocalPostgres) -> None:
    """The short form; SQLite has a thousand steps and more in the module beside this one."""
    run_state_machine_as_test(
        machine_on(postgres), settings=settings(max_examples=8, stateful_step_count=40, deadline=None)
    )


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_machine_over_money_for_long(request: pytest.FixtureRequest, database: str) -> None:
    """Up to fifty thousand steps; the seed of a failure is printed by Hypothesis."""
    server = request.getfixturevalue("postgres") if database == "postgres" else None
    run_state_machine_as_test(
        machine_on(server), settings=settings(max_examples=500, stateful_step_count=100, deadline=None)
    )
