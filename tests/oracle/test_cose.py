"""Our envelopes before a COSE library of another's making, and its envelopes before us. See docs/testing.md."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest

from tests.oracle.other_program import answer_of
from tests.vectors.tc1_checks import read_file
from tests.vectors.tc1_json import CLASS_OF_TYPE
from wallet_sdk.protocol.envelope import P256_ORDER, open_unverified, verify
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, TillcodeError
from wallet_sdk.protocol.ids import PublicKeyBytes

KEYS = {key["name"]: key for key in read_file("keys.json")["keys"]}
VECTORS = [vector for vector in read_file("messages.json")["messages"] if vector["signer"]]
Asked = dict[str, Any]
Ask = Callable[[list[Asked]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """The oracle, in a process that sees its own packages and none of ours."""

    def answers(questions: list[Asked]) -> list[dict[str, Any]]:
        said = answer_of("cose_oracle.py", "".join(json.dumps(question) + "\n" for question in questions))
        found: list[dict[str, Any]] = [json.loads(line) for line in said.splitlines()]
        assert len(found) == len(questions)
        return found

    return answers


def key_id_of(vector: dict[str, Any]) -> str | None:
    """The key id that the protected header names, if any."""
    named: bytes | None = cbor2.loads(bytes.fromhex(vector["protected"])).get(4)
    return None if named is None else named.hex()


def to_verify(vector: dict[str, Any], **changed: str) -> Asked:
    """The question whether cwt accepts a vector's envelope, or a spoilt one."""
    asked = {"do": "verify", "envelope": vector["envelope"], "external_aad": vector["external_aad"],
             "public_key": KEYS[vector["signer"]]["public_key"], "key_id": key_id_of(vector)}  # fmt: skip
    return asked | changed


def ours(envelope: bytes, vector: dict[str, Any]) -> None:
    """Open and verify as we do."""
    sealed = open_unverified(envelope, CLASS_OF_TYPE[vector["type"]])
    verify(sealed, PublicKeyBytes(bytes.fromhex(KEYS[vector["signer"]]["public_key"])))


def with_low_s(envelope: bytes) -> bytes:
    """The same envelope with the lower of the two s: COSE allows both, we take one."""
    parts = cbor2.loads(envelope)
    s = int.from_bytes(parts[3][32:], "big")
    parts[3] = parts[3][:32] + min(s, P256_ORDER - s).to_bytes(32, "big")
    return cbor2.dumps(parts)


def spoilt(vector: dict[str, Any]) -> list[tuple[str, str]]:
    """Envelope and aad with one bit changed in each part that is signed, in the signature, and in the aad."""
    parts = cbor2.loads(bytes.fromhex(vector["envelope"]))
    found = []
    for place, at in ((2, -1), (3, 0), (3, 40)):
        changed = list(parts)
        part = bytearray(changed[place])
        part[at] ^= 1
        changed[place] = bytes(part)
        found.append((cbor2.dumps(changed).hex(), vector["external_aad"]))
    aad = bytearray.fromhex(vector["external_aad"])
    aad[3] ^= 1
    found.append((vector["envelope"], aad.hex()))
    return found


def test_the_oracle_is_another_program(ask: Ask) -> None:
    """The versions that are pinned, and another major version of cbor2 than ours."""
    (found,) = ask([{"do": "versions"}])
    pins = (Path(__file__).parent / "constraints.txt").read_text()
    assert all(f"{name}=={number}\n" in pins for name, number in found.items())
    assert found["cbor2"].startswith("5.")


def test_cwt_accepts_every_envelope_of_ours(ask: Ask) -> None:
    """All message types; it finds the payload that we put in, so it built the same Sig_structure."""
    answers = ask([to_verify(vector) for vector in VECTORS])
    assert [found.get("payload") for found in answers] == [vector["payload"] for vector in VECTORS]


def test_we_accept_every_envelope_of_cwt(ask: Ask) -> None:
    """It writes the same bytes as we do but for the signature, whose nonce it draws; we verify that one."""
    names = ("payload", "external_aad", "embedded")
    questions = [
        {"do": "seal", "secret": KEYS[vector["signer"]]["secret"], "key_id": key_id_of(vector)}
        | {name: vector[name] for name in names}
        for vector in VECTORS
    ]
    for vector, found in zip(VECTORS, ask(questions), strict=True):
        envelope = with_low_s(bytes.fromhex(found["envelope"]))
        assert cbor2.loads(envelope)[:3] == cbor2.loads(bytes.fromhex(vector["envelope"]))[:3]
        assert envelope[:-64].hex() == vector["envelope"][:-128]
        assert envelope.hex() != vector["envelope"], "cwt draws its nonces, we do not"
        ours(envelope, vector)


def test_neither_accepts_a_changed_bit(ask: Ask) -> None:
    """In the payload, in r, in s, in the external_aad: both refuse, and cwt for the signature's sake."""
    cases = [(vector, *case) for vector in VECTORS for case in spoilt(vector)]
    answers = ask([to_verify(vector, envelope=envelope, external_aad=aad) for vector, envelope, aad in cases])
    assert [found.get("refused") for found in answers] == ["VerifyError"] * len(cases)
    for vector, envelope, _ in cases:
        if envelope != vector["envelope"]:
            with pytest.raises(TillcodeError):
                ours(bytes.fromhex(envelope), vector)


def test_neither_accepts_a_swapped_certificate(ask: Ask) -> None:
    """The embedded envelope is unprotected to COSE; the external_aad is what binds it."""
    vector = next(one for one in VECTORS if one["type"] == "PAYMENT_REQUEST")
    other = next(one for one in VECTORS if one["what"] == "a certificate without a city")
    parts = cbor2.loads(bytes.fromhex(vector["envelope"]))
    parts[1] = {33: bytes.fromhex(other["envelope"])}
    swapped = cbor2.dumps(parts)
    with pytest.raises(RuleViolationError) as caught:
        ours(swapped, vector)
    assert caught.value.code is ErrorCode.BAD_SIGNATURE
    unbound, bound = ask([
        to_verify(vector, envelope=swapped.hex()),
        to_verify(vector, envelope=swapped.hex(), external_aad=vector["external_aad"][:8] + "00" * 32),
    ])  # fmt: skip
    assert unbound == {"payload": vector["payload"]}, "cwt does not look at header 33: the caller gives it the aad"
    assert bound == {"refused": "VerifyError"}


def test_python_ecdsa_makes_the_same_signatures(ask: Ask) -> None:
    """Byte for byte: the nonce of RFC 6979, the lower s, and the arithmetic, none of it of the library that we use."""
    signed = [
        {"do": "sign", "signed": vector["sig_structure"], "secret": KEYS[vector["signer"]]["secret"]}
        for vector in VECTORS
    ]
    assert [found["signature"] for found in ask(signed)] == [vector["signature"] for vector in VECTORS]


def test_python_ecdsa_checks_as_we_do(ask: Ask) -> None:
    """Ours hold; over another Sig_structure they do not."""
    questions = [
        {"do": "check", "signed": vector["sig_structure"] + extra, "signature": vector["signature"],
         "public_key": KEYS[vector["signer"]]["public_key"]}
        for vector in VECTORS
        for extra in ("", "00")
    ]  # fmt: skip
    assert ask(questions) == [{"holds": True}, {"refused": "BadSignatureError"}] * len(VECTORS)
