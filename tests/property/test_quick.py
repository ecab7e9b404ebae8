"""The quick reader and the strict one: for any bytes the same message, or the same error. (R-6, R-19 to R-29)"""

from collections.abc import Callable
from dataclasses import replace
from random import Random  # noqa: TID251 (the type of the rng fixture)
from typing import Any, Final

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_sdk.protocol import limits, quick
from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.ids import Counter, Digest, Envelope, RequestId
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentIntent, PaymentRequest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.testing import Scheme

SCHEME: Final = Scheme(seed=31)
CERTIFICATE, TOKEN = SCHEME.certificate().envelope, SCHEME.token().envelope
REFERENCE: Final = "R-42"
ASKED: Final = replace(SCHEME.request().message, tip_max_minor=0, reference=REFERENCE)
USUAL: Final = seal(ASKED, SCHEME.terminal, embedded=CERTIFICATE)
INTENT: Final = SCHEME.intent(token=TOKEN, request_digest=USUAL.digest)
UINTS: Final = st.sampled_from([1, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1]) | st.integers(1, 2**32 - 1)
EMBEDDED: Final = st.sampled_from([CERTIFICATE, TOKEN]) | st.binary(min_size=1, max_size=330)
#: What is written by hand into one key: of the wrong type, out of bounds, with a longer head or past the usual shape.
VALUES: Final = st.one_of(
    st.integers(0, 2**33), st.binary(max_size=40), st.text(max_size=12), st.booleans(), st.lists(st.integers(0, 3))
)


def outcome(read: Callable[[bytes], Any], envelope: bytes) -> object:
    """What a reader makes of bytes: the message with all around it, or what is wrong."""
    try:
        return read(envelope)
    except TillcodeError as error:
        return type(error), error.code, error.message, error.param


def assert_alike(envelope: bytes) -> None:
    """Both readers, as request and as intent."""
    for quickly, kind in ((quick.open_request, PaymentRequest), (quick.open_intent, PaymentIntent)):
        assert outcome(quickly, envelope) == outcome(lambda one, kind=kind: open_unverified(one, kind), envelope)  # type: ignore[misc]


requests = st.builds(
    PaymentRequest,
    request_id=st.binary(min_size=12, max_size=12).map(RequestId),
    amount_minor=UINTS,
    currency=st.sampled_from(Currency),
    issued_at_s=UINTS,
    lifetime_s=st.integers(1, limits.REQUEST_LIFETIME_S_MAX),
    reference=st.sampled_from(["", "R-1", "0123456789", "été", "a b", "ab"]),
    tip_max_minor=st.sampled_from([0, 0, 0, 7]),
    hold_h=st.sampled_from([0, 0, 0, 5]),
)
intents = st.builds(
    PaymentIntent,
    counter=st.integers(1, limits.TOKEN_COUNT_MAX).map(Counter),
    amount_minor=UINTS,
    cumulative_minor=st.just(0) | UINTS,
    request_digest=st.binary(min_size=32, max_size=32).map(Digest),
    mode=st.sampled_from(AuthorizationMode),
)


@given(message=requests | intents, embedded=EMBEDDED)
def test_whatever_can_be_sealed_is_read_alike(message: PaymentRequest | PaymentIntent, embedded: bytes) -> None:
    """Every request and intent that our own encoder writes."""
    try:
        sealed = seal(message, SCHEME.terminal, embedded=Envelope(embedded))
    except TillcodeError:
        return  # no room for all of it
    assert_alike(bytes(sealed.envelope))


def test_the_usual_shapes_are_read_without_the_strict_reader() -> None:
    """Or it would be of no use: what terminals and wallets send every day is in the pattern."""
    for reference in ("", "R-42", "0123456789"):
        asked = replace(USUAL.message, reference=reference)
        request = seal(asked, SCHEME.terminal, embedded=CERTIFICATE)
        assert quick._usual_request(request.envelope) == request
        for mode in AuthorizationMode:
            intent = SCHEME.intent(token=TOKEN, request_digest=request.digest, mode=mode)
            assert quick._usual_intent(intent.envelope) == intent


def sealed_around(embedded_bytes: int) -> tuple[Sealed[PaymentRequest], Sealed[PaymentIntent]]:
    """A request and an intent that embed something so long."""
    embedded = Envelope(bytes(embedded_bytes))
    return (
        seal(USUAL.message, SCHEME.terminal, embedded=embedded),
        seal(INTENT.message, SCHEME.device, embedded=embedded),
    )


@pytest.mark.parametrize("embedded_bytes", [24, 25, 255, 256, 257, 300])
def test_an_embedded_envelope_of_any_usual_length_is_read_without_the_strict_reader(embedded_bytes: int) -> None:
    """On both sides of the place where its head grows by a byte. (R-6)"""
    request, intent = sealed_around(embedded_bytes)
    assert quick._usual_request(request.envelope) == request
    assert quick._usual_intent(intent.envelope) == intent


