"""MJPEG over real HTTP on the loopback, and video files; with pictures that are cut, huge, or none."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from random import Random  # noqa: TID251 - only its name, for the type of `rng`
from typing import ClassVar

import pytest
from PIL import Image

from terminal_app.devices.frames import AtEnd
from terminal_app.devices.scanning import CodeScanner
from terminal_app.devices.streams import FRAME_BYTES_MAX, JpegSplitter, MjpegStream, VideoFile
from wallet_sdk.decoding import decode_codes
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError

TEXT = "TC1:HELLO"
PATIENCE_MS = 10_000


def jpeg(text: str = TEXT) -> bytes:
    """A picture of a code, as a camera sends it."""
    content = BytesIO()
    qr.picture(text, module_px=6).save(content, "JPEG", quality=90)
    return content.getvalue()


class Camera(http.server.BaseHTTPRequestHandler):
    """An IP camera: a few frames, then it is unplugged."""

    parts: ClassVar[list[bytes]] = []

    def do_GET(self) -> None:
        """Send every part."""
        if self.path != "/video?w=640":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for part in self.parts:
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + part + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing."""


class SlowCamera(Camera):
    """One frame, a pause, another frame, and then silence until the test is over."""

    go_on: ClassVar[threading.Event] = threading.Event()
    over: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        """Send."""
        assert self.request_version == "HTTP/1.0", "or the answer might come in chunks"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(jpeg())
        assert self.go_on.wait(PATIENCE_MS / 1000)
        self.wfile.write(jpeg())
        self.over.wait(PATIENCE_MS / 1000)


class OddCamera(Camera):
    """Something that answers, and is no camera."""

    answer: ClassVar[bytes] = b""

    def handle(self) -> None:
        """Say this, whatever was asked."""
        self.rfile.readline()
        self.wfile.write(self.answer)


@pytest.fixture
def camera() -> Iterator[str]:
    """The address of a running camera."""
    with serving(Camera) as url:
        yield url


