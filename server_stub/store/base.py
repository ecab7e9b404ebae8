"""What the server needs of a database: records, a reader with one consistent view, a writer in one transaction.

Amounts are minor units, times are seconds since the epoch. Every adapter passes tests/contract/test_store.py.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import IntEnum, unique
from typing import Protocol

from server_stub.ledger import Account, AccountId, AccountKind, Entry
from wallet_sdk.protocol.errors import ErrorCode
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
    WalletId,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """An enrolled terminal with its newest certificate."""

    terminal_id: TerminalId
    merchant_id: MerchantId
    public_key: PublicKeyBytes
    certificate: Envelope
    blocked_at_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """An enrolled wallet and the account its online payments come from."""

    wallet_id: WalletId
    currency: Currency
    device_key: PublicKeyBytes
    account_id: AccountId
    blocked_at_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationCode:
    """A one-time code; only its hash is known. ``used_by`` is the key that used it, None while it is unused."""

    code_hash: bytes
    kind: DeviceKind
    expires_at_s: int
    merchant_id: MerchantId | None = None
    currency: Currency | None = None
    funds_minor: int = 0
    used_by: PublicKeyBytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
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
class Consent:
    """The first answer to one intent or code, and its evidence as received."""

    digest: Digest
    wallet_id: WalletId
    token_id: TokenId
    counter: Counter
    terminal_id: TerminalId
    request_id: RequestId
    state: State
    error_code: ErrorCode | None
    at_s: int
    request: Envelope = field(repr=False)
    envelope: Envelope = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentCounter:
    """One signature under a token; start and sum are the cumulative sums before and after an intent."""

    token_id: TokenId
    counter: Counter
    mode: ConsentMode
    start_minor: int
    cumulative_minor: int
    consent_digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment that took effect."""

    terminal_id: TerminalId
    request_id: RequestId
    request_digest: Digest
    consent_digest: Digest
    wallet_id: WalletId
    amount_minor: int
    currency: Currency
    state: State
    receipt: Envelope = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A request that its terminal closed unpaid."""

    terminal_id: TerminalId
    request_id: RequestId
    envelope: Envelope
    at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudCase:
    """Two signatures of one device that cannot both be honest."""

    reason: str
    wallet_id: WalletId
    token_id: TokenId
    consent_digest: Digest
    at_s: int
    proof: bytes = field(repr=False)


class Reader(Protocol):
    """One consistent view. A method named for a thing returns None when there is none."""

    def trust(self) -> Trust | None: ...
    def merchant(self, merchant_id: MerchantId) -> Merchant | None: ...
    def terminal(self, key_id: KeyId) -> Terminal | None: ...
    def wallet(self, wallet_id: WalletId) -> Wallet | None: ...
    def wallet_of_key(self, key_id: KeyId) -> Wallet | None: ...
    def activation_code(self, code_hash: bytes) -> ActivationCode | None: ...
    def token(self, token_id: TokenId) -> Token | None: ...
    def token_of_key(self, device_key: PublicKeyBytes) -> Token | None: ...
    def token_of_issue(self, wallet_id: WalletId, issue_id: RequestId) -> Token | None: ...

    def tokens_with_escrow(self, wallet_id: WalletId) -> tuple[Token, ...]:
        """A wallet's tokens, open or closed, whose escrow is not empty."""
        ...

    def consent(self, digest: Digest) -> Consent | None: ...
    def payment(self, terminal_id: TerminalId, request_id: RequestId) -> Payment | None: ...
    def closure(self, terminal_id: TerminalId, request_id: RequestId) -> Closure | None: ...

    def neighbours(self, token_id: TokenId, counter: Counter) -> tuple[SpentCounter, ...]:
        """The signature with this counter, and the nearest intents below and above it, as far as there are any."""
        ...

    def highest_sum_minor(self, token_id: TokenId) -> int:
        """The largest cumulative sum seen under a token, 0 when none was."""
        ...

    def shortfall_minor(self, token_id: TokenId, terminal_id: TerminalId) -> int:
        """What the operator has borne at a terminal under a token, 0 when nothing."""
        ...

    def fraud_cases(self) -> tuple[FraudCase, ...]: ...
    def accounts(self) -> tuple[Account, ...]: ...
    def balance_minor(self, account_id: AccountId) -> int: ...

    def escrow_minor(self, wallet_id: WalletId) -> int:
        """What all escrow accounts of a wallet hold together."""
        ...


class Writer(Reader, Protocol):
    """Everything between begin and commit of one durable transaction of the database."""

    def savepoint(self) -> AbstractContextManager[None]:
        """What happens inside is undone alone when it raises."""
        ...

    def post(self, entry: Entry) -> int:
        """Write an entry with its postings and move the balances; returns the entry's number.

        Raises:
            RuleViolationError: INSUFFICIENT_FUNDS when a balance would fall under its floor; nothing is written.
        """
        ...

    def open_account(self, *, kind: AccountKind, holder: str, currency: Currency) -> AccountId:
        """The account of a holder, made with a balance of 0 if there is none yet."""
        ...

    def save_trust(self, trust: Trust) -> None: ...
    def next_merchant_id(self) -> MerchantId: ...
    def add_merchant(self, merchant: Merchant) -> None: ...
    def next_terminal_id(self) -> TerminalId: ...
    def add_terminal(self, terminal: Terminal) -> None: ...
    def renew_certificate(self, terminal_id: TerminalId, certificate: Envelope) -> None: ...
    def next_wallet_id(self) -> WalletId: ...
    def add_wallet(self, wallet: Wallet) -> None: ...
    def block_wallet(self, wallet_id: WalletId, *, at_s: int) -> None: ...
    def add_activation_code(self, code: ActivationCode) -> None: ...
    def use_activation_code(self, code_hash: bytes, used_by: PublicKeyBytes) -> None: ...
    def add_token(self, token: Token) -> None: ...

    def close_token(
        self,
        token_id: TokenId,
        *,
        standing: TokenStanding,
        spent_minor: int | None = None,
        closing: Envelope | None = None,
        successor_id: TokenId | None = None,
    ) -> None:
        """Change a token's standing; what is None stays as it was."""
        ...

    def add_dead(self, token_id: TokenId, amount_minor: int) -> None: ...
    def add_shortfall(self, token_id: TokenId, terminal_id: TerminalId, amount_minor: int) -> None: ...

    def add_consent(self, consent: Consent, spent: SpentCounter) -> None:
        """Remember an answer; the counter's first signature keeps its place when a second one comes."""
        ...

    def add_payment(self, payment: Payment, *, entry_number: int) -> None: ...
    def add_closure(self, closure: Closure) -> None: ...
    def add_fraud_case(self, case: FraudCase) -> None: ...


class Store(Protocol):
    """One database."""

    def reading(self) -> AbstractContextManager[Reader]:
        """A consistent view; any number at once, from any thread, and never waiting for the writer."""
        ...

    def writing(self) -> AbstractContextManager[Writer]:
        """One durable transaction of the database: committed on leaving, undone when something is raised.

        Raises:
            UnavailableError: STORAGE_FAILED when the commit failed: whether it took effect is unknown.
        """
        ...

    def close(self) -> None: ...
