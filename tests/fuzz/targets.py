"""One fuzzing target for each decoder: bytes in; out comes nothing, or an AssertionError, or what is not of our tree.

A target refuses in our own way silently. What it accepts, it writes again and compares: one message, one encoding.
"""

import base64
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import cbor2

from tests.property.forgeries import World
from tests.vectors.tc1_checks import read_file
from wallet_sdk.protocol import api, base45, codec, denylist, envelope, qr, trust
from wallet_sdk.protocol.cbor import load_canonical
from wallet_sdk.protocol.emv import (
    ConsumerPresentedCode,
    decode_consumer_presented,
    decode_merchant_presented,
    export_merchant_presented,
    import_merchant_presented,
)
from wallet_sdk.protocol.emv.merchant import checksum
from wallet_sdk.protocol.errors import MisuseError, TillcodeError
from wallet_sdk.protocol.evidence import verify_fraud_proof
from wallet_sdk.protocol.messages import TYPE_OF_MESSAGE, Denylist, FraudProof, Message

Target = Callable[[bytes], None]
WORLD: Final = World()
VALID: Final = frozenset().union(*WORLD.valid.values())
EMV: Final = Path(__file__).parents[1] / "vectors" / "emv"
BODIES: Final = (
    api.TrustAnswer,
    api.TerminalEnrolled,
    api.WalletEnrolled,
    api.TokenIssued,
    api.IntentBody,
    api.PaymentAnswer,
    api.CaptureAnswer,
    api.BalanceAnswer,
    api.RefundsAnswer,
    api.Problem,
)


def _read(read: Callable[[], Any]) -> Any:
    """What it gives, or None when it refuses as it should; a MisuseError would blame us for the world's bytes."""
    try:
        return read()
    except MisuseError as error:
        raise AssertionError("the bytes of the world are nobody's misuse") from error
    except TillcodeError:
        return None


def cbor_target(content: bytes) -> None:
    """The strict reader beneath all messages: what it takes has one encoding."""
    item = _read(lambda: load_canonical(content, bytes_max=4096))
    if item is not None:
        assert cbor2.dumps(item, canonical=True) == content


def codec_target(kind: type[Message], content: bytes) -> None:
    """A payload: what is read can be written, and reads the same again."""
    message = _read(lambda: codec.decode(content, kind))
    if message is not None:
        assert codec.decode(codec.encode(message), kind) == message


def envelope_target(content: bytes) -> None:
    """Every kind of envelope; and none is believed that was not signed here."""
    _read(lambda: envelope.peek_type(content))
    for kind in TYPE_OF_MESSAGE:
        opened = _read(lambda kind=kind: envelope.open_unverified(content, kind))  # type: ignore[misc]
        assert opened is None or opened.envelope == content
    if content not in VALID:
        for accept in WORLD.accept.values():
            assert _read(lambda accept=accept: (accept(content), 1)) is None  # type: ignore[misc]


def text_target(content: bytes) -> None:
    """What a camera read."""
    text = content.decode("utf-8", "surrogateescape")
    found = _read(lambda: qr.from_text(text))
    assert found is None or qr.to_text(found) == text


def base45_target(content: bytes) -> None:
    """Both ways: any bytes have a text that reads back, and any text that is read is the one text of its bytes."""
    assert base45.decode(base45.encode(content)) == content
    text = content.decode("latin-1")
    found = _read(lambda: base45.decode(text))
    assert found is None or base45.encode(found) == text


def proof_target(content: bytes) -> None:
    """Nobody signs a proof, so its one encoding is all the more due."""
    codec_target(FraudProof, content)
    if content not in VALID:
        assert _read(lambda: verify_fraud_proof(content, root_key=WORLD.scheme.root.public_key)) is None


def denylist_target(content: bytes) -> None:
    """A list, also as if its signature were good: a state only ever grows."""
    codec_target(Denylist, content)
    listed = _read(lambda: codec.decode(content, Denylist))
    if listed is not None:
        signer = WORLD.scheme.denylist_signer
        before = WORLD.listed.denied
        after = _read(lambda: denylist.apply(before, envelope.seal(listed, signer)))
        assert after is None or (after.number >= before.number and after.terminal_ids >= before.terminal_ids)
    if content not in VALID:
        assert _read(lambda: trust.take_denylist(content, WORLD.listed)) is None


