"""Draw every screen of the wallet into PNG files: `python -m wallet_sdk.demo.gallery FOLDER`. Needs no display."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image

from wallet_sdk.demo.samples import BLOCKED, SAMPLES
from wallet_sdk.screen.environment import Drawing, Panel, prepare

if TYPE_CHECKING:
    from wallet_sdk.demo.app import WalletRoot

_FRAMES_MAX = 20


def main(arguments: list[str]) -> int:
    """Write one picture for each screen; the exit code."""
    parser = argparse.ArgumentParser(description="Draw every screen of the demo wallet into PNG files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="400x800", help="window size, WIDTHxHEIGHT")
    parsed = parser.parse_args(arguments)
    width_px, height_px = (int(part) for part in parsed.size.split("x"))
    parsed.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as kivy_home:
        prepare(
            panel=Panel(width_px=width_px, height_px=height_px, density=1.0),
            kivy_home=Path(kivy_home),
            drawing=Drawing.OFFSCREEN,
            title="Tillcode wallet gallery",
        )
        draw_all(parsed.folder, print)
    return 0


def draw_all(folder: Path, tell: Callable[[Path], None]) -> None:
    """Draw every sample into the folder, named by screen. Kivy must have been prepared."""
    from kivy.base import runTouchApp, stopTouchApp
    from kivy.clock import Clock
    from kivy.core.window import Window

    from wallet_sdk.demo import theme
    from wallet_sdk.demo.app import WalletRoot
    from wallet_sdk.demo.screen_model import ScreenName
    from wallet_sdk.demo.screens import Surroundings
    from wallet_sdk.protocol import qr
    from wallet_sdk.screen.fonts import assets_folder, register_fonts

    register_fonts(assets_folder())
    Window.clearcolor = theme.BASE
    around = Surroundings(press=lambda _name: None, matrix_of=qr.matrix)
    root = WalletRoot(initial=SAMPLES[ScreenName.HOME], around=around, now_s=Clock.get_time)
    runTouchApp(root, embedded=True)
    models = {name.value: model for name, model in SAMPLES.items()}
    for name, model in {**models, "blocked": BLOCKED}.items():
        root.show(model)
        _draw(root, folder / f"{name}.png")
        tell(folder / f"{name}.png")
    stopTouchApp()


def _draw(root: "WalletRoot", path: Path) -> None:
    from kivy.base import EventLoop

    from wallet_sdk.screen.frame_buffer import after_next_frame, write_png

    for _ in range(4):  # layouts settle within as many frames
        EventLoop.idle()
    written: list[Path] = []
    root.canvas.ask_update()

    def keep(picture: Image.Image) -> None:
        write_png(picture, path)
        written.append(path)

    after_next_frame(keep)
    for _ in range(_FRAMES_MAX):
        EventLoop.idle()
        if written:
            return
    raise AssertionError("no frame was drawn")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
