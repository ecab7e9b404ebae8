"""The signed envelope against header smuggling, algorithm confusion, twins and look-alikes."""

import hashlib
from typing import Any

import cbor2
import pytest

from tests.unit.wallet_sdk.protocol.samples import EXAMPLES, NOW_S, canonical, code_raised
from wallet_sdk.protocol import messages
from wallet_sdk.protocol.envelope import (
    P256_ORDER,
    Sealed,
    key_id_of,
    load_public_key,
    open_unverified,
    peek_type,
    seal,
    verify,
)
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import CertificateRequest, Message, PaymentIntent, PaymentToken
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.testing import Scheme

EMBEDDING = {messages.PaymentRequest, messages.PaymentIntent, messages.PaymentCode}
KINDS = sorted(EXAMPLES, key=lambda kind: kind.__name__)
KID = bytes.fromhex("0102030405060708")


class Forger:
    """A signer that says whose key it has, but signs with its own; or signs whatever it is told to."""

    def __init__(self, signer: SoftwareSigner, *, claimed: PublicKeyBytes) -> None:
        """Sign as ``signer`` under the name of ``claimed``."""
        self._signer = signer
        self._claimed = claimed

    @property
    def public_key(self) -> PublicKeyBytes:
        """The key of somebody else."""
        return self._claimed

    def sign(self, digest: Digest) -> bytes:
        """A signature of the own key."""
        return self._signer.sign(digest)


def sealed_example(kind: type[Message], scheme: Scheme) -> Sealed[Any]:
    """The example of a class, sealed by the terminal's key in the right shape."""
    embedded = scheme.token().envelope if kind in EMBEDDING else None
    return seal(EXAMPLES[kind], scheme.terminal, embedded=embedded)


def parts_of(envelope: bytes) -> list[Any]:
    """The four parts, to be spoilt."""
    parts: list[Any] = cbor2.loads(envelope)
    return parts


def with_part(envelope: bytes, place: int, value: Any) -> bytes:
    """An envelope with one part replaced."""
    parts = parts_of(envelope)
    parts[place] = value
    return canonical(parts)


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


@pytest.fixture
def simple(scheme: Scheme) -> Sealed[CertificateRequest]:
    """The smallest message, signed by the terminal under its key id."""
    return seal(CertificateRequest(made_at_s=NOW_S), scheme.terminal)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_sealed_is_opened_and_verifies(kind: type[Message], scheme: Scheme) -> None:
    """Opening gives back exactly what sealing made, and the signature holds."""
    sealed = sealed_example(kind, scheme)
    opened = open_unverified(sealed.envelope, kind)
    assert opened == sealed
    assert peek_type(sealed.envelope) is messages.TYPE_OF_MESSAGE[kind]
    verify(opened, scheme.terminal.public_key)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_has_one_shape(kind: type[Message], scheme: Scheme) -> None:
    """Requests and consents embed, all else names a key; the other shape is neither made nor read. (R-22)"""
    token = scheme.token().envelope
    wrong = None if kind in EMBEDDING else token
    assert code_raised(lambda: seal(EXAMPLES[kind], scheme.terminal, embedded=wrong)) is ErrorCode.BAD_ARGUMENT
    envelope = sealed_example(kind, scheme).envelope
    named, unnamed = b"\xa2\x01\x28\x04\x48" + KID, b"\xa1\x01\x28"
    for protected, unprotected in (
        (named, {33: token}),
        (unnamed, {}),
        (unnamed, {33: token}) if wrong is not None else (named, {}),
    ):
        spoilt = with_part(with_part(envelope, 0, protected), 1, unprotected)
        assert code_raised(lambda spoilt=spoilt: open_unverified(spoilt, kind)) is ErrorCode.BAD_ENVELOPE  # type: ignore[misc]


