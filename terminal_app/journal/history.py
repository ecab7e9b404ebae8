"""One line a sale, small enough to keep thousands of them in memory, and how a sale moves the day's totals."""

from dataclasses import dataclass
from typing import Final

from terminal_app.journal.events import Way
from terminal_app.journal.office_events import StaffId
from terminal_app.journal.sales import Sale
from terminal_app.journal.totals import UNPAID_FIELDS, Totals
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.states import State

#: Sales whose line stays in memory: some weeks of a busy till. Older ones are read from the file.
HISTORY_MAX: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One sale as the history lists it. Amounts are minor units of `currency`; times seconds since the epoch.

    Attributes:
        accepted_at_s: when it was accepted offline, None when it was not.
        refunded_minor: what went back, or may have.
    """

    request_id: RequestId
    opened_at_s: int
    changed_at_s: int
    state: State
    paid_minor: int
    tip_minor: int
    currency: Currency
    reference: str
    way: Way
    staff_id: StaffId
    accepted_at_s: int | None = None
    error_code: int = 0
    held_code: int = 0
    refunded_minor: int = 0

    @property
    def amount(self) -> Money:
        return Money(minor=self.paid_minor, currency=self.currency)

    @property
    def refundable_minor(self) -> int:
        """What can still go back: nothing before the server has confirmed the payment."""
        confirmed = self.state.is_paid and self.state is not State.AUTHORIZED
        return self.paid_minor - self.refunded_minor if confirmed else 0


def entry_of(sale: Sale, *, refunded_minor: int = 0) -> HistoryEntry:
    """The line of a sale."""
    request = sale.request.message
    return HistoryEntry(
        request_id=request.request_id,
        opened_at_s=sale.opened_at_s,
        changed_at_s=sale.changed_at_s,
        state=sale.state,
        paid_minor=sale.paid_minor,
        tip_minor=sale.tip_minor,
        currency=request.currency,
        reference=sale.reference,
        way=sale.way,
        staff_id=sale.staff_id,
        accepted_at_s=sale.accepted_at_s,
        error_code=sale.error_code,
        held_code=sale.held_code,
        refunded_minor=refunded_minor,
    )


def totals_after(totals: Totals, *, before: Sale, after: Sale) -> Totals:
    """The day's totals after one step of one sale."""
    if after.state is before.state:
        return totals
    if after.state is State.AUTHORIZED:
        return totals.with_payment("accepted_offline", paid_minor=after.paid_minor, tip_minor=after.tip_minor)
    if after.state is State.CAPTURED:
        return _after_capture(totals, before=before, after=after)
    field_name = UNPAID_FIELDS.get(after.state)
    if field_name is None:
        return totals
    counted = totals.with_one(field_name, minor=after.paid_minor)
    gave_tip = after.state is State.REJECTED and after.tip_minor
    return counted.with_one("tips", minor=-after.tip_minor, count=-1) if gave_tip else counted


def _after_capture(totals: Totals, *, before: Sale, after: Sale) -> Totals:
    if after.accepted_at_s is None:
        return totals.with_payment("paid_online", paid_minor=after.paid_minor, tip_minor=after.tip_minor)
    settled = totals.with_one("settled_offline", minor=after.paid_minor)
    # Another payer answered the same request, perhaps with another tip: that one counts, and this one was not charged.
    difference_minor = after.paid_minor - before.paid_minor
    if not difference_minor:
        return settled
    count = bool(after.tip_minor) - bool(before.tip_minor)
    corrected = settled.with_one("accepted_offline", minor=difference_minor, count=0)
    return corrected.with_one("tips", minor=difference_minor, count=count)
