"""What happened at this till, durably: events, the file they are appended to, and the views folded from them."""

from terminal_app.journal.file import SCHEMA_VERSION, Journal
from terminal_app.journal.views import Membership, Sale, Views

__all__ = ["SCHEMA_VERSION", "Journal", "Membership", "Sale", "Views"]
