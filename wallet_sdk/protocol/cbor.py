"""Strict, canonical CBOR: one item, one encoding, plain types only.

Allowed are unsigned integers, byte strings, text, arrays, and maps with unsigned keys; no floats,
tags, indefinite lengths, negative numbers or bignums. Foreign types are refused by their heads, before
cbor2 sees them: its built-in tags run code of their own, and shared references (tags 28 and 29) unfold
quadratically (a body of 768 KB held 3.6e10 elements). Each item read is encoded again and compared, so
whatever has a second encoding fails here.

Source: RFC 8949 section 4.2.1 (core deterministic encoding). With unsigned keys only, its bytewise
order and the length-first order of cbor2's ``canonical`` are the same.
"""

from typing import Any, Final

import cbor2

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError

#: A decoded value that has passed the checks below: int, bytes, str, list or dict of the same.
Plain = Any

#: Major types of RFC 8949 section 3.1 by their number: those that are plain here.
_UNSIGNED, _BYTES, _TEXT, _ARRAY, _MAP = 0, 2, 3, 4, 5
_PLAIN_MAJORS: Final = frozenset({_UNSIGNED, _BYTES, _TEXT, _ARRAY, _MAP})


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
    _refuse_foreign_heads(encoded)
    try:
        item = cbor2.loads(encoded, max_depth=depth_max, allow_indefinite=False, allow_duplicate_keys=False)
        again = cbor2.dumps(item, canonical=True)
    # cbor2 lets a few built-in errors through beside its own (seen while fuzzing).
    except (
        cbor2.CBORDecodeError,
        cbor2.CBOREncodeError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise MalformedMessageError(ErrorCode.BAD_CBOR, "not strict CBOR of the allowed types") from error
    _check_shape(item, depth_left=depth_max)
    if again != encoded:
        raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "the bytes are not the one encoding of their content")
    return item


def _refuse_foreign_heads(encoded: bytes) -> None:
    """Walk the heads of one item and refuse every type that is not plain; linear in the bytes that are there.

    What is cut short is left to cbor2; what follows the item, to the comparison.
    """
    position, pending = 0, 1
    while pending and position < len(encoded):
        major, low = encoded[position] >> 5, encoded[position] & 0x1F
        if major not in _PLAIN_MAJORS or low > 27:
            raise MalformedMessageError(
                ErrorCode.BAD_CBOR, f"head 0x{encoded[position]:02x} is of no allowed type or length"
            )
        position += 1
        pending -= 1
        count = low
        if low >= 24:
            width = 1 << (low - 24)
            count = int.from_bytes(encoded[position : position + width], "big")
            position += width
        if major in (_BYTES, _TEXT):
            position += count
        elif major != _UNSIGNED:
            pending += count if major == _ARRAY else 2 * count


def _check_shape(item: Plain, *, depth_left: int) -> None:
    """Map keys are unsigned integers at every depth, and empty containers count as depth too (cbor2 lets them)."""
    if type(item) is not list and type(item) is not dict:
        return
    if depth_left == 0:
        raise MalformedMessageError(ErrorCode.BAD_CBOR, "containers are nested too deep")
    if type(item) is dict:
        if not all(type(key) is int for key in item):
            raise MalformedMessageError(ErrorCode.BAD_CBOR, "map keys are unsigned integers")
        item = item.values()
    for element in item:
        _check_shape(element, depth_left=depth_left - 1)
