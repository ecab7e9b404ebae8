"""Each row against its own check, and the few numbers that no row stands for."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from server_stub.store.checks import check_of, rows_with_checks
from server_stub.store.migrations import known_migrations
from server_stub.store.numbers import BLOCK
from server_stub.store.reader import Reader
from server_stub.store.tables.every import EVERY_TABLE

ROW_LAW: Final = "each row says what was written there, by its own check"
NUMBERS_LAW: Final = "the tables are those of the migrations, and the counter of numbers is ahead of every one"
_DIALECTS: Final = ("sqlite", "postgres")
#: Numbers that are given out: each must be below the counter.
_GIVEN: Final = ("entries", "number"), ("consents", "number"), ("events", "row_number"), ("accounts", "id")


def row_flaws(reader: Reader) -> Iterator[str]:
    """Rows that are not what was written."""
    for table in EVERY_TABLE:
        for row in rows_with_checks(table, reader.rows):
            if row[-1] != check_of(table, row[:-1]):
                yield f"{table.name} {' '.join(_in_words(part) for part in row[: table.key_length])}"


def number_flaws(reader: Reader) -> Iterator[str]:
    """What is wrong with the counter of numbers, the list of checked tables and that of migrations."""
    counters = reader.rows("SELECT next, mirror FROM numbers")
    given = max(reader.rows(f"SELECT coalesce(max({key}), 0) FROM {table}")[0][0] for table, key in _GIVEN)
    if len(counters) != 1 or counters[0][0] != -counters[0][1] or not given < counters[0][0]:
        yield f"the counter of numbers stands at {counters}, and {given} is given out"
    elif (counters[0][0] - 1) % BLOCK:
        yield f"the counter of numbers stands at {counters[0][0]}, in the middle of a block"
    applied = [tuple(row) for row in reader.rows("SELECT number, name, checksum FROM migrations ORDER BY number")]
    if applied not in _known():
        yield "the list of migrations is not what this program has applied"
    columns = {table.name: " ".join(column.name for column in table.columns) for table in EVERY_TABLE}
    if dict(reader.rows("SELECT name, columns FROM checked_tables")) != columns:
        yield "the list of checked tables is not that of this program"


@cache
def _known() -> list[list[tuple[int, str, str]]]:
    return [[(one.number, one.name, one.checksum) for one in known_migrations(name)] for name in _DIALECTS]


def _in_words(part: object) -> str:
    return part.hex() if isinstance(part, bytes) else str(part)
