"""All 262 published edge cases of ECDSA P-256 through the envelope's own check of form and signature."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, _check_signature_form, key_id_of, verify
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import CertificateRequest

VECTORS = Path(__file__).parent / "wycheproof" / "ecdsa_secp256r1_sha256_p1363_test.json"
CASES = [
    (group["publicKey"]["uncompressed"], case)
    for group in json.loads(VECTORS.read_text())["testGroups"]
    for case in group["tests"]
]


def compressed(uncompressed: str) -> PublicKeyBytes:
    """The 33-byte form of a point that is published in 65 bytes."""
    point = bytes.fromhex(uncompressed)
    return PublicKeyBytes(bytes([2 + point[64] % 2]) + point[1:33])


def check(public_key: PublicKeyBytes, case: dict[str, Any]) -> None:
    """What an envelope with this signature goes through, from the hash of the case's message on."""
    signature = bytes.fromhex(case["sig"])
    _check_signature_form(signature)
    sealed = Sealed(
        message=CertificateRequest(made_at_s=0),
        envelope=Envelope(b""),
        digest=Digest(hashlib.sha256(bytes.fromhex(case["msg"])).digest()),
        key_id=key_id_of(public_key),
        embedded=None,
        signature=signature,
    )
    verify(sealed, public_key)


def lowered(case: dict[str, Any]) -> dict[str, Any]:
    """The case with the other of the two s that are valid."""
    signature = bytes.fromhex(case["sig"])
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    return case | {"sig": (signature[:32] + s.to_bytes(32, "big")).hex()}


def is_high(case: dict[str, Any]) -> bool:
    """Whether a 64-byte signature is the twin that this protocol refuses."""
    return int(case["sig"][64:], 16) > P256_ORDER // 2


def test_all_cases_are_here() -> None:
    """262 of them, of which 173 are valid, and of those some high and some low."""
    results = Counter(case["result"] for _, case in CASES)
    assert results == {"valid": 173, "invalid": 89}
    highs = Counter(is_high(case) for _, case in CASES if case["result"] == "valid")
    assert highs[True] > 50 < highs[False]


@pytest.mark.parametrize(("uncompressed", "case"), CASES, ids=lambda part: str(part["tcId"]) if "tcId" in part else "")
def test_the_published_result(uncompressed: str, case: dict[str, Any]) -> None:
    """Valid and low is accepted; valid and high is refused, but its low twin accepted; invalid is refused."""
    public_key = compressed(uncompressed)
    if case["result"] == "valid" and not is_high(case):
        check(public_key, case)
        return
    with pytest.raises(TillcodeError) as caught:
        check(public_key, case)
    if case["result"] == "valid":
        assert caught.value.code is ErrorCode.BAD_SIGNATURE
        check(public_key, lowered(case))
    else:
        assert caught.value.code in {ErrorCode.BAD_SIGNATURE, ErrorCode.BAD_ENVELOPE}
