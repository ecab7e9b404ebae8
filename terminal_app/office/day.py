"""Closing the day."""

from terminal_app.journal import Journal
from terminal_app.reports import Report, closing_of, report_of
from terminal_app.sale import TillTime
from wallet_sdk.protocol.money import Currency


def close_day(journal: Journal, *, time: TillTime, currency: Currency) -> Report:
    """Make the Z report, durably, and begin a new day. What waits in the queue goes on waiting.

    Raises:
        RuleViolationError: NOTHING_TO_CLOSE.
        UnavailableError: STORAGE_FAILED; the day is as open as it was.
    """
    closing = closing_of(journal.views, currency=currency)
    at_s = time.event_s()
    journal.append(closing, at_s=at_s)
    return report_of(closing, views=journal.views, made_at_s=at_s)
