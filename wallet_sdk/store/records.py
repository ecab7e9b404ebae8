"""The records a wallet keeps, and the one table of what may follow which outcome.

Amounts are minor units of the record's currency; times are seconds since the epoch.
"""

from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
    WalletId,
)
from wallet_sdk.protocol.money import Currency


@unique
class Outcome(Enum):
    """What became of one consent, as far as this wallet can prove or must fear."""

    #: Sent or about to be: the issuer's word is not known yet. It may be charged.
    UNKNOWN = "unknown"
    #: The issuer signed a receipt for it.
    SETTLED = "settled"
    #: The issuer holds it as a deposit, and says so in a receipt. The merchant may still take a part, or all of it.
    HELD = "held"
    #: The issuer refused it, and signed that. Not charged.
    DECLINED = "declined"
    #: Shown as a QR code; a terminal may have taken it.
    OFFLINE = "offline"
    #: The terminal's receipt was scanned.
    ACCEPTED_OFFLINE = "accepted_offline"
    #: A code that was shown; a terminal may have read it.
    PRESENTED = "presented"
    #: Its time passed, and the issuer has proven nothing of it. It is taken no more.
    EXPIRED = "expired"
    #: No byte of it ever left this device. Not charged.
    NOT_SENT = "not_sent"

    @property
    def is_dead(self) -> bool:
        """Whether it has moved no money and never will."""
        return self in DEAD_OUTCOMES

    @property
    def is_resolved(self) -> bool:
        """Whether there is nothing left to ask the issuer."""
        return self.is_dead or self is Outcome.SETTLED


#: No receipt yet.
NO_RECEIPT: Final = Envelope(b"")
#: A printed code names no terminal.
NO_TERMINAL: Final = TerminalId(0)
DEAD_OUTCOMES: Final = frozenset({Outcome.DECLINED, Outcome.EXPIRED, Outcome.NOT_SENT})

_NEXT: Final = MappingProxyType(
    {
        Outcome.UNKNOWN: frozenset(
            {Outcome.SETTLED, Outcome.HELD, Outcome.DECLINED, Outcome.EXPIRED, Outcome.NOT_SENT}
        ),
        Outcome.HELD: frozenset({Outcome.SETTLED, Outcome.DECLINED}),
        Outcome.OFFLINE: frozenset({Outcome.ACCEPTED_OFFLINE, Outcome.SETTLED, Outcome.DECLINED, Outcome.EXPIRED}),
        Outcome.ACCEPTED_OFFLINE: frozenset({Outcome.SETTLED, Outcome.DECLINED, Outcome.EXPIRED}),
        Outcome.PRESENTED: frozenset({Outcome.SETTLED, Outcome.DECLINED, Outcome.EXPIRED}),
        # The issuer's receipt outweighs what this wallet concluded by itself.
        Outcome.EXPIRED: frozenset({Outcome.SETTLED, Outcome.HELD, Outcome.DECLINED}),
        Outcome.SETTLED: frozenset(),
        Outcome.DECLINED: frozenset(),
        Outcome.NOT_SENT: frozenset(),
    }
)
assert set(_NEXT) == set(Outcome), "an outcome without a row"


def check_outcome_follows(before: Outcome, after: Outcome) -> None:
    """The same outcome again is no change and is allowed.

    Raises:
        RuleViolationError: BAD_TRANSITION.
    """
    if after is not before and after not in _NEXT[before]:
        raise RuleViolationError(
            ErrorCode.BAD_TRANSITION, f"a consent that is {before.value} cannot become {after.value}", param="outcome"
        )


def already_answered(digest: Digest) -> RuleViolationError:
    """What ``add_consent`` raises for a request that has a consent of this digest already."""
    error = RuleViolationError(ErrorCode.ALREADY_PAID, "this request has a consent already")
    error.digest = digest
    return error


@unique
class ConsentKind(Enum):
    """Which signed consent a record holds."""

    ONLINE_INTENT = "online_intent"
    OFFLINE_INTENT = "offline_intent"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """Who this wallet is. ``allowance_minor`` is the offline limit to ask for; None: half of what the payer has."""

    server: str
    wallet_id: WalletId
    currency: Currency
    root_key: PublicKeyBytes
    bundle: Envelope
    allowance_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """A token, the key that signs under it, and the highest counter and largest offline sum ever reserved."""

    token_id: TokenId
    envelope: Envelope
    key_name: str
    counter: int = 0
    cumulative_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A counter that is this caller's alone, and the offline sum that goes with it."""

    counter: Counter
    cumulative_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingIssue:
    """A signed TokenRequest that may have been sent; ``previous_token_id`` is empty for the first.

    ``key_name`` is the key that the token is asked for.
    """

    envelope: Envelope
    key_name: str
    previous_token_id: TokenId
    spent_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRecord:
    """The payment request a consent answers, with the payee as its certificate names it."""

    terminal_id: TerminalId
    request_id: RequestId
    envelope: Envelope
    merchant_name: str
    merchant_city: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecord:
    """One signed intent or code, and what became of it.

    Attributes:
        expires_at_s: when its request or code expires.
        amount_minor: for a code, its ceiling.
        ask: None for a code.
        error_code: 0, or the ErrorCode of a decline; of an open consent that of a refusal that nobody has signed.
        receipt: signed by issuer or terminal; empty when there is none.
        refunded_minor: how much of it has gone back, as the issuer last said.
    """

    digest: Digest
    kind: ConsentKind
    envelope: Envelope
    token_id: TokenId
    counter: Counter
    made_at_s: int
    expires_at_s: int
    amount_minor: int
    currency: Currency
    ask: AskRecord | None
    outcome: Outcome
    error_code: int = 0
    receipt: Envelope = NO_RECEIPT
    refunded_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRecord:
    """What the issuer last said, and when; ``refunds_until_s`` is the time of the newest refund it has told of."""

    available_minor: int
    escrow_minor: int
    as_of_s: int
    refunds_until_s: int = 0
