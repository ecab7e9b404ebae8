"""One suite for each kind of device on the counter, the fakes and the adapters on stand-ins of their drivers alike."""

import importlib
import os
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from terminal_app.config import assets_folder
from terminal_app.devices.paper import RULE, Paper, PaperLine, Style
from terminal_app.devices.printers import TEST_PAPER, EscposPrinter, FakePrinter, Printer, open_printer
from terminal_app.devices.signals import (
    Display,
    FakeDisplay,
    FakeLights,
    Lights,
    Signal,
    open_display,
    open_lights,
)
from terminal_app.devices.trouble import Trouble, trouble_of
from terminal_app.devices.wires import send_over_serial, send_over_tcp, send_to_file
from terminal_app.settings import PaperWidth
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError

FONTS = assets_folder() / "fonts"
PLAIN = Paper(lines=(PaperLine(text="Cafe Mole", style=Style.TITLE), RULE, PaperLine(text="Sum", value="12.50 EUR")))
GONE = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "unplugged")


def missing(_name: str) -> ModuleType:
    """No driver is installed."""
    raise ImportError


class Wire:
    """A serial line for tests."""

    def __init__(self, *_arguments: object, **_options: object) -> None:
        self.written = b""

    def write(self, content: bytes) -> None:
        """Keep it."""
        self.written += content

    def reset_output_buffer(self) -> None:
        """Everything is out at once."""

    def close(self) -> None:
        """Hang up."""


def serial_module(port: Callable[..., Any]) -> ModuleType:
    """A module `serial` with this port."""
    module = ModuleType("serial")
    vars(module)["Serial"] = port
    return module


def dead_port(*_arguments: object, **_options: object) -> Wire:
    """Nothing is plugged in."""
    raise OSError(2, "No such file")


# --- printers ---


def escpos_on_dummy() -> tuple[Printer, list[bytes]]:
    """The real adapter, and what it sends."""
    printed: list[bytes] = []
    return EscposPrinter(printed.append, paper=PaperWidth.MM_80, fonts=FONTS), printed


def dead_printer() -> Printer:
    """The real adapter on a printer that is gone."""

    def send(_content: bytes) -> None:
        raise OSError(2, "No such file")

    return EscposPrinter(send, paper=PaperWidth.MM_80, fonts=FONTS)


def failing_fake() -> Printer:
    """The fake, told to fail."""
    printer = FakePrinter()
    printer.failure = GONE
    return printer


@pytest.mark.parametrize("make", [FakePrinter, lambda: escpos_on_dummy()[0]], ids=["fake", "escpos"])
def test_a_printer_prints_and_opens_the_drawer(make: Callable[[], Printer]) -> None:
    """Papers of every kind, one after the other."""
    printer = make()
    for paper in (PLAIN, TEST_PAPER, Paper(lines=())):
        printer.print_paper(paper)
    printer.open_drawer()


@pytest.mark.parametrize("make", [failing_fake, dead_printer], ids=["fake", "escpos"])
def test_a_printer_that_is_gone_is_told(make: Callable[[], Printer]) -> None:
    """By one typed error, for paper and drawer alike."""
    printer = make()
    uses: list[Callable[[], None]] = [lambda: printer.print_paper(PLAIN), printer.open_drawer]
    for use in uses:
        with pytest.raises(UnavailableError) as caught:
            use()
        assert caught.value.code is ErrorCode.DEVICE_UNAVAILABLE


def test_plain_text_goes_as_text_and_all_else_as_a_picture() -> None:
    """A printer never gets a letter that it would print as a question mark."""
    printer, printed = escpos_on_dummy()
    printer.print_paper(PLAIN)
    printer.print_paper(TEST_PAPER)
    plain, picture = printed
    assert b"Sum                                    12.50 EUR" in plain
    assert b"\x1dv0" not in plain
    assert b"\x1dv0" in picture
    assert b"?" not in plain
    assert b"abc ABC" not in picture
    assert plain.startswith(b"\x1b@")
    assert b"\x1dV" in plain


