"""Fields of a payload: how one wire value becomes one checked value, and back.

Readers take (field name, plain CBOR value) and return the checked value or raise MalformedMessageError.
Builders (``uint``, ``text`` ...) make the ``Field`` rows of the tables in codec.py.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, TypeVar

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.cbor import Plain
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError
from wallet_sdk.protocol.money import Currency


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a payload: how its value is checked and read, and how it is written.

    ``absent`` is the value a missing key stands for; such a value is never written, so that it has one encoding.
    """

    key: int
    name: str
    read: Callable[[str, Plain], Any]
    write: Callable[[Any], Plain]
    absent: Any = ...


# --- readers: one wire value to one checked value ---


def read_uint(low: int, high: int) -> Callable[[str, Plain], int]:
    def read(name: str, value: Plain) -> int:
        if type(value) is not int:
            raise MalformedMessageError(ErrorCode.BAD_FIELD_TYPE, "an unsigned integer is expected", param=name)
        if not low <= value <= high:
            raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, f"outside {low} .. {high}", param=name)
        return value

    return read


def read_bytes(low: int, high: int) -> Callable[[str, Plain], bytes]:
    def read(name: str, value: Plain) -> bytes:
        if type(value) is not bytes:
            raise MalformedMessageError(ErrorCode.BAD_FIELD_TYPE, "a byte string is expected", param=name)
        if not low <= len(value) <= high:
            raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, f"not {low} .. {high} bytes long", param=name)
        return value

    return read


#: Joiners that Indic and Persian spelling needs; every other format character can deceive a reader.
_JOINERS: Final = frozenset("\u200c\u200d")
#: Letters, marks and symbols that draw nothing: a name of them is invisible, and two names differ by nothing seen.
_BLANKS: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
#: General categories of Unicode by their first letter: what a word is made of, and what a joiner may follow.
_OF_WORDS: Final = frozenset("LMN")
_JOINABLE: Final = frozenset("LM")
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def read_text(low: int, high: int) -> Callable[[str, Plain], str]:
    """Text of ``low`` .. ``high`` UTF-8 bytes: NFC, no outer spaces, nothing invisible that could deceive a reader."""

    def read(name: str, value: Plain) -> str:
        if type(value) is not str:
            raise MalformedMessageError(ErrorCode.BAD_FIELD_TYPE, "a text string is expected", param=name)
        # A lone surrogate (only our own caller can have one) is counted here and refused below.
        if not low <= len(value.encode("utf-8", "surrogatepass")) <= high:
            raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, f"not {low} .. {high} bytes long", param=name)
        fault = _fault_of_text(value)
        if fault is not None:
            raise MalformedMessageError(ErrorCode.BAD_TEXT, fault, param=name)
        return value

    return read


#: Alphabets that have letters which look the same. Source: Unicode UTS 39 section 5.1 (single-script restriction).
_ALIKE_SCRIPTS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK"})


def read_name(low: int, high: int) -> Callable[[str, Plain], str]:
    """Text as above, and no word of it mixes Latin, Cyrillic or Greek letters, which look alike.

    A name may hold words of several scripts. A whole word in another script's look-alikes passes: who certifies a
    merchant looks at the name, and a payer who pays sees it.
    """
    read_any = read_text(low, high)

    def read(name: str, value: Plain) -> str:
        text = read_any(name, value)
        if _mixes_scripts(text):
            raise MalformedMessageError(ErrorCode.BAD_TEXT, "a word mixes letters that look alike", param=name)
        return text

    return read


@lru_cache(maxsize=4096)
def _mixes_scripts(text: str) -> bool:
    """Whether a word of it does; remembered, because a name comes again with each of a merchant's requests."""
    return not text.isascii() and not all(_is_of_one_script(word) for word in _words_of(text))


def _words_of(text: str) -> list[str]:
    """Runs of letters, marks, digits and joiners."""
    return "".join(c if unicodedata.category(c)[0] in _OF_WORDS or c in _JOINERS else " " for c in text).split()


def _is_of_one_script(word: str) -> bool:
    """Of the scripts that look alike, a word has at most one."""
    return len(_ALIKE_SCRIPTS & {part for c in word for part in unicodedata.name(c, "").split()}) <= 1


@lru_cache(maxsize=4096)
def _fault_of_text(text: str) -> str | None:
    """What is wrong with a text, or None; remembered like the above."""
    if text != text.strip() or not unicodedata.is_normalized("NFC", text):
        return "outer spaces, or not in Unicode form NFC"
    if not _is_readable(text):
        return "control, direction, blank or misplaced joining characters"
    return None


