"""The letters that every screen and paper of ours can draw: fonts are cut to these, and a payee's name keeps to them.

A text is drawn in one font, so all its letters must be of one script; each of our fonts has Latin letters and figures.
Pure: the characters follow from published tables, by the codecs that Python has of them.
"""

import unicodedata
from enum import Enum, unique
from functools import cache
from typing import Final


@unique
class Script(Enum):
    """The scripts that we ship fonts for; the value names the font, the tag is what HarfBuzz shapes by."""

    LATIN = "latin"
    EUROPEAN = "european"
    HAN = "han"
    ARABIC = "arabic"
    DEVANAGARI = "devanagari"
    THAI = "thai"

    @property
    def tag(self) -> str:
        """ISO 15924. Arabic comes joined already, so nothing is left to shape: Kivy's own way turns figures around."""
        return {Script.DEVANAGARI: "Deva", Script.THAI: "Thai"}.get(self, "Latn")

    @property
    def is_shaped(self) -> bool:
        """Whether letters change their forms and places while they are drawn."""
        return self in {Script.DEVANAGARI, Script.THAI}


_WEST: Final = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100)))) | frozenset("–—‘’“”…·€−×")
#: All but one that Unicode deprecates.
LATIN: Final = _WEST | frozenset(map(chr, range(0x100, 0x180))) - {"\u0149"} | {"₹"}
#: Latin of Africa and Vietnam, Greek (without the Coptic in its block), Cyrillic.
_EUROPEAN: Final = (*range(0x180, 0x250), *range(0x370, 0x3E2), *range(0x3F0, 0x530), *range(0x1E00, 0x1F00))
_ARABIC: Final = (*range(0x0600, 0x0700), *range(0xFB50, 0xFC00), *range(0xFE70, 0xFEFD), 0xFDF2)
_HEBREW: Final = (*range(0x05D0, 0x05EB), *range(0x05F0, 0x05F5), 0x05BE)
_DEVANAGARI: Final = (*range(0x0900, 0x0980), 0x200C, 0x200D)
_THAI: Final = (*range(0x0E01, 0x0E3B), *range(0x0E3F, 0x0E5C))
#: Marks, kana, full-width forms.
_BESIDE_HAN: Final = (*range(0x3000, 0x3020), *range(0x3041, 0x3097), *range(0x309B, 0x3100), *range(0xFF01, 0xFF5F))
#: The commonest characters of China, Taiwan, Japan and Korea: a codec, its first and its last row.
#: Source: GB/T 2312-1980, rows 16 to 55; Big5, level 1; JIS X 0208, level 1; KS X 1001, rows 16 to 40.
_ROWS: Final = (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("euc_jp", 0xB0, 0xCF), ("euc_kr", 0xB0, 0xC8))
_CELLS: Final = (*range(0x40, 0x7F), *range(0xA1, 0xFF))


@cache
def letters_of(script: Script) -> frozenset[str]:
    """Every letter that our fonts of a script have, Latin among them (beside Han that of Western Europe only)."""
    match script:
        case Script.LATIN:
            return LATIN
        case Script.EUROPEAN:
            return LATIN | _assigned(_EUROPEAN)
        case Script.HAN:
            return _WEST | _assigned(_BESIDE_HAN) | _han()
        case Script.ARABIC:
            return LATIN | _assigned(_ARABIC) | _assigned(_HEBREW)
        case Script.DEVANAGARI:
            return LATIN | _assigned(_DEVANAGARI)
        case Script.THAI:
            return LATIN | _assigned(_THAI)


def undrawable(text: str) -> str:
    """The letters of a text that stand in the way of drawing it in one of our fonts, each once; "" when none does."""
    return min(
        ("".join(dict.fromkeys(one for one in text if one not in letters_of(script))) for script in Script), key=len
    )


def _assigned(numbers: tuple[int, ...]) -> frozenset[str]:
    return frozenset(one for one in map(chr, numbers) if unicodedata.category(one) != "Cn")


def _han() -> frozenset[str]:
    found: set[str] = set()
    for codec, first, last in _ROWS:
        pairs = (bytes((row, cell)) for row in range(first, last + 1) for cell in _CELLS)
        found.update("".join(pair.decode(codec, errors="ignore") for pair in pairs))
    return frozenset(one for one in found if ord(one) >= 0x3400)
