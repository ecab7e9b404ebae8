"""Moving pictures without a camera on this machine: MJPEG over HTTP (an IP camera, a phone), and a video file."""

import itertools
import socket
import time
import urllib.parse
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Final

from terminal_app.devices.frames import AtEnd
from wallet_sdk.frames import GreyFrame
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, UnavailableError

#: One frame of a stream: a 4K picture of a counter at high quality is under 4 MiB.
FRAME_BYTES_MAX: Final = 8 * 1024 * 1024
#: A camera that does not answer within this is not there.
CONNECT_TIMEOUT_S: Final = 5.0
#: A camera that sends nothing for so long has been unplugged; nobody tells us when a cable is pulled.
SILENCE_S_MAX: Final = 5.0
CHUNK_BYTES: Final = 16 * 1024
HTTP_PORT: Final = 80
#: Far more headers than a camera sends.
HEAD_BYTES_MAX: Final = 16 * 1024
#: Frames a second of a video file that does not say.
VIDEO_INTERVAL_MS: Final = 100
MJPEG_SUFFIXES: Final = frozenset({".mjpg", ".mjpeg"})
_START: Final = b"\xff\xd8\xff"
_END: Final = b"\xff\xd9"


class JpegSplitter:
    """Cuts a stream of bytes into the JPEG pictures in it, whatever stands between them.

    A picture that never ends is dropped at FRAME_BYTES_MAX: a hostile stream costs that much memory and no more.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take some bytes; returns the pictures that are complete now, the oldest first."""
        searched = max(0, len(self._held) - 1)
        self._held += chunk
        pictures: list[bytes] = []
        while (end := self._held.find(_END, searched)) >= 0:
            start = self._held.find(_START, 0, end)
            if start >= 0:
                pictures.append(bytes(self._held[start : end + len(_END)]))
            del self._held[: end + len(_END)]
            searched = 0
        if len(self._held) > FRAME_BYTES_MAX:
            self._held.clear()
        return pictures


