"""Amounts of the story as integers of cents, and the sums the books must show, worked out apart from the server."""

from dataclasses import dataclass, field
from typing import Final

CURRENCY: Final = "EUR"

FUNDED_CENTS: Final = 200_00
SHOWN_CODE_CENTS: Final = 12_50
PAYERS_CODE_CENTS: Final = 8_40
OFFLINE_CENTS: Final = 21_00
HONEST_CENTS: Final = 18_00
CLONED_CENTS: Final = 17_00
#: What the demo wallet asks its issuer for to spend offline, and what act 3 leaves of it. More than a quarter is
#: left, so the wallet does not renew it before it is cloned.
ALLOWANCE_CENTS: Final = 50_00
LEFT_OFFLINE_CENTS: Final = ALLOWANCE_CENTS - OFFLINE_CENTS

assert max(HONEST_CENTS, CLONED_CENTS) <= LEFT_OFFLINE_CENTS < HONEST_CENTS + CLONED_CENTS, "each fits, both do not"


def text_of(cents: int) -> str:
    """ "12.50 EUR"."""
    return f"{figures_of(cents)} {CURRENCY}"


def figures_of(cents: int) -> str:
    """ "12.50", as screens draw it."""
    return f"{cents // 100}.{cents % 100:02d}"


@dataclass(slots=True)
class Expected:
    """What each party must have at the end, in cents, kept by the story and not by the server."""

    payer: int = FUNDED_CENTS
    merchants: dict[str, int] = field(default_factory=dict)
    fraud_loss: int = 0

    def pay(self, merchant: str, cents: int) -> None:
        """A payment of the payer that must be covered by the payer's own money."""
        self.payer -= cents
        self.credit(merchant, cents)

    def lose(self, merchant: str, cents: int) -> None:
        """A payment that the operator bears."""
        self.fraud_loss += cents
        self.credit(merchant, cents)

    def credit(self, merchant: str, cents: int) -> None:
        """What the merchant gets, whoever pays for it."""
        self.merchants[merchant] = self.merchants.get(merchant, 0) + cents
