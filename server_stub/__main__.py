"""``tillcode-server``: found a server, run it, look after it."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from server_stub import key_commands
from server_stub.commands import (
    Add,
    add_audit,
    add_export,
    add_merchant_fees,
    add_merchant_standing,
    add_revoke,
    add_risk,
    currency_of,
    now_s,
    opened_for_writing,
    say,
    tell_code,
)
from server_stub.config import CONFIG_FILE, KEYS_FOLDER, ServerConfig, read_config
from server_stub.faults import VARIABLE, Faults, armed_point
from server_stub.finding_commands import add_clock, add_loss
from server_stub.funding_commands import add_funding, add_wallet_code
from server_stub.restored_commands import add_restored
from server_stub.shipping_commands import add_ship
from wallet_sdk import console
from wallet_sdk.about import add_version
from wallet_sdk.console import counted
from wallet_sdk.ports import Clock, Random
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError
from wallet_sdk.protocol.ids import MerchantId, TerminalId
from wallet_sdk.protocol.money import format_number
from wallet_sdk.system import SystemClock, SystemRandom

_DEFAULT_FOLDER: Final = "tillcode-server"
_DEFAULT_PORT: Final = 8080
#: More would only wait for each other: each has a committer of its own.
_WORKERS_MAX: Final = 64

Chosen = argparse.Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """``run`` with this machine's clock and randomness."""
    return run(argv, clock=SystemClock(), random=SystemRandom())


