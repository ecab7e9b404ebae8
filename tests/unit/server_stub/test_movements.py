"""Movements of money: each balances by being an entry at all; here is who ends with what."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from server_stub.ledger import AccountId, Entry, EntryKind
from server_stub.movements import (
    Cause,
    captured,
    held,
    hold_captured,
    hold_released,
    refunded,
    to_loss_minor_of,
)
from wallet_sdk.protocol.money import Currency

PAYER, HELD, ESCROW, SHOP, FEES, LOSS = map(AccountId, range(1, 7))
CAUSE = Cause(reference=b"digest", at_s=7, currency=Currency.EUR)

amounts_minor = st.integers(1, 10**9)


def sums(*entries: Entry) -> Counter[AccountId]:
    """What each account has after these entries, from nothing."""
    balances: Counter[AccountId] = Counter()
    for entry in entries:
        for line in entry.postings:
            balances[line.account_id] += line.amount_minor
    return Counter({account: minor for account, minor in balances.items() if minor})


@given(st.data(), amounts_minor, st.integers(0, 10**9))
def test_a_capture_gives_the_merchant_all_but_the_fee(data: st.DataObject, escrow_minor: int, loss_minor: int) -> None:
    """From one source or two, in one entry."""
    amount_minor = escrow_minor + loss_minor
    fee_minor = data.draw(st.integers(0, amount_minor))
    entry = captured(
        CAUSE, sources_minor={ESCROW: escrow_minor, LOSS: loss_minor}, payable=SHOP, fees=FEES, fee_minor=fee_minor
    )
    assert entry.kind is EntryKind.CAPTURE
    after = sums(entry)
    assert (after[ESCROW], after[LOSS]) == (-escrow_minor, -loss_minor)
    assert (after[SHOP], after[FEES]) == (amount_minor - fee_minor, fee_minor)


def test_without_a_fee_no_account_of_fees_is_needed() -> None:
    """Any other may stand for it: nothing is posted there, and nothing is lost."""
    entry = captured(CAUSE, sources_minor={PAYER: 7}, payable=SHOP, fees=SHOP, fee_minor=0)
    assert sums(entry) == Counter({PAYER: -7, SHOP: 7})
    back = refunded(CAUSE, payable=SHOP, available=PAYER, loss=PAYER, amount_minor=7, to_loss_minor=0)
    assert not sums(entry, back)


@given(st.data(), amounts_minor)
def test_a_hold_captured_in_part_leaves_nothing_set_aside(data: st.DataObject, held_minor: int) -> None:
    """The payer pays what was captured and nothing else; merchant and operator share exactly that."""
    captured_minor = data.draw(st.integers(1, held_minor))
    fee_minor = data.draw(st.integers(0, captured_minor))
    first = held(CAUSE, available=PAYER, set_aside=HELD, amount_minor=held_minor)
    last = hold_captured(
        CAUSE,
        available=PAYER,
        set_aside=HELD,
        payable=SHOP,
        fees=FEES,
        held_minor=held_minor,
        captured_minor=captured_minor,
        fee_minor=fee_minor,
    )
    assert (first.kind, last.kind) == (EntryKind.HOLD, EntryKind.CAPTURE)
    expected = {PAYER: -captured_minor, SHOP: captured_minor - fee_minor, FEES: fee_minor}
    assert sums(first, last) == Counter({account: minor for account, minor in expected.items() if minor})


@given(amounts_minor)
def test_a_hold_released_is_as_if_it_had_never_been(held_minor: int) -> None:
    """Voided or expired."""
    first = held(CAUSE, available=PAYER, set_aside=HELD, amount_minor=held_minor)
    last = hold_released(CAUSE, available=PAYER, set_aside=HELD, held_minor=held_minor)
    assert not sums(first, last)


@given(amounts_minor, st.integers(0, 10**9), st.lists(amounts_minor, max_size=8))
def test_refunds_give_the_operator_back_first_and_never_more_than_it_bore(
    covered_minor: int, borne_minor: int, parts_minor: list[int]
) -> None:
    """Whatever the parts, a payer whose escrow paid a part of it gets at most that part back."""
    before_minor, entries = 0, []
    for part_minor in parts_minor:
        amount_minor = min(part_minor, covered_minor + borne_minor - before_minor)
        if not amount_minor:
            break
        to_loss_minor = to_loss_minor_of(
            borne_minor=borne_minor, refunded_before_minor=before_minor, amount_minor=amount_minor
        )
        entries.append(
            refunded(
                CAUSE,
                payable=SHOP,
                available=PAYER,
                loss=LOSS,
                amount_minor=amount_minor,
                to_loss_minor=to_loss_minor,
            )
        )
        before_minor += amount_minor
    after = sums(*entries)
    assert after[SHOP] == -before_minor
    assert after[LOSS] == min(borne_minor, before_minor)
    assert 0 <= after[PAYER] <= covered_minor
