"""The Raspberry Pi's own camera, by picamera2: the Y plane of the low-resolution stream is the grey frame.

Source: picamera2, `dispatch_functions` and `wait`: a capture called with wait=False gives a job, and waiting for a job
longer than its timeout raises TimeoutError.
"""

from contextlib import suppress
from types import ModuleType
from typing import Any

from terminal_app.devices.camera_size import FrameSize
from wallet_sdk.frames import GreyFrame
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError

#: What libcamera's binding raises for a camera that is missing, busy or gone.
CAMERA_ERRORS = (IndexError, OSError, RuntimeError)


class PiCamera:
    """A FrameSource on the module `picamera2`."""

    def __init__(self, picamera2: ModuleType, *, index: int, size: FrameSize) -> None:
        self._picamera2 = picamera2
        self._index = index
        self._size = size
        self._camera: Any = None
        self._job: Any = None

    def open(self) -> None:
        """Start the camera with a YUV420 low-resolution stream of the size asked for."""
        if self._camera is not None:
            return
        asked = (self._size.width, self._size.height)
        camera: Any = None
        try:
            camera = self._picamera2.Picamera2(self._index)
            streams = {"main": {"size": asked}, "lores": {"size": asked, "format": "YUV420"}}
            camera.configure(camera.create_video_configuration(**streams))
            camera.start()
        except CAMERA_ERRORS as error:
            if camera is not None:
                _release(camera)
            raise _lost(f"Raspberry Pi camera {self._index} does not start: {error}") from error
        self._camera = camera

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """The next frame of the stream."""
        if self._camera is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the frame source is not open")
        try:
            # A job that ran into the timeout is still under way: it is waited for again, not asked for twice.
            self._job = self._job or self._camera.capture_array("lores", wait=False)
            planes = self._camera.wait(self._job, timeout=timeout_ms / 1000)
            self._job = None
            width, height = self._camera.camera_configuration()["lores"]["size"]
        except TimeoutError:
            return None
        except CAMERA_ERRORS as error:
            self._job = None
            raise _lost(f"Raspberry Pi camera {self._index} is lost: {error}") from error
        return _luma_frame(memoryview(planes), width=width, height=height)

    def close(self) -> None:
        """Stop the camera and free it for others."""
        camera, self._camera, self._job = self._camera, None, None
        if camera is not None:
            _release(camera)


def _luma_frame(planes: memoryview, *, width: int, height: int) -> GreyFrame:
    """Cut the Y plane out of a YUV420 picture whose rows may be padded at the right."""
    stride = (planes.shape or (0, 0))[1]
    rows = planes.tobytes()
    if stride == width:
        luma = rows[: width * height]
    else:
        luma = b"".join(rows[start : start + width] for start in range(0, stride * height, stride))
    return GreyFrame(width=width, height=height, luma=luma)


def _release(camera: Any) -> None:
    # What fails while we let go of a device changes nothing any more.
    with suppress(*CAMERA_ERRORS):
        camera.stop()
    with suppress(*CAMERA_ERRORS):
        camera.close()


def _lost(message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, message)
