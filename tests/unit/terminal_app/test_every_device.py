"""No device ends the till: every method of every port raises and hangs in turn, and what is told of it is true.

A port is a Protocol in the modules of the devices, or a class that has no other adapter; an adapter is a class there
that can stand for a port. Both are looked for, so that a new one fails here until it is tried too.
"""

import importlib
import inspect
import pkgutil
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from terminal_app import devices
from terminal_app.config import assets_folder
from terminal_app.desk import Announcement, Makers, WorkingDesk
from terminal_app.device_queue import DeskReport, Patience
from terminal_app.devices.frames import FakeFrameSource
from terminal_app.devices.printers import FakePrinter
from terminal_app.devices.scanning import CodeScanner
from terminal_app.devices.signals import Backlight, FakeDisplay, FakeLights, Signal
from terminal_app.devices.sound import FakeSpeaker
from terminal_app.devices.text_scanners import ScannerState, TextScanner
from terminal_app.devices.trouble import Trouble, trouble_of
from terminal_app.office_commands import DeviceKind
from terminal_app.settings import Settings, SoundLevel
from terminal_app.sounds import NoReader, Words, reader
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError

PATIENCE_S: Final = 10
#: Short enough for a test, and long enough for a driver that does what it should.
SHORT: Final = Patience(print_s=0.2, show_s=0.2, again_s=0.01, sound_s=0.5, play_s=0.2, camera_s=0.2)
EVERYTHING: Final = Settings(printer="p", lights="l", display="d", scanner="s", sound=SoundLevel.VOICE)

#: Port -> its methods.
PORTS: Final = {
    "Printer": {"print_paper", "open_drawer"},
    "Lights": {"show", "close"},
    "Display": {"show", "close"},
    "Backlight": {"brighten", "dim", "blink", "restore"},
    "Speaker": {"play"},
    "TextReader": {"read"},
    "TextPort": {"open", "read", "close"},
    "FrameSource": {"open", "read", "close"},
}
#: What stands for a port, on a machine or in a test.
ADAPTERS: Final = {
    "Printer": {"EscposPrinter", "FakePrinter"},
    "Lights": {"GpioLights", "FakeLights"},
    "Display": {"SerialDisplay", "FakeDisplay"},
    "Backlight": {"Backlight"},
    "Speaker": {"ProgramSpeaker", "NoSpeaker", "FakeSpeaker"},
    "TextReader": {"ProgramReader", "NoReader"},
    "TextPort": {"SerialPort", "GrabbedKeyboard", "PortOnDemand"},
    "FrameSource": {
        "CameraOnDemand",
        "FakeFrameSource",
        "ImageFolder",
        "MjpegStream",
        "OpenCvCamera",
        "PiCamera",
        "ScreenshotFile",
        "SourceOnDemand",
        "VideoFile",
    },
}


class PanicError(BaseException):
    """What no `except Exception` catches, as libraries in other languages raise it."""


def hang() -> None:
    """A driver that does not come back."""
    HELD.wait(PATIENCE_S)


def raising(error: BaseException) -> Callable[[], None]:
    """A driver that raises this."""

    def work() -> None:
        raise error

    return work


HELD: Final = threading.Event()
FAULTS: Final = {
    "OSError": raising(OSError(5, "Input/output error")),
    "ValueError": raising(ValueError("no number")),
    "UnicodeError": raising(UnicodeDecodeError("ascii", b"\xff", 0, 1, "ordinal not in range")),
    "MemoryError": raising(MemoryError()),
    "KeyError": raising(KeyError(254)),
    "AssertionError": raising(AssertionError()),
    "SystemExit": raising(SystemExit(1)),
    "panic": raising(PanicError("a panic")),
    "hangs": hang,
}


