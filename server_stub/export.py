"""The ledger as a plain-text accounting journal, in the form of Beancount.

Our plus is what the operator owes an account's holder, which in a journal is a credit and so a minus: every amount
changes its sign. Funding is an asset (money in the bank), losses are expenses, fees are income, the rest is owed.

Source: Beancount Language Syntax, sections "Open", "Transactions" and "Balance Assertions" (version 3).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from server_stub.ledger import Account, AccountId, AccountKind, Entry, EntryKind, Posting
from server_stub.store.reader import Reader
from wallet_sdk.protocol.money import Currency, format_number

_DAY_S: Final = 24 * 3600
#: Entries read at a time.
_PAGE: Final = 5_000
#: Parts of a name begin with a capital or a digit; a holder is a number, or a token's id in hexadecimal.
_NAMES: Final = MappingProxyType(
    {
        AccountKind.FUNDING: "Assets:Funding",
        AccountKind.PAYER_AVAILABLE: "Liabilities:Payers:{}:Available",
        AccountKind.PAYER_HELD: "Liabilities:Payers:{}:Held",
        AccountKind.PAYER_ESCROW: "Liabilities:Escrow:T{}",
        AccountKind.MERCHANT_PAYABLE: "Liabilities:Merchants:{}",
        AccountKind.FRAUD_LOSS: "Expenses:FraudLoss",
        AccountKind.FEES: "Income:Fees",
    }
)
assert set(_NAMES) == set(AccountKind), "every kind of account has its place in a journal"


def journal(accounts: Iterable[Account], entries: Iterable[tuple[int, Entry]]) -> Iterator[str]:
    """Lines without their ends: accounts, entries by number, and each account's balance as the ledger states it.

    Whoever reads the journal adds up the entries and compares, so a balance that was tampered with is told.
    """
    known = {account.account_id: account for account in accounts}
    first_s, last_s = 2**32, 0
    yield 'option "title" "Tillcode settlement ledger"'
    for name in sorted({account.currency.name for account in known.values()}):
        yield f'option "operating_currency" "{name}"'
    for number, entry in entries:
        first_s, last_s = min(first_s, entry.at_s), max(last_s, entry.at_s)
        yield ""
        yield f'{_date(entry.at_s)} * "{entry.kind.name}" "entry {number}, cause {entry.reference.hex() or "none"}"'
        for line in entry.postings:
            amount = format_number(-line.amount_minor, line.currency)
            yield f"  {_name(known[line.account_id])}  {amount} {line.currency.name}"
    yield ""
    opened: dict[str, set[str]] = {}
    for account in known.values():
        opened.setdefault(_name(account), set()).add(account.currency.name)
    for name, currencies in opened.items():
        yield f"{_date(min(first_s, last_s))} open {name} {','.join(sorted(currencies))}"
    for account in known.values():
        balance = format_number(-account.balance_minor, account.currency)
        yield f"{_date(last_s + _DAY_S)} balance {_name(account)}  {balance} ~ 0 {account.currency.name}"


def ledger_entries(reader: Reader) -> Iterator[tuple[int, Entry]]:
    """Every entry of a ledger with its number, some thousands in memory at a time."""
    last = 0
    while True:
        heads = reader.rows(
            f"SELECT number, kind, reference, at_s FROM entries WHERE number > {last:d}"  # noqa: S608 - a number
            f" ORDER BY number LIMIT {_PAGE:d}"
        )
        if not heads:
            return
        postings = defaultdict[int, list[Posting]](list)
        for number, account_id, currency, amount_minor in reader.rows(
            "SELECT entry_number, account_id, currency, amount_minor FROM postings"  # noqa: S608 - numbers
            f" WHERE entry_number > {last:d} AND entry_number <= {heads[-1][0]:d} ORDER BY entry_number, line"
        ):
            line = Posting(
                account_id=AccountId(account_id), currency=Currency.from_number(currency), amount_minor=amount_minor
            )
            postings[number].append(line)
        for number, kind, reference, at_s in heads:
            entry = Entry(kind=EntryKind(kind), reference=bytes(reference), at_s=at_s, postings=tuple(postings[number]))
            yield number, entry
        last = heads[-1][0]


def _name(account: Account) -> str:
    return _NAMES[account.kind].format(account.holder)


def _date(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).date().isoformat()
