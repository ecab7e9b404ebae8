"""Write the published vectors of the protocol: .venv/bin/python -m tests.vectors.make_tc1

The same bytes every time: keys, ids and times come from one seed, and signatures are deterministic (RFC 6979).
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import cbor2

from tests.vectors.tc1_json import to_json, type_name_of
from tests.vectors.tc1_negatives import Negative, frames, headers, signatures, texts
from tests.vectors.tc1_payloads import payloads
from tests.vectors.tc1_refusals import refusals
from tests.vectors.tc1_sequence import sequence
from tests.vectors.tc1_world import SEED, Valid, VectorWorld, external_aad, kind_of, sig_structure
from wallet_sdk.protocol import codec, limits, qr
from wallet_sdk.protocol.envelope import key_id_of, open_unverified
from wallet_sdk.protocol.evidence import make_fraud_proof
from wallet_sdk.protocol.messages import FraudProof, MessageType, PaymentToken

FOLDER: Final = Path(__file__).parent / "tc1"
FORMAT: Final = "Tillcode TC1 test vectors, version 1"
#: Whose key is whose; the secrets are for tests, and anyone may know them.
OWNERS: Final = {
    "root": "the scheme's root, pinned in every program",
    "terminal_ca": "an operator key that certifies terminals and printed codes",
    "token_issuer": "an operator key that issues payment tokens",
    "receipt_signer": "an operator key that signs receipts",
    "denylist_signer": "an operator key that signs denylists",
    "terminal": "the terminal's key, named by the certificate",
    "device": "the key of the wallet's token, named by the token",
    "wallet": "the key of the wallet's enrolment, in no code",
    "thief": "a key of nobody",
}


def _keys(world: VectorWorld) -> dict[str, Any]:
    return {
        "keys": [
            {
                "name": name,
                "whose": OWNERS[name],
                "secret": world.secrets[name].hex(),
                "public_key": world.signers[name].public_key.hex(),
                "key_id": key_id_of(world.signers[name].public_key).hex(),
            }
            for name in OWNERS
        ]
    }


def _scene(world: VectorWorld) -> dict[str, Any]:
    return {
        "now_s": world.scheme.now_s,
        "terminal_id": 2001,
        "bundle": world.bundle.envelope.hex(),
        "request": world.request.envelope.hex(),
        "denylist": world.denylist.envelope.hex(),
    }


def _vector(valid: Valid) -> dict[str, Any]:
    sealed = valid.sealed
    kind, payload = kind_of(sealed.message), codec.encode(sealed.message)
    protected = cbor2.loads(sealed.envelope)[0]
    signed = sig_structure(kind, protected, payload, sealed.embedded)
    text = qr.to_text(sealed.envelope)
    return {
        "what": valid.what,
        "type": kind.name,
        "number": int(kind),
        "fields": to_json(sealed.message),
        "payload": payload.hex(),
        "signer": valid.signer,
        "protected": protected.hex(),
        "embedded": None if sealed.embedded is None else sealed.embedded.hex(),
        "external_aad": external_aad(kind, sealed.embedded).hex(),
        "sig_structure": signed.hex(),
        "digest": hashlib.sha256(signed).hexdigest(),
        "signature": sealed.signature.hex(),
        "envelope": sealed.envelope.hex(),
        "qr_text": text if len(sealed.envelope) <= limits.LARGE_MESSAGE_BYTES_MAX else None,
    }


def _proofs(world: VectorWorld) -> list[dict[str, Any]]:
    """One for each way in which a device can contradict itself; nobody signs them."""
    closing = world.scheme.closing(world.token, spent_minor=1_249).envelope
    return [
        _proof("a proof of a double spend (nobody signs it)", world.proof()),
        _proof("a proof that the sum fell", world.proof(counter=2, cumulative_minor=1_250)),
        _proof(
            "a proof of an understated closing",
            make_fraud_proof(world.intent.envelope, closing, bundle=world.bundle.envelope),
        ),
    ]


def _proof(what: str, payload: bytes) -> dict[str, Any]:
    message = codec.decode(payload, FraudProof)
    return {
        "what": what,
        "type": type_name_of(message),
        "number": int(MessageType.FRAUD_PROOF),
        "fields": to_json(message),
        "payload": payload.hex(),
        "signer": None,
    }


def _tolerated(world: VectorWorld) -> list[dict[str, Any]]:
    """A later minor version may add odd keys; who does not know them reads the rest."""
    plain = cbor2.loads(codec.encode(world.token.message))
    rows = (
        ("an odd key of a later version", {19: 7}),
        ("odd keys with arrays and maps", {21: [{1: [b""]}], 101: "new"}),
        ("a text under an odd key that is not in NFC", {19: "e\u0301 "}),
    )
    return [
        {
            "what": what,
            "type": MessageType.PAYMENT_TOKEN.name,
            "fields": to_json(world.token.message),
            "envelope": world.raw(
                cbor2.dumps(plain | more, canonical=True), MessageType.PAYMENT_TOKEN, signer="token_issuer"
            ).hex(),
        }
        for what, more in rows
    ]


def _negative(negative: Negative) -> dict[str, Any]:
    content = negative.content
    return {
        "what": negative.what,
        "check": negative.check,
        "type": negative.read_as.name,
        **({"text": content} if isinstance(content, str) else {"hex": content.hex()}),
        "error": {"number": int(negative.code), "name": negative.code.name},
    }


def made() -> dict[str, str]:
    """The text of every file by its name."""
    world = VectorWorld()
    assert open_unverified(world.token.envelope, PaymentToken) == world.token
    negatives = (*texts(world), *frames(world), *headers(world), *signatures(world), *payloads(world))
    negatives += (*refusals(world), *sequence(world))
    files: dict[str, dict[str, Any]] = {
        "keys.json": _keys(world),
        "scene.json": _scene(world),
        "messages.json": {
            "messages": [*(_vector(valid) for valid in world.valid), *_proofs(world)],
            "tolerated": _tolerated(world),
        },
        "negatives.json": {"negatives": [_negative(negative) for negative in negatives]},
    }
    head = {"format": FORMAT, "seed": SEED}
    return {name: json.dumps(head | content, indent=1, ensure_ascii=False) + "\n" for name, content in files.items()}


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in made().items():
        (FOLDER / name).write_text(text)
        print(f"{FOLDER / name}: {len(text)} characters")


if __name__ == "__main__":
    main()
