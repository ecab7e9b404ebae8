"""Files of SQLite across a fork: closed before it, opened again by whoever needs them after it.

A connection that is carried into a child loses its locks there, and with them the guard against two writers; even a
new one on the same file would believe that it still holds the old one's.
Source: SQLite documentation, "How To Corrupt An SQLite Database File", section 2.6.
"""

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """What must let go of its file while the process forks."""

    def before_fork(self) -> None:
        """Wait for the transaction under way, close the file, and let nobody in."""
        ...

    def after_fork(self) -> None:
        """Let others in again; called in the parent and in the child."""
        ...


class Forks:
    """Those that are open in this process. Hooks cannot be taken back, so there is one for all."""

    def __init__(self) -> None:
        self._open: weakref.WeakSet[Forkable] = weakref.WeakSet()
        self._held: list[Forkable] = []
        self._is_hooked = False

    def add(self, forkable: Forkable) -> None:
        """From now on until it is collected."""
        self._open.add(forkable)
        if not self._is_hooked:
            self._is_hooked = True
            os.register_at_fork(before=self._before, after_in_parent=self._after, after_in_child=self._after)

    def _before(self) -> None:
        for forkable in list(self._open):
            forkable.before_fork()
            self._held.append(forkable)

    def _after(self) -> None:
        while self._held:
            self._held.pop().after_fork()


#: The one list of this process.
FORKS = Forks()
