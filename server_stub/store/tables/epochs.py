"""Epochs, and what was learned again in them."""

from typing import Final

from server_stub.store.records_epoch import Epoch, Relearned, RelearnedKind
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Index, Table

EPOCHS: Final = Table[int, Epoch](
    name="epochs",
    columns=numbers("number", "at_s", "backup_made_at_s"),
    key_of=lambda epoch: epoch.number,
    row_of=lambda epoch: (epoch.number, epoch.at_s, epoch.backup_made_at_s),
    record_of=lambda row: Epoch(number=row[0], at_s=row[1], backup_made_at_s=row[2]),
)

#: What was learned again, by what it is.
RELEARNED_SUBJECT: Final = Index[tuple[int, bytes], Relearned](
    columns=numbers("kind") + bytes_("subject"), of=lambda one: (int(one.kind), one.subject)
)
RELEARNED: Final = Table[int, Relearned](
    name="relearned",
    columns=numbers("number", "kind")
    + bytes_("subject")
    + texts("holder")
    + numbers("at_s", "amount_minor", "missing_minor"),
    key_of=lambda one: one.number,
    row_of=lambda one: (
        one.number,
        int(one.kind),
        one.subject,
        one.holder,
        one.at_s,
        one.amount_minor,
        one.missing_minor,
    ),
    record_of=lambda row: Relearned(
        number=row[0],
        kind=RelearnedKind(row[1]),
        subject=row[2],
        holder=row[3],
        at_s=row[4],
        amount_minor=row[5],
        missing_minor=row[6],
    ),
    indexes=(RELEARNED_SUBJECT,),
    numbered=True,
)
