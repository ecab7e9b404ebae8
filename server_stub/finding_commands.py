"""``tillcode-server clock | loss``: what a server stops at, and a person's word that it goes on. Wired in __main__."""

import argparse
from typing import Any

from server_stub.commands import Add, say
from wallet_sdk.ports import Clock

Chosen = argparse.Namespace


def add_clock(group: Any, add: Add) -> None:
    """``clock``"""
    clock = add(group, "clock", _clock, "compare this machine's clock with the ledger's own time; 1 when it is doubted")
    clock.add_argument(
        "--accept",
        metavar="DATE",
        help="today, such as 2027-01-31, after a look at another clock: the server goes on by this machine's clock",
    )


def add_loss(group: Any, add: Add) -> None:
    """``loss``"""
    lost = add(group, "loss", _loss, "look whether every commit that was acknowledged is in the ledger; 1 when not")
    lost.add_argument("--acknowledge", metavar="NAME", help="go on without them; the name that the look has told")


def _clock(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.config import CONFIG_FILE, read_config
    from server_stub.ledger_clock import ClockDoubtError, LedgerClock
    from server_stub.service.ledger_time import accept_clock
    from server_stub.store.tables.clock import newest_s_of, told_time

    clock: Clock = chosen.clock
    now_s = clock.now_ms() // 1000
    with opened_store(chosen.data_folder) as store:
        with store.reading() as reader:
            newest_s = newest_s_of(reader)
        say(f"this machine  {told_time(now_s)}")
        say(f"the ledger    {told_time(newest_s)}" if newest_s else "the ledger    knows no time yet")
        if chosen.accept is not None:
            accept_clock(store, date=chosen.accept, now_s=now_s)
            say("accepted, and noted in the ledger; a server that runs takes it up within a second")
            return 0
    try:
        LedgerClock(clock, read_config(chosen.data_folder / CONFIG_FILE).clock, newest_s=newest_s).now_ms()
    except ClockDoubtError as doubt:
        say(doubt.message)
        return 1
    say("the clock is believed")
    return 0


def _loss(chosen: Chosen) -> int:
    from server_stub.bootstrap import acknowledge_loss, opened_store

    with opened_store(chosen.data_folder) as store:
        loss = store.loss()
    if loss is None:
        say("every commit that is noted is in the ledger")
        return 0
    say(str(loss))
    if chosen.acknowledge is None:
        say(f"put back what belongs to it, or restore a backup; to go on without them: --acknowledge {loss.name}")
        return 1
    clock: Clock = chosen.clock
    acknowledge_loss(chosen.data_folder, name=chosen.acknowledge, at_s=clock.now_ms() // 1000)
    say("acknowledged, and noted in the ledger; servers that run are to be started again")
    return 0
