"""The SDK's wallet against the real server process, over loopback, with its files on disk."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from wallet_sdk import (
    EncryptedFileKeyStore,
    HttpxSender,
    NetworkSwitch,
    Outcome,
    PayMode,
    SqliteWalletStore,
    SwitchableSender,
    SystemClock,
    SystemRandom,
    Wallet,
)
from wallet_sdk.client import ApiClient
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope, RequestId, time_ordered_id
from wallet_sdk.protocol.messages import CaptureBatch, Claim, Enrolment, PaymentRequest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.signing import SoftwareSigner


class Till:
    """A terminal by hand: enrols, asks, claims."""

    def __init__(self, client: ApiClient, activation_code: str) -> None:
        self.signer = SoftwareSigner(SystemRandom().random_bytes(32))
        self.client = client
        enrolment = Enrolment(activation_code=activation_code, public_key=self.signer.public_key, made_at_s=_now_s())
        answer = client.post_message(
            api.PATH_ENROL_TERMINAL, seal(enrolment, self.signer).envelope, api.TerminalEnrolled
        )
        self.certificate = Envelope(api.from_base64url(answer.certificate))

    def ask(self, *, amount_minor: int) -> Sealed[PaymentRequest]:
        """A request issued now."""
        request = PaymentRequest(
            request_id=RequestId(time_ordered_id(SystemClock().now_ms(), SystemRandom().random_bytes(6))),
            amount_minor=amount_minor,
            currency=Currency.EUR,
            issued_at_s=_now_s(),
            lifetime_s=120,
            reference="R-1",
        )
        return seal(request, self.signer, embedded=self.certificate)

    def claim(self, request: Sealed[PaymentRequest], consent_text: str) -> api.PaymentAnswer:
        """Claim what a wallet showed."""
        claim = Claim(request=request.envelope, consent=qr.from_text(consent_text))
        batch = seal(CaptureBatch(made_at_s=_now_s(), claims=(claim,)), self.signer)
        (outcome,) = self.client.post_message(api.PATH_CAPTURES, batch.envelope, api.CaptureAnswer).outcomes
        return outcome


@dataclass(slots=True)
class Shop:
    """A server, a terminal, and where a wallet may live."""

    folder: Path
    url: str
    network: SwitchableSender
    till: Till

    def wallet(self) -> Wallet:
        """The wallet of the folder, as a fresh process opens it."""
        keys = EncryptedFileKeyStore(self.folder / "wallet.keys", "correct horse", SystemRandom())
        return Wallet.open(store=SqliteWalletStore(self.folder / "wallet.sqlite"), keys=keys, sender=self.network)

    def code(self, funds: str) -> str:
        """An activation code for a wallet with funds."""
        return _server(self.folder, "activation-code", "wallet", "--funds", funds).strip()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A founded server that listens, one merchant, one terminal."""
    _server(tmp_path, "init")
    merchant = _server(tmp_path, "merchant", "add", "--name", "Mole", "--city", "Lisboa", "--country", "PT")
    number = merchant.split()[1].rstrip(":")
    terminal_code = _server(tmp_path, "activation-code", "terminal", "--merchant", number).strip()
    serving = subprocess.Popen(
        [sys.executable, "-m", "server_stub", "--data", str(tmp_path / "server"), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout is not None
    try:
        url = serving.stdout.readline().split()[-1]
        network = SwitchableSender(HttpxSender(url))
        client = ApiClient(HttpxSender(url), clock=SystemClock(), random=SystemRandom())
        yield Shop(folder=tmp_path, url=url, network=network, till=Till(client, terminal_code))
        network.close()
        client.close()
    finally:
        serving.terminate()
        serving.wait(timeout=10)
        serving.stdout.close()
    assert "the ledger is clean" in _server(tmp_path, "audit")


def test_enrol_pay_online_pay_offline_present_and_catch_up(shop: Shop) -> None:
    """A wallet's whole first day, each act in a process of its own as far as its files are concerned."""
    with shop.wallet() as wallet:
        wallet.enrol(server=shop.url, activation_code=shop.code("300.00"))

    request = shop.till.ask(amount_minor=1250)
    with shop.wallet() as wallet:
        quote = wallet.scan(qr.to_text(request.envelope))
        assert (quote.merchant_name, str(quote.amount)) == ("Mole", "12.50 EUR")
        paid = quote.pay()
        assert paid.outcome is Outcome.SETTLED

    shop.network.switch(NetworkSwitch.OFF)
    request = shop.till.ask(amount_minor=700)
    with shop.wallet() as wallet:
        offline = wallet.scan(qr.to_text(request.envelope)).pay()
        assert offline.outcome is Outcome.OFFLINE
        code = wallet.present_code(ceiling_minor=2_000)
    assert offline.qr is not None
    assert shop.till.claim(request, offline.qr.text).state == "CAPTURED"
    assert shop.till.claim(shop.till.ask(amount_minor=1500), code.qr.text).state == "CAPTURED"

    shop.network.switch(NetworkSwitch.ON)
    with shop.wallet() as wallet:
        report = wallet.sync()
        assert sorted(payment.amount.minor for payment in report.resolved) == [700, 1500]
        assert {payment.outcome for payment in report.resolved} == {Outcome.SETTLED}
        assert report.open_count == 0
        assert report.balance.available is not None
        # 300.00 less half of it in escrow, 12.50 online and 15.00 by code; 7.00 left the escrow.
        assert report.balance.available.minor == 30_000 - 15_000 - 1250 - 1500
        assert report.balance.offline_left.minor == 15_000 - 700
        assert [payment.amount.minor for payment in wallet.history()] == [1500, 700, 1250]


def test_a_decline_is_told_with_its_reason(shop: Shop) -> None:
    """More than there is, online: declined, and nothing is charged."""
    with shop.wallet() as wallet:
        wallet.enrol(server=shop.url, activation_code=shop.code("10.00"), allowance_minor=0)
        request = shop.till.ask(amount_minor=5_000)
        declined = wallet.scan(qr.to_text(request.envelope)).pay(PayMode.ONLINE)
        assert (declined.outcome, declined.error_code) == (Outcome.DECLINED, ErrorCode.INSUFFICIENT_FUNDS)
        assert str(wallet.sync().balance.available) == "10.00 EUR"


def test_a_spent_allowance_is_renewed_and_the_old_token_closed(shop: Shop) -> None:
    """What was spent stays in escrow until its claim comes, however late."""
    with shop.wallet() as wallet:
        wallet.enrol(server=shop.url, activation_code=shop.code("500.00"))
        requests = [shop.till.ask(amount_minor=4_000) for _ in range(4)]
        payments = [wallet.scan(qr.to_text(one.envelope)).pay(PayMode.OFFLINE) for one in requests]
        report = wallet.sync()
        # 500.00 less 160.00 that is spent; half of it goes into the new token.
        assert report.balance.offline_left.minor == (50_000 - 16_000) // 2
        for request, payment in zip(requests, payments, strict=True):
            assert payment.qr is not None
            assert shop.till.claim(request, payment.qr.text).state == "CAPTURED"
        assert wallet.sync().open_count == 0


def _server(folder: Path, *words: str) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "server_stub", "--data", str(folder / "server"), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


def _now_s() -> int:
    return SystemClock().now_ms() // 1000
