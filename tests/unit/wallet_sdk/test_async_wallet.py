"""The wallet for asyncio: many calls at once, several loops, cancelled calls, nothing left behind."""

import asyncio
import threading

import pytest

from tests.unit.wallet_sdk.fakes import FakeServer, Fault
from tests.unit.wallet_sdk.loopback import Loopback, listening, open_files
from tests.unit.wallet_sdk.world import World
from wallet_sdk.aio import AsyncWallet
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.store import MemoryWalletStore, Outcome
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom
from wallet_sdk.transport.answers import CONNECTIONS_MAX
from wallet_sdk.wallet import PayMode, Renewal

CALLS = 1_000
#: So many of them pay.
PAYMENTS = 100


class Awaited:
    """The server in memory as a sender for asyncio."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.hold: asyncio.Event | None = None
        self.arrived = asyncio.Event()

    async def send(self, request: HttpRequest) -> HttpAnswer:
        answer = self.server.send(request)
        if self.hold is not None and request.path == api.PATH_INTENTS:
            self.arrived.set()
            await self.hold.wait()
        return answer

    async def close(self) -> None:
        """Nothing to give back."""


def wallet_of(world: World, sender: Awaited | None = None) -> AsyncWallet:
    """The same wallet as the world's, opened for asyncio."""

    async def nap(seconds: float) -> None:
        world.naps_s.append(seconds)

    return AsyncWallet.open(
        store=world.store, keys=world.keys, sender=sender, clock=world.clock, random=world.random, sleep=nap
    )


def test_a_whole_day_awaited(world: World) -> None:
    """Pay online and offline, show a code, change the allowance, sync, read the history: as with ``Wallet``."""

    async def day() -> None:
        sender = Awaited(world.server)
        async with wallet_of(world, sender) as wallet:
            assert wallet.is_enrolled
            paid = await (await wallet.scan(world.request_text())).pay()
            assert paid.outcome is Outcome.SETTLED
            offline = await (await wallet.scan(world.request_text(amount_minor=700))).pay(PayMode.OFFLINE)
            code = await wallet.present_code(ceiling_minor=900)
            world.server.settle_code(code.digest, amount_minor=800)
            assert (await wallet.outcome_of(code)).amount.minor == 800
            world.server.token_total_minor = 30_000
            changed = await wallet.change_allowance(allowance_minor=25_000)
            assert changed.offline_left.minor == 25_000
            report = await wallet.sync()
            assert (report.open_count, report.renewal) == (1, Renewal.NOT_NEEDED)
            assert [payment.amount.minor async for payment in wallet.history()] == [800, 700, 1250]
            assert (await wallet.payment(offline.digest)).outcome is Outcome.OFFLINE
            assert (await wallet.balance()).offline_left.minor == 25_000

    asyncio.run(day())


def test_the_two_are_one_wallet(world: World) -> None:
    """What one of them pays, the other has paid."""
    text = world.request_text()

    async def pay() -> None:
        wallet = wallet_of(world, Awaited(world.server))
        await (await wallet.scan(text)).pay()

    asyncio.run(pay())
    assert [payment.outcome for payment in world.wallet.history()] == [Outcome.SETTLED]
    with pytest.raises(Exception, match="ALREADY_PAID"):
        world.wallet.scan(text)


def test_a_payment_cancelled_on_the_way_is_unknown_until_it_is_asked_for(world: World) -> None:
    """The server has it already; nobody may say that it failed."""

    async def cancelled() -> None:
        sender = Awaited(world.server)
        sender.hold = asyncio.Event()
        wallet = wallet_of(world, sender)
        paying = asyncio.create_task((await wallet.scan(world.request_text())).pay())
        await sender.arrived.wait()
        paying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await paying
        assert [payment.outcome async for payment in wallet.history()] == [Outcome.UNKNOWN]
        sender.hold = None
        report = await wallet.sync()
        assert [payment.outcome for payment in report.resolved] == [Outcome.SETTLED]

    asyncio.run(cancelled())
    assert world.server.available_minor == 100_000 - 1250


