"""One till's sales: ask, take what the payer shows, close. Every step is in the journal before anyone sees it."""

from terminal_app.journal import Journal, Sale, Views
from terminal_app.journal.events import (
    CaptureAnswered,
    CaptureHeld,
    CloseReason,
    ClosureAnswered,
    ClosureAsked,
    ConsentAccepted,
    ConsentSent,
    JournalEvent,
    OutcomeLost,
    ReceiptSeen,
    SaleAbandoned,
    SaleOpened,
    SendingFailed,
    Way,
)
from terminal_app.sale.acceptance import check_offline_intent, offline_receipt
from terminal_app.sale.answers import check_receipt, read_answer
from terminal_app.sale.asking import check_one_currency, checked_reference, sealed_request
from terminal_app.sale.enrolment import Credentials
from terminal_app.sale.refunds import Refunds
from terminal_app.sale.taken import NextStep, Reach, Taken
from terminal_app.sale.till_time import TillTime
from terminal_app.sale.tips import NO_TIP, Tip
from terminal_app.settings import settings_from
from wallet_sdk.ports import Random
from wallet_sdk.protocol import others, qr, rules
from wallet_sdk.protocol.api import PaymentAnswer
from wallet_sdk.protocol.envelope import Sealed, open_unverified, peek_type, seal
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    MoneyOutcome,
    RuleViolationError,
    TillcodeError,
)
from wallet_sdk.protocol.ids import Digest, Envelope, RequestId, time_ordered_id
from wallet_sdk.protocol.messages import (
    AuthorizationMode,
    CaptureBatch,
    Claim,
    CloseRequest,
    MessageType,
    PaymentCode,
    PaymentIntent,
    Receipt,
    Receipts,
)
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import VerifiedIntent, verify_code, verify_intent


