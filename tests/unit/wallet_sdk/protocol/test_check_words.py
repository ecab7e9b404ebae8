"""Two words for people to compare."""

from wallet_sdk.protocol.check_words import check_words
from wallet_sdk.protocol.ids import Digest


def words_at(number: int) -> tuple[str, str]:
    """The words of a digest whose first two bytes are the same number."""
    return check_words(Digest(bytes([number, number]) + bytes(30)))


def test_every_byte_has_its_own_word() -> None:
    """256 words, all different, short, and of plain letters."""
    words = [words_at(number)[0] for number in range(256)]
    assert len(set(words)) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() and 3 <= len(word) <= 8 for word in words)


def test_the_words_are_drawn_from_the_first_two_bytes_in_this_sequence() -> None:
    """Nothing else of the digest has a part in them. (R-66)"""
    (first, _), (second, _) = words_at(0), words_at(255)
    assert check_words(Digest(bytes([0, 255]) + bytes(30))) == (first, second) == ("acorn", "tulip")
    assert check_words(Digest(bytes([0, 255]) + b"\xff" * 30)) == (first, second)
    assert check_words(Digest(bytes([255, 0]) + bytes(30))) == (second, first)
