"""The server as a process: it starts, listens, answers, stops in good order, and survives being killed."""

import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from server_stub.config import CONFIG_FILE, KEYS_FOLDER, LEDGER_FILE
from server_stub.faults import FaultPoint
from server_stub.keys import load_key
from tests.system.server.conftest import PATIENCE_S, ServerFolder, read_all, stop
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.evidence import verify_fraud_proof
from wallet_sdk.system import SystemClock


def test_a_first_payment_over_loopback(server: ServerFolder) -> None:
    """Founded, served, enrolled, paid, audited, stopped: the whole way a person goes."""
    with server.serving() as process:
        terminal, wallet = server.terminal(), server.wallet()
        request, offline = terminal.request(1250), terminal.request(500)
        assert wallet.pay(request)["state"] == "CAPTURED"
        assert terminal.capture((offline, wallet.intent(offline)))[0]["state"] == "CAPTURED"
        assert wallet.balance() == (3_750, 4_500)
        assert "finding" not in server.assert_clean()
        assert stop(process) == 0
        assert read_all(process.stderr) == ""
    ledger = server.said("ledger")
    assert "17.50 EUR" in ledger
    assert "-100.00 EUR" in ledger


def test_the_same_capture_a_hundred_times_at_once(server: ServerFolder) -> None:
    """Over real connections: one effect, one and the same answer bytes."""
    with server.serving():
        terminal, wallet = server.terminal(), server.wallet()
        request = terminal.request()
        batch = terminal.batch((request, wallet.intent(request)))
        barrier = threading.Barrier(10)

        def ten() -> list[bytes]:
            with httpx.Client(base_url=server.address, timeout=PATIENCE_S, trust_env=False) as client:
                barrier.wait(PATIENCE_S)
                return [client.post(api.PATH_CAPTURES, content=batch).content for _ in range(10)]

        with ThreadPoolExecutor(10) as threads:
            bodies = [body for bodies in [threads.submit(ten) for _ in range(10)] for body in bodies.result(PATIENCE_S)]
    assert len(bodies) == 100
    assert len(set(bodies)) == 1
    assert b'"state":"CAPTURED","error_code":0' in bodies[0]
    assert " 1 payment," in server.assert_clean()


def test_a_double_spend_ends_in_a_proof_file(server: ServerFolder, tmp_path: Path) -> None:
    """Exported, the proof verifies with nothing but the root's public key."""
    with server.serving():
        one, two, wallet = server.terminal(), server.terminal(), server.wallet()
        first, second = one.request(10), two.request(20)
        one.capture((first, wallet.intent(first, counter=1, cumulative_minor=10)))
        two.capture((second, wallet.intent(second, counter=1, cumulative_minor=20)))
        renewed = wallet.renew()
        assert renewed.content["title"] == "REVOKED"
    said = server.said("fraud-cases", "--export", str(tmp_path / "proofs"))
    assert "1 proof written" in said
    proof = (tmp_path / "proofs" / "fraud-1.cbor").read_bytes()
    root_key = load_key(server.folder / KEYS_FOLDER, "root").public_key
    assert sorted(verify_fraud_proof(proof, root_key=root_key).amounts_minor) == [10, 20]
    server.assert_clean()


def test_a_long_poll_does_not_hold_a_stop_up(server: ServerFolder) -> None:
    """SIGTERM ends waits at once, and the process with 0."""
    with server.serving() as process:
        terminal = server.terminal()
        path = api.payment_path(terminal.request().message.request_id)
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(terminal.read, path, query="?wait=30")
            assert server.call("GET", api.PATH_HEALTH, b"", "").http_status == 200
            assert stop(process) == 0
            assert waiting.exception(PATIENCE_S) is not None or waiting.result().http_status == 200


def test_a_long_poll_hears_of_what_another_worker_has_committed(server: ServerFolder) -> None:
    """Eight polls wait, in whichever workers; eight payments come by other connections; each poll ends with its own."""
    with server.serving(workers=2) as process:
        terminal, wallet = server.terminal(), server.wallet()
        requests = [terminal.request(10) for _ in range(8)]
        with ThreadPoolExecutor(len(requests)) as threads:
            paths = [api.payment_path(request.message.request_id) for request in requests]
            waiting = [threads.submit(terminal.read, path, query="?wait=20") for path in paths]
            started_s = SystemClock().monotonic_ms() / 1000
            for request in requests:
                assert wallet.pay(request)["state"] == "CAPTURED"
            states = [one.result(PATIENCE_S).ok()["state"] for one in waiting]
            waited_s = SystemClock().monotonic_ms() / 1000 - started_s
        assert states == ["CAPTURED"] * len(requests)
        assert waited_s < 20, "no poll has waited to its end"
        assert stop(process) == 0
        assert read_all(process.stderr) == ""


@pytest.mark.parametrize("everywhere", ["sqlite", "postgres"], indirect=True)
def test_every_worker_publishes_new_keys_without_a_restart(everywhere: ServerFolder) -> None:
    """Two workers, and a rotation while they serve: soon every connection, whoever takes it, gets the new bundle."""
    server, clock = everywhere, SystemClock()
    with server.serving(workers=2) as process:
        first = {bundle_at(server)}
        server.said("rotate", "--start-in", "0")
        deadline_ms = clock.monotonic_ms() + PATIENCE_S * 1000
        while first & (seen := {bundle_at(server) for _ in range(12)}):
            assert clock.monotonic_ms() < deadline_ms, "a worker has not noticed"
        assert len(seen) == 1
        assert stop(process) == 0
        assert read_all(process.stderr) == ""


