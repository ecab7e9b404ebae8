"""A counter in a street: the whole till in its window, the real server in this process, payers with the SDK's wallet.

Nothing of ours is replaced but the camera's glass and the cable: fingers touch the window, codes cross as pixels both
ways, calls go through the server's own HTTP application into its ledger.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final

from server_stub.audit import audit
from server_stub.ledger import AccountKind
from server_stub.sandbox import Sandbox, opened_sandbox
from server_stub.store.tables.parties import ACCOUNTS
from terminal_app.bootstrap import Outside, Terminal
from terminal_app.config import TerminalConfig, assets_folder
from terminal_app.desk import real_makers
from terminal_app.devices.frames import FakeFrameSource
from terminal_app.devices.sound import FakeSpeaker
from terminal_app.office_commands import OfficeCommand
from terminal_app.screen_model import Enrol, ScreenModel, ScreenName
from tests.gui.stage import Till, picture, settle
from tests.unit.terminal_app.fake_server import Road
from wallet_sdk import MemoryKeyStore, MemoryWalletStore, NetworkSwitch, SwitchableSender, Wallet
from wallet_sdk.decoding import decode_codes, grey_frame
from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, UnavailableError
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import Panel
from wallet_sdk.system import SystemClock
from wallet_sdk.testing import SeededRandom
from wallet_sdk.transport.asgi import AsgiSender

SERVER_URL: Final = "http://sandbox.test"
PATIENCE_S: Final = 20.0
LOOK_S: Final = 0.05
FUNDS_MINOR: Final = 30_000

TillOf = Callable[[ScreenModel, Panel], Till]


class Cable:
    """The till's way to the server. Implements Sender. What gets lost on it is what moves money; questions arrive."""

    def __init__(self, inner: AsgiSender) -> None:
        self.road = Road.CLEAR
        self._inner = inner

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send, or lose."""
        if self.road is Road.DOWN:
            raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "the cable is out")
        lost = UnavailableError(ErrorCode.NETWORK_TIMEOUT, "no answer", outcome=MoneyOutcome.UNKNOWN)
        moves_money = request.method == "POST"
        if self.road is Road.LOST_BEFORE and moves_money:
            raise lost
        answer = self._inner.send(request)
        if self.road is Road.LOST_AFTER and moves_money:
            raise lost
        return answer

    def close(self) -> None:
        """Nothing of its own: the street closes the sender that all share."""


class Payer:
    """Somebody with a phone."""

    def __init__(self, wallet: Wallet, network: SwitchableSender) -> None:
        self.wallet = wallet
        self._network = network

    def go_offline(self) -> None:
        """Down into the cellar."""
        self._network.switch(NetworkSwitch.OFF)

    def come_back(self) -> None:
        """Up again, and hear what has become of everything."""
        self._network.switch(NetworkSwitch.ON)
        self.wallet.sync()

    def code(self) -> str:
        """A code of this phone."""
        return self.wallet.present_code(ceiling_minor=FUNDS_MINOR).qr.text

    def answer(self, request_text: str) -> str:
        """Pay what was read off the till; the code that the phone shows then."""
        payment = self.wallet.scan(request_text).pay()
        assert payment.qr is not None
        return payment.qr.text


class Street:
    """One server, one till, as many payers as are wanted. `open_window` puts the till on its panel."""

    def __init__(self, folder: Path, sandbox: Sandbox, sender: AsgiSender) -> None:
        self.sandbox = sandbox
        self.cable = Cable(sender)
        self.camera = FakeFrameSource()
        self.speaker = FakeSpeaker()
        self._random = SeededRandom(7)
        self._sender = sender
        self._models: SimpleQueue[ScreenModel] = SimpleQueue()
        self._till: Till | None = None
        self.terminal = Terminal(
            TerminalConfig(home=folder / "till", server_url=SERVER_URL),
            Outside(
                clock=sandbox.clock,
                random=self._random,
                open_sender=lambda _url: self.cable,
                open_source=lambda: self.camera,
                makers=real_makers(self.speaker, assets=assets_folder()),
            ),
            show=self._models.put,
            show_frame=lambda _frame: None,
            on_end=lambda: None,
        )

    # --- before the shop opens ---

    def open_window(self, till_of: TillOf, panel: Panel, *found: OfficeCommand) -> None:
        """Join the shop, do what its owner does on the first day, and wait for a finger."""
        self._till = till_of(self.terminal.first_screen, panel)
        self.terminal.start()
        self.terminal.send(Enrol(server_url=SERVER_URL, activation_code=self.sandbox.papers.terminal_codes[0]))
        self.wait_on(ScreenName.KEYPAD)
        for command in found:
            self.terminal.send(command)

    def payer(self, funds_minor: int = FUNDS_MINOR) -> Payer:
        """A new payer with so much money, half of it set aside for offline payments."""
        network = SwitchableSender(self._sender)
        wallet = Wallet.open(
            store=MemoryWalletStore(),
            keys=MemoryKeyStore(self._random),
            sender=network,
            clock=self.sandbox.clock,
            random=self._random,
            sleep=self.pass_s,
        )
        code = self.sandbox.wallet_code(Money(minor=funds_minor, currency=Currency.EUR))
        wallet.enrol(server=SERVER_URL, activation_code=code)
        return Payer(wallet, network)

    def pass_s(self, seconds: float) -> None:
        """Let time pass for everybody; nobody waits for it."""
        self.sandbox.clock.advance(int(seconds))

    # --- eyes ---

    @property
    def till(self) -> Till:
        """The window."""
        assert self._till is not None, "the window is open"
        return self._till

    @property
    def model(self) -> ScreenModel:
        """What is on the screen."""
        return self.till.root.model

    @property
    def screen(self) -> ScreenName:
        """Which screen it is."""
        return self.model.name

    def wait_for(self, reached: Callable[[ScreenModel], bool]) -> ScreenModel:
        """Draw what the till says until the screen is as wanted."""
        deadline_s = monotonic() + PATIENCE_S
        while not reached(self.model):
            assert monotonic() < deadline_s, f"it stayed on {self.screen}: {self.model.lines}"
            try:
                model = self._models.get(timeout=LOOK_S)
            except Empty:
                continue
            self.till.show(model)
        return self.model

    def wait_on(self, *names: ScreenName) -> ScreenName:
        """Wait for one of these screens; which one it is."""
        return self.wait_for(lambda model: model.name in names).name

    def texts(self, robot_id: str) -> list[str]:
        """What stands there."""
        settle()
        return self.till.texts().get(robot_id, [])

    def shown_code(self) -> str:
        """The code on the glass, read from its pixels as a phone does."""
        self.wait_on(ScreenName.SHOW_CODE)
        (text,) = decode_codes(picture())
        return text

    # --- hands ---

    def tap(self, *robot_ids: str) -> None:
        """Touch these, one after the other; each touch reaches the till at once."""
        for robot_id in robot_ids:
            self.till.tap(robot_id)
            self.till.time.pass_s(1)  # no cashier is as quick as the touch guard
            self._hand_over()

    def _hand_over(self) -> None:
        while self.till.sent:
            self.terminal.send(self.till.sent.pop(0))

    def press(self, key_code: int) -> None:
        """A key of the keyboard."""
        finger.press_key(key_code)
        settle()
        self._hand_over()

    def tap_to(self, robot_id: str, *names: ScreenName) -> ScreenName:
        """Touch this, and wait for one of these screens."""
        self.tap(robot_id)
        return self.wait_on(*names)

    def hold_up(self, text: str) -> None:
        """Somebody holds a phone before the till's camera."""
        frame = grey_frame(qr.picture(text, module_px=4))
        assert frame is not None
        self.camera.show(frame)

    # --- the other side ---

    @property
    def owed_minor(self) -> int:
        """What the ledger owes the merchant."""
        with self.sandbox.desk.operator.store.reading() as reader:
            return sum(
                account.balance_minor
                for account in reader.list_all(ACCOUNTS)
                if account.kind is AccountKind.MERCHANT_PAYABLE
            )

    @property
    def findings(self) -> tuple[object, ...]:
        """What the server's audit finds wrong with its own ledger."""
        return audit(self.sandbox.desk.operator.store).findings


@contextmanager
def opened_street(folder: Path) -> Iterator[Street]:
    """Found the server and the till; the window comes later."""
    with opened_sandbox(folder / "server", clock=SystemClock(), random=SeededRandom(11)) as sandbox:
        sender = AsgiSender(sandbox.app)
        street = Street(folder, sandbox, sender)
        try:
            yield street
        finally:
            street.terminal.stop()
            sender.close()
