"""A signer in software: a P-256 private key in this process's memory, deterministic signatures.

Source: RFC 6979 (the nonce is derived from key and hash, so no signature depends on a random source).
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wallet_sdk.protocol.envelope import P256_ORDER
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import Digest, PublicKeyBytes

SECRET_BYTES: Final = 32
_ECDSA: Final = ec.ECDSA(Prehashed(SHA256()), deterministic_signing=True)


class SoftwareSigner:
    """Implements ``envelope.Signer`` with a key in memory."""

    __slots__ = ("_key", "_public_key")

    def __init__(self, secret: bytes) -> None:
        """Take the private scalar, 32 bytes big endian, from a good random source.

        Raises:
            MisuseError: BAD_ARGUMENT when it is not in 1 .. n-1.
        """
        scalar = int.from_bytes(secret, "big")
        if len(secret) != SECRET_BYTES or not 0 < scalar < P256_ORDER:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "not a P-256 private scalar", param="secret")
        self._key = ec.derive_private_key(scalar, ec.SECP256R1())
        self._public_key = PublicKeyBytes(
            self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        )

    def __repr__(self) -> str:
        return f"SoftwareSigner(public_key={self._public_key.hex()})"

    @property
    def public_key(self) -> PublicKeyBytes:
        """Compressed point, 33 bytes."""
        return self._public_key

    def sign(self, digest: Digest) -> bytes:
        """ECDSA over the hash as given: r || s, 64 bytes."""
        r, s = decode_dss_signature(self._key.sign(digest, _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
