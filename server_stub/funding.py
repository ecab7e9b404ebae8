"""What the operator signs about money that comes into the ledger from outside. Pure.

Whoever can write the database but does not hold an operator key can write an entry, never the grant that it needs. A
grant names the code's hash, so it counts once and for nobody but who knows the code; the sum of what was funded before
there were grants is fixed by one statement, so that nothing can be dated back among it.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from server_stub.chain import START, Line, Stated, next_hash, verify_signature
from server_stub.store.records_funding import EarlierFundings, Funding
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Digest, KeyId
from wallet_sdk.protocol.messages import OperatorKey, Role
from wallet_sdk.protocol.trust import TrustStore

#: Receipt keys stay in the bundle for ever, and a running server has one: their word on money is proof for ever.
ROLE: Final = Role.RECEIPT
#: Say what a signature is about; see ``chain``.
_GRANT_PURPOSE: Final = b"tillcode ledger funding 1\x00"
_EARLIER_PURPOSE: Final = b"tillcode ledger earlier fundings 1\x00"
_GRANT: Final = struct.Struct(">HQQHH")
_EARLIER: Final = struct.Struct(">Q")

#: Number, kind, reference, time and postings of an entry.
EntryLines = tuple[int, int, bytes, int, Sequence[Line]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """This much may come in, once, with the code of this hash. ``approved_by`` is the second person, "" without one."""

    code_hash: bytes
    currency: int
    amount_minor: int
    at_s: int
    asked_by: str
    approved_by: str

    @property
    def statement(self) -> Digest:
        """The 32 bytes that are signed."""
        asked, approved = self.asked_by.encode(), self.approved_by.encode()
        head = _GRANT.pack(self.currency, self.amount_minor, self.at_s, len(asked), len(approved))
        code = hashlib.sha256(self.code_hash).digest()
        return Digest(hashlib.sha256(_GRANT_PURPOSE + code + head + asked + approved).digest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """So many entries were funded without a grant, and their chain ends so: it was before there were grants."""

    entries: int
    last_hash: bytes

    @property
    def statement(self) -> Digest:
        """The 32 bytes that are signed."""
        return Digest(hashlib.sha256(_EARLIER_PURPOSE + self.last_hash + _EARLIER.pack(self.entries)).digest())


def grant_of(funding: Funding) -> Grant:
    """The grant that a funding's signature must be of."""
    return Grant(
        code_hash=funding.code_hash,
        currency=funding.currency.number,
        amount_minor=funding.amount_minor,
        at_s=funding.decided_at_s or 0,
        asked_by=funding.asked_by,
        approved_by=funding.decided_by,
    )


def earlier_of(entries: Iterable[EntryLines]) -> Earlier:
    """The statement about entries, in the sequence of their numbers."""
    count, last_hash = 0, START
    for number, kind, reference, at_s, lines in entries:
        last_hash = next_hash(last_hash, number=number, kind=kind, reference=reference, at_s=at_s, lines=lines)
        count += 1
    return Earlier(entries=count, last_hash=last_hash)


def verify_grant(funding: Funding, trust: TrustStore) -> None:
    """Check that an operator key, valid then, has signed for a funding.

    Raises:
        RuleViolationError: UNKNOWN_SIGNER, WRONG_ROLE, BAD_SIGNATURE or EXPIRED.
    """
    grant = grant_of(funding)
    key = _verified(grant, funding.key_id, funding.signature, trust)
    if not key.not_before_s <= grant.at_s < key.expires_at_s:
        raise RuleViolationError(ErrorCode.EXPIRED, "its key was not valid when it was signed", param="key_id")


def verify_earlier(stated: EarlierFundings, trust: TrustStore) -> None:
    """Check that an operator key has signed for what was funded before; its time is the first start's, and not told.

    Raises:
        RuleViolationError: UNKNOWN_SIGNER, WRONG_ROLE or BAD_SIGNATURE.
    """
    earlier = Earlier(entries=stated.entries, last_hash=stated.last_hash)
    _verified(earlier, stated.key_id, stated.signature, trust)


def _verified(stated: Stated, key_id: bytes, signature: bytes, trust: TrustStore) -> OperatorKey:
    key = trust.operator_key(KeyId(key_id), role=ROLE)
    verify_signature(stated, signature, key_id=KeyId(key_id), public_key=key.public_key)
    return key
