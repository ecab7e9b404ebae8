"""JSON bodies of what merchants and the operator ask and get. Unknown members of a request are refused.

What devices exchange stands in wallet_sdk.protocol.api, because both sides must read it alike.
"""

from typing import Annotated, Any

import msgspec

from server_stub.store.callers import Scope
from server_stub.store.outbox import EventKind
from wallet_sdk.protocol import limits

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Serial = Annotated[int, msgspec.Meta(ge=1, le=limits.SERIAL_MAX)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=limits.AMOUNT_MINOR_MAX)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
CurrencyName = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request's body is made of."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer's body is made of."""


class PaymentTold(Told, frozen=True, kw_only=True):
    """One payment of the merchant; he is owed the amount less the fee. ``receipt`` is the operator's signed receipt."""

    terminal_id: int
    request_id: str
    state: str
    amount_minor: int
    fee_minor: int
    refunded_minor: int
    currency: str
    at_s: int
    receipt: str


class PaymentsTold(Told, frozen=True, kw_only=True):
    """A page of payments, newest requests first; ``next_cursor`` is empty on the last one."""

    payments: tuple[PaymentTold, ...]
    next_cursor: str


class EventTold(Told, frozen=True, kw_only=True):
    """One event, as webhooks carry it. ``number`` counts the merchant's events from 1 without a gap."""

    id: str
    number: int
    type: str
    timestamp: str
    content: dict[str, Any] = msgspec.field(name="data")


class EventsTold(Told, frozen=True, kw_only=True):
    """Events in sequence; ask again after the last number."""

    events: tuple[EventTold, ...]


class FraudCaseTold(Told, frozen=True, kw_only=True):
    """Two signatures of one device that cannot both be honest; the proof convinces anybody who has the root key."""

    number: int
    reason: str
    wallet_id: int
    at_s: int
    proof: str


class FraudCasesTold(Told, frozen=True, kw_only=True):
    """Fraud cases, oldest first."""

    fraud_cases: tuple[FraudCaseTold, ...]


class MerchantAsked(Asked, frozen=True, kw_only=True):
    """A new merchant. Name and city together are at most 32 bytes, because certificates carry them."""

    name: Text
    city: Annotated[str, msgspec.Meta(max_length=64)] = ""
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
    mcc: Annotated[int, msgspec.Meta(ge=0, le=9999)] = 5999
    currencies: Annotated[tuple[CurrencyName, ...], msgspec.Meta(min_length=1, max_length=8)] = ("EUR",)


class MerchantTold(Told, frozen=True, kw_only=True):
    """A merchant. While he is blocked no payment of his is taken, and his keys may only read."""

    merchant_id: int
    name: str
    city: str
    country: str
    mcc: int
    currencies: tuple[str, ...]
    blocked_at_s: int | None


class StandingAsked(Asked, frozen=True, kw_only=True):
    """Why a merchant is blocked or unblocked: for the operator's log, the merchant is not told."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class MerchantBalanceTold(Told, frozen=True, kw_only=True):
    """What is owed in one currency, and what payers have authorized in holds that are still open."""

    currency: str
    payable_minor: int
    pending_minor: int


class MerchantBalancesTold(Told, frozen=True, kw_only=True):
    """One balance for each currency that the merchant takes."""

    balances: tuple[MerchantBalanceTold, ...]


class MerchantsTold(Told, frozen=True, kw_only=True):
    """Merchants by their numbers."""

    merchants: tuple[MerchantTold, ...]


class TerminalTold(Told, frozen=True, kw_only=True):
    """An enrolled terminal."""

    terminal_id: int
    merchant_id: int
    key_id: str
    blocked_at_s: int | None


class TerminalsTold(Told, frozen=True, kw_only=True):
    """Terminals by their numbers."""

    terminals: tuple[TerminalTold, ...]


class WalletTold(Told, frozen=True, kw_only=True):
    """An enrolled wallet."""

    wallet_id: int
    currency: str
    key_id: str
    blocked_at_s: int | None


class WalletsTold(Told, frozen=True, kw_only=True):
    """Wallets by their numbers."""

    wallets: tuple[WalletTold, ...]


class WalletCodeAsked(Asked, frozen=True, kw_only=True):
    """Let one wallet in, with an opening balance. ``reason`` is for the second person, where one must approve."""

    currency: CurrencyName = "EUR"
    funds_minor: Minor = 0
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class CodeTold(Told, frozen=True, kw_only=True):
    """A one-time activation code; it is shown here and never again."""

    code: str
    expires_at_s: int


class StaticCodeAsked(Asked, frozen=True, kw_only=True):
    """A code to print. It lives as long as asked, or as the operator's key that signs it."""

    currency: CurrencyName = "EUR"
    payment_max_minor: Annotated[int, msgspec.Meta(ge=1, le=limits.AMOUNT_MINOR_MAX)]
    lifetime_d: Annotated[int, msgspec.Meta(ge=1, le=limits.STATIC_CODE_LIFETIME_D_MAX)] = 365
    label: Annotated[str, msgspec.Meta(max_length=64)] = ""


