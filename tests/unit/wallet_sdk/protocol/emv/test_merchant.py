"""Merchant-presented codes: each rule of the specification, and the place that its breach is reported at."""

from dataclasses import replace

import pytest

from wallet_sdk.protocol.emv import (
    SCHEMES,
    AdditionalFields,
    DeviationKind,
    EmvObject,
    Initiation,
    LanguageTemplate,
    MerchantPresentedCode,
    NetworkAccount,
    Template,
    TipIndicator,
    decode_merchant_presented,
)
from wallet_sdk.protocol.emv.merchant import checksum
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError

HEAD = "000201"
ACCOUNT = "26080004hoge"
BODY = "5204581253039785802PT5905Lojas6006Lisboa"
OWNED = (EmvObject(id="00", value="org.example"), EmvObject(id="01", value="77"))
FULL = MerchantPresentedCode(
    initiation=Initiation.DYNAMIC,
    accounts=(NetworkAccount(id="02", value="4000123456789012"), Template(id="26", objects=OWNED)),
    category_code="5812",
    currency_number="978",
    amount="12.50",
    tip_indicator=TipIndicator.FEE_FIXED,
    fee_fixed="0.50",
    country="PT",
    merchant_name="Lojas",
    merchant_city="Lisboa",
    postal_code="1100-001",
    additional=AdditionalFields(
        bill_number="B1",
        mobile_number="***",
        store_label="S3",
        loyalty_number="L4",
        reference_label="R5",
        customer_label="C6",
        terminal_label="T7",
        purpose="P8",
        asked_of_consumer="EMA",
        merchant_tax_id="PT500",
        merchant_channel="400",
        systems=(Template(id="50", objects=(EmvObject(id="00", value="s"),)),),
        reserved=(EmvObject(id="12", value="ré"),),
    ),
    language=LanguageTemplate(language="PT", merchant_name="Lójas", merchant_city="Évora"),
    reserved=(EmvObject(id="65", value="later"),),
    unreserved=(Template(id="99", objects=OWNED),),
)


def sealed(body: str) -> str:
    """A body with its right checksum."""
    return f"{body}6304{checksum(f'{body}6304')}"


def refusal(text: str) -> tuple[ErrorCode | DeviationKind, str | None]:
    """What a text gets: the error that it is malformed by, or else its first deviation; and the place."""
    try:
        code = decode_merchant_presented(text)
    except MalformedMessageError as error:
        return error.code, error.param
    assert code.encode() == text, "what deviates comes back to the letter"
    first = code.deviations[0]
    return first.kind, first.where


def test_every_field_comes_back_under_its_name() -> None:
    """A code made of all fields is read as the same value, and its text is the same text."""
    text = FULL.encode()
    assert decode_merchant_presented(text) == FULL
    assert decode_merchant_presented(text).encode() == text


def test_the_checksum_is_the_ccitt_false_one_over_utf8() -> None:
    """The check value of CRC-16/CCITT-FALSE is 29B1, and letters count by their bytes."""
    assert checksum("123456789") == "29B1"
    assert checksum("é") == checksum("é".encode().decode())
    assert checksum("é") != checksum("e")


def test_the_sequence_of_fields_is_kept() -> None:
    """Fields may stand in any sequence between 00 and 63, and come back in it."""
    text = sealed(f"{HEAD}6006Lisboa5905Lojas{ACCOUNT}5802PT530397862120703abc0501x52045812")
    code = decode_merchant_presented(text)
    assert code.sequence == ("00", "60", "59", "26", "58", "53", "62", "52")
    assert code.additional is not None
    assert code.additional.sequence == ("07", "05")
    assert code.encode() == text


def test_lengths_count_characters() -> None:
    """Two characters of three bytes each have the length 02."""
    text = sealed(f"{HEAD}{ACCOUNT}{BODY}64140002ZH0104最佳运输")
    language = decode_merchant_presented(text).language
    assert language is not None
    assert language.merchant_name == "最佳运输"


