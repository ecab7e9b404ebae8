"""The log of a SQLite ledger on another disk: server and shipper are killed, the file is gone, and no payment is."""

import subprocess
import sys
import time
from pathlib import Path

from server_stub.config import LEDGER_FILE
from server_stub.shipping import SHIPPING_FILE
from tests.system.server.conftest import PATIENCE_S, ServerFolder
from wallet_sdk.protocol import api

PAYMENTS = 60


def test_what_was_shipped_is_a_ledger_again(server: ServerFolder, tmp_path: Path) -> None:
    """Every acknowledged payment, audited clean, in an epoch of its own; and the wallet goes on."""
    said = server.said("ship", "setup", "--to", str(tmp_path / "other"))
    assert "replicate" in said
    litestream = [
        str(Path(sys.executable).parent / "litestream"),
        "replicate",
        "-config",
        str(server.folder / SHIPPING_FILE),
    ]
    with (
        subprocess.Popen(litestream, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as shipper,
        server.serving() as process,
    ):
        terminal, wallet = server.terminal(), server.wallet()
        requests = [terminal.request(10) for _ in range(PAYMENTS)]
        assert all(wallet.pay(request)["state"] == "CAPTURED" for request in requests)
        end_s = time.monotonic() + PATIENCE_S
        while not server.command("ship", "check").stdout.endswith(" 0 are on their way\n"):
            assert time.monotonic() < end_s
        for one in (process, shipper):
            one.kill()
            one.wait(PATIENCE_S)
    for path in server.folder.glob(f"*{LEDGER_FILE}*"):
        if path.is_file():
            path.unlink()
    server.said("ship", "restore")
    assert f"{PAYMENTS} payments" in server.assert_clean()
    with server.serving():
        terminal.call = wallet.call = server.call
        assert terminal.read(api.payment_path(requests[-1].message.request_id)).ok()["state"] == "CAPTURED"
