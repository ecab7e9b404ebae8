"""What can be seen of the back office at one moment, as values."""

from dataclasses import dataclass
from enum import Enum, unique
from pathlib import Path

from terminal_app.journal import HistoryEntry, Person, RefundRecord, Sale
from terminal_app.office_commands import Page
from terminal_app.reports import HistoryQuery, QueueView, Report
from terminal_app.roles import Permission, Role
from terminal_app.settings import Settings
from wallet_sdk.protocol.ids import RequestId


@unique
class Done(Enum):
    """What has just been done, for a word on the page."""

    SIGNED_IN = "signed_in"
    SETTING_CHANGED = "setting_changed"
    PERSON_CHANGED = "person_changed"
    QUEUE_EXPORTED = "queue_exported"
    QUEUE_IMPORTED = "queue_imported"
    SHOP_LEFT = "shop_left"
    RECEIPT_SAVED = "receipt_saved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who is here. `role` is None while somebody must sign in before anything is sold."""

    people: tuple[Person, ...]
    person: Person | None
    role: Role | None
    may: frozenset[Permission]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeView:
    """An open page.

    Attributes:
        done: what has just been done here, None when nothing.
        asks_approval: what was refused for want of a role and can be approved by somebody's PIN.
        query, entries: what the history was asked, and its answer, the newest first.
        entry, sale, refunds: the sale that is looked at; `sale` is None for one too old to be in memory.
        refund_id: the refund whose panel says what became of it, None when the sale itself is looked at.
        report: the report that is looked at; `z_numbers` are those that can be looked at again.
        queue: what waits, on the page of the queue.
        queue_codes: texts of the codes that carry it, to be shown in turn; `code_at` is the one that is shown.
        codes_turn: whether they follow each other by themselves.
        is_reading_codes: whether another till's sequence is being read; `missing_codes` are those not seen yet.
        brought_count: payments in the file that was taken last.
        place: the file that was written last, or the folder that is looked into.
        files: saved queues in it, the newest first.
        codes_read: codes that the camera has read since its page was opened.
    """

    page: Page
    done: Done | None = None
    asks_approval: Permission | None = None
    query: HistoryQuery = HistoryQuery()  # noqa: RUF009 - frozen
    entries: tuple[HistoryEntry, ...] = ()
    entry: HistoryEntry | None = None
    sale: Sale | None = None
    refunds: tuple[RefundRecord, ...] = ()
    refund_id: RequestId | None = None
    report: Report | None = None
    z_numbers: tuple[int, ...] = ()
    queue: QueueView | None = None
    queue_codes: tuple[str, ...] = ()
    code_at: int = 0
    codes_turn: bool = False
    is_reading_codes: bool = False
    missing_codes: tuple[int, ...] = ()
    brought_count: int = 0
    place: str = ""
    files: tuple[Path, ...] = ()
    codes_read: int = 0
    settings: Settings = Settings()  # noqa: RUF009 - frozen
