"""The scanner: one grab thread, a mailbox of one frame, one decode thread.

    source --grab--> [ newest frame ] --decode--> on_frame, on_codes

A camera is faster than a decoder. The mailbox drops the older frame, so what is decoded is always the newest.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from threading import Condition, Lock, Thread, current_thread
from typing import Final

from terminal_app.devices.boundary import DriverThread
from terminal_app.devices.frames import FrameSource
from wallet_sdk.frames import GreyFrame
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError

#: How long the grab thread waits for one frame; also how soon it hears that it must stop.
GRAB_TIMEOUT_MS: Final = 100
#: A hung camera driver must not hang the terminal; the longest healthy wait is one grab and one hostile frame.
STOP_TIMEOUT_MS: Final = 3000
#: OpenCV gives a V4L2 camera ten seconds for a frame; one that is silent for longer hangs.
CAMERA_LIMIT_S: Final = 15.0

assert GRAB_TIMEOUT_MS < STOP_TIMEOUT_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCounts:
    """Frames since the start."""

    grabbed: int
    dropped: int
    decoded: int


@unique
class _Phase(Enum):
    NEW = "new"
    RUNNING = "running"
    STOPPED = "stopped"


class CodeScanner:
    """Reads codes from a frame source until it is stopped or the source fails. It is used once.

    The source belongs to the scanner from start() on: the grab thread opens, reads and closes it.

    Args:
        source: where frames come from.
        on_codes: called in the decode thread with the texts of each frame that has any; a code that stays before
            the camera is delivered again with every frame.
        on_frame: called in the decode thread with each frame that is decoded, before on_codes: for a preview.
        on_failure: called once, in the thread that failed, when the scanner stops by itself.
        decode: reads the texts of one frame.
        after: the scanner before this one, which lets go of the camera first.
        limit_s: how long the source may take for anything.
    """

    def __init__(
        self,
        source: FrameSource,
        on_codes: Callable[[list[str]], None],
        on_frame: Callable[[GreyFrame], None] | None = None,
        *,
        on_failure: Callable[[TillcodeError], None],
        decode: Callable[[GreyFrame], list[str]] | None = None,
        after: "CodeScanner | None" = None,
        limit_s: float = CAMERA_LIMIT_S,
    ) -> None:
        self._source = source
        self._after = after
        self._limit_s = limit_s
        self._driver = DriverThread("camera")
        self._on_codes = on_codes
        self._on_frame = on_frame
        self._on_failure = on_failure
        self._decode = decode or _decode_codes
        self._mailbox = _Mailbox()
        self._lock = Lock()
        self._phase = _Phase.NEW
        self._threads = [
            Thread(target=self._guarded, args=(work,), name=f"scan-{name}", daemon=True)
            for name, work in (("grab", self._grab), ("decode", self._decode_frames))
        ]

    @property
    def counts(self) -> ScanCounts:
        """What has gone through the mailbox so far."""
        return self._mailbox.counts()

    def start(self) -> None:
        """Start both threads and return at once; the source is opened in the background.

        Raises:
            MisuseError: BAD_ARGUMENT when the scanner was started or stopped before.
        """
        with self._lock:
            if self._phase is not _Phase.NEW:
                raise MisuseError(ErrorCode.BAD_ARGUMENT, "a scanner is started once; make a new one")
            self._phase = _Phase.RUNNING
            for thread in self._threads:
                thread.start()

    @property
    def is_hanging(self) -> bool:
        """Whether the camera has not come back from a call, of this scan or of the one before."""
        return self._driver.is_hanging or (self._after is not None and self._after.is_hanging)

    def leave(self) -> None:
        """Begin to stop; returns at once. What is delivered after this was read before it."""
        with self._lock:
            self._phase = _Phase.STOPPED
        self._mailbox.close()

    def stop(self) -> None:
        """Stop and wait for both threads; afterwards nothing is delivered. Calling it again does nothing.

        It may be called from a callback. A driver that hangs is left behind after STOP_TIMEOUT_MS.
        """
        self.leave()
        until_s = time.monotonic() + STOP_TIMEOUT_MS / 1000
        for thread in self._threads:
            if thread.is_alive() and thread is not current_thread():
                thread.join(max(0.0, until_s - time.monotonic()))
        self._driver.leave(self._source.close)

    def _grab(self) -> None:
        if self._after is not None:
            self._after.stop()
            if self._after.is_hanging:
                raise _failure("the camera does not answer") from TimeoutError()
            self._after = None
        try:
            self._driver.call(self._source.open, limit_s=self._limit_s)
            while self._is_running():
                if frame := self._driver.call(lambda: self._source.read(GRAB_TIMEOUT_MS), limit_s=self._limit_s):
                    self._mailbox.put(frame)
        finally:
            self._driver.leave(self._source.close)
            self._driver.join(STOP_TIMEOUT_MS / 1000)

    def _decode_frames(self) -> None:
        while frame := self._mailbox.take():
            if self._on_frame and self._is_running():
                self._on_frame(frame)
            codes = self._decode(frame)
            if codes and self._is_running():
                self._on_codes(codes)

    def _guarded(self, work: Callable[[], None]) -> None:
        # What is still this failure at the end was a bug of ours: the shop is told, and the bug goes on to
        # threading.excepthook, where it is logged.
        failure: TillcodeError | None = _failure("the scanner has stopped because of a fault of its own")
        try:
            work()
            failure = None
        except TillcodeError as error:
            failure = error
        except OSError as error:
            failure = _failure(f"the frame source is lost: {error}")
        finally:
            if failure:
                self._fail(failure)

    def _fail(self, failure: TillcodeError) -> None:
        with self._lock:
            was_running, self._phase = self._phase is _Phase.RUNNING, _Phase.STOPPED
        self._mailbox.close()
        if was_running:
            self._on_failure(failure)

    def _is_running(self) -> bool:
        return self._phase is _Phase.RUNNING


class _Mailbox:
    """Holds the newest frame until it is taken."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: GreyFrame | None = None
        self._closed = False
        self._grabbed = self._dropped = self._decoded = 0

    def put(self, frame: GreyFrame) -> None:
        with self._changed:
            self._grabbed += 1
            self._dropped += self._frame is not None
            self._frame = frame
            self._changed.notify()

    def take(self) -> GreyFrame | None:
        """Wait for a frame; None when the mailbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._frame is not None)
            if self._closed:
                return None
            frame, self._frame = self._frame, None
            self._decoded += 1
            return frame

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._frame = None
            self._changed.notify_all()

    def counts(self) -> ScanCounts:
        with self._changed:
            return ScanCounts(grabbed=self._grabbed, dropped=self._dropped, decoded=self._decoded)


def _decode_codes(frame: GreyFrame) -> list[str]:
    from wallet_sdk.decoding import decode_codes  # Pillow and the decoders: not before there is a frame

    return decode_codes(frame)


def _failure(message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, message)
