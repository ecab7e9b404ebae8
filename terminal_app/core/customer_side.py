"""A tablet that is turned around: while the customer looks at it, the glass shows the sale and nothing of the office.

    CASHIER ── a sale begins, and the shop turns its tablet ──> CUSTOMER ── TurnBack ──> ASKING ── a PIN ──> CASHIER
       ^                                                            ^                      │
       └── no sale on the counter any more                          └────── TurnAway ──────┘

A till without people has no PIN to ask for: there the long press of the button is the whole guard.
"""

from typing import Final

from terminal_app.core.snapshot import Place, Side
from terminal_app.journal.office_events import StaffId
from terminal_app.office import Staff
from terminal_app.screen_model import TurnAway, TurnBack

_WITH_CUSTOMER: Final = frozenset({Place.SHOW, Place.SCAN, Place.VERIFYING, Place.RESULT, Place.RECEIPT})


class CustomerSide:
    """Which side the glass is on. `side` is what the core shows."""

    def __init__(self, staff: Staff) -> None:
        self.side = Side.CASHIER
        self._staff = staff
        self._was_selling = False

    def follow(self, place: Place, *, turns: bool) -> None:
        """A sale that begins turns the glass to the customer, its end turns it back."""
        is_selling = place in _WITH_CUSTOMER
        if not is_selling or not turns:
            self.side = Side.CASHIER
        elif not self._was_selling:
            self.side = Side.CUSTOMER
        self._was_selling = is_selling

    def obey(self, command: TurnBack | TurnAway) -> None:
        """Turn the glass, if whoever asks may.

        Raises:
            RuleViolationError: LOCKED_OUT, WRONG_PIN; the glass stays as it is.
            MisuseError: BAD_ARGUMENT when nobody of this number works here.
            UnavailableError: STORAGE_FAILED.
        """
        if self.side is Side.CASHIER:
            return
        if isinstance(command, TurnAway):
            self.side = Side.CUSTOMER
        elif self._staff.is_open_to_all:
            self.side = Side.CASHIER
        elif command.staff_id is None:
            self.side = Side.ASKING
        else:
            self._staff.sign_in(StaffId(command.staff_id), command.pin)
            self.side = Side.CASHIER
