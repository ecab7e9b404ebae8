"""What the risk rules remember: where a device paid last, and every decision in which a rule was broken."""

from dataclasses import dataclass, field

from wallet_sdk.protocol.ids import Digest, TerminalId, WalletId


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSeen:
    """The last payment of a wallet."""

    wallet_id: WalletId
    terminal_id: TerminalId
    at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDecision:
    """A row of the audit log: which rules one consent broke. ``reason`` is "" when only shadow rules were.

    ``explanation`` is a JSON list of rule, mode, reason and text, in the sequence of the file.
    """

    consent_digest: Digest
    at_s: int
    reason: str
    explanation: str = field(repr=False)
