"""Commands of ``tillcode-server`` about money and trust: fees, revoking, risk rules, the journal. Wired in __main__."""

import argparse
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server_stub.store.base import Store
from wallet_sdk import console
from wallet_sdk.console import counted
from wallet_sdk.ports import Clock
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError
from wallet_sdk.protocol.ids import MerchantId, PublicKeyBytes, TerminalId
from wallet_sdk.protocol.money import Currency, parse_money

Chosen = argparse.Namespace
#: Makes one command of a group: group, name, what it does, text.
Add = Callable[[Any, str, Callable[[Chosen], int], str], argparse.ArgumentParser]


def add_audit(group: Any, add: Add) -> None:
    """``audit``"""
    audited = add(group, "audit", _audit, "check every invariant of the ledger; 1 when anything is wrong")
    audited.add_argument(
        "--root-key",
        type=_root_key,
        metavar="HEX",
        help="as 'init' has printed it: the operator's keys must be its word, not the ledger's own",
    )


def add_merchant_fees(group: Any, add: Add) -> None:
    """``merchant fees``"""
    fees = add(group, "fees", _fees, "agree a merchant's fees; they count from now on")
    fees.add_argument("merchant", type=int, metavar="ID")
    fees.add_argument("--currency", default="EUR")
    fees.add_argument("--basis-points", type=int, default=0, help="hundredths of a percent, rounded half up")
    fees.add_argument("--fixed", default="0", help="added to each payment, such as 0.10")
    fees.add_argument("--minimum", default="0", help="the least of one payment, such as 0.05")


def add_merchant_standing(group: Any, add: Add) -> None:
    """``merchant list | block | unblock | log``"""
    add(group, "list", _merchants, "print all merchants")
    for name, standing, text in (
        ("block", "BLOCKED", "no payment of his is taken, no terminal certified, and his keys may only read"),
        ("unblock", "OPEN", "take a merchant's payments again"),
    ):
        changed = add(group, name, _change_standing, text)
        changed.add_argument("merchant", type=int, metavar="ID")
        changed.add_argument("--reason", default="by the operator", help="for the log; the merchant is not told")
        changed.set_defaults(standing=standing)
    add(group, "log", _standing_log, "print who was blocked or unblocked, when, by whom and why")


def add_risk(group: Any, add: Add) -> None:
    """``risk check | log``"""
    checked = add(group, "check", _risk_check, "read a file of risk rules, and name the first mistake in it")
    checked.add_argument("file", type=Path, metavar="FILE")
    add(group, "log", _risk_log, "print every decision in which a rule was broken")


def add_revoke(group: Any, add: Add) -> None:
    """``revoke token | terminal | key``"""
    for name, metavar, text in (
        ("token", "HEX", "nothing is paid with it online, and no terminal takes it offline"),
        ("terminal", "ID", "it may do nothing more, and no wallet believes it"),
        ("key", "HEX", "a key id of 8 bytes: of a wallet, a terminal, a token, or the operator's own"),
    ):
        revoke = add(group, name, _revoke, text)
        revoke.add_argument("what", metavar=metavar)
        revoke.add_argument("--reason", default="by the operator")
        revoke.set_defaults(kind=name)


def add_export(group: Any, add: Add) -> None:
    """``export``"""
    export = add(group, "export", _export, "the whole ledger as a Beancount journal")
    export.add_argument("file", type=Path, nargs="?", metavar="FILE", help="default: standard output")


