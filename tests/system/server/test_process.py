"""The server as a process: it starts, listens, answers, stops in good order, and survives being killed."""

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import httpx
import pytest

from server_stub.config import KEYS_FOLDER
from server_stub.faults import FaultPoint
from server_stub.keys import load_key
from tests.system.server.conftest import PATIENCE_S, ServerFolder, read_all, stop
from tests.unit.server_stub.harness import ONLINE, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.evidence import verify_fraud_proof


def test_a_first_payment_over_loopback(server: ServerFolder) -> None:
    """Founded, served, enrolled, paid, audited, stopped: the whole way a person goes."""
    with server.serving() as process:
        terminal, wallet = server.terminal(), server.wallet()
        request, offline = terminal.request(1250), terminal.request(500)
        assert wallet.pay(request)["state"] == "CAPTURED"
        assert terminal.capture((offline, wallet.intent(offline)))[0]["state"] == "CAPTURED"
        assert wallet.balance() == (3_750, 4_500)
        assert "1 findings" not in server.assert_clean()
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
    assert " 1 payments" in server.assert_clean()


@pytest.mark.parametrize("point", list(FaultPoint))
def test_killed_at_a_fault_point_a_payment_is_there_once_or_not_at_all(server: ServerFolder, point: FaultPoint) -> None:
    """Before the commit nothing is there, after it everything; the same claim again ends the same way."""
    with server.serving():
        terminal, wallet = server.terminal(), server.wallet()
    request = terminal.request()
    batch = terminal.batch((request, wallet.intent(request)))
    with server.serving(fault=point.value) as process:
        with pytest.raises(httpx.TransportError):
            server.call("POST", api.PATH_CAPTURES, batch, "")
        assert process.wait(PATIENCE_S) == -9
        assert f"kills itself at {point.value}" in read_all(process.stderr)
    durable = point in {FaultPoint.AFTER_COMMIT, FaultPoint.BEFORE_ANSWER}
    assert f" {int(durable)} payments" in server.assert_clean()
    with server.serving():
        path = api.payment_path(request.message.request_id)
        assert terminal.read(path).ok()["state"] == ("CAPTURED" if durable else "REQUESTED")
        answer = server.call("POST", api.PATH_CAPTURES, batch, "")
        assert answer.ok()["outcomes"][0]["state"] == "CAPTURED"
        assert server.call("POST", api.PATH_CAPTURES, batch, "").body == answer.body
    assert " 1 payments" in server.assert_clean()


def test_killed_at_random_moments_what_was_answered_is_there(server: ServerFolder, rng: Random) -> None:
    """Ten kills in the middle of a stream of payments: every acknowledged one survives, none is there twice."""
    acknowledged: set[bytes] = set()
    with server.serving():
        terminal, wallet = server.terminal(), server.wallet()
    for late in range(1, 11):  # later kills come later, so that some payment is answered on a busy machine too
        with server.serving() as process:
            killer = threading.Timer(rng.uniform(0.0, 0.04) * late, process.kill)
            killer.start()
            with pytest.raises(httpx.TransportError):
                pay_until_cut(server, terminal, wallet, acknowledged)
            killer.join()
    report = server.assert_clean()
    with server.serving():
        for request_id in acknowledged:
            assert terminal.read(api.payment_path(request_id)).ok()["state"] == "CAPTURED"
    assert acknowledged
    assert "the ledger is clean" in report


def pay_until_cut(server: ServerFolder, terminal: TestTerminal, wallet: TestWallet, acknowledged: set[bytes]) -> None:
    """Pay a cent online again and again over one connection, and note what was answered."""
    with httpx.Client(base_url=server.address, timeout=PATIENCE_S, trust_env=False) as client:
        while True:
            request = terminal.request(1)
            intent = wallet.intent(request, ONLINE)
            pair = api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(request.envelope))
            answer = client.post(api.PATH_INTENTS, content=api.to_json(pair))
            if answer.json()["state"] == "CAPTURED":
                acknowledged.add(request.message.request_id)


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
    assert "1 proofs written" in said
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("init",), "nothing is ever overwritten"),
        (("activation-code", "terminal", "--merchant", "7"), "there is no merchant 7"),
        (("activation-code", "wallet", "--funds", "1,5"), "is not an amount"),
        (("activation-code", "wallet", "--currency", "XXX"), "no currency known"),
        (("merchant", "add", "--name", "N" * 33, "--country", "PT"), "bytes"),
        (("merchant", "add", "--name", "N", "--country", "Portugal"), "country"),
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


def test_a_folder_without_a_server_says_what_to_do(tmp_path: Path) -> None:
    """Every command but init points to init."""
    empty = ServerFolder(folder=tmp_path / "none", random=None)  # type: ignore[arg-type]
    for arguments in (("serve",), ("audit",), ("ledger",), ("activation-code", "wallet")):
        done: subprocess.CompletedProcess[str] = empty.command(*arguments)
        assert (done.returncode, "init" in done.stderr, done.stderr.count("\n")) == (1, True, 1), done.stderr
    assert not (tmp_path / "none").exists()
