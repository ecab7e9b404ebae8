"""The wallet's camera of the demo: it looks at another program's screen, mirrored into a PNG file, and reads pixels.

A file that is missing, half there or unchanged is simply nothing new to see.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from wallet_sdk.decoding import decode_codes, read_picture
from wallet_sdk.demo.screen_model import PreviewFrame
from wallet_sdk.frames import GreyFrame
from wallet_sdk.protocol import others

#: The preview is at most this wide and high; the codes are read from the full picture.
PREVIEW_SIDE_PX: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One look at a screen: a small grey picture for the preview, and the texts of the codes in it."""

    preview: PreviewFrame
    texts: tuple[str, ...]


class ScreenEye:
    """Looks at one picture file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def forget(self) -> None:
        """Let the next look be news, even when the picture has not changed."""
        self._seen = None

    def look(self) -> Glance | None:
        """What there is to see, or None when nothing changed since the last look."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return None
        frame = read_picture(self._path)
        if frame is None:
            return None
        self._seen = stamp
        return Glance(preview=_preview_of(frame), texts=tuple(decode_codes(frame)))

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size)


def _preview_of(frame: GreyFrame) -> PreviewFrame:
    picture = Image.frombytes("L", (frame.width, frame.height), frame.luma)
    picture.thumbnail((PREVIEW_SIDE_PX, PREVIEW_SIDE_PX))
    return PreviewFrame(width_px=picture.width, height_px=picture.height, luminance=picture.tobytes())


def to_pay(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts to pay, or to refuse by name: those of ours, or else whatever there is."""
    seen = tuple(others.plain_text_of(text) for text in texts)
    return tuple(text for text in seen if text.startswith("TC1:")) or seen


def first_tillcode(texts: Iterable[str]) -> str | None:
    """The first text that claims to be one of our messages."""
    return next((text for text in texts if text.startswith("TC1:")), None)
