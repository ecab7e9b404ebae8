"""Which camera: an address as a flag or a setting gives it, made into a frame source.

auto              the Raspberry Pi's camera, else the first USB camera
pi:0, v4l2:0      one of them, by its number
mjpeg:http://...  a camera in the network, or a phone
video:FILE        a film: .mjpg, GIF, WebP, APNG
folder:DIR        the pictures of a folder, in turn
screen:FILE       another program's mirrored screen
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from terminal_app.devices.camera import ADAPTERS, PI, V4L2, Importer, open_camera
from terminal_app.devices.frames import FrameSource, ImageFolder, ScreenshotFile
from terminal_app.devices.streams import MjpegStream, VideoFile
from wallet_sdk.frames import GreyFrame
from wallet_sdk.protocol.errors import ErrorCode, MisuseError

AUTO: Final = "auto"
#: More cameras than anybody plugs into a till.
INDEX_MAX: Final = 99
_FILES: Final[dict[str, Callable[[Path], FrameSource]]] = {
    "video": VideoFile,
    "folder": ImageFolder,
    "screen": ScreenshotFile,
}


class SourceOnDemand:
    """A frame source that is made when it is opened, in the scanner's thread and not in the core's."""

    def __init__(self, make: Callable[[], FrameSource]) -> None:
        self._make = make
        self._source: FrameSource | None = None

    def open(self) -> None:
        """Make it if it is not there yet, and open it."""
        if self._source is None:
            self._source = self._make()
        self._source.open()

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """Its next frame."""
        if self._source is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the frame source is not open")
        return self._source.read(timeout_ms)

    def close(self) -> None:
        """Let go of it."""
        if self._source is not None:
            self._source.close()


class CameraOnDemand:
    """A frame source that looks for the camera when it is opened, in the scanner's thread and not in the core's."""

    def __init__(
        self,
        *,
        drivers: tuple[str, ...] = tuple(ADAPTERS),
        index: int = 0,
        importer: Importer = importlib.import_module,
    ) -> None:
        self._drivers = drivers
        self._index = index
        self._importer = importer
        self._camera: FrameSource | None = None

    def open(self) -> None:
        """Find the camera and open it."""
        if self._camera is None:
            self._camera = open_camera(drivers=self._drivers, index=self._index, importer=self._importer)

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """The camera's next frame."""
        if self._camera is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the frame source is not open")
        return self._camera.read(timeout_ms)

    def close(self) -> None:
        """Let go of the camera."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None


def source_maker(address: str) -> Callable[[], FrameSource]:
    """What makes a fresh frame source for each scan; nothing is opened yet.

    Raises:
        MisuseError: BAD_ARGUMENT, `param` "camera", for an address that is none of the above.
    """
    kind, _, rest = address.partition(":")
    if address == AUTO:
        return CameraOnDemand
    if kind in {PI, V4L2}:
        index = _index(rest)
        return lambda: CameraOnDemand(drivers=(kind,), index=index)
    if kind == "mjpeg":
        MjpegStream(rest)  # a bad address is told at the start, not at the first sale
        return lambda: MjpegStream(rest)
    if kind in _FILES and rest:
        make, path = _FILES[kind], Path(rest)
        return lambda: make(path)
    raise _bad(f"it is {AUTO}, pi:0, v4l2:0, mjpeg:http://..., video:FILE, folder:DIR or screen:FILE")


def _index(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(INDEX_MAX))):
        raise _bad(f"a camera's number is 0 to {INDEX_MAX}")
    return int(text)


def _bad(why: str) -> MisuseError:
    return MisuseError(ErrorCode.BAD_ARGUMENT, f"camera: {why}", param="camera")
