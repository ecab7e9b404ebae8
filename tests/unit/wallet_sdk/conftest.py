"""A wallet enrolled with a server in memory."""

import pytest

from tests.unit.wallet_sdk.fakes import FakeServer
from tests.unit.wallet_sdk.world import World
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.store import MemoryWalletStore
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom
from wallet_sdk.transport import SwitchableSender
from wallet_sdk.wallet import Wallet


@pytest.fixture
def fresh() -> World:
    """A wallet that is not enrolled yet."""
    scheme, clock, random, store = Scheme(), FrozenClock(), SeededRandom(2), MemoryWalletStore()
    server = FakeServer(scheme=scheme, clock=clock)
    network = SwitchableSender(server)
    keys = MemoryKeyStore(random)
    naps_s: list[float] = []
    wallet = Wallet.open(store=store, keys=keys, sender=network, clock=clock, random=random, sleep=naps_s.append)
    return World(
        scheme=scheme,
        clock=clock,
        server=server,
        network=network,
        store=store,
        keys=keys,
        random=random,
        naps_s=naps_s,
        wallet=wallet,
    )


@pytest.fixture
def world(fresh: World) -> World:
    """An enrolled wallet with its first token."""
    fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    fresh.server.received.clear()
    return fresh
