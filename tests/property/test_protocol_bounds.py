"""No 4 KiB of input make a reader take more than a bounded amount of memory or of calls."""

import base64
import sys
import tracemalloc
from collections.abc import Callable
from random import Random  # noqa: TID251 (the type of the rng fixture)
from typing import Any

import cbor2
import pytest

from tests.property.forgeries import World
from wallet_sdk.protocol import api, base45, codec, envelope, messages, qr, trust
from wallet_sdk.protocol.cbor import load_canonical
from wallet_sdk.protocol.emv import decode_consumer_presented, decode_merchant_presented
from wallet_sdk.protocol.emv.merchant import checksum
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.evidence import verify_fraud_proof

INPUT_BYTES = 4096
#: An object of 28 to 56 bytes for each byte of input, twice, and what cbor2 takes for its reading buffer (64 KiB).
PEAK_BYTES_MAX = 1024 * 1024
#: Python calls: a few for each byte.
CALLS_MAX = 16 * INPUT_BYTES

SHARED = b"\x99\x03\xe9\xd8\x1c\x99\x03\xe8" + bytes(1000) + b"\xd8\x1d\0" * 1000
PAYLOADS = {
    "zeros in an array": b"\x99\x0f\xfd" + bytes(4093),
    "empty arrays": b"\x99\x0f\xfd" + b"\x80" * 4093,
    "empty maps": b"\x99\x0f\xfd" + b"\xa0" * 4093,
    "arrays inside arrays": b"\x81" * INPUT_BYTES,
    "maps inside maps": b"\xa1\0" * (INPUT_BYTES // 2),
    "tags inside tags": b"\xc6" * INPUT_BYTES,
    "shared references": SHARED,
    "equal hashes": cbor2.dumps({key * (2**61 - 1): 0 for key in range(400)}, canonical=True)[:INPUT_BYTES],
    "one long text": b"\x79\x0f\xfd" + b"a" * 4093,
    "one long byte string": b"\x59\x0f\xfd" + bytes(4093),
    "claimed gigabytes": b"\x5a\x7f\xff\xff\xff" + bytes(4091),
    "claimed elements": b"\x9a\x7f\xff\xff\xff" + bytes(4091),
    "brackets": b"[" * INPUT_BYTES,
    "braces": b'{"a":' * (INPUT_BYTES // 5),
    "digits": b"9" * INPUT_BYTES,
    "escapes": b'"' + b"\\u0000" * 680 + b'"',
    "nothing": bytes(INPUT_BYTES),
    "ones": b"\xff" * INPUT_BYTES,
    "spaces": b" " * INPUT_BYTES,
    "empty EMV objects": b"000201" + b"9900" * 1000,
    "EMV objects of one character": b"000201" + b"6201x" * 800,
    "EMV templates inside each other": b"26" + b"0099" * 1000,
    "BER objects inside each other": b"\x85\x05CPV01" + b"\x61\x82\x0f\xf0" * 1000,
    "empty BER objects": b"\x85\x05CPV01" + b"\x61\x00" * 2000,
    "a BER tag without end": b"\x1f" + b"\xff" * 4095,
    "a denylist of falling terminals": b"\xa4\x00\x0a\x02\x01\x06\x00\x0a\x99\x0f\x00" + b"\x05\x04" * 1920,
}
WORLD = World()


def readers() -> dict[str, Callable[[bytes], Any]]:
    """Everything that looks at bytes from outside."""
    found: dict[str, Callable[[bytes], Any]] = {
        "load_canonical": lambda b: load_canonical(b, bytes_max=INPUT_BYTES),
        "codec.peek_type": codec.peek_type,
        "envelope.peek_type": envelope.peek_type,
        "proof": lambda b: verify_fraud_proof(b, root_key=WORLD.scheme.root.public_key),
        "from_text": lambda b: qr.from_text("TC1:" + b.decode("latin1")),
        "base45": lambda b: base45.decode(b.decode("latin1")),
        "base64url": lambda b: api.from_base64url(b.decode("latin1")),
        "captures": lambda b: api.parse_json(b, api.CaptureAnswer),
        "error_of": lambda b: api.error_of(b, http_status=500),
    }
    found |= {
        "denylist": lambda b: trust.take_denylist(b, WORLD.trust),
        "emv merchant": lambda b: decode_merchant_presented(b.decode("latin1")),
        "emv merchant, summed": lambda b: decode_merchant_presented(summed(b)),
        "emv consumer": lambda b: decode_consumer_presented(b.decode("latin1")),
        "emv consumer, its bytes": lambda b: decode_consumer_presented(base64.b64encode(b).decode()),
    }
    for kind in (messages.CaptureBatch, messages.TrustBundle, messages.PaymentIntent, messages.Denylist):
        found[f"decode {kind.__name__}"] = lambda b, kind=kind: codec.decode(b, kind)  # type: ignore[misc]
        found[f"open {kind.__name__}"] = lambda b, kind=kind: envelope.open_unverified(b, kind)  # type: ignore[misc]
    return found


def summed(content: bytes) -> str:
    """A text with a right checksum behind it, so that more than the checksum is looked at."""
    body = content.decode("latin1") + "6304"
    return body + checksum(body)


READERS = readers()


def variants(payload: bytes) -> list[bytes]:
    """The payload alone, as a batch's claims, and as the payload of an envelope."""
    map_of_it = b"\xa2\x00\x06\x04" + payload[: INPUT_BYTES - 4]
    header = b"\xa2\x01\x28\x04\x48" + bytes(8)
    inside = cbor2.dumps([header, {}, map_of_it[: INPUT_BYTES - 100], b"\1" * 64])
    return [payload, map_of_it, inside]


def cost(read: Callable[[bytes], Any], content: bytes) -> tuple[int, int]:
    """Peak of memory in bytes, and number of calls, of one refusal (or acceptance)."""
    calls = 0

    def count(_frame: object, _event: str, _argument: object) -> None:
        nonlocal calls
        calls += 1

    tracemalloc.start()
    sys.setprofile(count)
    try:
        read(content)
    except TillcodeError:
        pass
    finally:
        sys.setprofile(None)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak, calls


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
@pytest.mark.parametrize("reader", READERS)
def test_hostile_input_costs_little(reader: str, payload: bytes) -> None:
    """Bombs of length, depth, sharing and hashing."""
    for content in variants(payload):
        assert len(content) <= INPUT_BYTES
        peak, calls = cost(READERS[reader], content)
        assert peak < PEAK_BYTES_MAX
        assert calls < CALLS_MAX


def test_random_input_costs_little(rng: Random) -> None:
    """And what is neither hostile nor honest."""
    for _ in range(20):
        content = rng.randbytes(INPUT_BYTES)
        for read in READERS.values():
            peak, calls = cost(read, content)
            assert peak < PEAK_BYTES_MAX
            assert calls < CALLS_MAX


def test_the_key_cache_is_bounded() -> None:
    """Enrolments bring keys of anyone's choice; they push each other out and nothing grows."""
    assert envelope.load_public_key.cache_info().maxsize == 4096
    before = envelope.load_public_key.cache_info().currsize
    for _ in range(5):
        signer = WORLD.scheme.new_signer()
        envelope.load_public_key(signer.public_key)
    assert envelope.load_public_key.cache_info().currsize <= before + 5
