"""The signed hash chain, walked again from its first entry. Only the hash of one entry is shared with the sealer."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from server_stub.chain import START, Checkpoint, next_hash, verify_signature
from server_stub.store.reader import Reader
from server_stub.store.records_trust import Seal
from server_stub.store.tables.trust import SEALED_BLOCKS, SEALS
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.ids import KeyId, PublicKeyBytes
from wallet_sdk.protocol.messages import Role
from wallet_sdk.protocol.trust import TrustStore, verify_bundle

CHAIN_LAW: Final = "the hash chain over the entries is whole, and each seal is signed by an operator key"
#: So many entries are in memory at once.
_ENTRIES_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """How many entries the chain covers, and what is wrong with it."""

    entries: int
    flaws: tuple[str, ...]


def verify_chain(reader: Reader, *, root_key: PublicKeyBytes | None = None) -> ChainReport:
    """Walk every seal in its sequence; the first that does not hold makes all after it worthless, and ends the walk.

    The operator's keys are those that the root has signed: ``root_key``, or what the ledger calls its root.
    """
    trust = reader.trust()
    if trust is None:
        return ChainReport(entries=0, flaws=("there is no trust bundle to verify it with",))
    try:
        keys = verify_bundle(trust.bundle, root_key=root_key or trust.root_key)
    except TillcodeError as error:
        return ChainReport(entries=0, flaws=(f"the trust bundle is not of this root key: {error.message}",))
    last_hash, covered, ends = START, 0, dict[int, int]()
    for place, seal in enumerate(reader.list_all(SEALS), start=1):
        if seal.id != place or ends.get(seal.block, seal.after) != seal.after:
            return ChainReport(entries=covered, flaws=(f"seal {place} does not follow the one before it",))
        try:
            for walked in _walked(reader, last_hash, seal):
                last_hash, covered = walked, covered + 1
        except struct.error:
            return ChainReport(entries=covered, flaws=(f"seal {place}: an entry holds a number that none can have",))
        flaw = _flaw_of(seal, last_hash=last_hash, covered=covered, keys=keys)
        if flaw is not None:
            return ChainReport(entries=covered, flaws=(flaw,))
        ends[seal.block] = seal.last
    noted = {one.block: one.last for one in reader.list_all(SEALED_BLOCKS)}
    return ChainReport(entries=covered, flaws=() if noted == ends else ("seals are missing at the end",))


def _flaw_of(seal: Seal, *, last_hash: bytes, covered: int, keys: TrustStore) -> str | None:
    if (seal.last_hash, seal.entries) != (last_hash, covered):
        return f"seal {seal.id}: the entries of block {seal.block} after {seal.after} up to {seal.last} were changed"
    checkpoint = Checkpoint(entries=seal.entries, last_hash=seal.last_hash, at_s=seal.at_s)
    try:
        key = keys.operator_key(KeyId(seal.key_id), role=Role.RECEIPT)
        verify_signature(checkpoint, seal.signature, key_id=KeyId(seal.key_id), public_key=key.public_key)
        if not key.not_before_s <= seal.at_s < key.expires_at_s:
            return f"seal {seal.id}: its key was not valid when it was signed"
    except TillcodeError as error:
        return f"seal {seal.id}: {error.message}"
    return None


def _walked(reader: Reader, previous: bytes, seal: Seal) -> Iterator[bytes]:
    """The chain's hash after each entry that a seal covers."""
    after = seal.after
    while True:
        rows = reader.rows(
            "SELECT e.number, e.kind, e.reference, e.at_s, p.account_id, p.currency, p.amount_minor"
            " FROM (SELECT number, kind, reference, at_s FROM entries"
            f" WHERE number > {after:d} AND number <= {seal.last:d} ORDER BY number LIMIT {_ENTRIES_MAX:d}) e"
            " LEFT JOIN postings p ON p.entry_number = e.number ORDER BY e.number, p.line"
        )
        if not rows:
            return
        for (number, kind, reference, at_s), lines in groupby(rows, key=lambda row: tuple(row[:4])):
            posted = [(row[4], row[5], row[6]) for row in lines if row[4] is not None]
            previous = next_hash(
                previous, number=number, kind=kind, reference=bytes(reference), at_s=at_s, lines=posted
            )
            if number <= after:  # a torn tree may give the same rows again and again
                return
            after = number
            yield previous