def json_target(content: bytes) -> None:
    """Bodies of requests and answers, and the answers that are errors."""
    for expected in BODIES:
        body: Any = _read(lambda expected=expected: api.parse_json(content, expected))  # type: ignore[misc]
        assert body is None or api.parse_json(api.to_json(body), expected) == body
    assert str(api.error_of(content, http_status=500)).encode()


def base64_target(content: bytes) -> None:
    """What stands in paths and in the Authorization header."""
    assert api.from_base64url(api.to_base64url(content)) == content
    text = content.decode("utf-8", "replace")
    found = _read(lambda: api.from_base64url(text))
    assert found is None or api.to_base64url(found) == text


def merchant_target(content: bytes) -> None:
    """An EMV merchant-presented code: what is read is written the same, and is never trusted without our signature."""
    text = content.decode("utf-8", "replace")
    code = _read(lambda: decode_merchant_presented(text))
    if code is not None:
        assert code.encode() == text
        _read(lambda: import_merchant_presented(code, WORLD.trust, at_s=WORLD.scheme.now_s))


def consumer_target(content: bytes) -> None:
    """An EMV consumer-presented code, which may be written in another sequence than it was read."""
    text = content.decode("latin-1")
    code: ConsumerPresentedCode | None = _read(lambda: decode_consumer_presented(text))
    if code is not None:
        assert decode_consumer_presented(code.encode()) == code


def merchant_body_target(content: bytes) -> None:
    """The same behind a right checksum, which random bytes never have."""
    body = content.decode("utf-8", "replace") + "6304"
    merchant_target((body + checksum(body)).encode())


def consumer_bytes_target(content: bytes) -> None:
    """The same behind the base64, which random bytes seldom are."""
    consumer_target(base64.b64encode(content))


TARGETS: Final[dict[str, Target]] = {
    "cbor": cbor_target,
    "envelope": envelope_target,
    "text": text_target,
    "base45": base45_target,
    "proof": proof_target,
    "denylist": denylist_target,
    "json": json_target,
    "base64url": base64_target,
    "emv-merchant": merchant_target,
    "emv-merchant-body": merchant_body_target,
    "emv-consumer": consumer_target,
    "emv-consumer-bytes": consumer_bytes_target,
    **{f"codec-{number:d}": partial(codec_target, kind) for kind, number in TYPE_OF_MESSAGE.items()},
}


def corpus() -> dict[str, list[bytes]]:
    """Where each target begins: the published vectors, good and bad."""
    vectors, negatives = read_file("messages.json")["messages"], read_file("negatives.json")["negatives"]
    envelopes = [bytes.fromhex(one["envelope"]) for one in vectors if one["signer"]]
    envelopes += [bytes.fromhex(one["hex"]) for one in negatives if "hex" in one]
    texts = [one["qr_text"].encode() for one in vectors if one.get("qr_text")]
    texts += [one["text"].encode() for one in negatives if "text" in one]
    payloads = {one["number"]: bytes.fromhex(one["payload"]) for one in vectors}
    merchant, consumer = _emv_corpus()
    seeds = {
        "cbor": [*payloads.values(), *envelopes],
        "envelope": [*sorted(VALID), *envelopes],
        "text": texts,
        "base45": [text[4:] for text in texts],
        "proof": [payloads[11], *sorted(WORLD.valid["proof"])],
        "denylist": [payloads[10], *sorted(WORLD.valid["denylist"])],
        "json": _bodies(),
        "base64url": [api.to_base64url(content).encode() for content in envelopes[:8]],
        "emv-merchant": merchant,
        "emv-merchant-body": [text[:-8] for text in merchant],
        "emv-consumer": consumer,
        "emv-consumer-bytes": [base64.b64decode(text) for text in consumer],
    }
    return seeds | {f"codec-{number:d}": [payload] for number, payload in payloads.items()}


def _emv_corpus() -> tuple[list[bytes], list[bytes]]:
    """Published codes of others, and one of ours."""
    published = json.loads((EMV / "published.json").read_text())
    merchant = [one["text"].encode() for one in published["merchant_presented"]]
    request = WORLD.request
    exported = export_merchant_presented(request).encode()
    return [exported.encode(), *merchant], [one["base64"].encode() for one in published["consumer_presented"]]


def _bodies() -> list[bytes]:
    answer = api.PaymentAnswer(request_id="AAAA", state="CAPTURED")
    error = api.Problem(title="EXPIRED", http_status=422, detail="the code has expired", code=2005)
    bodies = (api.CaptureAnswer(outcomes=(answer,)), api.IntentBody(intent="AAAA", request="AAAA"), answer, error)
    return [api.to_json(body) for body in bodies]
