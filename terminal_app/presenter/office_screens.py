"""The pages of the back office: menu, history, one sale, reports, queue, people, settings; and who signs in."""

from collections.abc import Callable
from functools import partial
from typing import Final

from terminal_app.core import Place, Snapshot
from terminal_app.core.office_view import Crew, OfficeView
from terminal_app.i18n import MessageId
from terminal_app.journal import HistoryEntry, Person, RefundRecord
from terminal_app.office.staff import PIN_DIGITS_MAX
from terminal_app.office_commands import (
    ClosePage,
    EndTraining,
    MakeReport,
    OfflineChoice,
    OpenDrawer,
    OpenPage,
    OpenRefund,
    OpenSale,
    Page,
    PrintReceipt,
    PrintReport,
    ReportChoice,
    SavePdf,
    SearchHistory,
    ShowReportAgain,
    SignOut,
    StartTraining,
)
from terminal_app.presenter.devices_page import camera_page, devices_page
from terminal_app.presenter.people_page import ROLES, people_page
from terminal_app.presenter.queue_pages import carried_page, carry_page, queue_page
from terminal_app.presenter.report_rows import report_rows
from terminal_app.presenter.sale_done import sale_done
from terminal_app.presenter.setting_rows import setting_rows
from terminal_app.presenter.wording import Wording
from terminal_app.receipts import Training
from terminal_app.reports import OfflineFilter
from terminal_app.roles import ALLOWED, Permission
from terminal_app.screen_model import (
    Action,
    Choice,
    Confirm,
    Emphasis,
    Mark,
    PageButton,
    PersonChoice,
    PinAsk,
    PinPurpose,
    Reason,
    RefundOffer,
    Row,
    ScreenModel,
    ScreenName,
    SearchOffer,
    TurnAway,
)
from terminal_app.settings import Fitted, Settings
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.states import State

_TO_MENU: Final = OpenPage(page=Page.MENU)
_REASONS: Final = {
    "returned": MessageId.REASON_RETURNED,
    "mistake": MessageId.REASON_MISTAKE,
    "twice": MessageId.REASON_TWICE,
    "other": MessageId.REASON_OTHER,
}
_MARKS: Final = {
    State.AUTHORIZED: Mark.STORED,
    State.CAPTURED: Mark.GOOD,
    State.CLEARED: Mark.GOOD,
    State.SETTLED: Mark.GOOD,
    State.UNKNOWN: Mark.UNKNOWN,
    State.REQUESTED: Mark.OPEN,
    State.CANCELED: Mark.OPEN,
    State.EXPIRED: Mark.OPEN,
}


