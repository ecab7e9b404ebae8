"""Base45, strictly: every text has one decoding and all bytes have one text."""

import pytest

from tests.unit.wallet_sdk.protocol.samples import code_raised
from wallet_sdk.protocol import base45
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError

#: RFC 9285 sections 4.3 and 4.4.
PUBLISHED = {b"AB": "BB8", b"Hello!!": "%69 VD92EX0", b"base-45": "UJCLQE7W581", b"ietf!": "QED8WEX0"}


@pytest.mark.parametrize(("content", "text"), PUBLISHED.items())
def test_the_published_examples(content: bytes, text: str) -> None:
    """As RFC 9285 prints them."""
    assert base45.encode(content) == text
    assert base45.decode(text) == content


def test_the_alphabet_is_that_of_qr_alphanumeric_mode() -> None:
    """45 characters, each once; none of them is lower case."""
    assert len(base45.ALPHABET) == len(set(base45.ALPHABET)) == 45
    assert base45.ALPHABET.upper() == base45.ALPHABET


def test_all_pairs_of_bytes_round_trip() -> None:
    """65,536 groups of three characters, all different."""
    texts = set()
    for number in range(65_536):
        content = number.to_bytes(2, "big")
        text = base45.encode(content)
        assert base45.decode(text) == content
        texts.add(text)
    assert len(texts) == 65_536


def test_every_text_of_up_to_three_characters_has_one_decoding_or_none() -> None:
    """Of 45**3 groups exactly 65,536 decode, of 45**2 exactly 256, of 45 none."""
    triples = [a + b + c for a in base45.ALPHABET for b in base45.ALPHABET for c in base45.ALPHABET]
    assert _decoding(triples) == 65_536
    assert _decoding([a + b for a in base45.ALPHABET for b in base45.ALPHABET]) == 256
    assert _decoding(list(base45.ALPHABET)) == 0


def _decoding(texts: list[str]) -> int:
    decoded = 0
    for text in texts:
        try:
            content = base45.decode(text)
        except MalformedMessageError as error:
            refused = error.code
            if refused is not ErrorCode.BAD_BASE45:
                raise
        else:
            decoded += 1
            assert base45.encode(content) == text
    return decoded


@pytest.mark.parametrize(
    "text",
    ["A", "AAAA", "GGX", "GGW", ":::", "::", "V5", "bb8", "BB\u0130", "BB8\n", "BB8=", "BB\u0665", "\uff22\uff22\uff18",
     "B\x00B", "BB8\ud800"],
    ids=ascii,
)  # fmt: skip
def test_other_texts_are_refused(text: str) -> None:
    """A left-over character, a group above its range, and whatever is not in the alphabet. (R-2)"""
    assert code_raised(lambda: base45.decode(text)) is ErrorCode.BAD_BASE45


def test_the_edges_of_a_group() -> None:
    """FGW is 65535, the last group of three; U5 is 255, the last of two."""
    assert base45.decode("FGW") == b"\xff\xff"
    assert base45.decode("U5") == b"\xff"
    assert base45.encode(b"") == ""
    assert base45.decode("") == b""
