"""Every device is pulled out while it is in use: the screen says a word, and the sale goes on another way.

The cameras are real frame sources (MJPEG over HTTP, a film, a folder) or the adapters on a driver's stand-in; the till
is whole, with its threads. What is pulled out stays out: the customer's code comes in through a typing scanner.
"""

import http.server
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest
from PIL import Image

from terminal_app.config import assets_folder
from terminal_app.desk import Makers
from terminal_app.devices.frames import FakeFrameSource, FrameSource
from terminal_app.devices.printers import FakePrinter
from terminal_app.devices.signals import Backlight, FakeDisplay, FakeLights
from terminal_app.devices.sound import NoSpeaker
from terminal_app.devices.sources import CameraOnDemand, source_maker
from terminal_app.office_commands import ChangeSetting, DeviceKind, OpenDrawer, PrintReceipt, TryDevice
from terminal_app.screen_model import Enrol, NextSale, ScanCustomer, ScanTyped, ScreenName
from tests.system.terminal.till_run import TillRun, scheme_now
from tests.unit.terminal_app.devices.test_camera import cv2, picamera2
from tests.unit.terminal_app.fake_server import SERVER_URL, FakeServer
from tests.unit.terminal_app.test_every_device import FAULTS, HELD, PORTS, SHORT, Moody
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.testing import Scheme

GONE = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "unplugged")
WORD = "The camera does not work."


class Camera(Protocol):
    """A camera in somebody's hand: it sees what it is shown, until its plug is pulled."""

    make: Callable[[], FrameSource]

    def show(self, picture: Image.Image) -> None:
        """See this from now on."""

    def unplug(self) -> None:
        """Be gone."""


class NetworkCamera:
    """An MJPEG stream over the loopback."""

    def __init__(self, stack: ExitStack, _folder: Path) -> None:
        self._frame = b""
        self._is_gone = threading.Event()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        stack.callback(server.server_close)
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        stack.callback(self._is_gone.set)
        self.make = source_maker(f"mjpeg:http://127.0.0.1:{server.server_address[1]}/video")

    def show(self, picture: Image.Image) -> None:
        """See this from now on."""
        self._frame = jpeg(picture)

    def unplug(self) -> None:
        """The stream ends, and nobody answers any more."""
        self._is_gone.set()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if camera._is_gone.is_set():
                    self.send_error(503)
                    return
                self.send_response(200)
                self.end_headers()
                while not camera._is_gone.wait(0.02):
                    try:
                        self.wfile.write(b"--frame\r\n\r\n" + camera._frame + b"\r\n")
                    except OSError:
                        return

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
                pass

        return Handler


class Film:
    """A motion JPEG file."""

    def __init__(self, _stack: ExitStack, folder: Path) -> None:
        self._path = folder / "counter.mjpg"
        self.make = source_maker(f"video:{self._path}")

    def show(self, picture: Image.Image) -> None:
        """See this from now on."""
        beside = self._path.with_suffix(".new")
        beside.write_bytes(jpeg(picture))
        beside.replace(self._path)

    def unplug(self) -> None:
        """The stick is pulled out."""
        self._path.unlink()


class Pictures:
    """A folder of pictures."""

    def __init__(self, _stack: ExitStack, folder: Path) -> None:
        self._folder = folder / "pictures"
        self._folder.mkdir()
        self.make = source_maker(f"folder:{self._folder}")

    def show(self, picture: Image.Image) -> None:
        """See this from now on."""
        picture.save(self._folder / "new.ppm", "PPM")
        (self._folder / "new.ppm").replace(self._folder / "one.pgm")

    def unplug(self) -> None:
        """The stick is pulled out."""
        (self._folder / "one.pgm").unlink()
        self._folder.rmdir()


class DriverCamera:
    """The stand-in of a camera's driver: what picamera2 and OpenCV give, as far as the adapters look at it."""

    def __init__(self) -> None:
        self._picture = Image.new("L", (64, 64), 128)
        self._is_gone = False

    def show(self, picture: Image.Image) -> None:
        """See this from now on."""
        self._picture = picture.convert("L")

    def unplug(self) -> None:
        """Be gone."""
        self._is_gone = True

    def __getattr__(self, _name: str) -> Callable[..., Any]:
        """Everything else a driver is asked for succeeds and says nothing."""
        return lambda *_args, **_kwargs: None


