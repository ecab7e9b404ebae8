"""The things around the screen at work, each in a thread of its own: a slow printer or a dead display holds up no sale.

    core ──print, signal, say, test──> a DeviceQueue for each of printer, lights, display, backlight
      <────── DeskReport: it works, or it does not ─────────┘

What waits is bounded: signals and sounds that are overtaken are dropped, papers are not. Sounds and the scanner have
threads of their own too (announcer.py, text_scanners.py).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from terminal_app.announcer import Announcer
from terminal_app.device_queue import STOP_TIMEOUT_S, DeskReport, DeviceQueue, Patience, Task
from terminal_app.devices.paper import Paper
from terminal_app.devices.printers import TEST_PAPER, Printer, open_printer
from terminal_app.devices.signals import Backlight, Display, Lights, Signal, open_display, open_lights
from terminal_app.devices.sound import Speaker
from terminal_app.devices.text_scanners import PortOnDemand, TextPort, TextScanner, open_text_port
from terminal_app.office_commands import DeviceKind
from terminal_app.settings import Settings
from terminal_app.sounds import NoReader, Speech, TextReader, Tone
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What the counter shows and says of a moment.

    Attributes:
        signal: for the lights.
        tone: what sounds, None for nothing.
        clips: what is spoken after it, in `language`.
        first, second: lines of the customer display.
        is_bright: full backlight while it lasts.
    """

    signal: Signal
    tone: Tone | None = None
    clips: Speech = ()
    first: str = ""
    second: str = ""
    is_bright: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """How devices are opened, by their address; tests give fakes."""

    printer: Callable[[str, Settings], Printer]
    lights: Callable[[str], Lights]
    display: Callable[[str], Display]
    scanner: Callable[[str], TextPort]
    speaker: Speaker
    backlight: Backlight
    sounds: Path
    reader: TextReader = NoReader()  # noqa: RUF009 - it holds nothing
    patience: Patience = Patience()  # noqa: RUF009 - frozen


class Desk(Protocol):
    """What the core asks of the desk; every method returns at once and raises nothing."""

    def configure(self, settings: Settings) -> None:
        """Use these devices from now on."""

    def announce(self, announcement: Announcement) -> None:
        """Show and say this; what was announced before and has not been said yet is dropped."""

    def speak(self, clips: Speech) -> None:
        """Say this, where the shop wants a voice."""

    def print_paper(self, paper: Paper) -> None:
        """Print, after what waits already."""

    def open_drawer(self) -> None:
        """Open the drawer."""

    def test(self, kind: DeviceKind) -> None:
        """Let a device show that it works."""

    def stop(self) -> None:
        """End after what is under way."""


class EmptyDesk:
    """A desk with nothing on it."""

    def configure(self, settings: Settings) -> None:
        """Nothing to set up."""

    def announce(self, announcement: Announcement) -> None:
        """Nothing to show."""

    def speak(self, clips: Speech) -> None:
        """No voice."""

    def print_paper(self, paper: Paper) -> None:
        """No printer."""

    def open_drawer(self) -> None:
        """No drawer."""

    def test(self, kind: DeviceKind) -> None:
        """No device."""

    def stop(self) -> None:
        """Nothing runs."""


