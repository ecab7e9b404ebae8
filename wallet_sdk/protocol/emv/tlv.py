"""Text TLV of merchant-presented codes: id (two digits), length (two digits), value.

Lengths count characters, not bytes. Every error names where it happened: ``param`` is the path of ids and
the offset of the object's id in the whole text, such as "62.05@143".

Source: as merchant.py.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final

from wallet_sdk.protocol.emv.deviations import DeviationKind, Deviations
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError

#: A merchant-presented code is written at most this long, in characters.
TEXT_CHARS_MAX: Final = 512
#: The length has two digits.
VALUE_CHARS_MAX: Final = 99
#: "Globally Unique Identifier" of a template.
GUID_CHARS_MAX: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EmvObject:
    """One id and its value as they stand in a code, when we have no better name for them."""

    id: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An object that was read, and where: ``path`` is "62.05", ``offset`` counts characters of the whole text."""

    id: str
    value: str
    path: str
    offset: int

    @property
    def where(self) -> str:
        return f"{self.path}@{self.offset}"

    @property
    def bare(self) -> EmvObject:
        return EmvObject(id=self.id, value=self.value)


@unique
class Format(Enum):
    """Alphabets of the specification: digits; printable ASCII; any Unicode text."""

    N = "digits"
    ANS = "printable ASCII"
    S = "text without control characters"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field may hold: our name for it, its alphabet, and how many characters."""

    name: str
    format: Format
    low: int
    high: int


def refuse(code: ErrorCode, message: str, *, where: str) -> MalformedMessageError:
    """The error of one violation; ``raise`` it."""
    return MalformedMessageError(code, message, param=where)


def read_objects(text: str, noted: Deviations, *, path: str = "", offset: int = 0) -> tuple[Placed, ...]:
    """Cut a text into its objects, in the sequence in which they stand, with nothing left over.

    ``path`` and ``offset`` say where the text itself stands. An id that stands there twice, and an empty object, are
    noted; so is a text whose lengths fit only when they count bytes of UTF-8.

    Raises:
        MalformedMessageError: BAD_TLV when it cannot be cut.
    """
    inside = Deviations()
    try:
        found = _cut(text, inside, path=path, offset=offset)
    except MalformedMessageError:
        decoded = () if text.isascii() else _cut_by_bytes(text, path=path, offset=offset)
        if not decoded:
            raise
        noted.note(DeviationKind.LENGTHS_IN_BYTES, decoded[0].where)
        return decoded
    noted.take(inside)
    return found


def _cut_by_bytes(text: str, *, path: str, offset: int) -> tuple[Placed, ...]:
    """The fields of a text whose lengths count bytes; none when they do not. Offsets count bytes, too."""
    try:
        found = _cut(text.encode().decode("latin-1"), Deviations(), path=path, offset=offset)
        return tuple(replace(one, value=one.value.encode("latin-1").decode()) for one in found)
    except (MalformedMessageError, UnicodeDecodeError):
        return ()


def _cut(text: str, noted: Deviations, *, path: str, offset: int) -> tuple[Placed, ...]:
    found: list[Placed] = []
    ids: set[str] = set()
    position = 0
    while position < len(text):
        one = _read_one(text, position, path=path, offset=offset)
        if one.id in ids:
            noted.note(DeviationKind.FIELD_TWICE, one.where)
        if not one.value:
            noted.note(DeviationKind.FIELD_EMPTY, one.where)
        ids.add(one.id)
        found.append(one)
        position += 4 + len(one.value)
    return tuple(found)


def read_template(placed: Placed, noted: Deviations) -> tuple[Placed, ...] | None:
    """The objects inside an object's value; None, and noted, when it is a plain value."""
    try:
        return read_objects(placed.value, noted, path=placed.path, offset=placed.offset + 4)
    except MalformedMessageError:
        noted.note(DeviationKind.PLAIN_VALUE, placed.where)
        return None


def _read_one(text: str, position: int, *, path: str, offset: int) -> Placed:
    head = text[position : position + 4]
    digits = _is_digits(head[:2]) and len(head) >= 2
    name = head[:2] if digits else "?"
    joined = f"{path}.{name}" if path else name
    where = f"{joined}@{offset + position}"
    if len(head) < 4 or not _is_digits(head):
        raise refuse(ErrorCode.BAD_TLV, "two digits of id and two of length are expected", where=where)
    length = int(head[2:])
    value = text[position + 4 : position + 4 + length]
    if len(value) < length:
        raise refuse(ErrorCode.BAD_TLV, f"{length} characters are announced, {len(value)} are left", where=where)
    return Placed(id=name, value=value, path=joined, offset=offset + position)


def write_objects(objects: Iterable[EmvObject]) -> str:
    """Join objects; the lengths are checked by whoever reads the finished code back."""
    return "".join(f"{one.id}{len(one.value):02d}{one.value}" for one in objects)


def in_sequence(values: Mapping[str, str], sequence: Sequence[str]) -> tuple[EmvObject, ...]:
    """The objects of ``values`` in the given sequence of ids; in the ascending one when it is ().

    Raises:
        MisuseError: BAD_ARGUMENT when the sequence names other ids than there are.
    """
    if sequence and sorted(sequence) != sorted(values):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "the sequence names other ids than there are", param="sequence")
    return tuple(EmvObject(id=one, value=values[one]) for one in sequence or sorted(values))


def check_value(rule: Rule, placed: Placed, noted: Deviations) -> str:
    """The object's value; noted when it breaks its rule. An empty one was noted before."""
    if placed.value and not rule.low <= len(placed.value) <= rule.high:
        noted.note(DeviationKind.WRONG_LENGTH, placed.where)
    if placed.value and not _is_written_in(rule.format, placed.value):
        noted.note(DeviationKind.WRONG_LETTERS, placed.where)
    return placed.value


def first_of_each(rules: Mapping[str, Rule], placed: Iterable[Placed], noted: Deviations) -> dict[str, str]:
    """The values that have a name, by it; of two under one id the first."""
    named: dict[str, str] = {}
    for one in placed:
        if one.id in rules:
            value = check_value(rules[one.id], one, noted)
            named.setdefault(rules[one.id].name, value)
    return named


def sequence_unless_sorted(ids: Sequence[str]) -> tuple[str, ...]:
    """The sequence of ids when it says something: the ascending one is written as ()."""
    return () if list(ids) == sorted(ids) else tuple(ids)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_written_in(alphabet: Format, value: str) -> bool:
    if alphabet is Format.N:
        return _is_digits(value)
    if alphabet is Format.ANS:
        return value.isascii() and value.isprintable()
    return not any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)
