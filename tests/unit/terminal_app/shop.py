"""A whole shop for tests, driven by hand: a server, a till without threads, a payer."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from terminal_app.core import Lane, Place, Returned, Scanned, ServerLink, Snapshot, TerminalCore
from terminal_app.errands import Errand
from terminal_app.journal import Journal, Sale
from terminal_app.office import Staff
from terminal_app.office_commands import DeskCommand, OfficeCommand
from terminal_app.outbox import Outbox
from terminal_app.receipts import Training
from terminal_app.sale import Credentials, Till, TillTime
from terminal_app.screen_model import Command, Enrol, NetworkSwitch, ShowCode, SideCommand, SwitchNetwork
from tests.unit.terminal_app.fake_server import LIMITS, SERVER_URL, FakeServer
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentIntent, PaymentRequest, PaymentToken
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom


@dataclass(slots=True)
class HandLanes:
    """Calls wait here until the test lets them go."""

    waiting: list[tuple[Lane, Errand]] = field(default_factory=list)

    def submit(self, lane: Lane, errand: Errand) -> None:
        """Keep it."""
        self.waiting.append((lane, errand))

    def of(self, lane: Lane) -> list[Errand]:
        """What waits in one lane."""
        return [errand for found, errand in self.waiting if found is lane]


@dataclass(slots=True)
class FakeScanner:
    """Knows whether it looks."""

    is_looking: bool = False

    def start(self) -> None:
        """Look."""
        self.is_looking = True

    def stop(self) -> None:
        """Look away."""
        self.is_looking = False


class Shop:
    """A till on a journal file, its server, its clock. `restart` is a crash: everything but the file is dropped."""

    #: Closed behind each test, by conftest: Python 3.13 warns of a database that nobody has closed.
    opened: ClassVar[list[Journal]] = []

    def __init__(self, folder: Path, *, seed: int = 1, limits: OfflineLimits = LIMITS) -> None:
        self.folder = folder
        self.scheme = Scheme(seed=seed)
        self.clock = FrozenClock(wall_ms=self.scheme.now_s * 1000)
        self.random = SeededRandom(seed + 1)
        self.server = FakeServer(scheme=self.scheme, limits=limits)
        self.keys = MemoryKeyStore(self.random)
        self.path = folder / "journal.sqlite"
        self.trainings: list[Training] = []
        self._build()

    def _build(self) -> None:
        self.lanes = HandLanes()
        self.scanner = FakeScanner()
        self.shown: list[Snapshot] = []
        self.journal = Journal(self.path)
        self.opened.append(self.journal)
        self.time = TillTime(self.clock, self.journal)
        self.credentials = Credentials(self.journal, keys=self.keys, time=self.time, currency=Currency.EUR)
        self.till = Till(self.journal, self.credentials, time=self.time, random=self.random)
        self.outbox = Outbox(self.till, time=self.time, random=self.random)
        self.link = ServerLink(
            lambda _url: self.server, clock=self.clock, random=self.random, sleep=lambda _seconds: None
        )
        self.staff = Staff(self.journal, time=self.time, random=self.random)
        self.core = TerminalCore(
            self.till,
            self.outbox,
            staff=self.staff,
            link=self.link,
            lanes=self.lanes,
            scanner=self.scanner,
            time=self.time,
            server_url=SERVER_URL,
            show=self.shown.append,
            carry_folder=self.folder / "carried",
            receipt_folder=self.folder / "receipts",
            switch_training=self.trainings.append,
        )

    def restart(self) -> None:
        """Crash and come back: the copy holds what had reached the file, the old objects are never asked again."""
        target = self.path.with_name(f"again-{len(list(self.folder.iterdir()))}.sqlite")
        for suffix in ("", "-wal", ".checkpoint"):
            source = self.path.with_name(self.path.name + suffix)
            if source.exists():
                target.with_name(target.name + suffix).write_bytes(source.read_bytes())
        self.journal.close()
        self.path = target
        self._build()
        self.core.start()

    def enrol(self) -> "Shop":
        """Join and reach the keypad, online."""
        self.core.start()
        self.do(Enrol(server_url=SERVER_URL, activation_code="CODE-1"))
        self.run()
        assert self.place is Place.KEYPAD
        return self

    # --- hands ---

    def do(self, command: Command | SideCommand | OfficeCommand | DeskCommand) -> None:
        """Touch."""
        self.core.step(command)

    def scan(self, envelope: Envelope) -> None:
        """Hold a code before the camera."""
        self.core.step(Scanned(texts=(qr.to_text(envelope),)))

    def run(self, *lanes: Lane) -> None:
        """Let calls go until none waits; without lanes: all but the long polls."""
        chosen = lanes or (Lane.COUNTER, Lane.OUTBOX)
        for _ in range(1_000):
            ready = next((one for one in self.lanes.waiting if one[0] in chosen), None)
            if ready is None:
                return
            self.lanes.waiting.remove(ready)
            self.core.step(Returned(lane=ready[0], errand=ready[1], outcome=self._outcome_of(ready[1])))
        raise AssertionError(f"calls without end: {self.server.calls[-6:]}")

    def wait(self, seconds: int) -> None:
        """Let time pass, a second at a time, with every call that falls due."""
        for _ in range(seconds):
            self.clock.advance(1)
            self.core.tick()
            self.run()

    def switch(self, position: NetworkSwitch) -> None:
        """Turn the network switch, and let what follows go through."""
        self.do(SwitchNetwork(wanted=position))
        self.run()

    def go_offline(self) -> None:
        """Pull the cable and let the till notice."""
        self.switch(NetworkSwitch.OFF)

    def show_code(self, amount_minor: int = 1250, reference: str = "") -> Sealed[PaymentRequest]:
        """Type an amount and show the code."""
        self.do(ShowCode(amount_minor=amount_minor, reference=reference))
        return self.request

    # --- eyes ---

    @property
    def snapshot(self) -> Snapshot:
        return self.core.snapshot

    @property
    def place(self) -> Place:
        return self.core.snapshot.place

    @property
    def sale(self) -> Sale:
        sale = self.core.snapshot.sale
        assert sale is not None
        return sale

    @property
    def request(self) -> Sealed[PaymentRequest]:
        return self.sale.request

    @property
    def refusal(self) -> ErrorCode | None:
        refusal = self.core.snapshot.refusal
        return refusal.code if refusal is not None else None

    # --- the payer ---

    def token(
        self, *, payment_max_minor: int = 5_000, total_max_minor: int = 20_000, count_max: int = 1_000
    ) -> Sealed[PaymentToken]:
        """A fresh token of the payer."""
        return self.scheme.token(
            payment_max_minor=payment_max_minor, total_max_minor=total_max_minor, count_max=count_max
        )

    def answer(
        self,
        request: Sealed[PaymentRequest],
        *,
        token: Sealed[PaymentToken] | None = None,
        counter: int = 1,
        cumulative_minor: int | None = None,
        amount_minor: int | None = None,
        mode: AuthorizationMode = AuthorizationMode.OFFLINE,
    ) -> Sealed[PaymentIntent]:
        """The payer's intent for a request."""
        amount = request.message.amount_minor if amount_minor is None else amount_minor
        return self.scheme.intent(
            token=(token or self.token()).envelope,
            request_digest=request.digest,
            amount_minor=amount,
            counter=counter,
            cumulative_minor=amount if cumulative_minor is None else cumulative_minor,
            mode=mode,
        )

    def _outcome_of(self, errand: Errand) -> object:
        try:
            return errand.send(self.link.client)
        except TillcodeError as error:
            return error
