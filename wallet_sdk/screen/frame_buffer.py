"""Read what is on the screen: the very pixels that OpenGL drew."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kivy.base import EventLoop
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels

if TYPE_CHECKING:
    from PIL import Image

# Layouts settle within as many frames, and a frame that was asked for comes within as many.
_SETTLING_FRAMES = 4
_FRAMES_MAX = 20


def read_frame_buffer() -> "Image.Image":
    """The frame that was drawn and not yet flipped; call it from a window's `on_flip` only."""
    from PIL import Image  # not before somebody looks: an idle screen is 4 MiB smaller without

    width_px, height_px = (int(length) for length in Window.system_size)
    pixels = glReadPixels(0, 0, width_px, height_px, GL_RGB, GL_UNSIGNED_BYTE)
    picture = Image.frombytes("RGB", (width_px, height_px), bytes(pixels))
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def write_png(picture: "Image.Image", path: Path) -> None:
    """Write a PNG so that a reader sees the old file or the new one, never a half."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        picture.save(partial, format="PNG", compress_level=1)
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()  # on a full disk a half picture takes the room that the next one needs


def after_next_frame(action: Callable[["Image.Image"], None]) -> None:
    """Ask for one frame and call `action` with its picture."""

    def on_flip(*_args: object) -> None:
        Window.unbind(on_flip=on_flip)
        action(read_frame_buffer())

    Window.bind(on_flip=on_flip)
    Window.canvas.ask_update()


def draw_into(path: Path) -> None:
    """Turn the event loop until the layouts have settled, then write what the window shows. For galleries."""
    for _ in range(_SETTLING_FRAMES):
        EventLoop.idle()
    drawn: list[Image.Image] = []
    after_next_frame(drawn.append)
    for _ in range(_FRAMES_MAX):
        EventLoop.idle()
        if drawn:
            write_png(drawn[0], path)
            return
    raise AssertionError("no frame was drawn")
