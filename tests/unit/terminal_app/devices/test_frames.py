"""Frame sources that need no hardware: folders, mirrored screens, the fake."""

import os
from pathlib import Path
from threading import Event, Thread

import pytest
from PIL import Image

from terminal_app.devices import frames
from terminal_app.devices.frames import AtEnd, FakeFrameSource, ImageFolder, ScreenshotFile
from wallet_sdk.decoding import GreyFrame
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

PATIENCE_MS = 5000
NEVER_MS = 10**9


def save(path: Path, shade: int) -> None:
    """Write a flat picture and put it in place at once, as the mirror does."""
    draft = path.with_suffix(".draft")
    Image.new("L", (30, 20), shade).save(draft, "PNG")
    draft.replace(path)


def shade_of(frame: GreyFrame | None) -> int | None:
    """What a flat picture shows."""
    return frame.luma[0] if frame else None


def test_a_folder_gives_its_pictures_by_name_and_loops(tmp_path: Path) -> None:
    """Sorted by name, passing over what is no picture, and again from the start."""
    for name, shade in (("b.png", 20), ("a.PNG", 10), ("c.png", 30)):
        save(tmp_path / name, shade)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "bb.png").write_bytes(b"\x89PNG broken")
    folder = ImageFolder(tmp_path, interval_ms=0)
    folder.open()
    assert [shade_of(folder.read(PATIENCE_MS)) for _ in range(5)] == [10, 20, 30, 10, 20]


def test_a_folder_can_stop_after_its_last_picture(tmp_path: Path) -> None:
    """Then there are no more frames, which is no failure; opening it again starts from the first."""
    save(tmp_path / "a.png", 10)
    folder = ImageFolder(tmp_path, interval_ms=0, at_end=AtEnd.STOP)
    folder.open()
    assert [shade_of(folder.read(1)) for _ in range(3)] == [10, None, None]
    folder.close()
    folder.open()
    assert shade_of(folder.read(1)) == 10


def test_a_folder_keeps_its_interval(tmp_path: Path) -> None:
    """A picture that is not due yet is not given, however often one asks; waiting counts."""
    save(tmp_path / "a.png", 10)
    folder = ImageFolder(tmp_path, interval_ms=3)
    folder.open()
    assert [shade_of(folder.read(1)) for _ in range(4)] == [10, None, None, 10]


def test_a_folder_of_broken_pictures_does_not_hang(tmp_path: Path) -> None:
    """One round over the folder, then the timeout."""
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff")
    folder = ImageFolder(tmp_path)
    folder.open()
    assert folder.read(1) is None


def test_an_empty_folder_is_unavailable(tmp_path: Path) -> None:
    """A camera that can never see anything is told at once."""
    with pytest.raises(UnavailableError, match="no pictures"):
        ImageFolder(tmp_path).open()


def test_a_screen_is_a_frame_when_it_changes_and_only_then(tmp_path: Path) -> None:
    """Two pictures of the same size within one tick of the clock are two frames."""
    screen = tmp_path / "screen.png"
    source = ScreenshotFile(screen, repeat_ms=NEVER_MS)
    source.open()
    assert source.read(0) is None
    save(screen, 10)
    assert [shade_of(source.read(0)) for _ in range(2)] == [10, None]
    stamp = screen.stat().st_mtime_ns
    save(screen, 20)
    os.utime(screen, ns=(stamp, stamp))
    assert [shade_of(source.read(0)) for _ in range(2)] == [20, None]


def test_an_unchanged_screen_is_seen_again_after_a_while(tmp_path: Path) -> None:
    """As a camera sees what stays before it: here after 40 ms of looking."""
    save(tmp_path / "screen.png", 10)
    source = ScreenshotFile(tmp_path / "screen.png", repeat_ms=40)
    source.open()
    assert [shade_of(source.read(timeout)) for timeout in (0, 0, 20, 20)] == [10, None, None, 10]


def test_a_half_written_screen_is_no_frame_until_it_is_whole(tmp_path: Path) -> None:
    """A writer without atomic rename must not break the reader, and the whole picture is not missed."""
    screen = tmp_path / "screen.png"
    save(screen, 10)
    whole = screen.read_bytes()
    source = ScreenshotFile(screen, repeat_ms=NEVER_MS)
    source.open()
    for length in (0, 4, 20, len(whole) // 2, len(whole) - 24):
        screen.write_bytes(whole[:length])
        assert source.read(0) is None
    screen.write_bytes(whole)
    assert shade_of(source.read(0)) == 10
    screen.unlink()
    assert source.read(0) is None


def test_a_huge_screen_file_is_not_read(tmp_path: Path) -> None:
    """A sparse file of more than PICTURE_FILE_BYTES_MAX costs one stat."""
    screen = tmp_path / "screen.png"
    save(screen, 10)
    os.truncate(screen, frames.PICTURE_FILE_BYTES_MAX + 1)
    source = ScreenshotFile(screen)
    source.open()
    assert source.read(0) is None


def test_a_screen_that_changes_while_one_waits_is_seen(tmp_path: Path) -> None:
    """The reader is already waiting when the other program draws."""
    source = ScreenshotFile(tmp_path / "screen.png")
    source.open()
    waiting = Event()
    seen: list[int | None] = []

    def look() -> None:
        waiting.set()
        seen.append(shade_of(source.read(PATIENCE_MS)))

    reader = Thread(target=look)
    reader.start()
    assert waiting.wait(5)
    save(tmp_path / "screen.png", 10)
    reader.join(5)
    assert seen == [10]


def test_the_fake_fails_in_the_middle_when_told_to() -> None:
    """Pulling the plug reaches a reader as the device's own error."""
    source = FakeFrameSource([GreyFrame(width=1, height=1, luma=b"\x07")])
    source.open()
    assert shade_of(source.read(0)) == 7
    assert source.read(1) is None
    source.fail(UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "unplugged"))
    with pytest.raises(UnavailableError, match="unplugged"):
        source.read(0)
