"""Records of the ledger: what one row of each table says. Amounts are minor units, times seconds since the epoch.

What is made or read for each payment is a Struct, which costs a fifth of a frozen dataclass to make (changed by
``msgspec.structs.replace``); anything else is a dataclass (changed by ``dataclasses.replace``).
"""

from dataclasses import dataclass, field
from enum import IntEnum, unique

from msgspec import Struct

from server_stub.ledger import AccountId
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    MerchantId,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
    WalletId,
)
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State


@unique
class DeviceKind(IntEnum):
    """What an activation code lets in."""

    TERMINAL = 1
    WALLET = 2


@unique
class TokenStanding(IntEnum):
    """Whether a token still spends; late captures of a closed one are judged all the same."""

    OPEN = 1
    CLOSED = 2
    CLOSED_FOR_FRAUD = 3
    #: By the operator's hand: nothing more is paid online, and what was signed offline before is settled.
    REVOKED = 4


@unique
class ConsentMode(IntEnum):
    """How a consent was meant to be authorized; an intent's mode has the same number."""

    CODE = 0
    ONLINE = 1
    OFFLINE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The newest bundle and the root that signed it."""

    version: int
    bundle: Envelope
    root_key: PublicKeyBytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """A payee."""

    merchant_id: MerchantId
    name: str
    city: str
    country: str
    mcc: int
    currencies: tuple[Currency, ...]
    blocked_at_s: int | None = None


class Terminal(Struct, frozen=True, kw_only=True):
    """An enrolled terminal with its newest certificate. ``enrolled_at_s`` is its present device's, 0 if unknown."""

    terminal_id: TerminalId
    merchant_id: MerchantId
    public_key: PublicKeyBytes
    certificate: Envelope
    blocked_at_s: int | None = None
    enrolled_at_s: int = 0


class Wallet(Struct, frozen=True, kw_only=True):
    """An enrolled wallet and the account its online payments come from."""

    wallet_id: WalletId
    currency: Currency
    device_key: PublicKeyBytes
    account_id: AccountId
    blocked_at_s: int | None = None
    enrolled_at_s: int = 0


class ActivationCode(Struct, frozen=True, kw_only=True):
    """A one-time code; only its hash is known. ``used_by`` is the key that used it, None while it is unused.

    ``replaces``: the wallet or terminal that gets another device by it; None when it lets a new one in.
    From ``not_before_s`` on it works.
    """

    code_hash: bytes
    kind: DeviceKind
    expires_at_s: int
    merchant_id: MerchantId | None = None
    currency: Currency | None = None
    funds_minor: int = 0
    used_by: PublicKeyBytes | None = None
    replaces: WalletId | TerminalId | None = None
    not_before_s: int = 0


class Token(Struct, frozen=True, kw_only=True):
    """An issued token, its escrow account, and at which sum it was closed.

    ``dead_minor`` is the sum of its offline consents that were declined for ever and can never be claimed;
    ``closing`` the TokenClosing by the token's own key, ``successor_id`` the token that was issued with it.
    """

    token_id: TokenId
    wallet_id: WalletId
    device_key: PublicKeyBytes
    account_id: AccountId
    digest: Digest
    envelope: Envelope
    currency: Currency
    total_minor: int
    issue_id: RequestId
    issue_digest: Digest
    standing: TokenStanding = TokenStanding.OPEN
    spent_minor: int | None = None
    dead_minor: int = 0
    closing: Envelope | None = None
    successor_id: TokenId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """What the operator has borne at one terminal under one token."""

    token_id: TokenId
    terminal_id: TerminalId
    amount_minor: int


class Consent(Struct, frozen=True, kw_only=True):
    """The first answer to one intent or code, and its evidence as received."""

    number: int
    digest: Digest
    wallet_id: WalletId
    token_id: TokenId
    counter: Counter
    terminal_id: TerminalId
    request_id: RequestId
    state: State
    error_code: ErrorCode | None
    at_s: int
    request: Envelope
    envelope: Envelope


class SpentCounter(Struct, frozen=True, kw_only=True):
    """One signature under a token; start and sum are the cumulative sums before and after an intent."""

    token_id: TokenId
    counter: Counter
    mode: ConsentMode
    start_minor: int
    cumulative_minor: int
    consent_number: int


class Payment(Struct, frozen=True, kw_only=True):
    """A payment that took effect. Its consent and its entry have the same number.

    A receipt is made of this alone, so none is stored.

    Attributes:
        amount_minor: what counts now: authorized while it is held, captured after that.
        at_s: when its state was last changed.
        liability: who bears it should it turn out uncovered.
        fee_minor: the part of the amount that is the operator's.
        borne_minor: the part of the amount that no escrow covered and the operator bore.
        refunded_minor: what all its refunds come to.
    """

    number: int
    terminal_id: TerminalId
    request_id: RequestId
    request_digest: Digest
    consent_digest: Digest
    wallet_id: WalletId
    amount_minor: int
    currency: Currency
    state: State
    at_s: int
    liability: Liability
    fee_minor: int = 0
    borne_minor: int = 0
    refunded_minor: int = 0


class AnsweredRequest(Struct, frozen=True, kw_only=True):
    """A request that was paid, or that its terminal closed unpaid: one of the two, once and for ever.

    ``amount_minor`` and ``currency`` are a closed request's, where its terminal has handed it in.
    """

    terminal_id: TerminalId
    request_id: RequestId
    payment_number: int | None = None
    closing: Envelope | None = None
    closed_at_s: int | None = None
    amount_minor: int | None = None
    currency: Currency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudCase:
    """Two signatures of one device that cannot both be honest."""

    number: int
    reason: str
    wallet_id: WalletId
    token_id: TokenId
    consent_digest: Digest
    at_s: int
    proof: bytes = field(repr=False)
    #: The token was of a device that its wallet had lost before, so the wallet goes on with the one it has now.
    is_of_lost_device: bool = False
