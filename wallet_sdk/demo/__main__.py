"""`python -m wallet_sdk.demo`: wires wallet, camera, worker thread and window together."""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from wallet_sdk.demo import views
from wallet_sdk.demo.desk import Desk
from wallet_sdk.demo.eye import ScreenEye
from wallet_sdk.demo.flow import WalletFlow
from wallet_sdk.keystore import EncryptedFileKeyStore
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.screen.environment import PANEL_PHONE, Drawing, Panel, open_window, panel_of_text
from wallet_sdk.store import SqliteWalletStore
from wallet_sdk.system import SystemClock, SystemRandom
from wallet_sdk.transport import HttpxSender, SwitchableSender
from wallet_sdk.wallet import Wallet

if TYPE_CHECKING:
    from wallet_sdk.demo.app import WalletApp

#: The offline allowance this wallet asks its issuer for, in minor units.
ALLOWANCE_MINOR: Final = 50_00


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The command line."""

    home: Path
    server: str
    activation_code: str | None
    panel: Panel
    look_at: Path | None
    mirror: Path | None
    robot_stdin: bool
    drawing: Drawing
    title: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the wallet until its window is closed; the exit code."""
    choices = _parse(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        with TemporaryDirectory(prefix="tillcode-kivy-") as kivy_home:
            open_window(panel=choices.panel, kivy_home=Path(kivy_home), drawing=choices.drawing, title=choices.title)
            network = SwitchableSender(HttpxSender(choices.server))
            with _open_wallet(choices, network) as wallet:
                return _run(choices, wallet, network)
    except TillcodeError as error:
        print(f"wallet: {error}", file=sys.stderr)
        return 1


def _run(choices: Choices, wallet: Wallet, network: SwitchableSender) -> int:
    flow = WalletFlow()
    app = _make_app(choices, flow)
    signal.signal(signal.SIGTERM, lambda *_args: app.close())
    failures: list[str] = []

    def failed() -> None:
        failures.append("the worker thread has ended by a fault of its own")
        app.close()

    desk = Desk(
        wallet=wallet,
        network=network,
        switch_file=choices.home / "network-off",
        eye=ScreenEye(choices.look_at) if choices.look_at else None,
        clock=SystemClock(),
        show=app.show,
        show_frame=app.show_frame,
        wake=flow.wake,
    )
    flow.start(desk, failed=failed)
    app.run()
    flow.stop()
    return 1 if failures else 0


def _make_app(choices: Choices, flow: WalletFlow) -> "WalletApp":
    from wallet_sdk.demo.app import WalletApp  # Kivy: only after open_window()
    from wallet_sdk.screen.app import WindowOptions

    return WalletApp(
        initial=views.working(None, what="The wallet is opening."),
        press=flow.press,
        matrix_of=qr.matrix,
        options=WindowOptions(mirror=choices.mirror, robot_stdin=choices.robot_stdin),
    )


def _open_wallet(choices: Choices, network: SwitchableSender) -> Wallet:
    choices.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    wallet = Wallet.open(
        store=SqliteWalletStore(choices.home / "wallet.sqlite"),
        keys=EncryptedFileKeyStore(choices.home / "keys", _passphrase(choices.home), SystemRandom()),
        sender=network,
    )
    if choices.activation_code and not wallet.is_enrolled:
        wallet.enrol(server=choices.server, activation_code=choices.activation_code, allowance_minor=ALLOWANCE_MINOR)
    wallet.balance()  # says NOT_ENROLLED now and not on the first screen
    return wallet


def _passphrase(home: Path) -> str:
    """A passphrase made once and kept beside the keys: good for a demo. A real wallet asks its owner or the system."""
    path = home / "passphrase"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(SystemRandom().random_bytes(16).hex())
    return path.read_text()


def _parse(arguments: Sequence[str]) -> Choices:
    parser = argparse.ArgumentParser(prog="python -m wallet_sdk.demo", description="A phone-like demo wallet.")
    parser.add_argument("--home", type=Path, required=True, help="folder of this wallet's keys and memory")
    parser.add_argument("--server", required=True, help="address of the server, such as http://127.0.0.1:8787")
    parser.add_argument("--activation-code", help="joins the server with this code, the first time")
    parser.add_argument("--size", type=panel_of_text, default=PANEL_PHONE, metavar="WIDTHxHEIGHT", help="window size")
    parser.add_argument("--look-at", type=Path, help="PNG file that mirrors the till's screen: the wallet's camera")
    parser.add_argument("--mirror", type=Path, help="PNG file to mirror this window into")
    parser.add_argument("--title", default="Tillcode wallet", help="title of the window")
    parser.add_argument("--robot", action="store_true", help="drive it by lines on stdin (wallet_sdk.screen.robot)")
    parser.add_argument("--offscreen", action="store_true", help="draw into memory; no display is needed")
    given = parser.parse_args(arguments)
    return Choices(
        home=given.home,
        server=given.server,
        activation_code=given.activation_code,
        panel=given.size,
        look_at=given.look_at,
        mirror=given.mirror,
        robot_stdin=given.robot,
        drawing=Drawing.OFFSCREEN if given.offscreen else Drawing.WINDOW,
        title=given.title,
    )


if __name__ == "__main__":
    sys.exit(main())
