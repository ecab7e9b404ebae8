"""Prepare the process for Kivy, before Kivy is imported.

Kivy reads its settings from environment variables while it is imported: it would eat our command-line flags, swallow
crash tracebacks, write into the home folder and open each touch panel twice. So `prepare` comes first, and this module
imports Kivy only inside functions.
"""

import os
import sys
from argparse import ArgumentTypeError
from dataclasses import dataclass
from enum import Enum, unique
from pathlib import Path
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.screen.opengl import missing_libraries

# A density of 1 draws 48 dp on 9 mm, the smallest thing a finger hits surely; so 1 dp is 9/48 mm on every panel.
DP_PER_MM: Final = 48 / 9


@unique
class Drawing(Enum):
    """Where frames go: to a window on the screen, or only into memory (real OpenGL, no X server needed)."""

    WINDOW = "window"
    OFFSCREEN = "offscreen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A screen: its pixels and its density (px a mm, times 9/48)."""

    width_px: int
    height_px: int
    density: float

    @property
    def width_mm(self) -> float:
        """Width of the picture in millimetres."""
        return self.width_px / (self.density * DP_PER_MM)

    @property
    def height_mm(self) -> float:
        """Height of the picture in millimetres."""
        return self.height_px / (self.density * DP_PER_MM)


PANEL_7_LANDSCAPE: Final = Panel(width_px=800, height_px=480, density=0.97)
PANEL_7_PORTRAIT: Final = Panel(width_px=720, height_px=1280, density=1.55)
PANEL_10_LANDSCAPE: Final = Panel(width_px=1280, height_px=800, density=1.11)
# A phone of 6 inches seen in a desktop window, for the demo wallet.
PANEL_PHONE: Final = Panel(width_px=400, height_px=800, density=1.0)

KNOWN_PANELS: Final = (PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE, PANEL_PHONE)

# Left to itself, SDL falls back to drawing into memory where there is no display: a till that runs and shows nothing.
_DRIVERS_WITH_A_SCREEN: Final = "x11,wayland,KMSDRM"

NO_DISPLAY: Final = (
    "no display can be opened, so no window can be drawn: start it from a desktop session, or give --offscreen to draw "
    "into memory only"
)

# Four samples a pixel: cheap on a Raspberry Pi 4, and the drawn icons get clean edges. What is drawn into memory only
# is read from there, where the samples do not show; there they would cost 14 MiB of it.
SAMPLES_PER_PIXEL: Final = 4


def panel_of_size(*, width_px: int, height_px: int) -> Panel:
    """The known panel of these pixels, or one for a desktop window of ordinary density."""
    for panel in KNOWN_PANELS:
        if (panel.width_px, panel.height_px) == (width_px, height_px):
            return panel
    return Panel(width_px=width_px, height_px=height_px, density=PANEL_7_LANDSCAPE.density)


def panel_of_text(size: str) -> Panel:
    """The panel of a size written as "800x480".

    Raises: ArgumentTypeError when it is written otherwise: it reads what a command line says.
    """
    width, cross, height = size.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise ArgumentTypeError(f"{size!r} is not WIDTHxHEIGHT, such as 800x480")
    return panel_of_size(width_px=int(width), height_px=int(height))


def open_window(*, panel: Panel, kivy_home: Path, drawing: Drawing, title: str, side_px_min: int = 0) -> None:
    """Prepare Kivy and open the process's window, whose sides no finger draws below `side_px_min`.

    Raises: UnavailableError when there is no OpenGL or no display, or a display that is too small (a kiosk's window is
        as large as its panel, whatever was asked for), with what to do about it.
    """
    lacking = missing_libraries()
    if lacking:
        raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, lacking, param="opengl")
    prepare(panel=panel, kivy_home=kivy_home, drawing=drawing, title=title)
    from kivy.core.window import Window  # opens it

    if Window is None:
        raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, NO_DISPLAY, param="display")
    check_window(*Window.system_size, side_px_min=side_px_min)
    Window.minimum_width = Window.minimum_height = side_px_min


def check_window(width_px: int, height_px: int, *, side_px_min: int) -> None:
    """Raises: UnavailableError DEVICE_UNAVAILABLE when a window of this size has keys that no finger hits."""
    if min(width_px, height_px) < side_px_min:
        text = f"a window of {width_px}x{height_px} pixels is too small: no finger hits its keys below {side_px_min}"
        raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, text, param="display")


def prepare(*, panel: Panel, kivy_home: Path, drawing: Drawing, title: str) -> None:
    """Set Kivy up for this process: its environment, then its configuration, held in memory only.

    `kivy_home` is created where it is missing; Kivy keeps nothing elsewhere. Must run before anything imports Kivy.
    """
    assert "kivy" not in sys.modules, "prepare() must run before Kivy is imported"
    kivy_home.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        {
            "KIVY_NO_ARGS": "1",
            "KIVY_NO_CONFIG": "1",
            "KIVY_NO_FILELOG": "1",
            "KIVY_LOG_MODE": "PYTHON",
            "KIVY_HOME": str(kivy_home),
            "KIVY_METRICS_DENSITY": str(panel.density),
            "KIVY_WINDOW": "sdl2",
            "KIVY_IMAGE": "sdl2",  # its other reader of pictures is Pillow: 4 MiB for a screen that draws none
        }
    )
    if drawing is Drawing.OFFSCREEN:
        os.environ["SDL_VIDEODRIVER"] = "offscreen"
    elif sys.platform == "linux":
        os.environ.setdefault("SDL_VIDEODRIVER", _DRIVERS_WITH_A_SCREEN)
    _configure(panel=panel, title=title, samples=SAMPLES_PER_PIXEL if drawing is Drawing.WINDOW else 0)


def _configure(*, panel: Panel, title: str, samples: int) -> None:
    from kivy.config import Config  # after the environment is set, never before

    # One way in for fingers: SDL hears the touch panel already, and Kivy's own probing would hear it a second time.
    Config.remove_section("input")
    Config.add_section("input")
    Config.set("input", "mouse", "mouse,disable_multitouch")
    Config.set("kivy", "exit_on_escape", "0")
    Config.set("kivy", "window_title", title)
    Config.set("graphics", "width", str(panel.width_px))
    Config.set("graphics", "height", str(panel.height_px))
    Config.set("graphics", "multisamples", str(samples))
    Config.set("graphics", "maxfps", "60")
