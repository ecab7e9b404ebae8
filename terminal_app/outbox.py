"""Store and forward: what waits for the server, one errand at a time, until each is answered and the answer is durable.

    closures first (somebody may be standing at the counter), then captures in the sequence they were accepted,
    then refunds and what was carried here, then the certificate's renewal, the trust bundle, and a look whether the
    network is back.

It decides and believes; sending is the core's business. It never sleeps and never asks the time of day: it says
when it wants to be called again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from terminal_app.errands import (
    MONEY,
    Errand,
    Purpose,
    TrustNews,
    capture_errand,
    closure_errand,
    courier_errand,
    refund_errand,
    trust_errand,
)
from terminal_app.journal.events import BatchReceiptSeen
from terminal_app.office.courier import QueueCourier
from terminal_app.sale import Till, TillTime
from terminal_app.sale.answers import read_batch_receipt
from terminal_app.sale.batches import first_batch
from wallet_sdk.ports import Random
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, RuleViolationError, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import Digest, RequestId
from wallet_sdk.protocol.messages import Receipts

#: First pause after a failure; each further one doubles.
PAUSE_MS_MIN: Final = 1_000
#: Longest pause: a network that came back is noticed within a minute.
PAUSE_MS_MAX: Final = 60_000
#: How often the trust bundle is asked for while the server can be reached, and what was refused is tried again.
REFRESH_MS: Final = 3_600_000
#: Time for a whole batch: the server settles a thousand claims well within it.
BATCH_TIMEOUT_S: Final = 30.0

#: Refused for whose till it is and not for a claim: all wait, and none is asked about by itself. R-38, R-130
_OF_THE_TILL: Final = frozenset({ErrorCode.MERCHANT_BLOCKED, ErrorCode.REVOKED, ErrorCode.UNKNOWN_SIGNER})

assert PAUSE_MS_MIN < PAUSE_MS_MAX < REFRESH_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """GET /healthz; what it says does not matter, that it answers does."""


class Outbox:
    """The queue's sender. One thread at a time may use it."""

    def __init__(self, till: Till, *, time: TillTime, random: Random) -> None:
        self._till = till
        self._time = time
        self._random = random
        self._carried = QueueCourier(till, time=time)
        self._out: list[Errand] = []
        self._failures = 0
        self._doubts = 0
        self._not_before_ms = 0
        self._batch_max = limits.BATCH_CLAIMS_MAX
        self._trust_due_ms = 0
        self._trust_wanted = False
        self._denylist_afresh = False
        self._renewal_due_ms = 0
        self._probe_wanted = True
        self._held_due_ms = 0
        self._put_off: set[RequestId] = set()

    def send_now(self) -> None:
        """Try at once, claims that were held included."""
        self._not_before_ms = 0
        self._failures = 0
        self._doubts = 0
        self._probe_wanted = True
        self._held_due_ms = 0
        self._put_off.clear()

    def note_network(self) -> None:
        """The server was reached by another call: there is no need to wait."""
        self._probe_wanted = False
        if self._failures and not self._doubts:
            self._failures = 0
            self._not_before_ms = 0

    def note_no_network(self) -> None:
        """Another call did not reach the server: look again later."""
        self._probe_wanted = True

    def due_in_ms(self, *, busy_with: Collection[RequestId] = ()) -> int | None:
        """Milliseconds until `next_errand` will have one; None while there is nothing to wait for."""
        if self._out or self._till.views.membership is None:
            return None
        now_ms = self._time.monotonic_ms()
        waiting = self._has_work(busy_with)
        due_ms = self._not_before_ms if waiting else max(self._not_before_ms, self._trust_due_ms)
        return max(0, due_ms - now_ms)

    def next_errand(self, *, busy_with: Collection[RequestId] = ()) -> Errand | None:
        """What to send now, or None. Its outcome must come back by `take` before there is another.

        Args:
            busy_with: sales that the counter itself is asking about just now.
        """
        due_in_ms = self.due_in_ms(busy_with=busy_with)
        if due_in_ms is None or due_in_ms > 0:
            return None
        errand = (
            self._trust_before_all()
            or self._closure(busy_with)
            or self._captures(busy_with)
            or self._refund()
            or self._courier()
            or self._renewal()
            or self._trust()
            or self._probe()
        )
        if errand is not None:
            self._out.append(errand)
        else:
            # All that waits was refused a moment ago: ask again, but not in a circle.
            self._put_off.clear()
            self._not_before_ms = self._time.monotonic_ms() + PAUSE_MS_MAX
        return errand

    def errand_ahead(
        self, answered: Errand, outcome: object, *, busy_with: Collection[RequestId] = ()
    ) -> Errand | None:
        """The next batch, to be sent while the answer to this one is being written down; None when there is none.

        Only behind an answer that looks whole, and only while nothing waits that comes before captures.
        """
        if answered.purpose is not Purpose.CAPTURE or not isinstance(outcome, api.CaptureAnswer):
            return None
        if len(outcome.outcomes) != len(answered.request_ids) or self._trust_wanted or self._closures(busy_with):
            return None
        errand = self._captures({*busy_with, *answered.request_ids})
        if errand is not None:
            self._out.append(errand)
        return errand

    def take(self, errand: Errand, outcome: object) -> None:
        """Believe what came of an errand. `outcome` is the answer, or the TillcodeError that was raised.

        Raises:
            UnavailableError: STORAGE_FAILED: what could not be made durable is still in the queue.
        """
        self._out = [one for one in self._out if one is not errand]
        failure = outcome if isinstance(outcome, TillcodeError) else self._believe(errand, outcome)
        if failure is None:
            self._failures = 0
            self._doubts = 0 if errand.purpose in MONEY else self._doubts
            self._not_before_ms = 0
            self._probe_wanted = False
            return
        if not isinstance(failure, UnavailableError):
            # The server was reached, and each refusal sets its errand aside: no pause before the next one.
            self._probe_wanted = False
            self._refused(errand, failure)
            return
        if not isinstance(outcome, TillcodeError):
            self._disbelieved(errand)
        self._probe_wanted = True
        self._failures += 1
        self._not_before_ms = self._time.monotonic_ms() + self._pause_ms()

    # --- what to send ---

    def _has_work(self, busy_with: Collection[RequestId]) -> bool:
        now_ms = self._time.monotonic_ms()
        renewal = now_ms >= self._renewal_due_ms and self._till.credentials.is_renewal_due()
        office = self._till.views.office
        money = (self._closures(busy_with), self._claims(busy_with), office.open_refunds, office.waiting_couriers)
        return self._probe_wanted or renewal or any(money)

    def _closures(self, busy_with: Collection[RequestId]) -> list[RequestId]:
        return [one for one in self._till.views.closures if one not in busy_with]

    def _claims(self, busy_with: Collection[RequestId]) -> list[RequestId]:
        held_again = self._time.monotonic_ms() >= self._held_due_ms
        return [
            sale.request_id
            for sale in self._till.views.stored_sales
            if sale.request_id not in busy_with and (held_again or not sale.held_code)
        ]

    def _closure(self, busy_with: Collection[RequestId]) -> Errand | None:
        waiting = [one for one in self._closures(busy_with) if one not in self._put_off]
        return closure_errand(self._till, waiting[0]) if waiting else None

    def _captures(self, busy_with: Collection[RequestId]) -> Errand | None:
        claims = (self._till.views.sale(one) for one in self._claims(busy_with))
        chosen = first_batch(claims, count_max=self._batch_max)
        if not chosen:
            return None
        # Who paid has the till's own receipt; of what is told now nobody waits for a receipt of his own.
        receipts = Receipts.TOGETHER if len(chosen) > 1 else Receipts.EACH
        return capture_errand(self._till, chosen, timeout_s=BATCH_TIMEOUT_S, receipts=receipts)

    def _refund(self) -> Errand | None:
        waiting = [one for one in self._till.refunds.open_ids if one not in self._put_off]
        return refund_errand(self._till, waiting[0]) if waiting else None

    def _courier(self) -> Errand | None:
        waiting = self._till.views.office.waiting_couriers
        return courier_errand(waiting[0], timeout_s=BATCH_TIMEOUT_S) if waiting else None

    def _renewal(self) -> Errand | None:
        credentials = self._till.credentials
        if self._time.monotonic_ms() < self._renewal_due_ms or not credentials.is_renewal_due():
            return None
        message = credentials.ask_renewal().envelope
        return Errand(
            purpose=Purpose.RENEWAL,
            send=lambda client: client.post_message(api.PATH_CERTIFICATES, message, api.TerminalEnrolled),
        )

    def _trust_before_all(self) -> Errand | None:
        if not self._trust_wanted:
            return None
        self._trust_wanted = False
        self._trust_due_ms = 0
        return self._trust()

    def _trust(self) -> Errand | None:
        if self._time.monotonic_ms() < self._trust_due_ms:
            return None
        membership = self._till.credentials.membership
        return trust_errand(denylist_since=0 if self._denylist_afresh else membership.denied.number)

    def _probe(self) -> Errand | None:
        if not self._probe_wanted:
            return None
        return Errand(purpose=Purpose.PROBE, send=lambda client: client.get(api.PATH_HEALTH, Health))

    # --- what came of it ---

    def _believe(self, errand: Errand, answer: object) -> TillcodeError | None:
        """Make an answer durable. Returns why it cannot be believed; storage failures are raised."""
        try:
            match answer:
                case api.PaymentAnswer():
                    sale = self._till.take_closure_answer(errand.request_ids[0], answer)
                    return _undecided() if sale.awaits_closure else None
                case api.CaptureAnswer() if errand.purpose is Purpose.CAPTURE:
                    return self._believe_captures(errand, answer)
                case api.CaptureAnswer() | api.RefundAnswer():
                    self._believe_beside(errand, answer)
                case api.TerminalEnrolled():
                    self._till.credentials.renew(answer)
                    # By a till's clock that runs ahead, even a fresh one looks old: not asked in a circle.
                    self._renewal_due_ms = self._time.monotonic_ms() + REFRESH_MS
                case TrustNews():
                    self._believe_news(answer)
                case _:
                    assert isinstance(answer, Health), f"no answer of ours: {type(answer).__name__}"
        except TillcodeError as error:
            if error.code is ErrorCode.STORAGE_FAILED:
                raise
            return error
        return None

    def _believe_news(self, news: TrustNews) -> None:
        self._till.credentials.refresh_trust(api.from_base64url(news.bundle))
        self._trust_due_ms = self._time.monotonic_ms() + REFRESH_MS
        was_afresh, self._denylist_afresh = self._denylist_afresh, False
        try:
            for denylist in news.denylists:
                self._till.credentials.take_denylist(api.from_base64url(denylist))
        except RuleViolationError as error:
            if error.code is not ErrorCode.DENYLIST_GAP or was_afresh:
                raise
            # a full list has no gap, so it is asked for at once, and once.
            self._denylist_afresh = True
            self._trust_due_ms = 0

    def _believe_beside(self, errand: Errand, answer: api.CaptureAnswer | api.RefundAnswer) -> None:
        if isinstance(answer, api.RefundAnswer):
            self._till.refunds.take_answer(errand.request_ids[0], answer)
        else:
            self._carried.take_answer(errand.digest, answer)

    def _believe_captures(self, errand: Errand, answer: api.CaptureAnswer) -> TillcodeError | None:
        """All outcomes become durable together; one that does not hold keeps its claim in the queue, not the others."""
        if len(answer.outcomes) != len(errand.request_ids):
            return UnavailableError(
                ErrorCode.BAD_ANSWER, "not one outcome for each claim", outcome=MoneyOutcome.UNKNOWN
            )
        failure: TillcodeError | None = None
        with self._till.journal.batch():
            together = self._paid_together(answer)
            for request_id, outcome in zip(errand.request_ids, answer.outcomes, strict=True):
                try:
                    sale = self._till.take_capture_answer(request_id, outcome, paid_together=together)
                    if sale.is_stored and not sale.held_code:
                        failure = _undecided()
                except UnavailableError as error:
                    if error.code is ErrorCode.STORAGE_FAILED:
                        raise
                    failure = error
        self._held_due_ms = self._time.monotonic_ms() + REFRESH_MS
        self._batch_max = limits.BATCH_CLAIMS_MAX
        return failure

    def _paid_together(self, answer: api.CaptureAnswer) -> frozenset[Digest]:
        """What the one receipt of a batch says is paid, once it is in the journal; nothing without one."""
        if not answer.receipt:
            return frozenset()
        credentials = self._till.credentials
        certificate = credentials.membership.certificate.message
        sealed = read_batch_receipt(answer, certificate=certificate, trust=credentials.trust)
        self._till.journal.append(BatchReceiptSeen(receipt=sealed.envelope), at_s=self._time.event_s())
        return frozenset(sealed.message.paid)

    def _disbelieved(self, errand: Errand) -> None:
        """The server has answered, but not so that it can be believed."""
        if errand.purpose in MONEY:
            self._doubts += 1
            # Perhaps it is signed by an operator key that is newer than our bundle: asked for before anything else.
            self._trust_wanted = True
        if errand.purpose in {Purpose.CLOSURE, Purpose.REFUND}:
            # One that gets nowhere must not keep what is behind it waiting for ever.
            self._put_off.update(errand.request_ids)

    def _refused(self, errand: Errand, failure: TillcodeError) -> None:
        """The server has read the errand and refuses it whole."""
        now_ms = self._time.monotonic_ms()
        if errand.purpose is Purpose.RENEWAL:
            self._renewal_due_ms = now_ms + REFRESH_MS
        elif errand.purpose is Purpose.TRUST:
            self._trust_due_ms = now_ms + REFRESH_MS
        elif errand.purpose is Purpose.CLOSURE:
            self._put_off.update(errand.request_ids)
        elif errand.purpose in {Purpose.REFUND, Purpose.COURIER}:
            self._refused_beside(errand, failure)
        elif len(errand.request_ids) > 1 and failure.code not in _OF_THE_TILL:
            # One bad claim must not hold up the others: halve until it stands alone.
            self._batch_max = len(errand.request_ids) // 2
        elif errand.purpose is Purpose.CAPTURE:
            self._held_due_ms = now_ms + REFRESH_MS
            with self._till.journal.batch():
                for request_id in errand.request_ids:
                    self._till.hold_capture(request_id, failure)

    def _refused_beside(self, errand: Errand, failure: TillcodeError) -> None:
        if errand.purpose is Purpose.COURIER:
            self._carried.take_refusal(errand.digest, failure)
        elif self._till.refunds.take_refusal(errand.request_ids[0], failure).is_open:
            self._put_off.update(errand.request_ids)

    def _pause_ms(self) -> int:
        """1 s, 2 s, 4 s ... 60 s, less up to a fifth at random: a street of tills must not come back as one."""
        count = max(self._failures, self._doubts)
        full_ms = min(PAUSE_MS_MAX, PAUSE_MS_MIN << min(count - 1, 10))
        share = int.from_bytes(self._random.random_bytes(2), "big")
        return full_ms - full_ms * share // (5 * 0xFFFF)


def _undecided() -> UnavailableError:
    """An answer that leaves it open is as good as none: asked again, but after a pause."""
    return UnavailableError(
        ErrorCode.BAD_ANSWER, "the server has not said what became of it", outcome=MoneyOutcome.UNKNOWN
    )
