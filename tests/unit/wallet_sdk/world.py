"""A wallet with everything around it, in memory."""

from dataclasses import dataclass

from tests.unit.wallet_sdk.fakes import FakeServer
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.messages import PaymentRequest
from wallet_sdk.store import MemoryWalletStore
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom
from wallet_sdk.transport import SwitchableSender
from wallet_sdk.wallet import Wallet


@dataclass(slots=True)
class World:
    """Everything around one wallet. ``naps_s`` are the pauses between its retries."""

    scheme: Scheme
    clock: FrozenClock
    server: FakeServer
    network: SwitchableSender
    store: MemoryWalletStore
    keys: MemoryKeyStore
    random: SeededRandom
    naps_s: list[float]
    wallet: Wallet

    def request(self, *, amount_minor: int = 1250) -> Sealed[PaymentRequest]:
        """A request of the terminal, issued now."""
        self.scheme.now_s = self.clock.now_ms() // 1000
        return self.scheme.request(amount_minor=amount_minor)

    def request_text(self, *, amount_minor: int = 1250) -> str:
        """The same, as QR text."""
        return qr.to_text(self.request(amount_minor=amount_minor).envelope)

    def reopened(self) -> Wallet:
        """The wallet as another process finds it."""
        return Wallet.open(
            store=self.store,
            keys=self.keys,
            sender=self.network,
            clock=self.clock,
            random=self.random,
            sleep=self.naps_s.append,
        )