def _is_readable(text: str) -> bool:
    """No forbidden or blank character; marks and joiners only where they have something to join."""
    before = "Zs"
    for character in text:
        category = unicodedata.category(character)
        if character in _JOINERS:
            if before[0] not in _JOINABLE:
                return False
        elif category in _FORBIDDEN_CATEGORIES or character in _BLANKS or (category[0] == "M" and before == "Zs"):
            return False
        before = category
    return True


E_ = TypeVar("E_", bound=IntEnum)


def read_enum(choices: type[E_]) -> Callable[[str, Plain], E_]:
    members = {member.value: member for member in choices}

    def read(name: str, value: Plain) -> E_:
        found = members.get(value) if type(value) is int else None
        if found is None:
            raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, f"not a {choices.__name__}", param=name)
        return found

    return read


_read_currency_number = read_uint(1, 999)


def read_currency(name: str, value: Plain) -> Currency:
    return Currency.from_number(_read_currency_number(name, value))


def read_list(low: int, high: int, read_one: Callable[[str, Plain], Any]) -> Callable[[str, Plain], tuple[Any, ...]]:
    def read(name: str, value: Plain) -> tuple[Any, ...]:
        if type(value) is not list:
            raise MalformedMessageError(ErrorCode.BAD_FIELD_TYPE, "an array is expected", param=name)
        if not low <= len(value) <= high:
            raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, f"not {low} .. {high} elements", param=name)
        return tuple([read_one(name, element) for element in value])

    return read


def read_sorted(high: int, read_one: Callable[[str, Plain], Any]) -> Callable[[str, Plain], tuple[Any, ...]]:
    """A set as an array: 1 .. ``high`` elements, each greater than the one before, so that it has one encoding."""
    read_any = read_list(1, high, read_one)

    def read(name: str, value: Plain) -> tuple[Any, ...]:
        elements = read_any(name, value)
        if any(one >= other for one, other in pairwise(elements)):
            raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "not sorted, or not each once", param=name)
        return elements

    return read


_read_two_letters = read_text(2, 2)
_read_path_text = read_text(1, 256)


def read_country(name: str, value: Plain) -> str:
    country = _read_two_letters(name, value)
    if not (country.isascii() and country.isalpha() and country.isupper()):
        raise MalformedMessageError(ErrorCode.BAD_TEXT, "not an ISO 3166 alpha-2 code", param=name)
    return country


def read_path(name: str, value: Plain) -> str:
    path = _read_path_text(name, value)
    if not path.isascii() or not path.startswith("/"):
        raise MalformedMessageError(ErrorCode.BAD_TEXT, "not an absolute ASCII path", param=name)
    return path


def exactly(name: str, value: Plain, length: int) -> list[Plain]:
    if type(value) is not list or len(value) != length:
        raise MalformedMessageError(ErrorCode.BAD_FIELD_TYPE, f"an array of {length} is expected", param=name)
    return value


read_time = read_uint(0, limits.TIME_S_MAX)
read_public_key = read_bytes(limits.PUBLIC_KEY_BYTES, limits.PUBLIC_KEY_BYTES)


# --- builders of table rows ---


def _as_is(value: Any) -> Plain:
    """No conversion: ``int`` would cut a float, ``str`` would write "None"; the reader refuses both instead."""
    return value


def uint_field(key: int, name: str, low: int, high: int, absent: Any = ...) -> Field:
    return Field(key, name, read_uint(low, high), _as_is, absent)


def bytes_field(key: int, name: str, low: int, high: int | None = None, absent: Any = ...) -> Field:
    return Field(key, name, read_bytes(low, low if high is None else high), _as_is, absent)


def text_field(key: int, name: str, low: int, high: int, absent: Any = ...) -> Field:
    return Field(key, name, read_text(low, high), _as_is, absent)


def name_field(key: int, name: str, low: int, high: int, absent: Any = ...) -> Field:
    return Field(key, name, read_name(low, high), _as_is, absent)


def set_field(key: int, name: str, high: int, read_one: Callable[[str, Plain], Any]) -> Field:
    return Field(key, name, read_sorted(high, read_one), list, ())


def enum_field(key: int, name: str, choices: type[IntEnum], absent: Any = ...) -> Field:
    return Field(key, name, read_enum(choices), int, absent)


def seconds_field(key: int, name: str) -> Field:
    return Field(key, name, read_time, _as_is)


def currency_field(key: int) -> Field:
    return Field(key, "currency", read_currency, lambda currency: currency.number)


def amount_field(key: int, name: str = "amount_minor", low: int = 1, absent: Any = ...) -> Field:
    return uint_field(key, name, low, limits.AMOUNT_MINOR_MAX, absent)


def id_field(key: int, name: str = "request_id") -> Field:
    return bytes_field(key, name, limits.REQUEST_ID_BYTES)


def key_field(key: int, name: str) -> Field:
    return Field(key, name, read_public_key, _as_is)
