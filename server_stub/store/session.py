"""All that differs from one database to another: reading by keys, adding and changing sets of rows, moving balances.

What stands on it (``Reader``, ``Writer``, the tables) is the same for every database, so a dialect is one small file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import Any, Protocol

from server_stub.ledger import AccountId
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

Row = tuple[Any, ...]


@unique
class Kind(Enum):
    """What a column holds, in the words of PostgreSQL; SQLite has the three storage classes of the same sense."""

    NUMBER = "bigint"
    BYTES = "bytea"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, or one part of a key."""

    name: str
    kind: Kind = Kind.NUMBER


def numbers(*names: str) -> tuple[Column, ...]:
    """Columns of whole numbers."""
    return tuple(Column(name) for name in names)


def bytes_(*names: str) -> tuple[Column, ...]:
    """Columns of bytes."""
    return tuple(Column(name, Kind.BYTES) for name in names)


def texts(*names: str) -> tuple[Column, ...]:
    """Columns of text."""
    return tuple(Column(name, Kind.TEXT) for name in names)


@dataclass(frozen=True, slots=True, eq=False)
class KeyedQuery:
    """A query about a set of keys: ``text`` reads them from a table named ``k`` with these columns.

    Write ``FROM k CROSS JOIN table t WHERE t.a = k.a``: then SQLite goes from the keys to the rows, never the other
    way. With ``locks`` names the table whose rows a writer locks as it reads them, in the sequence of their keys.
    """

    text: str
    keys: tuple[Column, ...]
    locks: str = ""


class ConflictError(UnavailableError):
    """Another process has changed what this unit of work rests on: nothing was committed, so decide anew."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.SERVER_BUSY, message)


class Session(Protocol):
    """One connection inside a transaction of the database.

    Raises:
        ConflictError: from any call: another process was faster.
        UnavailableError: STORAGE_FAILED or STORAGE_CORRUPT, from any call.
    """

    def rows(self, query: str, values: Sequence[object] = ()) -> Sequence[Row]:
        """What a query finds; ``?`` marks the place of each value."""
        ...

    def rows_of(self, query: KeyedQuery, keys: Sequence[Row]) -> Sequence[Row]:
        """What a query finds for any number of keys."""
        ...

    def insert(self, table: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Add rows; one that is there already is a conflict."""
        ...

    def update(self, table: str, columns: Sequence[Column], rows: Sequence[Row], *, key_length: int) -> None:
        """Change rows, each named by its first ``key_length`` columns; one that is missing is a conflict."""
        ...

    def move(self, amounts_minor: Mapping[AccountId, int]) -> None:
        """Add to balances; one that would fall under its floor is a conflict."""
        ...
