"""Carrying the queue by hand, as the page of the queue shows it: saved, shown as codes, read in."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from terminal_app.core.office_view import Done, OfficeView
from terminal_app.office.carried import CodeCollector, codes_of
from terminal_app.office.carry_folder import CarryFolder
from terminal_app.office.courier import Brought, QueueCourier
from terminal_app.office_commands import (
    ExportQueue,
    HoldQueueCode,
    ImportQueue,
    Page,
    ReadQueueCodes,
    ShowQueueCodes,
    TurnQueueCode,
)
from terminal_app.sale import Till, TillTime

PorterCommand = ExportQueue | ShowQueueCodes | TurnQueueCode | HoldQueueCode | ReadQueueCodes | ImportQueue

#: A code stands so long before the next one follows: a slow camera sees it in several pictures.
CODE_MS: Final = 2_000


class QueuePorter:
    """Does what is asked and gives the page that shows it. `is_reading` while another till's codes are awaited."""

    def __init__(self, till: Till, *, time: TillTime, folder: Path) -> None:
        self.folder = CarryFolder(folder)
        self._till = till
        self._time = time
        self._courier = QueueCourier(till, time=time)
        self._collector: CodeCollector | None = None
        self._turned_ms = 0

    @property
    def is_reading(self) -> bool:
        """Whether the scanner is to look for another till's queue."""
        return self._collector is not None

    def stop_reading(self) -> None:
        """Forget what was read so far."""
        self._collector = None

    def turns_in_ms(self, page: OfficeView) -> int | None:
        """Milliseconds until the next code follows by itself; None when none does."""
        return max(0, self._turned_ms + CODE_MS - self._time.monotonic_ms()) if page.codes_turn else None

    def obey(self, command: PorterCommand, page: OfficeView) -> OfficeView:
        """Carry.

        Raises:
            MisuseError: BAD_ARGUMENT for a queue too long for codes.
            MalformedMessageError: a file that holds no queue.
            UnavailableError: STORAGE_FAILED; its `param` is "file" when it is the stick's fault.
        """
        self._turned_ms = self._time.monotonic_ms()
        match command:
            case ExportQueue():
                return self._export(command.path)
            case ShowQueueCodes():
                codes = codes_of(self._courier.export_bytes())
                return OfficeView(page=Page.QUEUE, queue_codes=codes, codes_turn=len(codes) > 1)
            case HoldQueueCode():
                return replace(page, codes_turn=not page.codes_turn and len(page.queue_codes) > 1)
            case TurnQueueCode():
                return replace(page, code_at=(page.code_at + 1) % max(1, len(page.queue_codes)))
            case ReadQueueCodes():
                self._collector = CodeCollector()
                return OfficeView(page=Page.QUEUE, is_reading_codes=True)
            case ImportQueue():
                return self._brought(self._courier.import_file(command.path))

    def scanned(self, text: str, page: OfficeView) -> OfficeView:
        """Take one code of another till's queue.

        Raises:
            MalformedMessageError: no such code, or the whole does not fit together.
            UnavailableError: STORAGE_FAILED.
        """
        assert self._collector is not None, "asked only while codes are read"
        content = self._collector.add(text)
        if content is None:
            return replace(page, missing_codes=self._collector.missing)
        return self._brought(self._courier.import_bytes(content))

    def _export(self, path: Path | None) -> OfficeView:
        membership = self._till.views.membership
        till = str(membership.certificate.message.terminal_id) if membership is not None else ""
        target = path or self.folder.new_path(till=till, at_s=self._time.now_s())
        self._courier.export_file(target)
        return OfficeView(page=Page.QUEUE, done=Done.QUEUE_EXPORTED, place=str(target))

    def _brought(self, brought: Brought) -> OfficeView:
        self._collector = None
        count = brought.payment_count + brought.closed_count
        return OfficeView(page=Page.QUEUE, done=Done.QUEUE_IMPORTED, brought_count=count)