class Till:
    """The use cases. One thread at a time may use it."""

    def __init__(self, journal: Journal, credentials: Credentials, *, time: TillTime, random: Random) -> None:
        self._journal = journal
        self._credentials = credentials
        self._time = time
        self._random = random
        self._opened_ms: dict[RequestId, int] = {}
        #: Money that goes back.
        self.refunds = Refunds(journal, credentials, time=time, random=random)

    @property
    def views(self) -> Views:
        """What the journal adds up to."""
        return self._journal.views

    @property
    def credentials(self) -> Credentials:
        """Key, shop and trust."""
        return self._credentials

    @property
    def journal(self) -> Journal:
        """Where every step is written first."""
        return self._journal

    def recover(self) -> None:
        """After a start: what was open when the program ended was seen by nobody, or is to be closed.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        for sale in [sale for sale in self.views.sales.values() if not sale.is_settled and not sale.is_stored]:
            if sale.state is State.REQUESTED and sale.way is Way.SCAN and sale.consent is None:
                self._append(SaleAbandoned(request_id=sale.request_id))
            else:
                self.ask_closure(sale.request_id, CloseReason.RESTARTED)

    # --- asking ---

    def open_request(self, *, amount_minor: int, reference: str = "", way: Way = Way.SHOW, tip: Tip = NO_TIP) -> Sale:
        """Make and sign a payment request with our certificate inside, over the bill and the tip chosen here.

        Raises:
            MisuseError: NOT_ENROLLED; BAD_ARGUMENT for an amount or reference out of bounds, while a sale is open, or
                in another currency than today's.
            RuleViolationError: EXPIRED when our own certificate has run out.
            UnavailableError: STORAGE_FAILED.
        """
        latest = self.views.latest_sale
        if latest is not None and latest.state is State.REQUESTED:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "a sale is open", param="request_id")
        check_one_currency(self.views.office.period.currency, self._credentials.currency)
        now_s = self._time.now_s()
        reference = checked_reference(reference)
        sealed = sealed_request(
            self._credentials,
            request_id=RequestId(time_ordered_id(now_s * 1000, self._random.random_bytes(6))),
            amount_minor=amount_minor,
            tip=tip,
            reference=reference,
            at_s=now_s,
        )
        request_id = sealed.message.request_id
        self._opened_ms = {request_id: self._time.monotonic_ms()}
        event = SaleOpened(
            request_id=request_id,
            request=sealed.envelope,
            way=way,
            tip_minor=tip.chosen_minor,
            reference="" if sealed.message.reference == reference else reference,
        )
        return self._append(event)

    def remaining_s(self, sale: Sale) -> int:
        """Seconds, rounded up, in which this request may still be answered; 0 when it has run out.

        Measured by the monotonic clock since it was made, so no wall clock is needed.
        """
        opened_ms = self._opened_ms.get(sale.request_id)
        if opened_ms is None:
            return 0
        left_ms = sale.request.message.lifetime_s * 1000 - (self._time.monotonic_ms() - opened_ms)
        return max(0, -(-left_ms // 1000))

    # --- taking what the payer shows ---

    def accept_scan(self, text: str, *, reach: Reach) -> Taken:
        """Take what a payer shows for the sale on the counter. When this raises, the journal is as it was.

        Raises:
            MalformedMessageError: no code of ours, or one that no payer shows here.
            RuleViolationError: a rule refuses it.
            MisuseError: NOT_ENROLLED.
            UnavailableError: STORAGE_FAILED.
        """
        envelope = qr.from_text(others.plain_text_of(text))
        match peek_type(envelope):
            case MessageType.PAYMENT_INTENT:
                return self._take_intent(envelope, reach)
            case MessageType.PAYMENT_CODE:
                return self._take_code(envelope, reach)
            case MessageType.RECEIPT:
                return self._take_receipt(envelope)
            case other:
                raise MalformedMessageError(
                    ErrorCode.WRONG_MESSAGE_TYPE, f"a {other.name} is nothing a payer shows to a till", param="type"
                )

    def _take_intent(self, envelope: Envelope, reach: Reach) -> Taken:
        if known := self._known_consent(open_unverified(envelope, PaymentIntent).digest):
            return known
        sale = self._open_sale()
        verified = verify_intent(envelope, self._credentials.trust, at_s=self._time.now_s())
        intent = verified.intent.message
        rules.check_intent_answers(
            intent, verified.token.message, request=sale.request.message, request_digest=sale.request.digest
        )
        if intent.mode is AuthorizationMode.ONLINE:
            _require_network(reach)
            return self._send(sale, envelope)
        try:
            return self._accept_offline(sale, verified, reach)
        except RuleViolationError as error:
            # What is too much for us alone is not too much for the server, when it can be asked.
            if error.code is not ErrorCode.OVER_TERMINAL_LIMIT or reach is Reach.OFFLINE:
                raise
            return self._send(sale, envelope)

    def _accept_offline(self, sale: Sale, verified: VerifiedIntent, reach: Reach) -> Taken:
        check_offline_intent(
            verified,
            limit=settings_from(self.views.office.setting_texts).narrowed(self._credentials.membership.limits),
            views=self.views,
            at_s=self._time.journal_s(),
        )
        receipt = offline_receipt(
            sale.request.message,
            verified,
            terminal_id=self._credentials.membership.certificate.message.terminal_id,
            signer=self._credentials.signer,
            at_s=self._time.now_s(),
        )
        accepted = self._append(
            #
            ConsentAccepted(request_id=sale.request_id, consent=verified.intent.envelope, receipt=receipt.envelope)
        )
        return Taken(sale=accepted, step=NextStep.CAPTURE if reach is Reach.ONLINE else NextStep.SHOW)

    def _take_code(self, envelope: Envelope, reach: Reach) -> Taken:
        if known := self._known_consent(open_unverified(envelope, PaymentCode).digest):
            return known
        sale = self._open_sale()
        verified = verify_code(envelope, self._credentials.trust, at_s=self._time.now_s())
        rules.check_code_covers(
            verified.code.message,
            verified.token.message,
            amount_minor=sale.paid_minor,
            currency=sale.request.message.currency,
        )
        _require_network(reach)
        return self._send(sale, envelope)

    def _take_receipt(self, envelope: Envelope) -> Taken:
        claimed = open_unverified(envelope, Receipt).message
        sale = self.views.sales.get(claimed.request_id)
        on_counter = sale is not None and sale.request_id == self.views.latest
        if sale is None or not (on_counter or sale.state is State.UNKNOWN):
            raise RuleViolationError(ErrorCode.WRONG_REQUEST, "a receipt of another sale", param="request_id")
        receipt = check_receipt(envelope, sale=sale, trust=self._credentials.trust)
        if sale.state is State.AUTHORIZED and receipt.message.consent_digest != sale.consent_digest:
            raise RuleViolationError(ErrorCode.ALREADY_PAID, "two payers answered this request", param="consent")
        if not sale.is_settled:
            sale = self._append(ReceiptSeen(request_id=sale.request_id, receipt=receipt.envelope))
        return Taken(sale=sale, step=NextStep.SHOW)

    def _known_consent(self, digest: Digest) -> Taken | None:
        """The same consent again for the sale on the counter: the same outcome, and nothing is written.

        Only for that sale: an old intent shown again must not look like a new payment.
        """
        latest = self.views.latest_sale
        if latest is None or latest.consent_digest != digest:
            return None
        return Taken(sale=latest, step=NextStep.SHOW)

    def _open_sale(self) -> Sale:
        latest = self.views.latest_sale
        if latest is None or not latest.is_open:
            raise RuleViolationError(ErrorCode.REQUEST_NOT_OPEN, "no sale waits for an answer", param="request_id")
        if self.remaining_s(latest) == 0:
            raise RuleViolationError(ErrorCode.EXPIRED, "the request has run out", param="lifetime_s")
        return latest

    def _send(self, sale: Sale, consent: Envelope) -> Taken:
        sent = self._append(ConsentSent(request_id=sale.request_id, consent=consent))
        return Taken(sale=sent, step=NextStep.CAPTURE)

    # --- the server's word ---

    def capture_batch(
        self, request_ids: tuple[RequestId, ...], *, made_at_s: int | None = None, receipts: Receipts = Receipts.EACH
    ) -> Sealed[CaptureBatch]:
        """Our claims for these sales, in this sequence, under one signature; made now, when nothing else is said."""
        at_s = self._time.now_s() if made_at_s is None else made_at_s
        claims = tuple(self._claim(one) for one in request_ids)
        return seal(CaptureBatch(made_at_s=at_s, claims=claims, receipts=receipts), self._credentials.signer)

    def close_request(self, request_id: RequestId) -> Sealed[CloseRequest]:
        """The message that closes a request; the journal must already say that it was asked."""
        assert self.views.sale(request_id).awaits_closure, "journaled before it is sent"
        return seal(CloseRequest(request_id=request_id, made_at_s=self._time.now_s()), self._credentials.signer)

    def take_capture_answer(
        self, request_id: RequestId, answer: PaymentAnswer, *, paid_together: frozenset[Digest] = frozenset()
    ) -> Sale:
        """Believe a checked answer to a claim; ``paid_together`` is what its batch's receipt has named.

        Raises:
            UnavailableError: BAD_ANSWER or STORAGE_FAILED; the sale is as it was.
        """
        sale = self.views.sale(request_id)
        if sale.is_settled:
            return sale
        verified = read_answer(answer, sale=sale, trust=self._credentials.trust, paid_together=paid_together)
        if verified.is_open:
            return sale
        if sale.is_stored and not verified.is_for_ever:
            # Not signed, so not for ever: a clock is wrong, or somebody stands between. Claimed again later.
            return self._hold(sale, error_code=verified.error_code)
        if not verified.is_paid and not sale.is_stored and (sale.way is Way.SHOW or not verified.is_for_ever):
            # Declined for this payer; but others have seen the request and could still pay it. Or nobody has signed
            # that it was declined: a closing is signed.
            return self.ask_closure(request_id, CloseReason.DECLINED, error_code=verified.error_code)
        return self._append(
            CaptureAnswered(
                request_id=request_id,
                state=verified.state,
                error_code=verified.error_code,
                receipt=verified.receipt,
            )
        )

    def take_capture_loss(self, request_id: RequestId, error: TillcodeError) -> Sale:
        """A claim brought no answer. What we accepted ourselves stays accepted; the rest is unknown, never "failed".

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        sale = self.views.sale(request_id)
        if sale.state is not State.REQUESTED or sale.consent is None:
            return sale
        if error.outcome is MoneyOutcome.NOT_CHARGED:
            return self._append(SendingFailed(request_id=request_id, error_code=error.code))
        return self._append(OutcomeLost(request_id=request_id, error_code=error.code))

    def hold_capture(self, request_id: RequestId, error: TillcodeError) -> Sale:
        """The server refuses to read this one claim: keep it, and show it to people.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        return self._hold(self.views.sale(request_id), error_code=error.code)

    def _hold(self, sale: Sale, *, error_code: int) -> Sale:
        if sale.held_code == error_code:
            return sale
        return self._append(CaptureHeld(request_id=sale.request_id, error_code=error_code))

    def take_payment_answer(self, request_id: RequestId, answer: PaymentAnswer) -> Sale:
        """Believe a checked answer to "is it paid?"; anything but "paid" changes nothing.

        Raises:
            UnavailableError: BAD_ANSWER or STORAGE_FAILED; the sale is as it was.
        """
        sale = self.views.sale(request_id)
        if sale.is_settled or sale.is_stored:
            return sale
        verified = read_answer(answer, sale=sale, trust=self._credentials.trust)
        if not verified.is_paid:
            return sale
        return self._append(ReceiptSeen(request_id=request_id, receipt=verified.receipt))

    def take_closure_answer(self, request_id: RequestId, answer: PaymentAnswer) -> Sale:
        """Believe a checked answer to a closure: closed unpaid, or paid after all.

        Raises:
            UnavailableError: BAD_ANSWER or STORAGE_FAILED; the sale is as it was.
        """
        sale = self.views.sale(request_id)
        if not sale.awaits_closure:
            return sale
        verified = read_answer(answer, sale=sale, trust=self._credentials.trust)
        if verified.is_open:
            return sale
        return self._append(
            ClosureAnswered(
                request_id=request_id,
                state=verified.state,
                error_code=verified.error_code,
                receipt=verified.receipt,
            )
        )

    # --- ending ---

    def give_up(self, request_id: RequestId, reason: CloseReason) -> Sale:
        """End an open sale: at once when nobody outside has seen it, else by asking the server.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        sale = self.views.sale(request_id)
        if sale.is_open and sale.way is Way.SCAN:
            return self._append(SaleAbandoned(request_id=request_id))
        return self.ask_closure(request_id, reason)

    def ask_closure(self, request_id: RequestId, reason: CloseReason, *, error_code: int = 0) -> Sale:
        """Journal that the server shall close a request; it waits in the outbox until it is answered.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        sale = self.views.sale(request_id)
        if sale.is_settled or sale.is_stored or sale.awaits_closure:
            return sale
        return self._append(ClosureAsked(request_id=request_id, reason=reason, error_code=error_code))

    def _claim(self, request_id: RequestId) -> Claim:
        sale = self.views.sale(request_id)
        assert sale.consent is not None, "a claim needs a consent"
        return Claim(request=sale.request.envelope, consent=sale.consent)

    def _append(self, event: JournalEvent) -> Sale:
        self._journal.append(event, at_s=self._time.event_s())
        request_id: RequestId = event.request_id  # type: ignore[union-attr]  # only events of a sale come here
        return self.views.sale(request_id)


def _require_network(reach: Reach) -> None:
    if reach is Reach.OFFLINE:
        raise RuleViolationError(ErrorCode.ONLINE_ONLY, "only the server may accept this", param="mode")
