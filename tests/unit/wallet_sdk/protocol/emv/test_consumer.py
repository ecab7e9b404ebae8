"""Consumer-presented codes: each rule, and the place that its breach is reported at."""

import base64
from dataclasses import replace

import pytest

from wallet_sdk.protocol.emv import BerObject, CardFields, ConsumerPresentedCode, decode_consumer_presented
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError

HEAD = "85054350563031"
AID = "4F07A0000000555555"
APPLICATION = f"6109{AID}"
FULL = ConsumerPresentedCode(
    applications=(
        CardFields(
            application_id=bytes.fromhex("A0000000555555"),
            label="Debit",
            track_2=bytes.fromhex("1234567890123458D191220112345F"),
            account_number="12345",
            cardholder_name="CARDHOLDER/EMV",
            languages="ptes",
            sequence_number="01",
            issuer_url="https://example.org",
            application_version=b"\x00\x02",
            token_requestor_id="40010030273",
            account_reference="V0010013020000000000000000001",
            last_digits="0345",
            others=(BerObject(tag="9F7C", value=b"\x01"),),
            transparent=CardFields(
                interchange_profile=b"\x19\x80",
                issuer_application=b"\x06\x01",
                cryptogram=bytes(8),
                cryptogram_kind=b"\x80",
                counter=65_535,
                unpredictable_number=b"\x6d\x58\xef\x13",
                others=(BerObject(tag="9F74", value=b"123456"),),
            ),
        ),
    ),
    common=CardFields(label="Shared", transparent=CardFields(counter=1)),
    others=(BerObject(tag="DF8101", value=b""),),
)


def text_of(content: str) -> str:
    """The base64 text of hexadecimal content."""
    return base64.b64encode(bytes.fromhex(content)).decode()


def refusal(text: str) -> tuple[ErrorCode, str | None]:
    """The code and the place of the error that a text gets."""
    with pytest.raises(MalformedMessageError) as caught:
        decode_consumer_presented(text)
    return caught.value.code, caught.value.param


def test_every_field_comes_back_under_its_name() -> None:
    """A code made of all fields is read as the same value, and its text is the same text."""
    text = FULL.encode()
    assert decode_consumer_presented(text) == FULL
    assert decode_consumer_presented(text).encode() == text


def test_the_sequence_of_tags_is_kept() -> None:
    """Tags may stand in any sequence behind 85, and come back in it."""
    text = text_of(f"{HEAD}DF010062055F2D027074610E5003504343{AID}")
    code = decode_consumer_presented(text)
    assert code.sequence == ("85", "DF01", "62", "61")
    assert code.applications[0].sequence == ("50", "4F")
    assert code.encode() == text


def test_secrets_do_not_appear_in_a_repr() -> None:
    """A log line that shows a code shows no account number, track or cryptogram."""
    shown = repr(FULL)
    assert "12345'" not in shown
    assert "cryptogram=" not in shown
    assert "track_2" not in shown


