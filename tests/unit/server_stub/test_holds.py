"""Laws of holds, told apart from the table that makes them so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_stub.holds import HELD, completed, expired
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.states import State

amounts_minor = st.integers(1, 10**9)
END_S = 1_000


def code_of_completing(state: State, *, held_minor: int, asked_minor: int, at_s: int = 0) -> ErrorCode:
    """Why a hold cannot be completed so."""
    with pytest.raises(RuleViolationError) as caught:
        completed(state, held_minor=held_minor, asked_minor=asked_minor, expires_at_s=END_S, at_s=at_s)
    return caught.value.code


@given(st.data(), amounts_minor)
def test_what_is_captured_and_released_is_what_was_held(data: st.DataObject, held_minor: int) -> None:
    """In part, whole, or not at all."""
    asked_minor = data.draw(st.integers(0, held_minor))
    end = completed(HELD, held_minor=held_minor, asked_minor=asked_minor, expires_at_s=END_S, at_s=END_S - 1)
    assert end.captured_minor + end.released_minor == held_minor
    assert end.captured_minor == asked_minor
    assert end.state is (State.CAPTURED if asked_minor else State.VOIDED)


@given(amounts_minor, st.integers(1, 10**6))
def test_more_than_is_held_is_never_captured(held_minor: int, more_minor: int) -> None:
    """Captured is at most what the payer has authorized."""
    assert (
        code_of_completing(HELD, held_minor=held_minor, asked_minor=held_minor + more_minor)
        is ErrorCode.AMOUNT_MISMATCH
    )


@given(amounts_minor, st.integers(0, 10**6))
def test_nothing_is_completed_when_its_time_is_over(held_minor: int, late_s: int) -> None:
    """From the very second on, also when no timer has looked yet."""
    code = code_of_completing(HELD, held_minor=held_minor, asked_minor=held_minor, at_s=END_S + late_s)
    assert code is ErrorCode.EXPIRED


@given(st.sampled_from(sorted(set(State) - {HELD, State.UNKNOWN})), amounts_minor)
def test_only_what_is_authorized_can_be_captured_voided_or_expire(state: State, held_minor: int) -> None:
    """A hold ends once; a request that nobody has paid yet has nothing to capture."""
    assert code_of_completing(state, held_minor=held_minor, asked_minor=held_minor) is ErrorCode.BAD_TRANSITION
    assert code_of_completing(state, held_minor=held_minor, asked_minor=0) is ErrorCode.BAD_TRANSITION
    if state is not State.REQUESTED:  # what was never paid expires by itself
        with pytest.raises(RuleViolationError):
            expired(state, held_minor=held_minor)


@given(amounts_minor)
def test_an_expired_hold_gives_all_of_it_back(held_minor: int) -> None:
    """And it is final."""
    end = expired(HELD, held_minor=held_minor)
    assert (end.state, end.captured_minor, end.released_minor) == (State.EXPIRED, 0, held_minor)
    assert end.state.is_final
