"""Which camera: every address makes its source, a bad one is told with its name before anything is opened."""

from pathlib import Path
from types import ModuleType

import pytest

from terminal_app.devices.frames import FrameSource, ImageFolder, ScreenshotFile
from terminal_app.devices.sources import CameraOnDemand, source_maker
from terminal_app.devices.streams import MjpegStream, VideoFile
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("auto", CameraOnDemand),
        ("pi:0", CameraOnDemand),
        ("v4l2:12", CameraOnDemand),
        ("mjpeg:http://192.0.2.1:8080/video", MjpegStream),
        ("video:counter.mjpg", VideoFile),
        ("folder:pictures", ImageFolder),
        ("screen:phone.png", ScreenshotFile),
    ],
)
def test_each_address_makes_a_fresh_source_each_time(address: str, kind: type[FrameSource]) -> None:
    """A scanner uses a source once."""
    make = source_maker(address)
    assert type(make()) is kind
    assert make() is not make()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "0",
        "usb:0",
        "pi:",
        "pi:-1",
        "v4l2:100",
        "v4l2:²",
        "video:",
        "folder:",
        "mjpeg:",
        "mjpeg:https://x/",
        "mjpeg:x",
        "mjpeg:http://x:99999/",
    ],
)
def test_a_bad_address_is_told(address: str) -> None:
    """As a misuse of the setting `camera`."""
    with pytest.raises(MisuseError) as caught:
        source_maker(address)
    assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_ARGUMENT, "camera")


@pytest.mark.parametrize(("drivers", "module"), [(("pi",), "picamera2"), (("v4l2",), "cv2")])
def test_a_named_driver_is_the_only_one_that_is_tried(drivers: tuple[str, ...], module: str) -> None:
    """And when it is missing, what to install is said."""
    asked: list[str] = []

    def importer(name: str) -> ModuleType:
        asked.append(name)
        raise ImportError

    with pytest.raises(UnavailableError, match="install") as caught:
        CameraOnDemand(drivers=drivers, importer=importer).open()
    assert (caught.value.code, asked) == (ErrorCode.DEVICE_UNAVAILABLE, [module])


def test_a_folder_that_goes_away_is_told(tmp_path: Path) -> None:
    """A stick with pictures is pulled out: that is not the same as nothing to see."""
    folder = tmp_path / "stick"
    folder.mkdir()
    (folder / "one.png").write_bytes(b"no picture")
    source = ImageFolder(folder, interval_ms=1)
    source.open()
    assert source.read(1) is None
    (folder / "one.png").unlink()
    folder.rmdir()
    with pytest.raises(UnavailableError, match="gone"):
        source.read(1)
