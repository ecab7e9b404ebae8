"""The desk and its thread: what is shown and printed, and devices that fail, hang or are pulled out."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from terminal_app.config import assets_folder
from terminal_app.desk import Announcement, Makers, WorkingDesk
from terminal_app.device_queue import PAPERS_MAX, DeskReport
from terminal_app.devices.paper import Paper, PaperLine
from terminal_app.devices.printers import TEST_PAPER, FakePrinter
from terminal_app.devices.signals import Backlight, FakeDisplay, FakeLights, Signal
from terminal_app.devices.sound import FakeSpeaker
from terminal_app.devices.text_scanners import TextPort
from terminal_app.office_commands import (
    DeviceKind,
)
from terminal_app.settings import Settings, SoundLevel
from terminal_app.sounds import Tone
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError, UnavailableError

GONE = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "unplugged")
PATIENCE_S = 20
EVERYTHING = Settings(printer="p", lights="l", display="d", scanner="s", sound=SoundLevel.VOICE)


class Port:
    """A scanner that reads what the test puts in."""

    def __init__(self) -> None:
        self.texts: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.failure: TillcodeError | None = None

    def open(self) -> None:
        """Plugged in, or not."""
        if self.failure is not None:
            raise self.failure

    def read(self) -> str | None:
        """The next text."""
        self.open()
        try:
            return self.texts.get(timeout=0.01)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Nothing is open."""


class OddPrinter(FakePrinter):
    """A printer whose driver does something else first."""

    def __init__(self, first: Callable[[], object]) -> None:
        super().__init__()
        self._first = first

    def print_paper(self, paper: Paper) -> None:
        """Do that, then print."""
        self._first()
        super().print_paper(paper)


@dataclass
class Counter:
    """A desk of fakes, and what it reported."""

    folder: Path
    printer: FakePrinter = field(default_factory=FakePrinter)
    lights: FakeLights = field(default_factory=FakeLights)
    display: FakeDisplay = field(default_factory=FakeDisplay)
    speaker: FakeSpeaker = field(default_factory=FakeSpeaker)
    port: Port = field(default_factory=Port)
    texts: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    reports: queue.SimpleQueue[DeskReport] = field(default_factory=queue.SimpleQueue)
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        light = self.folder / "backlight" / "panel"
        light.mkdir(parents=True)
        (light / "max_brightness").write_text("255\n")
        (light / "brightness").write_text("80\n")
        self.brightness = light / "brightness"
        makers = Makers(
            printer=lambda _address, _settings: self.printer,
            lights=lambda _: self.lights,
            display=lambda _: self.display,
            scanner=self._scanner,
            speaker=self.speaker,
            backlight=Backlight(light.parent, wait=self.waits.append),
            sounds=assets_folder() / "sounds",
        )
        self.desk = WorkingDesk(makers, report=self.reports.put, on_text=self.texts.put)
        self._others: list[DeskReport] = []

    def report_of(self, kind: DeviceKind) -> DeskReport:
        """The next report of a device; those of others are kept for later."""
        for kept in self._others:
            if kept.kind is kind:
                self._others.remove(kept)
                return kept
        while (report := self.reports.get(timeout=PATIENCE_S)).kind is not kind:
            self._others.append(report)
        return report

    def _scanner(self, _address: str) -> TextPort:
        return self.port


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """A desk with everything on it."""
    made = Counter(tmp_path)
    made.desk.configure(EVERYTHING)
    yield made
    made.desk.stop()


def test_an_outcome_is_seen_and_heard(counter: Counter) -> None:
    """Lights, two lines, a tone and a voice; bright while a code is shown, as before afterwards."""
    counter.desk.announce(Announcement(signal=Signal.WAITING, first="Shop", second="12.50 EUR", is_bright=True))
    assert counter.report_of(DeviceKind.DISPLAY).error is None
    counter.desk.test(DeviceKind.BACKLIGHT)
    assert counter.report_of(DeviceKind.BACKLIGHT).error is None
    assert counter.brightness.read_text() == "255"
    counter.desk.announce(
        Announcement(signal=Signal.GOOD, tone=Tone.PAID, clips=("paid", "n12"), first="PAID", second="12.50 EUR")
    )
    assert counter.report_of(DeviceKind.SOUND).error is None
    assert counter.report_of(DeviceKind.DISPLAY).error is None
    assert counter.lights.signals == [Signal.WAITING, Signal.GOOD]
    assert counter.display.shown[-1] == ("PAID", "12.50 EUR")
    counter.desk.test(DeviceKind.BACKLIGHT)
    assert counter.report_of(DeviceKind.BACKLIGHT).error is None
    assert counter.brightness.read_text().strip() == "80"
    (played, rate_hz) = counter.speaker.played[-1]
    assert len(played) / 2 / rate_hz > 0.8


@pytest.mark.parametrize("kind", [DeviceKind.LIGHTS, DeviceKind.DISPLAY])
def test_a_device_that_is_pulled_out_stops_no_other(counter: Counter, kind: DeviceKind) -> None:
    """Its failure is told, the others go on; plugged in again it works again."""
    broken = counter.lights if kind is DeviceKind.LIGHTS else counter.display
    broken.failure = GONE
    counter.desk.announce(Announcement(signal=Signal.GOOD, tone=Tone.PAID, first="PAID"))
    assert counter.report_of(kind).error is GONE
    assert counter.report_of(DeviceKind.SOUND).error is None
    broken.failure = None
    counter.desk.announce(Announcement(signal=Signal.IDLE, first="Shop"))
    assert counter.report_of(kind).error is None


