"""What the operator signs, and the root: certificates, tokens, receipts, trust."""

from dataclasses import dataclass

from wallet_sdk.protocol.ids import Digest, KeyId, MerchantId, PublicKeyBytes, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages.kinds import NO_DIGEST, NO_ID, Grade, Liability, Role
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.states import State


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
class PaymentToken:
    """Stands in for the funding account; bounds what may be spent offline.

    ``device_key`` is a key that the wallet made for this token alone, so that no two tokens can be linked by it.
    """

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
class BatchReceipt:
    """Signed proof that these offline intents, named by their digests, were paid in full to this terminal."""

    terminal_id: TerminalId
    at_s: int
    paid: tuple[Digest, ...]


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
