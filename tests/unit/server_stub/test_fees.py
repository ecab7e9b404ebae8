"""Fees: stated rounding, never more than the amount, never falling as the amount grows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_stub.fees import NO_FEES, FeePolicy, fee_minor_of
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.limits import AMOUNT_MINOR_MAX

policies = st.builds(
    FeePolicy,
    basis_points=st.integers(0, 10_000),
    fixed_minor=st.integers(0, 500),
    minimum_minor=st.integers(0, 500),
)
amounts_minor = st.integers(0, AMOUNT_MINOR_MAX)


@pytest.mark.parametrize(
    ("policy", "amount_minor", "fee_minor"),
    [
        (FeePolicy(basis_points=150), 1_000, 15),
        (FeePolicy(basis_points=150), 1_033, 15),  # 15.495
        (FeePolicy(basis_points=150), 1_034, 16),  # 15.51
        (FeePolicy(basis_points=50), 100, 1),  # 0.5 is rounded up
        (FeePolicy(basis_points=49), 100, 0),
        (FeePolicy(basis_points=150, fixed_minor=10), 1_000, 25),
        (FeePolicy(basis_points=150, minimum_minor=20), 1_000, 20),
        (FeePolicy(fixed_minor=10), 7, 7),
        (FeePolicy(basis_points=10_000, fixed_minor=1), 7, 7),
        (FeePolicy(minimum_minor=5), 0, 0),
        (NO_FEES, 1_000, 0),
    ],
)
def test_a_fee_is_rounded_half_up_once(policy: FeePolicy, amount_minor: int, fee_minor: int) -> None:
    """The stated rule, at its edges."""
    assert fee_minor_of(policy, amount_minor) == fee_minor


@given(policies, amounts_minor)
def test_a_fee_is_a_part_of_its_amount(policy: FeePolicy, amount_minor: int) -> None:
    """No payment ever costs a merchant more than it brings, and the minimum holds where the amount allows it."""
    fee_minor = fee_minor_of(policy, amount_minor)
    assert 0 <= fee_minor <= amount_minor
    assert fee_minor >= min(policy.minimum_minor, amount_minor)


@given(policies, amounts_minor, st.integers(0, 10_000))
def test_a_larger_amount_never_has_a_smaller_fee(policy: FeePolicy, amount_minor: int, more_minor: int) -> None:
    """So nothing is gained by asking for a little more or a little less."""
    assert fee_minor_of(policy, amount_minor) <= fee_minor_of(policy, amount_minor + more_minor)


@given(st.integers(0, 10_000), amounts_minor)
def test_the_rounding_error_is_at_most_half_a_minor_unit(basis_points: int, amount_minor: int) -> None:
    """Against exact arithmetic, in ten-thousandths."""
    exact = amount_minor * basis_points
    rounded = fee_minor_of(FeePolicy(basis_points=basis_points), amount_minor) * 10_000
    assert -5_000 < rounded - exact <= 5_000


@pytest.mark.parametrize("name", ["basis_points", "fixed_minor", "minimum_minor"])
@pytest.mark.parametrize("value", [-1, 2**40])
def test_terms_out_of_bounds_cannot_be_made(name: str, value: int) -> None:
    """A fee that pays the merchant, or is more than everything, is a slip of the hand."""
    with pytest.raises(MisuseError) as caught:
        FeePolicy(**{name: value})
    assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_ARGUMENT, name)
