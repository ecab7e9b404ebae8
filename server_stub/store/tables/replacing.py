"""Take-overs of terminals, and approvals of refunds after one."""

from typing import Final

from server_stub.store.records_replacing import RefundApproval, Replacing, ReplacingStep
from server_stub.store.session import numbers, texts
from server_stub.store.table import Reading, Table
from wallet_sdk.protocol.ids import MerchantId, TerminalId

REPLACINGS: Final = Table[int, Replacing](
    name="replacings",
    columns=numbers("number", "terminal_id", "merchant_id", "step", "not_before_s", "at_s") + texts("made_by"),
    key_of=lambda made: made.number,
    row_of=lambda made: (
        made.number,
        made.terminal_id,
        made.merchant_id,
        int(made.step),
        made.not_before_s,
        made.at_s,
        made.made_by,
    ),
    record_of=lambda row: Replacing(
        number=row[0],
        terminal_id=TerminalId(row[1]),
        merchant_id=MerchantId(row[2]),
        step=ReplacingStep(row[3]),
        not_before_s=row[4],
        at_s=row[5],
        made_by=row[6],
    ),
    numbered=True,
)

REFUND_APPROVALS: Final = Table[int, RefundApproval](
    name="refund_approvals",
    columns=numbers("payment_number", "amount_minor") + texts("approved_by") + numbers("at_s"),
    key_of=lambda approval: approval.payment_number,
    row_of=lambda approval: (
        approval.payment_number,
        approval.amount_minor,
        approval.approved_by,
        approval.at_s,
    ),
    record_of=lambda row: RefundApproval(payment_number=row[0], amount_minor=row[1], approved_by=row[2], at_s=row[3]),
    reading=Reading.LOCKED,
)
