"""Training: everything works, nothing is real, nothing is mixed, and everything is marked."""

import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from terminal_app.bootstrap import JOURNAL_NAME, Outside, Terminal, training_of
from terminal_app.config import TerminalConfig
from terminal_app.core import Snapshot
from terminal_app.devices.frames import FakeFrameSource
from terminal_app.journal import Journal
from terminal_app.office_commands import (
    ChangeSetting,
    EndTraining,
    EnterPerson,
    GiveRefund,
    PracticeAnswer,
    PracticeWay,
    PrintReceipt,
    StartTraining,
)
from terminal_app.receipts import Training
from terminal_app.roles import Role
from terminal_app.screen_model import (
    Cancel,
    Enrol,
    Language,
    NetworkSwitch,
    NextSale,
    ScanAnswer,
    ScreenModel,
    ScreenName,
    ShowCode,
    SwitchNetwork,
)
from terminal_app.training import TRAINING_CODE, TRAINING_NAME, TRAINING_URL, PracticeOperator
from terminal_app.window import Rooms, Stage
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import TerminalCertificate
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_request
from wallet_sdk.system import SystemClock, SystemRandom
from wallet_sdk.testing import Scheme

PATIENCE_S = 30.0


def unreachable(_url: str) -> PracticeOperator:
    """Training asks no server of the world."""
    raise AssertionError("training has no network")


@dataclass(slots=True)
class Course:
    """A trainee at the till."""

    home: Path
    terminal: Terminal
    models: "queue.Queue[ScreenModel]"

    def wait_on(self, *names: ScreenName) -> ScreenModel:
        """The first of these screens."""
        return self.wait_for(lambda model: model.name in names)

    def wait_for(self, holds: Callable[[ScreenModel], bool]) -> ScreenModel:
        """The first model that is as wanted."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds(model := self.models.get(timeout=max(0.0, deadline_s - time.monotonic()))):
            pass
        return model

    @property
    def snapshot(self) -> Snapshot:
        return self.terminal._shown

    def sell(self, amount_minor: int, way: PracticeWay = PracticeWay.OFFLINE) -> ScreenModel:
        """Type, show, and let the practice customer answer."""
        self.terminal.send(ShowCode(amount_minor=amount_minor))
        self.wait_on(ScreenName.SHOW_CODE)
        self.terminal.send(ScanAnswer())
        self.wait_on(ScreenName.SCAN)
        self.terminal.send(PracticeAnswer(way=way))
        return self.wait_on(
            ScreenName.PAID, ScreenName.NOT_PAID, ScreenName.ACCEPTED_OFFLINE, ScreenName.UNKNOWN, ScreenName.CANCELLED
        )

    def next_sale(self) -> None:
        """Back to the keypad."""
        self.terminal.send(NextSale())
        self.wait_on(ScreenName.KEYPAD)


@pytest.fixture
def course(tmp_path: Path) -> Iterator[Course]:
    """A till whose real journal has one fact in it, in training."""
    home = tmp_path / "home"
    Journal(home / JOURNAL_NAME).close()
    outside = Outside(clock=SystemClock(), random=SystemRandom(), open_sender=unreachable, open_source=FakeFrameSource)
    config, outside = training_of(TerminalConfig(home=home, second_journal=home / "mirror"), outside)
    models: queue.Queue[ScreenModel] = queue.Queue()
    terminal = Terminal(config, outside, show=models.put, show_frame=lambda _: None, on_end=lambda: None)
    terminal.start()
    course = Course(home=home, terminal=terminal, models=models)
    terminal.send(Enrol(server_url=TRAINING_URL, activation_code=TRAINING_CODE))
    course.wait_on(ScreenName.KEYPAD)
    yield course
    terminal.stop()


def test_a_trainee_sells_is_declined_goes_offline_and_gives_back(course: Course) -> None:
    """Every outcome can be practised, and every moment is marked as training."""
    assert course.snapshot.training is Training.YES
    assert course.snapshot.shop == TRAINING_NAME
    assert course.sell(1_250, PracticeWay.ONLINE).name is ScreenName.PAID
    sale = course.snapshot.sale
    assert sale is not None
    course.next_sale()
    assert course.sell(1_299, PracticeWay.ONLINE).name in {ScreenName.NOT_PAID, ScreenName.CANCELLED}
    course.next_sale()
    course.terminal.send(SwitchNetwork(wanted=NetworkSwitch.OFF))
    assert course.sell(700).name is ScreenName.ACCEPTED_OFFLINE
    course.next_sale()
    course.terminal.send(SwitchNetwork(wanted=NetworkSwitch.ON))
    course.wait_for(lambda model: model.bar.queue_count == 0)
    course.terminal.send(GiveRefund(request_id=sale.request_id, amount_minor=250, reason="practice"))
    course.wait_for(lambda _: course.terminal._core._till.views.office.refunded_minor(sale.request_id) == 250)
    course.terminal.send(PrintReceipt(request_id=sale.request_id))
    assert course.snapshot.training is Training.YES


def test_a_cancelled_sale_is_closed(course: Course) -> None:
    """By the practice server."""
    course.terminal.send(ShowCode(amount_minor=100))
    course.wait_on(ScreenName.SHOW_CODE)
    course.terminal.send(Cancel())
    course.wait_on(ScreenName.CANCELLED)
    course.terminal.send(PracticeAnswer())
    assert course.snapshot.sale is not None
    assert course.snapshot.sale.state is State.CANCELED


def test_training_never_touches_the_real_journal(course: Course) -> None:
    """Its own folder; the real file stays as it was, and there is no second journal of play money."""
    course.sell(1_250)
    with Journal(course.home / JOURNAL_NAME) as real:
        assert real.length == 0
    assert (course.home / "training" / JOURNAL_NAME).exists()
    assert not (course.home / "mirror").exists()


def test_a_real_wallet_refuses_a_training_code(course: Course) -> None:
    """It is signed under a root that nobody has pinned."""
    course.terminal.send(ShowCode(amount_minor=1_250))
    course.wait_on(ScreenName.SHOW_CODE)
    sale = course.snapshot.sale
    assert sale is not None
    with pytest.raises(RuleViolationError) as caught:
        verify_request(sale.request.envelope, Scheme().trust(), at_s=SystemClock().now_ms() // 1000)
    assert caught.value.code is ErrorCode.UNKNOWN_SIGNER
    certificate = open_unverified(Envelope(sale.request.embedded or b""), TerminalCertificate)
    assert certificate.message.merchant_name == TRAINING_NAME


def test_each_training_begins_anew(course: Course, tmp_path: Path) -> None:
    """Nothing of yesterday's course is left, and a till that was never trained has no folder."""
    course.sell(1_250)
    course.terminal.stop()
    outside = Outside(clock=SystemClock(), random=SystemRandom(), open_sender=unreachable, open_source=FakeFrameSource)
    config, _ = training_of(TerminalConfig(home=course.home), outside)
    assert not config.home.exists()
    assert (course.home / JOURNAL_NAME).exists()
    fresh, _ = training_of(TerminalConfig(home=tmp_path / "fresh"), outside)
    assert not fresh.home.exists()


