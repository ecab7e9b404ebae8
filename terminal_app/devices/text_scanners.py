"""Scanners that give texts and no pictures: on a USB serial port, or as a keyboard that is grabbed (evdev).

    port --lines--> on_text          a thread of its own; a scanner that is pulled out is waited for, and taken again

Nothing of a scanner that hangs or floods reaches the till: a line is bounded, and a stop is heard within half a second.
"""

import importlib
import select
from collections.abc import Callable, Iterator
from enum import Enum, unique
from threading import Event, Thread, current_thread
from types import ModuleType
from typing import Any, Final, Protocol

from terminal_app.devices.wedge import WedgeReader
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError

#: How long a read may wait; also how soon a stop is heard.
READ_TIMEOUT_S: Final = 0.3
#: How often a scanner that is gone is looked for.
RETRY_S: Final = 2.0
STOP_TIMEOUT_S: Final = 3.0
BAUD: Final = 9_600

Importer = Callable[[str], ModuleType]


@unique
class ScannerState(Enum):
    """Whether the scanner is there."""

    READY = "ready"
    LOST = "lost"


class TextPort(Protocol):
    """Where texts come from. One thread opens, reads and closes it."""

    def open(self) -> None:
        """Take hold of the device.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE.
        """

    def read(self) -> str | None:
        """The next text, or None when none came within READ_TIMEOUT_S.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE when the device is lost.
        """

    def close(self) -> None:
        """Let go of the device; on a closed port it does nothing."""


