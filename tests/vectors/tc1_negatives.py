"""Texts, envelopes and payloads that every reader must refuse before any key is looked at, and with which code."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import cbor2

from tests.vectors.tc1_world import VectorWorld
from wallet_sdk.protocol import base45
from wallet_sdk.protocol.envelope import P256_ORDER, key_id_of
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import MessageType


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative:
    """One refusal: what is wrong, how it is read (see README.md), as which type, and the code that is due.

    ``content`` is the text for the check "text", bytes for all others.
    """

    what: str
    check: str
    read_as: MessageType
    content: str | bytes
    code: ErrorCode


T: Final = MessageType
C: Final = ErrorCode


def canonical(content: Any) -> bytes:
    """Canonical CBOR by the library, not by the code under test."""
    encoded: bytes = cbor2.dumps(content, canonical=True)
    return encoded


def texts(world: VectorWorld) -> Iterator[Negative]:
    """What a camera may read that is not one of our codes."""
    good = "TC1:" + base45.encode(world.request.envelope)
    rows = (
        ("a web address", "https://example.com/pay", C.NOT_A_TILLCODE),
        ("lower case", good.lower(), C.NOT_A_TILLCODE),
        ("a space before the prefix", " " + good, C.NOT_A_TILLCODE),
        ("the next major version", "TC2:" + good[4:], C.UNSUPPORTED_VERSION),
        ("a character outside the alphabet", good[:-1] + "_", C.BAD_BASE45),
        ("a small letter in the alphabet", good[:9] + "a" + good[10:], C.BAD_BASE45),
        ("an Arabic digit", good[:9] + "\u0661" + good[10:], C.BAD_BASE45),
        ("one character left over", "TC1:" + "000" * 40 + "0", C.BAD_BASE45),
        ("a group of three above 65535", "TC1:GGX", C.BAD_BASE45),
        ("a last group above 255", "TC1:000V5", C.BAD_BASE45),
        ("longer than any QR code", "TC1:" + "0" * 4_293, C.MESSAGE_TOO_LARGE),
        ("nothing after the prefix", "TC1:", C.BAD_CBOR),
    )
    for what, text, code in rows:
        yield Negative(what=what, check="text", read_as=T.PAYMENT_REQUEST, content=text, code=code)


def _with(envelope: bytes, place: int, part: Any) -> bytes:
    parts = cbor2.loads(envelope)
    parts[place] = part
    return canonical(parts)


def frames(world: VectorWorld) -> Iterator[Negative]:
    """What is no array of four in its one encoding."""
    good = world.token.envelope
    parts = cbor2.loads(good)
    rows = (
        ("a byte after the envelope", good + b"\0", C.NOT_CANONICAL),
        ("the last byte missing", good[:-1], C.BAD_CBOR),
        ("tagged as COSE_Sign1", b"\xd2" + good, C.BAD_CBOR),
        ("an array of indefinite length", b"\x9f" + good[1:] + b"\xff", C.BAD_CBOR),
        ("the length of the array in two bytes", b"\x98\x04" + good[1:], C.NOT_CANONICAL),
        ("an array of three", canonical(parts[:3]), C.BAD_ENVELOPE),
        ("an array of five", canonical([*parts, b""]), C.BAD_ENVELOPE),
        ("a map", canonical(dict(enumerate(parts))), C.BAD_ENVELOPE),
        ("a protected header that is a map", _with(good, 0, {}), C.BAD_ENVELOPE),
        ("an unprotected header that is bytes", _with(good, 1, b""), C.BAD_ENVELOPE),
        ("a payload that is text", _with(good, 2, "text"), C.BAD_ENVELOPE),
        ("a detached payload", _with(good, 2, None), C.BAD_CBOR),
        ("a signature that is a number", _with(good, 3, 7), C.BAD_ENVELOPE),
        ("513 bytes", good + bytes(513 - len(good)), C.MESSAGE_TOO_LARGE),
        ("nested arrays where the header is due", _with(good, 1, [[[[]]]]), C.BAD_CBOR),
    )
    for what, content, code in rows:
        yield Negative(what=what, check="open", read_as=T.PAYMENT_TOKEN, content=content, code=code)


def headers(world: VectorWorld) -> Iterator[Negative]:
    """Another algorithm, or anything beside algorithm and key id."""
    good, kid = world.token.envelope, key_id_of(world.signers["token_issuer"].public_key)
    inner = world.code.envelope
    protected: tuple[tuple[str, bytes], ...] = (
        ("the algorithm ES256", canonical({1: -7, 4: kid})),
        ("the algorithm EdDSA", canonical({1: -8, 4: kid})),
        ("an HMAC, with the key id", canonical({1: 5, 4: kid})),
        ("no algorithm", canonical({4: kid})),
        ("no protected header", b""),
        ("an empty protected map", b"\xa0"),
        ("the algorithm as text", canonical({1: "ESP256", 4: kid})),
        ("the algorithm in two bytes", b"\xa2\x01\x38\x08\x04\x48" + kid),
        ("the key id before the algorithm", b"\xa2\x04\x48" + kid + b"\x01\x28"),
        ("a critical header", canonical({1: -9, 2: [4], 4: kid})),
        ("a content type", canonical({1: -9, 3: 0, 4: kid})),
        ("a key id of seven bytes", canonical({1: -9, 4: kid[:7]})),
        ("a key id of nine bytes", canonical({1: -9, 4: kid + b"\0"})),
        ("a byte after the protected map", canonical({1: -9, 4: kid}) + b"\0"),
    )
    for what, header in protected:
        yield Negative(what=what, check="open", read_as=T.PAYMENT_TOKEN, content=_with(good, 0, header),
                       code=C.UNSUPPORTED_ALGORITHM)  # fmt: skip
    # An envelope is two containers deep, so a third is refused before anyone asks what it means there.
    unprotected: tuple[tuple[str, MessageType, bytes, Any, ErrorCode], ...] = (
        ("the algorithm unprotected", T.PAYMENT_TOKEN, good, {1: 9}, C.BAD_ENVELOPE),
        ("a key id unprotected too", T.PAYMENT_TOKEN, good, {4: kid}, C.BAD_ENVELOPE),
        ("a critical header unprotected", T.PAYMENT_TOKEN, good, {2: [4]}, C.BAD_CBOR),
        ("a negative label unprotected", T.PAYMENT_TOKEN, good, {-1: b""}, C.BAD_CBOR),
        ("a chain of two", T.PAYMENT_CODE, inner, {33: [good, good]}, C.BAD_CBOR),
        ("an embedded envelope and a key id", T.PAYMENT_CODE, inner, {4: kid, 33: good}, C.BAD_ENVELOPE),
        ("a consent without its token", T.PAYMENT_CODE, inner, {}, C.BAD_ENVELOPE),
        ("a token that embeds an envelope", T.PAYMENT_TOKEN, good, {33: good}, C.BAD_ENVELOPE),
    )
    for what, kind, envelope, header_map, code in unprotected:
        yield Negative(what=what, check="open", read_as=kind, content=_with(envelope, 1, header_map), code=code)
    yield Negative(
        what="a code that names a key and embeds its token too",
        check="open",
        read_as=T.PAYMENT_CODE,
        content=_with(inner, 0, canonical({1: -9, 4: kid})),
        code=C.BAD_ENVELOPE,
    )


def signatures(world: VectorWorld) -> Iterator[Negative]:
    """What has not the form of a signature; each twin would verify in a library that does not look."""
    good, one = world.token.envelope, (1).to_bytes(32, "big")
    signature = cbor2.loads(good)[3]
    r, s = signature[:32], int.from_bytes(signature[32:], "big")
    order = P256_ORDER.to_bytes(32, "big")
    rows = (
        ("a signature of 63 bytes", signature[:63], C.BAD_ENVELOPE),
        ("a signature of 65 bytes", signature + b"\0", C.BAD_ENVELOPE),
        ("a signature of no bytes", b"", C.BAD_ENVELOPE),
        ("the twin with the higher s", r + (P256_ORDER - s).to_bytes(32, "big"), C.BAD_SIGNATURE),
        ("r of zero", bytes(32) + signature[32:], C.BAD_SIGNATURE),
        ("s of zero", r + bytes(32), C.BAD_SIGNATURE),
        ("r and s of zero", bytes(64), C.BAD_SIGNATURE),
        ("r equal to the number of points", order + one, C.BAD_SIGNATURE),
        ("s equal to the number of points", r + order, C.BAD_SIGNATURE),
        ("s one above the half", r + (P256_ORDER // 2 + 1).to_bytes(32, "big"), C.BAD_SIGNATURE),
    )
    for what, changed, code in rows:
        yield Negative(what=what, check="open", read_as=T.PAYMENT_TOKEN, content=_with(good, 3, changed), code=code)
