"""Records of a table by the rest of a query: for lists, reports and work to be found, never for decisions about money.

What a unit of work has written and not sent yet is not seen: whoever changes what was found here reads it once more
by its key.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from server_stub.store.reader import Reader
from server_stub.store.table import Table

R = TypeVar("R")


def select(reader: Reader, table: Table[Any, R], rest: str, values: Sequence[object] = ()) -> tuple[R, ...]:
    """``rest`` is what follows the table's name, ``WHERE ... ORDER BY ... LIMIT ?``, in words of ours only."""
    chosen = ", ".join(column.name for column in table.columns)
    rows = reader.rows(f"SELECT {chosen} FROM {table.name} {rest}", tuple(values))  # noqa: S608 - names of ours
    return tuple(map(table.record_of, rows))
