"""One artificial fingertip: find a widget by its `robot_id`, see whether a finger could reach it, touch it for real."""

from collections.abc import Iterator
from itertools import count
from typing import Final

from kivy.base import EventLoop
from kivy.core.window import Window
from kivy.input.motionevent import MotionEvent
from kivy.uix.label import Label
from kivy.uix.widget import Widget

from wallet_sdk.screen.touch import GUARDED, PressArea

_touch_numbers: Final = count()

BACKSPACE_KEY: Final = 8
TAB_KEY: Final = 9
ENTER_KEY: Final = 13
ESCAPE_KEY: Final = 27
SPACE_KEY: Final = 32
RIGHT_KEY: Final = 275
LEFT_KEY: Final = 276
DOWN_KEY: Final = 274
UP_KEY: Final = 273
PAGE_UP_KEY: Final = 280
PAGE_DOWN_KEY: Final = 281


class FingerTouch(MotionEvent):
    """A touch at one point of the window, as an input device would send it."""

    def __init__(self, *, x_px: float, y_px: float) -> None:
        width_px, height_px = Window.size
        place = (x_px / (width_px - 1), y_px / (height_px - 1))
        super().__init__("finger", f"finger{next(_touch_numbers)}", place, is_touch=True, type_id="touch")

    def depack(self, args: tuple[float, float]) -> None:
        """Take the place, as fractions of the window."""
        self.sx, self.sy = args
        self.profile = ("pos",)
        super().depack(args)

    def down(self) -> None:
        """Put the finger down."""
        EventLoop.post_dispatch_input("begin", self)

    def up(self) -> None:
        """Lift it."""
        EventLoop.post_dispatch_input("end", self)

    @property
    def was_guarded(self) -> bool:
        """True when the touch guard ignored it."""
        return bool(self.ud.get(GUARDED, False))


class UnreachableError(Exception):
    """A finger could not touch this widget; the message says why."""


def reach(robot_id: str) -> FingerTouch:
    """A touch, not yet down, on the centre of the widget with this id.

    Raises: UnreachableError when no such widget is shown, or it is disabled, off the screen, or something covers it.
    """
    widget = find_widget(robot_id)
    if widget is None:
        raise UnreachableError(f"nothing on the screen is called {robot_id!r}")
    if widget.disabled:
        raise UnreachableError(f"{robot_id!r} is disabled")
    x_px, y_px = widget.to_window(*widget.center)
    if widget.width < 1 or widget.height < 1 or not (0 <= x_px < Window.width and 0 <= y_px < Window.height):
        raise UnreachableError(f"{robot_id!r} is not in view")
    hit = topmost_at(x_px=x_px, y_px=y_px)
    if hit is not None and hit is not widget and widget not in ancestors(hit):
        raise UnreachableError(f"{robot_id!r} is covered")
    return FingerTouch(x_px=x_px, y_px=y_px)


def find_widget(robot_id: str) -> Widget | None:
    """The shown widget with this id, if there is one."""
    for widget in shown_widgets():
        if getattr(widget, "robot_id", "") == robot_id:
            return widget
    return None


def shown_widgets() -> Iterator[Widget]:
    """All widgets in the window that are not made invisible, parents before children, in drawing order."""
    for top in reversed(Window.children):
        yield from _shown_below(top)


def _shown_below(widget: Widget) -> Iterator[Widget]:
    if widget.opacity == 0:
        return
    yield widget
    for child in reversed(widget.children):
        yield from _shown_below(child)


def topmost_at(*, x_px: float, y_px: float) -> Widget | None:
    """The widget that a finger at this point of the window would press, if any."""
    for top in Window.children:
        hit = _topmost_below(top, x_px=x_px, y_px=y_px)
        if hit is not None:
            return hit
    return None


def _topmost_below(widget: Widget, *, x_px: float, y_px: float) -> Widget | None:
    inner_x, inner_y = widget.to_local(x_px, y_px)
    for child in widget.children:
        hit = _topmost_below(child, x_px=inner_x, y_px=inner_y)
        if hit is not None:
            return hit
    takes_fingers = isinstance(widget, PressArea)
    if takes_fingers and widget.opacity > 0 and widget.collide_point(x_px, y_px):
        return widget
    return None


def ancestors(widget: Widget) -> Iterator[Widget]:
    """The widgets around this one, innermost first."""
    parent = widget.parent
    while parent is not None and parent is not Window and parent.parent is not parent:
        yield parent
        parent = parent.parent


def visible_texts() -> list[dict[str, str]]:
    """Every text on the screen with the id of the widget it belongs to (empty when none has one)."""
    texts = []
    for widget in shown_widgets():
        if not isinstance(widget, Label) or not widget.text:
            continue
        owners = (getattr(each, "robot_id", "") for each in (widget, *ancestors(widget)))
        texts.append({"id": next((owner for owner in owners if owner), ""), "text": widget.text})
    return texts


def reachable_ids() -> list[str]:
    """The ids that a finger could press now."""
    ids = []
    for widget in shown_widgets():
        robot_id = getattr(widget, "robot_id", "")
        if not robot_id or not isinstance(widget, PressArea):
            continue
        try:
            reach(robot_id)
        except UnreachableError:
            continue
        ids.append(robot_id)
    return ids


def type_character(character: str) -> None:
    """Press one key of the physical keyboard, as SDL reports it: key down, text, key up."""
    Window.dispatch("on_key_down", ord(character), 0, character, [])
    Window.dispatch("on_textinput", character)
    Window.dispatch("on_key_up", ord(character), 0)


def press_key(key_code: int, *modifiers: str) -> None:
    """Press a key that makes no text, such as ENTER_KEY, while others, such as "shift", are held."""
    Window.dispatch("on_key_down", key_code, 0, None, [*modifiers])
    Window.dispatch("on_key_up", key_code, 0)
