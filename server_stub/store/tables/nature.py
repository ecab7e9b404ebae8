"""The mark of a sandbox."""

from typing import Final

from server_stub.store.nature import Nature, SandboxMark
from server_stub.store.reader import Reader
from server_stub.store.session import numbers
from server_stub.store.table import Reading, Table

SANDBOX: Final = Table[int, SandboxMark](
    name="sandbox",
    columns=numbers("number", "clock_ahead_s"),
    key_of=lambda mark: mark.number,
    row_of=lambda mark: (mark.number, mark.clock_ahead_s),
    record_of=lambda row: SandboxMark(number=row[0], clock_ahead_s=row[1]),
    reading=Reading.LOCKED,
)


def nature_of(reader: Reader) -> Nature:
    """What a ledger was founded as."""
    return Nature.LIVE if reader.find(SANDBOX, 1) is None else Nature.SANDBOX
