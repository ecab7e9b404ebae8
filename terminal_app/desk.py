"""The things around the screen at work, in a thread of their own: a slow printer or a dead display holds up no sale.

    core ──print, signal, say, test──> [queue] ──thread──> printer, lights, display, loudspeaker
      <────── DeskReport: it works, or it does not ─────────┘

What waits is bounded: signals and sounds that are overtaken are dropped, papers are not. Sounds have a thread of their
own (announcer.py).
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from terminal_app.announcer import Announcer
from terminal_app.devices.paper import Paper
from terminal_app.devices.printers import TEST_PAPER, Printer, open_printer
from terminal_app.devices.signals import Backlight, Display, Lights, Signal, open_display, open_lights
from terminal_app.devices.sound import Speaker
from terminal_app.devices.text_scanners import TextPort, TextScanner, open_text_port
from terminal_app.office_commands import DeviceKind
from terminal_app.settings import Settings
from terminal_app.sounds import NoReader, Speech, TextReader, Tone
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError, UnavailableError

#: Papers that may wait for a printer that is out of paper; further ones are refused, and the cashier is told.
PAPERS_MAX: Final = 16
STOP_TIMEOUT_S: Final = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskReport:
    """What has become of a device: `error` is None when it has done what was asked."""

    kind: DeviceKind
    error: TillcodeError | None


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
    """A desk with its thread.

    Args:
        makers: open the devices.
        report: called in a thread of the desk with what became of a device.
        on_text: called in the scanner's thread with each text that a scanner without pictures has read.
    """

    def __init__(self, makers: Makers, *, report: Callable[[DeskReport], None], on_text: Callable[[str], None]) -> None:
        self._report = report
        self._tools = _Tools(makers, report=report, on_text=on_text)
        self._changed = threading.Condition()
        self._work: deque[Callable[[], None]] = deque()
        self._new_settings: Settings | None = None
        self._announcement: Announcement | None = None
        self._announcer = Announcer(
            makers.speaker,
            makers.sounds,
            reader=makers.reader,
            report=lambda error: report(DeskReport(kind=DeviceKind.SOUND, error=error)),
        )
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self._thread.start()

    def configure(self, settings: Settings) -> None:
        """Devices whose address has changed are opened anew when they are needed next."""
        self._announcer.configure(settings)
        with self._changed:
            self._new_settings = settings
            self._changed.notify()

    def announce(self, announcement: Announcement) -> None:
        """The newest one counts."""
        self._announcer.say(announcement.tone, announcement.clips)
        with self._changed:
            self._announcement = announcement
            self._changed.notify()

    def speak(self, clips: Speech) -> None:
        """The newest counts here too: an arrow key that is held down makes no queue."""
        self._announcer.say(None, clips)

    def print_paper(self, paper: Paper) -> None:
        """In the sequence asked for."""
        with self._changed:
            if len(self._work) < PAPERS_MAX:
                self._work.append(
                    lambda: self._tell(DeviceKind.PRINTER, lambda: self._tools.printer.print_paper(paper))
                )
                self._changed.notify()
                return
        full = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "too many papers wait for the printer", param="printer")
        self._report(DeskReport(kind=DeviceKind.PRINTER, error=full))

    def open_drawer(self) -> None:
        """Through the printer that it hangs on."""
        self._put(lambda: self._tell(DeviceKind.DRAWER, self._tools.open_drawer))

    def test(self, kind: DeviceKind) -> None:
        """A paper, a pulse, all lights, two lines, a tone."""
        if kind is DeviceKind.SOUND:
            self._announcer.test()
            return
        self._put(lambda: self._tell(kind, lambda: self._tools.test(kind)))

    def stop(self) -> None:
        """Let the thread end, and wait for it a little: a printer that hangs is left behind."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        self._announcer.stop()
        self._thread.join(STOP_TIMEOUT_S)

    def _put(self, work: Callable[[], None]) -> None:
        with self._changed:
            self._work.append(work)
            self._changed.notify()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            work()
        self._tools.close()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or self._work or self._announcement or self._new_settings)
            if self._is_stopped:
                return None
            if self._new_settings is not None:
                settings, self._new_settings = self._new_settings, None
                return lambda: self._tools.configure(settings)
            if self._announcement is not None:
                announcement, self._announcement = self._announcement, None
                return lambda: self._announce(announcement)
            return self._work.popleft()

    def _announce(self, announcement: Announcement) -> None:
        tools = self._tools
        if tools.settings.lights:
            self._tell(DeviceKind.LIGHTS, lambda: tools.lights.show(announcement.signal))
        if tools.settings.display:
            self._tell(DeviceKind.DISPLAY, lambda: tools.display.show(announcement.first, announcement.second))
        tools.shine(announcement)

    def _tell(self, kind: DeviceKind, work: Callable[[], None]) -> None:
        """Do it, and tell how it went. A fault of our own in a device's driver must not end the desk."""
        error: TillcodeError | None = UnavailableError(
            ErrorCode.DEVICE_UNAVAILABLE, "a fault in the driver", param=kind.value
        )
        try:
            work()
            error = None
        except TillcodeError as problem:
            error = problem
        except Exception:
            _log.exception("the driver of the %s has a fault", kind.value)
        self._report(DeskReport(kind=kind, error=error))


