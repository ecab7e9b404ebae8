"""Fixtures for tests of programs that use this SDK. pytest finds them by itself; they need ``tillcode[server]``.

    def test_a_coffee_is_paid(tillcode_wallet, tillcode_terminal):
        shown = tillcode_terminal.request(amount_minor=250)
        assert tillcode_wallet.scan(shown.text).pay().outcome is Outcome.SETTLED

docs/sdk/testing-your-integration.md has the amounts that force each outcome. Nothing is imported before it is used.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from server_stub.service.playground import SandboxClock
    from wallet_sdk.kit import FaultySender, MerchantTerminal
    from wallet_sdk.kit.sandbox import Bench
    from wallet_sdk.testing import SeededRandom
    from wallet_sdk.wallet import Wallet

SEED = 1


@pytest.fixture
def tillcode_seed() -> int:
    """Seed of keys, codes and ids; override it in your conftest to have others."""
    return SEED


@pytest.fixture
def tillcode_bench(tmp_path_factory: pytest.TempPathFactory, tillcode_seed: int) -> "Iterator[Bench]":
    """The sandbox in this process and everything around it."""
    try:
        from wallet_sdk.kit.sandbox import opened_bench
    except ImportError as error:
        raise pytest.UsageError(
            f'the fixtures of tillcode need the server: pip install "tillcode[server]" ({error})'
        ) from error

    with opened_bench(tmp_path_factory.mktemp("tillcode"), seed=tillcode_seed) as bench:
        yield bench


@pytest.fixture
def tillcode_clock(tillcode_bench: "Bench") -> "SandboxClock":
    """Time, which stands still until it is told to ``advance``."""
    return tillcode_bench.clock


@pytest.fixture
def tillcode_random(tillcode_bench: "Bench") -> "SeededRandom":
    """Seeded randomness."""
    return tillcode_bench.random


@pytest.fixture
def tillcode_network(tillcode_bench: "Bench") -> "FaultySender":
    """The wallets' network, which can be told to fail."""
    return tillcode_bench.network


@pytest.fixture
def tillcode_terminal(tillcode_bench: "Bench") -> "MerchantTerminal":
    """An enrolled till."""
    return tillcode_bench.terminal


@pytest.fixture
def tillcode_wallet(tillcode_bench: "Bench") -> "Iterator[Wallet]":
    """An enrolled wallet with 100.00 EUR, half of it set aside for offline payments."""
    with tillcode_bench.wallet() as wallet:
        yield wallet
