"""What a running server counts, in the text form that Prometheus reads.

Source: Prometheus exposition formats, text-based format 0.0.4.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
#: Seconds: an answer without the disk, one group commit, a slow disk, a long poll.
_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Measures:
    """The measures of one application; each has its own registry, so that two in one process do not mix."""

    __slots__ = ("_answers", "_clock_off_s", "_in_flight", "_known", "_limited", "_registry", "_seconds")

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "tillcode_http_answers",
            "Answers by operation and HTTP status.",
            ("operation", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tillcode_http_seconds",
            "Time from the headers to the end of the answer.",
            ("operation",),
            registry=self._registry,
            buckets=_BUCKETS_S,
        )
        self._in_flight = Gauge("tillcode_http_in_flight", "Requests not answered yet.", registry=self._registry)
        self._limited = Counter(
            "tillcode_http_limited", "Requests refused by a limit.", ("limit",), registry=self._registry
        )

        self._clock_off_s = Gauge(
            "tillcode_clock_off_seconds",
            "How far this machine's clock is ahead of what is believed; nothing is decided past jump_max_s.",
            registry=self._registry,
        )

        #: The counters of each operation and status; finding them by their labels costs more than counting.
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def begin(self) -> None:
        """One more request is under way."""
        self._in_flight.inc()

    def end(self, *, operation: str, http_status: int, seconds: float) -> None:
        """It was answered. ``operation`` is a name of the table, never what a caller wrote: names must not grow."""
        self._in_flight.dec()
        known = self._known.get((operation, http_status))
        if known is None:
            known = self._answers.labels(operation, str(http_status)), self._seconds.labels(operation)
            self._known[operation, http_status] = known
        answers, took = known
        answers.inc()
        took.observe(seconds)

    def limited(self, limit: str) -> None:
        """A request was refused by a limit of this name."""
        self._limited.labels(limit).inc()

    def text(self, *, clock_off_s: int = 0) -> bytes:
        """Everything, as Prometheus reads it."""
        self._clock_off_s.set(clock_off_s)
        return generate_latest(self._registry)