@pytest.mark.parametrize(
    ("body", "what", "param"),
    [
        ("", DeviationKind.NO_FORMAT_FIRST, "00@0"),
        (f"{ACCOUNT}{BODY}{HEAD}", DeviationKind.NO_FORMAT_FIRST, "00@0"),
        (f"000203{ACCOUNT}{BODY}", DeviationKind.OTHER_FORMAT, "00@0"),
        (f"{HEAD}010213{ACCOUNT}{BODY}", DeviationKind.UNKNOWN_VALUE, "01@6"),
        (f"{HEAD}{BODY}", DeviationKind.NO_ACCOUNT, "26@46"),
        (f"{HEAD}{ACCOUNT}{BODY}5204", ErrorCode.BAD_TLV, "?@66"),
        (f"{HEAD}{ACCOUNT}{BODY}52045812", DeviationKind.FIELD_TWICE, "52@58"),
        (f"{HEAD}{ACCOUNT}{BODY}5", ErrorCode.BAD_TLV, "56@58"),
        (f"{HEAD}{ACCOUNT}{BODY}6x04", ErrorCode.BAD_TLV, "?@58"),
        (f"{HEAD}{ACCOUNT}{BODY}5400", DeviationKind.FIELD_EMPTY, "54@58"),
        (f"{HEAD}{ACCOUNT}{BODY[8:]}", DeviationKind.FIELD_MISSING, "52@50"),
        (f"{HEAD}{ACCOUNT}{BODY[:8]}{BODY[15:]}", DeviationKind.FIELD_MISSING, "53@51"),
        (f"{HEAD}{ACCOUNT}{BODY[:15]}{BODY[21:]}", DeviationKind.FIELD_MISSING, "58@52"),
        (f"{HEAD}{ACCOUNT}{BODY[:21]}{BODY[30:]}", DeviationKind.FIELD_MISSING, "59@49"),
        (f"{HEAD}{ACCOUNT}{BODY[:30]}", DeviationKind.FIELD_MISSING, "60@48"),
        (f"{HEAD}{ACCOUNT}{BODY.replace('5812', '58x2')}", DeviationKind.WRONG_LETTERS, "52@18"),
        (f"{HEAD}{ACCOUNT}{BODY.replace('045812', '03581')}", DeviationKind.WRONG_LENGTH, "52@18"),
        (f"{HEAD}{ACCOUNT}{BODY.replace('978', 'EUR')}", DeviationKind.WRONG_LETTERS, "53@26"),
        (f"{HEAD}{ACCOUNT}{BODY.replace('PT', 'pt')}", DeviationKind.UNKNOWN_VALUE, "58@33"),
        (f"{HEAD}{ACCOUNT}{BODY.replace('Lojas', 'Lójas')}", DeviationKind.WRONG_LETTERS, "59@39"),
        (f"{HEAD}{ACCOUNT}{BODY.replace('05Lojas', '26' + 26 * 'L')}", DeviationKind.WRONG_LENGTH, "59@39"),
        (f"{HEAD}{ACCOUNT}{BODY.replace('06Lisboa', '16' + 16 * 'L')}", DeviationKind.WRONG_LENGTH, "60@48"),
        (f"{HEAD}{ACCOUNT}{BODY}611112345678901", DeviationKind.WRONG_LENGTH, "61@58"),
        (f"{HEAD}2604hoge{BODY}", DeviationKind.PLAIN_VALUE, "26@6"),
        (f"{HEAD}26080104hoge{BODY}", DeviationKind.NO_OWNER, "26.00@10"),
        (f"{HEAD}2637{'0033'}{33 * 'g'}{BODY}", DeviationKind.WRONG_LENGTH, "26.00@10"),
        (f"{HEAD}0204ré12{BODY}", DeviationKind.WRONG_LETTERS, "02@6"),
        (f"{HEAD}{ACCOUNT}{BODY}62060702é1", DeviationKind.WRONG_LETTERS, "62.07@62"),
        (f"{HEAD}{ACCOUNT}{BODY}62310101x0526{22 * 'r'}", DeviationKind.PLAIN_VALUE, "62@58"),
        (f"{HEAD}{ACCOUNT}{BODY}62350101x0526{26 * 'r'}", DeviationKind.WRONG_LENGTH, "62.05@67"),
        (f"{HEAD}{ACCOUNT}{BODY}62060902MM", DeviationKind.UNKNOWN_VALUE, "62.09@62"),
        (f"{HEAD}{ACCOUNT}{BODY}62061102MC", DeviationKind.WRONG_LENGTH, "62.11@62"),
        (f"{HEAD}{ACCOUNT}{BODY}62105006" + "0102xy", DeviationKind.NO_OWNER, "62.50.00@66"),
        (f"{HEAD}{ACCOUNT}{BODY}64060002ZH", DeviationKind.FIELD_MISSING, "64.01@62"),
        (f"{HEAD}{ACCOUNT}{BODY}64050101x", DeviationKind.FIELD_MISSING, "64.00@62"),
        (f"{HEAD}{ACCOUNT}{BODY}64110002120101x", DeviationKind.UNKNOWN_VALUE, "64@58"),
        (f"{HEAD}{ACCOUNT}{BODY}64110002ZH0101\x08", DeviationKind.WRONG_LETTERS, "64@58"),
        (f"{HEAD}{ACCOUNT}{BODY}6502a\n", DeviationKind.WRONG_LETTERS, "65@58"),
        (f"{HEAD}{ACCOUNT}{BODY}8002xx", DeviationKind.PLAIN_VALUE, "80@58"),
        (f"{HEAD}{ACCOUNT}{BODY}63041234", ErrorCode.BAD_TLV, "63@58"),
    ],
)
def test_each_breach_is_named_with_its_place(body: str, what: ErrorCode | DeviationKind, param: str) -> None:
    """The error says which rule, which field and which character."""
    assert refusal(sealed(body)) == (what, param)


