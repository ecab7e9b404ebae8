"""The code scanner: delivery, dropped frames, stopping, failures."""

import threading
from collections.abc import Callable
from queue import Queue
from threading import Event

import pytest
import qrcode

from terminal_app.devices.frames import FakeFrameSource
from terminal_app.devices.scanning import CodeScanner
from wallet_sdk.decoding import GreyFrame, grey_frame
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError

PATIENCE_S = 10


def flat(shade: int) -> GreyFrame:
    """A frame that can be told from others."""
    return GreyFrame(width=1, height=1, luma=bytes([shade]))


def code_frame(text: str) -> GreyFrame:
    """A frame that shows a code."""
    frame = grey_frame(qrcode.make(text).get_image())
    assert frame is not None
    return frame


def no_failure(error: TillcodeError) -> None:
    """For tests in which none may come."""
    raise AssertionError(str(error))


def scan_threads() -> list[threading.Thread]:
    """Threads of scanners that are still alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("scan-")]


def test_codes_before_the_camera_are_delivered() -> None:
    """From real pixels through the real cascade to the callback; a frame without codes delivers none."""
    source = FakeFrameSource()
    codes: Queue[list[str]] = Queue()
    seen: Queue[GreyFrame] = Queue()
    scanner = CodeScanner(source, codes.put, seen.put, on_failure=no_failure)
    scanner.start()
    for text in ("FIRST", None, "SECOND"):
        source.show(code_frame(text) if text else flat(0))
        seen.get(timeout=PATIENCE_S)
    assert [codes.get(timeout=PATIENCE_S) for _ in range(2)] == [["FIRST"], ["SECOND"]]
    scanner.stop()
    assert codes.empty()
    assert scan_threads() == []


def test_a_slow_decoder_gets_the_newest_frame_and_the_rest_is_dropped() -> None:
    """Frames 1 to 9 arrive while frame 0 is decoded: the next one decoded is 9."""
    source = FakeFrameSource([flat(0)])
    decoded: Queue[int] = Queue()
    go_on = Event()

    def decode(frame: GreyFrame) -> list[str]:
        decoded.put(frame.luma[0])
        go_on.wait(PATIENCE_S)
        return []

    scanner = CodeScanner(source, lambda _: None, on_failure=no_failure, decode=decode)
    scanner.start()
    assert decoded.get(timeout=PATIENCE_S) == 0
    for shade in range(1, 10):
        source.show(flat(shade))
    until(lambda: scanner.counts.grabbed == 10)
    go_on.set()
    assert decoded.get(timeout=PATIENCE_S) == 9
    scanner.stop()
    counts = scanner.counts
    assert (counts.grabbed, counts.dropped, counts.decoded) == (10, 8, 2)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what has no event of its own, a millisecond at a time."""
    pause = Event()
    for _ in range(PATIENCE_S * 1000):
        if condition():
            return
        pause.wait(0.001)
    raise AssertionError("waited in vain")


def test_stop_may_be_repeated_and_comes_before_start_too() -> None:
    """Screens are left in many ways; none of them may hurt."""
    scanner = CodeScanner(FakeFrameSource(), lambda _: None, on_failure=no_failure)
    scanner.start()
    scanner.stop()
    scanner.stop()
    assert scan_threads() == []
    unused = CodeScanner(FakeFrameSource(), lambda _: None, on_failure=no_failure)
    unused.stop()
    with pytest.raises(MisuseError):
        unused.start()


def test_a_scanner_is_started_once() -> None:
    """Two grab threads on one camera would steal frames from each other."""
    scanner = CodeScanner(FakeFrameSource(), lambda _: None, on_failure=no_failure)
    scanner.start()
    with pytest.raises(MisuseError):
        scanner.start()
    scanner.stop()


def test_stop_closes_the_source() -> None:
    """The camera is free for the next scanner, or for another program."""
    source = FakeFrameSource()
    scanner = CodeScanner(source, lambda _: None, on_failure=no_failure)
    scanner.start()
    scanner.stop()
    with pytest.raises(MisuseError):
        source.read(0)


def test_a_callback_may_stop_the_scanner() -> None:
    """The first code ends the scan, from within the thread that delivers it."""
    delivered = Event()
    scanners: list[CodeScanner] = []

    def take(_codes: list[str]) -> None:
        scanners[0].stop()
        delivered.set()

    scanners.append(CodeScanner(FakeFrameSource([code_frame("CODE")]), take, on_failure=no_failure))
    scanners[0].start()
    assert delivered.wait(PATIENCE_S)
    scanners[0].stop()
    assert scan_threads() == []


@pytest.mark.parametrize("moment", ["open", "read"])
def test_a_failing_source_is_told_once_and_ends_the_scan(moment: str) -> None:
    """Not plugged in, or unplugged in the middle: on_failure gets the source's own error, and threads end."""
    source = FakeFrameSource()
    unplugged = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "unplugged")
    failures: Queue[TillcodeError] = Queue()
    scanner = CodeScanner(source, lambda _: None, on_failure=failures.put)
    if moment == "open":
        source.fail(unplugged)
    scanner.start()
    source.fail(unplugged)
    assert failures.get(timeout=PATIENCE_S) is unplugged
    scanner.stop()
    assert failures.empty()
    assert scan_threads() == []


def test_a_missing_decoder_is_told() -> None:
    """The decode thread's failures reach the same callback, and the camera is let go."""
    source = FakeFrameSource([flat(0)])
    missing = UnavailableError(ErrorCode.DECODER_MISSING, "pip install")
    failures: Queue[TillcodeError] = Queue()

    def decode(_frame: GreyFrame) -> list[str]:
        raise missing

    scanner = CodeScanner(source, lambda _: None, on_failure=failures.put, decode=decode)
    scanner.start()
    assert failures.get(timeout=PATIENCE_S) is missing
    scanner.stop()
    with pytest.raises(MisuseError):
        source.read(0)


def test_an_operating_system_error_is_told_as_a_lost_device() -> None:
    """A source that forgot to translate an error does not kill its thread in silence."""

    class Broken(FakeFrameSource):
        def read(self, timeout_ms: int) -> GreyFrame | None:
            raise OSError("input/output error")

    failures: Queue[TillcodeError] = Queue()
    scanner = CodeScanner(Broken(), lambda _: None, on_failure=failures.put)
    scanner.start()
    failure = failures.get(timeout=PATIENCE_S)
    scanner.stop()
    assert failure.code is ErrorCode.DEVICE_UNAVAILABLE
    assert "input/output error" in failure.message


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_a_callback_is_loud_and_told() -> None:
    """The shop hears that scanning stopped; the bug itself goes on to threading.excepthook, for the log."""
    failures: Queue[TillcodeError] = Queue()

    def take(_codes: list[str]) -> None:
        raise KeyError("a bug")

    scanner = CodeScanner(FakeFrameSource([code_frame("CODE")]), take, on_failure=failures.put)
    scanner.start()
    failure = failures.get(timeout=PATIENCE_S)
    scanner.stop()
    assert "fault of its own" in failure.message
    assert scan_threads() == []
