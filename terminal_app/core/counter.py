"""The sale on the counter: what the cashier sees of it, what is asked about it, and when."""

from collections.abc import Callable
from typing import Final, assert_never

from terminal_app.core.ports import Lane, Lanes, Scanner
from terminal_app.core.snapshot import Place, ScanFor
from terminal_app.errands import Errand, Purpose, capture_errand, closure_errand
from terminal_app.journal import Sale
from terminal_app.journal.events import CloseReason, Way
from terminal_app.office import settings_of
from terminal_app.sale import NextStep, Reach, Taken, Till, TillTime, tip_at_till, tip_for_code
from terminal_app.screen_model import (
    Cancel,
    CheckAgain,
    NetworkState,
    NextSale,
    ScanAnswer,
    ScanCustomer,
    ShowCode,
    ShowReceipt,
)
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.states import State

#: How long the cashier and the payer look at VERIFYING at most, before the screen says what is known.
COUNTER_TIMEOUT_S: Final = 8.0
#: An accepted offline payment needs no answer: the customer need not wait long for a better one.
ACCEPTED_TIMEOUT_S: Final = 5.0
#: A sent code without an answer is asked about this often ...
ASK_AGAIN_MS: Final = 4_000
#: ... and closed after this long, so that every sale ends.
NO_WORD_MS: Final = 60_000
#: How long the server may keep one "is it paid?" waiting.
LISTEN_WAIT_S: Final = 20
#: Least time between two of them, and the pause after one that failed.
LISTEN_PAUSE_MS: Final = 500
LISTEN_FAILED_PAUSE_MS: Final = 3_000
#: What counts down is shown in seconds.
TICK_MS: Final = 1_000

assert LISTEN_WAIT_S <= api.WAIT_S_MAX
assert ASK_AGAIN_MS < NO_WORD_MS

CounterCommand = ShowCode | ScanCustomer | ScanAnswer | Cancel | NextSale | ShowReceipt | CheckAgain


