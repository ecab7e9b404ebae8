"""Eight languages: each says everything, fills the same places, and keeps its states apart."""

import re
from itertools import combinations

import pytest

from terminal_app.i18n import Language, MessageId, catalogue_of
from terminal_app.screen_model import Appearance, Direction

in_every_language = pytest.mark.parametrize("language", Language, ids=lambda language: language.value)

STATES = (
    MessageId.PAID,
    MessageId.ACCEPTED_OFFLINE,
    MessageId.NOT_PAID,
    MessageId.UNKNOWN,
    MessageId.EXPIRED,
    MessageId.CANCELLED,
    MessageId.VERIFYING,
    MessageId.REFUNDED,
)


def places(text: str) -> set[str]:
    """The named places of a text."""
    return set(re.findall(r"{(\w+)}", text))


def raw(language: Language) -> dict[MessageId, str]:
    """The texts of a language with their places."""
    return dict(zip(MessageId, catalogue_of(language).texts, strict=True))


@in_every_language
def test_every_text_fills_the_same_places_as_the_english_one(language: Language) -> None:
    """A translation that loses an amount or invents a place would mislead, or crash at the counter."""
    english, other = raw(Language.ENGLISH), raw(language)
    for message_id, text in other.items():
        assert places(text) == places(english[message_id]), message_id
        assert text == text.strip()


@in_every_language
def test_every_language_has_its_own_words(language: Language) -> None:
    """Sentences are translated, not copied; a few short words are the same in several languages."""
    english, other = raw(Language.ENGLISH), raw(language)
    copied = [message_id for message_id, text in other.items() if text == english[message_id] and len(text) > 16]
    assert language is Language.ENGLISH or copied == []


@in_every_language
def test_no_two_states_share_their_word(language: Language) -> None:
    """A cashier in a hurry reads one word."""
    texts = raw(language)
    for first, second in combinations(STATES, 2):
        assert texts[first] != texts[second]
    assert texts[MessageId.UNKNOWN_WARNING] != texts[MessageId.REFUND_WARNING]


def test_arabic_is_read_from_the_right_and_no_other() -> None:
    """The direction follows from the language."""
    from_the_right = {each for each in Language if Appearance(language=each).direction is Direction.RIGHT_TO_LEFT}
    assert from_the_right == {Language.ARABIC}


def test_values_in_arabic_keep_their_direction() -> None:
    """What is filled in is isolated: an amount is read from the left in a sentence that is read from the right."""
    text = catalogue_of(Language.ARABIC).text(MessageId.OVER_STORED, stored_max="50.00 EUR")
    assert "\u206850.00 EUR\u2069" in text
    assert "\u2068" not in catalogue_of(Language.HINDI).text(MessageId.OVER_STORED, stored_max="50.00 EUR")
