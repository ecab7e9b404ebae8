"""API keys: made, looked up, revoked. The secret is shown once; only its hash is kept.

A secret has 256 random bits, so a plain hash at rest is enough: there is nothing to guess.
"""

import hmac
from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, NewType

from server_stub.activation import new_activation_code
from server_stub.committer import Command
from server_stub.store.base import Store
from server_stub.store.callers import MERCHANT_SCOPES, OPERATOR_SCOPES, ApiKey, ApiKeyId, Scope
from server_stub.store.tables.callers import API_KEYS, KEYS_OF
from server_stub.store.tables.parties import MERCHANTS
from server_stub.store.writer import Writer
from wallet_sdk.ports import Random
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import MerchantId

ApiKeyText = NewType("ApiKeyText", str)

_PREFIX: Final = "tck"
_ID_BYTES: Final = 16
_SECRET_BYTES: Final = 32
KEYS_MAX: Final = 64
LABEL_CHARS_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks with a key. ``merchant_id`` is None for the operator."""

    key_id: ApiKeyId
    merchant_id: MerchantId | None
    scopes: tuple[Scope, ...]
    is_blocked: bool = False

    @property
    def merchant(self) -> MerchantId:
        """The merchant whose key it is.

        Raises:
            RuleViolationError: NOT_AUTHORIZED for the operator, who has no payments of his own.
        """
        if self.merchant_id is None:
            raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "a merchant's key is needed")
        return self.merchant_id


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A new key, and the only moment at which its text is known."""

    key: ApiKey
    text: ApiKeyText


@dataclass(frozen=True, slots=True, kw_only=True)
class AddKey(Command[ApiKey]):
    """Answered with the key as it is stored."""

    key: ApiKey

    def apply(self, writer: Writer) -> ApiKey:
        owner = self.key.merchant_id
        if owner is not None and writer.find(MERCHANTS, owner) is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, f"there is no merchant {owner}", param="merchant")
        living = [key for key in writer.list_by(API_KEYS, KEYS_OF, owner or 0) if key.revoked_at_s is None]
        if len(living) >= KEYS_MAX:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"at most {KEYS_MAX} keys; revoke one first")
        writer.add(API_KEYS, self.key)
        return self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKey(Command[ApiKey]):
    """A key never works again; revoked twice is revoked. ``owner`` is whose keys may be named."""

    key_id: ApiKeyId
    owner: MerchantId | None
    at_s: int

    def apply(self, writer: Writer) -> ApiKey:
        key = writer.find(API_KEYS, self.key_id)
        if key is None or key.merchant_id != self.owner:
            raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such key", param="key_id")
        if key.revoked_at_s is not None:
            return key
        revoked = replace(key, revoked_at_s=self.at_s)
        writer.change(API_KEYS, revoked)
        return revoked


def new_key(
    random: Random, *, merchant_id: MerchantId | None, scopes: Collection[Scope], label: str, at_s: int
) -> MadeKey:
    """Make a key; it works once it is stored.

    Raises:
        MisuseError: BAD_ARGUMENT for scopes that such a key cannot have, or a label that is too long.
    """
    allowed = OPERATOR_SCOPES if merchant_id is None else MERCHANT_SCOPES
    if not scopes or not set(scopes) <= set(allowed):
        names = ", ".join(scope.value for scope in allowed)
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"one or more of: {names}", param="scopes")
    if len(label) > LABEL_CHARS_MAX or not label.isprintable():
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"at most {LABEL_CHARS_MAX} printable characters", param="label")
    key_id = ApiKeyId(new_activation_code(random.random_bytes(_ID_BYTES)).replace("-", "").lower())
    text = ApiKeyText(f"{_PREFIX}_{key_id}_{api.to_base64url(random.random_bytes(_SECRET_BYTES))}")
    key = ApiKey(
        key_id=key_id,
        secret_hash=_hash_of(text),
        merchant_id=merchant_id,
        scopes=tuple(scope for scope in Scope if scope in set(scopes)),
        label=label,
        made_at_s=at_s,
    )
    return MadeKey(key=key, text=text)


def authenticate(store: Store, authorization: str) -> Caller:
    """Whose key a request brings.

    Raises:
        RuleViolationError: NOT_AUTHENTICATED; a missing, an unknown and a revoked key read the same.
    """
    scheme, _, text = authorization.partition(" ")
    parts = text.strip().split("_", 2)
    if scheme.lower() == "bearer" and len(parts) == 3 and parts[0] == _PREFIX:
        with store.reading() as reader:
            key = reader.find(API_KEYS, ApiKeyId(parts[1]))
            owner = None if key is None or key.merchant_id is None else reader.find(MERCHANTS, key.merchant_id)
        known = key.secret_hash if key is not None else bytes(32)
        same = hmac.compare_digest(known, _hash_of(text.strip()))
        if same and key is not None and key.revoked_at_s is None:
            is_blocked = owner is not None and owner.blocked_at_s is not None
            return Caller(key_id=key.key_id, merchant_id=key.merchant_id, scopes=key.scopes, is_blocked=is_blocked)
    raise RuleViolationError(ErrorCode.NOT_AUTHENTICATED, "an API key is needed", param="authorization")


def check_scope(caller: Caller, scope: Scope) -> None:
    """Refuse what a key may not do.

    Raises:
        RuleViolationError: NOT_AUTHORIZED.
    """
    if scope not in caller.scopes:
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, f"the key has not the scope {scope.value}")


def check_may_change(caller: Caller) -> None:
    """Refuse a change to a merchant who is blocked; what he has he may read all the same.

    Raises:
        RuleViolationError: MERCHANT_BLOCKED.
    """
    if caller.is_blocked:
        raise RuleViolationError(ErrorCode.MERCHANT_BLOCKED, "the operator has blocked the merchant: reading only")


def keys_of(store: Store, owner: MerchantId | None) -> tuple[ApiKey, ...]:
    """A merchant's keys, or the operator's; the revoked ones too."""
    with store.reading() as reader:
        return tuple(sorted(reader.list_by(API_KEYS, KEYS_OF, owner or 0), key=lambda key: key.made_at_s))


def _hash_of(text: str) -> bytes:
    return sha256(text.encode()).digest()
