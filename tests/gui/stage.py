"""The window that GUI tests stand in: helpers that turn the event loop, look at the picture, and touch.

Import it only below `tests/gui`: the conftest there prepares Kivy before this file imports it.
"""

from collections.abc import Callable
from typing import Any

from kivy.base import EventLoop
from kivy.core.window import Window
from kivy.metrics import Metrics
from kivy.uix.widget import Widget
from PIL import Image

from terminal_app.screen_model import ScreenModel
from terminal_app.ui.root import TerminalRoot
from wallet_sdk.protocol import qr
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import Panel
from wallet_sdk.screen.frame_buffer import after_next_frame

FRAMES_MAX = 400
QUIET_ROUNDS = 3
# The conftest lets the loop turn two thousand times a second.
ROUNDS_MAX = 20_000


def settle() -> None:
    """Run the event loop until nothing has been drawn for some rounds: layouts may take several to come to rest."""
    for _ in range(FRAMES_MAX):
        pump_until(lambda: not any(getattr(one, "is_holding_keys", False) for one in Window.children))
        if frames_drawn_while_idle(QUIET_ROUNDS) == 0:
            return
    raise AssertionError("the screen never came to rest")


def pump_until(reached: Callable[[], bool]) -> None:
    """Run the event loop until something is so, for ten seconds at most."""
    for _ in range(ROUNDS_MAX):
        if reached():
            return
        EventLoop.idle()
    raise AssertionError("it never became so")


def picture() -> Image.Image:
    """The next drawn frame."""
    taken: list[Image.Image] = []
    after_next_frame(taken.append)
    pump_until(lambda: bool(taken))
    return taken[0]


def frames_drawn_while_idle(rounds: int) -> int:
    """How many frames were drawn in so many rounds of the event loop."""
    drawn: list[int] = []

    def count(*_args: object) -> None:
        drawn.append(1)

    Window.bind(on_flip=count)
    for _ in range(rounds):
        EventLoop.idle()
    Window.unbind(on_flip=count)
    return len(drawn)


class FakeTime:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now_s(self) -> float:
        """The time now."""
        return self.seconds

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


class Stage:
    """The window at the size of a panel, with one widget filling it."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        Metrics.density = panel.density
        Window.size = (panel.width_px, panel.height_px)
        settle()
        assert tuple(Window.system_size) == (panel.width_px, panel.height_px)

    def put(self, widget: Widget) -> None:
        """Show this widget and no other."""
        self.clear()
        Window.add_widget(widget)
        settle()

    def clear(self) -> None:
        """Empty the window."""
        for child in list(Window.children):
            Window.remove_widget(child)


class Till:
    """A terminal's window with what it sent, and a finger."""

    def __init__(self, stage: Stage, initial: ScreenModel) -> None:
        self.sent: list[Any] = []
        self.time = FakeTime()
        self.root = TerminalRoot(
            initial=initial,
            send=self.sent.append,
            matrix_of=qr.matrix,
            now_s=self.time.now_s,
        )
        stage.put(self.root)
        self.time.pass_s(1)

    def show(self, model: ScreenModel) -> None:
        """Show a model and wait until the touch guard is over."""
        self.root.show(model)
        settle()
        self.time.pass_s(1)

    def tap(self, *robot_ids: str) -> None:
        """Touch these, one after the other."""
        for robot_id in robot_ids:
            touch = finger.reach(robot_id)
            touch.down()
            touch.up()
            settle()

    def texts(self) -> dict[str, list[str]]:
        """Visible texts by the id they belong to."""
        found: dict[str, list[str]] = {}
        for each in finger.visible_texts():
            found.setdefault(each["id"], []).append(each["text"])
        return found


def rectangle(widget: Widget) -> tuple[float, float, float, float]:
    """Left, bottom, right, top in the window."""
    left, bottom = widget.to_window(widget.x, widget.y)
    return left, bottom, left + widget.width, bottom + widget.height


def is_inside(widget: Widget, panel: Panel) -> bool:
    """True when no part of the widget is off the panel, but for a pixel of rounding."""
    left, bottom, right, top = rectangle(widget)
    return min(left, bottom) >= -1 and right <= panel.width_px + 1 and top <= panel.height_px + 1


def distance_px(first: Widget, second: Widget) -> float:
    """The free space between two widgets, negative when they overlap."""
    one, other = rectangle(first), rectangle(second)
    across = max(other[0] - one[2], one[0] - other[2])
    along = max(other[1] - one[3], one[1] - other[3])
    return max(across, along)
