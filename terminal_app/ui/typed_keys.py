"""Keys of the hardware keyboard: a finger types, a hand scanner types too, a hundred times as fast.

Characters are held back for as long as they come like a scanner's. What turns out to be a finger's typing goes to the
screen, a moment later than nobody notices; a burst is a scanned code and touches neither amount nor PIN. A screen with
a line to fill in gets all of it at once: there a scanner may type, as on every computer.

A burst is over when the queue of the window has been empty for a pause, not by the times of its keys: a window that
was busy for a moment must not cut a code in two and type one half of it as an amount.
"""

from collections.abc import Callable
from typing import Final

from kivy.clock import Clock

from terminal_app.devices.wedge import BURST_CHARS_MIN, KEY_PAUSE_MS_MAX
from wallet_sdk.protocol import limits
from wallet_sdk.screen.finger import ENTER_KEY, TAB_KEY

#: Keys that scanners send at the end of a code.
_END_KEYS: Final = frozenset({ENTER_KEY, TAB_KEY})


class TypedKeys:
    """Tells bursts from typing. UI thread only.

    Args:
        typed: called with what a finger has typed.
        scanned: called with the text of a burst.
    """

    def __init__(self, *, typed: Callable[[str], None], scanned: Callable[[str], None]) -> None:
        self._typed = typed
        self._scanned = scanned
        self._held = ""
        self._pause = Clock.create_trigger(self._look_again, KEY_PAUSE_MS_MAX / 1000)
        # One more round of the loop, in which the window hands over the keys that have come while it was busy.
        self._end = Clock.create_trigger(lambda _dt: self.flush(), 0)

    @property
    def is_holding(self) -> bool:
        """Whether characters wait to be told apart."""
        return bool(self._held)

    def add(self, characters: str) -> None:
        """Hold these until it is known whose they are."""
        self._held = (self._held + characters)[: limits.QR_TEXT_CHARS_MAX]
        self._pause.cancel()
        self._end.cancel()
        self._pause()

    def flush(self) -> None:
        """Give out what is held, as what it is."""
        self._pause.cancel()
        self._end.cancel()
        held, self._held = self._held, ""
        if len(held) >= BURST_CHARS_MIN:
            self._scanned(held)
        elif held:
            self._typed(held)

    def takes_key(self, key_code: int) -> bool:
        """A key that is no character has come: what is held is given out. True when the key was the burst's end."""
        is_end = key_code in _END_KEYS and len(self._held) >= BURST_CHARS_MIN
        self.flush()
        return is_end

    def forget(self) -> None:
        """Drop what is held."""
        self._held = ""
        self.flush()

    def _look_again(self, _dt: float) -> None:
        self._end()
