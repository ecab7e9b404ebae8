"""Messages that break several rules at once: a reader answers with the first of them, by R-129."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import cbor2

from tests.vectors.tc1_negatives import Negative, canonical
from tests.vectors.tc1_refusals import Claimed
from tests.vectors.tc1_world import VectorWorld
from wallet_sdk.protocol import codec
from wallet_sdk.protocol.envelope import key_id_of, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Digest, PublicKeyBytes, RequestId
from wallet_sdk.protocol.messages import MessageType
from wallet_sdk.protocol.money import Currency

C: Final = ErrorCode
T: Final = MessageType
Row = tuple[str, MessageType, bytes, ErrorCode]
Payload = dict[int, Any]


def sequence(world: VectorWorld) -> Iterator[Negative]:
    """All of them."""
    for check, rows in (
        ("open", (*_frames(world), *_fields(world))),
        ("verify", _signers(world)),
        ("accept", _answers(world)),
        ("verify after the denylist", _revoked(world)),
    ):
        for what, kind, content, code in rows:
            yield Negative(what=what, check=check, read_as=kind, content=content, code=code)


def _frames(world: VectorWorld) -> list[Row]:
    """Each row is wrong in the two ways it names; the first is due."""
    good = world.token.envelope
    protected, _, payload, signature = cbor2.loads(good)
    es256 = canonical({1: -7, 4: key_id_of(world.signers["token_issuer"].public_key)})
    twin = signature[:32] + b"\xff" * 32
    rows: tuple[tuple[str, list[Any], ErrorCode], ...] = (
        ("a null in an array of five", [protected, {}, payload, signature, None], C.BAD_CBOR),
        ("an array of five with another algorithm", [es256, {}, payload, signature, b""], C.BAD_ENVELOPE),
        ("a key id unprotected, and another algorithm", [es256, {4: b""}, payload, signature], C.BAD_ENVELOPE),
        ("another algorithm, and a token that embeds", [es256, {33: good}, payload, signature],
         C.UNSUPPORTED_ALGORITHM),
        ("a token that embeds, and a signature of no bytes", [protected, {33: good}, payload, b""], C.BAD_ENVELOPE),
        ("a high s over no payload", [protected, {}, b"", twin], C.BAD_SIGNATURE),
        ("a short signature over a payload of another type", [protected, {}, canonical({0: 4}), signature[1:]],
         C.BAD_ENVELOPE),
    )  # fmt: skip
    return [(what, T.PAYMENT_TOKEN, canonical(parts), code) for what, parts, code in rows]


def _fields(world: VectorWorld) -> list[Row]:
    """Under a true signature; ``...`` takes a key out."""
    rows: tuple[tuple[str, Payload, ErrorCode], ...] = (
        ("no merchant, and a terminal that is text", {2: ..., 4: "one"}, C.MISSING_FIELD),
        ("a merchant that is text, and no terminal", {2: "one", 4: ...}, C.BAD_FIELD_TYPE),
        ("a merchant without a number, and an unknown even key", {2: 0, 22: 0}, C.FIELD_OUT_OF_RANGE),
        ("a long name turned from right to left", {12: "Mole\u202eeloM" * 4}, C.FIELD_OUT_OF_RANGE),
        ("a blank name before a country of three letters", {12: "\u3164", 16: "PRT"}, C.BAD_TEXT),
        ("an unknown even key, and no room for the city", {14: "c" * 30, 22: 0}, C.UNKNOWN_CRITICAL_KEY),
        ("the type of another message, and nothing else", {2: ..., 0: 4}, C.WRONG_MESSAGE_TYPE),
        ("a float under an odd key, and the type of another message", {0: 4, 19: 0.5}, C.BAD_CBOR),
    )
    plain = cbor2.loads(codec.encode(world.certificate.message))
    made = []
    for what, change, code in rows:
        content = {key: value for key, value in (plain | change).items() if value is not ...}
        envelope = world.raw(canonical(content), T.TERMINAL_CERTIFICATE, signer="terminal_ca")
        made.append((what, T.TERMINAL_CERTIFICATE, envelope, code))
    return made


def _signers(world: VectorWorld) -> list[Row]:
    certificate, now_s, hour_s = world.certificate.message, world.scheme.now_s, 3600
    wrong_role = seal(certificate, Claimed(world, signs="thief", claims="token_issuer"))
    forged_and_old = seal(
        replace(certificate, not_before_s=now_s - 24 * hour_s), Claimed(world, signs="thief", claims="terminal_ca")
    )
    long_from_tomorrow = replace(certificate, not_before_s=now_s + 364 * 24 * hour_s, lifetime_h=168)
    ended = world.sign(replace(certificate, not_before_s=now_s - 24 * hour_s), "terminal_ca")
    in_pounds = replace(world.request.message, currency=Currency.GBP)
    no_point = PublicKeyBytes(b"\2" + b"\xff" * 32)
    pointless = world.sign(replace(certificate, terminal_key=no_point), "terminal_ca")
    nameless = Claimed(world, signs="terminal", claims="terminal")
    refund = world.receipt(refund_id=RequestId(bytes(12)), consent_digest=Digest(b""))
    late_delta = replace(world.denylist.message, base=8, made_at_s=now_s + 365 * 86_400)
    return [
        ("a key of another role, and a signature of a thief", T.TERMINAL_CERTIFICATE, wrong_role.envelope,
         C.WRONG_ROLE),
        ("a signature of a thief on a certificate that has ended", T.TERMINAL_CERTIFICATE, forged_and_old.envelope,
         C.BAD_SIGNATURE),
        ("a certificate of next year that outlives its authority", T.TERMINAL_CERTIFICATE,
         world.sign(long_from_tomorrow, "terminal_ca").envelope, C.EXPIRED),
        ("a certificate that has ended, under a request of a thief", T.PAYMENT_REQUEST,
         world.sign(world.request.message, "thief", embedded=ended).envelope, C.EXPIRED),
        ("a request of a thief in another currency", T.PAYMENT_REQUEST,
         world.sign(in_pounds, "thief", embedded=world.certificate).envelope, C.BAD_SIGNATURE),
        ("a certificate for a key that is no point", T.PAYMENT_REQUEST,
         seal(world.request.message, nameless, embedded=pointless.envelope).envelope, C.BAD_PUBLIC_KEY),
        ("a refund's receipt that a thief has signed, which names a consent too", T.RECEIPT,
         world.sign(replace(refund, consent_digest=world.intent.digest), "thief").envelope, C.WRONG_REQUEST),
        ("a captured payment without a consent, signed by a thief", T.RECEIPT,
         world.sign(world.receipt(consent_digest=Digest(b"")), "thief").envelope, C.MISSING_FIELD),
        ("a delta on itself, made after its key", T.DENYLIST, world.sign(late_delta, "denylist_signer").envelope,
         C.FIELD_OUT_OF_RANGE),
    ]  # fmt: skip


def _answers(world: VectorWorld) -> list[Row]:
    def intent(**changed: Any) -> bytes:
        return world.sign(replace(world.intent.message, **changed), "device", embedded=world.token).envelope

    elsewhere = Digest(bytes(32))
    return [
        ("another request, and another amount", T.PAYMENT_INTENT, intent(request_digest=elsewhere, amount_minor=1),
         C.WRONG_REQUEST),
        ("an amount below the one asked, and a sum below the amount", T.PAYMENT_INTENT,
         intent(amount_minor=1_249, cumulative_minor=0), C.AMOUNT_MISMATCH),
        ("above the token in all and by count", T.PAYMENT_INTENT, intent(cumulative_minor=20_001, counter=1_001),
         C.OVER_TOKEN_LIMIT),
    ]  # fmt: skip


def _revoked(world: VectorWorld) -> list[Row]:
    token = replace(world.token.message, token_id=world.denylist.message.token_ids[0], lifetime_h=1)
    return [
        ("a revoked token that has ended", T.PAYMENT_TOKEN, world.sign(token, "token_issuer").envelope, C.EXPIRED),
    ]
