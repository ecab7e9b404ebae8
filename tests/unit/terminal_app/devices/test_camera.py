"""Camera adapters on small fake drivers, and the choice between them."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from terminal_app.devices.camera import open_camera
from terminal_app.devices.camera_opencv import OpenCvCamera
from terminal_app.devices.camera_picamera import PiCamera
from terminal_app.devices.camera_size import FrameSize
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

SIZE = FrameSize(width=4, height=2)
Y_PLANE = bytes(range(8))


class Driver:
    """Stands for both drivers' camera objects: notes every call, answers from a table, raises what is set."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, (*args, *kwargs.values())))
            answer = self.answers.get(name)
            if isinstance(answer, list):
                answer = answer.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def called(self, name: str) -> int:
        """How often."""
        return sum(called == name for called, _ in self.calls)


def picamera2(driver: Driver) -> ModuleType:
    """The driver as the module picamera2."""
    module = ModuleType("picamera2")
    vars(module)["Picamera2"] = lambda _index: driver
    return module


def cv2(driver: Driver) -> ModuleType:
    """The driver as the module cv2."""
    module = ModuleType("cv2")
    names = {"CAP_PROP_FRAME_WIDTH": 3, "CAP_PROP_FRAME_HEIGHT": 4, "CAP_PROP_BUFFERSIZE": 38, "CAP_V4L2": 200}
    vars(module).update(names, COLOR_BGR2GRAY=6, error=Cv2Error)
    vars(module)["VideoCapture"] = lambda _index, _driver: driver
    vars(module)["cvtColor"] = lambda _picture, _code: GreyPicture()
    return module


class Cv2Error(Exception):
    """OpenCV has its own root of errors."""


class GreyPicture:
    """A numpy array of two dimensions, as far as we look at one."""

    shape = (2, 4)

    def tobytes(self) -> bytes:
        """Its rows."""
        return Y_PLANE


class ColourPicture:
    """A numpy array of blue, green and red."""

    shape = (2, 4, 3)


def pi_driver(**answers: Any) -> Driver:
    """A Raspberry Pi camera that works, but for what is set."""
    planes = memoryview(Y_PLANE + b"\x80" * 4).cast("B", (3, 4))
    usual = {"wait": planes, "capture_array": "job", "camera_configuration": {"lores": {"size": (4, 2)}}}
    return Driver(**{**usual, **answers})


def test_the_pi_camera_asks_for_a_low_resolution_yuv_stream() -> None:
    """The Y plane of YUV420 is a grey frame for nothing: no conversion on the processor."""
    driver = pi_driver()
    camera = PiCamera(picamera2(driver), index=0, size=SIZE)
    camera.open()
    assert ("create_video_configuration", ({"size": (4, 2)}, {"size": (4, 2), "format": "YUV420"})) in driver.calls
    frame = camera.read(100)
    assert frame is not None
    assert (frame.width, frame.height, frame.luma) == (4, 2, Y_PLANE)


def test_a_capture_that_takes_too_long_is_waited_for_again() -> None:
    """After a timeout the same job is waited for: jobs must not pile up in the driver."""
    planes = memoryview(Y_PLANE + b"\x80" * 4).cast("B", (3, 4))
    driver = pi_driver(wait=[TimeoutError(), TimeoutError(), planes])
    camera = PiCamera(picamera2(driver), index=0, size=SIZE)
    camera.open()
    assert camera.read(10) is None
    assert camera.read(10) is None
    assert camera.read(10) is not None
    assert driver.called("capture_array") == 1
    assert driver.calls[-2] == ("wait", ("job", 0.01))


def test_a_pi_camera_that_does_not_start_is_released() -> None:
    """Another program has it: told as unavailable, and freed for the next try."""
    driver = pi_driver(start=RuntimeError("Camera did not complete."), stop=RuntimeError("not started"))
    with pytest.raises(UnavailableError, match="did not complete"):
        PiCamera(picamera2(driver), index=0, size=SIZE).open()
    assert driver.called("close") == 1


def test_a_pi_camera_lost_while_reading_is_unavailable() -> None:
    """A loose ribbon cable is a device failure, not a crash."""
    camera = PiCamera(picamera2(pi_driver(wait=OSError("gone"))), index=0, size=SIZE)
    camera.open()
    with pytest.raises(UnavailableError, match="lost: gone"):
        camera.read(100)


def test_a_v4l2_camera_is_asked_for_size_and_one_buffer() -> None:
    """One buffer, so that the frame read is the newest; colour is turned grey."""
    driver = Driver(isOpened=True, read=(True, ColourPicture()))
    camera = OpenCvCamera(cv2(driver), index=0, size=SIZE)
    camera.open()
    assert [args for name, args in driver.calls if name == "set"] == [(3, 4), (4, 2), (38, 1)]
    frame = camera.read(100)
    assert frame is not None
    assert frame.luma == Y_PLANE
    camera.close()
    assert driver.called("release") == 1


@pytest.mark.parametrize("answer", [(False, None), Cv2Error("select timeout")])
def test_a_v4l2_camera_that_gives_no_frame_is_lost(answer: object) -> None:
    """OpenCV tells an unplugged camera in two ways; we in one."""
    camera = OpenCvCamera(cv2(Driver(isOpened=True, read=answer)), index=3, size=SIZE)
    camera.open()
    with pytest.raises(UnavailableError, match="/dev/video3") as caught:
        camera.read(100)
    assert caught.value.code is ErrorCode.DEVICE_UNAVAILABLE


def test_the_pi_camera_is_preferred() -> None:
    """Where both drivers are installed, the ribbon camera is the one meant for the counter."""
    modules = {"picamera2": picamera2(pi_driver()), "cv2": cv2(Driver(isOpened=True))}
    assert isinstance(open_camera(size=SIZE, importer=modules.__getitem__), PiCamera)


def test_without_a_pi_camera_the_usb_camera_is_opened() -> None:
    """picamera2 is installed on every Raspberry Pi, with a ribbon camera or without one."""
    modules = {"picamera2": picamera2(pi_driver(configure=IndexError("no camera"))), "cv2": cv2(Driver(isOpened=True))}
    camera = open_camera(size=SIZE, importer=modules.__getitem__)
    assert isinstance(camera, OpenCvCamera)
    camera.close()


def test_without_any_driver_the_error_says_what_to_install() -> None:
    """Both ways out are named."""

    def nothing_installed(name: str) -> ModuleType:
        raise ImportError(name)

    with pytest.raises(UnavailableError, match=r"python3-picamera2.*opencv-python-headless") as caught:
        open_camera(importer=nothing_installed)
    assert caught.value.code is ErrorCode.DEVICE_UNAVAILABLE


def test_with_a_driver_but_no_camera_the_error_says_so() -> None:
    """Installing more would not help: plug one in."""
    modules = {"cv2": cv2(Driver(isOpened=False))}

    def importer(name: str) -> ModuleType:
        if name not in modules:
            raise ImportError(name)
        return modules[name]

    with pytest.raises(UnavailableError, match="no camera answers at /dev/video0"):
        open_camera(importer=importer)