def test_a_wallet_with_less_patience_shares_everything_else(world: World) -> None:
    """One try, then the error; the other wallet still has three."""
    world.server.faults = [Fault.LOST_BEFORE]
    with pytest.raises(UnavailableError) as failed:
        world.wallet.with_options(retries_max=0).sync()
    assert failed.value.code is ErrorCode.NETWORK_TIMEOUT
    assert len(world.server.received) == 1
    world.server.faults = [Fault.LOST_BEFORE] * 2
    world.wallet.sync()
    world.server.received.clear()
    world.wallet.with_options(timeout_s=2.5).sync()
    assert {request.timeout_s for request in world.server.received} == {2.5}


def fresh_wallet() -> tuple[FakeServer, AsyncWallet]:
    """A wallet that is not enrolled, which will speak real HTTP."""
    clock = FrozenClock()
    server = FakeServer(scheme=Scheme(), clock=clock, count_max=10 * CALLS)
    wallet = AsyncWallet.open(
        store=MemoryWalletStore(), keys=MemoryKeyStore(SeededRandom(3)), clock=clock, random=SeededRandom(4)
    )
    return server, wallet


async def pay_all(wallet: AsyncWallet, server: FakeServer, count: int) -> set[Outcome]:
    """Pay so many requests at once."""
    texts = [qr.to_text(server.scheme.request(amount_minor=1).envelope) for _ in range(count)]

    async def pay(text: str) -> Outcome:
        return (await (await wallet.scan(text)).pay(PayMode.ONLINE)).outcome

    return set(await asyncio.gather(*(pay(text) for text in texts)))


def test_a_thousand_calls_at_once_over_one_client_leave_nothing_behind() -> None:
    """Each is answered, over a bounded number of connections; then no connection, task or file is left."""
    server, wallet = fresh_wallet()

    async def crowd(loopback: Loopback) -> None:
        async with wallet:
            await wallet.enrol(server=loopback.url, activation_code="GOOD-CODE", allowance_minor=0)
            patient = wallet.with_options(timeout_s=120)
            code = await patient.present_code()
            asked = (patient.outcome_of(code) for _ in range(CALLS - PAYMENTS))
            paying = asyncio.create_task(pay_all(patient, server, PAYMENTS))
            told = await asyncio.gather(*asked)
            assert await paying == {Outcome.SETTLED}
            assert {payment.outcome for payment in told} == {Outcome.PRESENTED}
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with listening(server) as loopback:
        before = open_files()
        asyncio.run(crowd(loopback))
        assert open_files() == before
        assert 1 <= loopback.most_open <= CONNECTIONS_MAX
    assert not loopback.connections
    assert server.available_minor == 100_000 - PAYMENTS
    assert len(server.settled) == PAYMENTS
    assert len(server.received) >= CALLS


def test_one_wallet_works_on_loop_after_loop() -> None:
    """Without being closed in between: each loop gives its own connections back when it ends."""
    server, wallet = fresh_wallet()
    with listening(server) as loopback:
        asyncio.run(wallet.enrol(server=loopback.url, activation_code="GOOD-CODE"))
        before = open_files()
        for _ in range(5):
            assert asyncio.run(pay_all(wallet, server, 3)) == {Outcome.SETTLED}
        assert open_files() == before


def test_one_wallet_works_on_several_loops_at_once() -> None:
    """A loop in each of four threads."""
    server, wallet = fresh_wallet()
    outcomes: list[set[Outcome]] = []
    with listening(server) as loopback:
        asyncio.run(wallet.enrol(server=loopback.url, activation_code="GOOD-CODE"))
        threads = [
            threading.Thread(target=lambda: outcomes.append(asyncio.run(pay_all(wallet, server, 10)))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    assert outcomes == [{Outcome.SETTLED}] * 4
    assert len(server.settled) == 40