def test_the_drawer_gets_its_pulse() -> None:
    """ESC p, on pin 2."""
    printer, printed = escpos_on_dummy()
    printer.open_drawer()
    assert printed[0].startswith(b"\x1bp\x00")


def test_addresses_of_printers() -> None:
    """Four ways to plug one in, anything else refused, and a word when the package is missing."""
    for address in ("usb:04b8:0e15", "tcp:192.0.2.1", "tcp:192.0.2.1:9101", "serial:/dev/ttyUSB0", "file:/dev/null"):
        assert isinstance(open_printer(address, paper=PaperWidth.MM_58, fonts=FONTS), EscposPrinter)
    for address in ("", "usb", "usb:x:y", "tcp:a:b", "lpt:1"):
        with pytest.raises(MisuseError):
            open_printer(address, paper=PaperWidth.MM_58, fonts=FONTS)
    with pytest.raises(UnavailableError, match="pip install"):
        open_printer("tcp:a", paper=PaperWidth.MM_58, fonts=FONTS, importer=missing)


def test_a_file_is_a_printer(tmp_path: Path) -> None:
    """/dev/usb/lp0 is one; here it is a plain file."""
    (tmp_path / "lp0").touch()
    printer = open_printer(f"file:{tmp_path / 'lp0'}", paper=PaperWidth.MM_58, fonts=FONTS)
    printer.print_paper(PLAIN)
    assert b"12.50 EUR" in (tmp_path / "lp0").read_bytes()
    gone = open_printer(f"file:{tmp_path / 'no' / 'lp0'}", paper=PaperWidth.MM_58, fonts=FONTS)
    with pytest.raises(UnavailableError):
        gone.print_paper(PLAIN)


# --- what takes nothing ---


LONG = Paper(lines=tuple(PaperLine(text=f"line {number}", value="1.00 EUR") for number in range(4_000)))


def failed(send: Callable[[bytes], None]) -> Trouble:
    """Print a paper that fits into no buffer; returns why it does not come out."""
    with pytest.raises(UnavailableError) as caught:
        EscposPrinter(send, paper=PaperWidth.MM_80, fonts=FONTS).print_paper(LONG)
    return trouble_of(caught.value)


def test_a_pipe_that_nobody_reads_is_given_up(tmp_path: Path) -> None:
    """As /dev/usb/lp0 of a printer without paper: it takes a buffer full, and no more."""
    pipe = str(tmp_path / "lp0")
    os.mkfifo(pipe)
    assert failed(lambda content: send_to_file(pipe, content)) is Trouble.ABSENT
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert failed(lambda content: send_to_file(pipe, content, stall_s=0.01)) is Trouble.SILENT
    finally:
        os.close(reader)


def test_a_serial_line_that_nobody_reads_is_given_up() -> None:
    """And closed without waiting for what is still on its way; one that is read takes it all."""
    outer, inner = os.openpty()
    path = os.ttyname(inner)
    tty.setraw(inner)

    def send(content: bytes, stall_s: float) -> None:
        send_over_serial(path, content, importer=importlib.import_module, stall_s=stall_s)

    taken = bytearray()

    def read_all() -> None:
        while len(taken) < 64_000:
            taken.extend(os.read(outer, 4_096))

    try:
        assert failed(lambda content: send(content, 0.01)) is Trouble.SILENT
        reader = threading.Thread(target=read_all, daemon=True)
        reader.start()
        send(b"x" * 64_000, 20)
        reader.join(20)
        assert bytes(taken).endswith(b"x" * 1_000)
    finally:
        os.close(inner)
        os.close(outer)


def test_a_network_printer_that_reads_nothing_is_given_up() -> None:
    """Out of paper, its buffers full; and one where nobody listens is told apart."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        content = b"x" * 16_000_000
        with pytest.raises(TimeoutError):
            send_over_tcp("127.0.0.1", port, content, stall_s=0.05)
    assert failed(lambda content: send_over_tcp("127.0.0.1", port, content)) is Trouble.ABSENT


# --- lights ---


@pytest.fixture
def pins() -> Iterator[Any]:
    """gpiozero's own stand-in for the pins of a Pi."""
    from gpiozero import Device
    from gpiozero.pins.mock import MockFactory

    before, Device.pin_factory = Device.pin_factory, MockFactory()
    try:
        yield Device.pin_factory
    finally:
        Device.pin_factory.reset()
        Device.pin_factory = before


