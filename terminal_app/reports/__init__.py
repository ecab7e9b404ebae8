"""What the journal can be asked: X and Z reports, the history, the queue. Pure functions over its views."""

from terminal_app.reports.day import Report, ReportKind, closing_of, report_of, x_report, z_report
from terminal_app.reports.queue import QueueItem, QueueView, queue_view
from terminal_app.reports.search import HistoryQuery, OfflineFilter, parse_query, search

__all__ = [
    "HistoryQuery",
    "OfflineFilter",
    "QueueItem",
    "QueueView",
    "Report",
    "ReportKind",
    "closing_of",
    "parse_query",
    "queue_view",
    "report_of",
    "search",
    "x_report",
    "z_report",
]
