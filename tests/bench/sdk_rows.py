"""Rows of the wallet SDK: import, scan, intent."""

import statistics
import subprocess
import sys
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Final

from tests.bench.measure import Row, Run, Yardstick, medians_us, wall_ms
from tests.unit.wallet_sdk.fakes import FakeServer
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.protocol import qr
from wallet_sdk.store import MemoryWalletStore, SqliteWalletStore, WalletStore
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom
from wallet_sdk.wallet import PayMode, Wallet

_PROCESSES: Final = 9
_PACE: Final = "import time; start = time.perf_counter_ns(); {}; print(time.perf_counter_ns() - start)"
#: Offline payments for one figure; a token counts to 1,000.
_PAYMENTS: Final = 120


def sdk_import_ms(_run: Run) -> list[Row]:
    """Import in a fresh process, as its own clock sees it; the value is what a wallet needs."""
    statements = {
        "package_ms": "import wallet_sdk",
        "wallet_ms": "from wallet_sdk import Wallet",
        "cryptography_ms": "from cryptography.hazmat.primitives.asymmetric import ec",
        "httpx_ms": "import httpx",
    }
    taken: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(_PROCESSES):
        for name, statement in statements.items():
            taken[name].append(_import_ms(statement))
    parts = {name: statistics.median(each) for name, each in taken.items()}
    return [Row(name="sdk_import_ms", value=parts["wallet_ms"], bar="< 100", parts=parts)]


def sdk_scan_ms(run: Run) -> list[Row]:
    """`wallet.scan` of a request with certificate, the wallet's store on disk; every request is a new one."""
    scheme = Scheme(seed=run.seed)
    wallet = _wallet(scheme, SqliteWalletStore(run.folder / "wallet.sqlite"))
    texts = cycle([qr.to_text(scheme.request().envelope) for _ in range(64)])
    with wallet:
        taken = medians_us({"scan_us": lambda: wallet.scan(next(texts)), **Yardstick().calls()})
    taken["verifications_us"] = 2 * taken["crypto_verify_us"]
    return [Row(name="sdk_scan_ms", value=taken["scan_us"] / 1_000, bar="< 1", parts=taken)]


def sdk_intent_ms(run: Run) -> list[Row]:
    """`quote.pay(OFFLINE)`: rules, counter, signature. The value is without a disk; the durable one stands beside."""
    in_memory = _pay_ms(Scheme(seed=run.seed), MemoryWalletStore())
    on_disk = _pay_ms(Scheme(seed=run.seed), SqliteWalletStore(run.folder / "intents.sqlite"))
    parts = {"memory_ms": in_memory, "durable_ms": on_disk, **medians_us(Yardstick().calls())}
    return [Row(name="sdk_intent_ms", value=in_memory, bar="< 1", parts=parts)]


def _import_ms(statement: str) -> float:
    command = [sys.executable, "-c", _PACE.format(statement)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return int(done.stdout) / 1e6


def _wallet(scheme: Scheme, store: WalletStore) -> Wallet:
    clock, random = FrozenClock(wall_ms=scheme.now_s * 1_000), SeededRandom(scheme.seed + 1)
    server = FakeServer(scheme=scheme, clock=clock, available_minor=1_000_000, token_total_minor=500_000)
    wallet = Wallet.open(store=store, keys=MemoryKeyStore(random), sender=server, clock=clock, random=random)
    wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    return wallet


def _pay_ms(scheme: Scheme, store: WalletStore) -> float:
    taken_ms = []
    with _wallet(scheme, store) as wallet:
        for _ in range(_PAYMENTS):
            quote = wallet.scan(qr.to_text(scheme.request(amount_minor=100).envelope))
            taken_ms.append(wall_ms(partial(quote.pay, PayMode.OFFLINE)))
    return statistics.median(taken_ms)
