"""`make screenshots`: draw the real screens anew for the README and docs/pictures.

Each gallery runs as its own process, because Kivy has one window a process. Per size, docs/pictures holds one
contact sheet, and at 800x480 and for the wallet also each screen by itself.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
GALLERIES = (
    ("terminal_app.ui.gallery", "800x480", 3),
    ("terminal_app.ui.gallery", "720x1280", 4),
    ("terminal_app.ui.gallery", "1280x800", 3),
    ("wallet_sdk.demo.gallery", "400x800", 5),
)
SHEET_WIDTH_PX = 1600
GAP_PX = 12
SINGLE_SIZES = frozenset({"800x480", "400x800"})


def contact_sheet(pictures: list[Path], *, columns: int) -> Image.Image:
    """All pictures (of one size) in rows of ``columns``, scaled to one sheet width."""
    opened = [Image.open(path).convert("RGB") for path in pictures]
    width_px = (SHEET_WIDTH_PX - GAP_PX * (columns + 1)) // columns
    height_px = opened[0].height * width_px // opened[0].width
    rows = -(-len(opened) // columns)
    sheet = Image.new("RGB", (SHEET_WIDTH_PX, rows * (height_px + GAP_PX) + GAP_PX), (128, 128, 128))
    for i, picture in enumerate(opened):
        row, column = divmod(i, columns)
        place = (GAP_PX + column * (width_px + GAP_PX), GAP_PX + row * (height_px + GAP_PX))
        sheet.paste(picture.resize((width_px, height_px), Image.Resampling.LANCZOS), place)
    return sheet


def save(picture: Image.Image, path: Path) -> None:
    """Write with a palette: flat screens lose nothing and the file is a third."""
    picture.quantize(colors=192, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> int:
    """Draw everything; returns the exit code."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for gallery, size, columns in GALLERIES:
        with TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-m", gallery, folder, "--size", size], check=True, capture_output=True)
            pictures = sorted(Path(folder).glob("*.png"))
            program = gallery.split(".")[0].split("_")[0]
            save(contact_sheet(pictures, columns=columns), PICTURES / f"{program}-{size}.png")
            if size in SINGLE_SIZES:
                for path in pictures:
                    save(Image.open(path).convert("RGB"), PICTURES / f"{program}-{path.stem}-{size}.png")
        print(f"{program} at {size}: {len(pictures)} screens")
    return 0


if __name__ == "__main__":
    sys.exit(main())
