"""What the events add up to: the shop joined, each sale, the queue, the counters seen. Folds, and nothing else.

At start-up every event is applied in turn; later each appended event is applied by the same function. So what
is in memory is what a restart would find.
"""

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from terminal_app.journal.events import (
    CaptureAnswered,
    CaptureHeld,
    CertificateRenewed,
    CloseReason,
    ClosureAnswered,
    ClosureAsked,
    ConsentAccepted,
    ConsentSent,
    Enrolled,
    JournalEvent,
    OutcomeLost,
    ReceiptSeen,
    SaleAbandoned,
    SaleOpened,
    SendingFailed,
    TrustRefreshed,
    Way,
)
from wallet_sdk.protocol.envelope import Sealed, open_unverified, peek_type
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages import (
    MessageType,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    Receipt,
    TerminalCertificate,
    TrustBundle,
)
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.protocol.states import Event, State, advance

#: Settled sales kept in memory; all of them stay in the file.
SETTLED_SALES_MAX: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The shop this terminal belongs to, as the operator signed it."""

    server_url: str
    root_key: PublicKeyBytes
    bundle: Envelope
    certificate: Sealed[TerminalCertificate]
    limits: OfflineLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One sale as far as it has come.

    Attributes:
        changed_at_s: when its state changed last.
        consent: the payer's intent or code, once it was accepted or sent.
        paid_minor: what the payer consented to, tip included; the requested amount before that.
        accepted_at_s: when it was accepted offline, None when it was not.
        offline_receipt: this terminal's own receipt of an offline acceptance.
        receipt: the operator's receipt.
        close_reason: why the server was asked to close the request, None when it was not.
        error_code: the last reason for a refusal, 0 when there is none.
        held_code: the server refused to read the claim, with this error code; 0 when it did not.
    """

    request: Sealed[PaymentRequest]
    way: Way
    opened_at_s: int
    state: State
    paid_minor: int
    changed_at_s: int
    consent: Envelope | None = None
    consent_digest: Digest | None = None
    token_id: TokenId | None = None
    accepted_at_s: int | None = None
    offline_receipt: Envelope | None = None
    receipt: Envelope | None = None
    close_reason: CloseReason | None = None
    error_code: int = 0
    held_code: int = 0

    @property
    def request_id(self) -> RequestId:
        return self.request.message.request_id

    @property
    def terminal_id(self) -> TerminalId:
        """This till, as the certificate inside the request names it."""
        return open_unverified(self.request.embedded or b"", TerminalCertificate).message.terminal_id

    @property
    def amount(self) -> Money:
        return Money(minor=self.paid_minor, currency=self.request.message.currency)

    @property
    def is_open(self) -> bool:
        """Whether a payer may still answer it here."""
        return self.state is State.REQUESTED and self.consent is None

    @property
    def is_stored(self) -> bool:
        """Whether it was accepted offline and its capture has no answer yet."""
        return self.state is State.AUTHORIZED

    @property
    def awaits_closure(self) -> bool:
        """Whether the server still has to say what became of it."""
        return self.state is State.UNKNOWN and self.close_reason is not None

    @property
    def is_disputed(self) -> bool:
        """Whether goods were given for it and the server refused it."""
        return self.accepted_at_s is not None and (self.state is State.REJECTED or self.held_code != 0)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be asked about it."""
        return self.state not in {State.REQUESTED, State.AUTHORIZED, State.UNKNOWN}


@dataclass(slots=True)
class Views:
    """The current views. Read them freely; only `apply` changes them."""

    membership: Membership | None = None
    sales: dict[RequestId, Sale] = field(default_factory=dict)
    latest: RequestId | None = None
    last_result: RequestId | None = None
    stored: dict[RequestId, None] = field(default_factory=dict)
    closures: dict[RequestId, None] = field(default_factory=dict)
    disputed: dict[RequestId, None] = field(default_factory=dict)
    settled: dict[RequestId, None] = field(default_factory=dict)
    stored_minor: int = 0
    token_intents: dict[TokenId, tuple[PaymentIntent, ...]] = field(default_factory=dict)
    operator_time_s: int = 0
    last_event_at_s: int = 0

    def sale(self, request_id: RequestId) -> Sale:
        """The sale of a request.

        Raises:
            RuleViolationError: UNKNOWN_PAYMENT.
        """
        found = self.sales.get(request_id)
        if found is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "this till has no such sale", param="request_id")
        return found

    @property
    def latest_sale(self) -> Sale | None:
        """The sale opened last: the one on the counter."""
        return self.sales[self.latest] if self.latest is not None else None

    @property
    def result_sale(self) -> Sale | None:
        """The sale whose outcome became known last."""
        return self.sales.get(self.last_result) if self.last_result is not None else None

    @property
    def stored_sales(self) -> tuple[Sale, ...]:
        """Accepted and not yet captured, the oldest first."""
        return tuple(self.sales[request_id] for request_id in self.stored)

    def token_stored_minor(self, token_id: TokenId) -> int:
        """The stored sum under one token, in minor units."""
        return sum(sale.paid_minor for sale in self.stored_sales if sale.token_id == token_id)

    def check(self, event: JournalEvent) -> None:
        """Whether this event can follow; changes nothing.

        Raises:
            RuleViolationError: BAD_TRANSITION or UNKNOWN_PAYMENT.
        """
        if not isinstance(event, Enrolled | CertificateRenewed | TrustRefreshed | SaleOpened):
            _after(self.sale(event.request_id), event, at_s=0)

    def apply(self, event: JournalEvent, *, at_s: int) -> None:
        """Fold one event in.

        Raises:
            RuleViolationError: BAD_TRANSITION or UNKNOWN_PAYMENT, with nothing changed.
        """
        if isinstance(event, Enrolled | CertificateRenewed | TrustRefreshed):
            self._join(event)
        elif isinstance(event, SaleOpened):
            self.latest = event.request_id
            self._keep(_opened(event, at_s=at_s))
        else:
            before = self.sale(event.request_id)
            after = _after(before, event, at_s=at_s)
            self._keep(after if after.state is before.state else replace(after, changed_at_s=at_s))
            self._note_token(event)
        self.last_event_at_s = max(self.last_event_at_s, at_s)

    def _join(self, event: Enrolled | CertificateRenewed | TrustRefreshed) -> None:
        bundle = open_unverified(event.bundle, TrustBundle)
        self._note_time(bundle.message.made_at_s)
        if isinstance(event, TrustRefreshed):
            assert self.membership is not None, "a bundle is refreshed after enrolment"
            self.membership = replace(self.membership, bundle=event.bundle)
            return
        known = event if isinstance(event, Enrolled) else self.membership
        assert known is not None, "a certificate is renewed after enrolment"
        certificate = open_unverified(event.certificate, TerminalCertificate)
        self._note_time(certificate.message.not_before_s)
        self.membership = Membership(
            server_url=known.server_url,
            root_key=known.root_key,
            bundle=event.bundle,
            certificate=certificate,
            limits=event.limits,
        )

    def _keep(self, sale: Sale) -> None:
        request_id = sale.request_id
        before = self.sales.get(request_id)
        self.stored_minor += _stored_minor(sale) - _stored_minor(before)
        self.sales[request_id] = sale
        for members, belongs in (
            (self.stored, sale.is_stored),
            (self.closures, sale.awaits_closure),
            (self.disputed, sale.is_disputed),
            (self.settled, sale.is_settled and not sale.is_disputed),
        ):
            if belongs:
                members.setdefault(request_id)
            else:
                members.pop(request_id, None)
        if sale.receipt is not None:
            self._note_time(open_unverified(sale.receipt, Receipt).message.at_s)
        if before is not None and before.state is not sale.state:
            self.last_result = request_id
            self._forget_old()

    def _note_token(self, event: JournalEvent) -> None:
        if isinstance(event, ConsentAccepted):
            intent = open_unverified(event.consent, PaymentIntent)
            token_id = open_unverified(intent.embedded or b"", PaymentToken).message.token_id
            self.token_intents[token_id] = (*self.token_intents.get(token_id, ()), intent.message)

    def _note_time(self, signed_at_s: int) -> None:
        self.operator_time_s = max(self.operator_time_s, signed_at_s)

    def _forget_old(self) -> None:
        """Bound the memory: the oldest settled sales leave it, never an unsettled or disputed one."""
        kept = {self.latest, self.last_result}
        spare = len(self.settled) - SETTLED_SALES_MAX
        if spare <= 0:
            return
        for request_id in [key for key in islice(self.settled, spare + len(kept)) if key not in kept][:spare]:
            del self.sales[request_id]
            del self.settled[request_id]


def _opened(event: SaleOpened, *, at_s: int) -> Sale:
    request = open_unverified(event.request, PaymentRequest)
    return Sale(
        request=request,
        way=event.way,
        opened_at_s=at_s,
        state=State.REQUESTED,
        paid_minor=request.message.amount_minor,
        changed_at_s=at_s,
    )


def _after(sale: Sale, event: JournalEvent, *, at_s: int) -> Sale:
    """The sale after an event of its own."""
    match event:
        case ConsentAccepted():
            state = advance(sale.state, Event.AUTHORIZE)
            with_consent = _with_consent(sale, event.consent)
            return replace(with_consent, state=state, accepted_at_s=at_s, offline_receipt=event.receipt)
        case ConsentSent():
            return _with_consent(sale, event.consent)
        case SendingFailed():
            return _after_nothing_left(sale, error_code=event.error_code)
        case SaleAbandoned():
            return replace(sale, state=advance(sale.state, Event.CANCEL))
        case CaptureHeld():
            return replace(sale, held_code=event.error_code)
        case CaptureAnswered() | ClosureAnswered() | ReceiptSeen():
            return _after_answer(sale, event)
        case _:
            return _after_doubt(sale, event)


def _after_doubt(sale: Sale, event: JournalEvent) -> Sale:
    if isinstance(event, OutcomeLost):
        return replace(sale, state=advance(sale.state, Event.LOSE), error_code=event.error_code)
    assert isinstance(event, ClosureAsked), f"{type(event).__name__} is no event of a sale"
    state = sale.state if sale.state is State.UNKNOWN else advance(sale.state, Event.LOSE)
    return replace(sale, state=state, close_reason=event.reason, error_code=event.error_code or sale.error_code)


def _after_nothing_left(sale: Sale, *, error_code: int) -> Sale:
    """A scanned code is gone with its one try; a shown request is as open as it was."""
    if sale.way is Way.SCAN:
        return replace(sale, state=advance(sale.state, Event.DECLINE), error_code=error_code)
    return replace(
        sale,
        consent=None,
        consent_digest=None,
        token_id=None,
        paid_minor=sale.request.message.amount_minor,
        error_code=error_code,
    )


def _with_consent(sale: Sale, consent: Envelope) -> Sale:
    if peek_type(consent) is MessageType.PAYMENT_INTENT:
        intent = open_unverified(consent, PaymentIntent)
        paid_minor, digest, embedded = intent.message.amount_minor, intent.digest, intent.embedded
    else:
        code = open_unverified(consent, PaymentCode)
        paid_minor, digest, embedded = sale.paid_minor, code.digest, code.embedded
    token = open_unverified(embedded or b"", PaymentToken)
    return replace(sale, consent=consent, consent_digest=digest, token_id=token.message.token_id, paid_minor=paid_minor)


def _after_answer(sale: Sale, event: CaptureAnswered | ClosureAnswered | ReceiptSeen) -> Sale:
    error_code = 0 if isinstance(event, ReceiptSeen) else event.error_code
    if event.receipt:
        state = advance(sale.state, Event.AUTHORIZE) if sale.state is State.REQUESTED else sale.state
        state = advance(state, Event.CAPTURE)
        paid_minor = open_unverified(event.receipt, Receipt).message.amount_minor
        return replace(
            sale, state=state, paid_minor=paid_minor, receipt=event.receipt, error_code=error_code, held_code=0
        )
    return replace(
        sale,
        state=advance(sale.state, _negative_event(sale, event)),
        error_code=error_code or sale.error_code,
        held_code=0,
    )


def _negative_event(sale: Sale, event: CaptureAnswered | ClosureAnswered | ReceiptSeen) -> Event:
    if sale.state is State.AUTHORIZED:
        return Event.REJECT
    if isinstance(event, CaptureAnswered) or sale.close_reason is CloseReason.DECLINED:
        return Event.DECLINE
    return Event.EXPIRE if sale.close_reason is CloseReason.EXPIRED else Event.CANCEL


def _stored_minor(sale: Sale | None) -> int:
    return sale.paid_minor if sale is not None and sale.is_stored else 0
