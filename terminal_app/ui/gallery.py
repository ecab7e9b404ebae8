"""Draw every screen with sample models into PNG files: `python -m terminal_app.ui.gallery OUTDIR --size 800x480`.

Real OpenGL, no X server, no cashier. `make screenshots` uses it, and so does whoever wants to look.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE
from wallet_sdk.screen.gallery import run_gallery


def main(arguments: list[str]) -> int:
    """Write one picture for each screen; returns the exit code."""
    return run_gallery(arguments, title="Tillcode gallery", panel=PANEL_7_LANDSCAPE, draw=_draw_all)


def _draw_all(folder: Path) -> Iterator[Path]:
    from terminal_app.ui.gallery_window import draw_all  # Kivy: only once the window is open

    return draw_all(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
