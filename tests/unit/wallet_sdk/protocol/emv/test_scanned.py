"""Codes that people really scan: read whole, with what each does differently, and given back to the letter."""

import binascii
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet_sdk.protocol.emv import (
    ISO_CURRENCIES,
    DeviationKind,
    MerchantPresentedCode,
    UntrustedRequest,
    decode_merchant_presented,
    looks_like_one,
    read_untrusted,
)
from wallet_sdk.protocol.emv.merchant import checksum
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.others import other_scheme, plain_text_of

SCANNED = json.loads((Path(__file__).parents[4] / "vectors" / "emv" / "scanned.json").read_text())
HEAD = "00020126080004hoge5204581253039785802PT5905Lojas"


def sealed(body: str, *, encoding: str = "utf-8") -> str:
    """A body with its checksum, over its bytes in an encoding."""
    body += "6304"
    return f"{body}{binascii.crc_hqx(body.encode(encoding), 0xFFFF):04X}"


def kinds(text: str) -> list[DeviationKind]:
    """What a code does differently; and it comes back."""
    code = decode_merchant_presented(text)
    assert code.encode() == text
    return [one.kind for one in code.deviations]


@pytest.mark.parametrize("case", SCANNED["merchant_presented"], ids=lambda case: case["scheme"])
def test_a_real_code_is_read_whole(case: dict[str, Any]) -> None:
    """Its scheme by name, its currency, its amount, its reference, where it is not to the letter; and back again."""
    code = decode_merchant_presented(case["text"])
    assert code.encode() == case["text"]
    assert looks_like_one(case["text"])
    found = read_untrusted(code)
    assert isinstance(found, UntrustedRequest)
    assert {
        "schemes": [one.name for one in found.schemes],
        "currency": found.currency_code,
        "amount": found.amount_text,
        "reference": found.reference,
        "deviations": [f"{one.kind.name} {one.where}" for one in found.deviations],
    } == {name: case[name] for name in ("schemes", "currency", "amount", "reference", "deviations")}


@pytest.mark.parametrize("case", SCANNED["others"], ids=lambda case: case["name"])
def test_a_text_of_another_scheme_is_named(case: dict[str, str]) -> None:
    """What it is; whether it stands behind an AIM identifier or not."""
    assert other_scheme(case["text"]) == case["name"]
    assert other_scheme("]Q1" + case["text"]) == case["name"]
    assert not looks_like_one(case["text"])


def test_element_strings_of_gs1_are_told_by_their_symbology() -> None:
    """They have no beginning of their own."""
    assert [other_scheme(f"{aim}0109506000134352") for aim in ("]Q3", "]d2", "]C1", "]Q1")] == ["GS1"] * 3 + [""]


def test_what_a_scanner_puts_around_a_text_is_taken_off() -> None:
    """An AIM identifier, a line end, STX and ETX; and nothing else."""
    assert plain_text_of("]Q1TC1:ABC\r\n") == "TC1:ABC"
    assert plain_text_of("\x02TC1:ABC\x03") == "TC1:ABC"
    assert plain_text_of("]x TC1:ABC") == "]x TC1:ABC"


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        ("6016" + 16 * "L", DeviationKind.WRONG_LENGTH),
        ("", DeviationKind.FIELD_MISSING),
        ("6000", DeviationKind.FIELD_EMPTY),
        ("6003Foo54010", DeviationKind.AMOUNT_OF_ZERO),
        ("6003Foo54040.00", DeviationKind.AMOUNT_OF_ZERO),
        ("6003Foo54041,00", DeviationKind.UNKNOWN_VALUE),
        ("6003Foo56011", DeviationKind.FEE_DISAGREES),
        ("6003Foo6205abcde", DeviationKind.PLAIN_VALUE),
        ("6003Foo62080504café", DeviationKind.WRONG_LETTERS),
        ("6003Foo8003046", DeviationKind.PLAIN_VALUE),
        ("6003Foo6003Bar", DeviationKind.FIELD_TWICE),
        ("6003Foo010213", DeviationKind.UNKNOWN_VALUE),
        ("6003Foo80060102xy", DeviationKind.NO_OWNER),
    ],
)
def test_each_departure_has_a_name_and_comes_back(rest: str, kind: DeviationKind) -> None:
    """What real codes do, one at a time."""
    assert kinds(sealed(HEAD + rest)) == [kind]


