"""``tillcode-server ship``: the ledger's log to another place, whether it arrives, and a ledger made of it."""

import argparse

from server_stub.commands import Add, say
from wallet_sdk.system import SystemClock

Chosen = argparse.Namespace


def add_ship(ship: argparse.ArgumentParser, add: Add) -> None:
    """``ship setup | check | restore | adopt``"""
    words = ship.add_subparsers(required=True)
    setup = add(words, "setup", _set_up, "write Litestream's settings (SQLite), and say what to start")
    setup.add_argument("--to", required=True, metavar="PLACE", help="a folder on another disk or machine, or s3://...")
    add(
        words,
        "check",
        _check,
        "whether the log arrives: SQLite's is restored, audited and compared; 1 when it does not",
    )
    restore = add(words, "restore", _restore, "make the ledger of this folder of what was shipped (SQLite)")
    restore.set_defaults(clock=SystemClock())
    adopt = add(words, "adopt", _adopt, "take a ledger that PostgreSQL has recovered: audit it, begin its epoch")
    adopt.set_defaults(clock=SystemClock())


def _set_up(chosen: Chosen) -> int:
    from server_stub.config import CONFIG_FILE, read_config
    from server_stub.shipping import advice, set_up

    if not read_config(chosen.data_folder / CONFIG_FILE).database:
        say(f"wrote {set_up(chosen.data_folder, chosen.to)}; keep it running beside the server:")
    else:
        say("once, and the last one keep running beside the database:")
    for line in advice(chosen.data_folder, chosen.to):
        say(line)
    return 0


def _check(chosen: Chosen) -> int:
    from server_stub.config import CONFIG_FILE, read_config
    from server_stub.shipping import BEHIND_ENTRIES_MAX, check, receiver_behind_bytes

    if read_config(chosen.data_folder / CONFIG_FILE).database:
        behind = receiver_behind_bytes(chosen.data_folder)
        say("nobody receives PostgreSQL's log" if behind is None else f"the receiver is {behind} bytes of log behind")
        return 1 if behind is None else 0
    shipped = check(chosen.data_folder)
    say(f"{shipped.entries} entries have arrived and are clean; {shipped.behind} are on their way")
    return 1 if shipped.behind > BEHIND_ENTRIES_MAX else 0


def _restore(chosen: Chosen) -> int:
    from server_stub.shipping import restore_shipped

    epoch = restore_shipped(chosen.data_folder, now_s=chosen.clock.now_ms() // 1000)
    say(f"the ledger is back and clean; it goes on with numbers above {epoch.number}")
    return 0


def _adopt(chosen: Chosen) -> int:
    from server_stub.shipping import adopt

    epoch = adopt(chosen.data_folder, now_s=chosen.clock.now_ms() // 1000)
    say(f"the ledger is clean; it goes on with numbers above {epoch.number}")
    return 0
