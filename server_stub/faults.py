"""Named points at which this process can be told to go wrong, so that tests can show what survives.

``TILLCODE_FAULT_POINT=committer.after_commit`` in the environment arms one point. At most of them the process kills
itself with SIGKILL when it is reached, as a power cut would; the last few do another kind of harm, and say which.
Unset, a point costs one comparison.
"""

import os
import signal
import sys
from enum import Enum, unique
from typing import Final

from wallet_sdk.ports import Clock
from wallet_sdk.protocol.errors import ErrorCode, MisuseError

VARIABLE: Final = "TILLCODE_FAULT_POINT"
_DAY_MS: Final = 24 * 3600 * 1000


@unique
class FaultPoint(Enum):
    """Every place where going wrong tells something new."""

    MIGRATING = "store.migrating"
    MIGRATED = "store.migrated"
    NUMBERS_TAKEN = "store.numbers_taken"
    RECEIVED = "routes.received"
    VERIFIED = "routes.verified"
    BEFORE_APPLY = "committer.before_apply"
    LOADED = "committer.loaded"
    BEFORE_COMMIT = "committer.before_commit"
    WRITING = "store.writing"
    WRITTEN = "store.written"
    COMMITTED = "store.committed"
    AFTER_COMMIT = "committer.after_commit"
    HALF_ANSWERED = "committer.half_answered"
    BEFORE_WAKING = "committer.before_waking"
    BEFORE_ANSWER = "routes.before_answer"
    #: The committer's thread meets what nobody has thought of.
    COMMITTER_DIES = "committer.dies"
    #: The ledger cannot grow any more: SQLite's file really, PostgreSQL by its own word for it.
    DISK_FULL = "store.disk_full"
    #: The clock is a day off from the start.
    CLOCK_AHEAD = "clock.ahead"
    CLOCK_BEHIND = "clock.behind"


#: Points that do something else than to kill.
_OTHER: Final = frozenset(
    {FaultPoint.COMMITTER_DIES, FaultPoint.DISK_FULL, FaultPoint.CLOCK_AHEAD, FaultPoint.CLOCK_BEHIND}
)


class ForeseenByNobodyError(Exception):
    """Planted by COMMITTER_DIES; of no tree of errors on purpose."""


def armed_point(value: str) -> FaultPoint | None:
    """The point that the environment variable's value names, None when it is empty.

    Raises:
        MisuseError: BAD_ARGUMENT for a name that is no point.
    """
    if not value:
        return None
    try:
        return FaultPoint(value)
    except ValueError as error:
        names = ", ".join(point.value for point in FaultPoint)
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{VARIABLE} is one of: {names}", param=VARIABLE) from error


class Faults:
    """The points of one process, of which at most one is armed."""

    __slots__ = ("_armed",)

    def __init__(self, armed: FaultPoint | None = None) -> None:
        self._armed = armed

    @property
    def is_armed(self) -> bool:
        return self._armed is not None

    def announce(self) -> None:
        """Say loudly that this process is going to harm itself."""
        if self._armed is not None:
            harm = "harms" if self._armed in _OTHER else "kills"
            sys.stderr.write(f"*** FAULT POINT ARMED: this server {harm} itself at {self._armed.value} ***\n")
            sys.stderr.flush()

    def has_armed(self, point: FaultPoint) -> bool:
        """Whether this point was chosen."""
        return point is self._armed

    def reach(self, point: FaultPoint) -> None:
        """Die here if this point is armed."""
        if point is self._armed:
            if point is FaultPoint.COMMITTER_DIES:
                raise ForeseenByNobodyError
            os.kill(os.getpid(), signal.SIGKILL)

    def clock(self, clock: Clock) -> Clock:
        """A clock that is off by a day when that is armed, and otherwise the one given."""
        off_ms = {FaultPoint.CLOCK_AHEAD: _DAY_MS, FaultPoint.CLOCK_BEHIND: -_DAY_MS}
        return clock if self._armed not in off_ms else _WrongClock(clock, off_ms[self._armed])


class _WrongClock:
    """A clock that is off by so much; how long something takes it still tells right."""

    __slots__ = ("_clock", "_off_ms")

    def __init__(self, clock: Clock, off_ms: int) -> None:
        self._clock = clock
        self._off_ms = off_ms

    def now_ms(self) -> int:
        return self._clock.now_ms() + self._off_ms

    def monotonic_ms(self) -> int:
        return self._clock.monotonic_ms()
