"""Register the shipped fonts with Kivy under the names that the screens use."""

from pathlib import Path
from typing import Final

from kivy.core.text import LabelBase

from wallet_sdk.protocol.letters import Script
from wallet_sdk.screen.reading import FONT_FILES

BODY_FONT: Final = "TillcodeBody"
STRONG_FONT: Final = "TillcodeStrong"
DISPLAY_FONT: Final = "TillcodeDisplay"

# Both drawn for all three fonts: the part of the font size below the baseline, and above it (Inter's own metrics).
DESCENT: Final = 680 / 2816
CAP_HEIGHT: Final = 2048 / 2816

_FILES: Final = {
    BODY_FONT: "Inter-Medium-latin-tabular.otf",
    STRONG_FONT: "Inter-Bold-latin-tabular.otf",
    DISPLAY_FONT: "InterDisplay-Bold-latin.otf",
}
_WEIGHTS: Final = {BODY_FONT: "Medium", STRONG_FONT: "Bold", DISPLAY_FONT: "Bold"}


def face(font_name: str, script: Script) -> str:
    """The name under which Kivy knows this font in this script."""
    return font_name if script is Script.LATIN else f"{font_name}-{script.value}"


def font_files() -> dict[str, str]:
    """The file of each face, in `assets/fonts`."""
    files = dict(_FILES)
    for script, file_name in FONT_FILES.items():
        files |= {face(name, script): file_name.format(weight=weight) for name, weight in _WEIGHTS.items()}
    return files


def assets_folder() -> Path:
    """The `assets` folder: inside `terminal_app` where a wheel was installed, beside the packages in a checkout."""
    packages = Path(__file__).resolve().parents[2]
    installed = packages / "terminal_app" / "assets"
    return installed if installed.is_dir() else packages / "assets"


def register_fonts(assets: Path) -> None:
    """Make the shipped fonts known by name. Calling it twice does no harm.

    Raises: FileNotFoundError when the installation lacks a font; a till with empty labels would be worse.
    """
    for name, file_name in font_files().items():
        path = assets / "fonts" / file_name
        if not path.is_file():
            raise FileNotFoundError(path)
        LabelBase.register(name, str(path))