def test_nothing_follows_the_checksum() -> None:
    """Id 63 is the last one, or the code ends without one."""
    assert refusal(f"{HEAD}{ACCOUNT}{BODY}630412346501x") == (ErrorCode.BAD_TLV, "63@58")
    assert refusal(f"{HEAD}{ACCOUNT}{BODY}") == (ErrorCode.MISSING_FIELD, "63@58")


@pytest.mark.parametrize("amount", ["98.73", "98", "98.", "0.01", "9999999999.99"])
def test_amounts_of_the_specification_are_read(amount: str) -> None:
    """Digits and at most one point, with or without decimals."""
    text = sealed(f"{HEAD}{ACCOUNT}{BODY}54{len(amount):02d}{amount}")
    assert decode_merchant_presented(text).amount == amount


@pytest.mark.parametrize("amount", ["98,73", "3 705", "0", "0.00", ".", ".5", "-1", "1e3", "1.2.3", "+1", "0x1"])
def test_other_amounts_deviate(amount: str) -> None:
    """No sign, no grouping, no exponent, and never zero."""
    text = sealed(f"{HEAD}{ACCOUNT}{BODY}54{len(amount):02d}{amount}")
    zero = DeviationKind.AMOUNT_OF_ZERO if amount in {"0", "0.00"} else DeviationKind.UNKNOWN_VALUE
    assert refusal(text) == (zero, "54@58")


@pytest.mark.parametrize("fees", ["550201", "55020256040.50", "55020357013", "550203570500.01", "550203570599.99"])
def test_tips_and_fees_that_agree_are_read(fees: str) -> None:
    """A fee stands in the code exactly when the indicator says so."""
    text = sealed(f"{HEAD}{ACCOUNT}{BODY}{fees}")
    assert decode_merchant_presented(text).encode() == text


@pytest.mark.parametrize(
    ("fees", "what", "param"),
    [
        ("55020156015", DeviationKind.FEE_DISAGREES, "56@64"),
        ("56015", DeviationKind.FEE_DISAGREES, "56@58"),
        ("57015", DeviationKind.FEE_DISAGREES, "57@58"),
        ("550202", DeviationKind.FIELD_MISSING, "56@64"),
        ("550203", DeviationKind.FIELD_MISSING, "57@64"),
        ("5502035601557015", DeviationKind.FEE_DISAGREES, "56@64"),
        ("5502025601557015", DeviationKind.FEE_DISAGREES, "57@69"),
        ("55020256010", DeviationKind.AMOUNT_OF_ZERO, "56@64"),
        ("5502035703100", DeviationKind.UNKNOWN_VALUE, "57@64"),
        ("55020357040.00", DeviationKind.AMOUNT_OF_ZERO, "57@64"),
        ("550204", DeviationKind.UNKNOWN_VALUE, "55@58"),
    ],
)
def test_tips_and_fees_that_disagree_deviate(fees: str, what: ErrorCode | DeviationKind, param: str) -> None:
    """A fee nobody asked for, one that is missing, one of zero, one of a hundred per cent."""
    assert refusal(sealed(f"{HEAD}{ACCOUNT}{BODY}{fees}")) == (what, param)


