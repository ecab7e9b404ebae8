"""What shares the room of one code: refused by readers and writers as soon as no code could show it."""

from typing import Any

import pytest

from tests.unit.wallet_sdk.protocol.samples import canonical, payload_of
from wallet_sdk.protocol import codec, messages
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError

CERTIFICATE, REQUEST, STATIC = messages.TerminalCertificate, messages.PaymentRequest, messages.StaticCode


def check(kind: type[messages.Message], content: dict[int, Any], *, room: str, param: str) -> None:
    """Decode a payload that has ``room`` ("enough" or "none") for what it holds."""
    encoded = canonical(content)
    if room == "enough":
        assert codec.encode(codec.decode(encoded, kind)) == encoded
        return
    with pytest.raises(MalformedMessageError) as caught:
        codec.decode(encoded, kind)
    assert (caught.value.code, caught.value.param) == (ErrorCode.FIELD_OUT_OF_RANGE, param)


@pytest.mark.parametrize(
    ("currencies", "left"), [([978], 32), ([36], 32), ([36, 978], 29), ([978, 36], 30), ([978] * 8, 11)]
)
def test_name_city_and_further_currencies_share_32_bytes(currencies: list[int], left: int) -> None:
    """The first currency has a place of its own; each further one takes two or three bytes, a long text one. (R-31)"""
    for name, city in ((left, 0), (1, left - 1), (left - 5, 5), (left - 9, 9), (9, left - 9), (7, left - 7)):
        longer_head = 1 if city and max(name, city) >= 24 else 0
        content = payload_of(CERTIFICATE) | {12: "n" * name, 14: "c" * (city - longer_head), 20: currencies}
        if not city:
            del content[14]
        check(CERTIFICATE, content, room="enough", param="")
        check(CERTIFICATE, content | {12: "n" * (name + 1)}, room="none", param="merchant_name")


def test_name_and_city_of_a_printed_code_share_32_bytes() -> None:
    """Bytes of UTF-8, not characters. (R-31)"""
    content = payload_of(STATIC) | {6: "さ" * 7, 8: "c" * 11}
    check(STATIC, content, room="enough", param="")
    check(STATIC, content | {8: "c" * 12}, room="none", param="merchant_name")


@pytest.mark.parametrize(
    ("tip_max_minor", "hold_h", "left"),
    [(0, 0, 10), (23, 0, 8), (24, 0, 7), (500, 0, 6), (2**32 - 1, 0, 4), (0, 23, 8), (0, 720, 6), (2**32 - 1, 720, 0)],
)
def test_reference_tip_and_hold_share_ten_bytes(tip_max_minor: int, hold_h: int, left: int) -> None:
    """A tip or a hold takes a byte more than its number has in CBOR. (R-118)"""
    plain = {key: value for key, value in payload_of(REQUEST).items() if key not in {12, 14, 16}}
    plain |= {14: tip_max_minor} if tip_max_minor else {}
    plain |= {16: hold_h} if hold_h else {}
    check(REQUEST, plain | ({12: "r" * left} if left else {}), room="enough", param="")
    check(REQUEST, plain | {12: "r" * (left + 1)}, room="none", param="reference")
