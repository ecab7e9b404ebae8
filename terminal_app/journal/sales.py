"""One sale as far as its own events have brought it: pure folds of one event after the other."""

from dataclasses import dataclass, replace
from functools import lru_cache

from terminal_app.journal.events import (
    CaptureAnswered,
    CaptureHeld,
    CloseReason,
    ClosureAnswered,
    ClosureAsked,
    ConsentAccepted,
    ConsentSent,
    OutcomeLost,
    ReceiptSeen,
    SaleAbandoned,
    SaleEvent,
    SaleOpened,
    SendingFailed,
    Way,
)
from terminal_app.journal.office_events import NOBODY, StaffId
from wallet_sdk.protocol.denylist import EMPTY, DenylistState
from wallet_sdk.protocol.envelope import Sealed, open_unverified, peek_type
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages import (
    MessageType,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    Receipt,
    TerminalCertificate,
)
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.protocol.states import Event, State, advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The shop this terminal belongs to, as the operator signed it, and all that the operator has revoked."""

    server_url: str
    root_key: PublicKeyBytes
    bundle: Envelope
    certificate: Sealed[TerminalCertificate]
    limits: OfflineLimits
    denied: DenylistState = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One sale as far as it has come.

    Attributes:
        changed_at_s: when its state changed last.
        consent: the payer's intent or code, once it was accepted or sent.
        staff_id: who stood at the till when it was opened.
        asked_tip_minor: the part of the requested amount that is a tip chosen at the till.
        kept_reference: the cashier's reference, when the request has no room for it.
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
    staff_id: StaffId = NOBODY
    asked_tip_minor: int = 0
    kept_reference: str = ""
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
        return _certificate_of(self.request.embedded or Envelope(b"")).terminal_id

    @property
    def amount(self) -> Money:
        return Money(minor=self.paid_minor, currency=self.request.message.currency)

    @property
    def tip_minor(self) -> int:
        """The part of `paid_minor` that is a tip, chosen at the till or on the phone."""
        return self.asked_tip_minor + self.paid_minor - self.request.message.amount_minor

    @property
    def reference(self) -> str:
        """What the cashier typed to find it again: a table, an invoice's number; empty when nothing."""
        return self.kept_reference or self.request.message.reference

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


@lru_cache(maxsize=64)
def receipt_of(envelope: Envelope) -> Receipt:
    """What a verified receipt says. One answer is looked at several times in a row: read once."""
    return open_unverified(envelope, Receipt).message


@lru_cache(maxsize=8)
def _certificate_of(envelope: Envelope) -> TerminalCertificate:
    """The certificate inside this till's requests: the same one all day."""
    return open_unverified(envelope, TerminalCertificate).message


def opened_sale(event: SaleOpened, *, at_s: int, staff_id: StaffId = NOBODY) -> Sale:
    """The sale that this event begins."""
    request = open_unverified(event.request, PaymentRequest)
    return Sale(
        request=request,
        way=event.way,
        opened_at_s=at_s,
        state=State.REQUESTED,
        paid_minor=request.message.amount_minor,
        changed_at_s=at_s,
        staff_id=staff_id,
        asked_tip_minor=event.tip_minor,
        kept_reference=event.reference,
    )


def stepped_sale(sale: Sale, event: SaleEvent, *, at_s: int) -> Sale:
    """The sale after an event of its own, with the time of its last change of state."""
    if isinstance(event, CaptureAnswered | ClosureAnswered | ReceiptSeen):
        return _after_answer(sale, event, at_s=at_s)
    after = _sale_after(sale, event, at_s=at_s)
    return after if after.state is sale.state else replace(after, changed_at_s=at_s)


def _sale_after(sale: Sale, event: SaleEvent, *, at_s: int) -> Sale:
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
        case _:
            return _after_doubt(sale, event)


def _after_doubt(sale: Sale, event: SaleEvent) -> Sale:
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


def _after_answer(sale: Sale, event: CaptureAnswered | ClosureAnswered | ReceiptSeen, *, at_s: int) -> Sale:
    """Each answer changes the state."""
    error_code = 0 if isinstance(event, ReceiptSeen) else event.error_code
    if isinstance(event, CaptureAnswered) and event.state.is_paid and not event.receipt:
        state = advance(sale.state, Event.CAPTURE)  # what was accepted offline is paid in full, or not at all
        return replace(sale, state=state, changed_at_s=at_s, error_code=error_code, held_code=0)
    if event.receipt:
        state = advance(sale.state, Event.AUTHORIZE) if sale.state is State.REQUESTED else sale.state
        return replace(
            sale,
            state=advance(state, Event.CAPTURE),
            changed_at_s=at_s,
            paid_minor=receipt_of(event.receipt).amount_minor,
            receipt=event.receipt,
            error_code=error_code,
            held_code=0,
        )
    return replace(
        sale,
        state=advance(sale.state, _negative_event(sale, event)),
        changed_at_s=at_s,
        error_code=error_code or sale.error_code,
        held_code=0,
    )


def _negative_event(sale: Sale, event: CaptureAnswered | ClosureAnswered | ReceiptSeen) -> Event:
    if sale.state is State.AUTHORIZED:
        return Event.REJECT
    if isinstance(event, CaptureAnswered) or sale.close_reason is CloseReason.DECLINED:
        return Event.DECLINE
    return Event.EXPIRE if sale.close_reason is CloseReason.EXPIRED else Event.CANCEL


def stored_minor(sale: Sale | None) -> int:
    """What a sale adds to the stored sum, in minor units."""
    return sale.paid_minor if sale is not None and sale.is_stored else 0