class Moody:
    """A device that does as `inner` does, but for the method that has a mood."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self.moods: dict[str, Callable[[], None]] = {}

    def __getattr__(self, name: str) -> Any:
        def work(*values: Any, **named: Any) -> Any:
            self.moods.get(name, lambda: None)()
            return getattr(self._inner, name)(*values, **named)

        return work


class QuietPort:
    """A scanner that reads nothing."""

    def open(self) -> None:
        """It is there."""

    def read(self) -> str | None:
        """Nothing came."""
        HELD.wait(0.005)
        return None

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Counter:
    """A desk whose devices have moods."""

    folder: Path
    moody: dict[str, Moody] = field(default_factory=dict)
    reports: "queue.SimpleQueue[DeskReport]" = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        light = self.folder / "panel"
        light.mkdir()
        (light / "max_brightness").write_text("255")
        (light / "brightness").write_text("80")
        for name, inner in {
            "Printer": FakePrinter(),
            "Lights": FakeLights(),
            "Display": FakeDisplay(),
            "Backlight": Backlight(self.folder, wait=lambda _s: None),
            "Speaker": FakeSpeaker(),
            "TextReader": NoReader(),
            "TextPort": QuietPort(),
        }.items():
            self.moody[name] = Moody(inner)
        moody: dict[str, Any] = dict(self.moody)
        self.desk = WorkingDesk(
            Makers(
                printer=lambda _address, _settings: moody["Printer"],
                lights=lambda _address: moody["Lights"],
                display=lambda _address: moody["Display"],
                scanner=lambda _address: moody["TextPort"],
                speaker=moody["Speaker"],
                backlight=moody["Backlight"],
                sounds=assets_folder() / "sounds",
                reader=moody["TextReader"],
                patience=SHORT,
            ),
            report=self.reports.put,
            on_text=lambda _text: None,
        )
        self.desk.configure(EVERYTHING)

    def told(self, kind: DeviceKind, *, works: bool) -> DeskReport:
        """The next report that says so of a device."""
        while True:
            report = self.reports.get(timeout=PATIENCE_S)
            if report.kind is kind and (report.error is None) is works:
                return report

    def use(self, port: str, method: str) -> DeviceKind:
        """Make the till use a method; returns whose report tells of it."""
        desk = self.desk
        announce = Announcement(signal=Signal.GOOD, first="PAID", is_bright=method == "brighten")
        percent = {"n": 50}
        uses: dict[tuple[str, str], tuple[DeviceKind, Callable[[], None]]] = {
            ("Printer", "print_paper"): (DeviceKind.PRINTER, lambda: desk.test(DeviceKind.PRINTER)),
            ("Printer", "open_drawer"): (DeviceKind.DRAWER, desk.open_drawer),
            ("Lights", "show"): (DeviceKind.LIGHTS, lambda: desk.announce(announce)),
            ("Display", "show"): (DeviceKind.DISPLAY, lambda: desk.announce(announce)),
            ("Backlight", "brighten"): (DeviceKind.BACKLIGHT, lambda: desk.announce(announce)),
            ("Backlight", "restore"): (DeviceKind.BACKLIGHT, lambda: desk.announce(announce)),
            ("Backlight", "blink"): (DeviceKind.BACKLIGHT, lambda: desk.test(DeviceKind.BACKLIGHT)),
            ("Backlight", "dim"): (DeviceKind.BACKLIGHT, lambda: self.dim(percent["n"])),
            ("Speaker", "play"): (DeviceKind.SOUND, lambda: desk.test(DeviceKind.SOUND)),
            ("TextReader", "read"): (DeviceKind.SOUND, lambda: desk.speak((Words("Ada"), "paid"))),
            ("TextPort", "open"): (DeviceKind.SCANNER, self.plug_again),
            ("TextPort", "read"): (DeviceKind.SCANNER, lambda: None),
        }
        kind, work = uses[port, method]
        work()
        return kind

    def dim(self, percent: int) -> None:
        """Change the brightness, whatever it was."""
        self.desk.configure(Settings(**{**vars_of(EVERYTHING), "brightness_percent": 0}))
        self.desk.configure(Settings(**{**vars_of(EVERYTHING), "brightness_percent": percent}))

    def plug_again(self) -> None:
        """Name another scanner and then this one."""
        self.desk.configure(Settings(**{**vars_of(EVERYTHING), "scanner": ""}))
        self.desk.configure(EVERYTHING)


def vars_of(settings: Settings) -> dict[str, Any]:
    """The settings by name."""
    return {one.name: getattr(settings, one.name) for one in fields(settings)}


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """Everything on the counter; whatever hangs at the end comes back."""
    HELD.clear()
    made = Counter(tmp_path)
    yield made
    HELD.set()
    made.desk.stop()


# --- the lists are whole ---


def device_modules() -> list[ModuleType]:
    """Where ports and adapters live."""
    names = [one.name for one in pkgutil.iter_modules(devices.__path__)]
    return [*(importlib.import_module(f"{devices.__name__}.{name}") for name in names), reader]


def classes() -> dict[str, type]:
    """Every class of these modules."""
    return {
        name: one
        for module in device_modules()
        for name, one in inspect.getmembers(module, inspect.isclass)
        if one.__module__ == module.__name__
    }


def test_every_port_and_every_adapter_is_in_the_lists() -> None:
    """A new one is tried here too, or fails here."""
    found = classes()
    protocols = {name for name, one in found.items() if getattr(one, "_is_protocol", False)}
    assert protocols | {"Backlight"} == set(PORTS)
    for port, methods in PORTS.items():
        public = {name for name, one in vars(found[port]).items() if callable(one) and not name.startswith("_")}
        assert public == methods, port
        arguments = {name: list(inspect.signature(getattr(found[port], name)).parameters) for name in methods}
        standing = {
            name
            for name, one in found.items()
            if name not in protocols
            and all(
                callable(getattr(one, each, None)) and list(inspect.signature(getattr(one, each)).parameters) == wanted
                for each, wanted in arguments.items()
            )
        }
        assert standing == ADAPTERS[port], port
    makes = {one.name for one in fields(Makers)} - {"sounds", "patience"}
    assert makes == {"printer", "lights", "display", "scanner", "speaker", "backlight", "reader"}


# --- each raises and hangs in turn ---

CALLED: Final = [
    (port, method)
    for port, methods in PORTS.items()
    for method in sorted(methods)
    if port != "FrameSource" and method != "close"
]


@pytest.mark.parametrize(("port", "method"), CALLED, ids=[".".join(one) for one in CALLED])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_stops_no_other_device_and_is_over_when_it_is(
    counter: Counter, port: str, method: str, fault: str
) -> None:
    """One typed error, however it fails; the others go on; and the state is good again once the device is."""
    counter.moody[port].moods[method] = FAULTS[fault]
    kind = counter.use(port, method)
    error = counter.told(kind, works=False).error
    assert error is not None
    assert error.code is ErrorCode.DEVICE_UNAVAILABLE
    assert (trouble_of(error) is Trouble.SILENT) == (fault == "hangs")
    for other in {DeviceKind.PRINTER, DeviceKind.DISPLAY, DeviceKind.LIGHTS} - {kind, drawers_twin(kind)}:
        counter.desk.test(other)
        counter.told(other, works=True)
    counter.moody[port].moods.clear()
    HELD.set()
    heal(counter, port, method, kind)


def drawers_twin(kind: DeviceKind) -> DeviceKind:
    """The drawer hangs on the printer."""
    return DeviceKind.PRINTER if kind is DeviceKind.DRAWER else kind


def heal(counter: Counter, port: str, method: str, kind: DeviceKind) -> None:
    """Use it until it works: one that hung is back a moment later."""
    for _ in range(40):
        counter.use(port, method)
        with suppress(queue.Empty):
            while True:
                report = counter.reports.get(timeout=0.2)
                if report.kind is kind and report.error is None:
                    return
    raise AssertionError("it does not work again")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("port", "kind"), [("Lights", DeviceKind.LIGHTS), ("Display", DeviceKind.DISPLAY)])
def test_one_that_cannot_be_closed_is_left_behind(counter: Counter, port: str, kind: DeviceKind, fault: str) -> None:
    """Another address is used at once, and the end of the program does not wait for it."""
    counter.use(port, "show")
    counter.told(kind, works=True)
    counter.moody[port].moods["close"] = FAULTS[fault]
    counter.desk.configure(Settings(**{**vars_of(EVERYTHING), port.lower(): "another"}))
    counter.use(port, "show")
    counter.told(kind, works=True)


# --- the readers' threads ---


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", sorted(PORTS["FrameSource"]))
def test_a_camera_that_fails_is_told_and_its_threads_end(method: str, fault: str) -> None:
    """In `close` there is nobody to tell any more."""
    HELD.clear()
    source: Any = Moody(FakeFrameSource())
    source.moods[method] = FAULTS[fault]
    failures: queue.SimpleQueue[TillcodeError] = queue.SimpleQueue()
    scanner = CodeScanner(source, lambda _: None, on_failure=failures.put, limit_s=SHORT.camera_s)
    scanner.start()
    if method != "close":
        assert failures.get(timeout=PATIENCE_S).code is ErrorCode.DEVICE_UNAVAILABLE
    HELD.set()
    scanner.stop()
    assert not [one for one in threading.enumerate() if one.name.startswith("scan-")]


def test_the_next_scan_waits_for_a_camera_that_hangs_and_does_not_add_to_it() -> None:
    """Each press of the button would otherwise leave one more thread in the driver."""
    HELD.clear()
    source: Any = Moody(FakeFrameSource())
    source.moods["read"] = hang
    failures: queue.SimpleQueue[TillcodeError] = queue.SimpleQueue()
    before: CodeScanner | None = None
    for _ in range(3):
        scanner = CodeScanner(source, lambda _: None, on_failure=failures.put, limit_s=0.05, after=before)
        scanner.start()
        assert trouble_of(failures.get(timeout=PATIENCE_S)) is Trouble.SILENT
        before = scanner
    assert len([one for one in threading.enumerate() if one.name == "driver-camera"]) == 1
    HELD.set()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("method", sorted(PORTS["TextPort"]))
def test_a_scanner_is_ready_only_when_it_reads(method: str, fault: str) -> None:
    """A fault in the thread of a scanner never leaves READY behind."""
    HELD.clear()
    port: Any = Moody(QuietPort())
    port.moods[method] = FAULTS[fault]
    states: queue.SimpleQueue[ScannerState] = queue.SimpleQueue()
    scanner = TextScanner(port, lambda _: None, lambda state, _error: states.put(state), retry_s=0.01, limit_s=0.2)
    scanner.start()
    if method != "close":
        while states.get(timeout=PATIENCE_S) is not ScannerState.LOST:
            pass
        port.moods.clear()
        HELD.set()
        assert states.get(timeout=PATIENCE_S) is ScannerState.READY
    HELD.set()
    scanner.stop()
    assert not scanner._thread.is_alive()
