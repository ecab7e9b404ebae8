"""Each fault point is reached by a real server on each database, and what survives is exactly once."""

from pathlib import Path

import httpx
import pytest

from server_stub.audit import audit
from server_stub.bootstrap import opened_store
from server_stub.demo.database import LocalPostgres
from server_stub.faults import FaultPoint
from tests.system.server.conftest import PATIENCE_S, ServerFolder, read_all, stop
from tests.unit.server_stub.harness import ONLINE
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.testing import SeededRandom

FOUNDING = (FaultPoint.MIGRATING, FaultPoint.MIGRATED, FaultPoint.NUMBERS_TAKEN)
OTHER_HARM = (FaultPoint.COMMITTER_DIES, FaultPoint.DISK_FULL, FaultPoint.CLOCK_AHEAD, FaultPoint.CLOCK_BEHIND)
PAYING = tuple(point for point in FaultPoint if point not in {*FOUNDING, *OTHER_HARM})
#: From here on a payment is durable.
DURABLE = {
    FaultPoint.COMMITTED,
    FaultPoint.AFTER_COMMIT,
    FaultPoint.HALF_ANSWERED,
    FaultPoint.BEFORE_WAKING,
    FaultPoint.BEFORE_ANSWER,
}

both = pytest.mark.parametrize("everywhere", ["sqlite", "postgres"], indirect=True)


def payments_in(server: ServerFolder) -> int:
    """How many payments there are; the audit is clean."""
    with opened_store(server.folder) as store:
        report = audit(store)
    assert not report.findings, report.findings
    return report.payments


@both
def test_killed_at_every_point_a_payment_is_there_once_or_not_at_all(everywhere: ServerFolder) -> None:
    """Before the commit nothing is there, after it everything; the same claim again ends the same way."""
    server = everywhere
    with server.serving():
        terminal, wallet = server.terminal(), server.wallet()
    asked: list[tuple[FaultPoint, str, bytes]] = []
    for point in PAYING:
        request = terminal.request(10)
        batch = terminal.batch((request, wallet.intent(request)))
        asked.append((point, api.payment_path(request.message.request_id), batch))
        with server.serving(fault=point.value) as process:
            with pytest.raises(httpx.TransportError):
                server.call("POST", api.PATH_CAPTURES, batch, "")
            assert process.wait(PATIENCE_S) == -9, point
            assert f"kills itself at {point.value}" in read_all(process.stderr)
        assert payments_in(server) == sum(one in DURABLE for one, _, _ in asked), point
    with server.serving():
        for point, path, body in asked:
            assert terminal.read(path).ok()["state"] == ("CAPTURED" if point in DURABLE else "REQUESTED"), point
            answer = server.call("POST", api.PATH_CAPTURES, body, "")
            assert answer.ok()["outcomes"][0]["state"] == "CAPTURED", point
            assert server.call("POST", api.PATH_CAPTURES, body, "").body == answer.body, point
    assert payments_in(server) == len(PAYING)


@pytest.mark.parametrize("point", FOUNDING)
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_killed_while_it_is_founded_nothing_is_half_used(
    request: pytest.FixtureRequest, tmp_path: Path, seed: int, database: str, point: FaultPoint
) -> None:
    """A migration is there whole or not at all; and nothing serves from a folder that ``init`` has not finished."""
    address = request.getfixturevalue("durable_postgres").new_database() if database == "postgres" else ""
    other = ServerFolder(folder=tmp_path / "other", random=SeededRandom(seed))
    done = other.command("init", "--database", address, fault=point.value)
    assert done.returncode == -9
    assert other.command("serve").returncode == 1


@both
def test_a_full_disk_is_unknown_to_the_caller_and_harms_nothing(everywhere: ServerFolder) -> None:
    """Every payment of the group is told so; with room again, the same claims are paid once."""
    server = everywhere
    with server.serving():
        terminal, wallet = server.terminal(), server.wallet()
    requests = [terminal.request(1) for _ in range(300)]
    batch = terminal.batch(*((request, wallet.intent(request)) for request in requests))
    with server.serving(fault=FaultPoint.DISK_FULL.value) as process:
        answer = server.call("POST", api.PATH_CAPTURES, batch, "")
        assert (answer.code(), answer.content["outcome"]) == (ErrorCode.STORAGE_FAILED, "unknown")
        assert "log says why" in answer.content["detail"]  # which file of ours is full is nobody else's business
        assert stop(process) == 0
    assert payments_in(server) == 0
    with server.serving():
        outcomes = server.call("POST", api.PATH_CAPTURES, batch, "").ok()["outcomes"]
    assert [outcome["state"] for outcome in outcomes] == ["CAPTURED"] * len(requests)
    assert payments_in(server) == len(requests)


@both
@pytest.mark.parametrize("point", [FaultPoint.CLOCK_AHEAD, FaultPoint.CLOCK_BEHIND])
def test_a_clock_that_jumps_refuses_and_remembers_nothing(everywhere: ServerFolder, point: FaultPoint) -> None:
    """By a clock that is a day off a request is too old or too new; with the right one it is paid after all, once."""
    server = everywhere
    with server.serving():
        terminal, wallet = server.terminal(), server.wallet()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    with server.serving(fault=point.value):
        refused = wallet.send(request.envelope, intent.envelope)
        assert refused.code() in {ErrorCode.EXPIRED, ErrorCode.NOT_YET_VALID}
    assert payments_in(server) == 0
    with server.serving():
        assert wallet.send(request.envelope, intent.envelope).ok()["state"] == "CAPTURED"
    assert payments_in(server) == 1


def test_a_database_that_restarts_is_found_again(everywhere: ServerFolder, durable_postgres: LocalPostgres) -> None:
    """PostgreSQL is killed under a running server: what it cannot say it calls unknown, and then it goes on."""
    server = everywhere
    with server.serving() as process:
        terminal, wallet = server.terminal(), server.wallet()
        assert wallet.pay(terminal.request())["state"] == "CAPTURED"
        durable_postgres.crash()
        request = terminal.request()
        batch = terminal.batch((request, wallet.intent(request)))
        answer = server.call("POST", api.PATH_CAPTURES, batch, "")
        assert answer.code() is ErrorCode.STORAGE_FAILED
        durable_postgres.recover()
        assert server.call("POST", api.PATH_CAPTURES, batch, "").ok()["outcomes"][0]["state"] == "CAPTURED"
        assert stop(process) == 0
    assert payments_in(server) == 2