@contextmanager
def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """A camera that runs."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_code_is_read_from_a_stream_and_the_end_is_told(camera: str) -> None:
    """Frame, code, and then the plug is pulled: one typed word."""
    Camera.parts = [jpeg(), jpeg()]
    stream = MjpegStream(f"{camera}/video?w=640")
    stream.open()
    stream.open()
    frame = stream.read(PATIENCE_MS)
    assert frame is not None
    assert decode_codes(frame) == [TEXT]
    with pytest.raises(UnavailableError) as caught:
        read_to_the_end(stream)
    assert caught.value.code is ErrorCode.DEVICE_UNAVAILABLE
    stream.close()
    stream.close()
    with pytest.raises(MisuseError):
        stream.read(0)


def read_to_the_end(stream: MjpegStream) -> None:
    """Frame after frame."""
    while stream.read(PATIENCE_MS) is not None:
        pass


def test_the_scanner_loses_a_stream_and_says_so_once(camera: str) -> None:
    """Unplugged in use: what was read is delivered, then one failure."""
    Camera.parts = [jpeg()]
    read, lost = threading.Event(), threading.Event()
    seen: list[str] = []

    def take(texts: list[str]) -> None:
        seen.extend(texts)
        read.set()

    scanner = CodeScanner(MjpegStream(f"{camera}/video?w=640"), take, on_failure=lambda _error: lost.set())
    scanner.start()
    assert lost.wait(30)
    scanner.stop()
    assert set(seen) <= {TEXT}


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 401 No\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"x" * 100_000]
)
def test_what_is_no_camera_is_told(answer: bytes) -> None:
    """In a word, and the socket is given back: the test fails on one that is not."""
    OddCamera.answer = answer
    with serving(OddCamera) as url:
        stream = MjpegStream(f"{url}/video")
        with pytest.raises(UnavailableError, match="does not answer") as caught:
            stream.open()
        assert caught.value.code is ErrorCode.DEVICE_UNAVAILABLE


def test_a_slow_camera_is_waited_for_and_a_silent_one_is_told() -> None:
    """Reads that run into their time limit lose nothing; a cable that was pulled says nothing by itself."""
    SlowCamera.go_on.clear()
    SlowCamera.over.clear()
    with serving(SlowCamera) as url:
        stream = MjpegStream(f"{url}/video", silence_s_max=0.3)
        stream.open()
        first = stream.read(PATIENCE_MS)
        assert first is not None
        assert [stream.read(10) for _ in range(3)] == [None] * 3
        SlowCamera.go_on.set()
        second = stream.read(PATIENCE_MS)
        assert second is not None
        assert decode_codes(second) == [TEXT]
        with pytest.raises(UnavailableError, match="nothing any more"):
            list(iter(lambda: stream.read(50), second))
        SlowCamera.over.set()
        stream.close()


@pytest.mark.parametrize("url", ["", "ftp://a/b", "http://", "rtsp://cam/1"])
def test_other_addresses_are_refused(url: str) -> None:
    """By name."""
    with pytest.raises(MisuseError):
        MjpegStream(url)


def test_a_camera_that_is_not_there_or_answers_otherwise_is_told(camera: str) -> None:
    """Nobody listens; and a page instead of a picture."""
    for url in ("http://127.0.0.1:1/", f"{camera}/other"):
        with pytest.raises(UnavailableError):
            MjpegStream(url).open()


def test_the_splitter_finds_pictures_wherever_the_bytes_are_cut(rng: Random) -> None:
    """Headers between, noise before, chunks of any size."""
    first, second = jpeg("TC1:A"), jpeg("TC1:B")
    stream = b"noise\xff" + first + b"\r\n--frame\r\n" + second + b"tail"
    splitter, found = JpegSplitter(), []
    at = 0
    while at < len(stream):
        size = rng.randint(1, 400)
        found += splitter.feed(stream[at : at + size])
        at += size
    assert found == [first, second]


def test_a_picture_without_end_costs_bounded_memory() -> None:
    """And the next one is read all the same."""
    splitter = JpegSplitter()
    for _ in range(FRAME_BYTES_MAX // 65_536 + 2):
        assert splitter.feed(b"\xff\xd8\xff" + b"\x00" * 65_533) == []
        assert len(splitter._held) <= FRAME_BYTES_MAX + 65_536
    splitter._held.clear()
    assert splitter.feed(jpeg()) == [jpeg()]


def test_a_motion_jpeg_file_is_a_film(tmp_path: Path, rng: Random) -> None:
    """A broken frame in the middle is passed over; at the end it stops when told so."""
    broken = b"\xff\xd8\xff" + rng.randbytes(50).replace(b"\xff", b"\x00") + b"\xff\xd9"
    (tmp_path / "film.mjpg").write_bytes(jpeg("TC1:A") + broken + jpeg("TC1:B"))
    film = VideoFile(tmp_path / "film.mjpg", interval_ms=0, at_end=AtEnd.STOP)
    film.open()
    seen = []
    while frame := film.read(10):
        seen += decode_codes(frame)
    assert seen == ["TC1:A", "TC1:B"]
    film.close()


def test_an_animation_is_a_film_and_loops(tmp_path: Path) -> None:
    """Two codes in turn, again and again."""
    frames = [qr.picture(text, module_px=4) for text in ("TC1:A", "TC1:B")]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:], duration=50)
    film = VideoFile(tmp_path / "film.gif", interval_ms=0)
    film.open()
    seen = [decode_codes(frame)[0] for _ in range(4) if (frame := film.read(100))]
    assert seen == ["TC1:A", "TC1:B", "TC1:A", "TC1:B"]
    film.close()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"GIF89a"])
def test_a_file_that_is_no_film_is_told(tmp_path: Path, content: bytes) -> None:
    """When it is opened."""
    for name in ("film.gif", "film.mjpg"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnavailableError):
            VideoFile(tmp_path / name).open()


def test_a_black_frame_and_a_single_pixel_are_frames_without_codes(tmp_path: Path) -> None:
    """Nothing to read, and no crash."""
    Image.new("L", (640, 480)).save(tmp_path / "black.png")
    Image.new("L", (1, 1)).save(tmp_path / "one.png")
    for name in ("black.png", "one.png"):
        film = VideoFile(tmp_path / name)
        film.open()
        frame = film.read(100)
        assert frame is None or decode_codes(frame) == []
        film.close()