def test_512_characters_are_a_code_and_513_deviate() -> None:
    """The specification's limit is a limit of characters."""
    reserved = "".join(f"{number}99{99 * 'é'}" for number in (65, 66, 67, 68))
    body = f"{HEAD}{ACCOUNT}{BODY}{reserved}"
    rest = 512 - 8 - len(body) - 4
    assert decode_merchant_presented(sealed(f"{body}69{rest:02d}{rest * 'x'}")).reserved[-1].id == "69"
    over = sealed(f"{body}69{rest + 1:02d}{(rest + 1) * 'x'}")
    assert (len(over), refusal(over)) == (513, (DeviationKind.TOO_LONG, "63@512"))


def test_a_lone_surrogate_is_refused() -> None:
    """A text that has no bytes is no text."""
    assert refusal(f"{HEAD}\ud800") == (ErrorCode.BAD_TEXT, "?@6")


def test_digits_of_other_scripts_are_no_digits() -> None:
    """Arabic digits read as numbers in Python, and are refused here."""
    assert refusal("٠٠٠٢٠١") == (ErrorCode.BAD_TLV, "?@0")


def test_a_checksum_in_small_letters_is_read_and_never_written() -> None:
    """Banks print it (HDFC, VietQR); what we write is upper case."""
    text = sealed(f"{HEAD}{ACCOUNT}{BODY}")
    assert text[-4:] != text[-4:].lower(), "this checksum has a letter"
    small = text[:-4] + text[-4:].lower()
    assert refusal(small) == (DeviationKind.CHECKSUM_IN_SMALL_LETTERS, f"63@{len(text) - 8}")
    assert replace(decode_merchant_presented(small), deviations=(), as_read="").encode() == text


@pytest.mark.parametrize(
    "code",
    [
        replace(FULL, merchant_name="x" * 26),
        replace(FULL, category_code=None),
        replace(FULL, amount="0"),
        replace(FULL, accounts=()),
        replace(FULL, accounts=(Template(id="80", objects=OWNED),)),
        replace(FULL, reserved=(EmvObject(id="6", value="x"),)),
        replace(FULL, reserved=(EmvObject(id="65", value="x" * 100),)),
        replace(FULL, reserved=(EmvObject(id="65", value="\ud800"),)),
        replace(FULL, sequence=("00", "26")),
        replace(FULL, additional=AdditionalFields()),
        replace(FULL, unreserved=(Template(id="81", objects=(EmvObject(id="01", value="x"),)),)),
    ],
)
def test_a_code_that_breaks_a_rule_is_not_written(code: MerchantPresentedCode) -> None:
    """What we write can be read, or our caller hears of it."""
    with pytest.raises(MisuseError):
        code.encode()


def test_card_networks_are_named() -> None:
    """Ids 02-25 say whose account they hold."""
    networks = [NetworkAccount(id=f"{number:02d}", value="x").network for number in (2, 5, 8, 9, 12, 13, 16, 25)]
    assert networks == ["Visa", "Mastercard", "EMVCo", "Discover", "American Express", "JCB", "UnionPay", "EMVCo"]


def test_no_two_schemes_share_an_identifier() -> None:
    """A template names one scheme."""
    guids = [guid for scheme in SCHEMES for guid in scheme.guids]
    assert len(guids) == len(set(guids))
    assert all(guid == guid.casefold() for guid in guids)
    assert all(scheme.guids or scheme.account_ids or scheme.prefixes for scheme in SCHEMES)


def test_a_bakong_account_counts_in_cambodia_only() -> None:
    """KHQR has no identifier of its own: an account "name@bank" in 29 or 30 of a Cambodian code."""
    body = "29160012shop@bankabc5204599953031165802KH5904Shop6002PP"
    assert [one.name for one in decode_merchant_presented(sealed(f"{HEAD}{body}")).schemes] == ["KHQR"]
    foreign = body.replace("5802KH", "5802TH")
    assert decode_merchant_presented(sealed(f"{HEAD}{foreign}")).schemes == ()


def test_a_scheme_excuses_only_its_own_codes() -> None:
    """PromptPay leaves the name out; a code that also has another account may not."""
    promptpay = "29200016A000000677010111"
    assert decode_merchant_presented(sealed(f"{HEAD}{promptpay}53037645802TH")).merchant_name is None
    assert refusal(sealed(f"{HEAD}{ACCOUNT}{promptpay}53037645802TH")) == (DeviationKind.FIELD_MISSING, "52@55")
