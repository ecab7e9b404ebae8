"""Whether a ledger holds money or plays: decided when it is founded, and never again."""

from dataclasses import dataclass
from enum import Enum, unique


@unique
class Nature(Enum):
    """What a ledger was founded as."""

    LIVE = "live"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxMark:
    """The one row that makes a ledger a sandbox, and how far its clock was set forward."""

    number: int = 1
    clock_ahead_s: int = 0