@pytest.mark.parametrize("signed_as", KINDS, ids=lambda kind: kind.__name__)
def test_a_signature_of_one_kind_never_verifies_as_another(signed_as: type[Message], scheme: Scheme) -> None:
    """Even when the payload is the other kind's own, the signature is bound to the kind it was made for. (R-26)"""
    donor = sealed_example(signed_as, scheme)
    for kind in KINDS:
        if kind is signed_as:
            continue
        victim = sealed_example(kind, scheme)
        grafted = with_part(victim.envelope, 3, donor.signature)
        opened = open_unverified(grafted, kind)
        assert code_raised(lambda opened=opened: verify(opened, scheme.terminal.public_key)) is ErrorCode.BAD_SIGNATURE  # type: ignore[misc]
        assert code_raised(lambda kind=kind: open_unverified(donor.envelope, kind)).value // 1000 == 1  # type: ignore[misc]


def test_the_digest_is_the_hash_of_the_cose_structure(scheme: Scheme) -> None:
    """Byte for byte as RFC 9052 has it; the external part names protocol and kind, and the hash of what is embedded."""
    #
    for kind, number in ((CertificateRequest, 15), (PaymentIntent, 4)):
        sealed = sealed_example(kind, scheme)
        protected, unprotected, payload, _ = parts_of(sealed.envelope)
        external = b"TC1" + bytes([number])
        external += hashlib.sha256(unprotected[33]).digest() if unprotected else b""
        structure = cbor2.dumps(["Signature1", protected, external, payload])
        assert sealed.digest == hashlib.sha256(structure).digest()


@pytest.mark.parametrize(
    "protected",
    [
        b"",
        b"\xa0",
        canonical({1: -7}),  # ES256 under its older number
        canonical({1: -8}),  # EdDSA
        canonical({1: -35}),
        canonical({1: 5}),  # an HMAC
        canonical({1: 0}),
        canonical({1: "none"}),
        canonical({1: -7, 4: KID}),
        canonical({1: -9, 4: KID[:7]}),
        canonical({1: -9, 4: KID + b"9"}),
        canonical({1: -9, 4: KID.decode("latin1")}),
        canonical({1: -9, 4: KID, 2: [99]}),  # crit
        canonical({1: -9, 3: 0, 4: KID}),
        canonical({4: KID}),
        bytes.fromhex("a204480102030405060708" + "0128"),  # keys in the other sequence
        bytes.fromhex("a2013808" + "0448") + KID,  # alg in two bytes
        bytes.fromhex("a201280458" + "08") + KID,
        canonical({1: -9, 4: KID}) + b"\0",
    ],
    ids=lambda protected: protected.hex()[:40],
)
def test_only_two_protected_headers_exist(protected: bytes, simple: Sealed[CertificateRequest]) -> None:
    """No other algorithm, no other header, no second encoding of the right one. (R-20)"""
    spoilt = with_part(simple.envelope, 0, protected)
    assert code_raised(lambda: open_unverified(spoilt, CertificateRequest)) is ErrorCode.UNSUPPORTED_ALGORITHM


@pytest.mark.parametrize(
    "unprotected",
    [{1: 9}, {4: KID}, {33: b"x", 4: KID}, {33: [b"x"]}, {33: "x"}, {34: b"x"}, {33: 1}, {0: b""}],
    ids=repr,
)
def test_nothing_hides_in_the_unprotected_header(unprotected: Any, scheme: Scheme) -> None:
    """It holds the one embedded envelope or nothing. (R-21)"""
    for kind in (CertificateRequest, PaymentIntent):
        spoilt = with_part(sealed_example(kind, scheme).envelope, 1, unprotected)
        code = code_raised(lambda kind=kind, spoilt=spoilt: open_unverified(spoilt, kind))  # type: ignore[misc]
        assert code in {ErrorCode.BAD_ENVELOPE, ErrorCode.BAD_CBOR}


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("value", [0, "x", [], None, {}, b"", {1: {2: 3}}, -1, 1.5], ids=repr)
def test_parts_of_other_types_are_refused(place: int, value: Any, simple: Sealed[CertificateRequest]) -> None:
    """An envelope is [bytes, map, bytes, bytes]."""
    if (place, value) == (1, {}):
        return
    assert code_raised(lambda: open_unverified(with_part(simple.envelope, place, value), CertificateRequest))


