"""Records of those who call with an API key instead of a device's signature."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import NewType

from wallet_sdk.protocol.ids import MerchantId

ApiKeyId = NewType("ApiKeyId", str)


@unique
class Scope(Enum):
    """What a key may do. A merchant's key never sees another merchant; OPERATOR is for the operator's own."""

    PAYMENTS_READ = "payments:read"
    EVENTS_READ = "events:read"
    WEBHOOKS_WRITE = "webhooks:write"
    DEVICES_WRITE = "devices:write"
    KEYS_WRITE = "keys:write"
    SANDBOX = "sandbox"
    OPERATOR = "operator"


#: What a merchant's key may have.
MERCHANT_SCOPES = tuple(scope for scope in Scope if scope is not Scope.OPERATOR)


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
