"""``tillcode-server activation-code wallet | funding``: money from outside, and the second person who lets it in."""

import os
import sys
from datetime import UTC, datetime
from typing import Any, Final

from server_stub.commands import Add, Chosen, currency_of, now_s, opened_for_writing, say, tell_code
from server_stub.config import CONFIG_FILE, read_config
from server_stub.store.base import Store
from wallet_sdk.console import counted
from wallet_sdk.protocol.ids import WalletId
from wallet_sdk.protocol.money import Money, format_money, format_number, parse_money

#: Holds an API key of the operator's: whoever has one is another person than the command line.
KEY_VARIABLE: Final = "TILLCODE_OPERATOR_KEY"


def add_wallet_code(group: Any, add: Add) -> None:
    """``activation-code wallet``"""
    wallet = add(group, "wallet", _wallet_code, "print a one-time code for one wallet")
    wallet.add_argument("--currency", default="EUR")
    wallet.add_argument("--funds", default="0", help="opening balance, such as 100.00; above a limit it waits")
    wallet.add_argument("--reason", default="", help="why, for the second person who approves a large one")
    wallet.add_argument(
        "--replace", type=int, metavar="ID", help="a wallet that goes on with another device; the old one ends now"
    )


def add_funding(commands: Any, add: Add) -> None:
    """``funding list | approve | refuse``"""
    group = commands.add_parser("funding", help="look after money from outside").add_subparsers(required=True)
    add(group, "list", _list, "print what came in and what waits: who asked, who approved or refused")
    for name, command, text in (
        ("approve", _approve, "let in, as a second person, what another has asked for"),
        ("refuse", _refuse, "never let in what waits"),
    ):
        about = f"{text}; with an operator's API key in {KEY_VARIABLE} you are its owner, else the command line"
        add(group, name, command, about).add_argument("funding", type=int, metavar="ID")


def _wallet_code(chosen: Chosen) -> int:
    from server_stub.service.replacing import replacing_wallet_code

    funds = parse_money(chosen.funds, currency_of(chosen.currency))
    config = read_config(chosen.data_folder / CONFIG_FILE)
    expires_at_s = now_s(chosen) + config.activation_lifetime_h * 3600
    with opened_for_writing(chosen) as store:
        if chosen.replace is None:
            return _ask(chosen, store, funds, expires_at_s=expires_at_s)
        code = replacing_wallet_code(
            store, WalletId(chosen.replace), random=chosen.random, expires_at_s=expires_at_s, at_s=now_s(chosen)
        )
    tell_code(f"another device as wallet {chosen.replace}")
    say(code)
    return 0


def _ask(chosen: Chosen, store: Store, funds: Money, *, expires_at_s: int) -> int:
    from server_stub.activation import hash_of_code
    from server_stub.bootstrap import receipt_keys_of
    from server_stub.service.administration import new_code
    from server_stub.service.funding import AskFunding, check_reason
    from server_stub.store.records_funding import FundingState

    check_reason(chosen.reason)
    code = new_code(chosen.random)
    command = AskFunding(
        code_hash=hash_of_code(code),
        funds=funds,
        code_expires_at_s=expires_at_s,
        asked_by=_who(store),
        reason=chosen.reason,
        limits=read_config(chosen.data_folder / CONFIG_FILE).funding,
        ring=receipt_keys_of(chosen.data_folder, store),
        at_s=now_s(chosen),
    )
    with store.writing() as writer:
        funding = command.apply(writer)
    tell_code(f"one wallet, with {format_money(funds)}")
    say(code)
    if funding.state is FundingState.OPEN:
        until = _told_time(funding.expires_at_s)
        sys.stderr.write(
            f"tillcode-server: this is above the limit, and the code lets nobody in yet: until {until} another person"
            f" must approve funding {funding.id}, with: tillcode-server funding approve {funding.id}\n"
        )
    return 0


def _list(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.service.funding import standing_of_funding
    from server_stub.store.tables.funding import EARLIER_FUNDINGS, FUNDINGS

    with opened_store(chosen.data_folder) as store, store.reading() as reader:
        fundings, earlier = reader.list_all(FUNDINGS), reader.find(EARLIER_FUNDINGS, 1)
    if earlier is not None and earlier.entries:
        say(f"{earlier.entries} entries from before each was signed for; the operator's key stands for them together")
    for one in fundings:
        amount = f"{format_number(one.amount_minor, one.currency)} {one.currency.name}"
        decided = f", {one.decided_by} decided {_told_time(one.decided_at_s or 0)}" if one.decided_by else ""
        why = f": {one.reason}" if one.reason else ""
        state = standing_of_funding(one, at_s=now_s(chosen))
        say(f"{one.id}  {state:<8} {amount:>16}  {one.asked_by} asked {_told_time(one.asked_at_s)}{decided}{why}")
    say(counted(len(fundings), "funding"))
    return 0


def _approve(chosen: Chosen) -> int:
    from server_stub.bootstrap import receipt_keys_of
    from server_stub.service.funding import ApproveFunding

    with opened_for_writing(chosen) as store:
        command = ApproveFunding(
            funding_id=chosen.funding,
            approved_by=_who(store),
            ring=receipt_keys_of(chosen.data_folder, store),
            at_s=now_s(chosen),
        )
        with store.writing() as writer:
            approved = command.apply(writer)
    amount = f"{format_number(approved.amount_minor, approved.currency)} {approved.currency.name}"
    say(f"funding {approved.id} of {amount} is approved; its code works now")
    return 0


def _refuse(chosen: Chosen) -> int:
    from server_stub.service.funding import RefuseFunding

    with opened_for_writing(chosen) as store:
        command = RefuseFunding(funding_id=chosen.funding, refused_by=_who(store), at_s=now_s(chosen))
        with store.writing() as writer:
            command.apply(writer)
    say(f"funding {chosen.funding} is refused; its code never works")
    return 0


def _who(store: Store) -> str:
    """Whose word a command is: that of the key's owner, or whoever is at the server's own machine."""
    from server_stub.service.api_keys import authenticate
    from server_stub.service.standing import COMMAND_LINE

    key = os.environ.get(KEY_VARIABLE, "")
    return authenticate(store, f"Bearer {key}").key_id if key else COMMAND_LINE


def _told_time(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")
