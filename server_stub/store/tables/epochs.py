"""Epochs."""

from typing import Final

from server_stub.store.records_epoch import Epoch
from server_stub.store.session import numbers
from server_stub.store.table import Table

EPOCHS: Final = Table[int, Epoch](
    name="epochs",
    columns=numbers("number", "at_s", "backup_made_at_s"),
    key_of=lambda epoch: epoch.number,
    row_of=lambda epoch: (epoch.number, epoch.at_s, epoch.backup_made_at_s),
    record_of=lambda row: Epoch(number=row[0], at_s=row[1], backup_made_at_s=row[2]),
)
