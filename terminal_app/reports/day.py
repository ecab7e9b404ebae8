"""X and Z reports. X: a look at the open day, at any time. Z: the day is closed, under the next number, once.

    Z 1 <- Z 2 <- Z 3 <- (the open day: X)

A Z report holds the digest of the one before, so that none can be taken out or changed; the journal refuses any
that is not the next one or does not say what its own facts add up to.
"""

from dataclasses import dataclass, replace
from enum import Enum, unique

from terminal_app.journal import Standing, Tally, Totals, Views
from terminal_app.journal.office import closing_digest
from terminal_app.journal.office_events import NOBODY, DayClosed, StaffId
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Digest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State


@unique
class ReportKind(Enum):
    """Whether the day goes on after it."""

    X = "X"
    Z = "Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. Sums are minor units of `currency`; times seconds since the epoch.

    Attributes:
        number: of a Z report; of an X report the number that the next Z will have.
        before: digest of the Z report before, empty for the first.
        digest: of this Z report, empty for X.
        opened_at_s: when the first fact of the day came, 0 when nothing has happened yet.
        staff_name: who made it, "" for nobody in particular.
        standing: what stood open at that moment, the queue included: the offline section.
    """

    kind: ReportKind
    number: int
    before: Digest
    digest: Digest
    opened_at_s: int
    made_at_s: int
    currency: Currency
    staff_name: str
    totals: Totals
    standing: Standing


def x_report(views: Views, *, currency: Currency, at_s: int) -> Report:
    """The open day so far. It changes nothing and may be made at any time.

    Args:
        currency: of this till, for a day on which nothing was sold yet.
        at_s: now, in seconds since the epoch.
    """
    office = views.office
    last = office.last_closing
    return Report(
        kind=ReportKind.X,
        number=(last.number if last else 0) + 1,
        before=last.digest if last else Digest(b""),
        digest=Digest(b""),
        opened_at_s=office.period.opened_at_s,
        made_at_s=at_s,
        currency=office.period.currency or currency,
        staff_name=_name(views, office.signed_in),
        totals=office.period.totals,
        standing=standing_of(views),
    )


def closing_of(views: Views, *, currency: Currency) -> DayClosed:
    """The fact that closes the day, for the journal to append.

    Raises:
        RuleViolationError: NOTHING_TO_CLOSE when nothing has happened since the last one.
    """
    office = views.office
    if office.period.totals.is_empty:
        raise RuleViolationError(ErrorCode.NOTHING_TO_CLOSE, "nothing happened since the last Z report", param="totals")
    last = office.last_closing
    closing = DayClosed(
        number=(last.number if last else 0) + 1,
        before=last.digest if last else Digest(b""),
        opened_at_s=office.period.opened_at_s,
        currency=(office.period.currency or currency).number,
        staff_id=office.signed_in,
        totals=office.period.totals,
        standing=standing_of(views),
        digest=Digest(b""),
    )
    return replace(closing, digest=closing_digest(closing))


def report_of(closing: DayClosed, *, views: Views, made_at_s: int) -> Report:
    """A Z report as it was made: a reprint says exactly the same."""
    return Report(
        kind=ReportKind.Z,
        number=closing.number,
        before=closing.before,
        digest=closing.digest,
        opened_at_s=closing.opened_at_s,
        made_at_s=made_at_s,
        currency=Currency.from_number(closing.currency),
        staff_name=_name(views, closing.staff_id),
        totals=closing.totals,
        standing=closing.standing,
    )


def z_report(views: Views, *, number: int) -> Report:
    """An earlier Z report, for a reprint.

    Raises:
        RuleViolationError: UNKNOWN_PAYMENT when there is none of that number in memory.
    """
    closing = views.office.closings.get(number)
    if closing is None:
        raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, f"there is no Z report {number} here", param="number")
    return report_of(closing, views=views, made_at_s=views.office.closed_at_s[number])


def standing_of(views: Views) -> Standing:
    """What stands open now."""
    unknown, disputed, refunds = Tally(), Tally(), Tally()
    for sale in views.sales.values():
        if sale.state is State.UNKNOWN:
            unknown = unknown.plus(sale.paid_minor)
    for request_id in views.disputed:
        disputed = disputed.plus(views.sales[request_id].paid_minor)
    for refund_id in views.office.open_refunds:
        refunds = refunds.plus(views.office.refunds[refund_id].refund.message.amount_minor)
    return Standing(
        stored=Tally(count=len(views.stored), sum_minor=views.stored_minor),
        oldest_at_s=min((sale.accepted_at_s or 0 for sale in views.stored_sales), default=0),
        unknown=unknown,
        disputed=disputed,
        refunds_open=refunds,
    )


def _name(views: Views, staff_id: StaffId) -> str:
    return "" if staff_id == NOBODY else views.office.staff[staff_id].name
