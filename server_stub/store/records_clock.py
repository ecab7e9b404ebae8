"""What time the ledger knows, and what a person has acknowledged about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMark:
    """The newest time that a server has believed while it served this ledger. One row."""

    number: int = 1
    newest_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A finding that a person has gone on with, knowing it. ``name`` is what he typed, ``what`` the whole finding."""

    id: int
    name: str
    what: str
    at_s: int
