"""Numbers for rows, taken in blocks: no process waits for another to be given one, and none is given twice."""

from collections.abc import Callable
from typing import Final

#: Numbers of one block: many commits' worth, and there is room for nine million million blocks.
BLOCK: Final = 1_000_000
#: More than one unit of work can use up.
_LEFT_MIN: Final = 50_000


class Numbers:
    """Numbers of one store. One thread at a time may use it.

    ``take_block`` makes a block of so many numbers ours, durably, and returns the first of them.
    """

    __slots__ = ("_end", "_next", "_take_block")

    def __init__(self, take_block: Callable[[int], int]) -> None:
        self._take_block = take_block
        self._next = self._end = 0

    def refill(self) -> None:
        """Before a unit of work: see that enough are left."""
        if self._end - self._next < _LEFT_MIN:
            self._next = self._take_block(BLOCK)
            self._end = self._next + BLOCK

    def next(self) -> int:
        """The next number."""
        assert self._next < self._end, "a unit of work uses fewer numbers than are left for it"
        number = self._next
        self._next += 1
        return number
