"""What happened at this till, durably: events, the file they are appended to, and the views folded from them."""

from terminal_app.journal.database import SCHEMA_VERSION
from terminal_app.journal.file import Journal
from terminal_app.journal.history import HistoryEntry
from terminal_app.journal.mirror import MirrorState
from terminal_app.journal.office import OfficeViews, Person, RefundRecord
from terminal_app.journal.sales import Membership, Sale
from terminal_app.journal.totals import Standing, Tally, Totals
from terminal_app.journal.views import Views

__all__ = [
    "SCHEMA_VERSION",
    "HistoryEntry",
    "Journal",
    "Membership",
    "MirrorState",
    "OfficeViews",
    "Person",
    "RefundRecord",
    "Sale",
    "Standing",
    "Tally",
    "Totals",
    "Views",
]
