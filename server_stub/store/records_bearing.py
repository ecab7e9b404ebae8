"""What the operator has borne: of each payment that no escrow covered, and of each budget that it is held against."""

from enum import IntEnum, unique

from msgspec import Struct

from wallet_sdk.protocol.ids import MerchantId
from wallet_sdk.protocol.money import Currency

#: The day of a budget that is for ever.
EVER = 0


@unique
class BudgetKind(IntEnum):
    """Whose budget it is, and so what ``subject_id`` of one names."""

    WALLET = 1
    MERCHANT = 2
    #: All terminals of one merchant whose device was enrolled lately, together.
    YOUNG_TERMINALS = 3
    #: All merchants together; the subject is 0.
    OPERATOR = 4


class Budget(Struct, frozen=True, kw_only=True):
    """What was borne of one budget. ``day`` counts from the epoch in UTC, ``EVER`` for a wallet.

    ``max_minor`` is the limit that it was last held against; settings may change after that.
    """

    kind: BudgetKind
    subject_id: int
    currency: Currency
    day: int
    amount_minor: int
    max_minor: int


class BornePayment(Struct, frozen=True, kw_only=True):
    """Why a payment's borne part counts where it does.

    Attributes:
        made_at_s: when its terminal says to have accepted it, 0 for one of before there were budgets.
        is_young: whether its terminal's device was young then.
    """

    payment_number: int
    merchant_id: MerchantId
    made_at_s: int
    is_young: bool
