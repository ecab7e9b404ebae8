"""Printed codes by their ids."""

from typing import Final

from server_stub.store.records_printed import PrintedCode
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Table
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.money import Currency

STATIC_CODES: Final = Table[RequestId, PrintedCode](
    name="static_codes",
    columns=bytes_("code_id")
    + numbers("terminal_id", "merchant_id")
    + texts("label")
    + numbers("currency", "payment_max_minor", "made_at_s", "expires_at_s", "ended_at_s")
    + bytes_("envelope"),
    key_of=lambda code: code.code_id,
    row_of=lambda code: (
        code.code_id,
        code.terminal_id,
        code.merchant_id,
        code.label,
        code.currency.number,
        code.payment_max_minor,
        code.made_at_s,
        code.expires_at_s,
        code.ended_at_s,
        code.envelope,
    ),
    record_of=lambda row: PrintedCode(
        code_id=row[0],
        terminal_id=row[1],
        merchant_id=row[2],
        label=row[3],
        currency=Currency.from_number(row[4]),
        payment_max_minor=row[5],
        made_at_s=row[6],
        expires_at_s=row[7],
        ended_at_s=row[8],
        envelope=row[9],
    ),
)
