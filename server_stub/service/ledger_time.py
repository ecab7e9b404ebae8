"""The ledger's own time: noted while a server serves, compared at the next start, and corrected by a person's word."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from server_stub.committer import Command
from server_stub.ledger_clock import ClockDoubtError, LedgerClock
from server_stub.store.base import Store
from server_stub.store.records_clock import TimeMark
from server_stub.store.tables.clock import TIME_MARKS, acknowledge, newest_s_of, told_time
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import ErrorCode, MisuseError

_LOG: Final = logging.getLogger("tillcode.server")
#: A mark is this old at most while a server serves: one small commit a minute.
MARK_EVERY_S: Final = 60
#: What a person types to acknowledge that the clock is right.
CLOCK: Final = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkTimeCommand(Command[None]):
    """Note that it is so late, by a clock that is believed."""

    at_s: int

    def apply(self, writer: Writer) -> None:
        known = writer.find(TIME_MARKS, 1)
        if known is None:
            writer.add(TIME_MARKS, TimeMark(newest_s=self.at_s))
        elif self.at_s > known.newest_s:
            writer.change(TIME_MARKS, TimeMark(newest_s=self.at_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptClockCommand(Command[None]):
    """A person says that it is this time, whatever the ledger has thought; it stands in the ledger that he did."""

    at_s: int

    def apply(self, writer: Writer) -> None:
        newest_s = newest_s_of(writer)
        what = f"the ledger's newest time was {told_time(newest_s)}, and the clock says {told_time(self.at_s)}"
        acknowledge(writer, name=CLOCK, what=what, at_s=self.at_s)
        known, mark = writer.find(TIME_MARKS, 1), TimeMark(newest_s=self.at_s)
        if known is None:
            writer.add(TIME_MARKS, mark)
        else:
            writer.change(TIME_MARKS, mark)


class ClockWatch:
    """Says when the clock is doubted and when no more, and notices that a person has accepted it."""

    __slots__ = ("_clock", "_doubt", "_store", "_vouched_s")

    def __init__(self, clock: LedgerClock, store: Store) -> None:
        self._clock = clock
        self._store = store
        self._doubt = ""
        self._vouched_s = 0

    def look(self) -> None:
        """Compare, once.

        Raises:
            UnavailableError: the ledger cannot be read.
        """
        try:
            self._clock.now_ms()
        except ClockDoubtError as doubt:
            if not self._doubt:
                _LOG.error("nothing is decided any more: %s", doubt.message)
                self._vouched_s = self._newest_s()
            self._doubt = doubt.message
            vouched_s = self._newest_s()
            if vouched_s != self._vouched_s:
                self._vouched_s = vouched_s
                self._clock.believe(vouched_s)
            return
        if self._doubt:
            _LOG.warning("the clock is believed again")
            self._doubt = ""

    def _newest_s(self) -> int:
        with self._store.reading() as reader:
            return newest_s_of(reader)


def accept_clock(store: Store, *, date: str, now_s: int) -> None:
    """A person has looked at another clock, and types the date that both have.

    Raises:
        MisuseError: BAD_ARGUMENT when this machine's clock has another date.
    """
    if date != (today := datetime.fromtimestamp(now_s, UTC).date().isoformat()):
        text = f"this machine's date is {today} (UTC), not {date}: set its clock, or type the date that it has"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="accept")
    with store.writing() as writer:
        AcceptClockCommand(at_s=now_s).apply(writer)
