"""Draw every screen with sample models into PNG files: `python -m terminal_app.ui.gallery OUTDIR --size 800x480`.

Real OpenGL, no X server, no cashier. `make screenshots` uses it, and so does whoever wants to look.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from wallet_sdk.screen.environment import Drawing, panel_of_size, prepare


def main(arguments: list[str]) -> int:
    """Write one picture for each screen; returns the exit code."""
    parser = argparse.ArgumentParser(description="Draw every screen of the terminal into PNG files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="800x480", help="window size, WIDTHxHEIGHT")
    parsed = parser.parse_args(arguments)
    width_px, height_px = (int(part) for part in parsed.size.split("x"))
    parsed.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as kivy_home:
        prepare(
            panel=panel_of_size(width_px=width_px, height_px=height_px),
            kivy_home=Path(kivy_home),
            drawing=Drawing.OFFSCREEN,
            title="Tillcode gallery",
        )
        from terminal_app.ui.gallery_window import draw_all  # Kivy: only after prepare()

        for path in draw_all(parsed.folder):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
