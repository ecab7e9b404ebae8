"""Scripts, line breaks, and Arabic as a pen draws it."""

import pytest

from wallet_sdk.protocol.letters import Script
from wallet_sdk.screen.reading import as_drawn, isolated, pieces, plain, script_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("12.50 EUR", Script.LATIN),
        ("Déjà payé · €", Script.LATIN),
        ("已付款 12.50", Script.HAN),
        ("भुगतान", Script.DEVANAGARI),
        ("تم الدفع 12.50 EUR", Script.ARABIC),
        ("", Script.LATIN),
    ],
)
def test_the_script_of_a_text_is_the_one_that_needs_its_own_font(text: str, script: Script) -> None:
    """Latin and figures are in every font; one other character decides."""
    assert script_of(text) is script


def test_pieces_are_the_text() -> None:
    """Nothing is lost or changed when a text is taken into pieces."""
    for text in ("", " ", "a  b ", "收银机的离线总额已满（50.00 EUR）。", "كثير (الحد \u206812.50 EUR\u2069)."):
        assert "".join(pieces(text)) == text


def test_chinese_breaks_between_characters_but_not_before_a_mark() -> None:
    """A line may end after any character; a comma never begins one, and a bracket never ends one."""
    assert pieces("有争议，请（联系）总部") == ["有", "争", "议，", "请", "（联", "系）", "总", "部"]


def test_an_isolated_value_is_one_piece() -> None:
    """An amount and its currency stay on one line."""
    assert pieces(f"الحد {isolated('12.50 EUR')}. كثير") == ["الحد ", f"{isolated('12.50 EUR')}. ", "كثير"]
    assert plain(isolated("12.50 EUR")) == "12.50 EUR"


def test_a_path_is_broken_at_its_folders() -> None:
    """A place that is longer than a line goes on the next one, and can still be read."""
    assert pieces("in /media/stick/till") == ["in ", "/", "media/", "stick/", "till"]


def test_arabic_is_joined_turned_and_its_brackets_mirrored() -> None:
    """Figures and currency keep their own direction, the sentence ends at the left, brackets open to the left."""
    drawn = as_drawn(f"كثير (الحد {isolated('12.50 EUR')}).")
    assert drawn.startswith(".(12.50 EUR ")
    assert drawn[-1] == "\ufedb", "the first letter stands last, in its form at the beginning of a word"
    assert ")" in drawn[10:]


def test_figures_are_never_turned() -> None:
    """The trap: a till that draws "12,50" as "05,21"."""
    assert "12,50" in as_drawn("المبلغ 12,50")
    assert as_drawn("12,50 EUR") == "12,50 EUR"


def test_a_value_that_was_cut_in_two_is_still_drawn() -> None:
    """A text that is shortened may end within a value."""
    whole = f"الحد {isolated('12.50 EUR')}"
    assert "12.5" in as_drawn(whole[:10] + "…")
    assert plain(as_drawn(whole[:10])) == as_drawn(whole[:10])


def test_an_arabic_name_inside_keeps_its_own_direction() -> None:
    """Isolated words of the same script are turned with the rest."""
    assert as_drawn(isolated("مقهى الركن")) == as_drawn("مقهى الركن")
