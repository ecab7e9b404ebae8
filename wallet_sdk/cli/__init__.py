"""``tillcode-wallet``: a wallet on the command line.

Results go to standard output, questions and errors to standard error. Exit codes: 0 done, 1 refused or not
proven, 2 wrong use, 3 the world (network, disk), 4 the outcome is unknown: sync before paying again, 5 done, but
what was to be said of it could not be written. A payment's outcome is its exit code, whatever could be written of it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from wallet_sdk import console
from wallet_sdk.about import add_version
from wallet_sdk.cli import commands
from wallet_sdk.cli.surroundings import HOME_VARIABLE, PASSPHRASE_VARIABLE, Surroundings, default_surroundings
from wallet_sdk.protocol.errors import MisuseError, MoneyOutcome, TillcodeError, UnavailableError
from wallet_sdk.wallet import PayMode

__all__ = ["main"]


def main(argv: Sequence[str] | None = None, surroundings: Surroundings | None = None) -> int:
    """Run one command. Returns the exit code."""
    console.prepare()
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments, surroundings or default_surroundings())
    except TillcodeError as error:
        console.remark(f"tillcode-wallet: {error}")
        return _exit_code_of(error)
    except (KeyboardInterrupt, EOFError):
        console.remark("tillcode-wallet: stopped")
        return 130
    if reason := console.untold():
        console.remark(f"tillcode-wallet: done, but not all of it could be written: {reason}")
        return code if arguments.pays or code else console.EXIT_UNTOLD
    return code


def _exit_code_of(error: TillcodeError) -> int:
    if error.outcome is MoneyOutcome.UNKNOWN:
        return commands.EXIT_UNKNOWN
    if isinstance(error, MisuseError):
        return commands.EXIT_MISUSE
    return commands.EXIT_UNAVAILABLE if isinstance(error, UnavailableError) else commands.EXIT_REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tillcode-wallet",
        description="A wallet for Tillcode QR payments.",
        epilog=f"The passphrase comes from {PASSPHRASE_VARIABLE}, or is asked for.",
    )
    add_version(parser)
    parser.add_argument(
        "--home", type=Path, help=f"folder of the wallet (else {HOME_VARIABLE}, else ~/.local/share/tillcode-wallet)"
    )
    parser.set_defaults(pays=False)
    words = parser.add_subparsers(required=True, metavar="COMMAND")

    enrol = words.add_parser("enrol", aliases=["init"], help="bind this wallet to an account")
    enrol.add_argument("--server", required=True, help="address, such as https://pay.example")
    enrol.add_argument("--code", required=True, help="the activation code")
    enrol.add_argument(
        "--allowance", type=int, metavar="MINOR", help="offline limit to ask for (else half the balance)"
    )
    enrol.add_argument("--root-key", help="the scheme's root key, in hexadecimal or in a file; else the server's word")
    enrol.set_defaults(run=commands.enrol)

    pay = words.add_parser("pay", help="pay a request or a printed code: a picture, or the text of it")
    _add_picture_or_text(pay)
    pay.add_argument(
        "--amount", help="such as 2.50: how much to pay a printed code, or what a request must ask for and nothing else"
    )
    pay.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    pay.add_argument(
        "--mode",
        choices=[mode.value for mode in PayMode],
        default=PayMode.AUTO.value,
        help="auto asks the issuer, and pays from the offline allowance when there is no network",
    )
    pay.set_defaults(run=commands.pay, pays=True)

    receipt = words.add_parser("receipt", help="check a receipt shown by a terminal, and keep it")
    _add_picture_or_text(receipt)
    receipt.set_defaults(run=commands.receipt, pays=True)

    code = words.add_parser("code", help="show a payment code for a terminal to scan; one use, one minute")
    code.add_argument("--ceiling", help="largest amount, such as 20.00 (else the token's limit)")
    code.set_defaults(run=commands.code)

    allowance = words.add_parser("allowance", help="set aside another amount for offline payments; 0 gives it back")
    allowance.add_argument("amount", help='such as 20.00, or "auto": half of what there is')
    allowance.set_defaults(run=commands.allowance)

    for name, run, about in (
        ("balance", commands.balance, "what is known without asking"),
        ("history", commands.history, "every payment, newest first"),
        ("sync", commands.sync, "catch up with the server: open payments, balance, offline allowance"),
    ):
        words.add_parser(name, help=about).set_defaults(run=run)

    _add_verify_proof(words)
    return parser


def _add_verify_proof(words: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    proof = words.add_parser("verify-proof", help="check a double-spend proof or a receipt; needs no wallet, no server")
    proof.add_argument("file", type=Path, metavar="FILE")
    proof.add_argument(
        "--root-key", required=True, metavar="KEY", help="the scheme's root key, in hexadecimal or in a file"
    )
    proof.add_argument("--bundle", type=Path, help="trust bundle file, needed for a receipt")
    proof.set_defaults(run=commands.verify_proof)


def _add_picture_or_text(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("picture_or_text", metavar="IMAGE-OR-TEXT", help='a picture file, "TC1:..." or - to read text')