def test_the_largest_message_is_read_without_the_strict_reader_and_a_larger_one_by_it() -> None:
    """Which refuses it. (R-9)"""
    request, _ = sealed_around(300)
    room = limits.MESSAGE_BYTES_MAX - len(request.envelope)
    largest = seal(USUAL.message, SCHEME.terminal, embedded=Envelope(bytes(300 + room)))
    assert len(largest.envelope) == limits.MESSAGE_BYTES_MAX
    assert quick._usual_request(largest.envelope) == largest
    protected, _, payload, signature = cbor2.loads(largest.envelope)
    larger = cbor2.dumps([protected, {33: bytes(301 + room)}, payload, signature])
    assert quick._usual_request(larger) is None
    assert_alike(larger)


@pytest.mark.parametrize("lifetime_s", [1, 2, limits.REQUEST_LIFETIME_S_MAX])
@pytest.mark.parametrize("amount_minor", [1, 2, 23, 24, 2**32 - 1])
def test_the_least_and_the_most_of_a_request_are_usual(lifetime_s: int, amount_minor: int) -> None:
    """A bound belongs to what it bounds."""
    asked = replace(USUAL.message, lifetime_s=lifetime_s, amount_minor=amount_minor)
    request = seal(asked, SCHEME.terminal, embedded=CERTIFICATE)
    assert quick._usual_request(request.envelope) == request


@pytest.mark.parametrize("counter", [1, 2, limits.TOKEN_COUNT_MAX])
@pytest.mark.parametrize("amount_minor", [1, 2, 23, 24, 2**32 - 1])
def test_the_least_and_the_most_of_an_intent_are_usual(counter: int, amount_minor: int) -> None:
    """As above, with a cumulative sum of nothing beside it."""
    meant = replace(INTENT.message, counter=Counter(counter), amount_minor=amount_minor, cumulative_minor=0)
    intent = seal(meant, SCHEME.device, embedded=TOKEN)
    assert quick._usual_intent(intent.envelope) == intent


@given(changed=st.dictionaries(st.integers(0, 14), VALUES, max_size=3), left_out=st.sets(st.integers(0, 12)))
def test_a_payload_written_by_hand_is_read_alike(changed: dict[int, Any], left_out: set[int]) -> None:
    """Keys with other values, too many, too few, and in another sequence."""
    for sealed in (USUAL, INTENT):
        protected, unprotected, payload, signature = cbor2.loads(sealed.envelope)
        content = {key: value for key, value in cbor2.loads(payload).items() if key not in left_out} | changed
        for canonical in (True, False):
            made = cbor2.dumps(content, canonical=canonical)
            assert_alike(cbor2.dumps([protected, unprotected, made, signature]))


def test_a_longer_head_of_any_item_is_read_alike(rng: Random) -> None:
    """Each byte of both messages changed, doubled and left out; so every head, length and bound is met."""
    for sealed in (USUAL, INTENT):
        envelope = bytes(sealed.envelope)
        for place in range(len(envelope)):
            before, byte, after = envelope[:place], envelope[place : place + 1], envelope[place + 1 :]
            other = bytes([rng.randrange(256)])
            for changed in (other, byte + other, b"", byte + byte, b"\x18" + byte, b"\x19\x00" + byte, b"\x00"):
                assert_alike(before + changed + after)
            assert_alike(before)
    assert_alike(b"")


def test_a_reference_s_length_and_the_number_of_entries_are_held_to_it() -> None:
    """Each head that a short text can have, and a map that counts one too many or too few. (R-6)"""
    payloads = [cbor2.loads(USUAL.envelope)[2]]
    payloads.append(payloads[0].replace(b"\xa7", b"\xa6", 1))
    without = replace(USUAL.message, reference="")
    payloads.append(
        cbor2.loads(seal(without, SCHEME.terminal, embedded=CERTIFICATE).envelope)[2].replace(b"\xa6", b"\xa7", 1)
    )
    payloads += [
        payloads[0].replace(b"\x0c" + bytes([0x60 + len(REFERENCE)]), bytes([0x0C, 0x60 + n])) for n in range(11)
    ]
    for payload in payloads:
        protected, unprotected, _, signature = cbor2.loads(USUAL.envelope)
        assert_alike(cbor2.dumps([protected, unprotected, payload, signature]))


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (P256_ORDER, 1), (1, P256_ORDER // 2), (1, P256_ORDER // 2 + 1), (P256_ORDER - 1, 1)]
)
def test_numbers_of_a_signature_are_bounded_alike(r: int, s: int) -> None:
    """Zero, the order, and both sides of its half. (R-23)"""
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    for sealed in (USUAL, INTENT):
        assert_alike(bytes(sealed.envelope[:-64]) + signature)