class StaticCodeTold(Told, frozen=True, kw_only=True):
    """A printed code. Its payments stand under ``terminal_id``; ``text`` is what the QR code says."""

    code_id: str
    terminal_id: int
    label: str
    currency: str
    payment_max_minor: int
    made_at_s: int
    expires_at_s: int
    ended_at_s: int | None
    text: str


class StaticCodesTold(Told, frozen=True, kw_only=True):
    """Printed codes, those that were ended too."""

    static_codes: tuple[StaticCodeTold, ...]


class ReplacingTold(CodeTold, frozen=True, kw_only=True):
    """A code for another device of a terminal; it is let in from ``not_before_s`` on."""

    not_before_s: int


class RefundApprovalAsked(Asked, frozen=True, kw_only=True):
    """All refunds of the payment together may come to so much."""

    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=limits.AMOUNT_MINOR_MAX)]


class RefundApprovalTold(Told, frozen=True, kw_only=True):
    """What a device that came after the payment may give back of it, in all; the newest approval counts."""

    terminal_id: int
    request_id: str
    amount_minor: int
    currency: str
    approved_by: str
    at_s: int


class FundingTold(Told, frozen=True, kw_only=True):
    """Money from outside that a wallet's code brings in. ``state``: OPEN until a second person approves, GRANTED,
    REFUSED, EXPIRED, or USED once a wallet has brought the code."""

    funding_id: int
    state: str
    currency: str
    amount_minor: int
    asked_by: str
    asked_at_s: int
    expires_at_s: int
    reason: str
    decided_by: str
    decided_at_s: int | None


class FundingsTold(Told, frozen=True, kw_only=True):
    """Fundings by their numbers; ask again after the last one."""

    fundings: tuple[FundingTold, ...]


class WalletCodeTold(CodeTold, frozen=True, kw_only=True):
    """A code for a wallet. While its funding is OPEN it lets nobody in."""

    funding: FundingTold


class ApiKeyAsked(Asked, frozen=True, kw_only=True):
    """A new key. A key can give another one no more than it may do itself."""

    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=16)]
    label: Annotated[str, msgspec.Meta(max_length=64)] = ""


class ApiKeyTold(Told, frozen=True, kw_only=True):
    """A key without its secret."""

    key_id: str
    scopes: tuple[Scope, ...]
    label: str
    made_at_s: int
    revoked_at_s: int | None


class ApiKeyMade(ApiKeyTold, frozen=True, kw_only=True):
    """A new key; ``api_key`` is shown here and never again."""

    api_key: str


class ApiKeysTold(Told, frozen=True, kw_only=True):
    """Keys, oldest first."""

    api_keys: tuple[ApiKeyTold, ...]


class EndpointAsked(Asked, frozen=True, kw_only=True):
    """Where events go; no kinds is all of them."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    kinds: Annotated[tuple[EventKind, ...], msgspec.Meta(max_length=32)] = ()


class EndpointTold(Told, frozen=True, kw_only=True):
    """A webhook endpoint."""

    endpoint_id: int
    url: str
    kinds: tuple[EventKind, ...]
    secrets: int
    made_at_s: int
    disabled_at_s: int | None


class EndpointMade(EndpointTold, frozen=True, kw_only=True):
    """An endpoint and its newest secret, which is shown here and never again."""

    secret: str


class EndpointsTold(Told, frozen=True, kw_only=True):
    """A merchant's endpoints."""

    endpoints: tuple[EndpointTold, ...]


class TryTold(Told, frozen=True, kw_only=True):
    """One try. ``http_status`` is 0 when the receiver did not answer."""

    at_s: int
    outcome: str
    http_status: int


class DeliveryTold(Told, frozen=True, kw_only=True):
    """One event on its way to an endpoint; ``next_try_at_s`` only while it waits."""

    event_id: str
    number: int
    state: str
    next_try_at_s: int | None
    tries: tuple[TryTold, ...]


class DeliveriesTold(Told, frozen=True, kw_only=True):
    """Deliveries by the events' numbers; ask again after the last one."""

    deliveries: tuple[DeliveryTold, ...]


class AgainAsked(Asked, frozen=True, kw_only=True):
    """Send events of a range again, at most 500 of them; for one event both numbers are its own."""

    first_number: Number
    last_number: Number


class AgainTold(Told, frozen=True, kw_only=True):
    """How many events are on their way again."""

    events: int
