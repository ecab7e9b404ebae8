"""What the operator takes of a captured amount: basis points, a fixed part and a minimum. Integers only.

Rounding: the basis points of an amount are rounded half up to whole minor units, once a payment and never over a
sum of payments; the fixed part is added, the minimum applied, and a fee is never more than the amount itself.
"""

from dataclasses import dataclass
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.limits import AMOUNT_MINOR_MAX

#: One basis point is a ten-thousandth.
_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePolicy:
    """A merchant's terms in one currency; minor units of that currency.

    Raises:
        MisuseError: BAD_ARGUMENT naming the part that is out of its bounds.
    """

    basis_points: int = 0
    fixed_minor: int = 0
    minimum_minor: int = 0

    def __post_init__(self) -> None:
        for name, value, high in (
            ("basis_points", self.basis_points, _WHOLE),
            ("fixed_minor", self.fixed_minor, AMOUNT_MINOR_MAX),
            ("minimum_minor", self.minimum_minor, AMOUNT_MINOR_MAX),
        ):
            if not 0 <= value <= high:
                raise MisuseError(ErrorCode.BAD_ARGUMENT, f"0 .. {high} is expected", param=name)


#: Terms of a merchant with whom nothing was agreed.
NO_FEES: Final = FeePolicy()


def fee_minor_of(policy: FeePolicy, amount_minor: int) -> int:
    """The fee on one captured amount, 0 .. ``amount_minor``."""
    assert amount_minor >= 0, "only what was captured is charged for"
    proportional_minor = (amount_minor * policy.basis_points + _WHOLE // 2) // _WHOLE
    return min(amount_minor, max(proportional_minor + policy.fixed_minor, policy.minimum_minor))
