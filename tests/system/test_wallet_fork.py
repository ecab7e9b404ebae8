"""One wallet, its file and its connections, in a parent and its forked children at once."""

import subprocess
import sys

# In a process of its own: a fork takes along whatever threads a test run has.
PROGRAM = """
import os, sys
from pathlib import Path

from tests.unit.wallet_sdk.fakes import FakeServer
from tests.unit.wallet_sdk.loopback import listening
from wallet_sdk import MemoryKeyStore, SqliteWalletStore, Wallet
from wallet_sdk.protocol import qr
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom

folder = Path(sys.argv[1])
reading, writing = os.pipe()
ended, alive = os.pipe()
clock = FrozenClock()
server = FakeServer(scheme=Scheme(), clock=clock)
texts = [qr.to_text(server.scheme.request(amount_minor=1).envelope) for _ in range(40)]
served = os.fork()
if served == 0:
    # The server has a process of its own, so that the wallet's has no thread when it forks.
    os.close(alive)
    with listening(server) as loopback:
        os.write(writing, loopback.url.encode())
        os.read(ended, 1)
    os._exit(0)
url = os.read(reading, 100).decode()

store = SqliteWalletStore(folder / "wallet.sqlite")
wallet = Wallet.open(store=store, keys=MemoryKeyStore(SeededRandom(3)), clock=clock, random=SeededRandom(4))
wallet.enrol(server=url, activation_code="GOOD-CODE")
wallet.scan(texts.pop()).pay()
children = []
for child in range(3):
    pid = os.fork()
    if pid == 0:
        for text in texts[child * 10 : child * 10 + 10]:
            assert wallet.scan(text).pay().outcome.value == "settled"
        os._exit(0)
    children.append(pid)
for text in texts[30:]:
    assert wallet.scan(text).pay().outcome.value == "settled"
assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0, 0, 0]
payments = list(wallet.history())
assert len(payments) == 40, len(payments)
token = store.token()
counters = {store.consent(payment.digest).counter for payment in payments}
assert counters == set(range(1, 41)), counters
assert token.counter == 40
print("good", flush=True)
"""


def test_a_wallet_pays_on_after_forks_and_no_counter_is_used_twice(tmp_path: object) -> None:
    """Parent and three children pay at once over one file, each over its own connections."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.stderr == ""
    assert run.stdout == "good\n"
