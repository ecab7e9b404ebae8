"""That a ledger was put back from a backup, and where its numbers begin again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A life of the ledger that began with a restore. ``number`` is below every number that it hands out.

    ``at_s`` is when it was restored, ``backup_made_at_s`` when its backup was made: between them lies what is lost.
    """

    number: int
    at_s: int
    backup_made_at_s: int
