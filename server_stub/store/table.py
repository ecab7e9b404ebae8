"""How a table is described: once, for every database. docs/server-store.md says how to add one."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from functools import cached_property
from typing import Any, Generic, TypeVar

from server_stub.ledger import AccountId
from server_stub.store.session import Column, KeyedQuery, Row
from wallet_sdk.protocol.ids import Counter, TokenId

K = TypeVar("K")
R = TypeVar("R")


@unique
class Reading(Enum):
    """What a writer does with a row that it reads."""

    #: Nobody changes such rows, or no decision rests on what may change in them.
    SHARED = "shared"
    #: Decisions rest on it and change it: locked until the commit, where several processes write at once.
    LOCKED = "locked"


@dataclass(frozen=True, kw_only=True, eq=False)
class Index(Generic[K, R]):
    """Another way to find records than by their key. ``of`` is a record's place in it.

    Only the key of a device ever changes; in that very commit it is still found at its old place, too.
    """

    columns: tuple[Column, ...]
    of: Callable[[R], K]


@dataclass(frozen=True, kw_only=True, eq=False)
class Table(Generic[K, R]):
    """One table: its columns with the key's first, and how a record becomes a row and comes back.

    Attributes:
        key_of: a record's key; a tuple when the key has more than one column.
        indexes: every Index that ``find_by`` and ``list_by`` are asked for.
        numbered: the key is a number from ``Writer.next_number``, so nothing is looked for before one is added.
        moving: the place of a column that the database itself changes, and no record.
        brings: names further keys for each record that is loaded, so that they are loaded after it.
    """

    name: str
    columns: tuple[Column, ...]
    key_length: int = 1
    key_of: Callable[[R], K]
    row_of: Callable[[R], Row]
    record_of: Callable[[Row], R]
    indexes: tuple[Index[Any, R], ...] = ()
    reading: Reading = Reading.SHARED
    numbered: bool = False
    moving: int | None = None
    brings: "Callable[[R, Keys], None] | None" = None

    @cached_property
    def by_key(self) -> KeyedQuery:
        """Rows by the key."""
        return self._query_by(self.columns[: self.key_length])

    @cached_property
    def by_index(self) -> dict[Index[Any, R], KeyedQuery]:
        """Rows by each index."""
        return {index: self._query_by(index.columns) for index in self.indexes}

    @cached_property
    def all_rows(self) -> str:
        """Every row, in the sequence of the keys."""
        chosen = ", ".join(column.name for column in self.columns)
        keys = ", ".join(column.name for column in self.columns[: self.key_length])
        return f"SELECT {chosen} FROM {self.name} ORDER BY {keys}"  # noqa: S608 - names of ours

    def _query_by(self, keys: tuple[Column, ...]) -> KeyedQuery:
        chosen = ", ".join(f"t.{column.name}" for column in self.columns)
        same = " AND ".join(f"t.{column.name} = k.{column.name}" for column in keys)
        text = f"SELECT {chosen} FROM k CROSS JOIN {self.name} t WHERE {same}"  # noqa: S608 - names of ours
        return KeyedQuery(text, keys, locks="t" if self.reading is Reading.LOCKED else "")


class Keys:
    """What a group of commands may read, named beforehand so that it is loaded with one query a table.

    Naming too little is only slower: what is missing is read when it is asked for.
    """

    __slots__ = ("balances", "counters", "tables")

    def __init__(self) -> None:
        self.tables: defaultdict[tuple[Table[Any, Any], Index[Any, Any] | None], set[Any]] = defaultdict(set)
        self.counters: set[tuple[TokenId, Counter]] = set()
        self.balances: set[AccountId] = set()

    def name(self, table: Table[K, R], key: K) -> None:
        """A record by its key."""
        self.tables[table, None].add(key)

    def name_by(self, table: Table[Any, R], index: Index[K, R], key: K) -> None:
        """A record by an index."""
        self.tables[table, index].add(key)

    def name_counter(self, token_id: TokenId, counter: Counter) -> None:
        """What was signed with a counter, and its neighbours."""
        self.counters.add((token_id, counter))

    def name_balance(self, account_id: AccountId) -> None:
        """A balance."""
        self.balances.add(account_id)
