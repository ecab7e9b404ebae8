"""Columns of values as PostgreSQL's binary arrays: one parameter a column, packed in C loops and not value by value.

Source: PostgreSQL 15, src/backend/utils/adt/arrayfuncs.c, array_recv: dimensions, flags, element type, then for each
dimension its size and lower bound, then each element behind its length in bytes, -1 for NULL.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, repeat
from struct import Struct
from typing import Any, Final

from psycopg.adapt import Dumper
from psycopg.pq import Format

from server_stub.store.session import Column, KeyedQuery, Kind, Row

_HEAD: Final = Struct("!iiIii")
_NUMBER: Final = Struct("!iq").pack
_LENGTH: Final = Struct("!i").pack
_NULL: Final = _LENGTH(-1)
#: Types of elements and of their arrays. Source: PostgreSQL 15, src/include/catalog/pg_type.dat.
_OIDS: Final = {Kind.NUMBER: (20, 1016), Kind.BYTES: (17, 1001), Kind.TEXT: (25, 1009)}


class PackedArray:
    """One array, packed; each kind has a class of its own, because psycopg finds a parameter's type by its class."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


class _Numbers(PackedArray):
    __slots__ = ()


class _Bytes(PackedArray):
    __slots__ = ()


class _Texts(PackedArray):
    __slots__ = ()


_CLASSES: Final = {Kind.NUMBER: _Numbers, Kind.BYTES: _Bytes, Kind.TEXT: _Texts}


def array_of(kind: Kind, values: Sequence[Any]) -> PackedArray:
    """A column of values as one parameter."""
    has_null = None in values
    if kind is Kind.TEXT:
        values = [None if value is None else value.encode() for value in values]
    if has_null:
        body = b"".join(_NULL if value is None else _element(kind, value) for value in values)
    elif kind is Kind.NUMBER:
        body = b"".join(map(_NUMBER, repeat(8), values))
    else:
        body = b"".join(chain.from_iterable(zip(map(_LENGTH, map(len, values)), values, strict=True)))
    return _CLASSES[kind](_HEAD.pack(1, int(has_null), _OIDS[kind][0], len(values), 1) + body)


def dumpers() -> dict[type[PackedArray], type[Dumper]]:
    """How psycopg sends each kind of array: as it is packed."""
    return {_CLASSES[kind]: type(f"_{kind.name}", (_Dumper,), {"oid": _OIDS[kind][1]}) for kind in Kind}


class _Dumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: PackedArray) -> bytes:
        return obj.packed


def _element(kind: Kind, value: Any) -> bytes:
    return _NUMBER(8, value) if kind is Kind.NUMBER else _LENGTH(len(value)) + value


@lru_cache(maxsize=256)
def marked(query: str) -> str:
    """A query with psycopg's marks for its values."""
    return query.replace("%", "%%").replace("?", "%s")


@lru_cache(maxsize=256)
def with_keys(query: KeyedQuery, locking: str) -> str:
    """The query over an array for each column of its keys; rows are locked in the sequence of their keys."""
    names = ", ".join(column.name for column in query.keys)
    lock = f" ORDER BY {', '.join(f'k.{column.name}' for column in query.keys)}{locking}{query.locks}"
    keys = f"WITH k ({names}) AS (SELECT * FROM {unnest(query.keys)}) "  # noqa: S608 - names of ours
    return keys + query.text + (lock if locking and query.locks else "")


def unnest(columns: Sequence[Column]) -> str:
    """One array for each column, as rows."""
    return f"unnest({', '.join(f'%b::{column.kind.value}[]' for column in columns)})"


def arrays(columns: Sequence[Column], rows: Sequence[Row]) -> list[object]:
    """The rows turned into one array for each column."""
    return [array_of(column.kind, values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)]
