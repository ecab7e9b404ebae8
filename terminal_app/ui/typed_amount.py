"""Tells the core of an amount on a pad when nobody goes on typing, so that voice guidance says it once and whole."""

from typing import Final

from kivy.clock import Clock, ClockEvent

from terminal_app.screen_model import AmountTyped, ScreenModel
from terminal_app.ui.screens.base import Screen

#: Nobody who types an amount pauses so long between two keys.
PAUSE_S: Final = 0.7


class TypedAmount:
    """Waits for the pause after a key of this screen."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._amount_minor: int | None = None
        self._due: ClockEvent | None = None

    def shown(self, amount_minor: int, model: ScreenModel) -> None:
        """So much stands there now. What stands there when a screen comes up was typed by nobody."""
        before, self._amount_minor = self._amount_minor, amount_minor
        if before is None or before == amount_minor or not model.speaks:
            return
        if self._due is not None:
            self._due.cancel()
        self._due = Clock.schedule_once(self._tell, PAUSE_S)

    def _tell(self, _dt: float) -> None:
        """Not when the screen has gone on: what is said then is said by the next one."""
        if self._amount_minor is not None and self._screen.get_root_window() is not None:
            self._screen.around.tell(AmountTyped(amount_minor=self._amount_minor))
