"""Every message of the protocol as a frozen value. Bytes become these in codec.py and nowhere else.

All amounts are minor units of the message's currency; all times are whole seconds since the epoch
(UTC); durations carry their unit in the name. Key numbers and bounds stand in codec.py, the rules
that refuse a well-formed message in rules.py.
"""

from dataclasses import dataclass
from enum import IntEnum, unique
from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    KeyId,
    MerchantId,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
)
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.states import State

#: Stands for an absent digest or id in a message where one may be absent.
NO_DIGEST: Final = Digest(b"")
NO_ID: Final = RequestId(b"")


@unique
class MessageType(IntEnum):
    """Key 0 of every payload, and part of what every signature covers."""

    TERMINAL_CERTIFICATE = 1
    PAYMENT_REQUEST = 2
    PAYMENT_TOKEN = 3
    PAYMENT_INTENT = 4
    PAYMENT_CODE = 5
    CAPTURE_BATCH = 6
    RECEIPT = 7
    REFUND = 8
    TRUST_BUNDLE = 9
    DENYLIST = 10
    FRAUD_PROOF = 11
    STATIC_CODE = 12
    ENROLMENT = 13
    TOKEN_REQUEST = 14
    CERTIFICATE_REQUEST = 15
    READ_REQUEST = 16
    CLOSE_REQUEST = 17


@unique
class Role(IntEnum):
    """What an operator key may sign."""

    TERMINAL_CA = 1
    TOKEN_ISSUER = 2
    RECEIPT = 3
    DENYLIST = 4


@unique
class Grade(IntEnum):
    """How well the issuer knows the payer; risk limits grow with it."""

    BASIC = 1
    VERIFIED = 2


@unique
class AuthorizationMode(IntEnum):
    """How an intent is meant to be authorized: by the issuer, or by the token's own limits."""

    ONLINE = 1
    OFFLINE = 2


