"""Scanners that type or send lines: bursts, wrong layouts, floods, and plugs pulled out in the middle."""

import os
import queue
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from terminal_app.devices.text_scanners import GrabbedKeyboard, ScannerState, SerialPort, TextScanner
from terminal_app.devices.wedge import (
    CALIBRATION_TEXT,
    KEY_PAUSE_MS_MAX,
    LayoutVerdict,
    WedgeReader,
    judge_calibration,
    layout_of,
    pairs_of,
)
from terminal_app.settings import TEXT_CHARS_MAX
from wallet_sdk.protocol import limits, qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError
from wallet_sdk.testing import Scheme

#: What a German machine makes of a scanner that types like a US keyboard (the characters of our codes).
GERMAN = str.maketrans({"Y": "Z", "Z": "Y", "$": "$", "*": "(", "+": "`", "-": "ß", "/": "-", ":": "Ö"})


def typed(reader: WedgeReader, text: str, *, pause_ms: int = 5, start_ms: int = 10_000) -> str | None:
    """Type a text and Enter."""
    found = None
    for number, character in enumerate(f"{text}\n"):
        found = reader.feed(character, at_ms=start_ms + number * pause_ms) or found
    return found


def test_a_burst_is_a_scan_and_a_finger_is_not() -> None:
    """By speed and length."""
    text = qr.to_text(Scheme().request().envelope)
    assert typed(WedgeReader(), text) == text
    assert typed(WedgeReader(), text, pause_ms=KEY_PAUSE_MS_MAX + 1) is None
    assert typed(WedgeReader(), "1250") is None
    reader = WedgeReader()
    reader.feed("9", at_ms=1_000)
    assert typed(reader, text) == text
    assert typed(reader, text, start_ms=90_000) == text


def test_a_flood_of_keys_is_bounded() -> None:
    """A scanner gone mad fills no memory."""
    reader = WedgeReader()
    for number in range(3 * limits.QR_TEXT_CHARS_MAX):
        reader.feed("A", at_ms=number)
    assert len(reader._typed) == limits.QR_TEXT_CHARS_MAX


def test_the_right_layout_needs_nothing() -> None:
    """What arrives is what was meant."""
    layout = judge_calibration(CALIBRATION_TEXT)
    assert layout is not None
    assert layout.verdict is LayoutVerdict.GOOD
    assert layout.corrected("TC1:Y/Z") == "TC1:Y/Z"


@pytest.mark.parametrize("wrong", [CALIBRATION_TEXT.translate(GERMAN), CALIBRATION_TEXT.swapcase()])
def test_exchanged_keys_are_found_and_undone(wrong: str) -> None:
    """A German layout, and Caps Lock: after the calibration every code reads right."""
    reader = WedgeReader()
    assert reader.calibrate("TC1:SOMETHING ELSE") is None
    layout = reader.calibrate(typed(reader, wrong) or "")
    assert layout is not None
    assert layout.verdict is LayoutVerdict.CORRECTED
    text = qr.to_text(Scheme().request().envelope)
    arrives = text.translate(GERMAN) if wrong == CALIBRATION_TEXT.translate(GERMAN) else text.swapcase()
    assert typed(reader, arrives) == text


@pytest.mark.parametrize(
    "wrong", [CALIBRATION_TEXT.replace("+", "*"), CALIBRATION_TEXT.replace(":", ""), CALIBRATION_TEXT + "x"]
)
def test_lost_or_merged_keys_are_said_to_be_hopeless(wrong: str) -> None:
    """No program can know what was meant: the scanner must be set right."""
    layout = judge_calibration(wrong)
    assert layout is not None
    assert layout.verdict is LayoutVerdict.UNUSABLE


def test_other_texts_are_no_calibration() -> None:
    """Whatever is scanned or typed."""
    for text in ("", "TILLCAL", "TC1:ABC", "x" * len(CALIBRATION_TEXT)):
        assert judge_calibration(text) is None


# --- ports ---


