"""A COSE library and an ECDSA of another's making, asked in JSON lines: one question a line, one answer a line.

Runs in a process of its own, on the packages of .cache/oracle alone (see constraints.txt), and imports nothing of
this project. cwt reads and writes the envelope; python-ecdsa, which is plain Python, does the arithmetic.

    {"do": "verify", "envelope", "external_aad", "public_key", "key_id"}            -> {"payload"}     (cwt)
    {"do": "seal", "payload", "external_aad", "secret", "key_id", "embedded"}       -> {"envelope"}    (cwt)
    {"do": "sign", "signed", "secret"}                                              -> {"signature"}   (python-ecdsa)
    {"do": "check", "signed", "signature", "public_key"}                            -> {"holds": true} (python-ecdsa)

All bytes are hex; what is refused gives {"refused": name of the error}.
"""

import hashlib
import json
import sys
from importlib.metadata import version
from typing import Any

import cwt
import ecdsa
from cwt.exceptions import VerifyError
from ecdsa.util import sigdecode_string, sigencode_string_canonize

ESP256 = -9
ALG, KEY_ID, EMBEDDED = 1, 4, 33
#: A COSE_Sign1 comes tagged (RFC 9052 section 2) wherever its context does not say what it is.
TAG_18 = b"\xd2"


def cose_key(key: ecdsa.VerifyingKey, *, key_id: bytes | None, secret: bytes | None = None) -> Any:
    """A COSE_Key of type EC2 on P-256. Source: RFC 9053 section 7.1.1."""
    point = key.to_string("raw")
    parameters: dict[int, Any] = {1: 2, 3: ESP256, -1: 1, -2: point[:32], -3: point[32:]}
    if key_id is not None:
        parameters[2] = key_id
    if secret is not None:
        parameters[-4] = secret
    return cwt.COSEKey.new(parameters)


def verify(asked: dict[str, bytes | None]) -> dict[str, Any]:
    """Let cwt verify our envelope."""
    key = ecdsa.VerifyingKey.from_string(asked["public_key"], curve=ecdsa.NIST256p)
    payload = cwt.COSE.new().decode(
        TAG_18 + (asked["envelope"] or b""),
        cose_key(key, key_id=asked["key_id"]),
        external_aad=asked["external_aad"] or b"",
    )
    return {"payload": payload.hex()}


def seal(asked: dict[str, bytes | None]) -> dict[str, Any]:
    """Let cwt write an envelope over our payload."""
    secret, key_id, embedded = asked["secret"], asked["key_id"], asked["embedded"]
    signing = ecdsa.SigningKey.from_string(secret, curve=ecdsa.NIST256p)
    envelope = cwt.COSE.new().encode_and_sign(
        asked["payload"] or b"",
        cose_key(signing.get_verifying_key(), key_id=key_id, secret=secret),
        protected={ALG: ESP256} if key_id is None else {ALG: ESP256, KEY_ID: key_id},
        unprotected={} if embedded is None else {EMBEDDED: embedded},
        external_aad=asked["external_aad"] or b"",
    )
    assert isinstance(envelope, bytes)
    return {"envelope": envelope.removeprefix(TAG_18).hex()}


def sign(asked: dict[str, bytes | None]) -> dict[str, Any]:
    """Let python-ecdsa sign with the nonce of RFC 6979 and the lower s."""
    key = ecdsa.SigningKey.from_string(asked["secret"], curve=ecdsa.NIST256p, hashfunc=hashlib.sha256)
    signature: bytes = key.sign_deterministic(asked["signed"], sigencode=sigencode_string_canonize)
    return {"signature": signature.hex()}


def check(asked: dict[str, bytes | None]) -> dict[str, Any]:
    """Let python-ecdsa check a signature."""
    key = ecdsa.VerifyingKey.from_string(asked["public_key"], curve=ecdsa.NIST256p, hashfunc=hashlib.sha256)
    return {"holds": key.verify(asked["signature"], asked["signed"], sigdecode=sigdecode_string)}


def versions(_asked: dict[str, bytes | None]) -> dict[str, Any]:
    """What is answering."""
    return {name: version(name) for name in ("cwt", "cbor2", "ecdsa")}


WORDS = {"verify": verify, "seal": seal, "sign": sign, "check": check, "versions": versions}


def answer(line: str) -> dict[str, Any]:
    """One question; what is refused is an answer too, anything else a failure of the oracle."""
    asked = json.loads(line)
    word = WORDS[asked.pop("do")]
    try:
        return word({name: None if value is None else bytes.fromhex(value) for name, value in asked.items()})
    except (VerifyError, ecdsa.BadSignatureError) as error:
        return {"refused": type(error).__name__}


def main() -> None:
    """Answer until there is nothing more to read."""
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)


if __name__ == "__main__":
    main()
