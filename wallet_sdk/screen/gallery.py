"""Draw a program's screens with sample models into PNG files. Real OpenGL, no display, nobody at the screen."""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from wallet_sdk.screen.environment import Drawing, Panel, open_window, panel_of_text


def gallery_parser(panel: Panel) -> argparse.ArgumentParser:
    """Where to draw and how large; a program adds what else it can be asked. `panel` is drawn on when none is given."""
    parser = argparse.ArgumentParser(description="Draw every screen into PNG files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=panel_of_text, default=panel, metavar="WIDTHxHEIGHT", help="size of the window")
    return parser


def run_gallery(parsed: argparse.Namespace, *, title: str, draw: Callable[[Path], Iterable[Path]]) -> int:
    """Open a window of `--size` in memory and let `draw` fill the folder; returns the exit code.

    `draw` may import Kivy and gives the paths that it wrote.
    """
    parsed.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as kivy_home:
        open_window(panel=parsed.size, kivy_home=Path(kivy_home), drawing=Drawing.OFFSCREEN, title=title)
        for path in draw(parsed.folder):
            print(path)
    return 0
