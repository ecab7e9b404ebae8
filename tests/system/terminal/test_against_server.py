"""The till without its window against the real server process and the SDK's wallet: every flow, over loopback."""

import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from terminal_app.bootstrap import Outside, Terminal
from terminal_app.config import TerminalConfig
from terminal_app.devices.frames import FakeFrameSource
from terminal_app.journal import RefundRecord
from terminal_app.office_commands import GiveRefund, OfficeCommand
from terminal_app.screen_model import (
    Cancel,
    Command,
    Enrol,
    NetworkState,
    NetworkSwitch,
    NextSale,
    ScanAnswer,
    ScanCustomer,
    ScreenModel,
    ScreenName,
    ShowCode,
    SwitchNetwork,
)
from tests.system.terminal.till_run import PATIENCE_S
from wallet_sdk import (
    EncryptedFileKeyStore,
    HttpxSender,
    Outcome,
    SqliteWalletStore,
    SwitchableSender,
    SystemClock,
    SystemRandom,
    Wallet,
)
from wallet_sdk import NetworkSwitch as WalletSwitch
from wallet_sdk.decoding import grey_frame
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.messages import PaymentRequest
from wallet_sdk.protocol.states import State


def server(folder: Path, *arguments: str) -> str:
    """One of the server's command lines, to its end."""
    command = [sys.executable, "-m", "server_stub", "--data", str(folder / "server"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@dataclass(slots=True)
class Street:
    """A till and a payer before one server."""

    terminal: Terminal
    models: "queue.Queue[ScreenModel]"
    camera: FakeFrameSource
    wallet: Wallet
    wallet_network: SwitchableSender

    def do(self, command: Command | OfficeCommand) -> None:
        """Touch the till."""
        self.terminal.send(command)

    def wait_for(self, holds: Callable[[ScreenModel], bool]) -> ScreenModel:
        """The first model from here on that is as wanted."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            model = self.models.get(timeout=max(0.0, deadline_s - time.monotonic()))
            if holds(model):
                return model

    def wait_on(self, name: ScreenName) -> ScreenModel:
        """Wait for a screen."""
        return self.wait_for(lambda model: model.name is name)

    def ask(self, amount_minor: int) -> str:
        """Show a code; its text."""
        self.do(ShowCode(amount_minor=amount_minor))
        text = self.wait_on(ScreenName.SHOW_CODE).code_text
        assert text is not None
        return text

    def hold_up(self, text: str) -> None:
        """The payer holds a code before the till's camera."""
        frame = grey_frame(qr.picture(text, module_px=4))
        assert frame is not None
        self.camera.show(frame)

    def refunds(self) -> tuple[RefundRecord, ...]:
        """What the till knows of its refunds."""
        return tuple(self.terminal._core._till.views.office.refunds.values())

    def next_sale(self) -> None:
        """Back to the keypad."""
        self.do(NextSale())
        self.wait_on(ScreenName.KEYPAD)

    def switch(self, position: NetworkSwitch, expected: NetworkState) -> None:
        """Turn the till's network switch."""
        self.do(SwitchNetwork(wanted=position))
        self.wait_for(lambda model: model.bar.network is expected)


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    """A server process with one merchant, a till that has joined, a wallet with 300.00."""
    server(tmp_path, "init")
    merchant = server(tmp_path, "merchant", "add", "--name", "Mole", "--city", "Lisboa", "--country", "PT")
    number = merchant.split()[1].rstrip(":")
    terminal_code = server(tmp_path, "activation-code", "terminal", "--merchant", number).strip()
    wallet_code = server(tmp_path, "activation-code", "wallet", "--funds", "300.00").strip()
    serving = subprocess.Popen(
        [sys.executable, "-m", "server_stub", "--data", str(tmp_path / "server"), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert serving.stdout is not None
    try:
        url = serving.stdout.readline().split()[-1]
        network = SwitchableSender(HttpxSender(url))
        keys = EncryptedFileKeyStore(tmp_path / "wallet.keys", "correct horse", SystemRandom())
        models: queue.Queue[ScreenModel] = queue.Queue()
        camera = FakeFrameSource()
        terminal = Terminal(
            TerminalConfig(home=tmp_path / "till", server_url=url),
            Outside(clock=SystemClock(), random=SystemRandom(), open_sender=HttpxSender, open_source=lambda: camera),
            show=models.put,
            show_frame=lambda _frame: None,
            on_end=lambda: None,
        )
        with Wallet.open(store=SqliteWalletStore(tmp_path / "wallet.sqlite"), keys=keys, sender=network) as wallet:
            wallet.enrol(server=url, activation_code=wallet_code)
            street = Street(terminal=terminal, models=models, camera=camera, wallet=wallet, wallet_network=network)
            terminal.start()
            street.do(Enrol(server_url=url, activation_code=terminal_code))
            street.wait_on(ScreenName.KEYPAD)
            yield street
        terminal.stop()
        network.close()
    finally:
        serving.terminate()
        serving.wait(timeout=10)
        serving.stdout.close()
    assert "the ledger is clean" in server(tmp_path, "audit")


def test_flow_a_the_till_hears_that_its_code_was_paid(street: Street) -> None:
    """The wallet pays online; the long poll brings PAID to the till."""
    text = street.ask(1250)
    assert street.wallet.scan(text).pay().outcome is Outcome.SETTLED
    paid = street.wait_on(ScreenName.PAID)
    assert paid.amount is not None
    assert paid.amount.number == "12.50"


def test_flow_a_without_network_at_the_till(street: Street) -> None:
    """The wallet pays online and shows the operator's receipt; the till believes the signature."""
    street.switch(NetworkSwitch.OFF, NetworkState.SWITCHED_OFF)
    paid = street.wallet.scan(street.ask(1250)).pay()
    assert paid.qr is not None
    street.do(ScanAnswer())
    street.wait_on(ScreenName.SCAN)
    street.hold_up(paid.qr.text)
    street.wait_on(ScreenName.PAID)


def test_flow_b_the_till_scans_the_payers_code(street: Street) -> None:
    """A payment code, captured online."""
    code = street.wallet.present_code(ceiling_minor=2_000)
    street.do(ScanCustomer(amount_minor=1500))
    street.wait_on(ScreenName.SCAN)
    street.hold_up(code.qr.text)
    street.wait_on(ScreenName.PAID)


def test_flow_c_both_offline_and_then_settled(street: Street) -> None:
    """Accepted offline on both sides; the queue settles when the network is back; the wallet hears of it."""
    street.switch(NetworkSwitch.OFF, NetworkState.SWITCHED_OFF)
    street.wallet_network.switch(WalletSwitch.OFF)
    answer = street.wallet.scan(street.ask(700)).pay()
    assert answer.qr is not None
    street.do(ScanAnswer())
    street.wait_on(ScreenName.SCAN)
    street.hold_up(answer.qr.text)
    accepted = street.wait_on(ScreenName.ACCEPTED_OFFLINE)
    assert accepted.bar.queue_count == 1
    street.next_sale()
    street.do(SwitchNetwork(wanted=NetworkSwitch.ON))
    street.wait_for(lambda model: model.bar.queue_count == 0)
    street.wallet_network.switch(WalletSwitch.ON)
    assert {payment.outcome for payment in street.wallet.sync().resolved} == {Outcome.SETTLED}


def test_a_cancelled_code_can_never_be_paid(street: Street) -> None:
    """CANCELLED is the server's word: the payer who held a picture of the code is refused afterwards."""
    text = street.ask(1250)
    quote = street.wallet.scan(text)
    street.do(Cancel())
    street.wait_on(ScreenName.CANCELLED)
    assert quote.pay().outcome is not Outcome.SETTLED


def test_a_declined_payer_is_not_paid(street: Street) -> None:
    """More than the code allows is refused at the till; more than there is, by the server."""
    code = street.wallet.present_code(ceiling_minor=100_000)
    street.do(ScanCustomer(amount_minor=90_000))
    street.wait_on(ScreenName.SCAN)
    street.hold_up(code.qr.text)
    model = street.wait_on(ScreenName.NOT_PAID)
    assert "The customer has not enough money." in model.lines


def test_a_refund_goes_back_to_the_payer(street: Street) -> None:
    """Asked at the till, paid by the server, proved by its receipt; more than is left is not even asked."""
    text = street.ask(1250)
    assert street.wallet.scan(text).pay().outcome is Outcome.SETTLED
    street.wait_on(ScreenName.PAID)
    street.next_sale()
    before_minor = available_minor(street.wallet)
    request_id = open_unverified(qr.from_text(text), PaymentRequest).message.request_id
    street.do(GiveRefund(request_id=request_id, amount_minor=450, reason="cold soup"))
    street.wait_for(lambda _: any(not one.is_open for one in street.refunds()))
    (record,) = street.refunds()
    assert (record.state, record.error_code) == (State.CAPTURED, 0)
    assert available_minor(street.wallet) == before_minor + 450


def available_minor(wallet: Wallet) -> int:
    """What the payer has, as the server says now."""
    wallet.sync()
    available = wallet.balance().available
    assert available is not None
    return available.minor
