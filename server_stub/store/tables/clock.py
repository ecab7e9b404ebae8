"""The ledger's own time, and the findings that were acknowledged."""

from datetime import UTC, datetime
from typing import Final

from server_stub.store.reader import Reader
from server_stub.store.records_clock import Acknowledgement, TimeMark
from server_stub.store.session import numbers, texts
from server_stub.store.table import Reading, Table
from server_stub.store.writer import Writer

TIME_MARKS: Final = Table[int, TimeMark](
    name="time_marks",
    columns=numbers("number", "newest_s"),
    key_of=lambda mark: mark.number,
    row_of=lambda mark: (mark.number, mark.newest_s),
    record_of=lambda row: TimeMark(number=row[0], newest_s=row[1]),
    reading=Reading.LOCKED,
)

ACKNOWLEDGEMENTS: Final = Table[int, Acknowledgement](
    name="acknowledgements",
    columns=numbers("id") + texts("name", "what") + numbers("at_s"),
    key_of=lambda one: one.id,
    row_of=lambda one: (one.id, one.name, one.what, one.at_s),
    record_of=lambda row: Acknowledgement(id=row[0], name=row[1], what=row[2], at_s=row[3]),
)

#: A ledger from before there were marks: its newest seal, and the entries that were written last.
_NEWEST_FACT: Final = (
    "SELECT max(at_s) FROM (SELECT at_s FROM seals WHERE id = (SELECT max(id) FROM seals)"
    " UNION ALL SELECT at_s FROM (SELECT at_s FROM entries ORDER BY number DESC LIMIT 1000) e) f"
)


def newest_s_of(reader: Reader) -> int:
    """The newest time that the ledger knows of, seconds since the epoch; 0 for none."""
    return marked_s(reader) or int(reader.rows(_NEWEST_FACT)[0][0] or 0)


def marked_s(reader: Reader) -> int:
    """The time of the mark, 0 when there is none yet."""
    mark = reader.find(TIME_MARKS, 1)
    return 0 if mark is None else mark.newest_s


def acknowledge(writer: Writer, *, name: str, what: str, at_s: int) -> None:
    """Let it stand in the ledger that a person has gone on with a finding."""
    number = writer.next_in_line(ACKNOWLEDGEMENTS)
    writer.add(ACKNOWLEDGEMENTS, Acknowledgement(id=number, name=name, what=what, at_s=at_s))


def told_time(at_s: int) -> str:
    """As people and programs read it."""
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")