@dataclass(slots=True)
class Glass:
    """A window that remembers what it was shown last."""

    models: "queue.Queue[ScreenModel]"
    is_closed: bool = False

    def show(self, model: ScreenModel) -> None:
        """Keep it."""
        self.models.put(model)

    def show_frame(self, _frame: object) -> None:
        """Nothing is looked at."""

    def close(self) -> None:
        """The program would end."""
        self.is_closed = True

    def wait_for(self, holds: Callable[[ScreenModel], bool]) -> ScreenModel:
        """The first model that is as wanted."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds(model := self.models.get(timeout=max(0.0, deadline_s - time.monotonic()))):
            pass
        return model


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[tuple[Rooms, Glass]]:
    """A real till that has joined no shop, in its window, in German."""
    outside = Outside(
        clock=SystemClock(),
        random=SystemRandom(),
        open_sender=unreachable,
        open_source=FakeFrameSource,
    )
    stage = Stage()
    glass = Glass(queue.Queue())
    stage.app = glass
    rooms = Rooms(TerminalConfig(home=tmp_path), outside, stage=stage, activation_code=None)
    rooms.open(Training.NO)
    rooms.start()
    yield rooms, glass
    stage.is_closing.set()
    rooms.stop()
    assert not glass.is_closed, "going from room to room is no failure"


def test_training_begins_and_ends_from_the_menu(rooms: tuple[Rooms, Glass]) -> None:
    """The same window: play money, marked, in the till's own language; then the real till again, as it was left."""
    till, glass = rooms
    till.send(ChangeSetting(name="language", text="de"))
    till.send(StartTraining())
    keypad = glass.wait_for(lambda model: model.name is ScreenName.KEYPAD)
    assert keypad.bar.training
    assert keypad.appearance.language is Language.GERMAN
    till.send(ShowCode(amount_minor=500))
    glass.wait_for(lambda model: model.name is ScreenName.SHOW_CODE)
    till.send(EndTraining())
    till.send(Cancel())
    glass.wait_for(lambda model: model.name is ScreenName.CANCELLED and bool(model.bar.training))
    till.send(NextSale())
    till.send(EndTraining())
    real = glass.wait_for(lambda model: not model.bar.training)
    assert (real.name, real.appearance.language) == (ScreenName.ENROL, Language.GERMAN)


def test_whoever_starts_training_is_signed_out_of_the_real_till(rooms: tuple[Rooms, Glass]) -> None:
    """Somebody else may end the training: the real till then asks for a PIN."""
    till, glass = rooms
    till.send(EnterPerson(name="Ada", role=Role.OWNER, pin="2580"))
    till.send(StartTraining())
    glass.wait_for(lambda model: bool(model.bar.training) and model.name is ScreenName.KEYPAD)
    till.send(EndTraining())
    glass.wait_for(lambda model: model.name is ScreenName.SIGN_IN)
