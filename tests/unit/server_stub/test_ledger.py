"""The pure ledger: an entry that does not balance cannot be made."""

import pytest

from server_stub.ledger import AccountId, AccountKind, Entry, EntryKind, Posting, floor_minor_of, move
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.money import Currency

EUR, JPY = Currency.EUR, Currency.JPY


def line(account: int, amount_minor: int, currency: Currency = EUR) -> Posting:
    """One posting."""
    return Posting(account_id=AccountId(account), currency=currency, amount_minor=amount_minor)


@pytest.mark.parametrize(
    "postings",
    [
        (),
        (line(1, 5),),
        (line(1, 5), line(2, -4)),
        (line(1, 5), line(2, -5, JPY)),
        (line(1, 5), line(2, -5), line(3, 1, JPY)),
        (line(1, 0), line(2, 0)),
    ],
)
def test_an_entry_that_does_not_sum_to_zero_cannot_be_made(postings: tuple[Posting, ...]) -> None:
    """Per currency, and with at least two postings that say something."""
    with pytest.raises(MisuseError) as caught:
        Entry(kind=EntryKind.FUND, reference=b"r", at_s=0, postings=postings)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


def test_an_entry_may_balance_in_each_of_two_currencies() -> None:
    """Two movements in one entry, never one across."""
    postings = (line(1, 5), line(2, -5), line(3, 7, JPY), line(4, -7, JPY))
    assert Entry(kind=EntryKind.FUND, reference=b"r", at_s=0, postings=postings).postings == postings


def test_move_leaves_zeros_out() -> None:
    """What does not move is not posted."""
    amounts = {AccountId(1): -5, AccountId(2): 0, AccountId(3): 5}
    entry = move(kind=EntryKind.CAPTURE, reference=b"r", at_s=1, currency=EUR, amounts_minor=amounts)
    assert entry.postings == (line(1, -5), line(3, 5))


def test_only_funding_and_fraud_loss_may_go_below_zero() -> None:
    """Nobody else owes the operator money."""
    below = {kind for kind in AccountKind if floor_minor_of(kind) < 0}
    assert below == {AccountKind.FUNDING, AccountKind.FRAUD_LOSS}
