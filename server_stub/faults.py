"""Named points at which this process can be told to die, so that tests can show what survives.

``TILLCODE_FAULT_POINT=committer.after_commit`` in the environment arms one point: the process kills itself
with SIGKILL when it is reached, as a power cut would. Unset, a point costs one comparison.
"""

import os
import signal
import sys
from enum import Enum, unique
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, MisuseError

VARIABLE: Final = "TILLCODE_FAULT_POINT"


@unique
class FaultPoint(Enum):
    """Every place where a crash tells something new."""

    BEFORE_APPLY = "committer.before_apply"
    BEFORE_COMMIT = "committer.before_commit"
    AFTER_COMMIT = "committer.after_commit"
    BEFORE_ANSWER = "routes.before_answer"


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
        """Say loudly that this process is going to kill itself."""
        if self._armed is not None:
            sys.stderr.write(f"*** FAULT POINT ARMED: this server kills itself at {self._armed.value} ***\n")
            sys.stderr.flush()

    def reach(self, point: FaultPoint) -> None:
        """Die here if this point is armed."""
        if point is self._armed:
            os.kill(os.getpid(), signal.SIGKILL)
