"""BER-TLV of consumer-presented codes: tag (1-3 bytes), length, value. Only the shortest length is read, so that one
content has one encoding.

Source: EMV Book 3 (data objects are coded in BER-TLV, lengths of one to three bytes), as github.com/mvallim/emv-qrcode
reads them; the published codes in tests/vectors/emv.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from wallet_sdk.protocol.emv.tlv import refuse
from wallet_sdk.protocol.errors import ErrorCode

#: Five set bits in the first byte of a tag say that more bytes follow.
_MORE_TAG: Final = 0x1F
_ANOTHER: Final = 0x80
_TAG_BYTES_MAX: Final = 3
#: A code has at most 384 bytes (512 characters of base64), so two bytes of length are enough.
_LENGTH_BYTES_MAX: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BerObject:
    """One tag, in upper-case hexadecimal ("9F26"), and its value."""

    tag: str
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedBer:
    """An object that was read: ``offset`` counts bytes of the whole code, ``start`` is where its value begins."""

    tag: str
    value: bytes
    path: str
    offset: int
    start: int

    @property
    def where(self) -> str:
        return f"{self.path}@{self.offset}"

    @property
    def bare(self) -> BerObject:
        return BerObject(tag=self.tag, value=self.value)


def read_ber(content: bytes, *, path: str = "", offset: int = 0) -> tuple[PlacedBer, ...]:
    """Cut bytes into their objects, in the sequence in which they stand, with nothing left over.

    Raises:
        MalformedMessageError: BAD_TLV.
    """
    found: list[PlacedBer] = []
    position = 0
    while position < len(content):
        tag = _read_tag(content, position, path=path, offset=offset)
        joined = f"{path}.{tag}" if path else tag
        where = f"{joined}@{offset + position}"
        length_at = position + len(tag) // 2
        length, value_at = _read_length(content, length_at, where=where)
        value = content[value_at : value_at + length]
        if len(value) < length:
            raise refuse(ErrorCode.BAD_TLV, f"{length} bytes are announced, {len(value)} are left", where=where)
        one = PlacedBer(tag=tag, value=value, path=joined, offset=offset + position, start=offset + value_at)
        found.append(one)
        position = value_at + length
    return tuple(found)


def read_ber_inside(placed: PlacedBer) -> tuple[PlacedBer, ...]:
    """The objects inside a constructed object."""
    return read_ber(placed.value, path=placed.path, offset=placed.start)


def write_ber(objects: Iterable[BerObject]) -> bytes:
    """Join objects, each with the shortest length."""
    return b"".join(bytes.fromhex(one.tag) + _length_bytes(len(one.value)) + one.value for one in objects)


def _read_tag(content: bytes, position: int, *, path: str, offset: int) -> str:
    end = position + 1
    if content[position] & _MORE_TAG == _MORE_TAG:
        while end < len(content) and content[end] & _ANOTHER:
            end += 1
        end += 1
    if end > len(content) or end - position > _TAG_BYTES_MAX:
        where = f"{path}.?@{offset + position}" if path else f"?@{offset + position}"
        raise refuse(ErrorCode.BAD_TLV, "a tag has one to three bytes", where=where)
    return content[position:end].hex().upper()


def _read_length(content: bytes, position: int, *, where: str) -> tuple[int, int]:
    """The length and the position of the value."""
    first = content[position : position + 1]
    if not first:
        raise refuse(ErrorCode.BAD_TLV, "the length is missing", where=where)
    if first[0] < _ANOTHER:
        return first[0], position + 1
    count = first[0] - _ANOTHER
    end = position + 1 + count
    if not 1 <= count <= _LENGTH_BYTES_MAX or end > len(content):
        raise refuse(ErrorCode.BAD_TLV, "a length has one byte, or says how many of two follow", where=where)
    length = int.from_bytes(content[position + 1 : end], "big")
    if _length_bytes(length) != content[position:end]:
        raise refuse(ErrorCode.NOT_CANONICAL, "the length could be shorter", where=where)
    return length, end


def _length_bytes(length: int) -> bytes:
    if length < _ANOTHER:
        return bytes([length])
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([_ANOTHER + len(digits)]) + digits
