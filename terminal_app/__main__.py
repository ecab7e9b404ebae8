"""The terminal as a program: `tillcode-terminal --home DIR --server URL ...`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from terminal_app.config import WINDOW_PX_MIN, TerminalConfig, load_config
from terminal_app.devices.sources import source_maker
from wallet_sdk.about import add_version
from wallet_sdk.console import prepare, remark, say
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError, UnavailableError
from wallet_sdk.screen.environment import Drawing, open_window, panel_of_size

#: Opens the key file; better than a setting in a file, because it need not be stored on this machine.
PASSPHRASE_VARIABLE = "TILLCODE_TERMINAL_PASSPHRASE"  # noqa: S105 - the name of a variable

#: Exit code of --check-unsent when the till must be kept as it is until it has sent.
EXIT_UNSENT: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until the window is closed. Returns the exit code: 0, 1 when the core failed, 2 when it could not start."""
    prepare()
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        config = load_config(
            options.home,
            server_url=options.server,
            size=options.size,
            currency=options.currency,
            passphrase=os.environ.get(PASSPHRASE_VARIABLE),
            second_journal=options.second_journal,
            carry_folder=options.carry_folder,
            receipt_folder=options.receipt_folder,
            camera=f"screen:{options.look_at}" if options.look_at else options.camera,
        )
        if options.check_unsent:
            return _check_unsent(config)
        return _run(config, options)
    except TillcodeError as error:
        remark(f"tillcode-terminal: {error}")
        return 2
    except KeyboardInterrupt:
        return 130


def _check_unsent(config: TerminalConfig) -> int:
    """For scripts that replace the program: 0 when nothing is unsent, EXIT_UNSENT when something is."""
    from terminal_app.bootstrap import unsent

    waiting = unsent(config)
    beside = waiting.closure_count + waiting.refund_count + waiting.courier_count
    say(f"unsent payments: {len(waiting.items)}, other unanswered messages: {beside}")
    return 0 if waiting.is_empty else EXIT_UNSENT


def _run(config: TerminalConfig, options: argparse.Namespace) -> int:
    open_source = source_maker(config.camera)
    kivy_home = config.home / "kivy"
    try:
        kivy_home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"{config.home} cannot be written to: {error.strerror}"
        raise UnavailableError(ErrorCode.STORAGE_FAILED, text, param="home") from error
    open_window(
        panel=panel_of_size(width_px=config.width_px, height_px=config.height_px),
        kivy_home=kivy_home,
        drawing=Drawing.OFFSCREEN if options.offscreen else Drawing.WINDOW,
        title="Tillcode terminal",
        side_px_min=WINDOW_PX_MIN,
    )
    # Kivy reads its environment when it is first imported: nothing that imports it may come before open_window().
    from terminal_app import bootstrap, window
    from terminal_app.receipts import Training

    return window.run_window(
        config,
        bootstrap.real_outside(open_source),
        activation_code=options.activation_code,
        window=window.WindowOptions(
            mirror=options.mirror,
            robot_stdin=options.robot,
            training=Training.YES if options.training else Training.NO,
        ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tillcode-terminal", description="The merchant's payment terminal.")
    add_version(parser)
    parser.add_argument("--home", type=Path, required=True, help="folder of this till: journal, key, terminal.toml")
    parser.add_argument("--server", metavar="URL", help="server to join (default: from terminal.toml)")
    parser.add_argument("--activation-code", metavar="CODE", help="join with this code at the start, if not joined yet")
    parser.add_argument("--currency", metavar="CODE", help="ISO 4217 code of the keypad, such as EUR")
    parser.add_argument("--size", metavar="800x480", help="size of the window in pixels")
    parser.add_argument("--second-journal", metavar="FILE", help="keep a second journal (stick, other disk)")
    parser.add_argument("--carry-folder", metavar="DIR", help="save the queue here to carry it by hand, as on a stick")
    parser.add_argument("--receipt-folder", metavar="DIR", help="write receipts as PDF here")
    parser.add_argument("--check-unsent", action="store_true", help="exit 3 when this till has something unsent")
    parser.add_argument("--training", action="store_true", help="play money: nothing is real, and nothing is kept")
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--camera", metavar="SOURCE", help="auto, pi:0, v4l2:0, mjpeg:http://..., video:FILE, folder:DIR"
    )
    source.add_argument("--look-at", metavar="FILE", help="look at another program's mirrored screen: screen:FILE")
    parser.add_argument("--mirror", type=Path, metavar="FILE", help="write the screen into this PNG when it changes")
    parser.add_argument("--robot", action="store_true", help="take taps as lines from standard input")
    parser.add_argument("--offscreen", action="store_true", help="draw into memory only, without a display")
    return parser


if __name__ == "__main__":
    sys.exit(main())