class TextScanner:
    """Reads a port until it is stopped, through every loss of it. It is used once.

    Args:
        port: where texts come from.
        on_text: called in the scanner's thread with each text.
        on_state: called in that thread when the scanner is there, and when it is lost, with the reason.
        retry_s: how often a lost scanner is looked for.
    """

    def __init__(
        self,
        port: TextPort,
        on_text: Callable[[str], None],
        on_state: Callable[[ScannerState, TillcodeError | None], None],
        *,
        retry_s: float = RETRY_S,
    ) -> None:
        self._port = port
        self._on_text = on_text
        self._on_state = on_state
        self._retry_s = retry_s
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="text-scanner", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for it; afterwards nothing is delivered."""
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not current_thread():
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        said: ScannerState | None = None
        while not self._stopped.is_set():
            try:
                self._port.open()
                said = self._say(ScannerState.READY, said, None)
                self._read_all()
            except TillcodeError as error:
                said = self._say(ScannerState.LOST, said, error)
                self._stopped.wait(self._retry_s)
            finally:
                self._port.close()

    def _read_all(self) -> None:
        while not self._stopped.is_set():
            text = self._port.read()
            if text and not self._stopped.is_set():
                self._on_text(text)

    def _say(self, state: ScannerState, said: ScannerState | None, error: TillcodeError | None) -> ScannerState:
        if state is not said and not self._stopped.is_set():
            self._on_state(state, error)
        return state


class SerialPort:
    """A scanner on a serial port, one text a line."""

    def __init__(self, path: str, *, baud: int = BAUD, importer: Importer = importlib.import_module) -> None:
        self._path = path
        self._baud = baud
        self._importer = importer
        self._port: Any = None
        self._buffer = bytearray()

    def open(self) -> None:
        """Open the port, for this program alone."""
        try:
            serial = self._importer("serial")
        except ImportError as error:
            raise _lost("for a serial scanner: pip install 'tillcode[devices]'") from error
        try:
            self._port = serial.Serial(self._path, self._baud, timeout=READ_TIMEOUT_S, exclusive=True)
        except (OSError, ValueError) as error:  # pyserial's SerialException is an OSError
            raise _lost(f"{self._path}: {error}") from error
        self._buffer.clear()

    def read(self) -> str | None:
        """The next line."""
        if self._port is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the port is not open")
        line = self._take_line()
        if line is not None:
            return line
        try:
            self._buffer += self._port.read(max(1, min(self._port.in_waiting, 4096)))
        except OSError as error:
            raise _lost(f"{self._path}: {error}") from error
        if len(self._buffer) > limits.QR_TEXT_CHARS_MAX + 2:
            self._buffer.clear()
        return self._take_line()

    def close(self) -> None:
        """Close the port."""
        if self._port is not None:
            self._port.close()
            self._port = None

    def _take_line(self) -> str | None:
        for number, byte in enumerate(self._buffer):
            if byte in b"\r\n":
                line = bytes(self._buffer[:number])
                del self._buffer[: number + 1]
                text = line.decode("latin-1").strip()
                return text or None
        return None


class GrabbedKeyboard:
    """A scanner that is a keyboard, grabbed through evdev: its keys go nowhere else, whatever has the focus."""

    def __init__(
        self, path: str, *, reader: WedgeReader | None = None, importer: Importer = importlib.import_module
    ) -> None:
        self._path = path
        self._reader = reader or WedgeReader()
        self._importer = importer
        self._device: Any = None
        self._evdev: Any = None
        self._is_shifted = False
        self._waiting: Iterator[Any] = iter(())

    def open(self) -> None:
        """Grab the keyboard."""
        try:
            self._evdev = self._importer("evdev")
        except ImportError as error:
            raise _lost("for a grabbed scanner: apt install python3-evdev") from error
        try:
            self._device = self._evdev.InputDevice(self._path)
            self._device.grab()
        except OSError as error:
            raise _lost(f"{self._path}: {error}") from error

    def read(self) -> str | None:
        """The next scanned text."""
        if self._device is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the keyboard is not open")
        try:
            for event in self._waiting:
                text = self._take(event)
                if text is not None:
                    return text
            ready, _, _ = select.select([self._device.fd], [], [], READ_TIMEOUT_S)
            self._waiting = iter(list(self._device.read()) if ready else [])
        except OSError as error:
            raise _lost(f"{self._path}: {error}") from error
        return None

    def close(self) -> None:
        """Give the keyboard back."""
        if self._device is not None:
            self._device.close()
            self._device = None

    def _take(self, event: Any) -> str | None:
        codes = self._evdev.ecodes
        if event.type != codes.EV_KEY:
            return None
        name = codes.KEY[event.code]
        if name in {"KEY_LEFTSHIFT", "KEY_RIGHTSHIFT"}:
            self._is_shifted = event.value != 0
            return None
        if event.value != 1:
            return None
        pair = _US_KEYS.get(name)
        at_ms = event.sec * 1000 + event.usec // 1000
        return self._reader.feed(pair[self._is_shifted], at_ms=at_ms) if pair else None


def open_text_port(address: str) -> TextPort:
    """The scanner of an address, `serial:/dev/ttyACM0` or `evdev:/dev/input/event3`; nothing is opened yet.

    Raises:
        MisuseError: BAD_ARGUMENT for any other address.
    """
    kind, _, path = address.partition(":")
    if not path or kind not in {"serial", "evdev"}:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a scanner is serial:/dev/... or evdev:/dev/...", param="scanner")
    return SerialPort(path) if kind == "serial" else GrabbedKeyboard(path)


def _lost(message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, message, param="scanner")


#: What the keys of a US keyboard type without and with Shift: how every scanner leaves the factory.
_US_KEYS: Final = {
    **{f"KEY_{letter}": (letter.lower(), letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{f"KEY_{digit}": (digit, shifted) for digit, shifted in zip("1234567890", "!@#$%^&*()", strict=True)},
    "KEY_SPACE": (" ", " "),
    "KEY_MINUS": ("-", "_"),
    "KEY_EQUAL": ("=", "+"),
    "KEY_DOT": (".", ">"),
    "KEY_SLASH": ("/", "?"),
    "KEY_SEMICOLON": (";", ":"),
    "KEY_ENTER": ("\n", "\n"),
    "KEY_KPENTER": ("\n", "\n"),
    "KEY_TAB": ("\t", "\t"),
}
