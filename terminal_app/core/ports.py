"""What the core needs around it: threads that call the server, and a scanner."""

from enum import Enum, unique
from typing import Protocol

from terminal_app.errands import Errand


@unique
class Lane(Enum):
    """Calls of different lanes never wait for each other: a long poll must not hold up a capture."""

    COUNTER = "counter"
    LISTEN = "listen"
    OUTBOX = "outbox"


class Lanes(Protocol):
    """Makes calls to the server, one after the other in each lane. What comes back comes to the core as Returned."""

    def submit(self, lane: Lane, errand: Errand) -> None:
        """Make this call soon; returns at once."""
        ...


class Scanner(Protocol):
    """Looks for codes. What it reads comes to the core as Scanned, a failure as ScannerFailed."""

    def start(self) -> None:
        """Begin to look; returns at once. While it looks it does nothing."""
        ...

    def stop(self) -> None:
        """Stop looking; may be called when it does not look."""
        ...
