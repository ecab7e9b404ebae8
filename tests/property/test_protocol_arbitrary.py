"""Arbitrary input raises nothing but the errors of our tree, and what is read is written back the same."""

import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

import cbor2
from hypothesis import example, given
from hypothesis import strategies as st

from tests.property.forgeries import World
from wallet_sdk.protocol import api, base45, codec, envelope, qr, trust
from wallet_sdk.protocol.cbor import load_canonical
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.evidence import verify_fraud_proof
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import TYPE_OF_MESSAGE, FraudProof, Message
from wallet_sdk.protocol.money import Currency, parse_money

WORLD = World()
KINDS = sorted(TYPE_OF_MESSAGE, key=lambda kind: kind.__name__)
BODIES = (api.TrustAnswer, api.TerminalEnrolled, api.IntentBody, api.PaymentAnswer, api.CaptureAnswer, api.Problem)

#: Any CBOR that cbor2 can write, foreign types included, rather near to what messages hold.
LEAVES = (
    st.integers(min_value=-(2**70), max_value=2**70)
    | st.binary(max_size=80)
    | st.text(max_size=20)
    | st.floats()
    | st.booleans()
    | st.none()
    | st.datetimes(timezones=st.just(UTC))
)
ITEMS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.integers(0, 30) | st.text(max_size=3), inner),
    max_leaves=20,
)
PAYLOADS = st.dictionaries(st.integers(0, 24), ITEMS, max_size=12)
HEADERS = st.sampled_from([b"\xa1\x01\x28", b"\xa2\x01\x28\x04\x48" + bytes(8), b"\xa0", b""])


def tolerated(call: Callable[[], Any]) -> Any:
    """What a call gives, or None when it refuses in our own way; any other error goes through to the test."""
    try:
        return call()
    except TillcodeError:
        return None


def encoded(item: Any, canonical: int) -> bytes:
    """The bytes of an item, in the canonical form or in the other one."""
    written: bytes = cbor2.dumps(item, canonical=bool(canonical))
    return written


@given(st.binary(max_size=600))
@example(b"\xc5\x82\x1b\x3f\xff\xff\xff\xff\xff\xff\xff\x01")
@example(b"\xa1\xa0\x00")
def test_arbitrary_bytes_are_no_message(content: bytes) -> None:
    """Every reader of bytes."""
    store, now_s = WORLD.trust, WORLD.scheme.now_s
    tolerated(lambda: load_canonical(content, bytes_max=4096))
    tolerated(lambda: codec.peek_type(content))
    tolerated(lambda: envelope.peek_type(content))
    for kind in KINDS:
        tolerated(lambda kind=kind: codec.decode(content, kind))  # type: ignore[misc]
        tolerated(lambda kind=kind: envelope.open_unverified(content, kind))  # type: ignore[misc]
    tolerated(lambda: verify_fraud_proof(content, root_key=WORLD.scheme.root.public_key))
    tolerated(lambda: trust.verify_consent(content, store, at_s=now_s))
    for accept in WORLD.accept.values():
        tolerated(lambda accept=accept: accept(content))  # type: ignore[misc]


@given(ITEMS, st.integers(0, 1))
def test_arbitrary_cbor_is_plain_or_refused(item: Any, canonical: int) -> None:
    """What is read is written back as the same bytes."""
    content = encoded(item, canonical)
    read = tolerated(lambda: load_canonical(content, bytes_max=4096))
    if read is not None:
        assert cbor2.dumps(read, canonical=True) == content


@given(st.sampled_from(KINDS), PAYLOADS, st.integers(0, 1))
def test_arbitrary_payloads_are_read_only_in_their_one_encoding(
    kind: type[Message], payload: dict[int, Any], canonical: int
) -> None:
    """With the right number in key 0, so that the fields are reached."""
    content = encoded(payload | {0: int(TYPE_OF_MESSAGE[kind])}, canonical)
    message = tolerated(lambda: codec.decode(content, kind))
    if message is not None:
        assert codec.decode(codec.encode(message), kind) == message


@given(st.sampled_from(KINDS), HEADERS, PAYLOADS, st.binary(max_size=70), st.none() | ITEMS)
def test_arbitrary_envelopes_are_refused(
    kind: type[Message], protected: bytes, payload: dict[int, Any], signature: bytes, embedded: Any
) -> None:
    """The right shape with anything in it; nothing of it is ever accepted."""
    inner = encoded(payload | {0: int(TYPE_OF_MESSAGE[kind])}, 1)
    unprotected = {} if embedded is None else {33: embedded}
    content = encoded([protected, unprotected, inner, signature.ljust(64, b"\1")[:64]], 1)
    tolerated(lambda: envelope.open_unverified(content, kind))
    for accept in WORLD.accept.values():
        assert tolerated(lambda accept=accept: (accept(content), 1)) is None  # type: ignore[misc]


@given(st.text(max_size=400) | st.text(alphabet=base45.ALPHABET, max_size=900).map(lambda text: "TC1:" + text))
@example("TC1:" + "0" * 5_000)
@example("\ud800")
def test_arbitrary_text_is_no_code(text: str) -> None:
    """Every reader of text; and a text that is read is the one text of its bytes."""
    content = tolerated(lambda: qr.from_text(text))
    if content is not None:
        assert qr.to_text(content) == text
    raw = tolerated(lambda: base45.decode(text))
    if raw is not None:
        assert base45.encode(raw) == text
    url = tolerated(lambda: api.from_base64url(text))
    if url is not None:
        assert api.to_base64url(url) == text
    for currency in (Currency.EUR, Currency.JPY):
        money = tolerated(lambda currency=currency: parse_money(text, currency))  # type: ignore[misc]
        assert money is None or money.minor >= 0


JSON_ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.sampled_from(["bundle", "root_key", "certificate", "offline_limits", "intent", "request", "outcomes",
                           "request_id", "state", "title", "status", "detail", "code", "outcome"])  # fmt: skip


@given(st.binary(max_size=300) | st.dictionaries(MEMBERS, JSON_ITEMS).map(lambda body: json.dumps(body).encode()))
@example(b"[" * 3_000)
@example(b"1" * 5_000)
@example(b'"\\ud800"')
def test_arbitrary_bodies_are_refused_or_whole(body: bytes) -> None:
    """What is read can be written again; an error answer always gives an error of ours."""
    for expected in BODIES:
        answer = tolerated(lambda expected=expected: api.parse_json(body, expected))  # type: ignore[misc]
        if answer is not None:
            assert api.parse_json(api.to_json(answer), expected) == answer
    error = api.error_of(body, http_status=500)
    assert str(error).encode()


@given(st.binary(min_size=1, max_size=512), st.binary(min_size=1, max_size=512))
def test_arbitrary_proofs_are_refused(first: bytes, second: bytes) -> None:
    """Under a true bundle, with anything as evidence."""
    low, high = sorted((Envelope(first), Envelope(second)))
    proof = codec.encode(FraudProof(first=low, second=high, bundle=WORLD.trust.bundle.envelope))
    assert tolerated(lambda: verify_fraud_proof(proof, root_key=WORLD.scheme.root.public_key)) is None
