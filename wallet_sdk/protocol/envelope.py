"""The signed envelope: COSE_Sign1 with ESP256, nothing else.

    envelope    = [protected, unprotected, payload, signature]        untagged CBOR array of four
    protected   = << {1: -9, 4: key id} >>    signed by a key known from the trust store, or
                  << {1: -9} >>               signed by the key inside the embedded envelope
    unprotected = {}  or  {33: embedded envelope}                     certificate of a request, token of a consent
    signature   = r || s, 64 bytes, RFC 6979 nonce, s <= n/2

What is signed is the COSE Sig_structure ["Signature1", protected, external_aad, payload] with
external_aad = "TC1" || message type (one byte) || SHA-256(embedded envelope), the last part only when
there is one. So no message can pass for one of another type, and a certificate or token cannot be
swapped. The SHA-256 of the Sig_structure is the message's **digest**: it names the content, never the signature.

Source: RFC 9052 sections 4.2 and 4.4 (COSE_Sign1, Sig_structure); RFC 9864 section 2.1 (ESP256 = -9);
RFC 6979 (deterministic nonce); SEC 1 section 2.3.3 (compressed point).
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Generic, Protocol, TypeVar

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from wallet_sdk.protocol import codec, limits
from wallet_sdk.protocol.cbor import load_canonical
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Digest, Envelope, KeyId, PublicKeyBytes
from wallet_sdk.protocol.messages import (
    TYPE_OF_MESSAGE,
    BatchReceipt,
    CaptureBatch,
    Denylist,
    Message,
    MessageType,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    TrustBundle,
)

#: ESP256 (ECDSA on P-256 with SHA-256) as CBOR: the negative integer -9.
_PROTECTED_PREFIX_WITH_KEY_ID: Final = bytes.fromhex("a201280448")
_PROTECTED_WITHOUT_KEY_ID: Final = bytes.fromhex("a10128")
#: An array of four, and the protected header as a byte string of 13, which names a key.
_HEAD: Final = b"\x84\x4d" + _PROTECTED_PREFIX_WITH_KEY_ID
#: So many bytes of an envelope that names its signer tell who it is.
HEAD_BYTES: Final = len(_HEAD) + limits.KEY_ID_BYTES
_EMBEDDED_LABEL: Final = 33
_UNPROTECTED_DEPTH_MAX: Final = 2

#: Order of the P-256 group. Source: SP 800-186 section 3.2.1.3.
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ZERO: Final = bytes(32)
_ORDER: Final = P256_ORDER.to_bytes(32)
_HALF_ORDER: Final = (P256_ORDER // 2).to_bytes(32)
_ECDSA: Final = ec.ECDSA(Prehashed(SHA256()))

#: Envelopes that never travel as a QR code may be larger than one.
_BYTES_MAX: Final = MappingProxyType(
    {
        CaptureBatch: limits.BATCH_BYTES_MAX,
        BatchReceipt: limits.BATCH_RECEIPT_BYTES_MAX,
        TrustBundle: limits.BUNDLE_BYTES_MAX,
        Denylist: limits.DENYLIST_BYTES_MAX,
    }
)
#: Messages that bring the envelope naming their signer's key; all others name a key that the reader already has.
#: So no message can be signed in two shapes, which would give one content two digests.
_EMBEDDING: Final = frozenset({PaymentRequest, PaymentIntent, PaymentCode})

M = TypeVar("M", bound=Message)


class Signer(Protocol):
    """Holds one P-256 private key, in software or in hardware; only ever asked to sign a 32-byte hash."""

    @property
    def public_key(self) -> PublicKeyBytes:
        """Compressed point, 33 bytes."""
        ...

    def sign(self, digest: Digest) -> bytes:
        """ECDSA over the hash as given: r || s, 64 bytes. High s is allowed here; ``seal`` lowers it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed(Generic[M]):
    """An envelope taken apart and its payload read; the signature is **not** verified yet.

    Attributes:
        message: the payload as a message.
        envelope: the bytes as received: this is what is stored as evidence.
        digest: SHA-256 of the Sig_structure, 32 bytes.
        key_id: the signer's key id, or None when the signer's key is inside ``embedded``.
        embedded: envelope of the certificate or token, or None.
        signature: 64 bytes, low s.
    """

    message: M
    envelope: Envelope
    digest: Digest
    key_id: KeyId | None
    embedded: Envelope | None
    signature: bytes


