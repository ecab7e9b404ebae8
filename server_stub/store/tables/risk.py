"""What the risk rules remember."""

from typing import Final

from server_stub.risk.policy import Subject, Window
from server_stub.risk.usage import WindowUsage, from_text, to_text
from server_stub.store.records_risk import DeviceSeen, RiskDecision
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Reading, Table
from wallet_sdk.protocol.ids import Digest, TerminalId, WalletId

#: Length, subject and the subject's id.
UsageKey = tuple[int, int, int]


def usage_key(window: Window, subject_id: int) -> UsageKey:
    """Where the usage of one subject in a window stands."""
    return (window.length_s, int(window.subject), subject_id)


#: Locked: two processes that both see room under a limit must not both use it.
WINDOW_USAGE: Final = Table[UsageKey, WindowUsage](
    name="window_usage",
    columns=numbers("length_s", "subject", "subject_id") + texts("slices"),
    key_length=3,
    key_of=lambda used: usage_key(used.window, used.subject_id),
    row_of=lambda used: (*usage_key(used.window, used.subject_id), to_text(used.slices)),
    record_of=lambda row: WindowUsage(
        window=Window(subject=Subject(row[1]), length_s=row[0]), subject_id=row[2], slices=from_text(row[3])
    ),
    reading=Reading.LOCKED,
)

DEVICES_SEEN: Final = Table[WalletId, DeviceSeen](
    name="devices_seen",
    columns=numbers("wallet_id", "terminal_id", "at_s"),
    key_of=lambda seen: seen.wallet_id,
    row_of=lambda seen: (seen.wallet_id, seen.terminal_id, seen.at_s),
    record_of=lambda row: DeviceSeen(wallet_id=WalletId(row[0]), terminal_id=TerminalId(row[1]), at_s=row[2]),
    reading=Reading.LOCKED,
)

RISK_DECISIONS: Final = Table[Digest, RiskDecision](
    name="risk_decisions",
    columns=bytes_("consent_digest") + numbers("at_s") + texts("reason", "explanation"),
    key_of=lambda decision: decision.consent_digest,
    row_of=lambda decision: (decision.consent_digest, decision.at_s, decision.reason, decision.explanation),
    record_of=lambda row: RiskDecision(consent_digest=row[0], at_s=row[1], reason=row[2], explanation=row[3]),
)