class OfficeScreens:
    """The pages in one language."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def sign_in(self, snapshot: Snapshot, crew: Crew) -> ScreenModel:
        """Somebody must sign in before anything is sold."""
        lines = self._wording.refusal_lines(snapshot) or (self._wording.text(MessageId.SIGN_IN_HINT),)
        return self._pin(snapshot, crew.people, PinPurpose.SIGN_IN, lines=lines, back=None)

    def turn_back(self, snapshot: Snapshot) -> ScreenModel:
        """Somebody wants the tablet back from the customer."""
        people = snapshot.crew.people if snapshot.crew is not None else ()
        lines = self._wording.refusal_lines(snapshot) or (self._wording.text(MessageId.SIGN_IN_HINT),)
        return self._pin(snapshot, people, PinPurpose.TURN_BACK, lines=lines, back=TurnAway())

    def page(self, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
        """The open page."""
        if view.asks_approval is not None and snapshot.crew is not None:
            return self._approval(snapshot, view.asks_approval, snapshot.crew)
        pages: dict[Page, Callable[[Snapshot, OfficeView], ScreenModel]] = {
            Page.MENU: self._menu,
            Page.HISTORY: self._history,
            Page.SALE: self._sale,
            Page.REPORT: self._report,
            Page.QUEUE: partial(queue_page, self._wording),
            Page.CARRY: partial(carry_page, self._wording),
            Page.CARRIED: partial(carried_page, self._wording),
            Page.STAFF: partial(people_page, self._wording),
            Page.SETTINGS: self._settings,
            Page.DEVICES: partial(devices_page, self._wording),
            Page.CAMERA: partial(camera_page, self._wording),
        }
        return pages[view.page](snapshot, view)

    # --- who ---

    def _approval(self, snapshot: Snapshot, permission: Permission, crew: Crew) -> ScreenModel:
        people = tuple(person for person in crew.people if permission in ALLOWED[person.role])
        lines = self._wording.refusal_lines(snapshot) or (self._wording.text(MessageId.NEEDS_SUPERVISOR),)
        return self._pin(snapshot, people, PinPurpose.APPROVE, lines=lines, back=ClosePage())

    def _pin(
        self,
        snapshot: Snapshot,
        people: tuple[Person, ...],
        purpose: PinPurpose,
        *,
        lines: tuple[str, ...],
        back: object,
    ) -> ScreenModel:
        text = self._wording.text
        choices = tuple(
            PersonChoice(staff_id=each.staff_id, name=each.name, role=text(ROLES[each.role])) for each in people
        )
        ask = PinAsk(purpose=purpose, people=choices, digits_max=PIN_DIGITS_MAX, sign_in=text(MessageId.DO_SIGN_IN))
        return self._wording.screen(snapshot, ScreenName.SIGN_IN, lines=lines, back=back, pin=ask)

    # --- pages ---

    def _menu(self, snapshot: Snapshot, _view: OfficeView) -> ScreenModel:
        text, crew = self._wording.text, snapshot.crew
        people = Choice(
            robot_id="staff",
            label=text(MessageId.STAFF),
            detail="" if crew is None or crew.people else text(MessageId.NONE_SET),
            press=OpenPage(page=Page.STAFF),
        )
        choices = [
            *(self._shop_choices(snapshot) if snapshot.place is Place.KEYPAD else ()),
            Choice(robot_id="settings", label=text(MessageId.SETTINGS), press=OpenPage(page=Page.SETTINGS)),
            Choice(robot_id="devices", label=text(MessageId.DEVICES), press=OpenPage(page=Page.DEVICES)),
            people,
            *self._drawer_choice(snapshot.settings),
            self._training_choice(snapshot.training),
        ]
        person = crew.person if crew is not None else None
        if person is not None:
            choices.append(
                Choice(robot_id="sign_out", label=text(MessageId.DO_SIGN_OUT), detail=person.name, press=SignOut())
            )
        return self._wording.screen(
            snapshot,
            ScreenName.MENU,
            lines=self._wording.refusal_lines(snapshot),
            back=ClosePage(),
            choices=tuple(choices),
        )

    def _drawer_choice(self, settings: Settings) -> tuple[Choice, ...]:
        if settings.drawer is Fitted.NO:
            return ()
        return (Choice(robot_id="drawer", label=self._wording.text(MessageId.DRAWER), press=OpenDrawer()),)

    def _training_choice(self, training: Training) -> Choice:
        """Into training only after a question: a till with play money must never be one by mistake."""
        text = self._wording.text
        if training is Training.YES:
            return Choice(robot_id="training", label=text(MessageId.DO_TRAINING_OFF), press=EndTraining())
        start = Choice(robot_id="start_training", label=text(MessageId.DO_TRAINING_ON), press=StartTraining())
        ask = Confirm(hint=text(MessageId.TRAINING_HINT), choice=start)
        return Choice(robot_id="training", label=start.label, press=ask)

    def _shop_choices(self, snapshot: Snapshot) -> tuple[Choice, ...]:
        """What only a till of a shop has."""
        text = self._wording.text
        waiting = snapshot.stored_count + snapshot.closure_count
        total = Money(minor=snapshot.stored_minor, currency=snapshot.currency)
        return (
            Choice(robot_id="history", label=text(MessageId.HISTORY), press=SearchHistory()),
            Choice(
                robot_id="queue",
                label=text(MessageId.QUEUE),
                detail=f"{waiting} · {self._wording.money(total)}" if waiting else text(MessageId.QUEUE_EMPTY),
                press=OpenPage(page=Page.QUEUE),
            ),
            Choice(robot_id="x_report", label=text(MessageId.REPORTS), press=MakeReport(kind=ReportChoice.X)),
        )

    def _history(self, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
        text, query = self._wording.text, view.query
        everything = query.offline is OfflineFilter.ALL
        other = Action(
            command=PageButton.ONLY_OFFLINE if everything else PageButton.ALL_SALES,
            label=text(MessageId.DO_ONLY_OFFLINE if everything else MessageId.DO_ALL),
            press=SearchHistory(
                text=query.reference, offline=OfflineChoice.ACCEPTED_OFFLINE if everything else OfflineChoice.ALL
            ),
        )
        rows = tuple(self._history_row(entry) for entry in view.entries)
        lines = self._wording.refusal_lines(snapshot) or (() if rows else (text(MessageId.NOTHING_FOUND),))
        return self._wording.screen(
            snapshot,
            ScreenName.HISTORY,
            lines=lines,
            back=_TO_MENU,
            rows=rows,
            search=SearchOffer(text=query.reference),
            actions=(other,),
        )

    def _history_row(self, entry: HistoryEntry) -> Row:
        return Row(
            robot_id=f"sale_{entry.request_id.hex()}",
            title=self._wording.state_word(entry.state),
            detail=" · ".join(each for each in (self._wording.clock(entry.opened_at_s), entry.reference) if each),
            amount=self._wording.amount_text(entry.amount),
            mark=_MARKS.get(entry.state, Mark.BAD),
            press=OpenSale(request_id=entry.request_id),
        )

    def _sale(self, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
        text, entry = self._wording.text, view.entry
        assert entry is not None, "the page of a sale has one"
        if view.done is not None or view.refund_id is not None:
            return sale_done(self._wording, snapshot, view, entry)
        rows = [
            Row(
                robot_id="state",
                title=self._wording.state_word(entry.state),
                amount=self._wording.amount_text(entry.amount),
                mark=_MARKS.get(entry.state, Mark.BAD),
            ),
            Row(robot_id="time", title=text(MessageId.TIME), value=self._wording.moment(entry.opened_at_s)),
        ]
        if entry.tip_minor:
            tip = Money(minor=entry.tip_minor, currency=entry.currency)
            rows.append(Row(robot_id="tip", title=text(MessageId.TIPS), amount=self._wording.amount_text(tip)))
        if entry.reference:
            rows.append(Row(robot_id="reference", title=text(MessageId.REFERENCE, reference=entry.reference)))
        rows += [self._refund_row(record) for record in view.refunds]
        is_open = any(record.is_open for record in view.refunds)
        offer = self._offer(entry) if entry.refundable_minor > 0 else None
        refund = Action(command=PageButton.REFUND, label=text(MessageId.DO_REFUND), emphasis=Emphasis.DANGER)
        printing = Action(
            command=PageButton.PRINT, label=text(MessageId.DO_PRINT), press=PrintReceipt(request_id=entry.request_id)
        )
        saving = Action(
            command=PageButton.SAVE_PDF, label=text(MessageId.DO_SAVE_PDF), press=SavePdf(request_id=entry.request_id)
        )
        return self._wording.screen(
            snapshot,
            ScreenName.SALE,
            lines=self._wording.refusal_lines(snapshot),
            warning=text(MessageId.REFUND_WARNING) if is_open else "",
            back=SearchHistory(),
            rows=tuple(rows),
            refund=offer,
            actions=(printing, saving, refund) if offer is not None and not is_open else (printing, saving),
        )

    def _refund_row(self, record: RefundRecord) -> Row:
        refund = record.refund.message
        words, mark = MessageId.REFUNDED, Mark.GOOD
        if record.is_open:
            words, mark = MessageId.REFUND_WAITS, Mark.UNKNOWN
        elif record.is_refused:
            words, mark = MessageId.REFUND_REFUSED, Mark.BAD
        return Row(
            robot_id=f"refund_{refund.refund_id.hex()}",
            title=self._wording.text(words),
            amount=self._wording.amount_text(Money(minor=refund.amount_minor, currency=refund.currency)),
            mark=mark,
            press=OpenRefund(request_id=refund.request_id, refund_id=refund.refund_id),
        )

    def _offer(self, entry: HistoryEntry) -> RefundOffer:
        text = self._wording.text
        left = Money(minor=entry.refundable_minor, currency=entry.currency)
        return RefundOffer(
            request_id=entry.request_id,
            left_minor=left.minor,
            headline=text(MessageId.REFUND),
            most=text(MessageId.REFUND_MOST, left=self._wording.money(left)),
            reasons=tuple(Reason(reason=reason, label=text(words)) for reason, words in _REASONS.items()),
            refund=text(MessageId.DO_REFUND),
            refund_all=text(MessageId.DO_REFUND_ALL),
            own_reason="other",
            reason_word=text(MessageId.REASON),
            done=text(MessageId.DO_DONE),
        )

    def _report(self, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
        text, report = self._wording.text, view.report
        again = [
            Action(
                command=PageButton.Z_AGAIN,
                label=text(MessageId.Z_REPORT, number=str(number)),
                press=ShowReportAgain(number=number),
            )
            for number in view.z_numbers[-1:]
        ]
        if report is None:
            return self._wording.screen(
                snapshot,
                ScreenName.REPORT,
                headline=text(MessageId.REPORTS),
                lines=self._wording.refusal_lines(snapshot),
                back=_TO_MENU,
                actions=tuple(again),
            )
        is_x = report.kind.value == ReportChoice.X.value
        close = Action(command=PageButton.CLOSE_DAY, label=text(MessageId.DO_CLOSE_DAY), emphasis=Emphasis.DANGER)
        printing = Action(command=PageButton.PRINT, label=text(MessageId.DO_PRINT), press=PrintReport())
        number = str(report.number)
        return self._wording.screen(
            snapshot,
            ScreenName.REPORT,
            headline=text(MessageId.X_REPORT) if is_x else text(MessageId.Z_REPORT, number=number),
            lines=self._wording.refusal_lines(snapshot),
            back=_TO_MENU,
            rows=report_rows(self._wording, report),
            confirm=Choice(
                robot_id=PageButton.CLOSE_DAY.value,
                label=text(MessageId.DO_CLOSE_DAY),
                detail=text(MessageId.Z_HINT),
                press=MakeReport(kind=ReportChoice.Z),
            ),
            actions=(printing, *again, close) if is_x else (printing,),
        )

    def _settings(self, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
        return self._wording.screen(
            snapshot,
            ScreenName.SETTINGS,
            lines=self._wording.refusal_lines(snapshot),
            back=_TO_MENU,
            rows=setting_rows(self._wording, snapshot, view.settings),
        )
