"""Pure double entry. Amounts are minor units; plus is owed to the account's holder, minus is owed by him.

An entry is two or more postings that sum to zero in each currency; it is never changed, only followed by
another. A balance is the sum of an account's postings, so all balances of a currency sum to zero.
"""

from enum import IntEnum, unique
from typing import Final, NewType

from msgspec import Struct

from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.limits import BALANCE_MINOR_MAX
from wallet_sdk.protocol.money import Currency

AccountId = NewType("AccountId", int)


@unique
class AccountKind(IntEnum):
    """What an account holds; ``holder`` of the operator's own accounts is empty."""

    FUNDING = 1
    PAYER_AVAILABLE = 2
    PAYER_ESCROW = 3
    MERCHANT_PAYABLE = 4
    FRAUD_LOSS = 5
    FEES = 6
    #: What a payer has authorized for a hold: no longer available to him, not yet anybody else's.
    PAYER_HELD = 7


@unique
class EntryKind(IntEnum):
    """Why money moved."""

    FUND = 1
    TOKEN_ISSUE = 2
    TOKEN_RETURN = 3
    CAPTURE = 4
    #: Part of a token's escrow that can never be claimed any more goes back to the payer.
    RELEASE = 5
    #: A payment authorized to be captured later: the payer's money is set aside.
    HOLD = 6
    #: A hold that was voided or has expired: all of it is the payer's again.
    HOLD_RELEASE = 7
    REFUND = 8


#: Accounts that stand for the world outside and for losses run below zero; nobody else's does.
_WITHOUT_FLOOR: Final = frozenset({AccountKind.FUNDING, AccountKind.FRAUD_LOSS})


def floor_minor_of(kind: AccountKind) -> int:
    """The lowest balance an account of a kind may have."""
    return -BALANCE_MINOR_MAX if kind in _WITHOUT_FLOOR else 0


class Account(Struct, frozen=True, kw_only=True):
    """One account as it stands. ``holder`` is a wallet, token or merchant id in text, "" for the operator."""

    account_id: AccountId
    kind: AccountKind
    holder: str
    currency: Currency
    balance_minor: int
    floor_minor: int


class Posting(Struct, frozen=True, kw_only=True):
    """One line of an entry."""

    account_id: AccountId
    currency: Currency
    amount_minor: int


class Entry(Struct, frozen=True, kw_only=True):
    """One movement of money. ``reference`` names its cause: a consent's digest, a token or a code.

    Raises:
        MisuseError: BAD_ARGUMENT when it does not sum to zero in each currency, or has less than two postings.
    """

    kind: EntryKind
    reference: bytes
    at_s: int
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if len(self.postings) < 2:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "an entry has two or more postings")
        sums: dict[int, int] = {}  # by the currency's number: an Enum hashes by its name, in Python
        for posting in self.postings:
            if posting.amount_minor == 0:
                raise MisuseError(ErrorCode.BAD_ARGUMENT, "no posting is of zero")
            number = posting.currency.number
            sums[number] = sums.get(number, 0) + posting.amount_minor
        if any(sums.values()):
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "an entry sums to zero in each currency", param="postings")


def move(
    *, kind: EntryKind, reference: bytes, at_s: int, currency: Currency, amounts_minor: dict[AccountId, int]
) -> Entry:
    """An entry in one currency from signed amounts by account; zeros are left out.

    Raises:
        MisuseError: as ``Entry``.
    """
    postings = [
        Posting(account_id=account, currency=currency, amount_minor=amount)
        for account, amount in amounts_minor.items()
        if amount
    ]
    return Entry(kind=kind, reference=reference, at_s=at_s, postings=tuple(postings))