class CounterSale:
    """At most one sale at a time. `place`, `network` and `refusal` are what the core shows and sets."""

    def __init__(self, till: Till, *, lanes: Lanes, scanner: Scanner, time: TillTime) -> None:
        self.place = Place.ENROL
        self.network = NetworkState.UNTRIED
        self.refusal: TillcodeError | None = None
        self.scan_for = ScanFor.ANSWER
        self._till = till
        self._lanes = lanes
        self._scanner = scanner
        self._time = time
        self._sale_id: RequestId | None = None
        self._out: list[RequestId] = []
        self._is_listening = False
        self._listen_ms = 0
        self._sent_ms = 0
        self._ask_again_ms = 0
        self._refused: set[tuple[str, Reach]] = set()

    @property
    def sale(self) -> Sale | None:
        """The sale on the counter as the journal has it now."""
        return self._till.views.sales.get(self._sale_id) if self._sale_id is not None else None

    @property
    def busy_with(self) -> frozenset[RequestId]:
        """The sales that are being asked about from here: the outbox leaves them alone."""
        return frozenset(self._out)

    @property
    def remaining_s(self) -> int | None:
        """Seconds for which the request may still be answered, while one counts down."""
        sale = self.sale
        return self._till.remaining_s(sale) if sale is not None and self._counts_down(sale) else None

    @property
    def closes_in_s(self) -> int | None:
        """Seconds, rounded up, until a sent code without an answer is closed; None when none is waited for."""
        sale = self.sale
        if sale is None or not self._asks_again(sale):
            return None
        return max(0, -(-(self._sent_ms + NO_WORD_MS - self._time.monotonic_ms()) // 1000))

    def resume(self) -> None:
        """After a start: what nobody knows yet of the newest sale is on the counter again, the keypad otherwise."""
        latest = self._till.views.latest_sale
        is_open = latest is not None and latest.state is State.UNKNOWN
        self._sale_id = latest.request_id if latest is not None and is_open else None
        self.place = Place.RESULT if is_open else Place.KEYPAD

    def guarded(self, work: Callable[[], None]) -> None:
        """Do something that may be refused; the refusal is shown, and nothing else has changed."""
        self.refusal = None
        try:
            work()
        except TillcodeError as error:
            self.refusal = error

    def obey(self, command: CounterCommand) -> None:
        """Do what a finger asks for; what makes no sense in this place is left undone."""
        match command:
            case ShowCode():
                self.guarded(lambda: self._open(command, way=Way.SHOW))
            case ScanCustomer():
                self.guarded(lambda: self._open(command, way=Way.SCAN))
            case ScanAnswer():
                self._begin_scan_answer()
            case Cancel():
                self.guarded(self._cancel)
            case NextSale():
                self.guarded(self._next_sale)
            case ShowReceipt():
                self._show_receipt()
            case CheckAgain():
                self.guarded(self._check_again)
            case _:
                assert_never(command)

    def scanned(self, texts: tuple[str, ...]) -> None:
        """Try each text. The first one that is taken ends the scan; a refusal is shown, and the scan goes on.

        Of two customers' codes in one picture neither is taken: whose was meant, nobody can tell but they.
        """
        if self.place in {Place.SCAN, Place.SHOW} and len({one for one in texts if one.startswith(qr.PREFIX)}) > 1:
            self.refusal = MisuseError(ErrorCode.BAD_ARGUMENT, "more than one code in view", param="codes")
            return
        reach = Reach.ONLINE if self.network is NetworkState.ONLINE else Reach.OFFLINE
        for text in texts:
            # A hand scanner needs no finger on "scan the answer": what it reads while the code is shown counts too.
            if self.place not in {Place.SCAN, Place.SHOW}:
                return
            # The camera sees the same refused code again with every frame.
            if (text, reach) in self._refused:
                continue
            try:
                taken = self._till.accept_scan(text, reach=reach)
            except TillcodeError as error:
                self.refusal = error
                if not isinstance(error, UnavailableError):  # a full disk may be empty again with the next frame
                    self._refused.add((text, reach))
            else:
                self._taken(taken)

    def scanner_failed(self, error: TillcodeError) -> None:
        """The camera is gone: say so, on the screen that waits for it."""
        if self.place is Place.SCAN:
            self.refusal = error

    def returned(self, errand: Errand, outcome: object) -> None:
        """The server's word, or none, on the sale on the counter or on one that has left it."""
        request_id = errand.request_ids[0]
        self._out.remove(request_id)
        if errand.purpose is Purpose.CAPTURE:
            self.guarded(lambda: self._capture_returned(request_id, outcome))
        else:
            self.guarded(lambda: self._closure_returned(request_id, outcome))

    def heard(self, errand: Errand, outcome: object) -> None:
        """The answer to "is it paid?". Only a verified receipt changes anything."""
        self._is_listening = False
        failed = isinstance(outcome, TillcodeError)
        self._listen_ms = self._time.monotonic_ms() + (LISTEN_FAILED_PAUSE_MS if failed else LISTEN_PAUSE_MS)
        if not isinstance(outcome, api.PaymentAnswer):
            return
        try:
            sale = self._till.take_payment_answer(errand.request_ids[0], outcome)
        except TillcodeError:
            # A bad answer to a question is no answer. The sale goes on and is closed like every other.
            self._listen_ms += LISTEN_FAILED_PAUSE_MS
            return
        if sale.request_id == self._sale_id and sale.is_settled and self.place in {Place.SHOW, Place.SCAN}:
            self._show_result()

    def tick(self) -> None:
        """Do what is due: close what ran out, ask again, listen."""
        sale = self.sale
        if sale is None:
            return
        if self._counts_down(sale) and self._till.remaining_s(sale) == 0:
            self.guarded(lambda: self._give_up(sale, CloseReason.EXPIRED))
        elif self._asks_again(sale):
            self.guarded(lambda: self._ask_again(sale))
        elif self._listens(sale) and not self._is_listening and self._time.monotonic_ms() >= self._listen_ms:
            self._listen(sale)

    def due_in_ms(self) -> int | None:
        """Milliseconds until `tick` is wanted, None when nothing here waits for time."""
        sale = self.sale
        if sale is None:
            return None
        now_ms = self._time.monotonic_ms()
        due_ms = [TICK_MS] if self._counts_down(sale) or self._asks_again(sale) else []
        if self._asks_again(sale) and not self._out:
            due_ms.append(max(0, self._ask_again_ms - now_ms))
        if self._listens(sale) and not self._is_listening:
            due_ms.append(max(0, self._listen_ms - now_ms))
        return min(due_ms, default=None)

    # --- commands ---

    def _open(self, command: ShowCode | ScanCustomer, *, way: Way) -> None:
        if self.place is not Place.KEYPAD:
            return
        choose = tip_for_code if way is Way.SHOW else tip_at_till
        tip = choose(settings_of(self._till.views), amount_minor=command.amount_minor, chosen_minor=command.tip_minor)
        sale = self._till.open_request(amount_minor=command.amount_minor, reference=command.reference, way=way, tip=tip)
        self._sale_id = sale.request_id
        self._listen_ms = 0
        if way is Way.SHOW:
            self.place = Place.SHOW
        else:
            self._begin_scan(ScanFor.CUSTOMER)

    def _begin_scan_answer(self) -> None:
        sale = self.sale
        waits_for_receipt = self.place is Place.RESULT and sale is not None and sale.state is State.UNKNOWN
        if self.place is Place.SHOW or waits_for_receipt:
            self._begin_scan(ScanFor.ANSWER)

    def _begin_scan(self, scan_for: ScanFor) -> None:
        self.scan_for = scan_for
        self.place = Place.SCAN
        self.refusal = None
        self._refused.clear()
        self._scanner.start()

    def _cancel(self) -> None:
        sale = self.sale
        if self.place not in {Place.SHOW, Place.SCAN} or sale is None:
            return
        if sale.state is State.UNKNOWN:
            self._show_result()
        else:
            self._give_up(sale, CloseReason.CANCELLED)

    def _next_sale(self) -> None:
        sale = self.sale
        if self.place not in {Place.RESULT, Place.RECEIPT} or sale is None:
            return
        # What is not known yet goes on in the outbox.
        self._till.ask_closure(sale.request_id, CloseReason.NO_WORD)
        self._sale_id = None
        self.place = Place.KEYPAD

    def _show_receipt(self) -> None:
        sale = self.sale
        if self.place is Place.RESULT and sale is not None and (sale.receipt or sale.offline_receipt):
            self.place = Place.RECEIPT

    def _check_again(self) -> None:
        sale = self.sale
        if self.place is not Place.RESULT or sale is None or sale.state is not State.UNKNOWN or self._out:
            return
        if sale.awaits_closure:
            self._close(sale)
        else:
            self._capture(sale, timeout_s=COUNTER_TIMEOUT_S)
        self.place = Place.VERIFYING

    # --- steps ---

    def _taken(self, taken: Taken) -> None:
        self._scanner.stop()
        self.refusal = None
        self._sale_id = taken.sale.request_id
        if taken.step is NextStep.SHOW:
            self.place = Place.RESULT
            return
        self._sent_ms = self._time.monotonic_ms()
        self.place = Place.VERIFYING
        self._capture(taken.sale, timeout_s=ACCEPTED_TIMEOUT_S if taken.sale.is_stored else COUNTER_TIMEOUT_S)

    def _give_up(self, sale: Sale, reason: CloseReason) -> None:
        self._scanner.stop()
        after = self._till.give_up(sale.request_id, reason)
        if after.awaits_closure:
            self.place = Place.VERIFYING
            self._close(after)
        else:
            self.place = Place.RESULT

    def _show_result(self) -> None:
        self._scanner.stop()
        self.place = Place.RESULT

    def _capture(self, sale: Sale, *, timeout_s: float) -> None:
        self._out.append(sale.request_id)
        self._lanes.submit(Lane.COUNTER, capture_errand(self._till, (sale.request_id,), timeout_s=timeout_s))

    def _close(self, sale: Sale) -> None:
        self._out.append(sale.request_id)
        self._lanes.submit(Lane.COUNTER, closure_errand(self._till, sale.request_id, timeout_s=COUNTER_TIMEOUT_S))

    def _capture_returned(self, request_id: RequestId, outcome: object) -> None:
        sale = self._believe_capture(request_id, outcome)
        if request_id != self._sale_id:
            return
        if sale.awaits_closure and self.place is Place.VERIFYING:
            self._close(sale)
        elif sale.is_open and self._till.remaining_s(sale) > 0:
            # Nothing left the till, and the request is as good as before.
            self.place = Place.SHOW
            self.refusal = outcome if isinstance(outcome, TillcodeError) else None
        elif sale.is_open:
            self._give_up(sale, CloseReason.EXPIRED)
        else:
            self._ask_again_ms = self._time.monotonic_ms() + ASK_AGAIN_MS
            self.place = Place.RESULT if self.place is Place.VERIFYING else self.place

    def _believe_capture(self, request_id: RequestId, outcome: object) -> Sale:
        error = outcome if isinstance(outcome, TillcodeError) else _undecided()
        if isinstance(outcome, api.CaptureAnswer) and len(outcome.outcomes) == 1:
            try:
                sale = self._till.take_capture_answer(request_id, outcome.outcomes[0])
            except UnavailableError as failure:
                if failure.code is ErrorCode.STORAGE_FAILED:
                    raise
                error = failure
            else:
                if sale.state is not State.REQUESTED:
                    return sale
        return self._till.take_capture_loss(request_id, error)

    def _closure_returned(self, request_id: RequestId, outcome: object) -> None:
        if request_id == self._sale_id and self.place is Place.VERIFYING:
            self.place = Place.RESULT
        if isinstance(outcome, api.PaymentAnswer):
            self._till.take_closure_answer(request_id, outcome)

    # --- time ---

    def _counts_down(self, sale: Sale) -> bool:
        return self.place in {Place.SHOW, Place.SCAN} and sale.is_open

    def _listens(self, sale: Sale) -> bool:
        return self._counts_down(sale) and sale.way is Way.SHOW and self.network is not NetworkState.SWITCHED_OFF

    def _asks_again(self, sale: Sale) -> bool:
        return sale.state is State.UNKNOWN and not sale.awaits_closure and self.place is Place.RESULT

    def _ask_again(self, sale: Sale) -> None:
        now_ms = self._time.monotonic_ms()
        if self._out or now_ms < self._ask_again_ms:
            return
        if now_ms - self._sent_ms >= NO_WORD_MS:
            self._till.ask_closure(sale.request_id, CloseReason.NO_WORD)
        else:
            self._capture(sale, timeout_s=COUNTER_TIMEOUT_S)

    def _listen(self, sale: Sale) -> None:
        path = api.payment_path(sale.request_id)
        signer = self._till.credentials.signer
        wait_s = min(LISTEN_WAIT_S, self._till.remaining_s(sale))
        self._is_listening = True
        self._lanes.submit(
            Lane.LISTEN,
            Errand(
                purpose=Purpose.LISTEN,
                request_ids=(sale.request_id,),
                send=lambda client: client.get(path, api.PaymentAnswer, signer=signer, wait_s=wait_s),
            ),
        )


def _undecided() -> UnavailableError:
    return UnavailableError(
        ErrorCode.BAD_ANSWER, "the server has not said what became of it", outcome=MoneyOutcome.UNKNOWN
    )
