"""The timer of real server processes: a hold whose time is over ends once, also when the process is killed over it."""

import sqlite3
import time

from server_stub.config import LEDGER_FILE
from tests.system.server.conftest import PATIENCE_S, ServerFolder, stop
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.messages import PaymentRequest


def time_is_over(server: ServerFolder) -> None:
    """Nobody can wait an hour here, so every hold has ended long ago."""
    connection = sqlite3.connect(server.folder / LEDGER_FILE)
    connection.execute("UPDATE holds SET expires_at_s = 1, row_check = NULL")
    connection.execute(
        "DELETE FROM checked_tables WHERE name = 'holds'"
    )  # so that the next one who opens it checks anew
    connection.commit()
    connection.close()


def test_a_running_server_ends_what_is_due_and_seals_it(server: ServerFolder) -> None:
    """Within seconds and without being asked; the audit says that nothing is left unsealed."""
    with server.serving() as process:
        terminal, wallet = server.terminal(), server.wallet()
        request: Sealed[PaymentRequest] = terminal.request(700, hold_h=1)
        assert wallet.pay(request)["state"] == "AUTHORIZED"
        time_is_over(server)
        path, end_s = api.payment_path(request.message.request_id), time.monotonic() + PATIENCE_S
        while terminal.read(path).ok()["state"] == "AUTHORIZED":
            assert time.monotonic() < end_s
        assert terminal.read(path).ok()["state"] == "EXPIRED"
        assert wallet.balance() == (5_000, 5_000)
        assert stop(process) == 0
    assert "1 payment," in server.assert_clean()


def test_a_server_killed_over_its_timer_ends_each_hold_once(server: ServerFolder) -> None:
    """Killed outright again and again as soon as it runs: what is done stays done, the rest is done by the next one."""
    with server.serving() as process:
        terminal, wallet = server.terminal(), server.wallet()
        requests: list[Sealed[PaymentRequest]] = [terminal.request(100, hold_h=1) for _ in range(40)]
        for request in requests:
            assert wallet.pay(request)["state"] == "AUTHORIZED"
        process.kill()
        process.wait(PATIENCE_S)
    time_is_over(server)
    for _ in range(6):
        with server.serving() as process:
            process.kill()
            process.wait(PATIENCE_S)
        server.assert_clean()
    with server.serving() as process:
        terminal.call = wallet.call = server.call
        end_s = time.monotonic() + PATIENCE_S
        for request in requests:
            path = api.payment_path(request.message.request_id)
            while (state := terminal.read(path).ok()["state"]) == "AUTHORIZED":
                assert time.monotonic() < end_s
            assert state == "EXPIRED"
        assert wallet.balance() == (5_000, 5_000)
        assert stop(process) == 0
    assert "40 payments" in server.assert_clean()
