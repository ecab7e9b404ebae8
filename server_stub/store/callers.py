"""Records of those who call with an API key instead of a device's signature."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import NewType

from wallet_sdk.protocol.ids import MerchantId

ApiKeyId = NewType("ApiKeyId", str)


@unique
class Scope(Enum):
    """What a key may do. A merchant's key never sees another merchant; the operator's own have scopes of their own."""

    PAYMENTS_READ = "payments:read"
    EVENTS_READ = "events:read"
    WEBHOOKS_WRITE = "webhooks:write"
    DEVICES_WRITE = "devices:write"
    #: Let another device take a terminal's number over.
    DEVICES_REPLACE = "devices:replace"
    #: Let such a device give back what was paid before it.
    REFUNDS_APPROVE = "refunds:approve"
    KEYS_WRITE = "keys:write"
    SANDBOX = "sandbox"
    #: What the server counts, and nothing else: for the program that draws curves of it.
    METRICS_READ = "metrics:read"
    #: Merchants, wallets, fraud cases and fundings of everybody.
    OPERATOR_READ = "operator:read"
    #: Merchants and their standing and keys, wallets' and terminals' devices: never money.
    OPERATOR_WRITE = "operator:write"
    #: Ask for money to be let in; within the limits it is.
    FUNDS_WRITE = "funds:write"
    #: Let in, as a second person, what another has asked for.
    FUNDS_APPROVE = "funds:approve"


#: What a key of the operator's own may have.
OPERATOR_SCOPES = (
    Scope.METRICS_READ,
    Scope.OPERATOR_READ,
    Scope.OPERATOR_WRITE,
    Scope.FUNDS_WRITE,
    Scope.FUNDS_APPROVE,
)
#: What a merchant's key may have.
MERCHANT_SCOPES = tuple(scope for scope in Scope if scope not in OPERATOR_SCOPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is stored: the hash of its secret. ``merchant_id`` is None for the operator's own keys."""

    key_id: ApiKeyId
    secret_hash: bytes
    merchant_id: MerchantId | None
    scopes: tuple[Scope, ...]
    label: str
    made_at_s: int
    revoked_at_s: int | None = None
