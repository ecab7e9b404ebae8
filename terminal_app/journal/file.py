"""The journal file: events in SQLite, appended and on the disk before `append` returns, each linked to the one before.

One process at a time owns the file. Nothing in it is updated or deleted; the database itself refuses that.
`link` = SHA-256(link of the event before || number || kind || time || body): a missing, changed or swapped
event in the middle is found when the file is opened. (Cutting off the end is not: that is what the outbox's
answers and the server's numbers are for.)

Source: SQLite documentation, pragma.html#pragma_synchronous ("FULL" in WAL mode syncs on each commit).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from terminal_app.journal.checkpoint import Checkpoint, path_beside, read_checkpoint, write_checkpoint
from terminal_app.journal.database import (
    FIRST_LINK,
    Row,
    broken_at,
    connect,
    honest_errors,
    insert,
    link_at,
    link_of,
    linked_rows,
)
from terminal_app.journal.events import JournalEvent, SaleEvent, SaleOpened, decode_event, encode_event
from terminal_app.journal.mirror import Mirror, MirrorState
from terminal_app.journal.office_events import JournalRepaired
from terminal_app.journal.sales import Sale, opened_sale, stepped_sale
from terminal_app.journal.views import Views
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.ids import RequestId

_log = logging.getLogger(__name__)


class Journal:
    """The events of a till and the views folded from them. One thread at a time may use it."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it; every event behind the last checkpoint is read and its link checked.

        The events before a checkpoint are checked by `check_older`, in small parts, when there is time.

        Raises:
            UnavailableError: STORAGE_NEWER, STORAGE_CORRUPT, or STORAGE_FAILED (disk, or another process has it).
        """
        self._views = Views()
        self._number = 0
        self._link = FIRST_LINK
        self._checkpoint = path_beside(path)
        self._saved_number = self._trusted_number = 0
        self._checked_number, self._checked_link = 0, FIRST_LINK
        self._mirror: Mirror | None = None
        self._in_batch = False
        self._database = connect(path)
        try:
            self._load()
        except UnavailableError:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def views(self) -> Views:
        """What the events add up to; only `append` changes it."""
        return self._views

    @property
    def length(self) -> int:
        """How many events there are."""
        return self._number

    def append(self, event: JournalEvent, *, at_s: int) -> None:
        """Make one fact durable, then let the views know it. When this raises, nothing has changed.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        kind, body = encode_event(event)
        assert decode_event(kind, body) == event, "what is written can be read"
        # A fact that does not fit the ones before is a bug of ours and must not reach the disk.
        checked = self._views.check(event, at_s=at_s)
        number = self._number + 1
        link = link_of(self._link, number=number, kind=kind, at_s=at_s, body=body)
        with honest_errors():
            insert(self._database, Row(number=number, kind=kind, at_s=at_s, body=body, link=link))
        self._number, self._link = number, link
        self._views.apply(event, at_s=at_s, checked=checked)
        self._follow()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Let several facts become durable at once, when the block ends; a failure takes all of them back.

        Raises:
            UnavailableError: STORAGE_FAILED; the views are then read anew from what is on the disk.
        """
        with honest_errors():
            self._database.execute("BEGIN IMMEDIATE")
        kept, self._in_batch = False, True
        try:
            yield
            with honest_errors():
                self._database.execute("COMMIT")
            kept = True
        finally:
            self._in_batch = False
            if not kept:
                self._take_back()
        self._follow()

    def events(self) -> Iterator[tuple[JournalEvent, int]]:
        """Every event and its time in seconds since the epoch, read from the disk with its link checked.

        Raises:
            UnavailableError: STORAGE_CORRUPT, STORAGE_FAILED.
        """
        for row in linked_rows(self._database):
            yield decode_event(row.kind, row.body), row.at_s

    def find_sale(self, request_id: RequestId) -> Sale | None:
        """One sale, read from the disk however old it is.

        Raises:
            UnavailableError: STORAGE_CORRUPT, STORAGE_FAILED.
        """
        sale: Sale | None = None
        with honest_errors():
            rows = self._database.execute(
                "SELECT kind, at_s, body FROM events WHERE instr(body, ?) ORDER BY number", (request_id,)
            )
            for kind, at_s, body in rows:
                event = decode_event(kind, body)
                if isinstance(event, SaleOpened) and event.request_id == request_id:
                    sale = opened_sale(event, at_s=at_s)
                elif sale is not None and isinstance(event, SaleEvent) and event.request_id == request_id:
                    sale = stepped_sale(sale, event, at_s=at_s)
        return sale

    @property
    def unsaved_count(self) -> int:
        """Events that the next start will have to fold."""
        return self._number - self._saved_number

    def save_checkpoint(self) -> None:
        """Spare the next start the events so far. A disk that does not take it is no error: nothing depends on it."""
        assert not self._in_batch, "what is not kept yet is not in a checkpoint"
        try:
            write_checkpoint(self._checkpoint, Checkpoint(number=self._number, link=self._link, views=self._views))
        except OSError as error:
            _log.warning("no checkpoint could be written: %s", error)
        self._saved_number = self._number

    @property
    def is_checked(self) -> bool:
        """Whether every event that was not read at the start has been looked at since."""
        return self._checked_number >= self._trusted_number

    def check_older(self, count: int) -> None:
        """Check the links of the next so many events that the last start took from a checkpoint.

        Raises:
            UnavailableError: STORAGE_CORRUPT: the checkpoint is gone, and the next start finds out and repairs;
                STORAGE_FAILED.
        """
        if self.is_checked:
            return
        last = min(self._checked_number + count, self._trusted_number)
        try:
            for row in linked_rows(self._database, after=self._checked_number, link=self._checked_link, until=last):
                self._checked_number, self._checked_link = row.number, row.link
            if self._checked_number != last:
                raise broken_at(self._checked_number + 1)
        except UnavailableError as error:
            if error.code is ErrorCode.STORAGE_CORRUPT:
                self._checkpoint.unlink(missing_ok=True)
            raise

    @property
    def mirror_state(self) -> MirrorState:
        """How the second journal does."""
        return self._mirror.state if self._mirror is not None else MirrorState.NONE

    def attach_mirror(self, path: Path, *, at_s: int) -> None:
        """Keep a second journal from now on, and take from it what this one has lost at its end.

        A second journal that is missing, broken or of another till is a warning (`mirror_state`), never an error.

        Raises:
            UnavailableError: STORAGE_FAILED of this journal itself.
        """
        self._mirror = Mirror(path)
        lost = self._mirror.rows_after(self._database, number=self._number)
        if lost:
            with self.batch():
                for row in lost:
                    insert(self._database, row)
                    self._take(row)
                repaired = JournalRepaired(
                    kept_as="", good_count=lost[0].number - 1, mirror_count=len(lost), saved_count=0, lost_count=0
                )
                self.append(repaired, at_s=max(at_s, self._views.last_event_at_s))
        self._follow()

    def close(self) -> None:
        """Let go of the files; may be called twice."""
        self._database.close()
        if self._mirror is not None:
            self._mirror.close()

    def _take_back(self) -> None:
        """Undo a batch. SQLite may have undone it by itself (a full disk): the views are read anew all the same."""
        with honest_errors():
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
        self._load()

    def _load(self) -> None:
        """Fold what the last checkpoint does not have; everything, when there is none that fits this file."""
        self._views, self._number, self._link = Views(), 0, FIRST_LINK
        found = read_checkpoint(self._checkpoint)
        if found is not None and link_at(self._database, found.number) == found.link:
            self._views, self._number, self._link = found.views, found.number, found.link
        self._trusted_number = self._saved_number = self._number
        for row in linked_rows(self._database, after=self._number, link=self._link):
            self._take(row)

    def _take(self, row: Row) -> None:
        self._number, self._link = row.number, row.link
        self._views.apply(decode_event(row.kind, row.body), at_s=row.at_s)

    def _follow(self) -> None:
        if self._mirror is not None and not self._in_batch:
            self._mirror.follow(self._database, number=self._number)