class PiDriver(DriverCamera):
    """A Raspberry Pi's camera."""

    def __init__(self, _stack: ExitStack, _folder: Path) -> None:
        super().__init__()
        self.make = lambda: CameraOnDemand(drivers=("pi",), importer=lambda _: picamera2(self))  # type: ignore[arg-type]

    def wait(self, _job: object, *, timeout: float) -> memoryview:
        """One picture, as YUV420."""
        assert timeout > 0
        if self._is_gone:
            raise RuntimeError("camera frontend has timed out")
        width, height = self._picture.size
        colour = b"\x80" * (width * (height // 2))
        return memoryview(self._picture.tobytes() + colour).cast("B", (height + height // 2, width))

    def camera_configuration(self) -> dict[str, dict[str, tuple[int, int]]]:
        """How large it is."""
        return {"lores": {"size": self._picture.size}}


class UsbDriver(DriverCamera):
    """A USB camera behind OpenCV."""

    def __init__(self, _stack: ExitStack, _folder: Path) -> None:
        super().__init__()
        self.make = lambda: CameraOnDemand(drivers=("v4l2",), importer=self._module)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Plugged in?"""
        return not self._is_gone

    def read(self) -> tuple[bool, object]:
        """The next picture."""
        return not self._is_gone, self

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a grey picture."""
        return self._picture.height, self._picture.width

    def tobytes(self) -> bytes:
        """Its rows."""
        return self._picture.tobytes()

    def _module(self, _name: str) -> ModuleType:
        return cv2(self)  # type: ignore[arg-type]


def jpeg(picture: Image.Image) -> bytes:
    """A picture as a camera sends it."""
    content = BytesIO()
    picture.save(content, "JPEG", quality=90)
    return content.getvalue()


def code_of(scheme: Scheme) -> str:
    """A new customer's code."""
    return qr.to_text(scheme.code(token=scheme.token().envelope).envelope)


@contextmanager
def open_shop(
    folder: Path, scheme: Scheme, *, make: Callable[[], FrameSource] | None = None, makers: Makers | None = None
) -> Iterator[TillRun]:
    """A till that has joined a shop and is online."""
    run = TillRun(folder / "home", server=FakeServer(scheme=scheme), open_source=make, makers=makers)
    try:
        run.wait_on(ScreenName.ENROL)
        run.terminal.send(Enrol(server_url=SERVER_URL, activation_code="CODE-1"))
        run.wait_on(ScreenName.KEYPAD)
        yield run
    finally:
        run.terminal.stop()


@pytest.mark.parametrize("kind", [NetworkCamera, Film, Pictures, PiDriver, UsbDriver])
def test_a_camera_that_is_pulled_out_while_it_looks(tmp_path: Path, kind: Callable[[ExitStack, Path], Camera]) -> None:
    """First it reads a code and the sale is paid; then it is lost in the middle of the next one."""
    scheme = scheme_now()
    with ExitStack() as stack:
        camera = kind(stack, tmp_path)
        camera.show(qr.picture(code_of(scheme), module_px=4))
        run = stack.enter_context(open_shop(tmp_path, scheme, make=camera.make))
        run.terminal.send(ScanCustomer(amount_minor=1_250))
        run.wait_on(ScreenName.PAID)
        run.terminal.send(NextSale())
        run.wait_on(ScreenName.KEYPAD)
        camera.show(Image.new("L", (64, 64), 128))
        run.terminal.send(ScanCustomer(amount_minor=700))
        assert run.wait_on(ScreenName.SCAN).lines != (WORD,)
        camera.unplug()
        run.wait_for(lambda model: model.name is ScreenName.SCAN and model.lines == (WORD,))
        run.terminal.send(ScanTyped(text=code_of(scheme)))
        run.wait_on(ScreenName.PAID)
        assert sorted(one.message.amount_minor for one in run.server.receipts.values()) == [700, 1_250]


class PulledPort:
    """A hand scanner whose plug is pulled by the test."""

    def __init__(self) -> None:
        self.texts: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.is_gone = False

    def open(self) -> None:
        """Plugged in, or not."""
        if self.is_gone:
            raise GONE

    def read(self) -> str | None:
        """The next text."""
        self.open()
        try:
            return self.texts.get(timeout=0.01)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Nothing is open."""


def counter_of(
    folder: Path, port: PulledPort, printer: FakePrinter, lights: FakeLights, display: FakeDisplay
) -> Makers:
    """A desk with all of these on it."""
    return Makers(
        printer=lambda _address, _settings: printer,
        lights=lambda _address: lights,
        display=lambda _address: display,
        scanner=lambda _address: port,
        speaker=NoSpeaker(),
        backlight=Backlight(folder),
        sounds=assets_folder() / "sounds",
    )


def test_every_other_device_is_pulled_out_and_the_sale_goes_on(tmp_path: Path) -> None:
    """Printer, drawer, lights, display, hand scanner: each is named while it fails, and named no more once it works."""
    scheme, camera, port = scheme_now(), FakeFrameSource(), PulledPort()
    printer, lights, display = FakePrinter(), FakeLights(), FakeDisplay()
    makers = counter_of(tmp_path, port, printer, lights, display)
    with open_shop(tmp_path, scheme, make=lambda: camera, makers=makers) as run:

        def faults() -> set[DeviceKind]:
            return {kind for kind, _ in run.terminal._shown.device_faults}

        for name in ("printer", "lights", "display", "scanner"):
            run.terminal.send(ChangeSetting(name=name, text="there"))
        run.terminal.send(ScanCustomer(amount_minor=1_250))
        run.wait_on(ScreenName.SCAN)
        port.texts.put(code_of(scheme))
        run.wait_on(ScreenName.PAID)
        assert faults() == set()
        run.terminal.send(NextSale())
        run.wait_on(ScreenName.KEYPAD)

        port.is_gone = True
        printer.failure = lights.failure = display.failure = GONE
        run.terminal.send(ScanCustomer(amount_minor=700))
        run.wait_for(lambda _: faults() == {DeviceKind.LIGHTS, DeviceKind.DISPLAY, DeviceKind.SCANNER})
        run.terminal.send(ScanTyped(text=code_of(scheme)))
        run.wait_on(ScreenName.PAID)
        run.terminal.send(PrintReceipt())
        run.terminal.send(OpenDrawer())
        counter_devices = {DeviceKind.LIGHTS, DeviceKind.DISPLAY, DeviceKind.PRINTER, DeviceKind.DRAWER}
        run.wait_for(lambda _: faults() == {*counter_devices, DeviceKind.SCANNER})
        run.terminal.send(NextSale())
        stale, told = run.wait_on(ScreenName.KEYPAD).lines
        assert stale == "The customer display may show an older sale."
        assert told == "Customer display, Cash drawer, Lights, Printer, Scanner: does not work."

        port.is_gone = False
        printer.failure = lights.failure = display.failure = None
        for kind in counter_devices:
            run.terminal.send(TryDevice(kind=kind))
        run.wait_for(lambda model: not faults() and not model.lines)
        assert len(run.server.receipts) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_every_device_fails_at_once_and_the_sale_goes_on(tmp_path: Path, fault: str) -> None:
    """Each method of each raises the same, or hangs: the core sells on, tells what fails, and all comes back."""
    HELD.clear()
    scheme = scheme_now()
    moody: dict[str, Any] = {
        "Printer": Moody(FakePrinter()),
        "Lights": Moody(FakeLights()),
        "Display": Moody(FakeDisplay()),
        "TextPort": Moody(PulledPort()),
        "FrameSource": Moody(FakeFrameSource()),
    }
    makers = counter_of(tmp_path, moody["TextPort"], moody["Printer"], moody["Lights"], moody["Display"])
    kinds = {DeviceKind.PRINTER, DeviceKind.LIGHTS, DeviceKind.DISPLAY, DeviceKind.SCANNER}
    with open_shop(tmp_path, scheme, make=lambda: moody["FrameSource"], makers=replace(makers, patience=SHORT)) as run:

        def faults() -> set[DeviceKind]:
            return {kind for kind, _ in run.terminal._shown.device_faults}

        for port, one in moody.items():
            one.moods.update(dict.fromkeys(PORTS[port], FAULTS[fault]))
        for name in ("printer", "lights", "display", "scanner"):
            run.terminal.send(ChangeSetting(name=name, text="there"))
        run.terminal.send(ScanCustomer(amount_minor=700))
        run.wait_for(lambda model: model.name is ScreenName.SCAN and model.lines == (WORD,))
        run.terminal.send(ScanTyped(text=code_of(scheme)))
        run.wait_on(ScreenName.PAID)
        run.terminal.send(PrintReceipt())
        run.wait_for(lambda _: faults() == kinds)
        for one in moody.values():
            one.moods.clear()
        HELD.set()
        run.terminal.send(NextSale())
        run.wait_for(lambda _: faults() == {DeviceKind.PRINTER})
        run.terminal.send(TryDevice(kind=DeviceKind.PRINTER))
        run.wait_for(lambda model: not faults() and not model.lines)
        assert len(run.server.receipts) == 1