class MjpegStream:
    """Frames of an MJPEG stream over HTTP, such as `http://192.168.1.30:8080/video`."""

    def __init__(self, url: str, *, silence_s_max: float = SILENCE_S_MAX) -> None:
        """Take the address.

        Raises:
            MisuseError: BAD_ARGUMENT when it is none of HTTP.
        """
        bad = MisuseError(ErrorCode.BAD_ARGUMENT, "a stream is http://host[:port]/path", param="camera")
        try:
            parts = urllib.parse.urlsplit(url)
            host, port = parts.hostname, parts.port or HTTP_PORT
        except ValueError:
            raise bad from None
        if parts.scheme != "http" or not host or not url.isascii():
            raise bad
        self._address = (host, port)
        self._path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        self._silence_s_max = silence_s_max
        self._heard_s = 0.0
        self._socket: socket.socket | None = None
        self._splitter = JpegSplitter()
        self._ready: list[bytes] = []

    def open(self) -> None:
        """Ask for the stream."""
        if self._socket is not None:
            return
        try:
            connection = socket.create_connection(self._address, timeout=CONNECT_TIMEOUT_S)
        except OSError as error:
            raise _unavailable(f"the camera does not answer: {error}") from error
        self._socket, self._splitter, self._ready = connection, JpegSplitter(), []
        self._heard_s = time.monotonic()
        try:
            self._ask(connection)
        except (OSError, ValueError, UnavailableError) as error:
            self.close()
            raise _unavailable(f"the camera does not answer: {error}") from error

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """The newest complete frame; older ones that have come meanwhile are passed over."""
        if self._socket is None:
            raise _not_open()
        deadline_s = time.monotonic() + timeout_ms / 1000
        while not self._ready:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return None
            self._receive(left_s)
        newest, self._ready = self._ready[-1], []
        return _decoded(newest)

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, connection: socket.socket) -> None:
        """HTTP 1.0, so that the pictures come as they are and not in chunks.

        Source: RFC 9112, section 6.1: no Transfer-Encoding in an answer to an HTTP/1.0 request.
        """
        host, port = self._address
        connection.sendall(f"GET {self._path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode("ascii"))
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = connection.recv(CHUNK_BYTES)
            if not chunk or len(head) > HEAD_BYTES_MAX:
                raise ValueError("no HTTP answer")
            head += chunk
        head, _, body = head.partition(b"\r\n\r\n")
        status = head.split(None, 2)[1:2]
        if not head.startswith(b"HTTP/1.") or status != [b"200"]:
            raise ValueError(f"it says {head.splitlines()[0][:60].decode('ascii', 'replace')}")
        self._ready += self._splitter.feed(body)

    def _receive(self, timeout_s: float) -> None:
        assert self._socket is not None
        try:
            self._socket.settimeout(timeout_s)
            chunk = self._socket.recv(CHUNK_BYTES)
        except TimeoutError:
            if time.monotonic() - self._heard_s > self._silence_s_max:
                raise _unavailable("the camera sends nothing any more") from None
            return
        except OSError as error:
            raise _unavailable(f"the camera is lost: {error}") from error
        if not chunk:
            raise _unavailable("the camera has ended its stream")
        self._heard_s = time.monotonic()
        self._ready += self._splitter.feed(chunk)


class VideoFile:
    """The frames of a video file: motion JPEG (.mjpg), or any animation that Pillow reads (GIF, WebP, APNG).

    It loops by default, as a camera that goes on looking at the same counter.
    """

    def __init__(self, path: Path, *, interval_ms: int = VIDEO_INTERVAL_MS, at_end: AtEnd = AtEnd.LOOP) -> None:
        self._path = path
        self._interval_ms = interval_ms
        self._at_end = at_end
        self._frames: Iterator[GreyFrame] = iter(())
        self._due_in_ms = 0
        self._closed = Event()
        self._closed.set()

    def open(self) -> None:
        """Open the file and read its first frame."""
        if not self._closed.is_set():
            return
        first = next(self._once(), None)
        if first is None:
            raise _unavailable(f"{self._path.name} has no frame that can be read")
        rounds = itertools.chain.from_iterable(self._once() for _ in itertools.count())
        self._frames = rounds if self._at_end is AtEnd.LOOP else self._once()
        self._due_in_ms = 0
        self._closed.clear()

    def read(self, timeout_ms: int) -> GreyFrame | None:
        """The next frame when it is due."""
        if self._closed.is_set():
            raise _not_open()
        pause_ms = min(self._due_in_ms, timeout_ms)
        self._closed.wait(pause_ms / 1000)
        self._due_in_ms -= pause_ms
        if self._due_in_ms == 0 and (frame := next(self._frames, None)):
            self._due_in_ms = self._interval_ms
            return frame
        self._closed.wait((timeout_ms - pause_ms) / 1000)
        return None

    def close(self) -> None:
        """Let go of the file."""
        self._closed.set()
        self._frames = iter(())

    def _once(self) -> Iterator[GreyFrame]:
        """Every readable frame of the file, once."""
        try:
            if self._path.suffix.lower() in MJPEG_SUFFIXES:
                yield from self._motion_jpeg()
            else:
                yield from self._animation()
        except OSError as error:
            raise _unavailable(f"{self._path.name}: {error.strerror or error}") from error

    def _motion_jpeg(self) -> Iterator[GreyFrame]:
        splitter = JpegSplitter()
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                for picture in splitter.feed(chunk):
                    if frame := _decoded(picture):
                        yield frame

    def _animation(self) -> Iterator[GreyFrame]:
        from PIL import Image, ImageSequence  # not before somebody looks at a film

        from wallet_sdk.decoding import PICTURE_ERRORS, grey_frame

        try:
            with Image.open(self._path) as animation:
                for picture in ImageSequence.Iterator(animation):
                    if frame := grey_frame(picture.copy()):
                        yield frame
        except FileNotFoundError:
            raise
        except (MalformedMessageError, *PICTURE_ERRORS):
            return


def _decoded(picture: bytes) -> GreyFrame | None:
    from wallet_sdk.decoding import read_picture  # Pillow: not before there is a picture

    return read_picture(BytesIO(picture))


def _not_open() -> MisuseError:
    return MisuseError(ErrorCode.BAD_ARGUMENT, "the frame source is not open")


def _unavailable(message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, message)
