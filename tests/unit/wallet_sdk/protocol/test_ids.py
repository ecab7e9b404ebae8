"""Ids that sort by the time of their making."""

from random import Random  # noqa: TID251 (the type of the rng fixture)

import pytest

from wallet_sdk.protocol.ids import time_ordered_id


def test_later_ids_sort_later(rng: Random) -> None:
    """Whatever the random part is."""
    times = sorted(rng.sample(range(2**41), 200))
    made = [time_ordered_id(now_ms, rng.randbytes(6)) for now_ms in times]
    assert made == sorted(made)
    assert {len(one) for one in made} == {12}


def test_the_parts_of_an_id() -> None:
    """Six bytes of milliseconds, big endian, then the six random ones. (R-30)"""
    assert time_ordered_id(1, b"random") == b"\0\0\0\0\0\x01random"
    assert time_ordered_id(2**48 - 1, bytes(6)) == b"\xff" * 6 + bytes(6)


@pytest.mark.parametrize("count", [0, 5, 7, 12])
def test_other_counts_of_randomness_are_our_bug(count: int) -> None:
    """Fewer would be guessable, more would not fit."""
    with pytest.raises(AssertionError):
        time_ordered_id(0, bytes(count))
