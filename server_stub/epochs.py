"""A new epoch of a ledger that was put back: from here on it hands out no number that its lost life can have.

What was handed out since the backup is not known. But numbers count things, and fewer things happen than seconds
pass: so an epoch's number is the second in which it begins, and all numbers go on from there. They fit where small ones
do (32 bits, until 2106), only rise, and no device needs to be told.
"""

import dataclasses
from typing import Final

from server_stub.store.base import Store
from server_stub.store.checks import checked
from server_stub.store.numbers import BLOCK
from server_stub.store.records_epoch import Epoch
from server_stub.store.tables.epochs import EPOCHS
from server_stub.store.tables.trust import DENIALS
from server_stub.store.writer import Writer

#: The highest of the numbers that must stay below an epoch's.
_HIGHEST: Final = (
    "SELECT coalesce(max(number), 0) FROM epochs UNION ALL SELECT coalesce(max(id), 0) FROM merchants"
    " UNION ALL SELECT coalesce(max(id), 0) FROM terminals UNION ALL SELECT coalesce(max(id), 0) FROM wallets"
    " UNION ALL SELECT coalesce(max(id), 0) FROM denials UNION ALL SELECT coalesce(max(version), 0) FROM trust"
    " UNION ALL SELECT coalesce(max(last_number), 0) FROM event_counts"
    " UNION ALL SELECT coalesce(max(terminal_id), 0) FROM static_codes"
)


def begin_epoch(store: Store, *, at_s: int, backup_made_at_s: int) -> Epoch:
    """Begin a new epoch; the audit of what was restored comes before it.

    Raises:
        UnavailableError: STORAGE_FAILED.
    """
    with store.writing() as writer:
        highest = max(int(row[0]) for row in writer.rows(_HIGHEST))
        epoch = Epoch(number=max(at_s, highest + 1), at_s=at_s, backup_made_at_s=backup_made_at_s)
        _raise_numbers(writer, epoch)
        _tell_denials_again(writer, epoch)
        writer.add(EPOCHS, epoch)
    return epoch


def newest_epoch(store: Store) -> Epoch | None:
    """The epoch in which a ledger lives; None when it was never restored."""
    with store.reading() as reader:
        epochs = reader.list_all(EPOCHS)
    return epochs[-1] if epochs else None


def _raise_numbers(writer: Writer, epoch: Epoch) -> None:
    """Numbers of rows are taken in blocks: the next block begins where no lost life has come."""
    first = 1 + epoch.number * BLOCK
    writer.rows("UPDATE numbers SET next = ?, mirror = ? WHERE next < ? RETURNING next", (first, -first, first))


def _tell_denials_again(writer: Writer, epoch: Epoch) -> None:
    """All that is revoked gets numbers of this epoch, so that it is news to whoever has seen a list that was lost."""
    for place, denial in enumerate(writer.list_all(DENIALS), start=1):
        row = checked(DENIALS, DENIALS.row_of(dataclasses.replace(denial, id=epoch.number + place)))
        text = "UPDATE denials SET id = ?, row_check = ? WHERE id = ? RETURNING id"
        writer.rows(text, (row[0], row[-1], denial.id))
