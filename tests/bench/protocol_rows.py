"""Rows of wallet_sdk.protocol: codec, verification of a request, base45, the QR matrix."""

from functools import partial
from itertools import cycle

from tests.bench.measure import Row, Run, Yardstick, medians_us
from tests.unit.wallet_sdk.protocol.samples import EXAMPLES
from wallet_sdk.protocol import base45, codec, qr
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.messages import PaymentIntent, PaymentRequest
from wallet_sdk.protocol.trust import verify_request
from wallet_sdk.testing import Scheme


def codec_us(run: Run) -> list[Row]:
    """Encode and decode of every message; the value is the slowest of them all.

    The bar of 10 us was set where a verification took 48; the ratio says the same whatever the machine does today.
    """
    encoders = {f"encode_{kind.__name__}_us": partial(codec.encode, one) for kind, one in EXAMPLES.items()}
    decoders = {
        f"decode_{kind.__name__}_us": partial(codec.decode, codec.encode(one), kind) for kind, one in EXAMPLES.items()
    }
    parts = medians_us({**encoders, **decoders})
    slowest_us = max(parts.values())
    verify_us = medians_us(Yardstick().calls())["crypto_verify_us"]
    return [
        Row(name="codec_us", value=slowest_us, bar="< 10", parts={**parts, "crypto_verify_us": verify_us}),
        Row(name="codec_verify_ratio", value=slowest_us / verify_us, bar="< 0.208"),
    ]


def request_verify_ratio(run: Run) -> list[Row]:
    """Bytes to verified request and certificate, over one signature verification. It holds two of them."""
    scheme = Scheme(seed=run.seed)
    trust, envelope = scheme.trust(), scheme.request().envelope
    certificate = open_unverified(envelope, PaymentRequest).embedded
    assert certificate is not None
    parts = medians_us(
        {
            "whole_us": lambda: verify_request(envelope, trust, at_s=scheme.now_s),
            "codec_open_us": lambda: open_unverified(envelope, PaymentRequest),
            **Yardstick().calls(),
        }
    )
    value = parts["whole_us"] / parts["crypto_verify_us"]
    return [Row(name="request_verify_ratio", value=value, bar="< 3", parts=parts)]


def base45_us(run: Run) -> list[Row]:
    """A shown request as base45 text and back; the value is both."""
    envelope = Scheme(seed=run.seed).request().envelope
    text = base45.encode(envelope)
    parts = medians_us({"encode_us": lambda: base45.encode(envelope), "decode_us": lambda: base45.decode(text)})
    value = parts["encode_us"] + parts["decode_us"]
    return [Row(name="base45_us", value=value, parts={**parts, "bytes": len(envelope)})]


def qr_matrix_ms(run: Run) -> list[Row]:
    """The modules of a request and of an intent; the value is the request's. Every text is a new one: no cache."""
    scheme = Scheme(seed=run.seed)
    token = scheme.token().envelope
    requests = cycle([qr.to_text(scheme.request().envelope) for _ in range(40)])
    digest = open_unverified(scheme.request().envelope, PaymentRequest).digest
    intents = cycle(
        [
            qr.to_text(scheme.intent(token=token, request_digest=digest, counter=counter).envelope)
            for counter in range(1, 41)
        ]
    )
    assert open_unverified(qr.from_text(next(intents)), PaymentIntent).message.counter == 1
    taken = medians_us(
        {"request": lambda: qr.matrix(next(requests)), "intent": lambda: qr.matrix(next(intents))}, rounds=9
    )
    parts = {f"{name}_ms": each / 1_000 for name, each in taken.items()}
    parts |= {"request_version": (len(qr.matrix(next(requests))) - 17) / 4}
    return [Row(name="qr_matrix_ms", value=parts["request_ms"], parts=parts)]
