"""The letters that a payee's name may have are the ones that our fonts have, in every script and at every weight."""

import pytest
from fontTools.ttLib import TTFont

from terminal_app.config import assets_folder
from wallet_sdk.protocol.letters import Script, letters_of, undrawable
from wallet_sdk.screen.reading import FONT_FILES, script_of

NAMES = {
    "Café Müller": Script.LATIN,
    "Łódź Żabka": Script.LATIN,
    "ร้านน้ำผึ้งป้าแดง": Script.THAI,
    "서울 커피집": Script.HAN,
    "さくらカフェ 桜屋": Script.HAN,
    "臺灣茶館 鳳凰": Script.HAN,
    "上海小吃店": Script.HAN,
    "Кофейня «Ёлка»": Script.EUROPEAN,
    "Καφενείο Ήλιος": Script.EUROPEAN,
    "Phở Bà Ngọc Tưởng": Script.EUROPEAN,
    "קפה שלום": Script.ARABIC,
    "مقهى الشام": Script.ARABIC,
    "चाय की दुकान": Script.DEVANAGARI,
}
INTER = ("Inter-{weight}-latin-tabular.otf", "InterDisplay-Bold-latin.otf")


@pytest.mark.parametrize("weight", ["Medium", "Bold"])
@pytest.mark.parametrize("script", Script)
def test_the_fonts_have_every_letter_that_a_name_may_have(script: Script, weight: str) -> None:
    """Whoever adds a letter here runs `make fonts`."""
    for name in INTER if script is Script.LATIN else (FONT_FILES[script],):
        drawn = TTFont(assets_folder() / "fonts" / name.format(weight=weight)).getBestCmap()
        assert not [one for one in sorted(letters_of(script)) if ord(one) not in drawn], name


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_drawn_in_the_font_that_has_it(name: str) -> None:
    """Screens and papers choose by the same table."""
    assert undrawable(name) == ""
    assert script_of(name) is NAMES[name]
    assert set(name) <= letters_of(script_of(name))


@pytest.mark.parametrize("script", Script)
def test_whatever_may_be_in_a_name_asks_for_a_font_that_has_it(script: Script) -> None:
    """Letter by letter: what one script may hold is looked for in no other's font."""
    for one in letters_of(script) - {"\u200c", "\u200d"}:  # joiners stand between letters only
        assert one in letters_of(script_of(one)), f"U+{ord(one):04X}"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("ቡና ቤት", "ቡናቤት"),
        ("Café ☕", "☕"),
        ("კაფე", "კაფე"),
        ("Πhở ร", "ร"),
        ("Tea 😀", "😀"),
        ("a\u0301", "\u0301"),
    ],
)
def test_letters_that_no_font_has_are_named(name: str, letters: str) -> None:
    """Ethiopic, Georgian, pictures, marks beside their letters, and two scripts that share no font."""
    assert undrawable(name) == letters
