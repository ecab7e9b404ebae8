"""Things that take a finger: the base of every button, and the guard against fingers that came too early."""

from collections.abc import Callable
from typing import Final

from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.widget import Widget

# A finger that was already on its way when the screen changed was meant for the screen before: 400 ms cover it.
TOUCH_GUARD_S: Final = 0.4
GUARDED: Final = "tillcode.guarded"


class PressArea(Widget):
    """Takes a press and fires `on_release` when the finger leaves it inside, still shown and not disabled.

    `robot_id` names it for the robot finger; `label_text` is what it says.
    """

    robot_id = StringProperty("")
    label_text = StringProperty("")
    pressed = BooleanProperty(False)

    __events__ = ("on_release",)

    def on_touch_down(self, touch: MotionEvent) -> bool:
        """Take the finger when it lands here; a disabled area swallows it, so that nothing below hears it."""
        if not self.collide_point(*touch.pos):
            return False
        if touch.is_mouse_scrolling:
            return False
        if not self.disabled:
            touch.grab(self)
            self.pressed = True
        return True

    def on_touch_move(self, touch: MotionEvent) -> bool:
        """Show whether letting go now would count."""
        if touch.grab_current is not self:
            return False
        self.pressed = self.collide_point(*touch.pos)
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        """Fire, unless the finger slid off or the screen under it changed."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        self.pressed = False
        shown = self.get_root_window() is not None
        if shown and not self.disabled and self.collide_point(*touch.pos):
            self.dispatch("on_release")
        return True

    def on_release(self, *_args: object) -> None:
        """The press counts. Bind to it."""


class TouchGuard:
    """Says whether a touch comes too early after a change of what the screen means."""

    def __init__(self, *, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._until_s = 0.0

    def arm(self) -> None:
        """Begin to refuse touches for the guard time."""
        self._until_s = self._now_s() + TOUCH_GUARD_S

    def holds(self) -> bool:
        """True while it is too early for a finger to have seen what the screen shows."""
        return self._now_s() < self._until_s

    def swallows(self, touch: MotionEvent) -> bool:
        """True when this touch must be ignored; the touch is marked, so that the robot finger can try again."""
        if not self.holds():
            return False
        touch.ud[GUARDED] = True
        return True
