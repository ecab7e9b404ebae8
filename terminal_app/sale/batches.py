"""How many claims go into one capture batch."""

from collections.abc import Iterable
from typing import Final

from terminal_app.journal import Sale
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.ids import RequestId

#: Bytes of a batch beside its claims' own envelopes.
BATCH_FRAME_BYTES: Final = 1_024
CLAIM_FRAME_BYTES: Final = 8


def first_batch(sales: Iterable[Sale], *, count_max: int = limits.BATCH_CLAIMS_MAX) -> tuple[RequestId, ...]:
    """The first of these sales that fit into one batch, by count and by bytes."""
    chosen: list[RequestId] = []
    room_bytes = limits.BATCH_BYTES_MAX - BATCH_FRAME_BYTES
    for sale in sales:
        room_bytes -= len(sale.request.envelope) + len(sale.consent or b"") + CLAIM_FRAME_BYTES
        if room_bytes < 0 or len(chosen) == count_max:
            break
        chosen.append(sale.request_id)
    return tuple(chosen)
