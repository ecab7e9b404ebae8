"""Any V4L2 camera, by OpenCV: its capture only. Why not its detectors: docs/decisions/0006-decoder-choice.md."""

from types import ModuleType
from typing import Any

from terminal_app.devices.camera_size import FrameSize
from wallet_sdk.frames import GreyFrame
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError


class OpenCvCamera:
    """A FrameSource on the module `cv2`.

    OpenCV has no timeout to give it: a read takes until the next frame (33 ms), and on a camera that hangs until the
    driver gives up, whatever `timeout_ms` says. A frame that does not come means a camera that was unplugged.
    """

    def __init__(self, cv2: ModuleType, *, index: int, size: FrameSize) -> None:
        self._cv2: Any = cv2
        self._index = index
        self._size = size
        self._capture: Any = None

    def open(self) -> None:
        """Open the device and ask for the size."""
        if self._capture is not None:
            return
        cv2 = self._cv2
        try:
            capture = cv2.VideoCapture(self._index, cv2.CAP_V4L2)
            if not capture.isOpened():
                capture.release()
                raise _lost(f"no camera answers at /dev/video{self._index}")
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size.width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size.height)
            # One buffer: an old frame of a code that is gone is worse than no frame.
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        except cv2.error as error:
            raise _lost(f"the camera at /dev/video{self._index} does not start: {error}") from error
        self._capture = capture

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """The next frame."""
        if self._capture is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the frame source is not open")
        cv2 = self._cv2
        try:
            arrived, picture = self._capture.read()
            if not arrived:
                raise _lost(f"the camera at /dev/video{self._index} gives no more frames")
            grey = picture if len(picture.shape) == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        except cv2.error as error:
            raise _lost(f"the camera at /dev/video{self._index} is lost: {error}") from error
        height, width = grey.shape
        return GreyFrame(width=width, height=height, luma=grey.tobytes())

    def close(self) -> None:
        """Release the device."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


def _lost(message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, message)
