"""Token buckets: a rate with a burst for each caller, in bounded memory. Pure: time is given, never asked.

Source: draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4 (RateLimit-Policy and RateLimit).
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: Callers remembered: about 200 bytes each. Who is forgotten starts with a full bucket, so forgetting is harmless
#: as long as a bucket refills sooner than so many other callers come by.
CALLERS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """``per_s`` requests a second in the long run, and ``burst`` at once. A rate of 0 is no limit."""

    name: str
    per_s: int
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a caller has left, after this request. ``wait_s`` is 0 when the request may pass."""

    policy: Policy
    left: int
    full_in_s: int
    wait_s: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The two fields of the draft: q is the quota, w its window, r what remains, t seconds until it is full."""
        window_s = max(1, -(-self.policy.burst // self.policy.per_s))
        return {
            "ratelimit-policy": f'"{self.policy.name}";q={self.policy.burst};w={window_s}',
            "ratelimit": f'"{self.policy.name}";r={self.left};t={self.full_in_s}',
        }


class Buckets:
    """One bucket for each caller under one policy. Levels are thousandths of a request: nothing is lost by rounding."""

    __slots__ = ("_callers_max", "_levels", "_policy")

    def __init__(self, policy: Policy, *, callers_max: int = CALLERS_MAX) -> None:
        self._policy = policy
        self._callers_max = callers_max
        self._levels: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def take(self, caller: str, *, now_ms: int) -> Allowance | None:
        """One request of a caller; None when there is no limit. A refused request takes nothing."""
        policy = self._policy
        if not policy.per_s:
            return None
        full = policy.burst * 1000
        level, at_ms = self._levels.pop(caller, (full, now_ms))
        level = min(full, level + max(0, now_ms - at_ms) * policy.per_s)
        wait_s = 0
        if level >= 1000:
            level -= 1000
        else:
            wait_s = max(1, -(-(1000 - level) // (policy.per_s * 1000)))
        self._levels[caller] = (level, now_ms)
        if len(self._levels) > self._callers_max:
            self._levels.popitem(last=False)
        return Allowance(
            policy=policy,
            left=level // 1000,
            full_in_s=-(-(full - level) // (policy.per_s * 1000)),
            wait_s=wait_s,
        )
