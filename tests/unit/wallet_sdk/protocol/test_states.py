"""Laws of a payment's life, written apart from its table."""

import pytest

from tests.unit.wallet_sdk.protocol.samples import code_raised
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.states import TRANSITIONS, Event, State, advance

FINAL = {State.DECLINED, State.CANCELED, State.EXPIRED, State.VOIDED, State.REJECTED, State.CHARGED_BACK}


def after(state: State, event: Event) -> State | None:
    """The state after an event, or None when there is no such step."""
    try:
        return advance(state, event)
    except RuleViolationError:
        return None


STEPS = {(state, event, after(state, event)) for state in State for event in Event}
EDGES = {(state, target) for state, _, target in STEPS if target is not None}


def reachable(start: State) -> set[State]:
    """Every state that some events lead to."""
    found: set[State] = set()
    edge = {start}
    while edge:
        edge = {target for source, target in EDGES if source in edge} - found
        found |= edge
    return found


def roads(start: State, goal: State) -> list[list[State]]:
    """Every road without a circle."""
    open_roads, done = [[start]], []
    while open_roads:
        road = open_roads.pop()
        if road[-1] is goal:
            done.append(road)
            continue
        open_roads += [[*road, target] for source, target in EDGES if source is road[-1] and target not in road]
    return done


def test_the_only_road_to_settled_is_authorize_capture_clear_settle() -> None:
    """Nobody's money is settled that was not authorized, captured and cleared, in this order."""
    through = [State.AUTHORIZED, State.CAPTURED, State.CLEARED, State.SETTLED]
    assert roads(State.REQUESTED, State.SETTLED).count([State.REQUESTED, *through]) == 1
    for road in roads(State.REQUESTED, State.SETTLED):
        learned = [state for state in road if state not in {State.REQUESTED, State.UNKNOWN}]
        # A client that lost sight may learn that it is captured without having seen the authorization.
        assert learned in (through, through[1:])
        assert learned == through or State.UNKNOWN in road


def test_finals_have_no_way_out() -> None:
    """What is over is over, whatever happens."""
    assert {state for state in State if not reachable(state)} == FINAL
    for state in State:
        assert state.is_final is (state in FINAL)
    for state in FINAL:
        for event in Event:
            assert code_raised(lambda state=state, event=event: advance(state, event)) is ErrorCode.BAD_TRANSITION  # type: ignore[misc]


def test_nothing_returns_to_requested() -> None:
    """Least of all UNKNOWN: else a payment that may have happened would be asked for again."""
    assert not any(target is State.REQUESTED for _, target in EDGES)
    assert State.REQUESTED not in reachable(State.UNKNOWN)


def test_unknown_is_entered_only_before_an_answer() -> None:
    """Only a request whose answer was lost is unknown; what is known is never forgotten."""
    assert {source for source, target in EDGES if target is State.UNKNOWN} == {State.REQUESTED}
    assert after(State.UNKNOWN, Event.LOSE) is None


def test_unknown_ends_wherever_a_request_can() -> None:
    """Every first answer to a request can also be learned later."""
    first_answers = {target for source, target in EDGES if source is State.REQUESTED} - {State.UNKNOWN}
    assert first_answers <= {target for source, target in EDGES if source is State.UNKNOWN}


def test_paid_is_never_undone_silently() -> None:
    """From paid to not paid there are only named ways: void, expiry of a hold, rejection, charge back."""
    undone = {target for source, target in EDGES if source.is_paid and not target.is_paid}
    assert undone == {State.VOIDED, State.EXPIRED, State.REJECTED, State.CHARGED_BACK}
    assert after(State.SETTLED, Event.REJECT) is None, "settled money comes back by charge back only"
    assert after(State.CAPTURED, Event.EXPIRE) is after(State.CAPTURED, Event.VOID) is None


def test_unpaid_finals_never_become_paid() -> None:
    """A decline is not overturned by a later event. (R-91)"""
    assert {state for state in State if state.is_paid} == {
        State.AUTHORIZED,
        State.CAPTURED,
        State.CLEARED,
        State.SETTLED,
    }
    for state in FINAL:
        assert not state.is_paid


def test_there_are_no_circles() -> None:
    """Time runs one way: no state is reachable from itself."""
    for state in State:
        assert state not in reachable(state)


def test_every_state_and_event_is_of_use() -> None:
    """All states are reached from the beginning, all events happen somewhere."""
    assert reachable(State.REQUESTED) == set(State) - {State.REQUESTED}
    assert {event for _, event, target in STEPS if target is not None} == set(Event)


def test_refused_steps_change_nothing() -> None:
    """Most steps do not exist; the table cannot be written to. (R-91)"""
    assert sum(target is not None for _, _, target in STEPS) == len(TRANSITIONS)
    with pytest.raises(TypeError):
        TRANSITIONS[State.DECLINED, Event.CAPTURE] = State.CAPTURED  # type: ignore[index]


def test_wire_numbers_are_fixed() -> None:
    """Receipts of years ago must still say the same."""
    assert {state.name: state.value for state in State} == {
        "REQUESTED": 1,
        "AUTHORIZED": 2,
        "CAPTURED": 3,
        "CLEARED": 4,
        "SETTLED": 5,
        "DECLINED": 10,
        "CANCELED": 11,
        "EXPIRED": 12,
        "VOIDED": 13,
        "REJECTED": 14,
        "CHARGED_BACK": 15,
        "UNKNOWN": 20,
    }
