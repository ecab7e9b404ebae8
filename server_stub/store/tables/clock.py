"""The ledger's own time, and the findings that were acknowledged."""

from typing import Final

from server_stub.store.records_clock import Acknowledgement, TimeMark
from server_stub.store.session import numbers, texts
from server_stub.store.table import Reading, Table

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
