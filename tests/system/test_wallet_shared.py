"""One wallet's file and connections in several threads, processes and forked children at once."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.wallet_sdk.fakes import FakeServer
from wallet_sdk import EncryptedFileKeyStore, PayMode, SqliteWalletStore, UnavailableError, Wallet
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome
from wallet_sdk.store import BalanceRecord
from wallet_sdk.testing import FrozenClock, Scheme

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


def test_a_wallet_pays_on_after_forks_and_no_counter_is_used_twice(tmp_path: Path) -> None:
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


PAYER = """
import sys
from pathlib import Path

from wallet_sdk import EncryptedFileKeyStore, PayMode, SqliteWalletStore, Wallet
from wallet_sdk.testing import FrozenClock

folder = Path(sys.argv[1])
keys = EncryptedFileKeyStore(folder / "wallet.keys", "correct horse")
wallet = Wallet.open(store=SqliteWalletStore(folder / "wallet.sqlite"), keys=keys, clock=FrozenClock())
for text in sys.stdin.read().splitlines():
    print(wallet.scan(text).pay(PayMode.OFFLINE).digest.hex(), flush=True)
"""
PROCESSES = 2
THREADS = 8
EACH = 12


def test_two_processes_and_eight_threads_share_a_file_without_a_storm(tmp_path: Path) -> None:
    """Ten payers at once, 120 payments: as many counters, each once, and nobody waits longer than the limit."""
    clock = FrozenClock()
    server = FakeServer(scheme=Scheme(), clock=clock)
    keys = EncryptedFileKeyStore(tmp_path / "wallet.keys", "correct horse")
    store = SqliteWalletStore(tmp_path / "wallet.sqlite")
    wallet = Wallet.open(store=store, keys=keys, sender=server, clock=clock)
    wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    payers = PROCESSES + THREADS
    texts = [qr.to_text(server.scheme.request(amount_minor=1).envelope) for _ in range(payers * EACH)]
    shares = [texts[number::payers] for number in range(payers)]
    command = [sys.executable, "-c", PAYER, str(tmp_path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    with ThreadPoolExecutor(payers) as pool:
        outputs = [
            pool.submit(process.communicate, "\n".join(share), 60)
            for process, share in zip(processes, shares, strict=False)
        ]
        paid = list(
            pool.map(lambda share: [wallet.scan(text).pay(PayMode.OFFLINE) for text in share], shares[PROCESSES:])
        )
        digests = {payment.digest.hex() for share in paid for payment in share}
        for output in outputs:
            digests |= set(output.result()[0].split())
    assert [process.returncode for process in processes] == [0] * PROCESSES
    records = [record for _, record in store.history(before=None, limit=1_000)]
    token = store.token()
    wallet.close()
    assert len(digests) == len(records) == payers * EACH
    assert {record.counter for record in records} == set(range(1, payers * EACH + 1))
    assert token is not None
    assert (token.counter, token.cumulative_minor) == (payers * EACH, payers * EACH)


def test_a_file_that_another_process_does_not_let_go_of_is_busy_and_says_so(tmp_path: Path) -> None:
    """After the wait that was chosen, not for ever, and as something that may be tried again."""
    store = SqliteWalletStore(tmp_path / "wallet.sqlite", busy_timeout_s=0.05)
    holder = sqlite3.connect(tmp_path / "wallet.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError) as busy:
        store.save_balance(BalanceRecord(available_minor=1, escrow_minor=0, as_of_s=1))
    assert (busy.value.code, busy.value.outcome) == (ErrorCode.STORAGE_BUSY, MoneyOutcome.NOT_CHARGED)
    assert busy.value.safe_to_retry
    holder.execute("ROLLBACK")
    holder.close()
    store.save_balance(BalanceRecord(available_minor=1, escrow_minor=0, as_of_s=1))
    store.close()