class WorkingDesk:
    """A desk whose devices have a thread each.

    Args:
        makers: open the devices.
        report: called in a thread of the desk with what became of a device.
        on_text: called in the scanner's thread with each text that a scanner without pictures has read.
    """

    def __init__(self, makers: Makers, *, report: Callable[[DeskReport], None], on_text: Callable[[str], None]) -> None:
        self._makers = makers
        self._report = report
        self._on_text = on_text
        self._settings = Settings()
        patience = makers.patience
        self._printer = DeviceQueue[Printer]("printer", report=report, patience=patience)
        self._lights = DeviceQueue[Lights]("lights", report=report, patience=patience, close=lambda one: one.close())
        self._display = DeviceQueue[Display]("display", report=report, patience=patience, close=lambda one: one.close())
        self._backlight = DeviceQueue[Backlight](
            "backlight", report=report, patience=patience, close=lambda one: one.restore()
        )
        self._queues = (self._printer, self._lights, self._display, self._backlight)
        self._use_all()
        self._backlight.use(lambda: makers.backlight)
        self._scanner: TextScanner | None = None
        self._announcer = Announcer(
            makers.speaker,
            makers.sounds,
            reader=makers.reader,
            report=lambda error: report(DeskReport(kind=DeviceKind.SOUND, error=error)),
            patience=patience,
        )

    def configure(self, settings: Settings) -> None:
        """Devices whose address has changed are opened anew when they are needed next."""
        before, self._settings = self._settings, settings
        self._announcer.configure(settings)
        if (before.printer, before.paper) != (settings.printer, settings.paper):
            self._use_printer()
        if before.lights != settings.lights:
            self._use_lights()
        if before.display != settings.display:
            self._use_display()
        if before.brightness_percent != settings.brightness_percent:
            dimmed = settings.brightness_percent
            self._backlight.put(Task(kind=DeviceKind.BACKLIGHT, work=lambda light: light.dim(dimmed), is_quiet=True))
        if before.scanner != settings.scanner:
            self._listen(settings.scanner)

    def announce(self, announcement: Announcement) -> None:
        """The newest one counts."""
        self._announcer.say(announcement.tone, announcement.clips)
        signal, first, second = announcement.signal, announcement.first, announcement.second
        if self._settings.lights:
            self._lights.show(Task(kind=DeviceKind.LIGHTS, work=lambda lights: lights.show(signal)))
        if self._settings.display:
            self._display.show(Task(kind=DeviceKind.DISPLAY, work=lambda display: display.show(first, second)))
        is_bright = announcement.is_bright

        def shine(light: Backlight) -> None:
            light.brighten() if is_bright else light.restore()

        self._backlight.show(Task(kind=DeviceKind.BACKLIGHT, work=shine, is_quiet=True))

    def speak(self, clips: Speech) -> None:
        """The newest counts here too: an arrow key that is held down makes no queue."""
        self._announcer.say(None, clips)

    def print_paper(self, paper: Paper) -> None:
        """In the sequence asked for."""
        self._printer.put(
            Task(
                kind=DeviceKind.PRINTER,
                work=lambda printer: printer.print_paper(paper),
                limit_s=self._makers.patience.print_s,
            )
        )

    def open_drawer(self) -> None:
        """Through the printer that it hangs on."""
        self._printer.put(Task(kind=DeviceKind.DRAWER, work=lambda printer: printer.open_drawer()))

    def test(self, kind: DeviceKind) -> None:
        """A paper, a pulse, all lights, two lines, a tone."""
        tests: dict[DeviceKind, Callable[[], None]] = {
            DeviceKind.PRINTER: lambda: self.print_paper(TEST_PAPER),
            DeviceKind.DRAWER: self.open_drawer,
            DeviceKind.LIGHTS: lambda: self._lights.put(Task(kind=kind, work=_burn_all)),
            DeviceKind.DISPLAY: lambda: self._display.put(Task(kind=kind, work=_show_figures)),
            DeviceKind.BACKLIGHT: lambda: self._backlight.put(Task(kind=kind, work=lambda light: light.blink())),
            DeviceKind.SOUND: self._announcer.test,
            DeviceKind.SCANNER: self._test_scanner,
        }
        assert kind in tests, f"{kind.value} is tested on its own page"
        tests[kind]()

    def stop(self) -> None:
        """Let each thread end after what is under way, and wait a little: a device that hangs is left behind."""
        until_s = time.monotonic() + STOP_TIMEOUT_S
        for one in self._queues:
            one.leave()
        if self._scanner is not None:
            self._scanner.stop()
        self._announcer.stop()
        for one in self._queues:
            one.join(until_s=until_s)

    def _test_scanner(self) -> None:
        """One that is set up is listened to; whether it reads is seen when it does."""
        if self._scanner is not None:
            self._scanner.say_again()
            return
        missing = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "no scanner is set up", param="scanner")
        self._report(DeskReport(kind=DeviceKind.SCANNER, error=missing))

    def _use_all(self) -> None:
        self._use_printer()
        self._use_lights()
        self._use_display()

    def _use_printer(self) -> None:
        settings = self._settings
        self._printer.use(lambda: self._makers.printer(settings.printer, settings))

    def _use_lights(self) -> None:
        address = self._settings.lights
        if not address:
            self._lights.forget()
        self._lights.use(lambda: self._makers.lights(address))

    def _use_display(self) -> None:
        address = self._settings.display
        if not address:
            self._display.forget()
        self._display.use(lambda: self._makers.display(address))

    def _listen(self, address: str) -> None:
        """Listen to the scanner of this address, and to no other; "" is none."""
        if self._scanner is not None:
            self._scanner.leave()
            self._scanner = None
        if address:
            self._scanner = TextScanner(
                PortOnDemand(lambda: self._makers.scanner(address)),
                self._on_text,
                lambda _state, error: self._report(DeskReport(kind=DeviceKind.SCANNER, error=error)),
                retry_s=self._makers.patience.again_s,
                limit_s=self._makers.patience.show_s,
            )
            self._scanner.start()


def _burn_all(lights: Lights) -> None:
    for signal in (*Signal, Signal.IDLE):
        lights.show(signal)


def _show_figures(display: Display) -> None:
    display.show("Tillcode", "0123456789 12.50 EUR")


def real_makers(speaker: Speaker, reader: TextReader = NoReader(), *, assets: Path) -> Makers:  # noqa: B008
    """The machine's own devices."""
    return Makers(
        printer=lambda address, settings: open_printer(address, paper=settings.paper, fonts=assets / "fonts"),
        lights=open_lights,
        display=open_display,
        scanner=open_text_port,
        speaker=speaker,
        reader=reader,
        backlight=Backlight(),
        sounds=assets / "sounds",
    )
