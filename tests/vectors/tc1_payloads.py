"""Payloads under a true signature that every reader must refuse: a wrong field, a second encoding, a foreign type."""

from collections.abc import Iterator
from typing import Any, Final

import cbor2

from tests.vectors.tc1_negatives import Negative, canonical
from tests.vectors.tc1_world import VectorWorld, kind_of
from wallet_sdk.protocol import codec
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import Message, MessageType

C: Final = ErrorCode
T: Final = MessageType
#: (what, what is changed by key: ... takes the key out, the code that is due)
Row = tuple[str, dict[Any, Any], ErrorCode]

TOKEN_ROWS: Final[tuple[Row, ...]] = (
    ("no type", {0: ...}, C.WRONG_MESSAGE_TYPE),
    ("the type of another message", {0: 4}, C.WRONG_MESSAGE_TYPE),
    ("a type of no message", {0: 99}, C.WRONG_MESSAGE_TYPE),
    ("the type as bytes", {0: b"\3"}, C.WRONG_MESSAGE_TYPE),
    ("no token id", {2: ...}, C.MISSING_FIELD),
    ("a token id of eleven bytes", {2: bytes(11)}, C.FIELD_OUT_OF_RANGE),
    ("a token id of thirteen bytes", {2: bytes(13)}, C.FIELD_OUT_OF_RANGE),
    ("a token id that is text", {2: "token-id-abc"}, C.BAD_FIELD_TYPE),
    ("a device key in 65 bytes", {4: b"\4" + bytes(64)}, C.FIELD_OUT_OF_RANGE),
    ("a currency that is not one", {6: 999}, C.UNKNOWN_CURRENCY),
    ("the currency as letters", {6: "EUR"}, C.BAD_FIELD_TYPE),
    ("an amount of 33 bits", {8: 2**32}, C.FIELD_OUT_OF_RANGE),
    ("an amount below zero", {8: -1}, C.BAD_CBOR),
    ("an amount as a float", {8: 50.0}, C.BAD_CBOR),
    ("an amount as a decimal fraction", {8: cbor2.CBORTag(4, [-2, 5000])}, C.BAD_CBOR),
    ("an amount as a big number", {8: 2**64}, C.BAD_CBOR),
    ("an amount that is true", {8: True}, C.BAD_CBOR),
    ("an amount that is null", {8: None}, C.BAD_CBOR),
    ("no counter at all", {12: 0}, C.FIELD_OUT_OF_RANGE),
    ("a counter above 65535", {12: 65_536}, C.FIELD_OUT_OF_RANGE),
    ("a grade that is not one", {14: 9}, C.FIELD_OUT_OF_RANGE),
    ("a time past 2106", {16: 2**32}, C.FIELD_OUT_OF_RANGE),
    ("a life of 73 hours", {18: 73}, C.FIELD_OUT_OF_RANGE),
    ("an unknown even key", {20: 0}, C.UNKNOWN_CRITICAL_KEY),
    ("an unknown even key far away", {1000: 0}, C.UNKNOWN_CRITICAL_KEY),
    ("a key that is text", {"19": 0}, C.BAD_CBOR),
    ("a key below zero", {-1: 0}, C.BAD_CBOR),
    ("a date under an unknown odd key", {19: cbor2.CBORTag(1, 0)}, C.BAD_CBOR),
    ("five containers inside each other under an unknown odd key", {19: [[[[0]]]]}, C.BAD_CBOR),
    ("a text key deep under an unknown odd key", {19: [{"a": 1}]}, C.BAD_CBOR),
)
CERTIFICATE_ROWS: Final[tuple[Row, ...]] = (
    ("a merchant without a number", {2: 0}, C.FIELD_OUT_OF_RANGE),
    ("a life of 169 hours", {10: 169}, C.FIELD_OUT_OF_RANGE),
    ("an empty name", {12: ""}, C.FIELD_OUT_OF_RANGE),
    ("a name of 33 bytes", {12: "n" * 33}, C.FIELD_OUT_OF_RANGE),
    ("name, city and a second currency in 33 bytes", {12: "n" * 24, 14: "c" * 6}, C.FIELD_OUT_OF_RANGE),
    (
        "name and city in 32 bytes, of which one has a long head",
        {12: "n" * 25, 14: "c" * 7, 20: [978]},
        C.FIELD_OUT_OF_RANGE,
    ),
    ("a city of 31 bytes", {12: "n", 14: "c" * 31, 20: [978]}, C.FIELD_OUT_OF_RANGE),
    ("a currency of four digits", {20: [1_978]}, C.FIELD_OUT_OF_RANGE),
    ("a name that is bytes", {12: b"Mole"}, C.BAD_FIELD_TYPE),
    ("a name not in NFC", {12: "Cafe\u0301"}, C.BAD_TEXT),
    ("a space before a name", {12: " Mole"}, C.BAD_TEXT),
    ("a line break in a name", {12: "Mole\nPaid"}, C.BAD_TEXT),
    ("a NUL in a name", {12: "Mole\0"}, C.BAD_TEXT),
    ("a name turned from right to left", {12: "Mole\u202eeloM"}, C.BAD_TEXT),
    ("a zero width space in a name", {12: "Mo\u200ble"}, C.BAD_TEXT),
    ("a joiner with nothing to join", {12: "\u200dMole"}, C.BAD_TEXT),
    ("a blank letter for a name", {12: "\u3164"}, C.BAD_TEXT),
    ("a Cyrillic letter in a Latin word", {12: "M\u043ele"}, C.BAD_TEXT),
    ("a Greek letter in a Latin word", {12: "Mole\u03bf"}, C.BAD_TEXT),
    ("an accent that stands on nothing", {12: "a \u0301b"}, C.BAD_TEXT),
    ("a private letter in a name", {12: "Mole\ue000"}, C.BAD_TEXT),
    ("an empty city, written", {14: ""}, C.NOT_CANONICAL),
    ("a country in small letters", {16: "pt"}, C.BAD_TEXT),
    ("a country of three letters", {16: "PRT"}, C.FIELD_OUT_OF_RANGE),
    ("a merchant category above 9999", {18: 10_000}, C.FIELD_OUT_OF_RANGE),
    ("no currency", {20: []}, C.FIELD_OUT_OF_RANGE),
    ("nine currencies", {20: [978] * 9}, C.FIELD_OUT_OF_RANGE),
    ("a currency outside an array", {20: 978}, C.BAD_FIELD_TYPE),
)
REQUEST_ROWS: Final[tuple[Row, ...]] = (
    ("an amount of nothing", {4: 0}, C.FIELD_OUT_OF_RANGE),
    ("a life of nothing", {10: 0}, C.FIELD_OUT_OF_RANGE),
    ("a life of 121 seconds", {10: 121}, C.FIELD_OUT_OF_RANGE),
    ("a reference of 11 bytes", {12: "r" * 11}, C.FIELD_OUT_OF_RANGE),
    ("a tip of nothing, written", {14: 0}, C.NOT_CANONICAL),
    ("reference and tip in 11 bytes", {12: "r" * 5, 14: 2**32 - 1}, C.FIELD_OUT_OF_RANGE),
    ("a hold of nothing, written", {16: 0}, C.NOT_CANONICAL),
    ("a hold of 721 hours", {16: 721}, C.FIELD_OUT_OF_RANGE),
)
INTENT_ROWS: Final[tuple[Row, ...]] = (
    ("the counter 0", {2: 0}, C.FIELD_OUT_OF_RANGE),
    ("a digest of 31 bytes", {8: bytes(31)}, C.FIELD_OUT_OF_RANGE),
    ("neither online nor offline", {10: 3}, C.FIELD_OUT_OF_RANGE),
)
CODE_ROWS: Final[tuple[Row, ...]] = (("a code that lives 61 seconds", {6: 61}, C.FIELD_OUT_OF_RANGE),)
RECEIPT_ROWS: Final[tuple[Row, ...]] = (
    ("a state that is not one", {10: 6}, C.FIELD_OUT_OF_RANGE),
    ("the usual liability, written", {14: 1}, C.NOT_CANONICAL),
    ("a receipt of no terminal", {16: ...}, C.MISSING_FIELD),
    ("an empty refund id, written", {18: b""}, C.FIELD_OUT_OF_RANGE),
)
DENYLIST_ROWS: Final[tuple[Row, ...]] = (
    ("terminals that fall", {10: [2, 1]}, C.NOT_CANONICAL),
    ("a terminal twice", {10: [2, 2]}, C.NOT_CANONICAL),
    ("an empty part, written", {10: []}, C.FIELD_OUT_OF_RANGE),
    ("a key id of seven bytes in the list", {12: [bytes(7)]}, C.FIELD_OUT_OF_RANGE),
)
BUNDLE_ROWS: Final[tuple[Row, ...]] = (
    ("a bundle without keys", {6: []}, C.FIELD_OUT_OF_RANGE),
    ("a key of three parts", {6: [[1, b"\2" * 33, 0]]}, C.BAD_FIELD_TYPE),
    ("a role that is not one", {6: [[5, b"\2" * 33, 0, 0]]}, C.FIELD_OUT_OF_RANGE),
)
BATCH_ROWS: Final[tuple[Row, ...]] = (
    ("a batch of nothing", {4: []}, C.FIELD_OUT_OF_RANGE),
    ("a claim without a consent", {4: [[b"request"]]}, C.BAD_FIELD_TYPE),
    ("a claim with an empty consent", {4: [[b"request", b""]]}, C.FIELD_OUT_OF_RANGE),
)
READ_ROWS: Final[tuple[Row, ...]] = (
    ("a path that is not absolute", {2: "v1/balance"}, C.BAD_TEXT),
    ("a path of other letters", {2: "/v1/é"}, C.BAD_TEXT),
)


