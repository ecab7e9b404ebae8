"""How money moves when payments are captured, held, completed, released and refunded: pure functions to entries.

Each takes the accounts it touches by name, so that no two can be mixed up, and amounts in minor units of one
currency. An account for which there is nothing may be any other of them, so that none is opened for nothing. A fee is
posted in the entry of its capture: a merchant is credited with the amount less the fee.
"""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from server_stub.ledger import AccountId, Entry, EntryKind, move
from wallet_sdk.protocol.money import Currency


class Cause(Struct, frozen=True, kw_only=True):
    """What an entry says besides its postings: the digest of the consent or refund, the time, the currency."""

    reference: bytes
    at_s: int
    currency: Currency


def captured(
    cause: Cause,
    *,
    sources_minor: Mapping[AccountId, int],
    payable: AccountId,
    fees: AccountId,
    fee_minor: int,
) -> Entry:
    """What the sources give together is the merchant's, less the fee."""
    amount_minor = sum(sources_minor.values())
    assert 0 <= fee_minor <= amount_minor, "a fee is a part of its amount"
    amounts_minor = {account: -minor for account, minor in sources_minor.items()}
    amounts_minor[payable] = amounts_minor.get(payable, 0) + amount_minor - fee_minor
    amounts_minor[fees] = amounts_minor.get(fees, 0) + fee_minor
    return _moved(EntryKind.CAPTURE, cause, amounts_minor)


def held(cause: Cause, *, available: AccountId, set_aside: AccountId, amount_minor: int) -> Entry:
    """A payer's money is set aside for one payment."""
    return _entry(EntryKind.HOLD, cause, {available: -amount_minor, set_aside: amount_minor})


def hold_captured(
    cause: Cause,
    *,
    available: AccountId,
    set_aside: AccountId,
    payable: AccountId,
    fees: AccountId,
    held_minor: int,
    captured_minor: int,
    fee_minor: int,
) -> Entry:
    """A part of a hold is the merchant's, less the fee; the rest is the payer's again, in the same entry."""
    assert 0 < captured_minor <= held_minor, "a hold is captured in part or whole"
    assert 0 <= fee_minor <= captured_minor, "a fee is a part of its amount"
    return _entry(
        EntryKind.CAPTURE,
        cause,
        {set_aside: -held_minor, available: held_minor - captured_minor},
        {payable: captured_minor - fee_minor},
        {fees: fee_minor},
    )


def hold_released(cause: Cause, *, available: AccountId, set_aside: AccountId, held_minor: int) -> Entry:
    """All of a hold is the payer's again."""
    return _entry(EntryKind.HOLD_RELEASE, cause, {set_aside: -held_minor, available: held_minor})


def refunded(
    cause: Cause, *, payable: AccountId, available: AccountId, loss: AccountId, amount_minor: int, to_loss_minor: int
) -> Entry:
    """The merchant gives back: first what the operator has borne of the payment, the rest to the payer."""
    assert 0 <= to_loss_minor <= amount_minor, "what the operator gets back is a part of the refund"
    return _entry(
        EntryKind.REFUND,
        cause,
        {payable: -amount_minor},
        {loss: to_loss_minor},
        {available: amount_minor - to_loss_minor},
    )


def to_loss_minor_of(*, borne_minor: int, refunded_before_minor: int, amount_minor: int) -> int:
    """How much of a refund goes to the operator, who bore ``borne_minor`` of the payment, before the payer gets any."""
    return min(amount_minor, max(borne_minor - refunded_before_minor, 0))


def _entry(kind: EntryKind, cause: Cause, *parts_minor: Mapping[AccountId, int]) -> Entry:
    amounts_minor: defaultdict[AccountId, int] = defaultdict(int)
    for part in parts_minor:
        for account, minor in part.items():
            amounts_minor[account] += minor
    return _moved(kind, cause, amounts_minor)


def _moved(kind: EntryKind, cause: Cause, amounts_minor: dict[AccountId, int]) -> Entry:
    return move(
        kind=kind, reference=cause.reference, at_s=cause.at_s, currency=cause.currency, amounts_minor=amounts_minor
    )