def test_a_note_with_an_accent_is_read_however_its_writer_counted() -> None:
    """In characters, in bytes of UTF-8, and with a checksum over the bytes of a QR code that is ISO 8859-1."""
    assert kinds(sealed(HEAD + "6003Foo62080504café")) == [DeviationKind.WRONG_LETTERS]
    by_bytes = decode_merchant_presented(sealed(HEAD + "6006Bogotá6106110011".replace("6006", "6007")))
    assert (by_bytes.merchant_city, by_bytes.postal_code) == ("Bogotá", "110011")
    assert DeviationKind.LENGTHS_IN_BYTES in [one.kind for one in by_bytes.deviations]
    latin = sealed(HEAD + "6006Bogotá", encoding="latin-1")
    assert kinds(latin) == [DeviationKind.CHECKSUM_OVER_LATIN_1, DeviationKind.WRONG_LETTERS]


def test_an_expiry_of_khqr_and_a_reference_of_upi_are_told() -> None:
    """KHQR says milliseconds in 99.01; UPI has the reference of a sale in 27.01."""
    body = "00020129160012shop@bankabc5204599953031165802KH5904Shop6002PP"
    khqr = read_untrusted(decode_merchant_presented(sealed(body + "9934001317346276446090113" + "1734627704609")))
    assert (khqr.expires_at_s, khqr.scheme_name) == (1_734_627_704, "KHQR")
    upi = "00020126240010A0000005240106ab@upi27220010A0000005240104ST425204541153033565802IN5904Shop6003Del"
    assert read_untrusted(decode_merchant_presented(sealed(upi))).reference == "ST42"


def test_a_name_that_would_deceive_is_marked_where_it_would() -> None:
    """A direction turned around inside a name is shown as a sign, and nothing is refused for it."""
    code = decode_merchant_presented(sealed(HEAD.replace("5905Lojas", "5906Lo\u202ejas") + "6003Foo"))
    assert read_untrusted(code).payee_name == "Lo\ufffdjas"


def test_what_was_read_can_be_given_back_and_not_changed() -> None:
    """A deviating code is no template to write another one with."""
    code = decode_merchant_presented(sealed(HEAD))
    changed = MerchantPresentedCode(
        **{name: getattr(code, name) for name in code.__dataclass_fields__} | {"merchant_city": "Lisboa"}
    )
    with pytest.raises(MisuseError):
        changed.encode()


def test_every_currency_of_ours_is_the_one_of_iso_4217() -> None:
    """Code, number and digits agree; no number stands twice."""
    assert len(ISO_CURRENCIES) == len({one.code for one in ISO_CURRENCIES.values()}) == 179
    for ours in Currency:
        listed = ISO_CURRENCIES[f"{ours.number:03d}"]
        assert (listed.code, listed.fraction_digits) == (ours.name, ours.fraction_digits)
    assert [ISO_CURRENCIES[number].code for number in ("032", "050", "418", "524", "604", "860", "936")] == [
        "ARS",
        "BDT",
        "LAK",
        "NPR",
        "PEN",
        "UZS",
        "GHS",
    ]


FIELDS = st.lists(
    st.tuples(
        st.integers(0, 99).filter(lambda number: number != 63),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    ),
    max_size=12,
)


@given(fields=FIELDS, casing=st.sampled_from([str.upper, str.lower]))
def test_whatever_can_be_cut_into_fields_comes_back_to_the_letter(
    fields: list[tuple[int, str]], casing: Callable[[str], str]
) -> None:
    """Any ids in any sequence with any letters: read, shown without an error, and the same text again."""
    body = "".join(f"{number:02d}{len(value):02d}{value}" for number, value in fields) + "6304"
    text = body + casing(checksum(body))
    code = decode_merchant_presented(text)
    assert code.encode() == text
    assert read_untrusted(code).code == code


@given(fields=FIELDS, at=st.integers(0, 10_000))
def test_a_wrong_checksum_is_never_read(fields: list[tuple[int, str]], at: int) -> None:
    """One digit of it turned is malformed, whatever stands before it."""
    body = "".join(f"{number:02d}{len(value):02d}{value}" for number, value in fields) + "6304"
    wrong = f"{int(checksum(body), 16) ^ (1 + at % 0xFFFF):04X}"
    with pytest.raises(MalformedMessageError) as caught:
        decode_merchant_presented(body + wrong)
    assert caught.value.code is ErrorCode.BAD_CHECKSUM
