"""Text on the wire: NFC, and nothing in it that a reader cannot see."""

from typing import Any

import pytest

from tests.unit.wallet_sdk.protocol.samples import canonical, code_raised, payload_of
from wallet_sdk.protocol import codec, messages
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError

NAME_KEY = 12

READABLE = [
    "Café Mole",
    "L'Étoile & Fils",
    "Пекарня №5",
    "Καφενείο",
    "مقهى النيل",
    "नाश्ता घर",
    "क्‍ष",  # a joiner between virama and letter
    "می‌خواهم",  # Persian: a non-joiner inside a word
    "ร้านอาหาร",
    "喫茶 さくら",
    "喫茶\u3000桜",
    "카페 봄",
    "Bar 🍺",
]
DECEPTIVE = {
    "right-to-left override": "Ca\u202efé",
    "left-to-right embedding": "\u202aBank",
    "isolate": "Bank\u2066x\u2069",
    "right-to-left mark": "Bank\u200f",
    "arabic letter mark": "Bank\u061c",
    "zero-width space": "Ba\u200bnk",
    "word joiner": "Ba\u2060nk",
    "byte order mark": "\ufeffBank",
    "soft hyphen": "Ba\u00adnk",
    "null": "Ba\x00nk",
    "newline": "Ba\nnk",
    "tab": "Ba\tnk",
    "escape": "Ba\x1b[31mnk",
    "delete": "Bank\x7f",
    "next line": "Ba\x85nk",
    "line separator": "Ba\u2028nk",
    "private use": "Ba\ue000nk",
    "unassigned": "Ba\u0378nk",
    "noncharacter": "Ba\uffffnk",
    "tag letter": "Ba\U000e0041nk",
    "not NFC": "Cafe\u0301",
    "compatibility ohm": "\u2126",
    "space before": " Bank",
    "space after": "Bank ",
    "ideographic space after": "Bank\u3000",
    "no-break space before": "\u00a0Bank",
    "only a joiner": "\u200d",
    "joiner first": "\u200dBank",
    "two joiners": "क्\u200d\u200dष",
    "joiner after a space": "Ba \u200dnk",
    "hangul filler": "\u3164",
    "half-width filler": "Ba\uffa0nk",
    "braille blank": "Ba\u2800nk",
    "grapheme joiner": "Ba\u034fnk",
    "ideographic selector": "Ba\U000e0100nk",
    "only a mark": "\u0301",
    "mark after a space": "Ba \u0301nk",
}


#: Names as merchants have them: words of several scripts beside each other, and of one script in each word.
REALISTIC = [
    "Café Łódź",
    "L'Étoile & Fils №5",
    "喫茶TSUTAYA珈琲",
    "ローソンStore100",
    "Кафе Central",
    "Кафе-Bar",
    "Пятёрочка 24",
    "Ζαχαροπλαστείο IL",
    "مقهى Costa",
    "चाय Point",
    "카페 Bene",
    "Straße Ⅳ",
    "µBrew",
]
LOOKALIKE = {
    "cyrillic a in a latin word": "B\u0430nk",
    "cyrillic whole but one": "\u0412\u0430nk",
    "greek omicron": "G\u03bfogle",
    "greek capital beta": "\u0392ank",
    "greek in cyrillic": "\u0411\u03b1нк",
    "second word only": "Real P\u0430yments",
    "with an accent": "Caf\u00e9\u0430",
    "over a digit": "P4y\u0440al",
    "over a joiner": "Ba\u200dn\u043a",
    "full width": "\uff22\u0430nk",
}


def read_name(name: Any) -> messages.TerminalCertificate:
    """A certificate whose merchant has this name."""
    content = payload_of(messages.TerminalCertificate) | {NAME_KEY: name, 20: [978]}
    del content[14]  # a city would take its room
    return codec.decode(canonical(content), messages.TerminalCertificate)


@pytest.mark.parametrize("name", READABLE)
def test_names_of_the_world_are_read(name: str) -> None:
    """Scripts that need joiners and marks have them."""
    assert read_name(name).merchant_name == name


@pytest.mark.parametrize("name", DECEPTIVE.values(), ids=DECEPTIVE.keys())
def test_deceptive_names_are_refused(name: str) -> None:
    """Nothing turns, hides, blanks or imitates another name by invisible means. (R-15)"""
    assert code_raised(lambda: read_name(name)) is ErrorCode.BAD_TEXT


@pytest.mark.parametrize("name", REALISTIC)
def test_names_with_words_of_two_scripts_are_read(name: str) -> None:
    """A brand in Latin letters beside a word in the merchant's own script, in six scripts."""
    assert read_name(name).merchant_name == name


@pytest.mark.parametrize("name", LOOKALIKE.values(), ids=LOOKALIKE.keys())
def test_words_that_mix_lookalike_letters_are_refused(name: str) -> None:
    """In name and city of certificates and of printed codes; free texts, which name nobody, may hold them. (R-16)"""
    assert code_raised(lambda: read_name(name)) is ErrorCode.BAD_TEXT
    for kind, key in ((messages.TerminalCertificate, 14), (messages.StaticCode, 6), (messages.StaticCode, 8)):
        content = canonical(payload_of(kind) | {key: name})
        assert code_raised(lambda content=content, kind=kind: codec.decode(content, kind)) is ErrorCode.BAD_TEXT  # type: ignore[misc]
    refund = payload_of(messages.Refund) | {10: name}
    assert codec.decode(canonical(refund), messages.Refund).reason == name


def test_bounds_count_bytes_and_not_characters() -> None:
    """Twelve kana are 36 bytes, over the bound of 32; ten are 30."""
    assert read_name("さ" * 10).merchant_name == "さ" * 10
    assert code_raised(lambda: read_name("さ" * 12)) is ErrorCode.FIELD_OUT_OF_RANGE
    refund = payload_of(messages.Refund)
    assert codec.decode(canonical(refund | {10: "さ" * 13}), messages.Refund).reason == "さ" * 13
    longer = canonical(refund | {10: "さ" * 14})
    assert code_raised(lambda: codec.decode(longer, messages.Refund)) is ErrorCode.FIELD_OUT_OF_RANGE


@pytest.mark.parametrize("encoded", ["6180", "61ff", "62c080", "63eda080", "64f4908080", "62c328"])
def test_text_that_is_not_utf8_is_refused(encoded: str) -> None:
    """Stray bytes, overlong forms, surrogates and code points above the last are no text."""
    whole = canonical(payload_of(messages.Refund) | {10: "@"})
    spoilt = whole.replace(canonical("@"), bytes.fromhex(encoded))
    assert spoilt != whole
    assert code_raised(lambda: codec.decode(spoilt, messages.Refund)) is ErrorCode.BAD_CBOR


@pytest.mark.parametrize("path", ["v1/balance", "//\u202e", "/v1/bal\u00e4nce", "/v1\n", "/v1 "])
def test_paths_are_plain_and_absolute(path: str) -> None:
    """A path to be read is ASCII from the root. (R-17)"""
    content = payload_of(messages.ReadRequest) | {2: path}
    with pytest.raises(TillcodeError) as caught:
        codec.decode(canonical(content), messages.ReadRequest)
    assert caught.value.param == "path"