def test_other_shapes_are_refused(simple: Sealed[CertificateRequest]) -> None:
    """Three parts, five parts, a tag around it, something after it. (R-19)"""
    parts = parts_of(simple.envelope)
    for spoilt in (
        canonical(parts[:3]),
        canonical([*parts, b""]),
        b"\xd2" + simple.envelope,
        simple.envelope + b"\0",
        simple.envelope[:-1],
        b"",
        canonical({}),
    ):
        code = code_raised(lambda spoilt=spoilt: open_unverified(spoilt, CertificateRequest))  # type: ignore[misc]
        assert code in {ErrorCode.BAD_ENVELOPE, ErrorCode.BAD_CBOR, ErrorCode.NOT_CANONICAL}


def test_the_high_s_twin_is_refused(simple: Sealed[CertificateRequest], scheme: Scheme) -> None:
    """(r, n - s) verifies mathematically; it would be the same content under a second envelope. (R-23)"""
    s = int.from_bytes(simple.signature[32:], "big")
    twin = simple.signature[:32] + (P256_ORDER - s).to_bytes(32, "big")
    spoilt = with_part(simple.envelope, 3, twin)
    assert code_raised(lambda: open_unverified(spoilt, CertificateRequest)) is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize("r", [0, P256_ORDER, 2**256 - 1])
