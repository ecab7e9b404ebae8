"""The back office at work: what a finger asks of it, who may, and the page that shows it.

Every command is guarded: what is refused changes nothing, and the refusal is shown. What only the role forbids is
kept until somebody with a larger one types a PIN, or the page is left.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, assert_never

from terminal_app.core.filled_page import filled_page
from terminal_app.core.office_view import Crew, Done, OfficeView
from terminal_app.core.page_permissions import PAGE_PERMISSIONS
from terminal_app.core.queue_porter import PorterCommand, QueuePorter
from terminal_app.journal import Journal, RefundRecord
from terminal_app.journal.office_events import ShopLeft, StaffId
from terminal_app.office import Staff, change_setting, close_day, settings_of
from terminal_app.office_commands import (
    Approve,
    ChangePerson,
    ChangeSetting,
    ClosePage,
    DismissPerson,
    EndTraining,
    EnterPerson,
    ExportQueue,
    GiveRefund,
    HoldQueueCode,
    ImportQueue,
    LeaveShop,
    MakeReport,
    OfficeCommand,
    OpenPage,
    OpenRefund,
    OpenSale,
    Page,
    ReadQueueCodes,
    ReportChoice,
    SearchHistory,
    ShowQueueCodes,
    ShowReportAgain,
    SignIn,
    SignOut,
    StartTraining,
    TurnQueueCode,
)
from terminal_app.receipts import Training
from terminal_app.reports import OfflineFilter, parse_query, queue_view, x_report, z_report
from terminal_app.roles import ALLOWED, Permission, Role
from terminal_app.sale import Till, TillTime
from terminal_app.settings import LIMIT_SETTINGS, Settings
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import RequestId

#: A page that shows how much time is left is made anew this often.
PAGE_LIFETIME_MS: Final = 60_000


class BackOffice:
    """The pages over the keypad. `view` is None while none is open."""

    def __init__(
        self,
        till: Till,
        staff: Staff,
        *,
        time: TillTime,
        send_now: Callable[[], None],
        carry_folder: Path,
        training: Training,
        switch_training: Callable[[Training], None],
    ) -> None:
        self.staff = staff
        self._till = till
        self._time = time
        self._send_now = send_now
        self._porter = QueuePorter(till, time=time, folder=carry_folder)
        self._training = training
        self._switch_training = switch_training
        self._view: OfficeView | None = None
        self._pending: OfficeCommand | None = None
        self._seen_length = -1
        self._seen_ms = 0
        self._touched_ms = time.monotonic_ms()

    @property
    def view(self) -> OfficeView | None:
        """The open page as it is now; made anew when the journal has grown, or a minute of its deadline has gone."""
        if self._view is not None and (self._seen_length != self._journal.length or self.changes_in_ms() == 0):
            self._view = self._filled(self._view)
        return self._view

    def changes_in_ms(self) -> int | None:
        """Milliseconds until the open page says something else by itself, None when it does not."""
        if self._view is None or self._view.queue is None:
            return None
        if self._view.codes_turn or self._view.queue.deadline_s is None:
            return self._porter.turns_in_ms(self._view)
        return max(0, self._seen_ms + PAGE_LIFETIME_MS - self._time.monotonic_ms())

    def turn_codes(self) -> None:
        """Let the next code of the queue follow, when it is time for it."""
        if self._view is not None and self._porter.turns_in_ms(self._view) == 0:
            self._carried(self._porter.obey(TurnQueueCode(), self._view))

    @property
    def crew(self) -> Crew:
        """Who is here."""
        role = self.staff.role
        return Crew(
            people=self.staff.people,
            person=self.staff.signed_in,
            role=role,
            may=ALLOWED[role] if role is not None else frozenset(),
        )

    def keep_scanner_layout(self, pairs: str) -> None:
        """Remember how a typing scanner is read. Whoever has a scanner in hand may: it opens nothing.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        change_setting(self._journal, "scanner_layout", pairs, time=self._time)

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return settings_of(self._till.views)

    def touched(self) -> None:
        """A finger has done something: whoever is signed in is still here."""
        self._touched_ms = self._time.monotonic_ms()

    def signs_out_in_ms(self) -> int | None:
        """Milliseconds until nobody is taken to be here any more, None when that is not so."""
        wait_s = self.settings.sign_out_s
        if not wait_s or self.staff.signed_in is None:
            return None
        return max(0, self._touched_ms + wait_s * 1000 - self._time.monotonic_ms())

    def sign_out_idle(self) -> None:
        """Sign out whoever has gone.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        if self.signs_out_in_ms() == 0:
            self.staff.sign_out()
            self._view = self._pending = None

    @property
    def needs_camera(self) -> bool:
        """Whether the camera is to look, for another till's queue or to show that it works."""
        return self._view is not None and (self._porter.is_reading or self.tests_camera)

    @property
    def tests_camera(self) -> bool:
        """Whether the camera is to show that it works."""
        return self._view is not None and self._view.page is Page.CAMERA

    def scanned(self, text: str) -> None:
        """Take one code of another till's queue, or any at all while the camera is tested.

        Raises:
            MalformedMessageError: no such code, or the whole does not fit together.
            UnavailableError: STORAGE_FAILED.
        """
        page = self._open_view()
        if self.tests_camera:
            self._show(replace(page, codes_read=page.codes_read + 1))
        else:
            self._carried(self._porter.scanned(text, page))

    def obey(self, command: OfficeCommand) -> None:
        """Do what is asked.

        Raises:
            TillcodeError: nothing was done. After ROLE_FORBIDS an `Approve` does it.
        """
        self._porter.stop_reading()
        try:
            self._obey(command, self.staff.role)
        except RuleViolationError as error:
            if error.code is ErrorCode.ROLE_FORBIDS and self.staff.role is not None:
                self._pending = self._pending if isinstance(command, Approve) else command
                self._show(replace(self._open_view(), asks_approval=_permission_of(error)))
            raise

    def _obey(self, command: OfficeCommand, role: Role | None) -> None:
        match command:
            case SignIn():
                self.staff.sign_in(StaffId(command.staff_id), command.pin)
                self.touched()
            case SignOut():
                self.staff.sign_out()
                self._view = self._pending = None
            case Approve():
                self._approve(command)
            case ClosePage():
                self._view = self._pending = None
            case OpenPage():
                self._require(PAGE_PERMISSIONS[command.page], role)
                self._show(OfficeView(page=command.page))
            case SearchHistory() | OpenSale() | OpenRefund() | MakeReport() | ShowReportAgain():
                self._look(command, role)
            case _:
                self._change(command, role)

    def _look(
        self, command: SearchHistory | OpenSale | OpenRefund | MakeReport | ShowReportAgain, role: Role | None
    ) -> None:
        match command:
            case SearchHistory():
                self._require(Permission.SEE_HISTORY, role)
                query = parse_query(
                    command.text,
                    currency=self._till.credentials.currency,
                    since_s=command.since_s,
                    until_s=command.until_s,
                    offline=OfflineFilter(command.offline.value),
                )
                self._show(OfficeView(page=Page.HISTORY, query=query))
            case OpenSale():
                self._require(Permission.SEE_HISTORY, role)
                entry = self._till.refunds.find_entry(command.request_id)
                self._show(OfficeView(page=Page.SALE, entry=entry))
            case OpenRefund():
                self._require(Permission.SEE_HISTORY, role)
                self._show_refund(self._till.refunds.find(command.request_id, command.refund_id))
            case MakeReport():
                self._report(command.kind, role)
            case ShowReportAgain():
                self._require(Permission.REPORT_X, role)
                report = z_report(self._till.views, number=command.number)
                self._show(OfficeView(page=Page.REPORT, report=report))
            case _:
                assert_never(command)

    def _change(
        self,
        command: GiveRefund
        | PorterCommand
        | ChangeSetting
        | EnterPerson
        | ChangePerson
        | DismissPerson
        | LeaveShop
        | StartTraining
        | EndTraining,
        role: Role | None,
    ) -> None:
        match command:
            case GiveRefund():
                self._refund(command, role)
            case (
                ExportQueue() | ShowQueueCodes() | TurnQueueCode() | HoldQueueCode() | ReadQueueCodes() | ImportQueue()
            ):
                self._require(Permission.MOVE_QUEUE, role)
                self._carried(self._porter.obey(command, self._open_view()))
            case ChangeSetting():
                is_limit = command.name in LIMIT_SETTINGS
                self._require(Permission.CHANGE_LIMITS if is_limit else Permission.CHANGE_SETTINGS, role)
                change_setting(self._journal, command.name, command.text, time=self._time)
                self._show(OfficeView(page=Page.SETTINGS, done=Done.SETTING_CHANGED))
            case EnterPerson() | ChangePerson() | DismissPerson():
                self._require(Permission.MANAGE_STAFF, role)
                self._change_staff(command)
            case LeaveShop():
                self._require(Permission.LEAVE_SHOP, role)
                self._leave_shop()
            case StartTraining() | EndTraining():
                self._require(Permission.TRAIN, role)
                self._train(Training.YES if isinstance(command, StartTraining) else Training.NO)
            case _:
                assert_never(command)

    def receipt_saved(self, request_id: RequestId, place: Path) -> None:
        """Say where a receipt lies now."""
        entry = self._till.refunds.find_entry(request_id)
        self._show(OfficeView(page=Page.SALE, entry=entry, done=Done.RECEIPT_SAVED, place=str(place)))

    # --- what is done ---

    def _approve(self, command: Approve) -> None:
        pending, asked = self._pending, self._view.asks_approval if self._view else None
        if pending is None or asked is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "nothing waits for an approval", param="approve")
        role = self.staff.approve(StaffId(command.staff_id), command.pin, asked)
        self._obey(pending, role)
        self._pending = None

    def _report(self, kind: ReportChoice, role: Role | None) -> None:
        currency = self._till.credentials.currency
        if kind is ReportChoice.X:
            self._require(Permission.REPORT_X, role)
            report = x_report(self._till.views, currency=currency, at_s=self._time.now_s())
        else:
            self._require(Permission.REPORT_Z, role)
            report = close_day(self._journal, time=self._time, currency=currency)
        self._show(OfficeView(page=Page.REPORT, report=report))

    def _refund(self, command: GiveRefund, role: Role | None) -> None:
        allowed = self._require(Permission.REFUND, role)
        record = self._till.refunds.ask(
            command.request_id,
            amount_minor=command.amount_minor,
            reason=command.reason,
            cap_minor=self.settings.refund_max_minor(allowed),
        )
        self._show_refund(record)
        self._send_now()

    def _show_refund(self, record: RefundRecord) -> None:
        refund = record.refund.message
        entry = self._till.refunds.find_entry(refund.request_id)
        self._show(OfficeView(page=Page.SALE, entry=entry, refund_id=refund.refund_id))

    def _carried(self, page: OfficeView) -> None:
        self._show(page)
        if page.done is Done.QUEUE_IMPORTED:
            self._send_now()

    def _change_staff(self, command: EnterPerson | ChangePerson | DismissPerson) -> None:
        match command:
            case EnterPerson():
                was_open = self.staff.is_open_to_all
                person = self.staff.enter(command.name, command.role, command.pin)
                if was_open:
                    # Whoever enters the first owner is that owner: nobody is locked out by it.
                    self.staff.sign_in(person.staff_id, command.pin)
            case ChangePerson():
                self.staff.change(StaffId(command.staff_id), name=command.name, role=command.role, pin=command.pin)
            case DismissPerson():
                self.staff.dismiss(StaffId(command.staff_id))
        self._show(OfficeView(page=Page.STAFF, done=Done.PERSON_CHANGED))

    def _check_all_sent(self) -> None:
        waiting = queue_view(self._till.views, at_s=self._time.journal_s())
        if not waiting.is_empty:
            raise MisuseError(ErrorCode.QUEUE_NOT_EMPTY, "something is unsent; send it first", param="queue")

    def _train(self, wanted: Training) -> None:
        """Leave this till for the other one: nobody stays signed in behind somebody's back, nothing stays unsent."""
        if wanted is self._training:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "it is so already", param="training")
        if wanted is Training.YES:
            self._check_all_sent()
            self.staff.sign_out()
        self._view = self._pending = None
        self._switch_training(wanted)

    def _leave_shop(self) -> None:
        self._check_all_sent()
        self._journal.append(ShopLeft(), at_s=self._time.event_s())
        self._view = self._pending = None

    # --- the page ---

    @property
    def _journal(self) -> Journal:
        return self._till.journal

    def _require(self, permission: Permission, role: Role | None) -> Role:
        if role is None or permission not in ALLOWED[role]:
            raise RuleViolationError(
                ErrorCode.ROLE_FORBIDS, f"not allowed to {permission.value}", param=permission.value
            )
        return role

    def _open_view(self) -> OfficeView:
        return self._view or OfficeView(page=Page.MENU)

    def _show(self, view: OfficeView) -> None:
        self._view = self._filled(view)

    def _filled(self, view: OfficeView) -> OfficeView:
        self._seen_length, self._seen_ms = self._journal.length, self._time.monotonic_ms()
        at_s = self._time.journal_s()
        return filled_page(view, views=self._till.views, settings=self.settings, folder=self._porter.folder, at_s=at_s)


def _permission_of(error: RuleViolationError) -> Permission:
    return Permission(error.param)
