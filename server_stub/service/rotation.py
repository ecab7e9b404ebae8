"""New keys of the operator's, and the root's word for them: what terminals and wallets will believe next.

A new key starts some days after it was published. Until then the old one signs, so that whoever is offline meanwhile
has heard of the new one before anything is signed with it; and what the old one signed stays good until its own end.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server_stub.keys import KEY_HEAD_START_S, KEY_LIFETIME_S, NOTICE_S, add_key, name_of
from server_stub.service.tokens import UNCLAIMABLE_AFTER_S
from server_stub.store.base import Store
from server_stub.store.records import Trust
from server_stub.store.tables.parties import TRUST
from wallet_sdk.ports import Random
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.envelope import Sealed, Signer, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.messages import OperatorKey, Role, TrustBundle

#: One that signs and one that follows it.
_LIVE_MAX: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """The new bundle, and when its new keys begin to sign."""

    bundle: Sealed[TrustBundle]
    starts_at_s: int


def rotate(
    folder: Path, store: Store, *, roles: Sequence[Role], root: Signer, random: Random, now_s: int, start_in_s: int
) -> Rotated:
    """Make a new key for each role, and publish a bundle that names it beside the old one.

    The secrets are on the disk before the bundle is in the ledger: a crash in between leaves a file that nobody uses.

    Raises:
        MisuseError: BAD_ARGUMENT for another root, or for a role that has two live keys already.
        UnavailableError: STORAGE_FAILED.
    """
    with store.reading() as reader:
        trust, epoch = reader.trust(), reader.epoch()
    if trust is None:
        raise MisuseError(ErrorCode.NOT_INITIALISED, "the ledger is empty; restore a backup")
    if trust.root_key != root.public_key:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "this is not the root key that the ledger stands on", param="root")
    known = open_unverified(trust.bundle, TrustBundle).message
    kept = tuple(key for key in known.keys if _is_needed(key, now_s=now_s))
    _check_room(kept, roles, now_s=now_s)
    fresh = tuple(
        _fresh(folder, role, random, now_s=now_s, starts_at_s=_start_of(kept, role, now_s, start_in_s))
        for role in roles
    )
    version = max(known.version, epoch) + 1
    bundle = seal(TrustBundle(version=version, made_at_s=now_s, keys=kept + fresh), root)
    with store.writing() as writer:
        writer.add(TRUST, Trust(version=bundle.message.version, bundle=bundle.envelope, root_key=root.public_key))
    return Rotated(bundle=bundle, starts_at_s=max(key.not_before_s for key in fresh))


def _fresh(folder: Path, role: Role, random: Random, *, now_s: int, starts_at_s: int) -> OperatorKey:
    signer = add_key(folder, role, random)
    return OperatorKey(
        role=role,
        public_key=signer.public_key,
        not_before_s=starts_at_s,
        expires_at_s=max(now_s, starts_at_s) + KEY_LIFETIME_S,
    )


def _start_of(kept: Sequence[OperatorKey], role: Role, now_s: int, start_in_s: int) -> int:
    """At once, for a role that has no key that may sign: nobody could have waited for it."""
    is_signed_for = any(key.role is role and key.expires_at_s > now_s for key in kept)
    return now_s + max(start_in_s, NOTICE_S) if is_signed_for else now_s - KEY_HEAD_START_S


def _is_needed(key: OperatorKey, *, now_s: int) -> bool:
    """Receipts are proof for ever; of tokens and certificates, until nothing that they began can be claimed."""
    return key.role is Role.RECEIPT or now_s < key.expires_at_s + UNCLAIMABLE_AFTER_S


def _check_room(kept: Sequence[OperatorKey], roles: Sequence[Role], *, now_s: int) -> None:
    live = Counter(key.role for key in kept if key.expires_at_s > now_s)
    for role in roles:
        if live[role] >= _LIVE_MAX:
            text = "it has two live keys; a third can come when the older has expired, till then name the other roles"
            raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param=name_of(role))
    if len(kept) + len(roles) > limits.BUNDLE_KEYS_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "the bundle is full", param="keys")
