"""Lights, buzzer, customer display and backlight: small things on the counter that say the state without a screen."""

import importlib
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum, unique
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Protocol

from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError

#: A pole display has two lines of this many characters.
DISPLAY_COLUMNS: Final = 20
CLEAR: Final = b"\x0c"
#: How long the buzzer sounds: once for good, and long for what needs a look.
SHORT_BUZZ_S: Final = 0.08
LONG_BUZZ_S: Final = 0.5
BACKLIGHTS: Final = Path("/sys/class/backlight")
#: A test of the screen's light: how bright in percent, and how long each.
BLINK_PARTS: Final = (10, 100)
BLINK_S: Final = 0.5

Importer = Callable[[str], ModuleType]


@unique
class Signal(Enum):
    """What the counter says."""

    IDLE = "idle"
    WAITING = "waiting"
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


#: Which lights burn: green, yellow, red.
LIGHTS_OF: Final = {
    Signal.IDLE: (0, 0, 0),
    Signal.WAITING: (0, 1, 0),
    Signal.GOOD: (1, 0, 0),
    Signal.BAD: (0, 0, 1),
    # Not known is neither: yellow and red together, as before green at a crossing.
    Signal.UNKNOWN: (0, 1, 1),
}
assert set(LIGHTS_OF) == set(Signal), "every signal has its lights"


class Lights(Protocol):
    """Three lights, and perhaps a buzzer."""

    def show(self, signal: Signal) -> None:
        """Burn as the signal says, until the next one.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE.
        """

    def close(self) -> None:
        """Put them out and let go; may be called twice."""


class Display(Protocol):
    """A customer display of two lines."""

    def show(self, first: str, second: str) -> None:
        """Show two lines, cut to its width.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE.
        """

    def close(self) -> None:
        """Clear it and let go; may be called twice."""


class GpioLights:
    """Lights on pins of a Raspberry Pi: `gpio:17,27,22` for green, yellow, red, and a fourth pin for a buzzer."""

    def __init__(self, pins: tuple[int, ...], *, importer: Importer = importlib.import_module) -> None:
        """Take the pins.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE, also on a machine without pins.
        """
        try:
            gpiozero = importer("gpiozero")
        except ImportError as error:
            raise _unavailable("for lights: pip install 'tillcode[devices]'", "lights") from error
        self._taken: list[Any] = []
        try:
            for pin in pins[:3]:
                self._taken.append(gpiozero.LED(pin))
            self._buzzer = gpiozero.Buzzer(pins[3]) if len(pins) > 3 else None
        except (gpiozero.GPIOZeroError, OSError) as error:
            self.close()
            raise _unavailable(f"the lights: {error}", "lights") from error

    def show(self, signal: Signal) -> None:
        """Set the three pins, and buzz for what has ended."""
        for light, level in zip(self._taken, LIGHTS_OF[signal], strict=False):
            light.value = level
        if self._buzzer is not None and signal in {Signal.GOOD, Signal.BAD, Signal.UNKNOWN}:
            on_s = SHORT_BUZZ_S if signal is Signal.GOOD else LONG_BUZZ_S
            self._buzzer.beep(on_time=on_s, off_time=SHORT_BUZZ_S, n=1 if signal is not Signal.UNKNOWN else 3)

    def close(self) -> None:
        """Give the pins back."""
        buzzer = getattr(self, "_buzzer", None)
        for one in (*self._taken, *([buzzer] if buzzer is not None else [])):
            one.close()
        self._taken, self._buzzer = [], None


class SerialDisplay:
    """A pole display on a serial port that knows the usual commands: form feed clears, 20 characters a line."""

    def __init__(self, path: str, *, baud: int = 9_600, importer: Importer = importlib.import_module) -> None:
        self._path = path
        self._baud = baud
        self._importer = importer
        self._port: Any = None

    def show(self, first: str, second: str) -> None:
        """Write both lines; what its font lacks is a space. A lost port is opened anew next time."""
        lines = b"".join(
            _ascii(one).ljust(DISPLAY_COLUMNS)[:DISPLAY_COLUMNS].encode("ascii") for one in (first, second)
        )
        try:
            if self._port is None:
                serial = self._importer("serial")
                self._port = serial.Serial(self._path, self._baud, timeout=1, write_timeout=1, exclusive=True)
            self._port.write(CLEAR + lines)
        except ImportError as error:
            raise _unavailable("for a display: pip install 'tillcode[devices]'", "display") from error
        except (OSError, ValueError) as error:
            self._let_go()
            raise _unavailable(f"the display: {error}", "display") from _cause(error)

    def close(self) -> None:
        """Clear it, so that no outcome stays behind, and close the port."""
        if self._port is not None:
            with suppress(OSError, ValueError):
                self._port.write(CLEAR)
            self._let_go()

    def _let_go(self) -> None:
        """What has not gone out yet must not come out later, over what is shown by then."""
        port, self._port = self._port, None
        if port is not None:
            with suppress(OSError, ValueError):
                port.reset_output_buffer()
            with suppress(OSError, ValueError):
                port.close()


