"""What the operator has revoked, and how the ledger's entries are sealed."""

from dataclasses import dataclass, field
from enum import IntEnum, unique


@unique
class DenialKind(IntEnum):
    """What is revoked; each has a part of its own in a denylist."""

    TOKEN = 1
    TERMINAL = 2
    KEY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One thing that was revoked. ``id`` is the number of the denylist that first names it: 1, 2, 3 ...

    ``subject`` is a token id, a terminal id (4 bytes, big endian) or a key id; from ``expires_at_s`` on it is dead by
    itself, and full lists leave it out. None: never.
    """

    id: int
    kind: DenialKind
    subject: bytes
    reason: str
    at_s: int
    expires_at_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The chain over a run of entries, signed: all those of one block of numbers after ``after`` up to ``last``.

    ``entries`` counts all that the chain covers so far, ``last_hash`` is its end there.
    """

    id: int
    block: int
    after: int
    last: int
    entries: int
    last_hash: bytes
    at_s: int
    key_id: bytes
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBlock:
    """How far one block of numbers is sealed."""

    block: int
    last: int
