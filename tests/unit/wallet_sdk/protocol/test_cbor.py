"""Strict CBOR: one item, one encoding, plain types, and work in proportion to the bytes that are there."""

import tracemalloc
from typing import Any

import cbor2
import pytest

from tests.unit.wallet_sdk.protocol.samples import code_raised
from wallet_sdk.protocol.cbor import load_canonical, load_map
from wallet_sdk.protocol.errors import ErrorCode

PLAIN = [0, 23, 24, 255, 256, 2**32, 2**64 - 1, b"", b"x" * 300, "", "é", [], [1, [2, [3]]], {}, {1: {2: [b"x"]}}]

FOREIGN = {
    "negative": "20",
    "negative nine": "28",
    "lowest negative": "3bffffffffffffffff",
    "half float": "f93c00",
    "single float": "fa3f800000",
    "double float": "fb3ff0000000000000",
    "not a number": "f97e00",
    "false": "f4",
    "true": "f5",
    "null": "f6",
    "undefined": "f7",
    "simple 0": "e0",
    "simple 255": "f8ff",
    "break": "ff",
    "bignum": "c249010000000000000000",
    "small bignum": "c24101",
    "negative bignum": "c34101",
    "date text": "c074323031332d30332d32315432303a30343a30305a",
    "date number": "c11a514b67b0",
    "decimal bomb": "c4821b3fffffffffffffff01",
    "bigfloat bomb": "c5821b3fffffffffffffff01",
    "rational over zero": "d81e820100",
    "regular expression": "d82363282a29",
    "mail message": "d8246161",
    "shared": "d81c80",
    "reference": "d81d00",
    "string reference": "d81900",
    "set": "d9010280",
    "address": "d9010444ffffffff",
    "self-described": "d9d9f700",
    "unknown tag": "da0001000000",
    "foreign in an array": "8120",
    "foreign in a map": "a101f6",
    "foreign key": "a1f600",
    "indefinite bytes": "5f4101ff",
    "indefinite text": "7f6161ff",
    "indefinite array": "9f00ff",
    "indefinite map": "bf0000ff",
    "reserved length 28": "1c",
    "reserved length 30": "5e",
    "indefinite integer": "1f",
}
CUT = ["", "18", "1900", "42", "4200", "62", "81", "8201", "a1", "a101", "1b00000000000000", "5b0000000000000005"]
SECOND_ENCODINGS = {
    "1 in two bytes": "1801",
    "1 in three bytes": "190001",
    "1 in five bytes": "1a00000001",
    "1 in nine bytes": "1b0000000000000001",
    "long head of bytes": "580161",
    "long head of text": "780161",
    "long head of an array": "980100",
    "long head of a map": "b8010000",
    "unsorted keys": "a202000100",
    "unsorted by length": "a2181800" + "0100",
    "long key": "a1180100",
    "trailing byte": "0000",
    "trailing item": "a0a0",
    "trailing foreign item": "00f6",
}
LENGTH_CLAIMS = [
    prefix + length
    for prefix, length in [
        ("5a", "7fffffff"),
        ("5b", "00000000ffffffff"),
        ("5b", "7fffffffffffffff"),
        ("5b", "ffffffffffffffff"),
        ("7a", "7fffffff"),
        ("7b", "ffffffffffffffff"),
        ("9a", "0fffffff"),
        ("9b", "ffffffffffffffff"),
        ("ba", "0fffffff"),
        ("bb", "8000000000000000"),
        ("bb", "ffffffffffffffff"),
    ]
]
MEMORY_BYTES_MAX = 512 * 1024


def refusal(encoded: bytes) -> ErrorCode:
    """What an item is refused with."""
    return code_raised(lambda: load_canonical(encoded, bytes_max=4096))


@pytest.mark.parametrize("item", PLAIN, ids=lambda item: repr(item)[:30])
def test_plain_items_are_read(item: Any) -> None:
    """Unsigned integers, bytes, text, arrays and maps come back as they are."""
    assert load_canonical(cbor2.dumps(item, canonical=True), bytes_max=4096) == item