def payloads(world: VectorWorld) -> Iterator[Negative]:
    """All of them; a true key has signed each, so nothing but the payload is wrong."""
    said = {kind_of(valid.sealed.message): valid.sealed.message for valid in reversed(world.valid)}
    tables = (
        (T.PAYMENT_TOKEN, TOKEN_ROWS),
        (T.TERMINAL_CERTIFICATE, CERTIFICATE_ROWS),
        (T.PAYMENT_REQUEST, REQUEST_ROWS),
        (T.PAYMENT_INTENT, INTENT_ROWS),
        (T.PAYMENT_CODE, CODE_ROWS),
        (T.RECEIPT, RECEIPT_ROWS),
        (T.DENYLIST, DENYLIST_ROWS),
        (T.TRUST_BUNDLE, BUNDLE_ROWS),
        (T.CAPTURE_BATCH, BATCH_ROWS),
        (T.READ_REQUEST, READ_ROWS),
    )
    for kind, rows in tables:
        for what, change, code in rows:
            plain = cbor2.loads(codec.encode(said[kind])) | change
            payload = canonical({key: value for key, value in plain.items() if value is not ...})
            yield _negative(world, what, kind, payload, code)
    for what, payload, code in _encodings(said[T.CERTIFICATE_REQUEST]):
        yield _negative(world, what, T.CERTIFICATE_REQUEST, payload, code)


