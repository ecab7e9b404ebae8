"""Holds, refunds and fee terms."""

from typing import Final

from server_stub.fees import FeePolicy
from server_stub.store.records_money import FeeTerms, Hold, RefundMade
from server_stub.store.session import bytes_, numbers
from server_stub.store.table import Index, Table
from wallet_sdk.protocol.ids import MerchantId, RequestId, TerminalId
from wallet_sdk.protocol.money import Currency

#: Read only beside its payment, which is locked.
HOLDS: Final = Table[int, Hold](
    name="holds",
    columns=numbers("payment_number", "authorized_minor", "expires_at_s", "ended_at_s", "end_entry")
    + bytes_("ending", "ending_digest"),
    key_of=lambda hold: hold.payment_number,
    row_of=lambda hold: (
        hold.payment_number,
        hold.authorized_minor,
        hold.expires_at_s,
        hold.ended_at_s,
        hold.end_entry,
        hold.ending,
        hold.ending_digest,
    ),
    record_of=lambda row: Hold(
        payment_number=row[0],
        authorized_minor=row[1],
        expires_at_s=row[2],
        ended_at_s=row[3],
        end_entry=row[4],
        ending=row[5],
        ending_digest=row[6],
    ),
)

#: A payment's refunds.
REFUNDS_OF_PAYMENT: Final = Index[int, RefundMade](
    columns=numbers("payment_number"), of=lambda refund: refund.payment_number
)
#: By (refund id, terminal): refund ids begin with the time, so that new rows stand together.
REFUNDS: Final = Table[tuple[RequestId, TerminalId], RefundMade](
    name="refunds",
    columns=bytes_("refund_id")
    + numbers("terminal_id", "payment_number", "entry_number")
    + bytes_("request_id")
    + numbers("amount_minor", "to_loss_minor", "currency", "at_s")
    + bytes_("digest", "envelope")
    + numbers("wallet_id"),
    key_length=2,
    key_of=lambda refund: (refund.refund_id, refund.terminal_id),
    row_of=lambda refund: (
        refund.refund_id,
        refund.terminal_id,
        refund.payment_number,
        refund.entry_number,
        refund.request_id,
        refund.amount_minor,
        refund.to_loss_minor,
        refund.currency.number,
        refund.at_s,
        refund.digest,
        refund.envelope,
        refund.wallet_id,
    ),
    record_of=lambda row: RefundMade(
        refund_id=row[0],
        terminal_id=row[1],
        payment_number=row[2],
        entry_number=row[3],
        request_id=row[4],
        amount_minor=row[5],
        to_loss_minor=row[6],
        currency=Currency.from_number(row[7]),
        at_s=row[8],
        digest=row[9],
        envelope=row[10],
        wallet_id=row[11],
    ),
    indexes=(REFUNDS_OF_PAYMENT,),
)

#: By merchant and the currency's number. A change counts for payments that are decided after it.
FEE_TERMS: Final = Table[tuple[MerchantId, int], FeeTerms](
    name="fee_terms",
    columns=numbers("merchant_id", "currency", "basis_points", "fixed_minor", "minimum_minor"),
    key_length=2,
    key_of=lambda terms: (terms.merchant_id, terms.currency.number),
    row_of=lambda terms: (
        terms.merchant_id,
        terms.currency.number,
        terms.policy.basis_points,
        terms.policy.fixed_minor,
        terms.policy.minimum_minor,
    ),
    record_of=lambda row: FeeTerms(
        merchant_id=MerchantId(row[0]),
        currency=Currency.from_number(row[1]),
        policy=FeePolicy(basis_points=row[2], fixed_minor=row[3], minimum_minor=row[4]),
    ),
)
