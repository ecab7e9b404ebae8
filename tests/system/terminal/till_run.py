"""A whole till without its window, with real threads, real files and a real clock; the server is in this process.

As a program (`python -m tests.system.terminal.till_run HOME`) it accepts one payment offline, says so in one line
on its standard output, and then waits to be killed.
"""

import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path

from terminal_app.bootstrap import Outside, Terminal
from terminal_app.config import TerminalConfig
from terminal_app.desk import Makers
from terminal_app.devices.frames import FakeFrameSource, FrameSource
from terminal_app.journal import Journal
from terminal_app.screen_model import (
    Enrol,
    NetworkState,
    NetworkSwitch,
    ScanAnswer,
    ScreenModel,
    ScreenName,
    ShowCode,
    SwitchNetwork,
)
from tests.unit.terminal_app.fake_server import SERVER_URL, FakeServer
from wallet_sdk.decoding import grey_frame
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.messages import PaymentRequest
from wallet_sdk.system import SystemClock, SystemRandom
from wallet_sdk.testing import Scheme

#: Long enough for a slow machine, short enough for a test that hangs.
PATIENCE_S = 30.0


class TillRun:
    """One run of a till on a home folder."""

    def __init__(
        self,
        home: Path,
        *,
        server: FakeServer,
        open_source: Callable[[], FrameSource] | None = None,
        makers: Makers | None = None,
    ) -> None:
        self.server = server
        self.camera = FakeFrameSource()
        self._models: queue.Queue[ScreenModel] = queue.Queue()
        self.terminal = Terminal(
            TerminalConfig(home=home, server_url=SERVER_URL),
            Outside(
                clock=SystemClock(),
                random=SystemRandom(),
                open_sender=lambda _url: server,
                open_source=open_source or (lambda: self.camera),
                makers=makers,
            ),
            show=self._models.put,
            show_frame=lambda _frame: None,
            on_end=lambda: None,
        )
        self.terminal.start()

    def wait_for(self, holds: Callable[[ScreenModel], bool]) -> ScreenModel:
        """The first model from here on that is as wanted."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            model = self._models.get(timeout=max(0.0, deadline_s - time.monotonic()))
            if holds(model):
                return model

    def wait_on(self, name: ScreenName) -> ScreenModel:
        """Wait for a screen."""
        return self.wait_for(lambda model: model.name is name)


def accept_one_offline(run: TillRun, scheme: Scheme) -> ScreenModel:
    """Join, switch the network off, and take one payment of 12.50 through the camera."""
    run.wait_on(ScreenName.ENROL)
    run.terminal.send(Enrol(server_url=SERVER_URL, activation_code="CODE-1"))
    run.wait_on(ScreenName.KEYPAD)
    run.terminal.send(SwitchNetwork(wanted=NetworkSwitch.OFF))
    run.wait_for(lambda model: model.bar.network is NetworkState.SWITCHED_OFF)
    run.terminal.send(ShowCode(amount_minor=1250))
    shown = run.wait_on(ScreenName.SHOW_CODE)
    assert shown.code_text is not None
    request = open_unverified(qr.from_text(shown.code_text), PaymentRequest)
    run.terminal.send(ScanAnswer())
    run.wait_on(ScreenName.SCAN)
    intent = scheme.intent(token=scheme.token().envelope, request_digest=request.digest)
    frame = grey_frame(qr.picture(qr.to_text(intent.envelope), module_px=4))
    assert frame is not None
    run.camera.show(frame)
    return run.wait_on(ScreenName.ACCEPTED_OFFLINE)


def scheme_now() -> Scheme:
    """The scheme of these tests, at the machine's time."""
    return Scheme(seed=5, now_s=SystemClock().now_ms() // 1000)


def server_for(home: Path, scheme: Scheme) -> FakeServer:
    """A server that knows the till of this home folder already."""
    with Journal(home / "journal.sqlite") as journal:
        membership = journal.views.membership
        assert membership is not None
        return FakeServer(scheme=scheme, terminal_key=membership.certificate.message.terminal_key)


def main() -> None:
    """Accept, say so, wait for the end."""
    scheme = scheme_now()
    run = TillRun(Path(sys.argv[1]), server=FakeServer(scheme=scheme))
    model = accept_one_offline(run, scheme)
    sys.stdout.write(model.name.value + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