def _fees(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.fees import FeePolicy
    from server_stub.service.administration import set_fees

    currency = currency_of(chosen.currency)
    policy = FeePolicy(
        basis_points=chosen.basis_points,
        fixed_minor=parse_money(chosen.fixed, currency).minor,
        minimum_minor=parse_money(chosen.minimum, currency).minor,
    )
    with opened_store(chosen.data_folder) as store:
        set_fees(store, MerchantId(chosen.merchant), currency, policy)
    say(
        f"merchant {chosen.merchant}: {policy.basis_points} basis points, {chosen.fixed} fixed,"
        f" at least {chosen.minimum} {currency.name}"
    )
    return 0


def _merchants(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.store.tables.parties import MERCHANTS

    with opened_store(chosen.data_folder) as store, store.reading() as reader:
        merchants = reader.list_all(MERCHANTS)
    for one in merchants:
        where = ", ".join(part for part in (one.name, one.city, one.country) if part)
        since = "" if one.blocked_at_s is None else f"  BLOCKED since {_told_time(one.blocked_at_s)}"
        say(f"{one.merchant_id}  {where}  {' '.join(currency.name for currency in one.currencies)}{since}")
    say(f"{len(merchants)} merchants")
    return 0


def _change_standing(chosen: Chosen) -> int:
    from server_stub.service.standing import COMMAND_LINE, ChangeStanding
    from server_stub.store.records_standing import Standing

    command = ChangeStanding(
        merchant_id=MerchantId(chosen.merchant),
        standing=Standing[chosen.standing],
        made_by=COMMAND_LINE,
        reason=chosen.reason,
        at_s=now_s(chosen),
    )
    with opened_for_writing(chosen) as store, store.writing() as writer:
        merchant = command.apply(writer)
    is_open = merchant.blocked_at_s is None
    said = "not blocked" if is_open else f"blocked since {_told_time(merchant.blocked_at_s or 0)}"
    say(f"merchant {merchant.merchant_id} ({merchant.name}) is {said}; a running server knows it within two seconds")
    return 0


def _standing_log(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.service.standing import changes_of_standing
    from server_stub.store.records_standing import Standing

    with opened_store(chosen.data_folder) as store:
        changes = changes_of_standing(store)
    for one in changes:
        what = "blocked" if one.standing is Standing.BLOCKED else "unblocked"
        say(f"{_told_time(one.at_s)} merchant {one.merchant_id} {what:<9} by {one.made_by}: {one.reason}")
    say(f"{len(changes)} changes")
    return 0


def _told_time(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")


def _risk_check(chosen: Chosen) -> int:
    from server_stub.risk.file import read_risk

    if not chosen.file.is_file():
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{chosen.file} is missing")
    policy = read_risk(chosen.file)
    for rule in policy.rules:
        say(f"{rule.mode.value:<8} {type(rule).__name__:<16} {rule.name}")
    say(f"{len(policy.rules)} rules, {len(policy.places)} places: good")
    return 0


def _risk_log(chosen: Chosen) -> int:
    import json

    from server_stub.bootstrap import opened_store
    from server_stub.store.tables.risk import RISK_DECISIONS

    with opened_store(chosen.data_folder) as store, store.reading() as reader:
        decisions = sorted(reader.list_all(RISK_DECISIONS), key=lambda decision: decision.at_s)
    for decision in decisions:
        what = "refused" if decision.reason else "watched"
        say(f"{_told_time(decision.at_s)} {what} {decision.consent_digest.hex()}")
        for found in json.loads(decision.explanation):
            say(f"  {found['mode']:<8} {found['reason']:<18} {found['rule']}: {found['text']}")
    say(f"{len(decisions)} decisions")
    return 0


def _revoke(chosen: Chosen) -> int:
    from server_stub.service.revoking import revoke_by_hand

    with opened_for_writing(chosen) as store:
        number = revoke_by_hand(store, chosen.kind, _subject_of(chosen), reason=chosen.reason, at_s=now_s(chosen))
    say(f"revoked; the newest denylist is number {number}")
    return 0


def _subject_of(chosen: Chosen) -> bytes | TerminalId:
    try:
        return TerminalId(int(chosen.what)) if chosen.kind == "terminal" else bytes.fromhex(chosen.what)
    except ValueError as error:
        what = "a number" if chosen.kind == "terminal" else "hexadecimal digits"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{what} expected", param=chosen.kind) from error


def _export(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.export import journal, ledger_entries
    from server_stub.store.tables.parties import ACCOUNTS

    with opened_store(chosen.data_folder) as store, store.reading() as reader:
        accounts = reader.list_all(ACCOUNTS)
        lines = journal(accounts, ledger_entries(reader))
        if chosen.file is None:
            for line in lines:
                say(line)
            return 0
        try:
            with chosen.file.open("x", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
            written = counted(reader.count("entries"), "entry", "entries")
            say(f"{written} on {counted(len(accounts), 'account')} are in {chosen.file}, as Beancount reads it")
        except FileExistsError as error:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{chosen.file} exists; it is never overwritten") from error
        except OSError as error:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{chosen.file}: {error.strerror}", param="file") from error
    return 0


def currency_of(name: str) -> Currency:
    """A currency by its ISO code, in any case.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    try:
        return Currency[name.upper()]
    except KeyError as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{name} is no currency known here", param="currency") from error


def now_s(chosen: Chosen) -> int:
    """The time at which a command runs, by the clock that it was given."""
    clock: Clock = chosen.clock
    return clock.now_ms() // 1000


@contextmanager
def opened_for_writing(chosen: Chosen) -> Generator[Store]:
    """The ledger, for a command that writes the time into it.

    Raises:
        ClockDoubtError: the ledger's own time says that this machine's clock is wrong. A bundle or denial from the
            future stands for ever, whatever the clock says afterwards.
        MisuseError, UnavailableError: as ``opened_store``.
    """
    from server_stub.bootstrap import opened_store
    from server_stub.config import CONFIG_FILE, read_config
    from server_stub.ledger_clock import LedgerClock
    from server_stub.store.tables.clock import newest_s_of

    with opened_store(chosen.data_folder) as store:
        with store.reading() as reader:
            newest_s = newest_s_of(reader)
        LedgerClock(chosen.clock, read_config(chosen.data_folder / CONFIG_FILE).clock, newest_s=newest_s).now_ms()
        yield store


def say(line: str) -> None:
    """One line on standard output. What becomes of it does not change what the command did."""
    console.say(line)


def tell_code(whose: str) -> None:
    """Say on standard error whose activation code comes next: two look alike, and scripts read the code alone."""
    console.remark(f"activation code of {whose}; it can be used once:")


def _audit(chosen: Chosen) -> int:
    from server_stub.audit import audit
    from server_stub.bootstrap import opened_store

    with opened_store(chosen.data_folder) as store:
        report = audit(store, root_key=chosen.root_key)
    entries, sealed = (counted(number, "entry", "entries") for number in (report.entries, report.sealed))
    if report.is_cut_short:
        say("the database finds its own files damaged, so nothing else was looked at")
    say(
        f"{counted(report.accounts, 'account')}, {entries}, {counted(report.payments, 'payment')},"
        f" {counted(report.fraud_cases, 'fraud case')}; {sealed} sealed"
    )
    for law in report.laws:
        broken = [f"{finding.name}  {finding.what}" for finding in report.findings if finding.law == law]
        say(f"{'BROKEN' if broken else 'good  '}  {law}")
        for what in broken:
            say(f"          {what}")
    count = len(report.findings)
    say(counted(count, "finding") if count else "the ledger is clean")
    return 1 if report.findings else 0


def _root_key(text: str) -> PublicKeyBytes:
    from wallet_sdk.protocol.envelope import load_public_key

    try:
        key = PublicKeyBytes(bytes.fromhex(text))
        load_public_key(key)
    except (ValueError, TillcodeError) as error:
        raise argparse.ArgumentTypeError("66 hex digits of a public key are expected") from error
    return key