class _Tools:
    """The devices themselves, each opened when it is needed first. Used by the desk's thread alone."""

    def __init__(self, makers: Makers, *, report: Callable[[DeskReport], None], on_text: Callable[[str], None]) -> None:
        self.settings = Settings()
        self._makers = makers
        self._report = report
        self._on_text = on_text
        self._scanner: TextScanner | None = None
        self._printer: Printer | None = None
        self._lights: Lights | None = None
        self._display: Display | None = None

    @property
    def printer(self) -> Printer:
        """The printer of the settings."""
        if self._printer is None:
            self._printer = self._makers.printer(self.settings.printer, self.settings)
        return self._printer

    @property
    def lights(self) -> Lights:
        """The lights of the settings."""
        if self._lights is None:
            self._lights = self._makers.lights(self.settings.lights)
        return self._lights

    @property
    def display(self) -> Display:
        """The customer display of the settings."""
        if self._display is None:
            self._display = self._makers.display(self.settings.display)
        return self._display

    def configure(self, settings: Settings) -> None:
        """Forget the devices whose address has changed."""
        before, self.settings = self.settings, settings
        if (before.printer, before.paper) != (settings.printer, settings.paper):
            self._printer = None
        if before.lights != settings.lights and self._lights is not None:
            self._lights.close()
            self._lights = None
        if before.display != settings.display and self._display is not None:
            self._display.close()
            self._display = None
        if before.brightness_percent != settings.brightness_percent:
            self._makers.backlight.dim(settings.brightness_percent)
        if before.scanner != settings.scanner:
            self._listen(settings.scanner)

    def print_paper(self, paper: Paper) -> None:
        """Print."""
        self.printer.print_paper(paper)

    def open_drawer(self) -> None:
        """Open the drawer."""
        self.printer.open_drawer()

    def shine(self, announcement: Announcement) -> None:
        """Full light while a code is shown."""
        if announcement.is_bright:
            self._makers.backlight.brighten()
        else:
            self._makers.backlight.restore()

    def test(self, kind: DeviceKind) -> None:
        """Let a device show that it works."""
        tests: dict[DeviceKind, Callable[[], None]] = {
            DeviceKind.PRINTER: lambda: self.print_paper(TEST_PAPER),
            DeviceKind.DRAWER: self.open_drawer,
            DeviceKind.LIGHTS: self._burn_all,
            DeviceKind.DISPLAY: lambda: self.display.show("Tillcode", "0123456789 12.50 EUR"),
            DeviceKind.SCANNER: self._check_scanner,
            DeviceKind.BACKLIGHT: self._makers.backlight.blink,
        }
        assert kind in tests, f"{kind.value} is tested elsewhere: by the announcer, on the camera's own page"
        tests[kind]()

    def _burn_all(self) -> None:
        for signal in (*Signal, Signal.IDLE):
            self.lights.show(signal)

    def _check_scanner(self) -> None:
        """One that is set up is listened to; whether it reads is seen when it does."""
        if self._scanner is None:
            raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "no scanner is set up", param="scanner")

    def close(self) -> None:
        """Put everything out."""
        self._makers.backlight.restore()
        self._listen("")
        for one in (self._lights, self._display):
            if one is not None:
                one.close()

    def _listen(self, address: str) -> None:
        """Listen to the scanner of this address, and to no other; "" is none."""
        if self._scanner is not None:
            self._scanner.stop()
            self._scanner = None
        if not address:
            return
        try:
            port = self._makers.scanner(address)
        except TillcodeError as error:
            self._report(DeskReport(kind=DeviceKind.SCANNER, error=error))
            return
        self._scanner = TextScanner(
            port,
            self._on_text,
            lambda _state, error: self._report(DeskReport(kind=DeviceKind.SCANNER, error=error)),
        )
        self._scanner.start()


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
