"""Draw every screen with sample models into PNG files: `python -m terminal_app.ui.gallery OUTDIR --size 800x480`.

Real OpenGL, no X server, no cashier. `make screenshots` uses it, and so does whoever wants to look. `--language`,
`--theme` and `--text` may name several each, separated by commas: every combination is drawn, in a folder of its own.
"""

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from terminal_app.screen_model import Appearance, Language, TextSize, ThemeName
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE
from wallet_sdk.screen.gallery import gallery_parser, run_gallery


def main(arguments: list[str]) -> int:
    """Write one picture for each screen and combination; returns the exit code."""
    parser = gallery_parser(PANEL_7_LANDSCAPE)
    for name, default in (("--language", "en"), ("--theme", "night"), ("--text", "normal")):
        parser.add_argument(name, default=default, metavar="ONE,ANOTHER", help=f"(default: {default})")
    parsed = parser.parse_args(arguments)
    chosen = product(parsed.language.split(","), parsed.theme.split(","), parsed.text.split(","))
    appearances = [
        Appearance(language=Language(language), theme=ThemeName(theme), text_size=TextSize(text))
        for language, theme, text in chosen
    ]

    def draw(folder: Path) -> Iterator[Path]:
        from terminal_app.ui.gallery_window import draw_all  # Kivy: only once the window is open

        return draw_all(folder, appearances)

    return run_gallery(parsed, title="Tillcode gallery", draw=draw)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
