"""Shedding load: who comes while the oldest work has waited too long is told so at once, and when to come back.

Waiting is what a payer feels, so the measure is time and not a count: a server that keeps up with a thousand requests
under way takes the next one, one that hangs with a hundred does not. Pure: time is given, never asked.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

#: A wallet waits a few seconds; work that is a second late is already late for everybody behind it.
AGE_MS_MAX: Final = 1_000
#: So many may be under way however long they take: a single slow commit sheds nobody.
COUNT_MIN: Final = 64


class Load:
    """The commands under way in this process; of one event loop's thread."""

    __slots__ = ("_age_ms_max", "_count_min", "_started")

    def __init__(self, *, age_ms_max: int = AGE_MS_MAX, count_min: int = COUNT_MIN) -> None:
        self._age_ms_max = age_ms_max
        self._count_min = count_min
        self._started: dict[object, int] = {}

    @contextmanager
    def taken(self, *, now_ms: int) -> Generator[None]:
        """One command is under way inside.

        Raises:
            UnavailableError: SERVER_BUSY when the oldest one has been for too long; nothing has happened.
        """
        if len(self._started) >= self._count_min:
            oldest_ms = next(iter(self._started.values()))
            if now_ms - oldest_ms > self._age_ms_max:
                raise UnavailableError(ErrorCode.SERVER_BUSY, "the server does not keep up just now")
        one = object()
        self._started[one] = now_ms
        try:
            yield
        finally:
            del self._started[one]
