"""`tillcode-demo`: windows for a person where there is a display, else the whole story told by robot fingers."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

from server_stub.demo import acts
from server_stub.demo.database import local_postgres
from server_stub.demo.processes import DemoFailedError, run_to_end
from server_stub.demo.stage import SHOPS, START_TIMEOUT_S, Stage
from server_stub.demo.telling import TICK, Telling
from wallet_sdk.about import add_version
from wallet_sdk.console import prepare

_ACTS: Final[tuple[Callable[[Stage], None], ...]] = (
    acts.pay_by_shown_code,
    acts.pay_by_payers_code,
    acts.pay_offline,
    acts.settle_the_queue,
    acts.catch_a_clone,
)
_LOOK_S: Final = 0.5
_TO_TRY: Final = """
Two windows, one real server. Each window's camera looks at the other window.
  1. Till: type an amount, "Show code".     Wallet: "Pay", then confirm.
  2. Wallet: "Show my code".                Till: type an amount, "Scan customer".
  3. Switch the network off in both (the pill at the top), do 1 again:
     the wallet answers with a code, the till reads it ("Scan answer") and shows its receipt.
  4. Switch the network on again: the till's queue settles.
Close one of the windows to end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when everything went as told."""
    prepare()
    chosen = _parse(sys.argv[1:] if arguments is None else arguments)
    telling = Telling()
    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    play = _show_windows if has_display and not chosen.headless else _tell_story
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        out = _fresh_folder(chosen.out)
    except OSError as error:
        telling.failed(f"{chosen.out} is no folder that can be written to: {error.strerror}; choose another --out")
        return 1
    with ExitStack() as machines, Stage(out, telling) as stage:
        try:
            if chosen.database == "postgres":
                telling.doing("a PostgreSQL of its own starts")
                stage.office.database = machines.enter_context(local_postgres()).address()
            telling.doing("looking for OpenGL")
            run_to_end(["wallet_sdk.screen.opengl"], log=stage.logs / "commands.log")
            play(stage)
        except DemoFailedError as error:
            telling.failed(str(error))
            telling.plain(stage.tails())
            return 1
        except KeyboardInterrupt:
            telling.plain("\nstopped")
            return 130
    if not chosen.keep:
        shutil.rmtree(out / "homes")
    return 0


def _tell_story(stage: Stage) -> None:
    _set_up(stage)
    for act in _ACTS:
        act(stage)
    _close_the_books(stage)


def _set_up(stage: Stage) -> None:
    telling = stage.telling
    telling.act("Setting up")
    codes = _found_scheme(stage)
    database = "PostgreSQL" if stage.office.database else "SQLite"
    telling.done(f"server on {database}, {len(SHOPS)} shops, one wallet with money: founded")
    telling.doing("the programs start")
    stage.start_till("till", shop=SHOPS[0][0], activation_code=codes[0], looks_at="wallet")
    stage.start_wallet("wallet", looks_at="till", activation_code=codes[-1])
    stage.start_till("till-2", shop=SHOPS[1][0], activation_code=codes[1], looks_at="clone")
    for till in (stage.till, stage.second_till):
        till.wait("keypad", timeout_s=START_TIMEOUT_S)
    stage.wallet.wait("home", timeout_s=START_TIMEOUT_S)
    telling.done("two tills and a wallet run, each a process of its own, drawn offscreen")


def _found_scheme(stage: Stage) -> list[str]:
    """Found the scheme and start the server; the activation codes of the tills, then of the wallet."""
    office = stage.office
    stage.telling.doing("the scheme is founded")
    office.found()
    merchants = [office.add_merchant(name, city=city) for name, city in SHOPS]
    codes = [*(office.terminal_code(merchant) for merchant in merchants), office.wallet_code()]
    stage.telling.doing("the server starts")
    stage.start_server()
    return codes


def _close_the_books(stage: Stage) -> None:
    telling, office = stage.telling, stage.office
    telling.act("The books")
    telling.doing("the ledger is compared with the story")
    office.expect(stage.expected)
    telling.plain(office.ledger())
    telling.done("every balance is as the story says, to the cent")
    telling.doing("the audit")
    telling.plain(office.audit())
    telling.done(f"audit clean; pictures, proof and logs are in {stage.out}")


def _show_windows(stage: Stage) -> None:
    """One till and one wallet for a person, until one of them is closed."""
    codes = _found_scheme(stage)
    stage.start_window("till", stage.till_arguments("till", activation_code=codes[0], looks_at="wallet"))
    stage.start_window("wallet", stage.wallet_arguments("wallet", looks_at="till", activation_code=codes[-1]))
    stage.telling.plain(_TO_TRY)
    stage.telling.doing("two windows")
    pause = threading.Event()
    while (ended := stage.first_ended()) is None:
        pause.wait(_LOOK_S)
    if ended.exit_code or ended.name == "server":
        raise DemoFailedError(
            f"{ended.name} has died (exit code {ended.exit_code}); without a display that can be opened, use --headless"
        )
    stage.telling.plain(f"{TICK} closed; the books:")
    stage.telling.plain(stage.office.ledger())
    stage.telling.plain(stage.office.audit())


def _fresh_folder(out: Path) -> Path:
    """The folder, empty of what an earlier run left there; a folder that is somebody else's is left alone."""
    marker = out / ".tillcode-demo"
    if out.exists() and any(out.iterdir()) and not marker.exists():
        out = Path(tempfile.mkdtemp(prefix="demo-out-", dir=out.parent))
    elif out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / ".tillcode-demo").touch()
    return out.resolve()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tillcode-demo", description="Server, terminal and wallet, as real programs.")
    add_version(parser)
    parser.add_argument("--headless", action="store_true", help="tell the story by itself, even with a display")
    parser.add_argument(
        "--database", choices=("sqlite", "postgres"), default="sqlite", help="what the server keeps its ledger in"
    )
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="folder for pictures, logs and the proof")
    parser.add_argument("--keep", action="store_true", help="keep the programs' own folders too")
    return parser.parse_args(arguments)
