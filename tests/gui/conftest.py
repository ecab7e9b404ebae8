"""A real window without a screen: OpenGL drawn into memory, real touches, a clock that only tests move.

Kivy has one window a process and reads its settings while it is imported, so this file prepares it before any test
module of this folder is imported, and imports what needs Kivy only inside its fixtures.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from terminal_app.screen_model import ScreenModel
from wallet_sdk.screen.environment import Drawing, Panel, prepare

if TYPE_CHECKING:
    from tests.gui.stage import Stage, Till

# The memory that frames are drawn into never grows, so the first window is as large as any panel.
LARGEST = Panel(width_px=1280, height_px=1280, density=1.0)

if "kivy" not in sys.modules:
    prepare(
        panel=LARGEST,
        kivy_home=Path(os.environ.get("KIVY_HOME") or tempfile.mkdtemp(prefix="tillcode-kivy-")),
        drawing=Drawing.OFFSCREEN,
        title="Tillcode tests",
    )
    from kivy.config import Config

    # Tests turn the event loop themselves and need not be held to sixty rounds a second.
    Config.set("graphics", "maxfps", "2000")


@pytest.fixture(scope="session", autouse=True)
def _event_loop() -> Iterator[None]:
    from kivy.base import EventLoop, runTouchApp
    from kivy.core.window import Window
    from kivy.uix.widget import Widget

    from wallet_sdk.screen.fonts import assets_folder, register_fonts

    register_fonts(assets_folder())
    placeholder = Widget()
    runTouchApp(placeholder, embedded=True)
    Window.remove_widget(placeholder)
    yield
    EventLoop.close()


@pytest.fixture
def stage_of() -> Iterator[Callable[[Panel], "Stage"]]:
    """Makes the window as large as a panel."""
    from tests.gui.stage import Stage

    stages: list[Stage] = []

    def make(panel: Panel) -> Stage:
        stages.append(Stage(panel))
        return stages[-1]

    yield make
    for stage in stages:
        stage.clear()


@pytest.fixture
def till_of(stage_of: Callable[[Panel], "Stage"]) -> Iterator[Callable[[ScreenModel, Panel], "Till"]]:
    """Makes a till that shows a model on a panel."""
    from tests.gui.stage import Till

    tills: list[Till] = []

    def make(initial: ScreenModel, panel: Panel) -> Till:
        tills.append(Till(stage_of(panel), initial))
        return tills[-1]

    yield make
    for till in tills:
        till.root.close()
