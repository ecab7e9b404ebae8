"""What every use case stands on: the store, the committer, the operator's keys and choices, time and chance."""

from dataclasses import dataclass, field

from server_stub.committer import Committer
from server_stub.config import ServerConfig
from server_stub.keys import OperatorSigners
from server_stub.risk.policy import NO_RULES, RiskPolicy
from server_stub.service.playground import Playground
from server_stub.service.verification import Verifier
from server_stub.store.base import Store
from wallet_sdk.ports import Clock, Random
from wallet_sdk.protocol.ids import time_ordered_id
from wallet_sdk.protocol.trust import TrustStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Issuer and acquirer in one process."""

    store: Store
    committer: Committer
    signers: OperatorSigners = field(repr=False)
    trust: TrustStore
    verifier: Verifier
    config: ServerConfig
    risk: RiskPolicy = NO_RULES
    clock: Clock
    random: Random
    #: Only in a sandbox.
    playground: Playground | None = None

    def now_s(self) -> int:
        """Seconds since the epoch."""
        return self.clock.now_ms() // 1000

    def new_id(self) -> bytes:
        """12 bytes that sort by time."""
        return time_ordered_id(self.clock.now_ms(), self.random.random_bytes(6))
