"""A log that is cut behind a kill has lost payments that were acknowledged: the next start finds it out."""

import re

from server_stub.config import LEDGER_FILE
from tests.system.server.conftest import PATIENCE_S, ServerFolder
from tests.unit.server_stub.harness import ONLINE

PAID = 30


def test_a_log_that_is_cut_behind_a_kill_is_found_out(server: ServerFolder) -> None:
    """It started, said nothing, and the payments of a third of the log were gone."""
    with server.serving() as process:
        terminal, wallet = server.terminal(), server.wallet()
        for _ in range(PAID):
            request = terminal.request(10)
            assert wallet.send(request.envelope, wallet.intent(request, ONLINE).envelope).ok()["state"] == "CAPTURED"
        process.kill()
        process.wait(PATIENCE_S)
    log = server.folder / f"{LEDGER_FILE}-wal"
    content = log.read_bytes()
    log.write_bytes(content[: len(content) * 2 // 3])
    refused = server.command("serve", "--port", "0")
    assert refused.returncode == 1
    found = re.search(r"(\d+) acknowledged commits with (\d+) payments are not in the ledger", refused.stderr)
    assert found, refused.stderr
    assert 0 < int(found[2]) <= int(found[1]) <= PAID + 20
    audited = server.command("audit")
    assert audited.returncode == 1
    assert found[0] in audited.stdout
    assert server.command("merchant", "add", "--name", "Another", "--country", "PT").returncode == 1
    looked = server.command("loss")
    assert looked.returncode == 1
    name = re.search(r"--acknowledge ([0-9a-f]{8})", looked.stdout)
    assert name, looked.stdout
    assert "no loss of the name" in server.command("loss", "--acknowledge", "00000000").stderr
    assert server.command("loss", "--acknowledge", name[1]).returncode == 0
    with server.serving():
        left = int(re.search(r"(\d+) payments", server.assert_clean())[1])  # type: ignore[index]
    assert left == PAID - int(found[2])
    assert server.said("loss") == "every commit that is noted is in the ledger"
