"""Our journal before an accounting program of others: it must find every entry balanced and every balance as stated."""

import json
from collections.abc import Iterable
from random import Random  # noqa: TID251 - the type of the seeded fixture
from typing import Any

from msgspec.structs import replace

from server_stub.export import journal
from server_stub.ledger import Account, AccountId, AccountKind, Entry, EntryKind, floor_minor_of, move
from tests.oracle.other_program import answer_of
from wallet_sdk.protocol.money import Currency, format_number

HOLDERS = {
    AccountKind.PAYER_AVAILABLE: "3001",
    AccountKind.PAYER_HELD: "3001",
    AccountKind.PAYER_ESCROW: "019ab33c5a10ffeeddccbbaa",
    AccountKind.MERCHANT_PAYABLE: "1001",
}


def asked(lines: Iterable[str]) -> dict[str, Any]:
    """What beancount finds in a journal."""
    found: dict[str, Any] = json.loads(answer_of("beancount_oracle.py", "\n".join(lines) + "\n"))
    return found


def history(rng: Random) -> tuple[list[Account], list[tuple[int, Entry]]]:
    """Two currencies, every kind of account and entry, over some days; balances are what the entries say."""
    accounts = [
        Account(
            account_id=AccountId(number),
            kind=kind,
            holder=HOLDERS.get(kind, ""),
            currency=currency,
            balance_minor=0,
            floor_minor=floor_minor_of(kind),
        )
        for number, (kind, currency) in enumerate(
            [(kind, currency) for kind in AccountKind for currency in (Currency.EUR, Currency.JPY)], start=1
        )
    ]
    entries, balances = [], dict.fromkeys((account.account_id for account in accounts), 0)
    for number in range(1, 120):
        currency = rng.choice([Currency.EUR, Currency.JPY])
        mine = [account.account_id for account in accounts if account.currency is currency]
        giver, taker, fees = rng.sample(mine, 3)
        minor = rng.randint(2, 10**9)
        moved = {giver: -minor, taker: minor - 1, fees: 1}
        kind = rng.choice(list(EntryKind))
        at_s = 1_760_000_000 + rng.randint(0, 10**6)
        reference = rng.randbytes(12) if kind is not EntryKind.FUND else b""
        entry = move(kind=kind, reference=reference, at_s=at_s, currency=currency, amounts_minor=moved)
        entries.append((number * 7, entry))
        for account_id, amount_minor in moved.items():
            balances[account_id] += amount_minor
    return [replace(account, balance_minor=balances[account.account_id]) for account in accounts], entries


def test_beancount_finds_our_journal_balanced(rng: Random) -> None:
    """No error; as many transactions as entries; and the balances that it adds up are ours, with the sign turned."""
    accounts, entries = history(rng)
    found = asked(journal(accounts, entries))
    assert found["errors"] == []
    assert found["counts"]["Transaction"] == len(entries)
    assert found["counts"]["Balance"] == len(accounts)
    owed = {account.account_id: format_number(-account.balance_minor, account.currency) for account in accounts}
    assert sorted(found["balances"].values()) == sorted(owed.values())


def test_beancount_notices_a_balance_that_was_changed(rng: Random) -> None:
    """By one cent, in one account: the check can fail."""
    accounts, entries = history(rng)
    accounts[0] = replace(accounts[0], balance_minor=accounts[0].balance_minor + 1)
    (error,) = asked(journal(accounts, entries))["errors"]
    assert error.startswith("Balance failed for 'Assets:Funding'")


def test_beancount_takes_an_empty_ledger() -> None:
    """Exported on the first day."""
    assert asked(journal([], []))["errors"] == []
