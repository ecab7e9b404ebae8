"""Mirror the window into a PNG file, so that another program's camera can look at this screen."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kivy.core.window import Window

from wallet_sdk.screen.frame_buffer import read_frame_buffer, write_png

if TYPE_CHECKING:
    from PIL import Image

#: How long the end of the program waits for the last picture.
STOP_TIMEOUT_S: Final = 2.0

_log = logging.getLogger(__name__)


class ScreenMirror:
    """Writes `path` after each drawn frame that differs from the one before, in a thread of its own.

    Kivy draws only when something changed, so an idle screen costs nothing. The file is replaced in one step. A picture
    that cannot be written is no reason to stop: it is logged, and the next one is tried.
    Keep the mirror in a variable: Kivy holds what is bound to the window only weakly.
    """

    def __init__(self, path: Path, *, write: "Callable[[Image.Image, Path], None]" = write_png) -> None:
        self._path = path
        self._write = write
        self._last_pixels = b""
        self._changed = threading.Condition()
        self._waiting: Image.Image | None = None
        self._is_stopped = False
        self._thread: threading.Thread | None = None
        self._complaint = ""
        self.writes = 0

    def start(self) -> None:
        """Follow the window from now on, beginning with a frame of what it shows."""
        Window.bind(on_flip=self._on_flip)
        Window.canvas.ask_update()

    def stop(self) -> None:
        """Write no more; what is being written is waited for a little."""
        Window.unbind(on_flip=self._on_flip)
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT_S)

    def _on_flip(self, *_args: object) -> None:
        picture = read_frame_buffer()
        pixels = picture.tobytes()
        if pixels == self._last_pixels:
            return
        self._last_pixels = pixels
        with self._changed:
            self._waiting = picture
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="mirror", daemon=True)
            self._thread.start()

    def _write_all(self) -> None:
        """Write the newest picture, in a thread of its own: a full disk or a stick that hangs holds up no screen."""
        while (picture := self._newest()) is not None:
            try:
                self._write(picture, self._path)
            except Exception as error:
                self._complain(error)
            else:
                self.writes += 1
                self._complaint = ""

    def _newest(self) -> "Image.Image | None":
        """The next picture to write; what was overtaken while the last one was written is not. None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or self._waiting is not None)
            picture, self._waiting = self._waiting, None
            return picture

    def _complain(self, error: Exception) -> None:
        """Once for each fault, not for each frame."""
        complaint = f"{type(error).__name__}: {error}"
        if complaint != self._complaint:
            self._complaint = complaint
            _log.error("the screen is not mirrored into %s: %s", self._path, complaint)
