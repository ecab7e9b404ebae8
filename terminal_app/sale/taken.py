"""A scan that was taken, and what is to follow on it."""

from dataclasses import dataclass
from enum import Enum, unique

from terminal_app.journal import Sale


@unique
class Reach(Enum):
    """Whether the server can be asked, as far as is known."""

    ONLINE = "online"
    OFFLINE = "offline"


@unique
class NextStep(Enum):
    """What is to follow on a scan that was taken."""

    SHOW = "show"
    CAPTURE = "capture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A scan that was taken, already in the journal."""

    sale: Sale
    step: NextStep
