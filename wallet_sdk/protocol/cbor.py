"""Strict, canonical CBOR: one item, one encoding, plain types only.

Allowed are unsigned integers, byte strings, text, arrays, and maps with unsigned keys; no floats,
tags, indefinite lengths, negative numbers or bignums. Each item read is encoded again and compared,
so whatever has a second encoding fails here.

Source: RFC 8949 section 4.2.1 (core deterministic encoding). With unsigned keys only, its bytewise
order and the length-first order of cbor2's ``canonical`` are the same.
"""

from typing import Any

import cbor2

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, TillcodeError

#: A decoded value that has passed ``_check_plain``: int, bytes, str, list or dict of the same.
Plain = Any


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
            encoded, max_depth=depth_max, allow_indefinite=False, allow_duplicate_keys=False, tag_hook=_refuse_tag
        )
        _check_plain(item)
        again = cbor2.dumps(item, canonical=True)
    except TillcodeError:
        raise
    # cbor2 lets a few built-in errors through beside its own (all five seen while fuzzing).
    except (
        cbor2.CBORDecodeError,
        cbor2.CBOREncodeError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise MalformedMessageError(ErrorCode.BAD_CBOR, "not strict CBOR of the allowed types") from error
    if again != encoded:
        raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "the bytes are not the one encoding of their content")
    return item


def _refuse_tag(_decoder: object, _tag: object) -> object:
    raise MalformedMessageError(ErrorCode.BAD_CBOR, "tags are not allowed")


def _check_plain(item: Plain) -> None:
    """Allow exactly int >= 0, bytes, str, list and dict with unsigned keys; ``bool`` is not an int here."""
    kind = type(item)
    if kind is int:
        if not 0 <= item < 2**64:
            raise MalformedMessageError(ErrorCode.BAD_CBOR, "an integer is outside 0 .. 2**64-1")
    elif kind is list:
        for element in item:
            _check_plain(element)
    elif kind is dict:
        for key, value in item.items():
            if type(key) is not int or key < 0:
                raise MalformedMessageError(ErrorCode.BAD_CBOR, "map keys are unsigned integers")
            _check_plain(value)
    elif kind is not bytes and kind is not str:
        raise MalformedMessageError(ErrorCode.BAD_CBOR, f"a {kind.__name__} is not an allowed type")
