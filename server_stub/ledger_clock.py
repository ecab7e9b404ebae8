"""The machine's clock, believed as long as it agrees with the ledger's own time.

What a clock that is wrong does cannot be undone: a hold expires for ever, escrow goes back and the claim for it is paid
by the operator, a claim is declined as too old, a key starts in another month. So every decision of a server that
rests on the time asks this clock, and when it has jumped it raises: nothing is decided, and all can be asked again.

    at a start     against the newest time in the ledger: a server may have been off for a while, not for ever
    while it runs  against the monotonic clock, which no time server and nobody at the keyboard can set
"""

from typing import Final

from server_stub.config import ClockPolicy
from wallet_sdk.ports import Clock
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

#: The end of what a person is told.
_REMEDY: Final = "when this machine's clock is right, say so by: tillcode-server clock --accept TODAY"


class ClockDoubtError(UnavailableError):
    """The clock has jumped: nothing is decided by it until it is right again, or a person says that it is."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.SERVER_BUSY, message)


class LedgerClock:
    """Implements ``Clock``. May be used from any thread."""

    __slots__ = ("_ahead_max_ms", "_anchor", "_clock", "_pause_max_ms", "_policy")

    def __init__(self, clock: Clock, policy: ClockPolicy, *, newest_s: int) -> None:
        """``newest_s`` is the newest time in the ledger, 0 when it knows none."""
        self._clock = clock
        self._policy = policy
        self._pause_max_ms = self._ahead_max_ms = policy.pause_max_h * 3_600_000
        #: A time that was believed, and what the monotonic clock said then, both in milliseconds.
        self._anchor: tuple[int, int] | None = None
        self.believe(newest_s)

    def believe(self, newest_s: int) -> None:
        """Go on from this time, which the ledger or a person vouches for; 0: from whatever the clock says."""
        self._ahead_max_ms = self._pause_max_ms
        self._anchor = (newest_s * 1000, self._clock.monotonic_ms()) if newest_s else None

    def now_ms(self) -> int:
        """Milliseconds since the epoch.

        Raises:
            ClockDoubtError: it has jumped.
        """
        now_ms, running_ms = self._clock.now_ms(), self._clock.monotonic_ms()
        if self._anchor is not None:
            off_ms = now_ms - self._anchor[0] - running_ms + self._anchor[1]
            if not -self._policy.jump_max_s * 1000 <= off_ms <= self._ahead_max_ms:
                raise ClockDoubtError(f"{_told(off_ms)}; {_REMEDY}")
        self._anchor = now_ms, running_ms
        self._ahead_max_ms = self._policy.jump_max_s * 1000
        return now_ms

    def told_ms(self) -> int:
        """What the machine's clock says, believed or not: for names, never for a decision."""
        return self._clock.now_ms()

    def monotonic_ms(self) -> int:
        """Milliseconds since some fixed moment."""
        return self._clock.monotonic_ms()

    @property
    def off_s(self) -> int:
        """How far the machine's clock is ahead of what is believed, in seconds."""
        if self._anchor is None:
            return 0
        return (self._clock.now_ms() - self._anchor[0] - self._clock.monotonic_ms() + self._anchor[1]) // 1000


def _told(off_ms: int) -> str:
    way = "ahead of" if off_ms > 0 else "behind"
    minutes = abs(off_ms) // 60_000
    size = f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
    return f"the clock is {size if minutes < 2880 else f'{minutes // 1440} days'} {way} the ledger's own time"
