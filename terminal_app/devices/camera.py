"""Choose and open the camera of this machine: the Raspberry Pi's own, else any V4L2 camera."""

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from terminal_app.devices.camera_opencv import OpenCvCamera
from terminal_app.devices.camera_picamera import PiCamera
from terminal_app.devices.camera_size import COUNTER_SIZE, FrameSize
from terminal_app.devices.frames import FrameSource
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

Importer = Callable[[str], ModuleType]

PI: Final = "pi"
V4L2: Final = "v4l2"
#: Driver -> its Python module, how that is installed, its adapter; the first one that works is taken.
ADAPTERS: Final[Mapping[str, tuple[str, str, type[PiCamera] | type[OpenCvCamera]]]] = MappingProxyType(
    {
        PI: ("picamera2", "on a Raspberry Pi: apt install python3-picamera2", PiCamera),
        V4L2: ("cv2", "for a USB camera: pip install opencv-python-headless", OpenCvCamera),
    }
)


def open_camera(
    *,
    drivers: tuple[str, ...] = tuple(ADAPTERS),
    index: int = 0,
    size: FrameSize = COUNTER_SIZE,
    importer: Importer = importlib.import_module,
) -> FrameSource:
    """Open the first camera that works.

    Args:
        drivers: which of ADAPTERS are tried, in this sequence.
        index: which camera, counted from 0 by the driver.
        size: frame size asked for; the driver may give another.
        importer: loads a driver's Python module by name.

    Returns:
        An open frame source.

    Raises:
        UnavailableError: DEVICE_UNAVAILABLE, saying for each driver what to install or what it complained about.
    """
    complaints = []
    for module_name, install, adapter in map(ADAPTERS.__getitem__, drivers):
        try:
            camera = adapter(importer(module_name), index=index, size=size)
            camera.open()
        except ImportError:
            complaints.append(install)
        except UnavailableError as error:
            complaints.append(error.message)
        else:
            return camera
    raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"no camera; {'; '.join(complaints)}")