@lru_cache(maxsize=4096)
def key_id_of(public_key: PublicKeyBytes) -> KeyId:
    """First 8 bytes of SHA-256 over the compressed point."""
    return KeyId(hashlib.sha256(public_key).digest()[: limits.KEY_ID_BYTES])


def seal(message: M, signer: Signer, *, embedded: Envelope | None = None) -> Sealed[M]:
    """Encode and sign a message; with ``embedded`` the signer's key must be the one that envelope names.

    Raises:
        MisuseError: BAD_ARGUMENT when the message is out of its bounds, too large, or misses its embedded envelope.
    """
    if (type(message) in _EMBEDDING) != (embedded is not None):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "requests and consents embed, nothing else does", param="embedded")
    payload = codec.encode(message)
    key_id = None if embedded is not None else key_id_of(signer.public_key)
    protected = _PROTECTED_WITHOUT_KEY_ID if key_id is None else _PROTECTED_PREFIX_WITH_KEY_ID + key_id
    digest = _digest(TYPE_OF_MESSAGE[type(message)], protected=protected, payload=payload, embedded=embedded)
    signature = _low_s(signer.sign(digest))
    unprotected = {} if embedded is None else {_EMBEDDED_LABEL: embedded}
    envelope = Envelope(cbor2.dumps([protected, unprotected, payload, signature]))
    if len(envelope) > _bytes_max(type(message)):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{len(envelope)} bytes, which nobody would read", param="message")
    return Sealed(
        message=message, envelope=envelope, digest=digest, key_id=key_id, embedded=embedded, signature=signature
    )


def open_unverified(envelope: bytes, expected: type[M]) -> Sealed[M]:
    """Take an envelope apart and read its payload as ``expected``; ``verify`` must follow before any use.

    Of several faults the first in this sequence is told (R-129).

    Raises:
        MalformedMessageError: size, CBOR, headers, type or fields.
        RuleViolationError: BAD_SIGNATURE for a signature that is out of range or the high-s twin.
    """
    protected, unprotected, payload, signature = _split(envelope, bytes_max=_bytes_max(expected))
    embedded = _read_unprotected(unprotected)
    key_id = _read_protected(protected)
    if (key_id is None, embedded is not None) != (expected in _EMBEDDING, expected in _EMBEDDING):
        raise MalformedMessageError(
            ErrorCode.BAD_ENVELOPE, "a request or consent embeds its signer's envelope, all else names a key id"
        )
    _check_signature_form(signature)
    message = codec.decode(payload, expected)
    return Sealed(
        message=message,
        envelope=Envelope(envelope),
        digest=_digest(TYPE_OF_MESSAGE[expected], protected=protected, payload=payload, embedded=embedded),
        key_id=key_id,
        embedded=embedded,
        signature=signature,
    )


def peek_type(envelope: bytes, *, bytes_max: int = limits.BATCH_BYTES_MAX) -> MessageType:
    """Which message an envelope says it holds; nothing is verified by this.

    Raises:
        MalformedMessageError: not an envelope, larger than ``bytes_max``, or no known type.
    """
    _, _, payload, _ = _split(envelope, bytes_max=bytes_max)
    return codec.peek_type(payload)


def key_id_at_head(begun: bytes | bytearray) -> KeyId:
    """Whose key an envelope names, of which no more than ``HEAD_BYTES`` need have come. Nothing is verified.

    Raises:
        MalformedMessageError: BAD_ENVELOPE when it cannot become an envelope that names its signer.
    """
    if not begun.startswith(_HEAD) or len(begun) < HEAD_BYTES:
        raise MalformedMessageError(ErrorCode.BAD_ENVELOPE, "it does not begin as an envelope that names its signer")
    return KeyId(bytes(begun[len(_HEAD) : HEAD_BYTES]))


def verify(sealed: Sealed[Any], public_key: PublicKeyBytes) -> None:
    """Check the signature with a key that came from the trust store, never from the message.

    Raises:
        RuleViolationError: UNKNOWN_SIGNER when the envelope names another key, BAD_SIGNATURE when it does not verify.
        MalformedMessageError: BAD_PUBLIC_KEY when the key is not a point of the curve.
    """
    if sealed.key_id is not None and sealed.key_id != key_id_of(public_key):
        raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "the envelope names another key", param="key_id")
    r, s = sealed.signature[:32], sealed.signature[32:]
    der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
    try:
        load_public_key(public_key).verify(der, sealed.digest, _ECDSA)
    except InvalidSignature as error:
        raise RuleViolationError(ErrorCode.BAD_SIGNATURE, "the signature does not verify", param="signature") from error


