"""Killed at random moments under load: what was acknowledged is there once, and the audit is clean each time."""

from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import pytest

from server_stub.demo.database import LocalPostgres
from tests.system.server.conftest import ServerFolder, stop
from tests.system.server.crash import Payer, check_nothing_lost_or_doubled, pay_and_kill

#: A token allows a thousand; then others come and pay.
SIGNATURES_MAX = 700


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("everywhere", ["sqlite", "postgres"], indirect=True)
def test_killed_a_few_times(everywhere: ServerFolder, rng: Random, workers: int) -> None:
    """The short form."""
    assert crash_loop(everywhere, rng, kills=3 if workers == 1 else 2, workers=workers) > 0


@pytest.mark.soak
@pytest.mark.parametrize("everywhere", ["sqlite", "postgres"], indirect=True)
def test_killed_two_hundred_times(
    everywhere: ServerFolder, rng: Random, capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    """The long form prints what it saw; ``--kills`` chooses another number."""
    kills: int = pytestconfig.getoption("--kills")
    paid = crash_loop(everywhere, rng, kills=kills, workers=1)
    with capsys.disabled():
        print(f"\n{everywhere.database or 'sqlite'}: {kills} kills, {paid} payments, 0 lost, 0 doubled")


@pytest.mark.soak
def test_a_database_that_crashes_loses_nothing(
    durable_postgres: LocalPostgres, everywhere: ServerFolder, rng: Random
) -> None:
    """PostgreSQL itself is killed between rounds, and the server with it."""
    server = everywhere
    payers = _payers(server, count=2)
    for _ in range(10):
        pay_and_kill(server, payers, rng=rng)
        durable_postgres.crash()
        durable_postgres.recover()
        check_nothing_lost_or_doubled(server, payers)


def crash_loop(server: ServerFolder, rng: Random, *, kills: int, workers: int) -> int:
    """Kill so often; in the end everything that was ever sent is asked again, and is there once."""
    payers = active = _payers(server, count=3)
    for _ in range(kills):
        if any(payer.wallet.counter > SIGNATURES_MAX for payer in active):
            active = _payers(server, count=3)
            payers = payers + active
        pay_and_kill(server, active, rng=rng, workers=workers)
        check_nothing_lost_or_doubled(server, payers)
    with server.serving() as process:
        for payer in payers:
            payer.ask_again(server.address)
        assert stop(process) == 0
    assert all(payer.acknowledged | payer.refused == set(payer.asked) for payer in payers)
    return check_nothing_lost_or_doubled(server, payers)


def _payers(server: ServerFolder, *, count: int) -> list[Payer]:
    with server.serving():
        return [Payer(server.terminal(), server.wallet()) for _ in range(count)]
