"""Whether the operator takes a merchant's payments, and the log of each change of it."""

from dataclasses import dataclass
from enum import IntEnum, unique

from wallet_sdk.protocol.ids import MerchantId


@unique
class Standing(IntEnum):
    """How a merchant stands with the operator."""

    OPEN = 1
    BLOCKED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingChange:
    """From then on a merchant stood so. ``made_by``: the operator's API key, or the command line."""

    number: int
    merchant_id: MerchantId
    standing: Standing
    at_s: int
    made_by: str
    reason: str
