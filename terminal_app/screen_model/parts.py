"""The smallest parts of a screen's value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountText:
    """An amount as drawn: figures and ISO 4217 code, always left to right, in a label of its own."""

    number: str
    currency: str
