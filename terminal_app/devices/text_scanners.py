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

from terminal_app.devices.boundary import DriverThread
from terminal_app.devices.wedge import WedgeReader, without_symbology
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError

#: How long a read may wait; also how soon a stop is heard.
READ_TIMEOUT_S: Final = 0.3
#: How often a scanner that is gone is looked for.
RETRY_S: Final = 2.0
STOP_TIMEOUT_S: Final = 3.0
#: A port that takes longer for anything hangs: a read waits READ_TIMEOUT_S, an opening a moment.
PORT_LIMIT_S: Final = 5.0
#: A scanner that marks no end of a text: so many reads without a byte end it. One that does has been torn off by then.
SILENT_READS: Final = 1
TORN_READS: Final = 7
#: What ends a text: CR, LF, TAB, ETX, EOT; and STX, which begins the next one.
_ENDS: Final = b"\r\n\t\x02\x03\x04"
_BEGIN: Final = 0x02
#: No code of anybody begins with these: what a plug leaves behind when it is pulled.
_NOISE: Final = bytes(byte for byte in range(256) if not 0x20 < byte < 0x7F)
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


class PortOnDemand:
    """A port that is made when it is opened, in the scanner's thread and not in the core's."""

    def __init__(self, make: Callable[[], TextPort]) -> None:
        self._make = make
        self._port: TextPort | None = None

    def open(self) -> None:
        """Make it if it is not there yet, and open it."""
        if self._port is None:
            self._port = self._make()
        self._port.open()

    def read(self) -> str | None:
        """The next text."""
        if self._port is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the port is not open")
        return self._port.read()

    def close(self) -> None:
        """Let go of it."""
        if self._port is not None:
            self._port.close()


class TextScanner:
    """Reads a port until it is stopped, through every loss of it. It is used once.

    Args:
        port: where texts come from; it may raise what it likes, and hang.
        on_text: called in the scanner's thread with each text.
        on_state: called in that thread when the scanner is there, and when it is lost, with the reason.
        retry_s: how often a lost scanner is looked for.
        limit_s: how long the port may take for anything.
    """

    def __init__(
        self,
        port: TextPort,
        on_text: Callable[[str], None],
        on_state: Callable[[ScannerState, TillcodeError | None], None],
        *,
        retry_s: float = RETRY_S,
        limit_s: float = PORT_LIMIT_S,
    ) -> None:
        self._port = port
        self._on_text = on_text
        self._on_state = on_state
        self._retry_s = retry_s
        self._limit_s = limit_s
        self._driver = DriverThread("scanner")
        self._said: tuple[ScannerState, TillcodeError | None] | None = None
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="text-scanner", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def leave(self) -> None:
        """Begin to end: from now on nothing is delivered."""
        self._stopped.set()
        self._driver.leave(self._port.close)

    def stop(self) -> None:
        """End, and wait for it; afterwards nothing is delivered."""
        self.leave()
        if self._thread.is_alive() and self._thread is not current_thread():
            self._thread.join(STOP_TIMEOUT_S)
        self._driver.join(STOP_TIMEOUT_S)

    def say_again(self) -> None:
        """Tell the state once more, to whoever asks; while it is not known yet it is told soon anyway."""
        if self._said is not None:
            self._on_state(*self._said)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._driver.call(self._port.open, limit_s=self._limit_s)
                self._say(ScannerState.READY, None)
                self._read_all()
            except TillcodeError as error:
                self._say(ScannerState.LOST, error)
                self._close()
                self._stopped.wait(self._retry_s)

    def _read_all(self) -> None:
        while not self._stopped.is_set():
            text = self._driver.call(self._port.read, limit_s=self._limit_s)
            if text and not self._stopped.is_set():
                self._on_text(text)

    def _close(self) -> None:
        try:
            self._driver.call(self._port.close, limit_s=self._limit_s)
        except TillcodeError:
            return  # it is lost as it is

    def _say(self, state: ScannerState, error: TillcodeError | None) -> None:
        was, self._said = self._said, (state, error)
        if (was is None or was[0] is not state) and not self._stopped.is_set():
            self._on_state(state, error)


class SerialPort:
    """A scanner on a serial port: one text up to a mark of its end, or up to a silence where it sends none."""

    def __init__(self, path: str, *, baud: int = BAUD, importer: Importer = importlib.import_module) -> None:
        self._path = path
        self._baud = baud
        self._importer = importer
        self._port: Any = None
        self._buffer = bytearray()
        self._is_flooded = False
        self._marks_ends = False
        self._silent_reads = 0

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
        self._is_flooded = self._marks_ends = False
        self._silent_reads = 0

    def read(self) -> str | None:
        """The next text."""
        if self._port is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the port is not open")
        text = self._take_text()
        if text is not None:
            return text
        try:
            arrived = self._port.read(max(1, min(self._port.in_waiting, 4096)))
        except OSError as error:
            raise _lost(f"{self._path}: {error}") from error
        self._silent_reads = 0 if arrived else self._silent_reads + 1
        self._buffer += arrived
        if len(self._buffer) > limits.QR_TEXT_CHARS_MAX + 2:
            self._buffer.clear()
            self._is_flooded = True
        return self._take_text()

    def close(self) -> None:
        """Close the port."""
        if self._port is not None:
            port, self._port = self._port, None
            port.close()

    def _take_text(self) -> str | None:
        """What stands before the next end; a flood without one is passed over."""
        while (end := self._end()) is not None:
            taken, was_flooded = bytes(self._buffer[:end]), self._is_flooded
            del self._buffer[: end + 1]
            self._is_flooded = False
            text = _text_of(taken)
            if text and not was_flooded:
                return text
        return None

    def _end(self) -> int | None:
        """Where the text in the buffer ends, None while it goes on."""
        for number, byte in enumerate(self._buffer):
            if byte in _ENDS:
                self._marks_ends = self._marks_ends or byte != _BEGIN
                return number
        is_over = self._silent_reads >= (TORN_READS if self._marks_ends else SILENT_READS)
        return len(self._buffer) if is_over and self._buffer else None


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
        return None if ready else self._reader.flush()

    def close(self) -> None:
        """Give the keyboard back."""
        if self._device is not None:
            self._device.close()
            self._device = None

    def _take(self, event: Any) -> str | None:
        codes = self._evdev.ecodes
        if event.type != codes.EV_KEY:
            return None
        # A number may have no name (of a newer kernel), or several: evdev gives a list of them then.
        named = codes.KEY.get(event.code, ())
        names = {named} if isinstance(named, str) else set(named)
        if names & {"KEY_LEFTSHIFT", "KEY_RIGHTSHIFT"}:
            self._is_shifted = event.value != 0
            return None
        if event.value != 1:
            return None
        pair = next((_US_KEYS[name] for name in names if name in _US_KEYS), None)
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


def _text_of(scanned: bytes) -> str:
    """The text of what a scanner sent: names in it are UTF-8, or Latin-1 where they are not."""
    clean = scanned.lstrip(_NOISE)
    try:
        text = clean.decode("utf-8")
    except UnicodeDecodeError:
        text = clean.decode("latin-1")
    return without_symbology(text.strip())


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
