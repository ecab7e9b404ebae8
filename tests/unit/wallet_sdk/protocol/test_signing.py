"""The signer in software, against the published examples of RFC 6979."""

import hashlib
import pickle

import pytest

from tests.unit.wallet_sdk.protocol.samples import EXAMPLES, code_raised
from wallet_sdk.protocol import messages
from wallet_sdk.protocol.envelope import P256_ORDER, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Digest
from wallet_sdk.protocol.signing import SoftwareSigner

#: RFC 6979 section A.2.5: ECDSA, 256 bits (prime field), SHA-256.
SECRET = bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
PUBLIC_X = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
SIGNATURES = {
    b"sample": (
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    ),
    b"test": (
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ),
}


def test_the_published_key() -> None:
    """The public point of the published secret, compressed; its y is odd."""
    assert SoftwareSigner(SECRET).public_key.hex() == "03" + PUBLIC_X


@pytest.mark.parametrize("content", SIGNATURES)
def test_the_published_signatures(content: bytes) -> None:
    """Bit for bit. The signer leaves s as it comes: one of these is high, and would be lowered by sealing. (R-24)"""
    signature = SoftwareSigner(SECRET).sign(Digest(hashlib.sha256(content).digest()))
    assert signature.hex() == "".join(SIGNATURES[content])
    assert (int(SIGNATURES[content][1], 16) > P256_ORDER // 2) is (content == b"sample")


def test_sealed_messages_always_have_a_low_s() -> None:
    """Over a hundred messages, of which half would have come high. (R-24)"""
    signer = SoftwareSigner(SECRET)
    raw_high = 0
    for number in range(100):
        sealed = seal(messages.CertificateRequest(made_at_s=number), signer)
        assert 0 < int.from_bytes(sealed.signature[32:], "big") <= P256_ORDER // 2
        raw_high += int.from_bytes(signer.sign(sealed.digest)[32:], "big") > P256_ORDER // 2
    assert 20 < raw_high < 80


def test_signatures_are_deterministic() -> None:
    """Two signers of one key make the same envelope, so a repeated call leaks no second nonce."""
    message = EXAMPLES[messages.Enrolment]
    assert seal(message, SoftwareSigner(SECRET)) == seal(message, SoftwareSigner(SECRET))


@pytest.mark.parametrize(
    "secret",
    [b"", bytes(32), bytes(31) + b"", b"\1" * 31, b"\1" * 33, P256_ORDER.to_bytes(32, "big"), b"\xff" * 32],
    ids=["empty", "zero", "31 zeros", "31", "33", "order", "above"],
)
def test_bad_scalars_are_refused(secret: bytes) -> None:
    """Only 1 .. n-1 in exactly 32 bytes is a key."""
    assert code_raised(lambda: SoftwareSigner(secret)) is ErrorCode.BAD_ARGUMENT


def test_the_outermost_scalars_are_keys() -> None:
    """1 and n-1 are allowed, and are each other's mirror."""
    one = SoftwareSigner((1).to_bytes(32, "big")).public_key
    last = SoftwareSigner((P256_ORDER - 1).to_bytes(32, "big")).public_key
    assert one[1:] == last[1:]
    assert {one[0], last[0]} == {2, 3}


def test_the_secret_is_never_shown() -> None:
    """Neither in a repr nor through pickle."""
    signer = SoftwareSigner(SECRET)
    assert SECRET.hex() not in repr(signer)
    assert repr(signer) == f"SoftwareSigner(public_key={signer.public_key.hex()})"
    with pytest.raises(TypeError):
        pickle.dumps(signer)
