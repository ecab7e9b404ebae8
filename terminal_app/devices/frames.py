"""Where frames come from: the FrameSource protocol, and the sources that need no hardware."""

from collections import deque
from collections.abc import Iterable
from enum import Enum, unique
from pathlib import Path
from threading import Condition, Event
from typing import Final, Protocol

from wallet_sdk.frames import GreyFrame
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MisuseError,
    TillcodeError,
    UnavailableError,
)

#: A screen of 2560 x 1600 px that nothing can compress; a larger file is not a picture of a screen.
PICTURE_FILE_BYTES_MAX: Final = 16 * 1024 * 1024
#: More pictures than anybody puts by hand into a folder that stands in for a camera.
FOLDER_PICTURES_MAX: Final = 10_000
#: How often a mirrored screen is looked at: half the latency that is noticed, and no load (one stat call).
LOOK_INTERVAL_MS: Final = 20
PICTURE_SUFFIXES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png"})


class FrameSource(Protocol):
    """A camera, or what stands in for one. One thread opens, reads and closes it."""

    def open(self) -> None:
        """Take hold of the device. On an open source it does nothing; a closed one may be opened again.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE, saying what is missing.
        """

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """Wait for the next frame.

        Returns:
            None when none came within `timeout_ms`, and not earlier: a loop around it does not spin.

        Raises:
            MisuseError: BAD_ARGUMENT when the source is not open.
            UnavailableError: DEVICE_UNAVAILABLE when the device is lost.
        """

    def close(self) -> None:
        """Let go of the device. On a closed source it does nothing."""


@unique
class AtEnd(Enum):
    """What a folder of pictures does after its last one."""

    LOOP = "loop"
    STOP = "stop"


class ImageFolder:
    """The pictures of a folder, by name, one every `interval_ms`.

    It loops by default, as a camera that goes on looking at the same counter. Files that are no readable picture are
    passed over. The folder is listed once, when the source is opened.
    """

    def __init__(self, path: Path, *, interval_ms: int = 200, at_end: AtEnd = AtEnd.LOOP) -> None:
        self._path = path
        self._interval_ms = interval_ms
        self._at_end = at_end
        self._pictures: list[Path] = []
        self._waiting: deque[Path] = deque()
        self._due_in_ms = 0
        self._closed = Event()
        self._closed.set()

    def open(self) -> None:
        """List the folder."""
        if not self._closed.is_set():
            return
        try:
            found = sorted(one for one in self._path.iterdir() if one.suffix.lower() in PICTURE_SUFFIXES)
        except OSError as error:
            raise _unavailable(f"the folder {self._path} cannot be listed: {error.strerror}") from error
        if not found:
            raise _unavailable(f"the folder {self._path} has no pictures ({', '.join(sorted(PICTURE_SUFFIXES))})")
        self._pictures = found[:FOLDER_PICTURES_MAX]
        self._waiting = deque(self._pictures)
        self._due_in_ms = 0
        self._closed.clear()

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """The next picture when it is due."""
        _require_open(self._closed)
        pause_ms = min(self._due_in_ms, timeout_ms)
        self._wait(pause_ms)
        if self._due_in_ms == 0 and (frame := self._next_readable()):
            self._due_in_ms = self._interval_ms
            return frame
        self._wait(timeout_ms - pause_ms)
        return None

    def close(self) -> None:
        """Forget the pictures."""
        self._closed.set()
        self._waiting.clear()

    def _wait(self, wait_ms: int) -> None:
        self._closed.wait(wait_ms / 1000)
        self._due_in_ms = max(0, self._due_in_ms - wait_ms)

    def _next_readable(self) -> GreyFrame | None:
        # One round at most: a folder of broken files must not keep the reader here for ever.
        for _ in self._pictures:
            if not self._waiting:
                return None
            picture = self._waiting.popleft()
            if self._at_end is AtEnd.LOOP:
                self._waiting.append(picture)
            if frame := _read_picture(picture):
                return frame
        if not self._path.is_dir():
            raise _unavailable(f"the folder {self._path} is gone")
        return None


class ScreenshotFile:
    """Another program's screen, mirrored into a picture file that is replaced (os.replace) when the screen changes.

    A new picture is a frame at once; an unchanged one is a frame again every `repeat_ms`, as a camera sees what stays
    before it. A missing, half-written or broken file is no frame, and is looked at again.
    """

    def __init__(self, path: Path, *, repeat_ms: int = 500) -> None:
        self._path = path
        self._repeat_ms = repeat_ms
        self._seen: tuple[int, int, int] | None = None
        self._repeat_in_ms = 0
        self._closed = Event()
        self._closed.set()

    def open(self) -> None:
        """Forget what was seen before; the file itself may come later."""
        if not self._closed.is_set():
            return
        if not self._path.parent.is_dir():
            raise _unavailable(f"there is no folder {self._path.parent} for the mirrored screen")
        self._seen = None
        self._repeat_in_ms = 0
        self._closed.clear()

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """The mirrored screen when it is new, or due again."""
        _require_open(self._closed)
        left_ms = timeout_ms
        while True:
            if frame := self._look():
                return frame
            if left_ms <= 0:
                return None
            pause_ms = min(LOOK_INTERVAL_MS, left_ms)
            if self._closed.wait(pause_ms / 1000):
                return None
            left_ms -= pause_ms
            self._repeat_in_ms -= pause_ms

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()

    def _look(self) -> GreyFrame | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        # The inode too: two pictures may have the same size and come within one tick of the file system's clock.
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        if stamp == self._seen and self._repeat_in_ms > 0:
            return None
        frame = _read_picture(self._path)
        if frame:
            self._seen = stamp
            self._repeat_in_ms = self._repeat_ms
        return frame


class FakeFrameSource:
    """A camera for tests: it shows what the test shows it, and fails when told to."""

    def __init__(self, frames: Iterable[GreyFrame] = ()) -> None:
        self._frames = deque(frames)
        self._failure: TillcodeError | None = None
        self._is_open = False
        self._changed = Condition()

    def open(self) -> None:
        """Begin; fails when the test has set a failure."""
        with self._changed:
            if self._failure:
                raise self._failure
            self._is_open = True

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """The next frame that was shown."""
        with self._changed:
            if not self._is_open:
                raise _not_open()
            self._changed.wait_for(self._has_news, timeout_ms / 1000)
            if self._failure:
                raise self._failure
            return self._frames.popleft() if self._is_open and self._frames else None

    def close(self) -> None:
        """End, and wake a reader."""
        with self._changed:
            self._is_open = False
            self._changed.notify_all()

    def show(self, frame: GreyFrame) -> None:
        """Hold a frame before the camera."""
        with self._changed:
            self._frames.append(frame)
            self._changed.notify_all()

    def fail(self, failure: TillcodeError) -> None:
        """Pull the plug: every open and read from now on raises this."""
        with self._changed:
            self._failure = failure
            self._changed.notify_all()

    def _has_news(self) -> bool:
        return bool(self._frames) or self._failure is not None or not self._is_open


def _read_picture(path: Path) -> GreyFrame | None:
    """None for a file that is missing, too large, or no complete picture (yet)."""
    from wallet_sdk.decoding import read_picture  # Pillow: not before somebody looks at pictures

    try:
        if path.stat().st_size > PICTURE_FILE_BYTES_MAX:
            return None
    except OSError:
        return None
    return read_picture(path)


def _require_open(closed: Event) -> None:
    if closed.is_set():
        raise _not_open()


def _not_open() -> MisuseError:
    return MisuseError(ErrorCode.BAD_ARGUMENT, "the frame source is not open")


def _unavailable(message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, message)
