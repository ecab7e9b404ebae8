"""Reading the ledger in one consistent view."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from server_stub.ledger import AccountId, AccountKind
from server_stub.store.records import ConsentMode, SpentCounter, Trust
from server_stub.store.session import Column, KeyedQuery, Kind, Row, Session
from server_stub.store.table import Index, Table
from server_stub.store.tables.parties import TRUST
from server_stub.store.tables.payments import SPENT_COUNTERS
from wallet_sdk.protocol.ids import Counter, TokenId, WalletId

K = TypeVar("K")
R = TypeVar("R")

BALANCE: Final = KeyedQuery(
    "SELECT a.id, a.balance, a.floor FROM k CROSS JOIN accounts a WHERE a.id = k.id", (Column("id"),)
)
_SPENT: Final = ", ".join(f"s.{column.name}" for column in SPENT_COUNTERS.columns)
_NEXT_INTENT: Final = "(SELECT {}(x.counter) FROM spent_counters x WHERE x.token_id = k.token_id AND x.counter {} k.counter AND x.mode > 0)"  # noqa: E501 - one clause
#: The signature with a counter and the nearest intents on both sides of it; the counter asked for comes first.
NEIGHBOURS: Final = KeyedQuery(
    " UNION ALL ".join(
        f"SELECT k.counter AS asked, {_SPENT} FROM k CROSS JOIN spent_counters s"  # noqa: S608 - names of ours
        f" WHERE s.token_id = k.token_id AND s.counter = {counter}"
        for counter in ("k.counter", _NEXT_INTENT.format("max", "<"), _NEXT_INTENT.format("min", ">"))
    ),
    (Column("token_id", Kind.BYTES), Column("counter")),
)


class Reader:
    """One consistent view. Any number may look at once, from any thread, and none waits for a writer."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, table: Table[K, R], key: K) -> R | None:
        """The record with a key, None when there is none."""
        rows = self._session.rows_of(table.by_key, [row_of_key(key)])
        return table.record_of(rows[0]) if rows else None

    def find_by(self, table: Table[Any, R], index: Index[K, R], key: K) -> R | None:
        """The one record that stands at a place of an index, None when there is none."""
        found = self.list_by(table, index, key)
        assert len(found) <= 1, "an index that finds one record is unique"
        return found[0] if found else None

    def list_by(self, table: Table[Any, R], index: Index[K, R], key: K) -> tuple[R, ...]:
        """All records that stand at a place of an index."""
        return tuple(map(table.record_of, self._session.rows_of(table.by_index[index], [row_of_key(key)])))

    def list_all(self, table: Table[Any, R]) -> tuple[R, ...]:
        """Every record of a table, in the sequence of the keys. For small tables and for the command line."""
        return tuple(map(table.record_of, self._session.rows(table.all_rows)))

    def rows(self, query: str, values: Sequence[object] = ()) -> Sequence[Row]:
        """What a query of one's own finds; it must be plain enough for every database. ``?`` marks each value."""
        return self._session.rows(query, values)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return self._number(f"SELECT count(*) FROM {table}", ())  # noqa: S608 - names of ours

    def trust(self) -> Trust | None:
        """The newest bundle."""
        rows = self._session.rows("SELECT version, bundle, root_key FROM trust ORDER BY version DESC LIMIT 1")
        return TRUST.record_of(rows[0]) if rows else None

    def epoch(self) -> int:
        """Numbers that are handed out must be above this one: 0 in a ledger that was never restored."""
        return self._number("SELECT coalesce(max(number), 0) FROM epochs", ())

    def neighbours(self, token_id: TokenId, counter: Counter) -> tuple[SpentCounter, ...]:
        """The signature with this counter first, then the nearest intents around it, as far as there are any."""
        rows = self._session.rows_of(NEIGHBOURS, [(token_id, counter)])
        return tuple(SPENT_COUNTERS.record_of(row[1:]) for row in rows)

    def highest_sum_minor(self, token_id: TokenId) -> int:
        """The largest cumulative sum seen under a token, 0 when none was."""
        return self._number(
            "SELECT coalesce(max(cumulative_minor), 0) FROM spent_counters WHERE token_id = ? AND mode > ?",
            (token_id, int(ConsentMode.CODE)),
        )

    def balance_minor(self, account_id: AccountId) -> int:
        """What an account holds."""
        return self._balance_and_floor(account_id)[0]

    def escrow_minor(self, wallet_id: WalletId) -> int:
        """What all escrow accounts of a wallet hold together."""
        return self._number(
            "SELECT coalesce(sum(a.balance), 0) FROM tokens t JOIN accounts a ON a.id = t.account_id"
            " WHERE t.wallet_id = ? AND a.kind = ?",
            (wallet_id, int(AccountKind.PAYER_ESCROW)),
        )

    def _balance_and_floor(self, account_id: AccountId) -> tuple[int, int]:
        rows = self._session.rows_of(BALANCE, [(account_id,)])
        assert rows, "accounts are never deleted"
        return rows[0][1], rows[0][2]

    def _number(self, query: str, values: Row) -> int:
        return int(self._session.rows(query, values)[0][0])


def row_of_key(key: object) -> Row:
    """A key as a row, whether it has one column or more."""
    return key if type(key) is tuple else (key,)