def _encodings(message: Message) -> tuple[tuple[str, bytes, ErrorCode], ...]:
    """One small payload, a map of the keys 0 and 2, in other bytes."""
    good = codec.encode(message)
    assert good[:3] == b"\xa2\x00\x0f"
    assert good[3:5] == b"\x02\x1a"
    time = good[5:]
    return (
        ("no payload", b"", C.BAD_CBOR),
        ("an array for a payload", canonical([15, 0]), C.BAD_CBOR),
        ("a byte after the payload", good + b"\0", C.NOT_CANONICAL),
        ("a payload that is cut", good[:-1], C.BAD_CBOR),
        ("keys that fall", b"\xa2\x02\x1a" + time + b"\x00\x0f", C.NOT_CANONICAL),
        ("the same key twice", b"\xa3\x00\x0f\x02\x1a" + time + b"\x02\x1a" + time, C.BAD_CBOR),
        ("the type in two bytes", b"\xa2\x00\x18\x0f\x02\x1a" + time, C.NOT_CANONICAL),
        ("a key in two bytes", b"\xa2\x00\x0f\x18\x02\x1a" + time, C.NOT_CANONICAL),
        ("the time in eight bytes", b"\xa2\x00\x0f\x02\x1b" + bytes(4) + time, C.NOT_CANONICAL),
        ("the number of keys in two bytes", b"\xb8\x02" + good[1:], C.NOT_CANONICAL),
        ("a map of indefinite length", b"\xbf" + good[1:] + b"\xff", C.BAD_CBOR),
        ("text that is no UTF-8", b"\xa3\x00\x0f\x02\x1a" + time + b"\x03\x61\xff", C.BAD_CBOR),
        ("text in pieces", b"\xa3\x00\x0f\x02\x1a" + time + b"\x03\x7f\x61a\xff", C.BAD_CBOR),
        ("a shared reference", b"\xa3\x00\x0f\x02\x1a" + time + b"\x03\xd8\x1c\x80", C.BAD_CBOR),
        ("a map of four thousand million keys", b"\xba\xff\xff\xff\xff\x00\x0f", C.BAD_CBOR),
    )


def _negative(world: VectorWorld, what: str, kind: MessageType, payload: bytes, code: ErrorCode) -> Negative:
    embedded, signer = None, ""
    if kind in {T.PAYMENT_INTENT, T.PAYMENT_CODE}:
        embedded = world.token.envelope
    elif kind is T.PAYMENT_REQUEST:
        embedded, signer = world.certificate.envelope, "terminal"
    content = world.raw(payload, kind, embedded=embedded, signer=signer)
    return Negative(what=what, check="open", read_as=kind, content=content, code=code)
