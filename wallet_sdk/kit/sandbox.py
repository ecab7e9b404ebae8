"""The real server in this process as a sandbox, with a till, wallets that have money, frozen time, and faults.

It is the one place of the SDK that knows the server, and nothing of the SDK imports it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_stub.sandbox import Papers, Sandbox, opened_sandbox
from server_stub.service.playground import Fault, FaultKind, Playground, SandboxClock
from wallet_sdk.aio import AsyncWallet
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.kit.faults import FaultySender
from wallet_sdk.kit.terminal import MerchantTerminal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.store import MemoryWalletStore
from wallet_sdk.testing import FrozenClock, SeededRandom
from wallet_sdk.transport.asgi import AsgiSender, AsyncAsgiSender
from wallet_sdk.wallet import Wallet

#: What a wallet's enrolment calls the server; nothing ever resolves it.
SERVER = "http://sandbox.test"
FUNDS_MINOR = 10_000


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything around a program under test.

    Attributes:
        clock: stands still; ``advance`` lets time pass for server, till and wallets alike.
        network: what every wallet sends through; ``fail_next`` lets requests fail on their way.
        terminal: an enrolled till of the sandbox's merchant.
    """

    sandbox: Sandbox
    clock: SandboxClock
    random: SeededRandom
    network: FaultySender
    terminal: MerchantTerminal
    _sender: AsgiSender

    @property
    def papers(self) -> Papers:
        """Root key, merchant, API keys and codes of the sandbox."""
        return self.sandbox.papers

    def wallet(self, *, funds_minor: int = FUNDS_MINOR, allowance_minor: int | None = None) -> Wallet:
        """A new wallet of a new account with so much money, enrolled; half of it is set aside unless you say."""
        wallet = Wallet.open(
            store=MemoryWalletStore(),
            keys=MemoryKeyStore(self.random),
            sender=self.network,
            clock=self.clock,
            random=self.random,
            sleep=self.sleep,
        )
        wallet.enrol(server=SERVER, activation_code=self.wallet_code(funds_minor), allowance_minor=allowance_minor)
        return wallet

    async def async_wallet(self, *, funds_minor: int = FUNDS_MINOR, allowance_minor: int | None = None) -> AsyncWallet:
        """As ``wallet``, for asyncio."""
        wallet = AsyncWallet.open(
            store=MemoryWalletStore(),
            keys=MemoryKeyStore(self.random),
            sender=AsyncAsgiSender(self.network),
            clock=self.clock,
            random=self.random,
            sleep=self.sleep_async,
        )
        code = self.wallet_code(funds_minor)
        await wallet.enrol(server=SERVER, activation_code=code, allowance_minor=allowance_minor)
        return wallet

    def wallet_code(self, funds_minor: int = FUNDS_MINOR) -> str:
        """An activation code for a wallet of your own making."""
        return self.sandbox.wallet_code(Money(minor=funds_minor, currency=Currency.EUR))

    def server_fails(self, kind: FaultKind, *, count: int = 1, delay_ms: int = 0) -> None:
        """Let the server fail at the next requests that change something."""
        self._playground.add(Fault(kind=kind, count=count, delay_ms=delay_ms))

    def decline_next(self, code: ErrorCode = ErrorCode.INSUFFICIENT_FUNDS) -> None:
        """Let the server decline the next payment."""
        self._playground.add(Fault(kind=FaultKind.DECLINE, error_code=code))

    def sleep(self, seconds: float) -> None:
        """What the wallets' retries do instead of sleeping: time passes, nobody waits."""
        self.clock.advance(int(seconds))

    async def sleep_async(self, seconds: float) -> None:
        """The same, for asyncio."""
        self.sleep(seconds)

    @property
    def _playground(self) -> Playground:
        playground = self.sandbox.desk.operator.playground
        assert playground is not None, "a sandbox has its playground"
        return playground


@contextmanager
def opened_bench(folder: Path, *, seed: int = 1) -> Iterator[Bench]:
    """Found a sandbox in an empty folder and open it; the same seed makes the same keys, codes and ids."""
    random = SeededRandom(seed)
    with opened_sandbox(folder, clock=FrozenClock(), random=random) as sandbox:
        sender = AsgiSender(sandbox.app)
        try:
            terminal = MerchantTerminal(
                sender, activation_code=sandbox.papers.terminal_codes[0], clock=sandbox.clock, random=random
            )
            yield Bench(
                sandbox=sandbox,
                clock=sandbox.clock,
                random=random,
                network=FaultySender(sender),
                terminal=terminal,
                _sender=sender,
            )
        finally:
            sender.close()
