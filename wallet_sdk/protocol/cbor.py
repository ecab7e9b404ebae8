"""Strict, canonical CBOR: one item, one encoding, plain types only.

Allowed are unsigned integers, byte strings, text, arrays, and maps with unsigned keys; no floats,
tags, indefinite lengths, negative numbers or bignums. Every tag is refused before cbor2's own code for it
runs: shared references (tags 28 and 29) unfold quadratically (a body of 768 KB held 3.6e10 elements).
Keys rise, and each item read is encoded again and compared, so whatever has a second encoding fails here.

Source: RFC 8949 section 4.2.1 (core deterministic encoding): with unsigned keys only, bytewise sequence
is numeric sequence.
"""

from collections.abc import Iterable
from typing import Any, Final

import cbor2

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError

#: A decoded value that has passed the checks below: int, bytes, str, list or dict of the same.
Plain = Any


class _EveryTagRefused(dict[int, Any]):
    """What cbor2 looks a tag's decoder up in before it falls back on its own: there is one for every number."""

    def __missing__(self, _number: int) -> Any:
        return _refuse_tag


def _refuse_tag(*_: object) -> Any:
    raise ValueError("tags are not allowed")


_NO_TAGS: Final = _EveryTagRefused()


def load_map(encoded: bytes, *, bytes_max: int) -> dict[int, Plain]:
    """Strictly decode one canonical CBOR map with unsigned keys.

    Raises:
        MalformedMessageError: MESSAGE_TOO_LARGE, BAD_CBOR or NOT_CANONICAL.
    """
    content = load_canonical(encoded, bytes_max=bytes_max)
    if type(content) is not dict:
        raise MalformedMessageError(ErrorCode.BAD_CBOR, "a payload is a map")
    return content


def load_canonical(encoded: bytes, *, bytes_max: int, depth_max: int = limits.CBOR_DEPTH_MAX) -> Plain:
    """Strictly decode one canonical CBOR item of plain types.

    Raises:
        MalformedMessageError: MESSAGE_TOO_LARGE, BAD_CBOR or NOT_CANONICAL.
    """
    if len(encoded) > bytes_max:
        raise MalformedMessageError(ErrorCode.MESSAGE_TOO_LARGE, f"{len(encoded)} bytes, at most {bytes_max} allowed")
    try:
        item = cbor2.loads(
            encoded,
            semantic_decoders=_NO_TAGS,
            max_depth=depth_max,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    # cbor2 lets a few built-in errors through beside its own (seen while fuzzing).
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise MalformedMessageError(ErrorCode.BAD_CBOR, "not strict CBOR of the allowed types") from error
    _check_plain((item,), depth_left=depth_max)
    if cbor2.dumps(item) != encoded:
        raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "the bytes are not the one encoding of their content")
    return item


def _check_plain(elements: Iterable[Plain], *, depth_left: int) -> None:
    """Exactly the plain types, at most so deep; empty containers count as depth too (cbor2 lets them pass)."""
    for element in elements:
        kind = type(element)
        if kind is int:
            if element < 0:
                raise MalformedMessageError(ErrorCode.BAD_CBOR, "integers are unsigned")
        elif kind is dict or kind is list:
            if depth_left == 0:
                raise MalformedMessageError(ErrorCode.BAD_CBOR, "containers are nested too deep")
            _check_plain(_values_of(element) if kind is dict else element, depth_left=depth_left - 1)
        elif kind is not bytes and kind is not str:
            raise MalformedMessageError(ErrorCode.BAD_CBOR, f"a {kind.__name__} is of no allowed type")


def _values_of(content: dict[Any, Plain]) -> Iterable[Plain]:
    least = 0
    for key in content:
        if type(key) is not int or key < 0:
            raise MalformedMessageError(ErrorCode.BAD_CBOR, "map keys are unsigned integers")
        if key < least:  # R-6; none comes twice, cbor2 has seen to that
            raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "map keys rise")
        least = key
    return content.values()
