"""`make screenshots`: draw the real screens anew for the README and docs/pictures.

Each gallery runs as its own process, because Kivy has one window a process. docs/pictures holds one contact sheet for
each size and language of the terminal, with every screen in every set of colours, and the single pictures that a page
shows. `--out FOLDER` draws them elsewhere.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SIZES = (("800x480", 6), ("720x1280", 12), ("1280x800", 6))
LANGUAGES = ("en", "zh", "ar")
THEMES = ("night", "daylight", "high_contrast")
SHEET_WIDTH_PX = 1800
GAP_PX = 10
# The README shows these by themselves.
SINGLE_SIZE = "800x480"
SINGLES = ("show_code", "accepted_offline", "unknown")
WALLET_SIZE = "400x800"


def contact_sheet(pictures: list[Path], *, columns: int, width_px: int = SHEET_WIDTH_PX) -> Image.Image:
    """All pictures (of one size) in rows of ``columns``, scaled to one sheet width."""
    opened = [Image.open(path).convert("RGB") for path in pictures]
    each_px = (width_px - GAP_PX * (columns + 1)) // columns
    height_px = opened[0].height * each_px // opened[0].width
    rows = -(-len(opened) // columns)
    sheet = Image.new("RGB", (width_px, rows * (height_px + GAP_PX) + GAP_PX), (128, 128, 128))
    for i, picture in enumerate(opened):
        row, column = divmod(i, columns)
        place = (GAP_PX + column * (each_px + GAP_PX), GAP_PX + row * (height_px + GAP_PX))
        sheet.paste(picture.resize((each_px, height_px), Image.Resampling.LANCZOS), place)
    return sheet


def save(picture: Image.Image, path: Path) -> None:
    """Write with a palette: flat screens lose nothing and the file is a third."""
    picture.quantize(colors=160, dither=Image.Dither.NONE).save(path, optimize=True)


def draw(gallery: str, folder: str, *arguments: str) -> None:
    """Run a gallery."""
    subprocess.run([sys.executable, "-m", gallery, folder, *arguments], check=True, capture_output=True)


def draw_terminal(out: Path, size: str, columns: int) -> None:
    """The sheets of one size: a screen's three sets of colours stand beside each other."""
    with TemporaryDirectory() as folder:
        chosen = ("--language", ",".join(LANGUAGES), "--theme", ",".join(THEMES))
        draw("terminal_app.ui.gallery", folder, "--size", size, *chosen)
        for language in LANGUAGES:
            names = sorted(path.name for path in (Path(folder) / f"{language}-night-normal").glob("*.png"))
            pictures = [Path(folder) / f"{language}-{theme}-normal" / name for name in names for theme in THEMES]
            save(contact_sheet(pictures, columns=columns), out / f"terminal-{size}-{language}.png")
            print(f"terminal at {size} in {language}: {len(pictures)} pictures")
        if size == SINGLE_SIZE:
            for name in SINGLES:
                single = Image.open(Path(folder) / "en-night-normal" / f"{name}.png").convert("RGB")
                save(single, out / f"terminal-{name}-{size}.png")


def draw_wallet(out: Path) -> None:
    """The wallet's sheet and its single pictures."""
    with TemporaryDirectory() as folder:
        draw("wallet_sdk.demo.gallery", folder, "--size", WALLET_SIZE)
        pictures = sorted(Path(folder).glob("*.png"))
        save(contact_sheet(pictures, columns=5), out / f"wallet-{WALLET_SIZE}.png")
        for path in pictures:
            save(Image.open(path).convert("RGB"), out / f"wallet-{path.stem}-{WALLET_SIZE}.png")
        print(f"wallet at {WALLET_SIZE}: {len(pictures)} screens")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw everything; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make screenshots", description="Draw the real screens anew.")
    parser.add_argument("--out", type=Path, default=PICTURES, metavar="FOLDER", help="default: docs/pictures")
    out: Path = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    for size, columns in SIZES:
        draw_terminal(out, size, columns)
    draw_wallet(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