@pytest.mark.parametrize("address", ["", "gpio:17,27,22", "gpio:17,27,22,4"], ids=["fake", "gpio", "gpio with buzzer"])
def test_lights_show_every_signal(pins: Any, address: str) -> None:
    """One after the other, and go out twice."""
    lights: Lights = open_lights(address) if address else FakeLights()
    for signal in Signal:
        lights.show(signal)
    lights.close()
    lights.close()
    assert pins


def test_the_pins_burn_as_the_signal_says(pins: Any) -> None:
    """Green, yellow, red; not known is yellow and red."""
    lights = open_lights("gpio:17,27,22")
    burning = {}
    for signal in Signal:
        lights.show(signal)
        burning[signal] = tuple(int(pins.pin(number).state) for number in (17, 27, 22))
    lights.close()
    assert burning == {
        Signal.IDLE: (0, 0, 0),
        Signal.WAITING: (0, 1, 0),
        Signal.GOOD: (1, 0, 0),
        Signal.BAD: (0, 0, 1),
        Signal.UNKNOWN: (0, 1, 1),
    }


def test_lights_that_are_not_there_are_told(pins: Any) -> None:
    """No package, no such pin, no address."""
    with pytest.raises(UnavailableError):
        open_lights("gpio:17,27,22", importer=missing)
    with pytest.raises(UnavailableError):
        open_lights("gpio:17,17,17")
    for address in ("", "gpio:1,2", "gpio:a,b,c", "usb:1,2,3"):
        with pytest.raises(MisuseError):
            open_lights(address)
    assert pins


# --- customer display ---


@pytest.mark.parametrize("kind", ["fake", "serial"])
def test_a_display_shows_two_lines(kind: str) -> None:
    """Any text; cut to its width."""
    display: Display = FakeDisplay()
    if kind == "serial":
        display = open_display("serial:/dev/ttyUSB1", importer=lambda _: serial_module(Wire))
    display.show("TOTAL", "12.50 EUR")
    display.show("x" * 50, "é 支付")
    display.close()
    display.close()


def test_a_serial_display_gets_what_it_understands() -> None:
    """Clear, then twenty characters for each line, and no letter that its font lacks."""
    wires: list[Wire] = []

    def plug(*arguments: object, **options: object) -> Wire:
        wires.append(Wire(*arguments, **options))
        return wires[-1]

    display = open_display("serial:/dev/ttyUSB1", importer=lambda _: serial_module(plug))
    display.show("TOTAL é", "12.50 EUR")
    assert wires[0].written == b"\x0cTOTAL               12.50 EUR           "
    display.close()
    assert wires[0].written.endswith(b" \x0c"), "no outcome stays behind"


def test_a_display_that_is_gone_is_told_and_opened_anew() -> None:
    """Unplugged, then there again."""
    ports: list[Callable[..., Wire]] = [dead_port, Wire]
    display = open_display("serial:/dev/ttyUSB1", importer=lambda _: serial_module(ports.pop(0)))
    with pytest.raises(UnavailableError):
        display.show("a", "b")
    display.show("a", "b")
    with pytest.raises(UnavailableError, match="pip install"):
        open_display("serial:x", importer=missing).show("a", "b")
    with pytest.raises(MisuseError):
        open_display("tcp:1")


def test_nothing_optional_is_imported_before_it_is_used() -> None:
    """The modules of the adapters load on a machine without any of the packages."""
    for name in ("printers", "signals", "text_scanners", "wedge", "paper", "raster"):
        source = Path(importlib.import_module(f"terminal_app.devices.{name}").__file__ or "").read_text()
        top = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
        assert not [
            line for line in top if any(one in line for one in ("escpos", "serial", "gpiozero", "evdev", "fpdf"))
        ]
