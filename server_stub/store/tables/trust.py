"""Denials and seals. Their ids are consecutive: whoever takes one that another has taken decides anew."""

from typing import Final

from server_stub.store.records_trust import Denial, DenialKind, Seal, SealedBlock
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Index, Reading, Table

#: A denial by what it denies.
DENIED: Final = Index[tuple[int, bytes], Denial](
    columns=numbers("kind") + bytes_("subject"), of=lambda denial: (int(denial.kind), denial.subject)
)
DENIALS: Final = Table[int, Denial](
    name="denials",
    columns=numbers("id", "kind") + bytes_("subject") + texts("reason") + numbers("at_s", "expires_at_s"),
    key_of=lambda denial: denial.id,
    row_of=lambda denial: (
        denial.id,
        int(denial.kind),
        denial.subject,
        denial.reason,
        denial.at_s,
        denial.expires_at_s,
    ),
    record_of=lambda row: Denial(
        id=row[0], kind=DenialKind(row[1]), subject=row[2], reason=row[3], at_s=row[4], expires_at_s=row[5]
    ),
    indexes=(DENIED,),
)

SEALS: Final = Table[int, Seal](
    name="seals",
    columns=numbers("id", "block", "after", "last", "entries")
    + bytes_("last_hash")
    + numbers("at_s")
    + bytes_("key_id", "signature"),
    key_of=lambda seal: seal.id,
    row_of=lambda seal: (
        seal.id,
        seal.block,
        seal.after,
        seal.last,
        seal.entries,
        seal.last_hash,
        seal.at_s,
        seal.key_id,
        seal.signature,
    ),
    record_of=lambda row: Seal(
        id=row[0],
        block=row[1],
        after=row[2],
        last=row[3],
        entries=row[4],
        last_hash=row[5],
        at_s=row[6],
        key_id=row[7],
        signature=row[8],
    ),
)

SEALED_BLOCKS: Final = Table[int, SealedBlock](
    name="sealed_blocks",
    columns=numbers("block", "last"),
    key_of=lambda sealed: sealed.block,
    row_of=lambda sealed: (sealed.block, sealed.last),
    record_of=lambda row: SealedBlock(block=row[0], last=row[1]),
    reading=Reading.LOCKED,
)
