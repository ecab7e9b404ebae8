"""A wallet killed at each step of a payment: the next process brings it to one true outcome, never to two debits."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.killed_wallet import OFFLINE_STEPS, PASSPHRASE, STEPS
from tests.system.sandboxes import Play, serving_sandbox
from tests.unit.wallet_sdk.fakes import FakeServer
from tests.unit.wallet_sdk.loopback import listening
from wallet_sdk import (
    EncryptedFileKeyStore,
    HttpxSender,
    Outcome,
    PayMode,
    RuleViolationError,
    SqliteWalletStore,
    SystemClock,
    SystemRandom,
    Wallet,
)
from wallet_sdk.kit import MerchantTerminal
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.testing import FrozenClock, Scheme

AMOUNT_MINOR = 1250
#: Steps before which no byte of the payment has left.
UNSENT = set(STEPS[:5])
#: After these nothing of it was ever signed and stored: the payer sees no payment.
UNSEEN = set(STEPS[:3])


@dataclass(slots=True)
class Life:
    """A wallet's folder, its server, and the time that both have."""

    folder: Path
    url: str
    server: FakeServer
    clock: FrozenClock

    def wallet(self) -> Wallet:
        """The wallet as a new process opens it."""
        keys = EncryptedFileKeyStore(self.folder / "wallet.keys", PASSPHRASE)
        return Wallet.open(store=SqliteWalletStore(self.folder / "wallet.sqlite"), keys=keys, clock=self.clock)

    def die_paying(self, text: str, *, step: str, mode: PayMode) -> None:
        """Start a process that pays and kills itself on the way."""
        program = [sys.executable, "-m", "tests.system.killed_wallet"]
        run = subprocess.run(
            [*program, str(self.folder), self.url, step, mode.value, "frozen"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert run.returncode == -signal.SIGKILL, run.stderr

    @property
    def debits(self) -> int:
        """How often the payer was debited."""
        return (100_000 - self.server.available_minor) // AMOUNT_MINOR


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """A wallet that is enrolled, its files on disk, its server behind a socket."""
    clock = FrozenClock()
    server = FakeServer(scheme=Scheme(), clock=clock)
    with listening(server) as loopback:
        life = Life(folder=tmp_path, url=loopback.url, server=server, clock=clock)
        with life.wallet() as wallet:
            wallet.enrol(server=life.url, activation_code="GOOD-CODE")
        yield life


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_paying_online(life: Life, step: str) -> None:
    """Sync tells the truth where the issuer knows, and sends what it never heard of and may still be paid."""
    text = qr.to_text(life.server.scheme.request(amount_minor=AMOUNT_MINOR).envelope)
    life.die_paying(text, step=step, mode=PayMode.ONLINE)
    assert life.debits == int(step not in UNSENT)
    with life.wallet() as wallet:
        wallet.sync()
        assert [one.outcome for one in wallet.history()] == ([] if step in UNSEEN else [Outcome.SETTLED])
        if step in UNSEEN:
            assert wallet.scan(text).pay().outcome is Outcome.SETTLED
        else:
            # Neither the same wallet nor a hasty payer can pay it a second time.
            with pytest.raises(RuleViolationError) as refused:
                wallet.scan(text)
            assert refused.value.code is ErrorCode.ALREADY_PAID
        life.clock.advance(3600)
        wallet.sync()
        assert [payment.outcome for payment in wallet.history()] == [Outcome.SETTLED]
    assert life.debits == 1


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_paying_online_and_back_too_late(life: Life, step: str) -> None:
    """What was never sent is not paid an hour later, and the payer is told that it is over."""
    text = qr.to_text(life.server.scheme.request(amount_minor=AMOUNT_MINOR).envelope)
    life.die_paying(text, step=step, mode=PayMode.ONLINE)
    life.clock.advance(3600)
    with life.wallet() as wallet:
        wallet.sync()
        truth = [] if step in UNSEEN else [Outcome.EXPIRED if step in UNSENT else Outcome.SETTLED]
        assert [payment.outcome for payment in wallet.history()] == truth
    assert life.debits == int(step not in UNSENT)


@pytest.mark.parametrize("step", OFFLINE_STEPS)
def test_killed_while_paying_offline(life: Life, step: str) -> None:
    """At most a counter is lost; what was stored can still be shown, and what is shown is counted."""
    text = qr.to_text(life.server.scheme.request(amount_minor=AMOUNT_MINOR).envelope)
    life.die_paying(text, step=step, mode=PayMode.OFFLINE)
    with life.wallet() as wallet:
        spent_minor = 20_000 - wallet.balance().offline_left.minor
        assert spent_minor == (0 if step == "before reserve" else AMOUNT_MINOR)
        seen = list(wallet.history())
        assert [payment.outcome for payment in seen] == ([Outcome.OFFLINE] if step == "after store" else [])
        if not seen:
            seen = [wallet.scan(text).pay(PayMode.OFFLINE)]
        (shown,) = seen
        assert shown.qr is not None
        life.server.capture(qr.from_text(shown.qr.text), qr.from_text(text))
        report = wallet.sync()
        assert [payment.outcome for payment in report.resolved] == [Outcome.SETTLED]
    assert life.debits == 1


def test_killed_again_and_again_no_counter_comes_back(life: Life) -> None:
    """Six lives on one file; every counter that was ever signed differs."""
    for step in ("after reserve", "after store", "before send", "after answer", "after reserve", "after outcome"):
        text = qr.to_text(life.server.scheme.request(amount_minor=AMOUNT_MINOR).envelope)
        life.die_paying(text, step=step, mode=PayMode.ONLINE)
    store = SqliteWalletStore(life.folder / "wallet.sqlite")
    records = [record for _, record in store.history(before=None, limit=100)]
    token = store.token()
    store.close()
    assert token is not None
    assert token.counter == 6
    assert len({record.counter for record in records}) == len(records) == 4


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """The real server, as a sandbox that listens; its books must be clean at the end."""
    with serving_sandbox(tmp_path_factory.mktemp("sandbox") / "play") as play:
        yield play
        assert "the ledger is clean" in play.audit()


@pytest.mark.parametrize("step", ["after store", "before send", "after send", "after answer", "before outcome"])
def test_killed_before_the_real_server(play: Play, tmp_path: Path, step: str) -> None:
    """The same against the program that keeps the ledger: one debit, and the wallet knows of it."""
    keys = EncryptedFileKeyStore(tmp_path / "wallet.keys", PASSPHRASE)
    till = MerchantTerminal(
        HttpxSender(play.url), activation_code=play.new_code("terminal"), clock=SystemClock(), random=SystemRandom()
    )
    with Wallet.open(store=SqliteWalletStore(tmp_path / "wallet.sqlite"), keys=keys) as wallet:
        wallet.enrol(server=play.url, activation_code=play.new_code("wallet"), allowance_minor=0)
    text = till.request(amount_minor=AMOUNT_MINOR).text
    till.close()
    program = [sys.executable, "-m", "tests.system.killed_wallet", str(tmp_path), play.url, step]
    run = subprocess.run(
        [*program, PayMode.ONLINE.value, "now"], input=text, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    with Wallet.open(store=SqliteWalletStore(tmp_path / "wallet.sqlite"), keys=keys) as wallet:
        available = wallet.sync().balance.available
        assert available is not None
        assert available.minor == 10_000 - AMOUNT_MINOR
        assert [one.outcome for one in wallet.history()] == [Outcome.SETTLED]
        with pytest.raises(RuleViolationError) as refused:
            wallet.scan(text)
        assert refused.value.code is ErrorCode.ALREADY_PAID
