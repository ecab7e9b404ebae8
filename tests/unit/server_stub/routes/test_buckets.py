"""Token buckets: the rate holds in the long run, the burst at once, and memory is bounded."""

from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import pytest

from server_stub.addresses import caller_of_address
from server_stub.routes.buckets import Buckets, Policy

TEN_A_SECOND = Policy(name="address", per_s=10, burst=3)


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    """Three at once, then one each 100 ms, and who is refused is told when to come back."""
    buckets = Buckets(TEN_A_SECOND)
    taken = [buckets.take("a", now_ms=0) for _ in range(5)]
    assert [one.wait_s for one in taken if one is not None] == [0, 0, 0, 1, 1]
    assert [one.left for one in taken if one is not None] == [2, 1, 0, 0, 0]
    for now_ms, passes in ((99, False), (100, True), (150, False), (199, False), (200, True)):
        again = buckets.take("a", now_ms=now_ms)
        assert again is not None
        assert (again.wait_s == 0) is passes, now_ms


def test_callers_do_not_share_a_bucket() -> None:
    """One that asks too much costs nobody else anything."""
    buckets = Buckets(TEN_A_SECOND)
    for _ in range(9):
        buckets.take("a", now_ms=0)
    other = buckets.take("b", now_ms=0)
    assert other is not None
    assert (other.wait_s, other.left) == (0, 2)


def test_no_more_than_the_rate_ever_passes(rng: Random) -> None:
    """Whenever a caller asks, what passes in any run is at most the burst and the rate times the time."""
    buckets = Buckets(TEN_A_SECOND)
    now_ms, passed = 0, 0
    for _ in range(2_000):
        now_ms += rng.choice((0, 0, 1, 7, 90, 400))
        allowance = buckets.take("a", now_ms=now_ms)
        assert allowance is not None
        passed += allowance.wait_s == 0
        assert passed <= TEN_A_SECOND.burst + now_ms * TEN_A_SECOND.per_s / 1000
    assert passed > now_ms * TEN_A_SECOND.per_s / 1000 * 0.5


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    """Negative time is no time."""
    buckets = Buckets(TEN_A_SECOND)
    for _ in range(3):
        buckets.take("a", now_ms=1_000)
    refused = buckets.take("a", now_ms=0)
    assert refused is not None
    assert refused.wait_s == 1


def test_memory_is_bounded() -> None:
    """Who asked longest ago is forgotten, and starts with a full bucket."""
    buckets = Buckets(TEN_A_SECOND, callers_max=2)
    for caller in ("a", "a", "a", "b", "c"):
        buckets.take(caller, now_ms=0)
    assert set(buckets._levels) == {"b", "c"}


def test_a_rate_of_zero_is_no_limit() -> None:
    """Nothing is remembered, nothing is said."""
    assert Buckets(Policy(name="address", per_s=0, burst=1)).take("a", now_ms=0) is None


def test_the_fields_are_the_drafts() -> None:
    """Quota, window, what remains, and when it is whole again."""
    allowance = Buckets(Policy(name="key", per_s=2, burst=5)).take("a", now_ms=0)
    assert allowance is not None
    assert allowance.headers == {"ratelimit-policy": '"key";q=5;w=3', "ratelimit": '"key";r=4;t=1'}


@pytest.mark.parametrize(
    ("host", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::"),
        ("not:an:address", "not:an:address"),
        ("", ""),
    ],
)
def test_whose_bucket_an_address_takes_from(host: str, caller: str) -> None:
    """An IPv6 customer has 2**64 addresses and one bucket."""
    assert caller_of_address(host) == caller