class Wire:
    """A serial port whose bytes the test has prepared; then its plug is pulled."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks
        self.in_waiting = 1

    def read(self, _count: int) -> bytes:
        """The next chunk, or the end of the cable."""
        if not self._chunks:
            raise OSError(5, "Input/output error")
        return self._chunks.pop(0)

    def close(self) -> None:
        """Hang up."""


def serial_of(*ports: list[bytes] | None) -> ModuleType:
    """A module `serial`: each opening takes the next port; None is a port that is not there."""
    waiting = list(ports)
    module = ModuleType("serial")

    def plug(*_arguments: object, **_options: object) -> Wire:
        chunks = waiting.pop(0) if waiting else None
        if chunks is None:
            raise OSError(2, "No such file or directory")
        return Wire(chunks)

    vars(module)["Serial"] = plug
    return module


def port_of(*ports: list[bytes] | None) -> SerialPort:
    """A serial port of ours on such a module."""
    module = serial_of(*ports)
    return SerialPort("/dev/ttyACM0", importer=lambda _: module)


def test_lines_are_texts_wherever_they_are_cut() -> None:
    """CR, LF or both; empty lines are none."""
    port = port_of([b"TC1:", b"AB\r\nTC1:CD\r", b"\r\n", b"  \n", b"TC1:EF\n"])
    port.open()
    assert read_all(port) == ["TC1:AB", "TC1:CD", "TC1:EF"]


def test_a_line_without_end_is_dropped() -> None:
    """Bounded, and the next line is read."""
    port = port_of([b"A" * 4_096, b"A" * 4_096, b"\n", b"TC1:AB\n"])
    port.open()
    assert read_all(port) == ["TC1:AB"]
    assert len(port._buffer) < 8_192


TEXT = "TC1:ABC DEF$%*+-./:0123456789"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\t", "\x03", "\x03\r", "\x04", ""])
@pytest.mark.parametrize("start", ["", "\x02", "]Q1", "\x02]Q1", "\x00\xff"])
def test_a_text_ends_however_the_scanner_is_set(start: str, end: str) -> None:
    """CR, LF, TAB, ETX, EOT, or nothing but a silence; with STX, an AIM identifier or noise before it."""
    sent = f"{start}{TEXT}{end}".encode("latin-1")
    port = port_of([sent[:9], sent[9:], b"", b"", sent, b"", b""])
    port.open()
    assert read_all(port) == [TEXT, TEXT]


def test_the_rest_of_a_torn_read_spoils_no_other() -> None:
    """It is handed out by itself, to be refused with a word; what follows is whole."""
    port = port_of([b"TC1:ABC D", b"", b"\x00\xff" + TEXT.encode() + b"\r"])
    port.open()
    assert read_all(port) == ["TC1:ABC D", TEXT]
    marks = port_of(
        [TEXT.encode() + b"\r", b"TC1:ABC D", b"", TEXT.encode()[9:] + b"\r", b"TC1:A", *([b""] * 7), b"TC1:B\r"]
    )
    marks.open()
    assert read_all(marks) == [TEXT, "TC1:ABC D" + TEXT[9:], "TC1:A", "TC1:B"]


def test_names_in_a_code_keep_their_letters() -> None:
    """UTF-8, and Latin-1 from scanners that know nothing else."""
    port = port_of(["CAFÉ MÓR\r".encode(), "CAFÉ\r".encode("latin-1")])
    port.open()
    assert read_all(port) == ["CAFÉ MÓR", "CAFÉ"]


def test_a_port_is_opened_first() -> None:
    """Misuse otherwise; and closing twice is nothing."""
    port = port_of([])
    port.close()
    with pytest.raises(MisuseError):
        port.read()


def no_package(_name: str) -> ModuleType:
    """Nothing is installed."""
    raise ImportError


def test_a_missing_package_or_device_is_told() -> None:
    """With what to install."""
    with pytest.raises(UnavailableError, match="pip install"):
        SerialPort("/dev/ttyACM0", importer=no_package).open()
    with pytest.raises(UnavailableError, match="No such file"):
        port_of(None).open()
    with pytest.raises(UnavailableError, match="python3-evdev"):
        GrabbedKeyboard("/dev/input/event3", importer=no_package).open()


def test_a_scanner_that_is_pulled_out_is_told_waited_for_and_taken_again() -> None:
    """Lost once, however long it is away; then its codes come again."""
    told: queue.SimpleQueue[tuple[ScannerState, ErrorCode | None]] = queue.SimpleQueue()
    texts: queue.SimpleQueue[str] = queue.SimpleQueue()

    def state(now: ScannerState, error: TillcodeError | None) -> None:
        told.put((now, error.code if error else None))

    port = port_of([b"TC1:FIRST\n"], None, None, [b"TC1:SECOND\n"])
    scanner = TextScanner(port, texts.put, state, retry_s=0.001)
    scanner.start()
    try:
        assert [texts.get(timeout=20) for _ in range(2)] == ["TC1:FIRST", "TC1:SECOND"]
        wanted = [(ScannerState.READY, None), (ScannerState.LOST, ErrorCode.DEVICE_UNAVAILABLE)]
        assert [told.get(timeout=20) for _ in range(3)] == [*wanted, wanted[0]]
    finally:
        scanner.stop()


# --- evdev ---


class Keyboard:
    """A grabbed keyboard that types what the test has prepared."""

    def __init__(self, events: list[Any]) -> None:
        self.fd, self._end = os.pipe()
        os.write(self._end, b"ready")
        self.events = events
        self.is_grabbed = False

    def grab(self) -> None:
        """For us alone."""
        self.is_grabbed = True

    def read(self) -> list[Any]:
        """All of it."""
        events, self.events = self.events, []
        if not events:
            raise OSError(19, "No such device")
        return events

    def close(self) -> None:
        """Give it back."""
        os.close(self.fd)
        os.close(self._end)


def keys_of(text: str) -> list[SimpleNamespace]:
    """The key events of a text on a US keyboard: numbers are the places in KEYS."""
    events, at_usec = [], 0
    for character in text:
        for code, value in presses_of(character):
            at_usec += 2_000
            events.append(SimpleNamespace(type=1, code=code, value=value, sec=50, usec=at_usec))
        events.append(SimpleNamespace(type=0, code=0, value=0, sec=50, usec=at_usec))
    return events


KEYS = ["KEY_LEFTSHIFT", "KEY_SEMICOLON", "KEY_ENTER", "KEY_1", *(f"KEY_{one}" for one in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")]


def presses_of(character: str) -> list[tuple[int, int]]:
    """Shift, key down, key up, Shift up."""
    if character == "\n":
        return [(2, 1), (2, 0)]
    if character == "1":
        return [(3, 1), (3, 0)]
    key = 1 if character == ":" else KEYS.index(f"KEY_{character}")
    return [(0, 1), (key, 1), (key, 0), (0, 0)]


def test_a_grabbed_keyboard_gives_texts() -> None:
    """With Shift, key by key; a keyboard that is pulled out is told."""
    keyboard = Keyboard(keys_of("TC1:HELLO\n"))
    module = ModuleType("evdev")
    codes = SimpleNamespace(EV_KEY=1, KEY=dict(enumerate(KEYS)))
    vars(module).update(InputDevice=lambda _path: keyboard, ecodes=codes)
    port = GrabbedKeyboard("/dev/input/event3", importer=lambda _: module)
    port.open()
    assert keyboard.is_grabbed
    assert read_all(port) == ["TC1:HELLO"]
    with pytest.raises(UnavailableError):
        port.read()
    port.close()
    with pytest.raises(MisuseError):
        port.read()


@pytest.mark.parametrize("code", [254, 113, 330])
def test_keys_without_a_name_and_with_several_are_passed_over(code: int) -> None:
    """A newer kernel's key, one that evdev knows by two names, and the touch of a panel that was named by mistake."""
    odd = SimpleNamespace(type=1, code=code, value=1, sec=50, usec=0)
    keyboard = Keyboard([odd, *keys_of("TC1:HELLO\n"), odd])
    module = ModuleType("evdev")
    names: dict[int, object] = dict(enumerate(KEYS)) | {113: ["KEY_MIN_INTERESTING", "KEY_MUTE"], 330: ("BTN_TOUCH",)}
    vars(module).update(InputDevice=lambda _path: keyboard, ecodes=SimpleNamespace(EV_KEY=1, KEY=names))
    port = GrabbedKeyboard("/dev/input/event3", importer=lambda _: module)
    port.open()
    assert read_all(port) == ["TC1:HELLO"]
    port.close()


def test_a_typing_scanner_that_types_no_end_is_read_too() -> None:
    """A burst, and then silence; an AIM identifier before it is no part of the text."""
    reader = WedgeReader()
    for number, character in enumerate("]Q1TC1:HELLO"):
        assert reader.feed(character, at_ms=1_000 + number) is None
    assert reader.flush() == "TC1:HELLO"
    assert reader.flush() is None


def read_all(port: SerialPort | GrabbedKeyboard) -> list[str]:
    """Every text until the cable is out."""
    texts: list[str] = []
    while True:
        try:
            text = port.read()
        except UnavailableError:
            return texts
        if text is not None:
            texts.append(text)


def test_a_layout_is_kept_as_pairs() -> None:
    """And comes back as it was, the longest one too."""
    for arrives in (CALIBRATION_TEXT, CALIBRATION_TEXT.translate(GERMAN), CALIBRATION_TEXT.swapcase()):
        layout = judge_calibration(arrives)
        assert layout is not None
        assert layout_of(pairs_of(layout)).corrections == layout.corrections
        assert len(pairs_of(layout)) <= TEXT_CHARS_MAX