def test_r_out_of_range_is_refused(r: int, simple: Sealed[CertificateRequest]) -> None:
    """Zero is CVE-2022-21449; n and above would wrap around."""
    spoilt = with_part(simple.envelope, 3, r.to_bytes(32, "big") + simple.signature[32:])
    assert code_raised(lambda: open_unverified(spoilt, CertificateRequest)) is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize("s", [0, P256_ORDER // 2 + 1, P256_ORDER, 2**256 - 1])
def test_s_out_of_range_is_refused(s: int, simple: Sealed[CertificateRequest]) -> None:
    """Zero, and everything above half of n."""
    spoilt = with_part(simple.envelope, 3, simple.signature[:32] + s.to_bytes(32, "big"))
    assert code_raised(lambda: open_unverified(spoilt, CertificateRequest)) is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize("s", [1, P256_ORDER // 2])
def test_s_at_its_bounds_has_the_right_form(s: int, simple: Sealed[CertificateRequest], scheme: Scheme) -> None:
    """The form is right, the signature of course is not."""
    spoilt = with_part(simple.envelope, 3, simple.signature[:32] + s.to_bytes(32, "big"))
    opened = open_unverified(spoilt, CertificateRequest)
    assert code_raised(lambda: verify(opened, scheme.terminal.public_key)) is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize("length", [0, 63, 65, 72])
def test_signatures_are_64_bytes(length: int, simple: Sealed[CertificateRequest]) -> None:
    """No DER, no missing zeros, nothing appended."""
    spoilt = with_part(simple.envelope, 3, (simple.signature + bytes(8))[:length])
    assert code_raised(lambda: open_unverified(spoilt, CertificateRequest)) is ErrorCode.BAD_ENVELOPE


def test_another_key_is_named_as_unknown(simple: Sealed[CertificateRequest], scheme: Scheme) -> None:
    """Before any arithmetic. (R-28)"""
    assert code_raised(lambda: verify(simple, scheme.device.public_key)) is ErrorCode.UNKNOWN_SIGNER


def test_a_claimed_key_id_does_not_help(scheme: Scheme) -> None:
    """Eight bytes only find the key; the signature is checked with the whole one."""
    forged = seal(CertificateRequest(made_at_s=NOW_S), Forger(scheme.device, claimed=scheme.terminal.public_key))
    assert forged.key_id == key_id_of(scheme.terminal.public_key)
    assert code_raised(lambda: verify(forged, scheme.terminal.public_key)) is ErrorCode.BAD_SIGNATURE


def test_a_swapped_token_is_detected(scheme: Scheme) -> None:
    """Both tokens are the issuer's and of the same device; the signature binds the one it was made with."""
    token, richer = scheme.token(), scheme.token(total_max_minor=1_000_000)
    intent = scheme.intent(token=token.envelope, request_digest=Digest(bytes(32)))
    swapped = open_unverified(with_part(intent.envelope, 1, {33: richer.envelope}), PaymentIntent)
    assert swapped.digest != intent.digest
    assert code_raised(lambda: verify(swapped, scheme.device.public_key)) is ErrorCode.BAD_SIGNATURE


def test_the_digest_covers_everything_but_the_signature(scheme: Scheme) -> None:
    """Header, kind, payload and embedded envelope; not the signature, so content is named and not bytes."""
    token = scheme.token().envelope
    one = scheme.intent(token=token, request_digest=Digest(bytes(32)))
    other_amount = scheme.intent(token=token, request_digest=Digest(bytes(32)), amount_minor=1249)
    other_token = scheme.intent(token=scheme.token().envelope, request_digest=Digest(bytes(32)))
    other_kind = scheme.code(token=token)
    assert len({sealed.digest for sealed in (one, other_amount, other_token, other_kind)}) == 4
    wrong_signature = with_part(one.envelope, 3, other_amount.signature)
    assert open_unverified(wrong_signature, PaymentIntent).digest == one.digest


def test_the_size_is_bounded_before_anything_is_read(scheme: Scheme) -> None:
    """512 bytes a message, more for what never is a QR code; and nothing larger is made. (R-9)"""
    junk = bytes(600)
    assert code_raised(lambda: open_unverified(junk, PaymentToken)) is ErrorCode.MESSAGE_TOO_LARGE
    assert code_raised(lambda: open_unverified(bytes(1025), messages.TrustBundle)) is ErrorCode.MESSAGE_TOO_LARGE
    assert code_raised(lambda: peek_type(bytes(768 * 1024 + 1))) is ErrorCode.MESSAGE_TOO_LARGE
    assert code_raised(lambda: peek_type(junk, bytes_max=512)) is ErrorCode.MESSAGE_TOO_LARGE
    intent = EXAMPLES[PaymentIntent]
    own = len(seal(intent, scheme.device, embedded=Envelope(bytes(300))).envelope) - 300
    largest = seal(intent, scheme.device, embedded=Envelope(bytes(512 - own))).envelope
    assert (len(largest), open_unverified(largest, PaymentIntent).message) == (512, intent)
    too_large = Envelope(bytes(513 - own))
    assert code_raised(lambda: seal(intent, scheme.device, embedded=too_large)) is ErrorCode.BAD_ARGUMENT


@pytest.mark.parametrize(
    "public_key",
    [b"", bytes(33), b"\2" + bytes(32), b"\2" + b"\xff" * 32, b"\4" + b"\1" * 32, b"\5" + b"\1" * 32, b"\2" * 65],
    ids=["empty", "zeros", "x of 0 with even y", "x above p", "prefix 4", "prefix 5", "long"],
)
def test_what_is_no_point_is_no_key(public_key: bytes, simple: Sealed[CertificateRequest]) -> None:
    """Compressed points of P-256 only; the point at infinity is none. (R-27)"""
    key = PublicKeyBytes(public_key)
    if public_key == b"\2" + bytes(32):  # 0**3 + b is a square modulo p, so this one is a point
        assert load_public_key(key) is not None
        return
    assert code_raised(lambda: load_public_key(key)) is ErrorCode.BAD_PUBLIC_KEY
    assert code_raised(lambda: verify(simple, key)) is ErrorCode.UNKNOWN_SIGNER


def test_messages_are_hidden_from_no_one_but_secrets(scheme: Scheme) -> None:
    """A repr of a sealed message tells the content, and no private key is near it."""
    assert "amount_minor=1250" in repr(scheme.request())
