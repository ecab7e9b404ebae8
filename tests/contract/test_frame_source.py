"""The FrameSource contract: one suite for every source, the fake and the cameras on fake drivers included."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from PIL import Image

from terminal_app.devices.camera_opencv import OpenCvCamera
from terminal_app.devices.camera_picamera import PiCamera
from terminal_app.devices.camera_size import FrameSize
from terminal_app.devices.frames import FakeFrameSource, FrameSource, ImageFolder, ScreenshotFile
from terminal_app.devices.streams import VideoFile
from wallet_sdk.decoding import GreyFrame
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError

WIDTH, HEIGHT = 64, 48
LUMA = bytes(range(WIDTH)) * HEIGHT
FRAME = GreyFrame(width=WIDTH, height=HEIGHT, luma=LUMA)
#: Long enough for a slow machine; nothing waits this long when all is well.
PATIENCE_MS = 5000


def picture() -> Image.Image:
    """The frame as a picture file's content."""
    return Image.frombytes("L", (WIDTH, HEIGHT), LUMA)


class StillPicamera2:
    """The part of picamera2.Picamera2 that we use, before a still scene; rows padded as libcamera does."""

    stride: ClassVar[int] = 128

    def __init__(self, index: int) -> None:
        if index != 0:
            raise IndexError("list index out of range")
        self.started = False

    def create_video_configuration(self, *, main: dict[str, object], lores: dict[str, object]) -> dict[str, object]:
        """Keep what was asked for."""
        return {"main": main, "lores": lores}

    def configure(self, configuration: dict[str, object]) -> None:
        """Remember it."""
        self.configuration = configuration

    def camera_configuration(self) -> dict[str, object]:
        """Give it back."""
        return self.configuration

    def start(self) -> None:
        """Begin."""
        self.started = True

    def capture_array(self, name: str, *, wait: bool) -> str:
        """A job."""
        assert (name, wait, self.started) == ("lores", False, True)
        return "job"

    def wait(self, job: str, timeout: float) -> memoryview:
        """The planes of the scene: Y, then a half of chroma."""
        assert job == "job"
        assert timeout >= 0
        rows = b"".join(LUMA[row * WIDTH : (row + 1) * WIDTH] + bytes(self.stride - WIDTH) for row in range(HEIGHT))
        return memoryview(rows + b"\x80" * (self.stride * HEIGHT // 2)).cast("B", (HEIGHT * 3 // 2, self.stride))

    def stop(self) -> None:
        """End."""
        self.started = False

    def close(self) -> None:
        """Free."""


def fake_picamera2() -> ModuleType:
    """A module with the class that our adapter asks for."""
    module = ModuleType("picamera2")
    vars(module)["Picamera2"] = StillPicamera2
    return module


class StillPicture:
    """A numpy picture, as far as we look at one."""

    shape = (HEIGHT, WIDTH)

    def tobytes(self) -> bytes:
        """Its rows."""
        return LUMA


class StillCapture:
    """The part of cv2.VideoCapture that we use."""

    def __init__(self, index: int, driver: int) -> None:
        assert driver == 200
        self._opened = index == 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Only camera 0 is plugged in."""
        return self._opened

    def set(self, prop: int, wanted: float) -> None:
        """Drivers may ignore it, and this one does."""

    def read(self) -> tuple[bool, StillPicture]:
        """A grey camera."""
        return self._opened, StillPicture()

    def release(self) -> None:
        """Free."""
        self._opened = False


def fake_cv2() -> ModuleType:
    """A module with the names that our adapter asks for."""
    module = ModuleType("cv2")
    names = {"CAP_PROP_FRAME_WIDTH": 3, "CAP_PROP_FRAME_HEIGHT": 4, "CAP_PROP_BUFFERSIZE": 38, "CAP_V4L2": 200}
    vars(module).update(names, VideoCapture=StillCapture, error=RuntimeError)
    return module


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """How to make one kind of source: one that sees FRAME, and one whose device is missing."""

    working: Callable[[Path], FrameSource]
    missing: Callable[[Path], FrameSource]


def folder_source(path: Path) -> FrameSource:
    """A folder of one picture."""
    picture().save(path / "one.png")
    return ImageFolder(path, interval_ms=1)


def screenshot_source(path: Path) -> FrameSource:
    """A mirrored screen."""
    picture().save(path / "screen.png")
    return ScreenshotFile(path / "screen.png", repeat_ms=1)


def video_source(path: Path) -> FrameSource:
    """A film of a still scene."""
    picture().save(path / "film.png", save_all=True, append_images=[picture(), picture()])
    return VideoFile(path / "film.png", interval_ms=1)


def missing_fake() -> FrameSource:
    """A fake told to fail."""
    source = FakeFrameSource()
    source.fail(UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "unplugged"))
    return source


SIZE = FrameSize(width=WIDTH, height=HEIGHT)
MAKERS = {
    "fake": Maker(working=lambda _: FakeFrameSource([FRAME] * 4), missing=lambda _: missing_fake()),
    "folder": Maker(working=folder_source, missing=lambda path: ImageFolder(path / "nowhere")),
    "screenshot": Maker(working=screenshot_source, missing=lambda path: ScreenshotFile(path / "nowhere" / "a.png")),
    "video": Maker(working=video_source, missing=lambda path: VideoFile(path / "nowhere.gif")),
    "picamera2": Maker(
        working=lambda _: PiCamera(fake_picamera2(), index=0, size=SIZE),
        missing=lambda _: PiCamera(fake_picamera2(), index=7, size=SIZE),
    ),
    "opencv": Maker(
        working=lambda _: OpenCvCamera(fake_cv2(), index=0, size=SIZE),
        missing=lambda _: OpenCvCamera(fake_cv2(), index=7, size=SIZE),
    ),
}


@pytest.fixture(params=list(MAKERS))
def maker(request: pytest.FixtureRequest) -> Maker:
    """Each kind of source in turn."""
    return MAKERS[request.param]


def test_an_open_source_gives_the_frames_before_it(maker: Maker, tmp_path: Path) -> None:
    """Every source gives the same grey frame of the same scene, bit for bit, again and again."""
    source = maker.working(tmp_path)
    source.open()
    try:
        assert [source.read(PATIENCE_MS) for _ in range(3)] == [FRAME] * 3
    finally:
        source.close()


def test_reading_a_source_that_is_not_open_is_misuse(maker: Maker, tmp_path: Path) -> None:
    """Before open and after close alike."""
    source = maker.working(tmp_path)
    with pytest.raises(MisuseError):
        source.read(0)
    source.open()
    source.close()
    with pytest.raises(MisuseError):
        source.read(0)


def test_open_and_close_may_be_repeated(maker: Maker, tmp_path: Path) -> None:
    """Open twice, close twice, and open again: the scene is still there."""
    source = maker.working(tmp_path)
    source.close()
    source.open()
    source.open()
    source.close()
    source.close()
    source.open()
    assert source.read(PATIENCE_MS) == FRAME
    source.close()


def test_a_missing_device_is_told_when_it_is_opened(maker: Maker, tmp_path: Path) -> None:
    """By one typed error, with words for the person who can plug it in."""
    source = maker.missing(tmp_path)
    with pytest.raises(UnavailableError) as caught:
        source.open()
    assert caught.value.code is ErrorCode.DEVICE_UNAVAILABLE
    assert caught.value.message
    source.close()