@unique
class Liability(IntEnum):
    """Who bears a payment that turns out uncovered: the operator's stated policy."""

    OPERATOR = 1
    MERCHANT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalCertificate:
    """Operator's word that a terminal key belongs to a merchant; the only source of a payee's name."""

    merchant_id: MerchantId
    terminal_id: TerminalId
    terminal_key: PublicKeyBytes
    not_before_s: int
    lifetime_h: int
    merchant_name: str
    merchant_city: str
    country: str
    mcc: int
    currencies: tuple[Currency, ...]

    @property
    def expires_at_s(self) -> int:
        return self.not_before_s + self.lifetime_h * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """The terminal's signed ask for one amount, answered once."""

    request_id: RequestId
    amount_minor: int
    currency: Currency
    issued_at_s: int
    lifetime_s: int
    reference: str = ""
    tip_max_minor: int = 0

    @property
    def amount(self) -> Money:
        return Money(minor=self.amount_minor, currency=self.currency)

    @property
    def expires_at_s(self) -> int:
        return self.issued_at_s + self.lifetime_s


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentToken:
    """Stands in for the funding account, bound to one device key; bounds what may be spent offline."""

    token_id: TokenId
    device_key: PublicKeyBytes
    currency: Currency
    payment_max_minor: int
    total_max_minor: int
    count_max: int
    grade: Grade
    not_before_s: int
    lifetime_h: int

    @property
    def expires_at_s(self) -> int:
        return self.not_before_s + self.lifetime_h * 3600


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Signed proof of an outcome. ``consent_digest`` is the digest of the intent or code.

    Signed by the operator's receipt key, or by the terminal for a payment it accepted offline. ``terminal_id``
    says who was paid: a request id alone is the choice of any terminal, and a rogue one could repeat another's.
    Without a consent it says that the request was closed unpaid; with a ``refund_id`` that amount_minor of the
    payment ``request_id`` went back (or did not, by its state). Neither can be read as proof of a payment.
    """

    terminal_id: TerminalId
    request_id: RequestId
    consent_digest: Digest = NO_DIGEST
    amount_minor: int
    currency: Currency
    state: State
    at_s: int
    liability: Liability = Liability.OPERATOR
    refund_id: RequestId = NO_ID

    @property
    def amount(self) -> Money:
        return Money(minor=self.amount_minor, currency=self.currency)


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
class OperatorKey:
    """One live operator key: its role and the time in which it may sign."""

    role: Role
    public_key: PublicKeyBytes
    not_before_s: int
    expires_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustBundle:
    """The root's list of operator keys; a lower ``version`` than one already seen is refused for ever."""

    version: int
    made_at_s: int
    keys: tuple[OperatorKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denylist:
    """What the operator has revoked; every list is numbered, and lists only ever add.

    ``base`` 0 makes it a full list, any other number a delta on top of exactly that list. Each part is sorted
    and holds nothing twice. ``key_ids`` are keys of terminals, wallet devices and operators.
    """

    number: int
    base: int = 0
    made_at_s: int
    token_ids: tuple[TokenId, ...] = ()
    terminal_ids: tuple[TerminalId, ...] = ()
    key_ids: tuple[KeyId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticCode:
    """A merchant's printed code: no amount, payable online only, one payment at most ``payment_max_minor``.

    A print can be copied and pasted over, so it says nothing but who is paid, in the operator's own words.
    """

    code_id: RequestId
    merchant_id: MerchantId
    merchant_name: str
    merchant_city: str
    country: str
    mcc: int
    currency: Currency
    payment_max_minor: int
    not_before_s: int
    lifetime_d: int

    @property
    def expires_at_s(self) -> int:
        return self.not_before_s + self.lifetime_d * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudProof:
    """Two messages of one device that cannot both be honest, and the bundle that proves their chain. Unsigned.

    Two consents; or a consent and the TokenRequest that closed their token.
    """

    first: Envelope
    second: Envelope
    bundle: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A device shows that it holds a key and an activation code; signed by that very key."""

    activation_code: str
    public_key: PublicKeyBytes
    made_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A wallet asks for a fresh token, and closes its previous one at a signed sum.

    ``issue_id`` makes it idempotent: the same request gets the same token, for ever.
    ``previous_token_id`` is empty for the first; ``spent_minor`` is what was ever signed offline under it.
    """

    issue_id: RequestId
    made_at_s: int
    total_max_minor: int
    previous_token_id: TokenId
    spent_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """A terminal asks for a fresh certificate over the key that signs this."""

    made_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Permission to read one path, signed by the device that may: it can be replayed, but only reads."""

    path: str
    made_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRequest:
    """A terminal closes its own request: unpaid, it can never be paid any more; paid, it stays paid."""

    request_id: RequestId
    made_at_s: int


#: Which number each class has on the wire.
TYPE_OF_MESSAGE: Final = MappingProxyType(
    {
        TerminalCertificate: MessageType.TERMINAL_CERTIFICATE,
        PaymentRequest: MessageType.PAYMENT_REQUEST,
        PaymentToken: MessageType.PAYMENT_TOKEN,
        PaymentIntent: MessageType.PAYMENT_INTENT,
        PaymentCode: MessageType.PAYMENT_CODE,
        CaptureBatch: MessageType.CAPTURE_BATCH,
        Receipt: MessageType.RECEIPT,
        Refund: MessageType.REFUND,
        TrustBundle: MessageType.TRUST_BUNDLE,
        Denylist: MessageType.DENYLIST,
        FraudProof: MessageType.FRAUD_PROOF,
        StaticCode: MessageType.STATIC_CODE,
        Enrolment: MessageType.ENROLMENT,
        TokenRequest: MessageType.TOKEN_REQUEST,
        CertificateRequest: MessageType.CERTIFICATE_REQUEST,
        ReadRequest: MessageType.READ_REQUEST,
        CloseRequest: MessageType.CLOSE_REQUEST,
    }
)

Message = (
    TerminalCertificate
    | PaymentRequest
    | PaymentToken
    | PaymentIntent
    | PaymentCode
    | CaptureBatch
    | Receipt
    | Refund
    | TrustBundle
    | Denylist
    | FraudProof
    | StaticCode
    | Enrolment
    | TokenRequest
    | CertificateRequest
    | ReadRequest
    | CloseRequest
)
Consent = PaymentIntent | PaymentCode
