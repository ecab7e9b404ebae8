"""A unit of work: what a group reads is loaded by the set, it decides in memory, all its changes go out at once.

Reads hit what is loaded here first; a miss is read singly. Writes stay here until ``flush``. What one command has
written since the last ``keep`` can be undone alone. Whether a group's decisions still hold when it commits is the
database's to say: rows that decide are locked (``Reading.LOCKED``), keys are unique, balances have floors; whatever
of it does not hold is a ConflictError, and the whole group decides again.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, TypeVar

from server_stub.ledger import Account, AccountId, AccountKind, Entry, floor_minor_of
from server_stub.store.checks import ROW_CHECK, checked
from server_stub.store.reader import BALANCE, NEIGHBOURS, Reader, row_of_key
from server_stub.store.records import ConsentMode, SpentCounter, Terminal, Token
from server_stub.store.session import KeyedQuery, Row, Session, bytes_, numbers
from server_stub.store.table import Index, Keys, Table
from server_stub.store.tables.parties import ACCOUNT_NAME, ACCOUNTS, MERCHANTS, TERMINALS, WALLETS
from server_stub.store.tables.payments import PAYMENTS, SPENT_COUNTERS, TOKENS
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Counter, MerchantId, TerminalId, TokenId, WalletId
from wallet_sdk.protocol.money import Currency

K = TypeVar("K")
R = TypeVar("R")

ENTRY_COLUMNS: Final = numbers("number", "kind") + bytes_("reference") + numbers("at_s")
POSTING_COLUMNS: Final = numbers("entry_number", "line", "account_id", "currency", "amount_minor")
_WITH_ESCROW: Final = (
    "SELECT t.id FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.wallet_id = ? AND a.balance > 0"
)
_TERMINALS_OF: Final = (
    "SELECT count(*) FROM terminals t WHERE t.merchant_id = ? AND t.blocked_at_s IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM static_codes s WHERE s.merchant_id = t.merchant_id AND s.terminal_id = t.id)"
)
_WALLET_LOCK: Final = KeyedQuery("SELECT w.id FROM k CROSS JOIN wallets w WHERE w.id = k.id", numbers("id"), locks="w")
#: A token's id begins with the time.
_TOKENS_SINCE: Final = "SELECT id FROM tokens WHERE wallet_id = ? AND id >= ?"
_ABSENT: Final = object()


class AddedRow(NamedTuple):
    """One of the rows that a unit of work has added, by its key, and how many payments it has added with it."""

    payments: int
    table: str
    columns: tuple[str, ...]
    key: Row


class Writer(Reader):
    """Everything between begin and commit of one durable transaction of the database."""

    __slots__ = (
        "_added",
        "_balances",
        "_changed",
        "_entries",
        "_intents",
        "_known",
        "_moved",
        "_neighbours",
        "_new",
        "_places",
        "_undo",
        "next_number",
    )

    def __init__(self, session: Session, *, next_number: Callable[[], int]) -> None:
        super().__init__(session)
        #: A number that nothing else in the ledger has, larger than every one this process was given before.
        self.next_number = next_number
        self._known: defaultdict[Table[Any, Any], dict[Any, Any]] = defaultdict(dict)
        self._places: defaultdict[Index[Any, Any], dict[Any, Any]] = defaultdict(dict)
        self._added: defaultdict[Table[Any, Any], dict[Any, Any]] = defaultdict(dict)
        self._changed: defaultdict[Table[Any, Any], dict[Any, Any]] = defaultdict(dict)
        self._balances: dict[AccountId, tuple[int, int]] = {}
        self._moved: dict[AccountId, int] = {}
        self._entries: dict[int, Entry] = {}
        self._neighbours: dict[tuple[TokenId, Counter], tuple[SpentCounter, ...]] = {}
        self._intents: dict[TokenId, tuple[Counter, ...]] = {}
        #: What one command has done: the records it has added, and the old value of whatever else it has set.
        self._new: list[tuple[Table[Any, Any], Any]] = []
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    # --- reading ---

    def find(self, table: Table[K, R], key: K) -> R | None:
        known = self._known[table]
        try:
            found: R | None = known[key]
        except KeyError:
            found = known[key] = super().find(table, key)
        return found

    def find_by(self, table: Table[Any, R], index: Index[K, R], key: K) -> R | None:
        places = self._places[index]
        if key not in places:
            self._place(table, index, [key], super().list_by(table, index, key))
        where = places[key]
        return None if where is None else self.find(table, where)

    def list_by(self, table: Table[Any, R], index: Index[K, R], key: K) -> tuple[R, ...]:
        stored = {table.key_of(record): record for record in super().list_by(table, index, key)}
        mine = {where: one for where, one in self._known[table].items() if one is not None and index.of(one) == key}
        return tuple({**stored, **mine}.values())

    def list_all(self, table: Table[Any, R]) -> tuple[R, ...]:
        stored = {table.key_of(record): record for record in super().list_all(table)}
        mine = {where: one for where, one in self._known[table].items() if one is not None}
        return tuple({**stored, **mine}.values())

    def neighbours(self, token_id: TokenId, counter: Counter) -> tuple[SpentCounter, ...]:
        key = (token_id, counter)
        stored = self._neighbours.get(key)
        if stored is None:
            stored = self._neighbours[key] = super().neighbours(token_id, counter)
        mine = self._intents.get(token_id, ())
        added = self._added[SPENT_COUNTERS]
        if not mine and key not in added:
            return stored
        place = bisect_left(mine, counter)
        near = {*mine[max(0, place - 1) : place + 2], counter}
        return _nearest(counter, (*stored, *(added[token_id, one] for one in near if (token_id, one) in added)))

    def highest_sum_minor(self, token_id: TokenId) -> int:
        added = self._added[SPENT_COUNTERS]
        mine = (added[token_id, counter].cumulative_minor for counter in self._intents.get(token_id, ()))
        return int(max(super().highest_sum_minor(token_id), *mine, 0))

    def escrow_minor(self, wallet_id: WalletId) -> int:
        return sum(self.balance_minor(token.account_id) for token in self.tokens_with_escrow(wallet_id))

    def tokens_with_escrow(self, wallet_id: WalletId) -> tuple[Token, ...]:
        """A wallet's tokens, open or closed, whose escrow is not empty."""
        stored = [TokenId(row[0]) for row in self._session.rows(_WITH_ESCROW, (wallet_id,))]
        mine = [where for where, one in self._known[TOKENS].items() if one is not None and one.wallet_id == wallet_id]
        tokens = (self.find(TOKENS, token_id) for token_id in dict.fromkeys(stored + mine))
        return tuple(token for token in tokens if token is not None and self.balance_minor(token.account_id) > 0)

    def count_terminals(self, merchant_id: MerchantId) -> int:
        """A merchant's terminals that are not revoked; a printed code is none."""
        stored = self._number(_TERMINALS_OF, (merchant_id,))
        added: dict[TerminalId, Terminal] = self._added[TERMINALS]
        return stored + sum(one.merchant_id == merchant_id for one in added.values())

    def tokens_issued_since(self, wallet_id: WalletId, at_s: int) -> tuple[Token, ...]:
        """A wallet's tokens from a time on, closed ones too; no other process issues it one until the commit."""
        self._session.rows_of(_WALLET_LOCK, [(wallet_id,)])
        stored = self._session.rows(_TOKENS_SINCE, (wallet_id, (at_s * 1000).to_bytes(6, "big")))
        mine = [where for where, one in self._added[TOKENS].items() if one.wallet_id == wallet_id]
        tokens = (self.find(TOKENS, token_id) for token_id in dict.fromkeys([TokenId(row[0]) for row in stored] + mine))
        return tuple(token for token in tokens if token is not None)

    # --- writing ---

    def add(self, table: Table[K, R], record: R) -> None:
        """Add a record that is not there yet; anything else is a bug of ours."""
        key = table.key_of(record)
        if not table.numbered:
            assert self.find(table, key) is None, f"{table.name} has {key!r} already"
        self._new.append((table, key))
        self._known[table][key] = self._added[table][key] = record
        for index in table.indexes:
            self._set(self._places[index], index.of(record), key)

    def change(self, table: Table[K, R], record: R) -> None:
        """Put a record in the place of the one with its key, which was read before."""
        key = table.key_of(record)
        assert self.find(table, key) is not None, f"{table.name} has no {key!r}"
        self._set(self._known[table], key, record)
        self._set(self._added[table] if key in self._added[table] else self._changed[table], key, record)

    def add_spent_counter(self, spent: SpentCounter) -> None:
        """Remember a signature; a counter's first one keeps its place when a second one comes."""
        token_id, counter = spent.token_id, spent.counter
        around = self.neighbours(token_id, counter)
        if around and around[0].counter == counter:
            return
        self._set(self._added[SPENT_COUNTERS], (token_id, counter), spent)
        if spent.mode is not ConsentMode.CODE:
            mine = self._intents.get(token_id, ())
            place = bisect_left(mine, counter)
            self._set(self._intents, token_id, (*mine[:place], counter, *mine[place:]))

    def post(self, entry: Entry, *, number: int | None = None) -> int:
        """Write an entry with its postings and move the balances; returns the entry's number.

        Raises:
            RuleViolationError: INSUFFICIENT_FUNDS when a balance would fall under its floor; nothing is written.
        """
        for posting in entry.postings:
            if posting.amount_minor < 0:
                balance_minor, floor_minor = self._balance_and_floor(posting.account_id)
                if balance_minor + posting.amount_minor < floor_minor:
                    raise RuleViolationError(
                        ErrorCode.INSUFFICIENT_FUNDS, "the balance is too small", param="amount_minor"
                    )
        for posting in entry.postings:
            moved_minor = self._moved.get(posting.account_id, 0) + posting.amount_minor
            self._set(self._moved, posting.account_id, moved_minor)
        number = self.next_number() if number is None else number
        self._set(self._entries, number, entry)
        return number

    def open_account(self, *, kind: AccountKind, holder: str, currency: Currency) -> AccountId:
        """The account of a holder, made with a balance of 0 if there is none yet."""
        name = (int(kind), holder, currency.number)
        known = self.find_by(ACCOUNTS, ACCOUNT_NAME, name)
        if known is not None:
            return known.account_id
        account_id, floor_minor = AccountId(self.next_number()), floor_minor_of(kind)
        made = Account(
            account_id=account_id, kind=kind, holder=holder, currency=currency, balance_minor=0, floor_minor=floor_minor
        )
        self.add(ACCOUNTS, made)
        self._set(self._balances, account_id, (0, floor_minor))
        return account_id

    def next_merchant_id(self) -> MerchantId:
        """A free one."""
        return MerchantId(self._next_id(MERCHANTS, above=1000))

    def next_terminal_id(self) -> TerminalId:
        """A free one."""
        return TerminalId(self._next_id(TERMINALS, above=2000))

    def next_wallet_id(self) -> WalletId:
        """A free one."""
        return WalletId(self._next_id(WALLETS, above=3000))

    def next_in_line(self, table: Table[int, Any]) -> int:
        """The next of a table's ids, consecutive within an epoch; of two processes that take one, one tries again."""
        return self._next_id(table, above=0)

    # --- the unit itself ---

    def load(self, keys: Keys) -> None:
        """Read all that was named, and what that brings, with one query a table."""
        while keys.tables or keys.counters or keys.balances:
            keys = self._loaded(keys)

    def keep(self) -> None:
        """What was written until now is not undone any more."""
        self._undo.clear()
        self._new.clear()

    def undo(self) -> None:
        """Undo what was written since the last ``keep``."""
        for mapping, key, old in reversed(self._undo):
            if old is _ABSENT:
                del mapping[key]
            else:
                mapping[key] = old
        for table, key in self._new:
            del self._added[table][key]
            self._known[table][key] = None  # as it was read, or, of a number that was given just now, not there
        self.keep()

    def flush(self) -> None:
        """Send every change to the database, one statement a table; the Store calls it right before the commit."""
        session = self._session
        for table, added in self._added.items():
            if added:
                rows = [checked(table, table.row_of(record)) for record in added.values()]
                session.insert(table.name, (*table.columns, ROW_CHECK), rows)
        for table, changed in self._changed.items():
            if changed:
                rows = [checked(table, table.row_of(record)) for record in changed.values()]
                session.update(table.name, (*table.columns, ROW_CHECK), rows, key_length=table.key_length)
        if self._entries:
            entries = [(number, int(one.kind), one.reference, one.at_s) for number, one in self._entries.items()]
            session.insert("entries", ENTRY_COLUMNS, entries)
            session.insert("postings", POSTING_COLUMNS, _posting_rows(self._entries))
        moved = {account_id: minor for account_id, minor in self._moved.items() if minor}
        if moved:
            session.move(moved)

    def added_row(self) -> AddedRow | None:
        """A row that proves, wherever it is, that this unit was committed; None when it has only changed others."""
        payments = len(self._added[PAYMENTS])
        if self._entries:
            return AddedRow(payments, "entries", ("number",), (next(reversed(self._entries)),))
        for table, added in self._added.items():
            if added:
                columns = tuple(column.name for column in table.columns[: table.key_length])
                return AddedRow(payments, table.name, columns, row_of_key(next(reversed(added))))
        return None

    def _set(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        self._undo.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    def _loaded(self, keys: Keys) -> Keys:
        more = Keys()
        for (table, index), wanted in keys.tables.items():
            known = self._known[table] if index is None else self._places[index]
            missing = [key for key in wanted if key not in known]
            if not missing:
                continue
            query = table.by_key if index is None else table.by_index[index]
            rows = self._session.rows_of(query, [row_of_key(key) for key in missing])
            self._place(table, index, missing, [table.record_of(row) for row in rows], more)
        counters = [key for key in keys.counters if key not in self._neighbours]
        if counters:
            self._neighbours.update(dict.fromkeys(counters, ()))
            for asked, *row in self._session.rows_of(NEIGHBOURS, counters):
                spent = SPENT_COUNTERS.record_of(tuple(row))
                self._neighbours[spent.token_id, asked] += (spent,)
        accounts = [(account_id,) for account_id in keys.balances if account_id not in self._balances]
        if accounts:
            for account_id, balance_minor, floor_minor in self._session.rows_of(BALANCE, accounts):
                self._balances[account_id] = (balance_minor, floor_minor)
        return more

    def _place(
        self,
        table: Table[Any, R],
        index: Index[Any, R] | None,
        asked: Iterable[Any],
        found: Iterable[R],
        more: Keys | None = None,
    ) -> None:
        """Remember what was read, and what was not found; what this unit has written itself is newer and stays."""
        known = self._known[table]
        target = known if index is None else self._places[index]
        target.update(dict.fromkeys(asked))
        for record in found:
            key = table.key_of(record)
            if known.get(key) is None:
                known[key] = record
            if index is not None:
                target[index.of(record)] = key
            if more is not None and table.brings is not None:
                table.brings(record, more)

    def _balance_and_floor(self, account_id: AccountId) -> tuple[int, int]:
        try:
            stored_minor, floor_minor = self._balances[account_id]
        except KeyError:
            stored_minor, floor_minor = self._balances[account_id] = super()._balance_and_floor(account_id)
        return stored_minor + self._moved.get(account_id, 0), floor_minor

    def _next_id(self, table: Table[Any, Any], *, above: int) -> int:
        stored = self._session.rows(f"SELECT coalesce(max(id), {above}) FROM {table.name}")  # noqa: S608 - our names
        return int(max(int(stored[0][0]), *self._added[table], above, self.epoch())) + 1


def _nearest(counter: Counter, candidates: Iterable[SpentCounter]) -> tuple[SpentCounter, ...]:
    """Of some signatures the one with a counter, and the nearest intent on each side of it."""
    same = below = above = None
    for spent in candidates:
        if spent.counter == counter:
            same = same or spent
        elif spent.mode is ConsentMode.CODE:
            continue
        elif spent.counter < counter:
            below = spent if below is None or spent.counter > below.counter else below
        else:
            above = spent if above is None or spent.counter < above.counter else above
    return tuple(spent for spent in (same, below, above) if spent is not None)


def _posting_rows(entries: dict[int, Entry]) -> list[tuple[int, ...]]:
    """A row for each posting; within an entry who pays comes first."""
    return [
        (number, line, posting.account_id, posting.currency.number, posting.amount_minor)
        for number, entry in entries.items()
        for line, posting in enumerate(sorted(entry.postings, key=lambda one: one.amount_minor), start=1)
    ]