def run(argv: Sequence[str] | None, *, clock: Clock, random: Random) -> int:
    """Run one command; 0 when it went well, 1 with one line on standard error when not, 5 when it could not be told."""
    console.prepare()
    chosen = _parser().parse_args(argv, Chosen(clock=clock, random=random))
    command: Callable[[Chosen], int] = chosen.command
    try:
        code = command(chosen)
    except TillcodeError as error:
        where = f"{error.param}: " if error.param else ""
        console.remark(f"tillcode-server: {where}{error.message}")
        return 1
    except OSError as error:  # a disk that is full or cannot be written, a folder that is somebody else's
        where = f"{error.filename}: " if error.filename else ""
        console.remark(f"tillcode-server: {where}{error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        return 130
    if reason := console.untold():
        console.remark(f"tillcode-server: done, but not all of it could be written: {reason}")
        return code or console.EXIT_UNTOLD
    return code


def _init(chosen: Chosen) -> int:
    from server_stub.service.administration import found

    folder: Path = chosen.data_folder
    if chosen.sandbox:
        return _init_sandbox(chosen, folder)
    config = ServerConfig(database=chosen.database)
    faults = Faults(armed_point(os.environ.get(VARIABLE, "")))
    root_key = found(folder, config=config, random=chosen.random, now_s=now_s(chosen), faults=faults)
    say(f"made keys, settings and an empty ledger in {folder}")
    say(f"root key: {root_key.hex()}")
    say(
        f"{folder / KEYS_FOLDER / 'root.key'} is needed only to make or rotate the other keys, never by 'serve':"
        " move it to a safe place off this machine."
    )
    say(f"next: tillcode-server --data {folder} merchant add --name NAME --country CC")
    return 0


def _init_sandbox(chosen: Chosen, folder: Path) -> int:
    from server_stub.sandbox import found_sandbox

    papers = found_sandbox(folder, random=chosen.random, now_s=now_s(chosen), database=chosen.database)
    say(f"made a sandbox in {folder}: play money, for ever; run: tillcode-server --data {folder} serve --sandbox")
    say(f"root key: {papers.root_key.hex()}")
    say(f"merchant {papers.merchant_id}")
    say(f"api key: {papers.api_key}")
    say(f"operator key: {papers.operator_key}")
    for kind, codes in (("terminal", papers.terminal_codes), ("wallet", papers.wallet_codes)):
        for code in codes:
            say(f"{kind} code: {code}")
    return 0


def _serve(chosen: Chosen) -> int:
    from server_stub.bootstrap import serve
    from server_stub.store.nature import Nature

    nature = Nature.SANDBOX if chosen.sandbox else Nature.LIVE
    faults = Faults(armed_point(os.environ.get(VARIABLE, "")))
    faults.announce()
    return serve(
        chosen.data_folder,
        host=chosen.host,
        port=chosen.port,
        worker_count=chosen.workers,
        clock=chosen.clock,
        random=chosen.random,
        faults=faults,
        nature=nature,
    )


def _add_merchant(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.service.administration import MerchantDetails, add_merchant

    currencies = tuple(dict.fromkeys(currency_of(name) for name in chosen.currency or ["EUR"]))
    details = MerchantDetails(
        name=chosen.name, city=chosen.city, country=_country(chosen.country), mcc=chosen.mcc, currencies=currencies
    )
    with opened_store(chosen.data_folder) as store:
        merchant = add_merchant(store, details)
    say(f"merchant {merchant.merchant_id}: {', '.join(part for part in (merchant.name, merchant.city) if part)}")
    return 0


def _terminal_code(chosen: Chosen) -> int:
    from server_stub.service.administration import terminal_code
    from server_stub.service.replacing import replacing_terminal_code

    expires_at_s = _code_expiry_s(chosen)
    with opened_for_writing(chosen) as store:
        if chosen.replace is None:
            code = terminal_code(store, MerchantId(chosen.merchant), random=chosen.random, expires_at_s=expires_at_s)
        else:
            delay_h = 0 if chosen.at_once else read_config(chosen.data_folder / CONFIG_FILE).terminals.replace_delay_h
            code = replacing_terminal_code(
                store,
                TerminalId(chosen.replace),
                random=chosen.random,
                not_before_s=now_s(chosen) + delay_h * 3600,
                expires_at_s=expires_at_s + delay_h * 3600,
                at_s=now_s(chosen),
            )
            if delay_h:
                sys.stderr.write(f"tillcode-server: the code works from {delay_h} hours from now; or use --at-once\n")
    merchants = f"one terminal of merchant {chosen.merchant}"
    tell_code(merchants if chosen.replace is None else f"another device as terminal {chosen.replace}")
    say(code)
    return 0


def _backup(chosen: Chosen) -> int:
    from server_stub.backup import back_up

    manifest = back_up(chosen.data_folder, chosen.folder, made_at_s=now_s(chosen))
    say(f"the ledger, its settings and risk rules are in {chosen.folder}, in {counted(len(manifest.files), 'file')}")
    say(f"the keys in {chosen.data_folder / KEYS_FOLDER} are not: they are secrets, and nothing is served without them")
    return 0


def _restore(chosen: Chosen) -> int:
    from server_stub.backup import restore
    from server_stub.store.tables.clock import told_time

    known: list[str] = chosen.acknowledge
    epoch = restore(
        chosen.data_folder,
        chosen.folder,
        database=chosen.database,
        now_s=now_s(chosen),
        acknowledged=known,
        tell=say,
    )
    noted = f"with {counted(len(known), 'acknowledged finding')}, which it notes"
    found = noted if known else "the audit finds the ledger clean"
    say(f"restored the ledger of {told_time(epoch.backup_made_at_s)}; {found}")
    say(f"what happened since is lost; numbers go on after {epoch.number}, so that none of it is handed out again")
    say("wallets show by themselves what they still have; 'tillcode-server restored' tells what came of it")
    if not (chosen.data_folder / KEYS_FOLDER).exists():
        say(f"put the keys back into {chosen.data_folder / KEYS_FOLDER} before you serve")
    return 0


def _ledger(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.store.tables.parties import ACCOUNTS

    with opened_store(chosen.data_folder) as store, store.reading() as reader:
        accounts = sorted(reader.list_all(ACCOUNTS), key=lambda one: (one.currency.number, one.kind, one.account_id))
    say(f"{'account':<18} {'holder':<26} {'balance':>18}")
    for account in accounts:
        balance = format_number(account.balance_minor, account.currency)
        name = account.kind.name.lower().replace("_", " ")
        say(f"{name:<18} {account.holder or 'operator':<26} {balance:>18} {account.currency.name}")
    return 0


def _fraud_cases(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.store.tables.payments import FRAUD_CASES

    with opened_store(chosen.data_folder) as store, store.reading() as reader:
        cases = reader.list_all(FRAUD_CASES)
    for number, case in enumerate(cases, start=1):
        say(f"case {number}: wallet {case.wallet_id}, token {case.token_id.hex()}: {case.reason}")
    say(counted(len(cases), "fraud case"))
    if chosen.export is not None:
        proofs = {f"fraud-{number}.cbor": case.proof for number, case in enumerate(cases, start=1) if case.proof}
        _export(chosen.export, proofs)
        say(f"{counted(len(proofs), 'proof')} written to {chosen.export}")
    return 0


def _export(folder: Path, proofs: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, proof in proofs.items():
            (folder / name).write_bytes(proof)
    except OSError as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"cannot write to {folder}: {error.strerror}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tillcode-server", description="The settlement server of Tillcode.")
    add_version(parser)
    _add_data_folder(parser, default=Path(os.environ.get("TILLCODE_SERVER_DATA", _DEFAULT_FOLDER)))
    # Also taken after the command, where people type it; there its absence must not undo what was said before it.
    everywhere = argparse.ArgumentParser(add_help=False)
    _add_data_folder(everywhere, default=argparse.SUPPRESS)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        group: "argparse._SubParsersAction[argparse.ArgumentParser]",
        name: str,
        command: Callable[[Chosen], int],
        text: str,
    ) -> argparse.ArgumentParser:
        added = group.add_parser(name, help=text, description=text, parents=[everywhere])
        added.set_defaults(command=command)
        return added

    _add_init(add(commands, "init", _init, "make keys, settings and an empty ledger; never overwrites"))
    _add_serve(add(commands, "serve", _serve, "answer requests until stopped"))
    add_audit(commands, add)
    saved = add(commands, "backup", _backup, "copy the ledger and the settings into a new folder, also while it serves")
    saved.add_argument("folder", type=Path, metavar="DIR", help="a folder that is not there yet")
    _add_restore(add(commands, "restore", _restore, "make a ledger of a backup; never overwrites one"))
    add(commands, "ledger", _ledger, "print accounts and balances")
    cases = add(commands, "fraud-cases", _fraud_cases, "print fraud cases")
    cases.add_argument("--export", type=Path, metavar="DIR", help="write each proof to a file")

    risk = commands.add_parser("risk", help="look after risk rules").add_subparsers(required=True)
    add_risk(risk, add)
    add_revoke(
        commands.add_parser("revoke", help="end something, and put it on the denylist").add_subparsers(required=True),
        add,
    )
    add_export(commands, add)
    add_clock(commands, add)
    add_restored(commands, add)
    add_ship(commands.add_parser("ship", help="ship the ledger's log to another place as it grows"), add)
    add_loss(commands, add)

    merchant = commands.add_parser("merchant", help="look after merchants").add_subparsers(required=True)
    added = add(merchant, "add", _add_merchant, "add a merchant, and print its number")
    added.add_argument("--name", required=True)
    added.add_argument("--city", default="")
    added.add_argument("--country", required=True, help="two letters, ISO 3166, such as PT")
    added.add_argument("--mcc", type=int, default=5999, help="merchant category, ISO 18245")
    added.add_argument("--currency", action="append", help="may be given more than once; default: EUR")

    add_merchant_fees(merchant, add)
    add_merchant_standing(merchant, add)
    key_commands.add_to(commands, add)
    key_commands.add_rotate(commands, add)
    add_funding(commands, add)

    _add_activation_codes(
        commands.add_parser("activation-code", help="let a device in").add_subparsers(required=True), add
    )
    return parser


def _add_activation_codes(group: Any, add: Add) -> None:
    terminal = add(group, "terminal", _terminal_code, "print a one-time code for one terminal")
    whose = terminal.add_mutually_exclusive_group(required=True)
    whose.add_argument("--merchant", type=int, metavar="ID", help="its number, as 'merchant add' has printed it")
    whose.add_argument(
        "--replace", type=int, metavar="ID", help="a terminal that goes on with another device; the old one ends now"
    )
    terminal.add_argument("--at-once", action="store_true", help="the other device need not wait")
    add_wallet_code(group, add)


def _add_init(init: argparse.ArgumentParser) -> None:
    init.add_argument("--sandbox", action="store_true", help="a ledger of play money, with a merchant, codes and keys")
    init.add_argument(
        "--database",
        default=os.environ.get("TILLCODE_SERVER_DATABASE", ""),
        metavar="ADDRESS",
        help="postgresql://user@host/name of an empty database; without it, a file in the folder",
    )


def _add_restore(restored: argparse.ArgumentParser) -> None:
    restored.add_argument("folder", type=Path, metavar="DIR", help="as 'backup' has made it")
    restored.add_argument("--database", metavar="ADDRESS", help="of an empty database, when it is another than before")
    restored.add_argument(
        "--acknowledge",
        action="append",
        default=[],
        metavar="FINDING",
        help="go on with this finding, by the name that a refusal has told; may be given more than once",
    )


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--sandbox", action="store_true", help="serve a ledger that was founded as a sandbox")
    serve.add_argument(
        "--host",
        default=os.environ.get("TILLCODE_SERVER_HOST", "127.0.0.1"),
        help="address to listen at, or 0.0.0.0 for all of this machine's; default: %(default)s",
    )
    serve.add_argument(
        "--port",
        type=_port,
        default=os.environ.get("TILLCODE_SERVER_PORT", str(_DEFAULT_PORT)),
        help="0 takes any free one; default: %(default)s",
    )
    serve.add_argument(
        "--workers",
        type=_worker_count,
        default=os.environ.get("TILLCODE_SERVER_WORKERS", "1"),
        metavar="N",
        help="processes behind the one address; default: %(default)s",
    )


def _add_data_folder(parser: argparse.ArgumentParser, *, default: object) -> None:
    about = "folder of keys, settings and ledger (or TILLCODE_SERVER_DATA)"
    if isinstance(default, Path):
        about += "; default: %(default)s"
    parser.add_argument("--data", dest="data_folder", type=Path, metavar="DIR", default=default, help=about)


def _country(text: str) -> str:
    if len(text) != 2 or not (text.isascii() and text.isalpha()):
        raise MisuseError(
            ErrorCode.BAD_ARGUMENT, f"two letters are expected, such as PT, not {text!r}", param="country"
        )
    return text.upper()


def _port(text: str) -> int:
    return _number(text, 0, 65535, "a port")


def _worker_count(text: str) -> int:
    return _number(text, 1, _WORKERS_MAX, "the number of workers")


def _number(text: str, least: int, most: int, what: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{what} is {least} .. {most}, not {text!r}")
    return number


def _code_expiry_s(chosen: Chosen) -> int:
    return now_s(chosen) + read_config(chosen.data_folder / CONFIG_FILE).activation_lifetime_h * 3600


if __name__ == "__main__":
    sys.exit(main())
