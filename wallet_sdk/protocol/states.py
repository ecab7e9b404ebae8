"""The life of a payment as one table, shared by wallet, terminal and server.

    REQUESTED ─ authorize ─> AUTHORIZED ─ capture ─> CAPTURED ─ clear ─> CLEARED ─ settle ─> SETTLED
        │                        │                       │                  │                   │
        ├ decline ─> DECLINED    ├ void ──> VOIDED       └───── reject ─────┴──> REJECTED       └ charge back
        ├ cancel ──> CANCELED    ├ expire ─> EXPIRED                                              ─> CHARGED_BACK
        ├ expire ──> EXPIRED     └ reject ─> REJECTED
        └ lose ────> UNKNOWN ─ (what the server says) ─> AUTHORIZED, CAPTURED, DECLINED, CANCELED, EXPIRED, ...

UNKNOWN is what a client holds until it has asked; the server never holds it.
"""

from enum import IntEnum, unique
from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError


@unique
class State(IntEnum):
    """State of a payment; the number goes over the wire in receipts."""

    REQUESTED = 1
    AUTHORIZED = 2
    CAPTURED = 3
    CLEARED = 4
    SETTLED = 5
    DECLINED = 10
    CANCELED = 11
    EXPIRED = 12
    VOIDED = 13
    REJECTED = 14
    CHARGED_BACK = 15
    UNKNOWN = 20

    @property
    def is_paid(self) -> bool:
        """Whether the merchant holds the money, or the promise of it."""
        return self in _PAID

    @property
    def is_final(self) -> bool:
        """Whether no event can change it any more."""
        return not any(source is self for source, _ in TRANSITIONS)


@unique
class Event(IntEnum):
    """What can happen to a payment."""

    AUTHORIZE = 1
    CAPTURE = 2
    CLEAR = 3
    SETTLE = 4
    DECLINE = 10
    CANCEL = 11
    EXPIRE = 12
    VOID = 13
    REJECT = 14
    CHARGE_BACK = 15
    LOSE = 20


#: What a request that was closed before anybody paid is, for ever; no consent is needed to say so.
CLOSED_UNPAID: Final = frozenset({State.CANCELED, State.EXPIRED})
_PAID: Final = frozenset({State.AUTHORIZED, State.CAPTURED, State.CLEARED, State.SETTLED})

TRANSITIONS: Final = MappingProxyType(
    {
        (State.REQUESTED, Event.AUTHORIZE): State.AUTHORIZED,
        (State.REQUESTED, Event.DECLINE): State.DECLINED,
        (State.REQUESTED, Event.CANCEL): State.CANCELED,
        (State.REQUESTED, Event.EXPIRE): State.EXPIRED,
        (State.REQUESTED, Event.LOSE): State.UNKNOWN,
        (State.AUTHORIZED, Event.CAPTURE): State.CAPTURED,
        (State.AUTHORIZED, Event.VOID): State.VOIDED,
        (State.AUTHORIZED, Event.EXPIRE): State.EXPIRED,
        (State.AUTHORIZED, Event.REJECT): State.REJECTED,
        (State.CAPTURED, Event.CLEAR): State.CLEARED,
        (State.CAPTURED, Event.REJECT): State.REJECTED,
        (State.CLEARED, Event.SETTLE): State.SETTLED,
        (State.CLEARED, Event.REJECT): State.REJECTED,
        (State.SETTLED, Event.CHARGE_BACK): State.CHARGED_BACK,
        (State.UNKNOWN, Event.AUTHORIZE): State.AUTHORIZED,
        (State.UNKNOWN, Event.CAPTURE): State.CAPTURED,
        (State.UNKNOWN, Event.DECLINE): State.DECLINED,
        (State.UNKNOWN, Event.CANCEL): State.CANCELED,
        (State.UNKNOWN, Event.EXPIRE): State.EXPIRED,
    }
)


def advance(state: State, event: Event) -> State:
    """The state after an event.

    Raises:
        RuleViolationError: BAD_TRANSITION when the table has no such step; nothing changes.
    """
    after = TRANSITIONS.get((state, event))
    if after is None:
        raise RuleViolationError(
            ErrorCode.BAD_TRANSITION, f"a payment that is {state.name} cannot {event.name}", param="state"
        )
    return after
