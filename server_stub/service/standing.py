"""Blocking a merchant as a whole, and taking that back; each change is logged, and the merchant is told of it.

A block ends nothing: nothing goes on the denylist, which only grows (R-51), and nothing is remembered of what was
refused meanwhile. So whatever his terminals accepted offline is claimed and settled after it, if that is soon enough.
"""

from dataclasses import dataclass, replace

from server_stub.committer import Command
from server_stub.service import events, telling
from server_stub.store.base import Store
from server_stub.store.records import Merchant
from server_stub.store.records_standing import Standing, StandingChange
from server_stub.store.tables.parties import MERCHANTS
from server_stub.store.tables.standing import STANDING_CHANGES
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import MerchantId

#: Who has changed it, when it was done on the server's own machine.
COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeStanding(Command[Merchant]):
    """From now on a merchant stands so; nothing happens when he does already. Answered with the merchant."""

    merchant_id: MerchantId
    standing: Standing
    made_by: str
    reason: str
    at_s: int

    def apply(self, writer: Writer) -> Merchant:
        merchant = writer.find(MERCHANTS, self.merchant_id)
        if merchant is None:
            text = f"there is no merchant {self.merchant_id}"
            raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, text, param="merchant_id")
        if standing_of(merchant) is self.standing:
            return merchant
        changed = replace(merchant, blocked_at_s=self.at_s if self.standing is Standing.BLOCKED else None)
        writer.change(MERCHANTS, changed)
        change = StandingChange(
            number=writer.next_number(),
            merchant_id=self.merchant_id,
            standing=self.standing,
            at_s=self.at_s,
            made_by=self.made_by,
            reason=self.reason,
        )
        writer.add(STANDING_CHANGES, change)
        events.write(writer, telling.of_standing(change))
        return changed


def standing_of(merchant: Merchant) -> Standing:
    """How a merchant stands now."""
    return Standing.OPEN if merchant.blocked_at_s is None else Standing.BLOCKED


def check_open(merchant: Merchant) -> None:
    """Refuse what a merchant may not do while he is blocked.

    Raises:
        RuleViolationError: MERCHANT_BLOCKED.
    """
    if merchant.blocked_at_s is not None:
        raise RuleViolationError(ErrorCode.MERCHANT_BLOCKED, "the operator has blocked the merchant")


def changes_of_standing(store: Store) -> tuple[StandingChange, ...]:
    """Every change of every merchant's standing, oldest first."""
    with store.reading() as reader:
        return tuple(sorted(reader.list_all(STANDING_CHANGES), key=lambda change: (change.at_s, change.number)))
