"""Receipt printers: the protocol, ESC/POS over USB, network, serial line or file, and a fake.

A printer is opened for each paper and closed again: one that was switched off and on, or plugged out and in, is then
simply there again. Whoever prints hears of a printer that is gone as an error, and the sale is not touched by it.
"""

import errno
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from terminal_app.devices.paper import (
    COLUMNS_58,
    COLUMNS_80,
    WIDTH_PX_58,
    WIDTH_PX_80,
    Paper,
    PaperLine,
    Style,
    as_text,
    is_plain,
)
from terminal_app.devices.wires import (
    RAW_PORT,
    Importer,
    Send,
    send_over_serial,
    send_over_tcp,
    send_over_usb,
    send_to_file,
)
from terminal_app.settings import PaperWidth
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError

if TYPE_CHECKING:
    from PIL import Image

#: Connector of the drawer's cable at nearly every printer.
DRAWER_PIN: Final = 2


class Printer(Protocol):
    """Prints papers and opens the drawer that hangs on it."""

    def print_paper(self, paper: Paper) -> None:
        """Print and cut.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE; how much came out nobody knows.
        """

    def open_drawer(self) -> None:
        """Give the drawer its pulse.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE.
        """


TEST_PAPER: Final = Paper(
    lines=(
        PaperLine(text="Tillcode", style=Style.TITLE),
        PaperLine(text="0123456789 abc ABC", value="12.50 EUR"),
        PaperLine(text="é ü ñ ç"),
    ),
    code_text="TC1:TEST",
)


class EscposPrinter:
    """A printer that speaks ESC/POS.

    Args:
        send: brings bytes to it, and raises OSError or an error of python-escpos.
        paper: width of its paper.
        fonts: folder of the fonts, for what its own font does not have.
    """

    def __init__(self, send: Send, *, paper: PaperWidth, fonts: Path) -> None:
        self._send = send
        self._columns = COLUMNS_58 if paper is PaperWidth.MM_58 else COLUMNS_80
        self._width_px = WIDTH_PX_58 if paper is PaperWidth.MM_58 else WIDTH_PX_80
        self._fonts = fonts

    def print_paper(self, paper: Paper) -> None:
        """As text when its own font has it all, else as a picture; the code always as a picture."""
        from terminal_app.devices.raster import picture_of  # Pillow: not before something is printed

        if is_plain(paper):
            text = "\n".join(as_text(paper, columns=self._columns)) + "\n"
            code = Paper(lines=(), code_text=paper.code_text)
            picture = picture_of(code, width_px=self._width_px, fonts=self._fonts) if paper.code_text else None
        else:
            text, picture = "", picture_of(paper, width_px=self._width_px, fonts=self._fonts)
        self._send_all(lambda device: _print(device, text, picture))

    def open_drawer(self) -> None:
        """Pin 2."""
        self._send_all(lambda device: device.cashdraw(DRAWER_PIN))

    def _send_all(self, write: Callable[[Any], None]) -> None:
        """Write it into memory first: a paper that cannot be made never begins to come out."""
        from escpos.exceptions import Error as EscposError
        from escpos.printer import Dummy

        device = Dummy()
        write(device)
        try:
            self._send(device.output)
        except EscposError as error:
            raise _failed(error) from OSError(errno.ENODEV, str(error))
        except (ImportError, OSError, ValueError) as error:
            raise _failed(error) from error


class FakePrinter:
    """A printer for tests: it keeps what it printed, and fails when told to."""

    def __init__(self) -> None:
        self.papers: list[Paper] = []
        self.drawer_count = 0
        self.failure: TillcodeError | None = None

    def print_paper(self, paper: Paper) -> None:
        """Keep it."""
        self._check()
        self.papers.append(paper)

    def open_drawer(self) -> None:
        """Count it."""
        self._check()
        self.drawer_count += 1

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure


def open_printer(
    address: str, *, paper: PaperWidth, fonts: Path, importer: Importer = importlib.import_module
) -> Printer:
    """The printer of an address: `usb:04b8:0e15`, `tcp:HOST[:9100]`, `serial:/dev/ttyUSB0` or `file:/dev/usb/lp0`.

    Nothing is opened yet.

    Raises:
        MisuseError: BAD_ARGUMENT for any other address.
        UnavailableError: DEVICE_UNAVAILABLE, saying what to install.
    """
    kind, _, rest = address.partition(":")
    choose = _MAKERS.get(kind)
    if choose is None or not rest:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a printer is usb:, tcp:, serial: or file:", param="printer")
    try:
        importer("escpos.printer")
    except ImportError as error:
        raise UnavailableError(
            ErrorCode.DEVICE_UNAVAILABLE, "for a printer: pip install 'tillcode[devices]'", param="printer"
        ) from error
    try:
        return EscposPrinter(choose(rest, importer), paper=paper, fonts=fonts)
    except ValueError as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"no address of a printer: {error}", param="printer") from error


def _print(device: Any, text: str, picture: "Image.Image | None") -> None:
    device.hw("INIT")
    if text:
        device.textln(text)
    if picture is not None:
        device.image(picture, impl="bitImageRaster", fragment_height=480, center=False)
    device.cut()


def _usb(rest: str, importer: Importer) -> Send:
    vendor, _, product = rest.partition(":")
    numbers = int(vendor, 16), int(product, 16)
    return lambda content: send_over_usb(importer("escpos.printer"), *numbers, content)


def _tcp(rest: str, _importer: Importer) -> Send:
    host, _, port = rest.partition(":")
    number = int(port) if port else RAW_PORT
    return lambda content: send_over_tcp(host, number, content)


def _serial(rest: str, importer: Importer) -> Send:
    return lambda content: send_over_serial(rest, content, importer=importer)


def _file(rest: str, _importer: Importer) -> Send:
    return lambda content: send_to_file(rest, content)


def _failed(error: Exception) -> UnavailableError:
    return UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"the printer: {error}", param="printer")


_MAKERS: Final = {"usb": _usb, "tcp": _tcp, "serial": _serial, "file": _file}
