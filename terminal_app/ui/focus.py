"""A ring that the arrow keys move from target to target, for who works without touching the glass."""

from typing import Final

from kivy.graphics import Color, Line
from kivy.uix.widget import Widget

from terminal_app.ui.theme import CORNER_MM, Look
from wallet_sdk.screen import finger
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import mm

#: Keys that move the ring -> by how many targets, in reading direction.
RING_KEYS: Final = {
    finger.RIGHT_KEY: 1,
    finger.DOWN_KEY: 1,
    finger.LEFT_KEY: -1,
    finger.UP_KEY: -1,
}
_WIDTH_MM: Final = 0.5


class FocusRing:
    """Not there until an arrow key asks for it; gone with the next touch or screen."""

    def __init__(self, root: Widget) -> None:
        self._target: PressArea | None = None
        with root.canvas.after:
            self._colour = Color(0, 0, 0, 0)
            self._line = Line(width=mm(_WIDTH_MM))

    @property
    def target(self) -> PressArea | None:
        """What the ring lies around, if that can still be pressed."""
        return self._target if self._target in self._targets("left") else None

    def move(self, step: int, *, look: Look) -> None:
        """Go on by so many targets, from the top, in reading direction; the first move begins at the top."""
        targets = self._targets(look.start)
        if not targets:
            return
        place = targets.index(self._target) + step if self._target in targets else 0
        target = self._target = targets[place % len(targets)]
        left, bottom = target.to_window(target.x, target.y)
        self._colour.rgba = look.theme.caution
        self._line.rounded_rectangle = (left, bottom, target.width, target.height, mm(CORNER_MM))

    def press(self) -> bool:
        """Press what the ring lies around; False when it lies around nothing."""
        target = self.target
        if target is None:
            return False
        target.dispatch("on_release")
        return True

    def clear(self) -> None:
        """Be gone."""
        if self._target is not None:
            self._target = None
            self._colour.rgba = (0, 0, 0, 0)

    @staticmethod
    def _targets(start: str) -> list[PressArea]:
        towards = 1 if start == "left" else -1
        areas = [
            each
            for each in finger.shown_widgets()
            if isinstance(each, PressArea) and not each.disabled and each.width >= 1
        ]
        return sorted(areas, key=lambda area: (-round(area.to_window(*area.center)[1]), towards * area.x))
