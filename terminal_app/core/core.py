"""The core: takes one event at a time, in one thread, and shows a snapshot when something has changed.

    finger ── Command ──┐                         ┌─ show(Snapshot) ──> presenter ──> screen
    scanner ─ Scanned ──┼──> step(event) ──> till ┤
    lanes ─── Returned ─┘    tick()               └─ submit(Errand) ──> lanes ──> server

It owns no thread and never waits: `due_in_ms` says when `tick` is wanted next, so a test can drive it by hand.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, assert_never

from terminal_app.core.back_office import BackOffice
from terminal_app.core.counter import CounterSale
from terminal_app.core.customer_side import CustomerSide
from terminal_app.core.desk_work import DeskWork
from terminal_app.core.events import CoreEvent, Returned, Scanned, ScannerFailed
from terminal_app.core.guidance import guidance
from terminal_app.core.housekeeping import Housekeeping
from terminal_app.core.link import ServerLink, switched_off, told_off_s
from terminal_app.core.page_permissions import DESK_PERMISSIONS
from terminal_app.core.ports import Lane, Lanes, Scanner
from terminal_app.core.snapshot import Place, Side, Snapshot
from terminal_app.desk import Desk, EmptyDesk
from terminal_app.device_queue import DeskReport
from terminal_app.devices.wedge import LayoutVerdict, judge_calibration, layout_of, pairs_of, without_symbology
from terminal_app.errands import Errand, Purpose
from terminal_app.office import Staff
from terminal_app.office_commands import (
    ClosePage,
    DeskCommand,
    DeviceKind,
    OfficeCommand,
    OpenPage,
    Page,
    SavePdf,
    TryDevice,
)
from terminal_app.outbox import Outbox
from terminal_app.receipts import Training
from terminal_app.roles import Permission
from terminal_app.sale import Till, TillTime
from terminal_app.screen_model import (
    AmountTyped,
    Cancel,
    CheckAgain,
    Command,
    Enrol,
    FocusMoved,
    NetworkState,
    NextSale,
    ScanAnswer,
    ScanCustomer,
    ScanTyped,
    SendNow,
    ShowCode,
    ShowReceipt,
    SideCommand,
    SwitchNetwork,
)
from terminal_app.settings import Fitted
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError, UnavailableError
from wallet_sdk.transport import NetworkSwitch

#: Where the pages of the back office may be open.
_OFFICE_PLACES: Final = frozenset({Place.KEYPAD, Place.ENROL})


class TerminalCore:
    """Everything the terminal does, but for drawing, looking and waiting."""

    def __init__(
        self,
        till: Till,
        outbox: Outbox,
        *,
        staff: Staff,
        link: ServerLink,
        lanes: Lanes,
        scanner: Scanner,
        time: TillTime,
        server_url: str,
        show: Callable[[Snapshot], None],
        desk: Desk | None = None,
        training: Training = Training.NO,
        switch_training: Callable[[Training], None] = lambda _wanted: None,
        carry_folder: Path,
        receipt_folder: Path,
    ) -> None:
        self._till = till
        self._outbox = outbox
        self._link = link
        self._lanes = lanes
        self._show = show
        self._server_url = server_url
        self._network = NetworkState.UNTRIED
        self._typed_code, self._join_refusals = "", 0
        self._scanner = scanner
        self._counter = CounterSale(till, lanes=lanes, scanner=scanner, time=time)
        self._office = BackOffice(
            till,
            staff,
            time=time,
            send_now=outbox.send_now,
            carry_folder=carry_folder,
            training=training,
            switch_training=switch_training,
        )
        self._desk = DeskWork(till, desk or EmptyDesk(), receipt_folder=receipt_folder)
        self._housekeeping = Housekeeping(till.journal)
        self._training = training
        self._side = CustomerSide(staff)
        self._shown: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot:
        """What can be seen now."""
        views, counter = self._till.views, self._counter
        membership = views.membership
        certificate = membership.certificate.message if membership else None
        return Snapshot(
            place=counter.place,
            currency=self._till.credentials.currency,
            network=self._network,
            clock_off_s=told_off_s(self._link.clock_off_s),
            server_url=self._server_url,
            typed_code=self._typed_code if counter.place is Place.ENROL else "",
            join_refusals=self._join_refusals,
            shop=certificate.merchant_name if certificate else "",
            till=str(certificate.terminal_id) if certificate else "",
            sale=counter.sale,
            scan_for=counter.scan_for,
            refusal=counter.refusal,
            remaining_s=counter.remaining_s,
            closes_in_s=counter.closes_in_s,
            result=views.result_sale,
            stored_count=len(views.stored),
            stored_minor=views.stored_minor,
            closure_count=len(views.closures),
            disputed=tuple(views.sales[one] for one in views.disputed),
            limits=self._office.settings.narrowed(membership.limits) if membership else None,
            operators_limits=membership.limits if membership else None,
            device_faults=tuple(sorted(self._desk.faults.items(), key=lambda one: one[0].value)),
            device_works=tuple(sorted(self._desk.works, key=lambda one: one.value)),
            training=self._training,
            side=self._side.side,
            mirror=self._till.journal.mirror_state,
            repaired=views.office.repaired,
            settings=self._office.settings,
            crew=self._office.crew,
            office=self._office.view if counter.place in _OFFICE_PLACES else None,
        )

    def start(self) -> None:
        """Clear up after the last run, in which nobody stands here any more, connect, and show the first screen.

        Raises:
            UnavailableError: STORAGE_FAILED.
            MisuseError: BAD_ARGUMENT when the server's address is none.
        """
        self._office.staff.sign_out()
        membership = self._till.views.membership
        if membership is not None:
            self._till.recover()
            self._server_url = membership.server_url
            self._link.connect(membership.server_url)
            self._counter.resume()
        self.tick()

    def step(self, event: CoreEvent) -> None:
        """Take one event, whole, and show what has changed."""
        match event:
            case Returned():
                self._note_network(event.outcome)
                self._returned(event)
            case Scanned():
                self._scanned(event)
            case ScanTyped():
                self._office.touched()
                self._scan_typed(event.text)
            case ScannerFailed():
                self._camera_failed(event.error)
            case DeskReport():
                counter = self._counter
                counter.refusal = self._desk.reported(event, shown=counter.refusal, place=counter.place)
            case FocusMoved() | AmountTyped():
                self._office.touched()
                self._desk.speak(guidance(event, self._office.settings.language, self._till.credentials.currency))
            case _:
                self._obey(event)
        self.tick()

    def tick(self) -> None:
        """Do what is due by now, and show what has changed."""
        self._counter.tick()
        if self._counter.place is Place.KEYPAD:
            self._sign_out_idle()
            self._office.turn_codes()
            self._housekeeping.work()
        if self._network is not NetworkState.SWITCHED_OFF:
            errand = self._outbox.next_errand(busy_with=self._counter.busy_with)
            if errand is not None:
                self._lanes.submit(Lane.OUTBOX, errand)
        self._side.follow(self._counter.place, turns=self._office.settings.customer_side is Fitted.YES)
        now = self.snapshot
        if now != self._shown:
            self._shown = now
            self._desk.follow(now)
            self._show(now)

    def due_in_ms(self) -> int | None:
        """Milliseconds until `tick` is wanted; None while only an event can change anything."""
        due_ms = [self._counter.due_in_ms()]
        if self._counter.place is Place.KEYPAD:
            due_ms += [self._office.signs_out_in_ms(), self._office.changes_in_ms(), self._housekeeping.due_in_ms()]
        if self._network is not NetworkState.SWITCHED_OFF:
            due_ms.append(self._outbox.due_in_ms(busy_with=self._counter.busy_with))
        return min((one for one in due_ms if one is not None), default=None)

    def _obey(self, command: Command | SideCommand | OfficeCommand | DeskCommand) -> None:
        self._office.touched()
        if isinstance(command, SideCommand):
            self._counter.guarded(lambda: self._side.obey(command))
            return
        if self._side.side is Side.CASHIER:  # the customer may press nothing of the till's
            self._obey_cashier(command)

    def _obey_cashier(self, command: Command | OfficeCommand | DeskCommand) -> None:
        if isinstance(command, DeskCommand):
            self._counter.guarded(lambda: self._desk_obey(command))
            return
        if isinstance(command, OfficeCommand):
            self._office_obey(command)
            return
        match command:
            case Enrol():
                self._try_to_join(lambda: self._join(command))
            case ShowCode() | ScanCustomer():
                self._sell(command)
            case SwitchNetwork():
                self._switch(NetworkSwitch(command.wanted.value))
            case SendNow():
                self._outbox.send_now()
            case ScanAnswer() | Cancel() | NextSale() | ShowReceipt() | CheckAgain():
                self._counter.obey(command)
            case _:
                assert_never(command)

    # --- the back office ---

    def _sell(self, command: ShowCode | ScanCustomer) -> None:
        """Sell, if whoever stands here may."""
        try:
            self._office.staff.check_may(Permission.SELL)
        except TillcodeError as error:
            self._counter.refusal = error
            return
        if self._counter.place is Place.KEYPAD:
            self._office_obey(ClosePage())
        self._counter.obey(command)

    def _office_obey(self, command: OfficeCommand) -> None:
        """Pages lie over the keypad (and over the form to join a shop); nothing of them while something is sold."""
        if self._counter.place not in _OFFICE_PLACES:
            return
        needed = self._office.needs_camera
        self._counter.guarded(lambda: self._office.obey(command))
        if self._office.needs_camera:
            self._scanner.start()
        self._let_camera_rest(was_needed=needed)
        joined = self._till.views.membership is not None
        self._counter.place = Place.KEYPAD if joined else Place.ENROL

    def _desk_obey(self, command: DeskCommand) -> None:
        if isinstance(command, TryDevice) and command.kind is DeviceKind.CAMERA:
            self._office_obey(OpenPage(page=Page.CAMERA))
            return
        self._office.staff.check_may(DESK_PERMISSIONS[type(command)])
        if isinstance(command, SavePdf):
            place = self._desk.save_pdf(command, self.snapshot)
            self._office.receipt_saved(command.request_id, place)
            return
        self._desk.obey(command, now=self.snapshot)

    def _sign_out_idle(self) -> None:
        if self._office.signs_out_in_ms() == 0:
            needed = self._office.needs_camera
            self._counter.guarded(self._office.sign_out_idle)
            self._let_camera_rest(was_needed=needed)

    def _let_camera_rest(self, *, was_needed: bool) -> None:
        if was_needed and not self._office.needs_camera:
            self._scanner.stop()

    def _camera_failed(self, error: TillcodeError) -> None:
        self._counter.refusal = error if self._office.needs_camera else self._counter.refusal
        self._counter.scanner_failed(error)

    def _scanned(self, event: Scanned) -> None:
        if not self._office.needs_camera:
            self._counter.scanned(event.texts)
            return
        if self._office.tests_camera and event.source is not DeviceKind.CAMERA:
            return
        for text in event.texts:
            if self._office.needs_camera:
                self._counter.guarded(partial(self._office.scanned, text))
        self._let_camera_rest(was_needed=True)

    def _scan_typed(self, text: str) -> None:
        """Take what a typing scanner has sent; its calibration code says how everything after it is read."""
        layout = judge_calibration(without_symbology(text))
        if layout is None:
            meant = layout_of(self._office.settings.scanner_layout).corrected(text)
            self._scanned(Scanned(texts=(without_symbology(meant),), source=DeviceKind.SCANNER))
            return
        fault = None
        if layout.verdict is LayoutVerdict.UNUSABLE:
            fault = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "set the scanner to another keyboard layout")
        self._desk.reported(DeskReport(kind=DeviceKind.SCANNER, error=fault))
        self._counter.guarded(lambda: self._office.keep_scanner_layout(pairs_of(layout)))

    # --- the shop ---

    def _try_to_join(self, work: Callable[[], None]) -> None:
        self._counter.guarded(work)
        self._join_refusals += self._counter.refusal is not None

    def _join(self, command: Enrol) -> None:
        if self._counter.place is not Place.ENROL:
            return
        self._typed_code = command.activation_code
        self._office.staff.check_may(Permission.JOIN_SHOP)
        message = self._till.credentials.begin_enrolment(command.activation_code.strip()).envelope
        self._server_url = command.server_url.strip()
        self._link.connect(self._server_url)
        self._counter.place = Place.JOINING
        self._lanes.submit(
            Lane.COUNTER,
            Errand(
                purpose=Purpose.ENROL,
                send=lambda client: client.post_message(api.PATH_ENROL_TERMINAL, message, api.TerminalEnrolled),
            ),
        )

    def _joined(self, outcome: object) -> None:
        self._counter.place = Place.ENROL
        if isinstance(outcome, TillcodeError):
            raise outcome
        assert isinstance(outcome, api.TerminalEnrolled)
        self._till.credentials.join(outcome, server_url=self._server_url)
        self._counter.place = Place.KEYPAD

    # --- the network ---

    def _returned(self, event: Returned) -> None:
        purpose, errand = event.errand.purpose, event.errand
        if purpose is Purpose.ENROL:
            self._try_to_join(lambda: self._joined(event.outcome))
        elif event.lane is Lane.OUTBOX:
            self._send_ahead(errand, event.outcome)
            self._counter.guarded(lambda: self._outbox.take(errand, event.outcome))
        elif event.lane is Lane.LISTEN:
            # A poll that was under way when the switch was turned off: the till hears nothing any more.
            off = self._network is NetworkState.SWITCHED_OFF
            self._counter.heard(errand, switched_off() if off else event.outcome)
        else:
            self._counter.returned(errand, event.outcome)

    def _send_ahead(self, answered: Errand, outcome: object) -> None:
        """While an answer is written down, the server already works on the next batch."""
        if self._network is not NetworkState.SWITCHED_OFF:
            errand = self._outbox.errand_ahead(answered, outcome, busy_with=self._counter.busy_with)
            if errand is not None:
                self._lanes.submit(Lane.OUTBOX, errand)

    def _note_network(self, outcome: object) -> None:
        if self._link.position is NetworkSwitch.OFF:
            self._network = NetworkState.SWITCHED_OFF
        elif isinstance(outcome, TillcodeError) and outcome.code is ErrorCode.SWITCHED_OFF:
            self._outbox.note_no_network()
        elif isinstance(outcome, UnavailableError):
            # Whatever answered instead of the server (a proxy, a hotel's log-in page) is no network for us.
            self._network = NetworkState.OFFLINE
            self._outbox.note_no_network()
        else:
            self._network = NetworkState.ONLINE
            self._outbox.note_network()
        self._counter.network = self._network

    def _switch(self, wanted: NetworkSwitch) -> None:
        self._link.switch(wanted)
        off = wanted is NetworkSwitch.OFF
        self._network = NetworkState.SWITCHED_OFF if off else NetworkState.UNTRIED
        self._counter.network = self._network
        if not off:
            self._outbox.send_now()