def has_signature_form(signature: bytes) -> bool:
    """Whether 64 bytes are in range, and not the high-s twin of another signature: a look, no check of anything."""
    r, s = signature[:32], signature[32:]  # of one length, so they compare as the numbers would
    return _ZERO < r < _ORDER and _ZERO < s <= _HALF_ORDER


@lru_cache(maxsize=4096)
def load_public_key(public_key: PublicKeyBytes) -> ec.EllipticCurvePublicKey:
    """The key object of a compressed point; cached, because taking the square root costs half a verification.

    Raises:
        MalformedMessageError: BAD_PUBLIC_KEY.
    """
    try:
        if len(public_key) != limits.PUBLIC_KEY_BYTES:
            raise ValueError("wrong length")
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    except ValueError as error:
        raise MalformedMessageError(
            ErrorCode.BAD_PUBLIC_KEY, "not a compressed point of P-256", param="public_key"
        ) from error


# --- parts ---


def _bytes_max(kind: type[Any]) -> int:
    return _BYTES_MAX.get(kind, limits.MESSAGE_BYTES_MAX)


def _split(envelope: bytes, *, bytes_max: int) -> tuple[bytes, dict[int, Any], bytes, bytes]:
    parts = load_canonical(envelope, bytes_max=bytes_max, depth_max=_UNPROTECTED_DEPTH_MAX)
    if type(parts) is not list or len(parts) != 4:
        raise MalformedMessageError(ErrorCode.BAD_ENVELOPE, "an envelope is an array of four")
    protected, unprotected, payload, signature = parts
    shape = (type(protected), type(unprotected), type(payload), type(signature))
    if shape != (bytes, dict, bytes, bytes):
        raise MalformedMessageError(ErrorCode.BAD_ENVELOPE, "an envelope is [bytes, map, bytes, bytes]")
    return protected, unprotected, payload, signature


def _read_protected(protected: bytes) -> KeyId | None:
    """Only two byte strings are allowed, so nothing can hide in a header that is not looked at."""
    if protected == _PROTECTED_WITHOUT_KEY_ID:
        return None
    prefix, key_id = protected[: len(_PROTECTED_PREFIX_WITH_KEY_ID)], protected[len(_PROTECTED_PREFIX_WITH_KEY_ID) :]
    if prefix != _PROTECTED_PREFIX_WITH_KEY_ID or len(key_id) != limits.KEY_ID_BYTES:
        raise MalformedMessageError(
            ErrorCode.UNSUPPORTED_ALGORITHM, "the protected header is not {alg: ESP256, key id}", param="protected"
        )
    return KeyId(key_id)


def _read_unprotected(unprotected: dict[int, Any]) -> Envelope | None:
    if not unprotected:
        return None
    embedded = unprotected.get(_EMBEDDED_LABEL)
    if len(unprotected) != 1 or type(embedded) is not bytes:
        raise MalformedMessageError(
            ErrorCode.BAD_ENVELOPE, "the unprotected header holds more than one embedded envelope", param="unprotected"
        )
    return Envelope(embedded)


def _digest(kind: MessageType, *, protected: bytes, payload: bytes, embedded: Envelope | None) -> Digest:
    external_aad = b"TC1" + bytes([kind])
    if embedded is not None:
        external_aad += hashlib.sha256(embedded).digest()
    return Digest(hashlib.sha256(cbor2.dumps(["Signature1", protected, external_aad, payload])).digest())


def _check_signature_form(signature: bytes) -> None:
    if len(signature) != limits.SIGNATURE_BYTES:
        raise MalformedMessageError(ErrorCode.BAD_ENVELOPE, "a signature is 64 bytes", param="signature")
    if not has_signature_form(signature):
        raise RuleViolationError(ErrorCode.BAD_SIGNATURE, "r or s out of range, or the high-s twin", param="signature")


def _low_s(signature: bytes) -> bytes:
    assert len(signature) == limits.SIGNATURE_BYTES, "a signer returns r || s, 64 bytes"
    s = int.from_bytes(signature[32:])
    return signature[:32] + min(s, P256_ORDER - s).to_bytes(32)
