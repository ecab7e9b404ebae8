"""The hash chain over the ledger's entries, and the statement that an operator key signs about its end. Pure.

    hash(n) = SHA-256(hash(n-1) || entry n in its one encoding)        hash(0) = 32 zero bytes

An entry that is changed, left out, put in or moved changes every hash after it; and whoever can write the file but
does not hold the key cannot sign another end. Positions are those of the chain, which follow the sequence of sealing.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from server_stub.ledger import Entry
from wallet_sdk.protocol.ids import Digest

#: What stands before the first entry.
START: Final = bytes(32)
#: Says what a signature is about; the messages of the protocol begin otherwise, so none can pass for the other.
_PURPOSE: Final = b"tillcode ledger checkpoint 1\x00"
_HEAD: Final = struct.Struct(">QHQHH")
_LINE: Final = struct.Struct(">QHq")
_END: Final = struct.Struct(">QQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The end of the chain at one time: how many entries it covers, and the hash of the last."""

    entries: int
    last_hash: bytes
    at_s: int


def next_hash(previous: bytes, number: int, entry: Entry) -> bytes:
    """The hash after one more entry; ``number`` is the entry's own in the ledger."""
    digest = hashlib.sha256(previous)
    digest.update(_HEAD.pack(number, entry.kind, entry.at_s, len(entry.reference), len(entry.postings)))
    digest.update(entry.reference)
    for line in entry.postings:
        digest.update(_LINE.pack(line.account_id, line.currency.number, line.amount_minor))
    return digest.digest()


def statement_of(checkpoint: Checkpoint) -> Digest:
    """The 32 bytes that are signed for a checkpoint."""
    end = _END.pack(checkpoint.entries, checkpoint.at_s)
    return Digest(hashlib.sha256(_PURPOSE + checkpoint.last_hash + end).digest())
