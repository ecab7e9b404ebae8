"""When a delivery is tried, and what an answer means for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import IntEnum, unique
from itertools import accumulate
from typing import Final, Protocol

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
#: Pause before each try, in seconds: a hiccup is over in 5 s, a deployment in 5 min, a night or a weekend day in 75 h.
PAUSES_S: Final = (
    0,
    5,
    5 * _MINUTE_S,
    30 * _MINUTE_S,
    2 * _HOUR_S,
    5 * _HOUR_S,
    10 * _HOUR_S,
    14 * _HOUR_S,
    20 * _HOUR_S,
    24 * _HOUR_S,
)
TRIES_MAX: Final = len(PAUSES_S)
#: From the event to each try, when every one of them fails at once.
TRIES_AFTER_S: Final = tuple(accumulate(PAUSES_S))
#: A pause is longer by up to a tenth: what failed together does not come back together.
#: Source: Standard Webhooks, "Deliverability and reliability" (random jitter).
SPREAD_PERMILLE_MAX: Final = 100
#: The longest that a receiver may ask us to wait; it is not told for ever what has happened.
RETRY_AFTER_S_MAX: Final = PAUSES_S[-1]
#: A receiver has this long for everything: connecting, reading, answering. Standard Webhooks proposes 15 to 30 s.
TRY_S_MAX: Final = 15.0
#: The receiver says that this address is gone for good.
_GONE: Final = 410


@unique
class DeliveryState(IntEnum):
    """How far a delivery is."""

    WAITING = 1
    DELIVERED = 2
    #: Every try failed; it stays in the log, and can be asked for again.
    FAILED = 3


@unique
class TryOutcome(IntEnum):
    """What one try came to. Numbers, because they are stored."""

    ANSWERED = 1
    TIMED_OUT = 2
    UNREACHABLE = 3
    #: The address is one that webhooks may not go to.
    REFUSED_ADDRESS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try at one moment.

    Attributes:
        http_status: 0 unless the receiver answered.
        retry_after_s: when he wants to be asked again; 0 unless he says so.
    """

    outcome: TryOutcome
    at_s: int
    http_status: int = 0
    retry_after_s: int = 0

    @property
    def delivered(self) -> bool:
        """Any 2xx, and nothing else: a redirect is not followed, so it is a failure like any other."""
        return self.outcome is TryOutcome.ANSWERED and 200 <= self.http_status < 300

    @property
    def says_gone(self) -> bool:
        """The endpoint asks to be switched off."""
        return self.outcome is TryOutcome.ANSWERED and self.http_status == _GONE


class Poster(Protocol):
    """Posts one webhook once."""

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Try:
        """What came of it; whatever the receiver does, nothing is raised."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a delivery stands after its tries; ``next_try_at_s`` means something only while it waits."""

    state: DeliveryState
    tries: int
    next_try_at_s: int


def first_standing(*, at_s: int) -> Standing:
    """A delivery that was never tried: at once."""
    return Standing(state=DeliveryState.WAITING, tries=0, next_try_at_s=at_s + PAUSES_S[0])


def after(standing: Standing, tried: Try, *, spread_permille: int = 0) -> Standing:
    """The next standing. The pause counts from the try, so that a slow sender never shortens it.

    A receiver who says when to come back is not asked sooner (RFC 9110 section 10.2.3), nor a day later than that.

    Args:
        spread_permille: how much longer this pause is, 0 .. ``SPREAD_PERMILLE_MAX``; drawn by the caller.
    """
    assert standing.state is DeliveryState.WAITING, "only what waits is tried"
    tries = standing.tries + 1
    if tried.delivered:
        return Standing(state=DeliveryState.DELIVERED, tries=tries, next_try_at_s=tried.at_s)
    if tries >= TRIES_MAX:
        return Standing(state=DeliveryState.FAILED, tries=tries, next_try_at_s=tried.at_s)
    pause_s = max(PAUSES_S[tries], min(tried.retry_after_s, RETRY_AFTER_S_MAX))
    pause_s += -(-pause_s * spread_permille // 1000)
    return Standing(state=DeliveryState.WAITING, tries=tries, next_try_at_s=tried.at_s + pause_s)


def retry_after_s(text: str | None, *, now_s: int) -> int:
    """Seconds that a Retry-After asks for, as a number or as a date; 0 for none and for what is neither.

    Source: RFC 9110 section 10.2.3.
    """
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:10]), RETRY_AFTER_S_MAX)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return 0
    return min(max(0, int(at.replace(tzinfo=at.tzinfo or UTC).timestamp()) - now_s), RETRY_AFTER_S_MAX)
