"""Time at a till whose clock may be missing, wrong or set back."""

from terminal_app.journal import Journal
from wallet_sdk.ports import Clock


class TillTime:
    """Reads a clock, and never believes that it is earlier than the operator's own signed word.

    A Raspberry Pi has no clock of its own: after a power cut without network it wakes in the past. Its certificate,
    bundle and receipts say what time it must be at least.
    """

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._clock = clock
        self._journal = journal
        self._floor_s = 0
        self._floor_ms = 0
        self._newest_s = 0
        self._newest_ms = 0

    def monotonic_ms(self) -> int:
        """Milliseconds since some fixed moment, for lifetimes and waits: no wrong wall clock can touch it."""
        return self._clock.monotonic_ms()

    def now_s(self) -> int:
        """Seconds since the epoch: the wall clock, or the operator's newest signed time and what has passed since."""
        running_ms = self._clock.monotonic_ms()
        signed_s = self._journal.views.operator_time_s
        if signed_s > self._floor_s:
            self._floor_s, self._floor_ms = signed_s, running_ms
        floor_s = self._floor_s + (running_ms - self._floor_ms) // 1000
        return max(self._clock.now_ms() // 1000, floor_s)

    def event_s(self) -> int:
        """What the next event of the journal is dated, in seconds since the epoch: the best that is known now.

        It may be before the event before it, where a wrong clock was set right: that one stays misdated alone.
        """
        return self.now_s()

    def journal_s(self) -> int:
        """Seconds that never fall from one event to the next: for the age of what is stored, by `Views.aged_s`.

        A clock set back makes stored payments no younger.
        """
        running_ms = self._clock.monotonic_ms()
        passed_s = (running_ms - self._newest_ms) // 1000
        views = self._journal.views
        newest_s = max(views.aged_s(self.now_s()), self._newest_s + passed_s, views.aged_s(views.last_event_at_s))
        if newest_s != self._newest_s + passed_s:
            self._newest_s, self._newest_ms = newest_s, running_ms
        return newest_s
