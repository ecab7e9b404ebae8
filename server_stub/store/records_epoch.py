"""That a ledger was put back from a backup, and where its numbers begin again."""

from dataclasses import dataclass
from enum import IntEnum, unique


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A life of the ledger that began with a restore. ``number`` is below every number that it hands out.

    ``at_s`` is when it was restored, ``backup_made_at_s`` when its backup was made: between them lies what is lost.
    """

    number: int
    at_s: int
    backup_made_at_s: int


@unique
class RelearnedKind(IntEnum):
    """What a restored ledger was shown."""

    TOKEN = 1
    TERMINAL = 2
    PAYMENT = 3
    BUNDLE = 4
    #: A claim under a token that nobody has shown yet: not paid, and not answered for ever.
    CLAIM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Relearned:
    """Something that the operator had signed and a restore had lost, taken up again.

    ``holder`` is whose it is. ``amount_minor`` is what the operator had answered for, ``missing_minor`` the part of it
    that nobody had any more.
    """

    number: int
    kind: RelearnedKind
    subject: bytes
    holder: str
    at_s: int
    amount_minor: int = 0
    missing_minor: int = 0
