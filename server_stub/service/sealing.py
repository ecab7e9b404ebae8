"""The sealer: behind the commits it hashes what they have added, and signs the end of the chain.

Reading and hashing is done beside the committer, in a view of its own; what is committed is one small row. Within a
block of numbers, which one process uses in their sequence, whatever can be read has no smaller number coming after it;
so a run of one block is sealed for good. Two sealers that seal the same run conflict, and the second one gives up.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from server_stub.chain import START, Checkpoint, Line, next_hash, sign
from server_stub.committer import Command
from server_stub.service.granting import check_granted
from server_stub.service.operator import Operator
from server_stub.store.numbers import BLOCK
from server_stub.store.reader import Reader
from server_stub.store.records_trust import Seal, SealedBlock
from server_stub.store.table import Keys
from server_stub.store.tables.trust import SEALED_BLOCKS, SEALS
from server_stub.store.writer import Writer
from wallet_sdk.protocol.envelope import key_id_of

#: Entries of one seal: some milliseconds of reading and hashing.
RUN_ENTRIES_MAX: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class SealCommand(Command[Seal | None]):
    """Add a seal that was made of what could be read; None when another sealer was faster."""

    sealed: Seal

    def name_keys(self, keys: Keys) -> None:
        keys.name(SEALS, self.sealed.id)
        keys.name(SEALED_BLOCKS, self.sealed.block)

    def apply(self, writer: Writer) -> Seal | None:
        made = self.sealed
        before = writer.find(SEALED_BLOCKS, made.block)
        if writer.find(SEALS, made.id) is not None or (before is not None and before.last != made.after):
            return None
        after = SealedBlock(block=made.block, last=made.last)
        if before is None:
            writer.add(SEALED_BLOCKS, after)
        else:
            writer.change(SEALED_BLOCKS, after)
        writer.add(SEALS, made)
        return made


def prepare_seal(operator: Operator) -> SealCommand | None:
    """Hash and sign the next run of entries; None when everything is sealed, or no key may sign now.

    Raises:
        ForgedLedgerError: money came in that no operator key has signed for; it is not sealed.
    """
    at_s = operator.now_s()
    if not operator.signers.receipt.is_valid_at(at_s):
        return None
    with operator.store.reading() as reader:
        found = _unsealed(reader)
        if found is None:
            return None
        block, after = found
        previous = last_seal(reader)
        start = START if previous is None else previous.last_hash
        run = list(hashes(reader, start, block=block, after=after, count_max=RUN_ENTRIES_MAX))
        check_granted(reader, operator.trust, after=after, last=run[-1][0])
    last, last_hash = run[-1]
    count = len(run) + (0 if previous is None else previous.entries)
    signer = operator.signers.receipt.at(at_s)
    made = Seal(
        id=1 if previous is None else previous.id + 1,
        block=block,
        after=after,
        last=last,
        entries=count,
        last_hash=last_hash,
        at_s=at_s,
        key_id=key_id_of(signer.public_key),
        signature=sign(Checkpoint(entries=count, last_hash=last_hash, at_s=at_s), signer),
    )
    return SealCommand(sealed=made)


def last_seal(reader: Reader) -> Seal | None:
    """The newest seal."""
    newest = reader.rows("SELECT max(id) FROM seals")[0][0]
    return None if newest is None else reader.find(SEALS, newest)


def hashes(
    reader: Reader, previous: bytes, *, block: int, after: int, count_max: int, last: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """The numbers of a block's entries after one, up to ``last``, in sequence, and the chain's hash after each."""
    end = first_of(block + 1) - 1 if last is None else last
    entries = reader.rows(
        f"SELECT number, kind, reference, at_s FROM entries WHERE number > {after:d} AND number <= {end:d}"  # noqa: S608 - numbers
        f" ORDER BY number LIMIT {count_max:d}"
    )
    if not entries:
        return
    postings = reader.rows(
        "SELECT entry_number, account_id, currency, amount_minor FROM postings"  # noqa: S608 - numbers
        f" WHERE entry_number > {after:d} AND entry_number <= {entries[-1][0]:d} ORDER BY entry_number, line"
    )
    lines: defaultdict[int, list[Line]] = defaultdict(list)
    for number, *line in postings:
        lines[number].append((line[0], line[1], line[2]))
    for number, kind, reference, at_s in entries:
        previous = next_hash(
            previous, number=number, kind=kind, reference=bytes(reference), at_s=at_s, lines=lines[number]
        )
        yield number, previous


def first_of(block: int) -> int:
    """The first number of a block; numbers begin with 1."""
    return 1 + block * BLOCK


def _unsealed(reader: Reader) -> tuple[int, int] | None:
    """The first block with entries after its last sealed one, and that one's number."""
    sealed = {one.block: one.last for one in reader.list_all(SEALED_BLOCKS)}
    block = 0
    while True:
        after = sealed.get(block, first_of(block) - 1)
        found = reader.rows(f"SELECT min(number) FROM entries WHERE number > {after:d}")[0][0]  # noqa: S608 - numbers
        if found is None:
            return None
        if found < first_of(block + 1):
            return block, after
        block = (found - 1) // BLOCK  # blocks of which nothing was used are passed over, however many
