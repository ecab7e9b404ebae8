"""What the core wants of the desk: which moment is announced how, and what is printed."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from terminal_app.config import assets_folder
from terminal_app.core.snapshot import Place, Snapshot
from terminal_app.desk import Announcement, Desk
from terminal_app.device_queue import DeskReport
from terminal_app.devices.boundary import FILE_LIMIT_S, DriverThread
from terminal_app.devices.paper import Paper
from terminal_app.devices.signals import Signal
from terminal_app.devices.trouble import Trouble, trouble_of
from terminal_app.journal import Sale
from terminal_app.journal.history import entry_of
from terminal_app.journal.office_events import StaffId
from terminal_app.office_commands import DeviceKind, OpenDrawer, PrintReceipt, PrintReport, SavePdf, TryDevice
from terminal_app.receipts import Edition, Letterhead, refund_paper, report_paper, sale_paper
from terminal_app.reports import Report
from terminal_app.sale import Till
from terminal_app.screen_model import Language, money_text
from terminal_app.settings import Settings
from terminal_app.sounds import Phrase, Speech, Tone, amount_clips
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.states import State

#: State of the sale on the counter -> light, tone, sentence. Of what was paid the amount is spoken too.
_OUTCOMES: Final = {
    State.AUTHORIZED: (Signal.GOOD, Tone.ACCEPTED_OFFLINE, Phrase.ACCEPTED_OFFLINE),
    State.CAPTURED: (Signal.GOOD, Tone.PAID, Phrase.PAID),
    State.CLEARED: (Signal.GOOD, Tone.PAID, Phrase.PAID),
    State.SETTLED: (Signal.GOOD, Tone.PAID, Phrase.PAID),
    State.DECLINED: (Signal.BAD, Tone.NOT_PAID, Phrase.NOT_PAID),
    State.REJECTED: (Signal.BAD, Tone.NOT_PAID, Phrase.NOT_PAID),
    State.VOIDED: (Signal.BAD, Tone.NOT_PAID, Phrase.NOT_PAID),
    State.CHARGED_BACK: (Signal.BAD, Tone.NOT_PAID, Phrase.NOT_PAID),
    State.CANCELED: (Signal.IDLE, Tone.ENDED, Phrase.CANCELLED),
    State.EXPIRED: (Signal.IDLE, Tone.ENDED, Phrase.EXPIRED),
    State.UNKNOWN: (Signal.UNKNOWN, Tone.UNKNOWN, Phrase.UNKNOWN),
    State.REQUESTED: (Signal.UNKNOWN, Tone.UNKNOWN, Phrase.UNKNOWN),
}
assert set(_OUTCOMES) == set(State), "every state is heard"

#: Devices that are only there when an address is set, and the setting that names it.
ADDRESSES: Final = {
    DeviceKind.PRINTER: "printer",
    DeviceKind.DRAWER: "printer",
    DeviceKind.SCANNER: "scanner",
    DeviceKind.LIGHTS: "lights",
    DeviceKind.DISPLAY: "display",
}
#: A receipt is made in a fifth of a second on a small machine, the first one in two (Pillow and fpdf2 are loaded).
PDF_LIMIT_S: Final = 10.0


class DeskWork:
    """Announces moments and prints. `faults` are the devices that did not do what was asked last."""

    def __init__(self, till: Till, desk: Desk, *, receipt_folder: Path) -> None:
        self._receipt_folder = receipt_folder
        self._till = till
        self._desk = desk
        self._settings: Settings | None = None
        self._announced: tuple[object, ...] = ()
        self._refunds_out: frozenset[RequestId] = frozenset(till.views.office.open_refunds)
        self._printed: set[RequestId] = set()
        self.faults: dict[DeviceKind, Trouble] = {}
        self.works: set[DeviceKind] = set()
        self._tested: set[DeviceKind] = set()
        self._pressed: dict[DeviceKind, Place] = {}
        self._pdf = DriverThread("pdf")
        self._disk = DriverThread("file", code=ErrorCode.STORAGE_FAILED)

    def follow(self, now: Snapshot) -> None:
        """Tell the desk what has changed."""
        if now.settings != self._settings:
            self._forget_changed(self._settings, now.settings)
            self._settings = now.settings
            self._desk.configure(now.settings)
        moment = (now.place, now.sale.request_id, now.sale.state) if now.sale is not None else (now.place,)
        if moment != self._announced:
            self._announced = moment
            self._desk.announce(announcement_of(now))
        self._follow_refunds(now)

    def speak(self, clips: Speech) -> None:
        """Voice guidance: what the ring lies around, and what was typed."""
        if clips:
            self._desk.speak(clips)

    def _follow_refunds(self, now: Snapshot) -> None:
        """Money that has gone back is told, unless there is a sale on the counter: its customer is somebody else."""
        office = self._till.views.office
        answered = self._refunds_out - office.open_refunds.keys()
        self._refunds_out = frozenset(office.open_refunds)
        if now.sale is not None:
            return
        for refund_id in answered:
            record = office.refunds[refund_id]
            if not record.is_refused:
                refund = record.refund.message
                amount = Money(minor=refund.amount_minor, currency=refund.currency)
                self._desk.announce(refund_announcement(amount, language=now.settings.language))

    def reported(
        self, report: DeskReport, *, shown: TillcodeError | None = None, place: Place | None = None
    ) -> TillcodeError | None:
        """A device has done what was asked, or has not.

        Args:
            report: what has become of it.
            shown: the refusal on the screen.
            place: where the till is.

        Returns:
            The refusal to show from now on: a fault stands where it was asked for, until the device works.
        """
        kind, error = report.kind, report.error
        if error is None:
            self.faults.pop(kind, None)
            if kind in self._tested:
                self.works.add(kind)
            return None if shown is not None and shown.param == kind.value else shown
        self.faults[kind] = trouble_of(error)
        self.works.discard(kind)
        was_pressed = kind in self._pressed and self._pressed.pop(kind) is place
        told = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, error.message, param=kind.value)
        return told if was_pressed else shown

    def _forget_changed(self, before: Settings | None, settings: Settings) -> None:
        """What is known of a device is known of the one at the address before."""
        for kind, name in ADDRESSES.items():
            if before is not None and getattr(before, name) != getattr(settings, name):
                self.faults.pop(kind, None)
                self.works.discard(kind)

    def obey(self, command: PrintReceipt | PrintReport | OpenDrawer | TryDevice, *, now: Snapshot) -> None:
        """Do what a finger asks of the desk.

        Raises:
            MisuseError: BAD_ARGUMENT when there is nothing to print; NOT_ENROLLED.
            RuleViolationError: UNKNOWN_PAYMENT.
            UnavailableError: STORAGE_FAILED.
        """
        self._pressed[_asked_of(command)] = now.place
        match command:
            case PrintReceipt():
                self._print_receipt(command, now)
            case PrintReport():
                report = now.office.report if now.office is not None else None
                self._print_report(report, now)
            case OpenDrawer():
                self._desk.open_drawer()
            case TryDevice():
                self._tested.add(command.kind)
                self.works.discard(command.kind)
                self._desk.test(command.kind)

    def _print_receipt(self, command: PrintReceipt, now: Snapshot) -> None:
        request_id, refund_id = command.request_id or (now.sale.request_id if now.sale else None), command.refund_id
        if request_id is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "there is no sale to print", param="request_id")
        printed = refund_id or request_id
        edition = Edition.COPY if printed in self._printed else Edition.FIRST
        paper = self._receipt(request_id, refund_id, now, edition)
        # The paper of a refund that is not answered yet says so: the one that says what became of it is no copy of it.
        if refund_id is None or refund_id not in self._till.refunds.open_ids:
            self._printed.add(printed)
        self._desk.print_paper(paper)

    def save_pdf(self, command: SavePdf, now: Snapshot) -> Path:
        """Write a receipt as PDF; the same receipt is the same file, and may be written again.

        Raises:
            RuleViolationError: UNKNOWN_PAYMENT.
            UnavailableError: STORAGE_FAILED for the folder; DEVICE_UNAVAILABLE when no PDF can be made.
        """
        made_at_s, name, shown_id = self._find(command.request_id).changed_at_s, "receipt", command.request_id
        if command.refund_id is not None:
            record = self._till.refunds.find(command.request_id, command.refund_id)
            made_at_s, name, shown_id = record.changed_at_s, "refund", command.refund_id
        paper = self._receipt(command.request_id, command.refund_id, now, Edition.FIRST)
        content = self._pdf.call(lambda: _pdf_of(paper, made_at_s), limit_s=PDF_LIMIT_S)
        moment = datetime.fromtimestamp(made_at_s, tz=UTC)
        path = self._receipt_folder / f"{name}-{moment:%Y%m%d-%H%M%S}-{shown_id.hex()[-6:]}.pdf"
        self._disk.call(lambda: self._write(path, content), limit_s=FILE_LIMIT_S)
        return path

    def _write(self, path: Path, content: bytes) -> None:
        try:
            self._receipt_folder.mkdir(exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, f"the receipt: {error.strerror}", param="file") from error

    def _receipt(self, request_id: RequestId, refund_id: RequestId | None, now: Snapshot, edition: Edition) -> Paper:
        """The receipt of a sale, or of one of its refunds."""
        sale = self._find(request_id)
        if refund_id is not None:
            record = self._till.refunds.find(request_id, refund_id)
            name = self._staff_name(record.staff_id)
            return refund_paper(
                record, head=self._head(now), reference=sale.reference, staff_name=name, edition=edition
            )
        return sale_paper(
            entry_of(sale, refunded_minor=self._till.views.office.refunded_minor(request_id)),
            head=self._head(now),
            receipt=sale.receipt or sale.offline_receipt,
            staff_name=self._staff_name(sale.staff_id),
            edition=edition,
        )

    def _print_report(self, report: Report | None, now: Snapshot) -> None:
        if report is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "there is no report to print", param="report")
        self._desk.print_paper(report_paper(report, head=self._head(now)))

    def _find(self, request_id: RequestId) -> Sale:
        sale = self._till.views.sales.get(request_id) or self._till.journal.find_sale(request_id)
        return sale if sale is not None else self._till.views.sale(request_id)

    def _head(self, now: Snapshot) -> Letterhead:
        shop = self._till.credentials.membership.certificate.message
        return Letterhead(
            shop=shop,
            language=now.settings.receipt_language or now.settings.language,
            footer=now.settings.receipt_footer,
            training=now.training,
        )

    def _staff_name(self, staff_id: StaffId) -> str:
        person = self._till.views.office.staff.get(staff_id)
        return person.name if person is not None else ""


def _pdf_of(paper: Paper, made_at_s: int) -> bytes:
    from terminal_app.receipts.pdf import pdf_of  # Pillow: not before the first one is made

    return pdf_of(paper, fonts=assets_folder() / "fonts", made_at_s=made_at_s)


def _asked_of(command: PrintReceipt | PrintReport | OpenDrawer | TryDevice) -> DeviceKind:
    if isinstance(command, TryDevice):
        return command.kind
    return DeviceKind.DRAWER if isinstance(command, OpenDrawer) else DeviceKind.PRINTER


def refund_announcement(amount: Money, *, language: Language) -> Announcement:
    """What is shown and said when money has gone back."""
    return Announcement(
        signal=Signal.GOOD,
        tone=Tone.ENDED,
        clips=(Phrase.REFUNDED.value, *amount_clips(amount.minor, amount.currency, language)),
        first=Phrase.REFUNDED.value.upper(),
        second=money_text(amount, language),
    )


def announcement_of(now: Snapshot) -> Announcement:
    """What the counter shows and says of this moment."""
    sale = now.sale
    if sale is None:
        return Announcement(signal=Signal.IDLE, first=now.shop)
    amount = money_text(sale.amount, now.settings.language)
    clips = amount_clips(sale.amount.minor, sale.amount.currency, now.settings.language)
    match now.place:
        case Place.RESULT:
            signal, tone, phrase = _OUTCOMES[sale.state]
            spoken = (phrase.value, *clips) if sale.state.is_paid else (phrase.value,)
            return Announcement(
                signal=signal, tone=tone, clips=spoken, first=phrase.value.replace("_", " ").upper(), second=amount
            )
        case Place.SHOW | Place.RECEIPT:
            waiting = Announcement(signal=Signal.WAITING, first=now.shop, second=amount, is_bright=True)
            if now.place is Place.RECEIPT:
                return replace(waiting, signal=Signal.GOOD)
            return replace(waiting, clips=(Phrase.SHOW_CODE.value, *clips))
        case Place.VERIFYING:
            # A code was read: whoever holds it may lower the arm.
            read = Tone.SCANNED if sale.consent is not None else None
            return Announcement(signal=Signal.WAITING, tone=read, first=now.shop, second=amount)
        case _:
            return Announcement(signal=Signal.WAITING, first=now.shop, second=amount)
