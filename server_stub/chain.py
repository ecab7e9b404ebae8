"""The hash chain over the ledger's entries, and the statement that an operator key signs about its end. Pure.

    hash(n) = SHA-256(hash(n-1) || entry n in its one encoding)        hash(0) = 32 zero bytes

An entry that is changed, left out, put in or moved changes every hash after it; and whoever can write the database but
does not hold the key cannot sign another end. The sequence is that of sealing, which keeps the numbers of each block.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from wallet_sdk.protocol.envelope import Sealed, Signer, verify
from wallet_sdk.protocol.ids import Digest, Envelope, KeyId, PublicKeyBytes

#: What stands before the first entry.
START: Final = bytes(32)
#: Says what a signature is about; the messages of the protocol begin otherwise, so none can pass for the other.
_PURPOSE: Final = b"tillcode ledger checkpoint 1\x00"
_HEAD: Final = struct.Struct(">QHQHH")
_LINE: Final = struct.Struct(">QHq")
_END: Final = struct.Struct(">QQ")

#: One posting: account, number of the currency, minor units.
Line = tuple[int, int, int]


class Stated(Protocol):
    """What the operator can put his name to, outside the messages of the protocol."""

    @property
    def statement(self) -> Digest:
        """The 32 bytes that are signed; they begin with what they are about."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The end of the chain at one time: how many entries it covers, and the hash of the last."""

    entries: int
    last_hash: bytes
    at_s: int

    @property
    def statement(self) -> Digest:
        """The 32 bytes that are signed."""
        end = _END.pack(self.entries, self.at_s)
        return Digest(hashlib.sha256(_PURPOSE + self.last_hash + end).digest())


def next_hash(previous: bytes, *, number: int, kind: int, reference: bytes, at_s: int, lines: Sequence[Line]) -> bytes:
    """The hash after one more entry; ``number`` is its own in the ledger, ``lines`` its postings as they are stored."""
    digest = hashlib.sha256(previous)
    digest.update(_HEAD.pack(number, kind, at_s, len(reference), len(lines)))
    digest.update(reference)
    for line in lines:
        digest.update(_LINE.pack(*line))
    return digest.digest()


def sign(stated: Stated, signer: Signer) -> bytes:
    """The operator's signature, 64 bytes."""
    return signer.sign(stated.statement)


def verify_signature(stated: Stated, signature: bytes, *, key_id: KeyId, public_key: PublicKeyBytes) -> None:
    """Check a signature with a key of the trust bundle.

    Raises:
        RuleViolationError: UNKNOWN_SIGNER or BAD_SIGNATURE.
    """
    signed: Sealed[Any] = Sealed(
        message=None,
        envelope=Envelope(b""),
        digest=stated.statement,
        key_id=key_id,
        embedded=None,
        signature=signature,
    )
    verify(signed, public_key)
