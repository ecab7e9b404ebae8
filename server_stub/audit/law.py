"""What a law of the ledger is: a query that returns what breaks it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from server_stub.ledger import AccountKind, EntryKind
from server_stub.store.records import ConsentMode, TokenStanding
from server_stub.store.records_bearing import BudgetKind
from server_stub.store.records_epoch import RelearnedKind
from server_stub.store.records_replacing import ReplacingStep
from server_stub.store.records_standing import Standing
from server_stub.store.records_trust import DenialKind
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.states import State


@dataclass(frozen=True, slots=True)
class Law:
    """``told`` names what each row of ``query`` is; the query is plain enough for every database."""

    text: str
    told: str
    asked: str

    @property
    def query(self) -> str:
        return re.sub(r":(\w+)", lambda found: str(int(_NUMBERS[found[1]])), self.asked)

    def what(self, row: Sequence[Any]) -> str:
        """A row in words."""
        return self.told.format(*(value.hex() if isinstance(value, bytes) else value for value in row))


#: Names that the queries use for numbers.
_NUMBERS: Final = {
    "funding": AccountKind.FUNDING,
    "available": AccountKind.PAYER_AVAILABLE,
    "escrow": AccountKind.PAYER_ESCROW,
    "payable": AccountKind.MERCHANT_PAYABLE,
    "fraud_loss": AccountKind.FRAUD_LOSS,
    "fund": EntryKind.FUND,
    "issue": EntryKind.TOKEN_ISSUE,
    "return": EntryKind.TOKEN_RETURN,
    "release": EntryKind.RELEASE,
    "capture": EntryKind.CAPTURE,
    "hold": EntryKind.HOLD,
    "hold_release": EntryKind.HOLD_RELEASE,
    "refund": EntryKind.REFUND,
    "fees": AccountKind.FEES,
    "held": AccountKind.PAYER_HELD,
    "authorized": State.AUTHORIZED,
    "captured": State.CAPTURED,
    "voided": State.VOIDED,
    "rejected": State.REJECTED,
    "expired": State.EXPIRED,
    "risk_refused": ErrorCode.RISK_REFUSED,
    "insufficient_funds": ErrorCode.INSUFFICIENT_FUNDS,
    "day_s": 24 * 3600,
    "skew_s": limits.CLOCK_SKEW_S_MAX,
    "token_denial": DenialKind.TOKEN,
    "wallet_budget": BudgetKind.WALLET,
    "merchant_budget": BudgetKind.MERCHANT,
    "young_budget": BudgetKind.YOUNG_TERMINALS,
    "operator_budget": BudgetKind.OPERATOR,
    "offline": ConsentMode.OFFLINE,
    "closed": TokenStanding.CLOSED,
    "closed_for_fraud": TokenStanding.CLOSED_FOR_FRAUD,
    "blocked": Standing.BLOCKED,
    "token_again": RelearnedKind.TOKEN,
    "asked": ReplacingStep.ASKED,
}
