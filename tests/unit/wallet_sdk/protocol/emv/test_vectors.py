"""Published codes: the good ones come back exactly, the bad ones are refused where they are bad."""

import json
from pathlib import Path
from typing import Any

import pytest

from wallet_sdk.protocol.emv import DeviationKind, Template, decode_consumer_presented, decode_merchant_presented
from wallet_sdk.protocol.emv.merchant import checksum
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError

FOLDER = Path(__file__).parents[4] / "vectors" / "emv"
SHARED = json.loads((FOLDER / "emv_qr.json").read_text())
PUBLISHED = json.loads((FOLDER / "published.json").read_text())

#: Right checksum, another rule broken: the publisher's own tests refuse these two (see the folder's README).
BROKEN_OTHERWISE = {
    "84D1": (DeviationKind.FIELD_EMPTY, "80@204"),
    "D279": (DeviationKind.WRONG_LENGTH, "80.00@208"),
}


def text_of(case: dict[str, Any]) -> str:
    """The code of a case; the publishers' tests append the checksum to a body without one."""
    text = str(case["text"])
    return text if case["crc_present"] else f"{text}6304{checksum(f'{text}6304')}"


def good(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cases that every rule allows."""
    return [case for case in cases if "refused" not in case]


def bad(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cases that break a rule."""
    return [case for case in cases if "refused" in case]


@pytest.mark.parametrize(
    "text",
    [
        text_of(case)
        for case in SHARED["cases"]
        if (case["crc_ok"] or not case["crc_present"]) and case["text"][-4:] not in BROKEN_OTHERWISE
    ],
)
def test_good_codes_come_back_exactly(text: str) -> None:
    """Reading and writing a published code gives the same text."""
    assert decode_merchant_presented(text).encode() == text


@pytest.mark.parametrize(
    "text", [case["text"] for case in SHARED["cases"] if case["crc_present"] and not case["crc_ok"]]
)
def test_a_bad_checksum_is_refused(text: str) -> None:
    """The checksum is found wrong at its own place."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_merchant_presented(text)
    assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_CHECKSUM, f"63@{len(text) - 8}")


@pytest.mark.parametrize("text", [case["text"] for case in SHARED["cases"] if case["text"][-4:] in BROKEN_OTHERWISE])
def test_a_broken_rule_behind_a_right_checksum_is_told(text: str) -> None:
    """Two published negatives have a right checksum: they are read, and say what is wrong with them."""
    code = decode_merchant_presented(text)
    assert code.encode() == text
    assert [(one.kind, one.where) for one in code.deviations] == [BROKEN_OTHERWISE[text[-4:]]]


@pytest.mark.parametrize("case", [case for case in SHARED["cases"] if not case["crc_present"]], ids=lambda _: "body")
def test_a_code_without_its_checksum_is_refused(case: dict[str, Any]) -> None:
    """A body alone is no code."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_merchant_presented(case["text"])
    assert (caught.value.code, caught.value.param) == (ErrorCode.MISSING_FIELD, f"63@{len(case['text'])}")


@pytest.mark.parametrize("case", good(PUBLISHED["merchant_presented"]), ids=lambda case: case["source"][:40])
def test_domestic_codes_come_back_and_are_called_by_name(case: dict[str, Any]) -> None:
    """Codes of domestic schemes are read, written and recognised, also where a scheme leaves mandatory fields out."""
    code = decode_merchant_presented(case["text"])
    assert code.encode() == case["text"]
    assert [scheme.name for scheme in code.schemes] == case["schemes"]
    assert [f"{one.kind.name} {one.where}" for one in code.deviations] == case.get("deviations", [])


@pytest.mark.parametrize("case", bad(PUBLISHED["merchant_presented"]), ids=lambda case: case["source"][:40])
def test_published_codes_that_break_a_rule_are_refused(case: dict[str, Any]) -> None:
    """What other implementations publish is not always right; the place of the fault is named."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_merchant_presented(case["text"])
    assert {"code": caught.value.code.name, "param": caught.value.param} == case["refused"]


@pytest.mark.parametrize(
    "base64_text",
    [case["base64"] for case in [*SHARED["consumer_presented"], *good(PUBLISHED["consumer_presented"])]],
)
def test_consumer_codes_come_back_exactly(base64_text: str) -> None:
    """Reading and writing a published consumer-presented code gives the same text."""
    assert decode_consumer_presented(base64_text).encode() == base64_text


@pytest.mark.parametrize("case", good(PUBLISHED["consumer_presented"]), ids=lambda case: case["source"][:40])
def test_consumer_codes_name_their_applications(case: dict[str, Any]) -> None:
    """The application ids are those that the publisher's test expects."""
    code = decode_consumer_presented(case["base64"])
    assert [(one.application_id or b"").hex().upper() for one in code.applications] == case["application_ids"]


@pytest.mark.parametrize("case", bad(PUBLISHED["consumer_presented"]), ids=lambda case: case["source"][:40])
def test_broken_consumer_codes_are_refused(case: dict[str, Any]) -> None:
    """A tag twice, or a length that is none of BER."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_consumer_presented(case["base64"])
    assert {"code": caught.value.code.name, "param": caught.value.param} == case["refused"]


def test_the_published_merchant_code_is_read_by_name() -> None:
    """Every field of the best known sample code stands under its own name."""
    code = decode_merchant_presented(text_of(SHARED["cases"][8]))
    assert (code.merchant_name, code.merchant_city, code.country) == ("BEST TRANSPORT", "BEIJING", "CN")
    assert (code.category_code, code.currency_number, code.amount) == ("4111", "156", "23.72")
    assert code.language is not None
    assert (code.language.language, code.language.merchant_name) == ("ZH", "最佳运输")
    assert code.additional is not None
    assert (code.additional.store_label, code.additional.customer_label) == ("1234", "***")
    assert (code.additional.terminal_label, code.additional.asked_of_consumer) == ("A6008667", "ME")
    assert isinstance(code.unreserved[0], Template)
    assert code.unreserved[0].guid == "A011223344998877"


def test_the_published_consumer_code_is_read_by_name() -> None:
    """Every field of the published sample stands under its own name."""
    code = decode_consumer_presented(SHARED["consumer_presented"][0]["base64"])
    assert [one.label for one in code.applications] == ["Product1", "Product2"]
    assert code.common is not None
    assert code.common.account_number == "1234567890123458"
    assert (code.common.cardholder_name, code.common.languages) == ("CARDHOLDER/EMV", "ruesdeen")
    inner = code.common.transparent
    assert inner is not None
    assert inner.issuer_application == bytes.fromhex("06010A03000000")
    assert inner.cryptogram == bytes.fromhex("584FD385FA234BCC")
    assert (inner.counter, inner.unpredictable_number) == (1, bytes.fromhex("6D58EF13"))