@pytest.mark.parametrize("encoded", FOREIGN.values(), ids=FOREIGN.keys())
def test_foreign_types_are_refused(encoded: str) -> None:
    """No float, tag, simple value, negative number or indefinite length, wherever it stands. (R-5)"""
    assert refusal(bytes.fromhex(encoded)) is ErrorCode.BAD_CBOR


@pytest.mark.parametrize("encoded", CUT)
def test_cut_items_are_refused(encoded: str) -> None:
    """An item that ends too early is none."""
    assert refusal(bytes.fromhex(encoded)) is ErrorCode.BAD_CBOR


@pytest.mark.parametrize("encoded", SECOND_ENCODINGS.values(), ids=SECOND_ENCODINGS.keys())
def test_second_encodings_are_refused(encoded: str) -> None:
    """Whatever says the same in other bytes is refused. (R-6)"""
    assert refusal(bytes.fromhex(encoded)) is ErrorCode.NOT_CANONICAL


@pytest.mark.parametrize("encoded", ["a201000100", "a2010018010 0".replace(" ", ""), "a3010002000100"])
def test_duplicate_keys_are_refused(encoded: str) -> None:
    """The same key twice is refused, also when it is spelt in another length."""
    assert refusal(bytes.fromhex(encoded)) is ErrorCode.BAD_CBOR


@pytest.mark.parametrize("encoded", ["a1610100", "a1410100", "a18000", "a1a000", "81a1616100", "a101a1616100"])
def test_keys_are_unsigned_integers(encoded: str) -> None:
    """Text, bytes, arrays and maps are no keys, at any depth. (R-7)"""
    assert refusal(bytes.fromhex(encoded)) is ErrorCode.BAD_CBOR


def test_depth_is_bounded_at_four() -> None:
    """Four containers inside each other are read, five are not, and four thousand cost nothing. (R-8)"""
    assert load_canonical(b"\x81\x81\x81\x80", bytes_max=512) == [[[[]]]]
    assert refusal(b"\x81\x81\x81\x81\x80") is ErrorCode.BAD_CBOR
    assert refusal(b"\x81" * 4096) is ErrorCode.BAD_CBOR
    assert refusal(b"\xa1\x00" * 2048) is ErrorCode.BAD_CBOR


def test_size_is_bounded() -> None:
    """At the bound it is read, one byte above it is not looked at."""
    encoded = cbor2.dumps(b"x" * 509)
    assert len(encoded) == 512
    assert load_canonical(encoded, bytes_max=512) == b"x" * 509
    assert code_raised(lambda: load_canonical(encoded, bytes_max=511)) is ErrorCode.MESSAGE_TOO_LARGE


def test_a_payload_is_a_map() -> None:
    """Other items are no payload."""
    assert load_map(b"\xa1\x00\x01", bytes_max=512) == {0: 1}
    for encoded in (b"\x80", b"\x00", b"\x60", b"\x40"):
        assert code_raised(lambda encoded=encoded: load_map(encoded, bytes_max=512)) is ErrorCode.BAD_CBOR  # type: ignore[misc]


@pytest.mark.parametrize("claim", LENGTH_CLAIMS)
@pytest.mark.parametrize("before", ["", "81", "a100"], ids=["alone", "in an array", "in a map"])
def test_huge_lengths_allocate_nothing(claim: str, before: str) -> None:
    """A head that promises gigabytes is believed no further than the bytes go."""
    encoded = bytes.fromhex(before + claim) + bytes(16)
    tracemalloc.start()
    try:
        assert refusal(encoded) is ErrorCode.BAD_CBOR
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_BYTES_MAX


def test_shared_references_do_not_unfold() -> None:
    """An array of 65,000 zeros shared 65,000 times was hours of work; now its first tag ends it.

    What cbor2 may hold by then is one list of that many zeros, eight bytes each.
    """
    count = 65_000
    head = b"\x99" + count.to_bytes(2, "big")
    encoded = (
        b"\xa1\x00\x99" + (count + 1).to_bytes(2, "big") + b"\xd8\x1c" + head + bytes(count) + b"\xd8\x1d\0" * count
    )
    tracemalloc.start()
    try:
        assert code_raised(lambda: load_canonical(encoded, bytes_max=len(encoded))) is ErrorCode.BAD_CBOR
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_BYTES_MAX + 8 * count