@pytest.mark.parametrize(
    ("content", "code", "param"),
    [
        ("", ErrorCode.MISSING_FIELD, "85@0"),
        (APPLICATION, ErrorCode.MISSING_FIELD, "85@0"),
        (f"85054350563032{APPLICATION}", ErrorCode.MISSING_FIELD, "85@0"),
        (HEAD, ErrorCode.MISSING_FIELD, "61@7"),
        (f"{HEAD}6102DF01", ErrorCode.BAD_TLV, "61.DF01@9"),
        (f"{HEAD}6103DF0100", ErrorCode.MISSING_FIELD, "61.4F@9"),
        (f"{HEAD}610A{AID}50", ErrorCode.BAD_TLV, "61.50@18"),
        (f"{HEAD}{APPLICATION}62006200", ErrorCode.BAD_TLV, "62@20"),
        (f"{HEAD}6112{AID}{AID}", ErrorCode.BAD_TLV, "61.4F@18"),
        (f"{HEAD}61064F04A0000000", ErrorCode.FIELD_OUT_OF_RANGE, "61.4F@9"),
        (f"{HEAD}610B{AID}6400", ErrorCode.BAD_TLV, "61.64@18"),
        (f"{HEAD}{APPLICATION}62026300", ErrorCode.BAD_TLV, "62.63@20"),
        (f"{HEAD}6111{AID}6306{'9F360100'}8200"[:-4], ErrorCode.BAD_TLV, "61@7"),
        (f"{HEAD}610F{AID}63049F360100", ErrorCode.FIELD_OUT_OF_RANGE, "61.63.9F36@20"),
        (f"{HEAD}610C{AID}5001C9", ErrorCode.BAD_TEXT, "61.50@18"),
        (f"{HEAD}610F{AID}5F2D03656E65", ErrorCode.BAD_TEXT, "61.5F2D@18"),
        (f"{HEAD}610C{AID}5A01FF", ErrorCode.BAD_TEXT, "61.5A@18"),
        (f"{HEAD}610D{AID}5A0212FF", ErrorCode.BAD_TEXT, "61.5A@18"),
        (f"{HEAD}6112{AID}9F1906112345678901", ErrorCode.BAD_TEXT, "61.9F19@18"),
        (f"{HEAD}618109{AID}", ErrorCode.NOT_CANONICAL, "61@7"),
        (f"{HEAD}6180{AID}0000", ErrorCode.BAD_TLV, "61@7"),
        (f"{HEAD}6183000009{AID}", ErrorCode.BAD_TLV, "61@7"),
        (f"{HEAD}{APPLICATION}DF8181", ErrorCode.BAD_TLV, "?@18"),
        (f"{HEAD}{APPLICATION}DF", ErrorCode.BAD_TLV, "?@18"),
        (f"{HEAD}{APPLICATION}9F818181", ErrorCode.BAD_TLV, "?@18"),
    ],
)
def test_each_breach_is_named_with_its_place(content: str, code: ErrorCode, param: str) -> None:
    """The error says which rule, which tag and which byte."""
    assert refusal(text_of(content)) == (code, param)


@pytest.mark.parametrize(
    "text", ["hQVDUFYwMWEJTwegAAAAVVVV\n", "hQ", "hQVDUFYwMWEJTwegAAAAVVV=", "hQVD*", "é", "\ud800"]
)
def test_only_the_one_base64_is_read(text: str) -> None:
    """No line breaks, no missing padding, no other alphabet, no spare bits."""
    assert refusal(text)[1] is not None


def test_spare_bits_of_base64_are_refused() -> None:
    """Two texts for the same bytes would be two codes for one content."""
    text = text_of(f"{HEAD}{APPLICATION}DF010100")
    assert text.endswith("AA=="), "this content leaves bits over"
    body = text.rstrip("=")
    spare = body[:-1] + "B" + "=" * (len(text) - len(body))
    assert base64.b64decode(spare) == base64.b64decode(text)
    assert refusal(spare) == (ErrorCode.NOT_CANONICAL, "85@0")


def test_a_long_code_is_refused_unread() -> None:
    """The specification's limit is 512 characters."""
    assert refusal("A" * 516) == (ErrorCode.MESSAGE_TOO_LARGE, "85@0")


@pytest.mark.parametrize(
    "code",
    [
        ConsumerPresentedCode(applications=()),
        ConsumerPresentedCode(applications=(CardFields(),)),
        replace(FULL, applications=(replace(FULL.applications[0], counter=65_536),)),
        replace(FULL, applications=(replace(FULL.applications[0], account_number="12a"),)),
        replace(FULL, applications=(replace(FULL.applications[0], label="é"),)),
        replace(FULL, applications=(replace(FULL.applications[0], last_digits="12345"),)),
        replace(FULL, common=replace(FULL.applications[0], transparent=CardFields(transparent=CardFields(counter=1)))),
        replace(FULL, others=(BerObject(tag="62", value=b""),)),
        replace(FULL, others=(BerObject(tag="xy", value=b""),)),
        replace(FULL, others=(BerObject(tag="DF01", value=bytes(400)),)),
        replace(FULL, sequence=("85", "61")),
    ],
)
def test_a_code_that_breaks_a_rule_is_not_written(code: ConsumerPresentedCode) -> None:
    """What we write can be read, or our caller hears of it."""
    with pytest.raises(MisuseError):
        code.encode()
