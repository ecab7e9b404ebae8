"""What the operator has borne."""

from typing import Final

from server_stub.store.records_bearing import BornePayment, Budget, BudgetKind
from server_stub.store.session import numbers
from server_stub.store.table import Reading, Table
from wallet_sdk.protocol.ids import MerchantId
from wallet_sdk.protocol.money import Currency

#: Kind, subject, the currency's number, day.
BudgetKey = tuple[int, int, int, int]

#: Locked: two processes that both see room in a budget must not both use it.
LOSS_BUDGETS: Final = Table[BudgetKey, Budget](
    name="loss_budgets",
    columns=numbers("kind", "subject_id", "currency", "day", "amount_minor", "max_minor"),
    key_length=4,
    key_of=lambda budget: (int(budget.kind), budget.subject_id, budget.currency.number, budget.day),
    row_of=lambda budget: (
        int(budget.kind),
        budget.subject_id,
        budget.currency.number,
        budget.day,
        budget.amount_minor,
        budget.max_minor,
    ),
    record_of=lambda row: Budget(
        kind=BudgetKind(row[0]),
        subject_id=row[1],
        currency=Currency.from_number(row[2]),
        day=row[3],
        amount_minor=row[4],
        max_minor=row[5],
    ),
    reading=Reading.LOCKED,
)

BORNE_PAYMENTS: Final = Table[int, BornePayment](
    name="borne_payments",
    columns=numbers("payment_number", "merchant_id", "made_at_s", "is_young"),
    key_of=lambda borne: borne.payment_number,
    row_of=lambda borne: (borne.payment_number, borne.merchant_id, borne.made_at_s, int(borne.is_young)),
    record_of=lambda row: BornePayment(
        payment_number=row[0], merchant_id=MerchantId(row[1]), made_at_s=row[2], is_young=bool(row[3])
    ),
    numbered=True,
)