def bundle_at(server: ServerFolder) -> str:
    """The trust bundle that is published, over a connection of its own."""
    bundle: str = server.call("GET", api.PATH_TRUST, b"", "").ok()["bundle"]
    return bundle


def test_when_one_worker_dies_the_server_ends(server: ServerFolder) -> None:
    """Nobody is served by half a server: the parent ends the others, and says so with its exit code."""
    with server.serving(workers=2) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 2
        os.kill(int(children[0]), signal.SIGKILL)
        assert process.wait(PATIENCE_S) == 1
        assert "a worker has ended" in read_all(process.stderr)
        assert not Path(f"/proc/{children[1]}").exists()


@pytest.mark.parametrize("everywhere", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("workers", [1, 2])
def test_when_its_committer_dies_the_server_ends(everywhere: ServerFolder, workers: int) -> None:
    """A request under way is told that nobody knows; then the process ends by itself, and not as if all were well."""
    server = everywhere
    with server.serving():
        terminal, wallet = server.terminal(), server.wallet()
    request = terminal.request()
    batch = terminal.batch((request, wallet.intent(request)))
    with server.serving(fault=FaultPoint.COMMITTER_DIES.value, workers=workers) as process:
        answer = server.call("POST", api.PATH_CAPTURES, batch, "")
        assert (answer.code(), answer.content["outcome"]) == (ErrorCode.SERVER_ERROR, "unknown")
        assert process.wait(PATIENCE_S) == 1
    with server.serving():
        assert server.call("POST", api.PATH_CAPTURES, batch, "").ok()["outcomes"][0]["state"] == "CAPTURED"
    assert " 1 payment," in server.assert_clean()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("init",), "nothing is ever overwritten"),
        (("activation-code", "terminal", "--merchant", "7"), "there is no merchant 7"),
        (("activation-code", "wallet", "--funds", "1,5"), "is not an amount"),
        (("activation-code", "wallet", "--currency", "XXX"), "no currency known"),
        (("merchant", "add", "--name", "N" * 33, "--country", "PT"), "bytes"),
        (("merchant", "add", "--name", "N", "--country", "Portugal"), "country: two letters are expected, such as PT"),
        (("serve", "--host", "256.0.0.1"), "cannot listen"),
    ],
)
def test_a_persons_mistake_is_one_line(server: ServerFolder, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 1 and a sentence on standard error, never a trace."""
    done = server.command(*arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.startswith("tillcode-server: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_second_server_does_not_take_a_part_of_the_first_one_s_calls(server: ServerFolder, workers: str) -> None:
    """Workers share their address by SO_REUSEPORT; a stranger, though of the same account, must not join them."""
    with server.serving(workers=2):
        port = server.address.rpartition(":")[2]
        done = server.command("serve", "--port", port, "--workers", workers)
        assert done.returncode == 1
        assert f"127.0.0.1:{port}: another program listens there" in done.stderr
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)


def test_a_lost_ledger_is_to_be_restored_and_not_founded_anew(server: ServerFolder) -> None:
    """Its keys and settings are there, so ``init`` would refuse; an empty file in its place is no ledger either."""
    (server.folder / LEDGER_FILE).unlink()
    lost = server.command("serve")
    assert (lost.returncode, "restore a backup" in lost.stderr, "init" in lost.stderr) == (1, True, False)
    (server.folder / LEDGER_FILE).touch()
    empty = server.command("serve")
    assert (empty.returncode, "restore a backup" in empty.stderr, "init" in empty.stderr) == (1, True, False)


def test_a_proxy_on_this_machine_is_believed_whom_it_speaks_for(server: ServerFolder) -> None:
    """Or all customers behind it would share one address, and its limit."""
    path = server.folder / CONFIG_FILE
    config = re.sub(r"address_per_s = \d+", "address_per_s = 1", path.read_text())
    path.write_text(re.sub(r"address_burst = \d+", "address_burst = 2", config))

    def ask(address: str) -> int:
        forwarded = {"x-forwarded-for": address, "x-forwarded-proto": "https"}
        return httpx.get(server.address + api.PATH_HEALTH, headers=forwarded, trust_env=False).status_code

    with server.serving():
        asked = [ask("203.0.113.1") for _ in range(4)]
        assert 429 in asked
        assert ask("203.0.113.2") == 200


@pytest.mark.parametrize("program", ["server_stub", "server_stub.demo", "terminal_app", "wallet_sdk"])
def test_each_program_tells_its_version(program: str) -> None:
    """That of the one package they are."""
    done = subprocess.run([sys.executable, "-m", program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == [version("tillcode")]


def test_a_folder_without_a_server_says_what_to_do(tmp_path: Path) -> None:
    """Every command but init points to init."""
    empty = ServerFolder(folder=tmp_path / "none", random=None)  # type: ignore[arg-type]
    for arguments in (("serve",), ("audit",), ("ledger",), ("activation-code", "wallet")):
        done: subprocess.CompletedProcess[str] = empty.command(*arguments)
        assert (done.returncode, "init" in done.stderr, done.stderr.count("\n")) == (1, True, 1), done.stderr
    assert not (tmp_path / "none").exists()
