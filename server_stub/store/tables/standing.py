"""Changes of merchants' standing."""

from typing import Final

from server_stub.store.records_standing import Standing, StandingChange
from server_stub.store.session import numbers, texts
from server_stub.store.table import Table
from wallet_sdk.protocol.ids import MerchantId

STANDING_CHANGES: Final = Table[int, StandingChange](
    name="standing_changes",
    columns=numbers("number", "merchant_id", "standing", "at_s") + texts("made_by", "reason"),
    key_of=lambda change: change.number,
    row_of=lambda change: (
        change.number,
        change.merchant_id,
        int(change.standing),
        change.at_s,
        change.made_by,
        change.reason,
    ),
    record_of=lambda row: StandingChange(
        number=row[0],
        merchant_id=MerchantId(row[1]),
        standing=Standing(row[2]),
        at_s=row[3],
        made_by=row[4],
        reason=row[5],
    ),
    numbered=True,
)