def test_papers_come_in_their_sequence_and_a_dead_printer_is_told(counter: Counter) -> None:
    """Each paper has its own report."""
    papers = [Paper(lines=(PaperLine(text=str(number)),)) for number in range(3)]
    for paper in papers:
        counter.desk.print_paper(paper)
        assert counter.report_of(DeviceKind.PRINTER).error is None
    assert counter.printer.papers == papers
    counter.printer.failure = GONE
    counter.desk.print_paper(papers[0])
    counter.desk.open_drawer()
    assert counter.report_of(DeviceKind.PRINTER).error is GONE
    assert counter.report_of(DeviceKind.DRAWER).error is GONE


def test_a_printer_that_hangs_holds_up_a_bounded_number_of_papers(counter: Counter) -> None:
    """The cashier is told; the core never waits."""
    held = threading.Event()
    counter.printer = OddPrinter(lambda: held.wait(PATIENCE_S))
    for _ in range(PAPERS_MAX + 3):
        counter.desk.print_paper(TEST_PAPER)
    refused = counter.report_of(DeviceKind.PRINTER)
    assert refused.error is not None
    assert "too much waits" in refused.error.message
    held.set()


def test_a_fault_in_a_driver_does_not_end_the_desk(counter: Counter, caplog: pytest.LogCaptureFixture) -> None:
    """It is told and logged, and the next device works."""

    def fault() -> None:
        raise ZeroDivisionError

    counter.printer = OddPrinter(fault)
    counter.desk.print_paper(TEST_PAPER)
    told = counter.report_of(DeviceKind.PRINTER).error
    assert told is not None
    assert told.code is ErrorCode.DEVICE_UNAVAILABLE
    assert "ZeroDivisionError" in caplog.text
    counter.desk.test(DeviceKind.DISPLAY)
    assert counter.report_of(DeviceKind.DISPLAY).error is None


def test_the_screen_is_as_bright_as_it_was_set(counter: Counter) -> None:
    """Half of it between two codes, all of it under one, half of it again; 0 leaves it."""

    def settled() -> str:
        counter.desk.test(DeviceKind.BACKLIGHT)
        assert counter.report_of(DeviceKind.BACKLIGHT).error is None
        return counter.brightness.read_text().strip()

    counter.desk.configure(replace(EVERYTHING, brightness_percent=50))
    assert settled() == "127"
    counter.desk.announce(Announcement(signal=Signal.WAITING, is_bright=True))
    assert settled() == "255"
    counter.desk.configure(replace(EVERYTHING, brightness_percent=20))
    assert settled() == "255", "never while a code is shown"
    counter.desk.announce(Announcement(signal=Signal.IDLE))
    assert settled() == "51"
    counter.desk.configure(EVERYTHING)
    assert settled() == "51"


@pytest.mark.parametrize("kind", [one for one in DeviceKind if one is not DeviceKind.CAMERA])
def test_each_device_can_be_tested(counter: Counter, kind: DeviceKind) -> None:
    """From the devices page."""
    counter.desk.test(kind)
    assert counter.report_of(kind).error is None
    done: dict[DeviceKind, Callable[[], object]] = {
        DeviceKind.PRINTER: lambda: counter.printer.papers == [TEST_PAPER],
        DeviceKind.DRAWER: lambda: counter.printer.drawer_count == 1,
        DeviceKind.LIGHTS: lambda: set(counter.lights.signals) == set(Signal),
        DeviceKind.DISPLAY: lambda: len(counter.display.shown) == 1,
        DeviceKind.SOUND: lambda: len(counter.speaker.played) == 1,
        DeviceKind.SCANNER: counter.port.texts.empty,
        DeviceKind.BACKLIGHT: lambda: counter.brightness.read_text().strip() == "80" and len(counter.waits) == 2,
    }
    assert done[kind]()


def test_a_scanner_reads_is_pulled_out_and_comes_back(counter: Counter) -> None:
    """Told each time; what it reads goes to the core."""
    assert counter.report_of(DeviceKind.SCANNER).error is None
    counter.port.texts.put("TC1:A")
    assert counter.texts.get(timeout=PATIENCE_S) == "TC1:A"
    counter.port.failure = GONE
    assert counter.report_of(DeviceKind.SCANNER).error is GONE
    counter.port.failure = None
    assert counter.report_of(DeviceKind.SCANNER).error is None


def test_settings_without_devices_open_none(tmp_path: Path) -> None:
    """And a printer that was never named is an error with a name, not a crash."""
    made = Counter(tmp_path)
    made.desk.announce(Announcement(signal=Signal.GOOD, tone=Tone.PAID))
    made.desk.test(DeviceKind.SCANNER)
    assert made.report_of(DeviceKind.SCANNER).error is not None
    assert made.lights.signals == []
    assert made.speaker.played == []
    made.desk.stop()


def test_a_screen_without_a_light_and_a_till_without_a_scanner_say_so(tmp_path: Path) -> None:
    """A test that nothing answers is a fault, not a success."""
    bare = Counter(tmp_path)
    for light in bare.brightness.parent.iterdir():
        light.unlink()
    bare.brightness.parent.rmdir()
    for kind in (DeviceKind.BACKLIGHT, DeviceKind.SCANNER):
        bare.desk.test(kind)
        told = bare.report_of(kind).error
        assert told is not None
        assert told.code is ErrorCode.DEVICE_UNAVAILABLE
    bare.desk.stop()
