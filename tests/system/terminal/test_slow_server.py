"""A real server that takes its time, over a real socket: the till does not wait for it, and does not guess."""

import json
import queue
import re
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from terminal_app.bootstrap import Outside, Terminal
from terminal_app.config import TerminalConfig
from terminal_app.core import counter
from terminal_app.devices.frames import FakeFrameSource
from terminal_app.screen_model import CheckAgain, Enrol, ScanCustomer, ScanTyped, ScreenModel, ScreenName
from tests.system.sandboxes import Play, serving_sandbox
from tests.system.terminal.till_run import PATIENCE_S
from wallet_sdk import HttpxSender, MemoryKeyStore, MemoryWalletStore, SystemClock, SystemRandom, Wallet
from wallet_sdk.ports import HttpRequest

AMOUNT_MINOR = 1_250
WAITS_S = 0.5
#: The server takes so long for the first batch of claims; the payment is there at once.
LATE_MS = 2_000


def be_late(play: Play) -> HttpRequest:
    """Tell the sandbox to be late with the next claims."""
    key = re.search(r"api key: (\S+)", play.papers)
    assert key is not None
    return HttpRequest(
        method="POST",
        path="/v1/sandbox/faults",
        body=json.dumps({"kind": "delay", "delay_ms": LATE_MS, "operation": "captureBatch"}).encode(),
        content_type="application/json",
        authorization=f"Bearer {key.group(1)}",
        timeout_s=5.0,
    )


def test_an_answer_that_comes_too_late_is_unknown_and_then_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen says DO NOT CHARGE AGAIN before the server has answered; asked again, the till hears PAID."""
    monkeypatch.setattr(counter, "COUNTER_TIMEOUT_S", WAITS_S)
    models: queue.Queue[ScreenModel] = queue.Queue()

    def wait_for(holds: Callable[[ScreenModel], bool]) -> ScreenModel:
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds(model := models.get(timeout=max(0.0, deadline_s - time.monotonic()))):
            pass
        return model

    with serving_sandbox(tmp_path / "server") as play:
        terminal = Terminal(
            TerminalConfig(home=tmp_path / "till", server_url=play.url),
            Outside(clock=SystemClock(), random=SystemRandom(), open_sender=HttpxSender, open_source=FakeFrameSource),
            show=models.put,
            show_frame=lambda _frame: None,
            on_end=lambda: None,
        )
        keys, network = MemoryKeyStore(SystemRandom()), HttpxSender(play.url)
        with closing(network), Wallet.open(store=MemoryWalletStore(), keys=keys, sender=network) as wallet:
            wallet.enrol(server=play.url, activation_code=play.printed_code("wallet"))
            terminal.start()
            try:
                terminal.send(Enrol(server_url=play.url, activation_code=play.printed_code("terminal")))
                wait_for(lambda model: model.name is ScreenName.KEYPAD)
                terminal.send(ScanCustomer(amount_minor=AMOUNT_MINOR))
                wait_for(lambda model: model.name is ScreenName.SCAN)
                network.send(be_late(play))
                sent_s = time.monotonic()
                terminal.send(ScanTyped(text=wallet.present_code(ceiling_minor=AMOUNT_MINOR).qr.text))
                unknown = wait_for(lambda model: model.name is ScreenName.UNKNOWN)
                assert unknown.warning == "DO NOT CHARGE AGAIN"
                assert time.monotonic() - sent_s < LATE_MS / 1000, "nobody waited for the server"
                terminal.send(CheckAgain())
                paid = wait_for(lambda model: model.name is not ScreenName.UNKNOWN and model.name.value != "verifying")
                assert (paid.name, paid.warning) == (ScreenName.PAID, "")
            finally:
                terminal.stop()
