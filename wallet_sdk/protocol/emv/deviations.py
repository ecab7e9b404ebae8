"""What codes in use do differently from the letter of EMV QRCPS: each departure by name, with its place.

A shop's code is what it is, and a payer has to be told whose it is and how much it asks for. So a text that can be cut
into fields, and whose checksum is right, is read whole, and says by how much it misses the specification. Nothing that
is read so is trusted, and nothing is written so: whoever writes gets the first departure as an error.
docs/emv.md lists which schemes were seen to do what.
"""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final


@unique
class DeviationKind(Enum):
    """One way to miss the specification; the value is the sentence about it."""

    TOO_LONG = "more than 512 characters"
    NO_FORMAT_FIRST = "a code starts with its payload format"
    OTHER_FORMAT = "another payload format"
    CHECKSUM_IN_SMALL_LETTERS = "the checksum is written in small letters"
    CHECKSUM_OVER_LATIN_1 = "the checksum is the one of the text in ISO 8859-1, not in UTF-8"
    LENGTHS_IN_BYTES = "lengths count bytes, not characters"
    FIELD_TWICE = "this field stands here twice"
    FIELD_EMPTY = "an empty field is left out, not written"
    FIELD_MISSING = "a mandatory field is missing"
    WRONG_LENGTH = "so many characters this field has not"
    WRONG_LETTERS = "letters that this field has not"
    UNKNOWN_VALUE = "a value that this field has not"
    AMOUNT_OF_ZERO = "an amount of zero is left out, not written"
    FEE_DISAGREES = "the fee and what id 55 says of it do not agree"
    PLAIN_VALUE = "a plain value where a template belongs"
    NO_OWNER = "a template that does not say whose it is"
    NO_ACCOUNT = "no account (ids 02-51) says where to pay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One departure; ``where`` is the path of ids and the offset of the field in the whole text, "62.05@143"."""

    kind: DeviationKind
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind.value}"


#: More than any code in use has, and so many that a hostile text cannot make the list its weapon.
DEVIATIONS_MAX: Final = 64


class Deviations:
    """Collects what is noted while a code is read, the first DEVIATIONS_MAX."""

    def __init__(self) -> None:
        self._found: list[Deviation] = []

    def note(self, kind: DeviationKind, where: str) -> None:
        """Remember one."""
        if len(self._found) < DEVIATIONS_MAX:
            self._found.append(Deviation(kind=kind, where=where))

    def take(self, others: "Deviations") -> None:
        """Remember what another collector has."""
        self._found += others.all[: DEVIATIONS_MAX - len(self._found)]

    @property
    def all(self) -> tuple[Deviation, ...]:
        """In the sequence in which they were found."""
        return tuple(self._found)
