"""Mirror the window into a PNG file, so that another program's camera can look at this screen."""

from pathlib import Path

from kivy.core.window import Window

from wallet_sdk.screen.frame_buffer import read_frame_buffer, write_png


class ScreenMirror:
    """Writes `path` after each drawn frame that differs from the one before.

    Kivy draws only when something changed, so an idle screen costs nothing. The file is replaced in one step.
    Keep the mirror in a variable: Kivy holds what is bound to the window only weakly.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last_pixels = b""
        self.writes = 0

    def start(self) -> None:
        """Follow the window from now on, beginning with a frame of what it shows."""
        Window.bind(on_flip=self._on_flip)
        Window.canvas.ask_update()

    def stop(self) -> None:
        """Write no more."""
        Window.unbind(on_flip=self._on_flip)

    def _on_flip(self, *_args: object) -> None:
        picture = read_frame_buffer()
        pixels = picture.tobytes()
        if pixels == self._last_pixels:
            return
        self._last_pixels = pixels
        write_png(picture, self._path)
        self.writes += 1
