"""What terminal and wallet sign around one payment, and the proof that a wallet has lied."""

from dataclasses import dataclass

from wallet_sdk.protocol.ids import Counter, Digest, Envelope, RequestId
from wallet_sdk.protocol.messages.kinds import AuthorizationMode, Receipts
from wallet_sdk.protocol.money import Currency, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """The terminal's signed ask for one amount, answered once.

    With ``hold_h`` it asks for a deposit: the amount is only held, and for so many hours the terminal may take a part
    of it or let it go (HoldCapture). Such a request is answered by an ONLINE intent alone.
    """

    request_id: RequestId
    amount_minor: int
    currency: Currency
    issued_at_s: int
    lifetime_s: int
    reference: str = ""
    tip_max_minor: int = 0
    hold_h: int = 0

    @property
    def amount(self) -> Money:
        return Money(minor=self.amount_minor, currency=self.currency)

    @property
    def expires_at_s(self) -> int:
        return self.issued_at_s + self.lifetime_s


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentIntent:
    """The wallet's consent to exactly one request, numbered by the token's counter.

    ``cumulative_minor`` is everything ever signed for offline use under the token, this intent
    included when it is an offline one. ``request_digest`` binds the request and its certificate.
    """

    counter: Counter
    amount_minor: int
    cumulative_minor: int
    request_digest: Digest
    mode: AuthorizationMode


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCode:
    """Customer-presented: one use, for any merchant, dead after ``lifetime_s`` or one try."""

    counter: Counter
    issued_at_s: int
    lifetime_s: int
    ceiling_minor: int

    @property
    def expires_at_s(self) -> int:
        return self.issued_at_s + self.lifetime_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One authorized amount the terminal claims: its own request and the payer's intent or code."""

    request: Envelope
    consent: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureBatch:
    """The terminal's claims under one signature, 1 .. 1,024 of them."""

    made_at_s: int
    claims: tuple[Claim, ...]
    receipts: Receipts = Receipts.EACH


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRequest:
    """A terminal closes its own request: unpaid, it can never be paid any more; paid, it stays paid."""

    request_id: RequestId
    made_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCapture:
    """A terminal takes this much of a held amount, once, and the rest goes back to the payer; 0 voids the hold."""

    request_id: RequestId
    amount_minor: int
    currency: Currency
    made_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """A new payment back to the payer of ``request_id``, with its own id; never a state."""

    refund_id: RequestId
    request_id: RequestId
    amount_minor: int
    currency: Currency
    reason: str
    made_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudProof:
    """Two messages of one device that cannot both be honest, and the bundle that proves their chain. Unsigned.

    Two consents; or a consent and the TokenClosing of their token.
    """

    first: Envelope
    second: Envelope
    bundle: Envelope