class FakeLights:
    """Lights for tests."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.failure: TillcodeError | None = None

    def show(self, signal: Signal) -> None:
        """Remember it."""
        if self.failure is not None:
            raise self.failure
        self.signals.append(signal)

    def close(self) -> None:
        """Nothing burns."""


class FakeDisplay:
    """A display for tests."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.failure: TillcodeError | None = None

    def show(self, first: str, second: str) -> None:
        """Remember both lines as a display would cut them."""
        if self.failure is not None:
            raise self.failure
        self.shown.append((first[:DISPLAY_COLUMNS], second[:DISPLAY_COLUMNS]))

    def close(self) -> None:
        """Nothing is shown."""


class Backlight:
    """The screen's own light: full while a code is shown, as it was before at all other times.

    A machine without such a light, or one that may not set it, is left as it is: it is a help, not a need.
    """

    def __init__(self, folder: Path = BACKLIGHTS, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._folder = folder
        self._wait = wait
        self._before: dict[Path, str] = {}

    def brighten(self) -> None:
        """Full light."""
        for light in self._lights():
            try:
                full = (light / "max_brightness").read_text().strip()
                before = (light / "brightness").read_text().strip()
                (light / "brightness").write_text(full)
            except OSError:
                continue
            self._before.setdefault(light, before)

    def dim(self, percent: int) -> None:
        """This much light from now on, while no code is shown; 0 leaves it as it is."""
        for light in self._lights() if percent else ():
            try:
                level = str(max(1, int((light / "max_brightness").read_text()) * percent // 100))
                if light not in self._before:
                    (light / "brightness").write_text(level)
            except (OSError, ValueError):
                continue
            if light in self._before:
                self._before[light] = level

    def blink(self) -> None:
        """Dark, bright, and as before, each to be seen.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE when there is no light that may be set.
        """
        try:
            lights = {light: (light / "brightness").read_text() for light in self._lights()}
            for part in BLINK_PARTS if lights else ():
                for light in lights:
                    level = int((light / "max_brightness").read_text()) * part // 100
                    (light / "brightness").write_text(str(max(1, level)))
                self._wait(BLINK_S)
            for light, before in lights.items():
                (light / "brightness").write_text(before)
        except (OSError, ValueError) as error:
            raise _unavailable(f"the backlight: {error}", "backlight") from error
        if not lights:
            raise _unavailable("this screen has no light that can be set", "backlight")

    def restore(self) -> None:
        """As it was."""
        before, self._before = self._before, {}
        for light, level in before.items():
            try:
                (light / "brightness").write_text(level)
            except OSError:
                continue

    def _lights(self) -> Iterable[Path]:
        return sorted(self._folder.iterdir()) if self._folder.is_dir() else ()


def open_lights(address: str, *, importer: Importer = importlib.import_module) -> Lights:
    """The lights of an address, `gpio:17,27,22` or `gpio:17,27,22,4` with a buzzer.

    Raises:
        MisuseError: BAD_ARGUMENT for any other address.
        UnavailableError: DEVICE_UNAVAILABLE.
    """
    kind, _, rest = address.partition(":")
    parts = rest.split(",")
    if kind != "gpio" or len(parts) not in {3, 4} or not all(one.isascii() and one.isdigit() for one in parts):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "lights are gpio:green,yellow,red[,buzzer]", param="lights")
    return GpioLights(tuple(map(int, parts)), importer=importer)


def open_display(address: str, *, importer: Importer = importlib.import_module) -> Display:
    """The display of an address, `serial:/dev/ttyUSB1`; it is opened with the first line.

    Raises:
        MisuseError: BAD_ARGUMENT for any other address.
    """
    kind, _, path = address.partition(":")
    if kind != "serial" or not path:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a display is serial:/dev/...", param="display")
    return SerialDisplay(path, importer=importer)


def _ascii(text: str) -> str:
    return "".join(one if " " <= one <= "~" else " " for one in text)


def _cause(error: Exception) -> Exception:
    """pyserial's timeout is no TimeoutError, and is one."""
    return TimeoutError(str(error)) if type(error).__name__ == "SerialTimeoutException" else error


def _unavailable(message: str, param: str) -> UnavailableError:
    return UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, message, param=param)
