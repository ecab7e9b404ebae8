"""What every use case stands on: the store, the committer, the operator's keys and choices, time and chance."""

from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeVar

from server_stub.committer import Committer
from server_stub.config import ServerConfig
from server_stub.keys import OperatorSigners
from server_stub.ledger_clock import LedgerClock
from server_stub.risk.policy import NO_RULES, RiskPolicy
from server_stub.service.credentials import Credentials
from server_stub.service.playground import Playground
from server_stub.service.verification import Verifier
from server_stub.store.base import Store
from server_stub.store.records import Merchant, Terminal
from server_stub.store.records_epoch import Epoch
from wallet_sdk.ports import Clock, Random
from wallet_sdk.protocol.ids import KeyId, time_ordered_id
from wallet_sdk.protocol.trust import TrustStore

#: A terminal that is blocked, or whose merchant is, is refused this much later at most; both are asked for with each
#: payment.
TERMINALS_MS: Final = 2_000
_REMEMBERED_MAX: Final = 8_192

K = TypeVar("K")
R = TypeVar("R")


class Remembered(Generic[K, R]):
    """Records that may be a little old, so that the ledger is not asked for each anew. May be used from any thread."""

    __slots__ = ("_known", "_ms")

    def __init__(self, ms: int) -> None:
        self._ms = ms
        self._known: dict[K, tuple[int, R]] = {}

    def get(self, key: K, *, now_ms: int) -> R | None:
        """The record, if it is known and not too old."""
        read_at_ms, record = self._known.get(key, (-self._ms, None))
        return record if now_ms - read_at_ms < self._ms else None

    def put(self, key: K, record: R, *, now_ms: int) -> None:
        """Remember a record that was read just now."""
        if len(self._known) >= _REMEMBERED_MAX:
            self._known.clear()
        self._known[key] = (now_ms, record)


class KnownTerminal(NamedTuple):
    """A terminal and its merchant."""

    terminal: Terminal
    merchant: Merchant


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Issuer and acquirer in one process."""

    store: Store
    committer: Committer
    credentials: Credentials = field(repr=False)
    config: ServerConfig
    risk: RiskPolicy = NO_RULES
    clock: Clock
    random: Random
    terminals: "Remembered[KeyId, KnownTerminal]" = field(default_factory=lambda: Remembered(TERMINALS_MS))
    #: In a ledger that was restored; it stays so as long as a server runs.
    epoch: Epoch | None = None
    #: Only in a sandbox.
    playground: Playground | None = None
    #: What ``clock`` is doubted by; none in a sandbox, whose clock is for playing.
    ledger_clock: LedgerClock | None = None

    @property
    def signers(self) -> OperatorSigners:
        """The keys that sign now. Asked for anew each time: they may have changed since."""
        return self.credentials.now.signers

    @property
    def trust(self) -> TrustStore:
        """The newest bundle."""
        return self.credentials.now.trust

    @property
    def verifier(self) -> Verifier:
        """What verifies by the newest bundle."""
        return self.credentials.now.verifier

    def now_s(self) -> int:
        """Seconds since the epoch.

        Raises:
            ClockDoubtError: the clock has jumped, and nothing may be decided by it.
        """
        return self.clock.now_ms() // 1000

    def new_id(self) -> bytes:
        """12 bytes that sort by time, also by a doubted one: a name decides nothing."""
        now_ms = self.clock.now_ms() if self.ledger_clock is None else self.ledger_clock.told_ms()
        return time_ordered_id(now_ms, self.random.random_bytes(6))
