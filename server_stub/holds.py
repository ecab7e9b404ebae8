"""The roads that a hold may take, all of them from AUTHORIZED and none of them back.

AUTHORIZED ─ capture a part or all ─> CAPTURED      the rest is released at once
    ├─────── void ──────────────────> VOIDED        all is released
    └─────── its time has run out ──> EXPIRED       all is released
"""

from dataclasses import dataclass

from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.states import Event, State, advance

#: A payment that waits for its capture.
HELD: State = advance(State.REQUESTED, Event.AUTHORIZE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnd:
    """How a hold ends: minor units that the merchant gets, minor units that the payer gets back."""

    state: State
    captured_minor: int
    released_minor: int


def completed(state: State, *, held_minor: int, asked_minor: int, expires_at_s: int, at_s: int) -> HoldEnd:
    """The merchant asks for a part of a hold, or for nothing, which voids it.

    Raises:
        RuleViolationError: BAD_TRANSITION when it has ended before, EXPIRED when its time is over and only nobody
            has noticed yet, AMOUNT_MISMATCH when more is asked than is held.
    """
    after = advance(state, Event.CAPTURE if asked_minor else Event.VOID)
    if at_s >= expires_at_s:
        raise RuleViolationError(ErrorCode.EXPIRED, "the hold has expired", param="hold_h")
    if asked_minor > held_minor:
        raise RuleViolationError(
            ErrorCode.AMOUNT_MISMATCH, f"{asked_minor} is more than the {held_minor} held", param="amount_minor"
        )
    return HoldEnd(state=after, captured_minor=asked_minor, released_minor=held_minor - asked_minor)


def expired(state: State, *, held_minor: int) -> HoldEnd:
    """A hold's time has run out.

    Raises:
        RuleViolationError: BAD_TRANSITION when it has ended before.
    """
    return HoldEnd(state=advance(state, Event.EXPIRE), captured_minor=0, released_minor=held_minor)
