"""Each row's own check: 16 bytes of BLAKE2b over its table's name and all it says, written in the commit of the row.

It finds what changes by itself: a bit on the disk, a hand in the file. It is no signature: whoever may write the whole
database can write checks, too, and is found by what is signed and chained (docs/server-store.md, "Audit").
A table whose columns are not those that its checks were made over gets them anew when the store is opened: once after
the migration that brought them, and once after each later one that adds a column.

Source: RFC 7693 (BLAKE2).
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from server_stub.store.session import Column, Kind, Row, Session
from server_stub.store.table import Table

ROW_CHECK: Final = Column("row_check", Kind.BYTES)
_CHECK_BYTES: Final = 16
#: Rows in memory at once.
_ROWS_MAX: Final = 2_000
_CHECKED: Final = (Column("name", Kind.TEXT), Column("columns", Kind.TEXT))
_ENCODED: Final = msgspec.msgpack.Encoder().encode


def check_of(table: Table[Any, Any], row: Row) -> bytes:
    """The check of a row as it is written and read, 16 bytes; a balance has none, since it is the sum of postings."""
    if table.moving is not None:
        row = (*row[: table.moving], *row[table.moving + 1 :])
    return hashlib.blake2b(_ENCODED((table.name, row)), digest_size=_CHECK_BYTES).digest()


def checked(table: Table[Any, Any], row: Row) -> Row:
    """A row with its check behind it."""
    return (*row, check_of(table, row))


def rows_with_checks(table: Table[Any, Any], rows: "Callable[[str, Row], Any]") -> Iterator[Row]:
    """Every row of a table as it is stored, its check last; some thousand in memory at once.

    Args:
        rows: asks a query with its values, as ``Reader.rows`` and ``Session.rows``.
    """
    names = ", ".join(column.name for column in (*table.columns, ROW_CHECK))
    keys = ", ".join(column.name for column in table.columns[: table.key_length])
    places = ", ".join("?" * table.key_length)
    after, values = "", ()
    while True:
        found = rows(
            f"SELECT {names} FROM {table.name} {after} ORDER BY {keys} LIMIT {_ROWS_MAX}",  # noqa: S608 - names of ours
            values,
        )
        yield from found
        if len(found) < _ROWS_MAX or (values and found[-1][: table.key_length] <= values):
            return
        after, values = f"WHERE ({keys}) > ({places})", tuple(found[-1][: table.key_length])


def unchecked(session: Session, tables: tuple[Table[Any, Any], ...]) -> tuple[Table[Any, Any], ...]:
    """The tables whose checks are still to be made: a table that is new here, and one that has more columns now.

    Whatever else the list says was not written by this program; the audit finds it, and nothing is made good here.
    """
    known: dict[str, str] = dict(session.rows("SELECT name, columns FROM checked_tables"))
    return tuple(table for table in tables if set(known.get(table.name, "").split()) < set(_names(table).split()))


def check_rows(session: Session, table: Table[Any, Any]) -> None:
    """Give the rows of a table their checks; nobody else may be writing to it.

    A table that is not in the list may have lost its place there: what has a check keeps it.
    """
    is_noted = bool(session.rows("SELECT name FROM checked_tables WHERE name = ?", (table.name,)))
    columns = (*table.columns[: table.key_length], ROW_CHECK)
    part: list[Row] = []
    for row in rows_with_checks(table, session.rows):
        if is_noted or row[-1] is None:
            part.append((*row[: table.key_length], check_of(table, row[:-1])))
        if len(part) == _ROWS_MAX:
            session.update(table.name, columns, part, key_length=table.key_length)
            part = []
    if part:
        session.update(table.name, columns, part, key_length=table.key_length)
    noted = [(table.name, _names(table))]
    if is_noted:
        session.update("checked_tables", _CHECKED, noted, key_length=1)
    else:
        session.insert("checked_tables", _CHECKED, noted)


def _names(table: Table[Any, Any]) -> str:
    return " ".join(column.name for column in table.columns)
