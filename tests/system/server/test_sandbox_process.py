"""The sandbox as a process: it really cuts connections, and the commands of keys do what they say."""

import httpx
import pytest

from tests.system.server.conftest import ServerFolder, read_all, stop
from tests.unit.server_stub.harness import ONLINE, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.testing import SeededRandom


@pytest.fixture
def box(tmp_path_factory: pytest.TempPathFactory, seed: int) -> ServerFolder:
    """A sandbox that does not run yet; its papers lie beside it."""
    made = ServerFolder(folder=tmp_path_factory.mktemp("box") / "server", random=SeededRandom(seed))
    (made.folder.parent / "papers").write_text(made.said("init", "--sandbox"))
    return made


def papers(box: ServerFolder) -> dict[str, str]:
    """What ``init --sandbox`` has printed; of the codes of a kind the last one."""
    lines = (box.folder.parent / "papers").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def test_a_cut_connection_is_really_cut(box: ServerFolder) -> None:
    """No answer at all, twice; the claim again is answered, paid once, and the server has not even stumbled."""
    with box.serving("--sandbox") as process:
        terminal = TestTerminal(
            call=box.call, clock=box.clock, random=box.random, signer=SoftwareSigner(box.random.random_bytes(32))
        )
        terminal.enrol(papers(box)["terminal code"]).ok()
        wallet = TestWallet(
            call=box.call, clock=box.clock, random=box.random, signer=SoftwareSigner(box.random.random_bytes(32))
        )
        wallet.enrol(papers(box)["wallet code"]).ok()
        wallet.renew(5_000).ok()
        for amount_minor, state in ((112, "REQUESTED"), (113, "CAPTURED")):
            request = terminal.request(amount_minor)
            intent = wallet.intent(request, ONLINE)
            with pytest.raises(httpx.RemoteProtocolError):
                wallet.send(request.envelope, intent.envelope)
            path = api.payment_path(request.message.request_id)
            assert terminal.read(path).ok()["state"] == state
            assert wallet.send(request.envelope, intent.envelope).ok()["state"] == "CAPTURED"
        assert box.call("GET", "/healthz", b"", "").headers["tillcode-sandbox"] == "true"
        assert stop(process) == 0
        assert read_all(process.stderr) == ""
    assert " 2 payments" in box.assert_clean()


def test_a_sandbox_is_not_served_as_live_nor_live_as_a_sandbox(box: ServerFolder, server: ServerFolder) -> None:
    """One line each, that says what the ledger is."""
    for folder, arguments, said in ((box, (), "founded as sandbox"), (server, ("--sandbox",), "founded as live")):
        done = folder.command("serve", "--port", "0", *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert said in done.stderr


def test_the_commands_of_keys(box: ServerFolder) -> None:
    """Made, listed without its secret, used over HTTP, revoked while the server runs, and dead at once."""
    key = box.said("api-key", "create", "--merchant", "1001", "--scope", "payments:read", "--label", "night report")
    listed = box.said("api-key", "list")
    name, secret = key.split("_", 2)[1:]
    assert f"{name}  merchant 1001   works    payments:read  night report" in listed
    assert secret not in listed
    with box.serving("--sandbox"):
        assert box.call("GET", "/v1/payments", b"", f"Bearer {key}").ok() == {"payments": [], "next_cursor": ""}
        assert box.said("api-key", "revoke", name) == f"{name} is revoked"
        assert box.call("GET", "/v1/payments", b"", f"Bearer {key}").http_status == 401
    refused = box.command("api-key", "create", "--merchant", "7")
    assert "there is no merchant 7" in refused.stderr
    assert "there is no such key" in box.command("api-key", "revoke", "nothing").stderr
