"""The size of frame that a camera at a counter is asked for."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSize:
    """Pixels of a frame."""

    width: int
    height: int


#: A version 13 code and its quiet zone are 77 modules; at three pixels a module it fills a third of this height. Every
#: webcam of the last fifteen years has this mode.
COUNTER_SIZE: Final = FrameSize(width=1280, height=720)
