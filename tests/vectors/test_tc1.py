"""The published vectors: the same bytes when made anew, and each accepted or refused as it says."""

import hashlib
from collections import Counter
from typing import Any

import cbor2
import pytest

from tests.vectors.make_tc1 import made
from tests.vectors.tc1_checks import FOLDER, Reader, read_file
from tests.vectors.tc1_json import CLASS_OF_TYPE, message_of, to_json
from wallet_sdk.protocol import codec, qr
from wallet_sdk.protocol.envelope import key_id_of, open_unverified, peek_type, seal
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError
from wallet_sdk.protocol.evidence import Contradiction, verify_fraud_proof
from wallet_sdk.protocol.messages import FraudProof, MessageType
from wallet_sdk.protocol.signing import SoftwareSigner

KEYS = {key["name"]: key for key in read_file("keys.json")["keys"]}
MESSAGES = read_file("messages.json")["messages"]
SIGNED = [vector for vector in MESSAGES if vector["signer"]]
TOLERATED = read_file("messages.json")["tolerated"]
NEGATIVES = read_file("negatives.json")["negatives"]
NEGATIVES_MIN = 60


def what_of(vector: dict[str, Any]) -> str:
    """The name of a case."""
    return f"{vector['type']}: {vector['what']}"


def test_made_anew_they_are_the_same_bytes() -> None:
    """Who changes the protocol changes the vectors in the same commit, or this fails."""
    files = made()
    assert {path.name for path in FOLDER.glob("*.json")} == set(files)
    changed = [name for name, text in files.items() if (FOLDER / name).read_text() != text]
    assert not changed, "run: .venv/bin/python -m tests.vectors.make_tc1"


def test_every_type_and_every_kind_of_refusal_is_there() -> None:
    """All message types; and of the codes that a reader of one message can give, all."""
    assert {vector["type"] for vector in MESSAGES} == set(CLASS_OF_TYPE)
    assert len(NEGATIVES) >= NEGATIVES_MIN
    assert max(Counter(what_of(negative) for negative in NEGATIVES).values()) == 1, "two cases of one name"
    codes = {negative["error"]["number"] for negative in NEGATIVES}
    never = {1015, 1016, 1018, 1019, 1020, 1021, 1022}  # points, money as text, pictures, bodies, EMV: not of a message
    assert codes >= {code for code in ErrorCode if code < 1100} - never
    assert codes >= {*range(2001, 2015), 2017, 2023, 2024, 2025, 2029, 2033}


@pytest.mark.parametrize("name", KEYS)
def test_the_keys_belong_together(name: str) -> None:
    """Secret, public point and key id."""
    signer = SoftwareSigner(bytes.fromhex(KEYS[name]["secret"]))
    assert signer.public_key.hex() == KEYS[name]["public_key"]
    assert key_id_of(signer.public_key).hex() == KEYS[name]["key_id"]


@pytest.mark.parametrize("vector", MESSAGES, ids=what_of)
def test_fields_become_the_payload_and_back(vector: dict[str, Any]) -> None:
    """Both ways, and the number of the type stands in key 0."""
    message = message_of(vector["type"], vector["fields"])
    assert codec.encode(message).hex() == vector["payload"]
    assert to_json(codec.decode(bytes.fromhex(vector["payload"]), type(message))) == vector["fields"]
    assert codec.peek_type(bytes.fromhex(vector["payload"])) == vector["number"]


@pytest.mark.parametrize("vector", SIGNED, ids=what_of)
def test_sealing_gives_the_published_envelope(vector: dict[str, Any]) -> None:
    """Message and key alone determine every byte."""
    embedded: Any = None if vector["embedded"] is None else bytes.fromhex(vector["embedded"])
    signer = SoftwareSigner(bytes.fromhex(KEYS[vector["signer"]]["secret"]))
    sealed = seal(message_of(vector["type"], vector["fields"]), signer, embedded=embedded)
    assert sealed.envelope.hex() == vector["envelope"]
    assert (sealed.digest.hex(), sealed.signature.hex()) == (vector["digest"], vector["signature"])


@pytest.mark.parametrize("vector", SIGNED, ids=what_of)
def test_the_parts_make_the_whole(vector: dict[str, Any]) -> None:
    """What an implementer compares step by step: protected, aad, Sig_structure, digest, envelope, text."""
    part = {name: bytes.fromhex(vector[name]) for name in ("protected", "external_aad", "payload", "signature")}
    signed = cbor2.dumps(["Signature1", part["protected"], part["external_aad"], part["payload"]])
    assert signed.hex() == vector["sig_structure"]
    assert hashlib.sha256(signed).hexdigest() == vector["digest"]
    unprotected = {} if vector["embedded"] is None else {33: bytes.fromhex(vector["embedded"])}
    whole = cbor2.dumps([part["protected"], unprotected, part["payload"], part["signature"]])
    assert whole.hex() == vector["envelope"]
    if vector["qr_text"] is not None:
        assert qr.from_text(vector["qr_text"]) == whole
        assert qr.to_text(qr.from_text(vector["qr_text"])) == vector["qr_text"]


@pytest.mark.parametrize("vector", MESSAGES, ids=what_of)
def test_a_reader_of_the_scene_believes_it(vector: dict[str, Any]) -> None:
    """The whole chain, down to the pinned root."""
    content = bytes.fromhex(vector["envelope"] if vector["signer"] else vector["payload"])
    is_delta = vector["type"] == "DENYLIST" and vector["fields"]["base"] > 0
    Reader().read("verify after the denylist" if is_delta else "verify", content, MessageType[vector["type"]])


@pytest.mark.parametrize("vector", TOLERATED, ids=what_of)
def test_unknown_odd_keys_are_passed_over(vector: dict[str, Any]) -> None:
    """The message is what it would be without them, and its signature covers them all the same."""
    envelope = bytes.fromhex(vector["envelope"])
    opened = open_unverified(envelope, CLASS_OF_TYPE[vector["type"]])
    assert to_json(opened.message) == vector["fields"]
    Reader().read("verify", envelope, MessageType[vector["type"]])
    assert peek_type(envelope).name == vector["type"]


@pytest.mark.parametrize("negative", NEGATIVES, ids=what_of)
def test_a_negative_is_refused_with_its_code(negative: dict[str, Any]) -> None:
    """With the number and the name that are published; of several faults the first is told. (R-129)"""
    content = negative["text"] if "text" in negative else bytes.fromhex(negative["hex"])
    reader = Reader()
    with pytest.raises(TillcodeError) as caught:
        reader.read(negative["check"], content, MessageType[negative["type"]])
    assert (int(caught.value.code), caught.value.code.name) == (negative["error"]["number"], negative["error"]["name"])


def test_each_proof_is_read_as_a_proof() -> None:
    """The only message that nobody signs; one for each way in which a device can contradict itself."""
    proofs = [vector for vector in MESSAGES if vector["signer"] is None]
    assert all(isinstance(message_of(proof["type"], proof["fields"]), FraudProof) for proof in proofs)
    reader = Reader()
    found = [verify_fraud_proof(bytes.fromhex(proof["payload"]), root_key=reader.root_key) for proof in proofs]
    assert [finding.contradiction for finding in found] == list(Contradiction)
