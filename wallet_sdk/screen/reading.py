"""How a text is read and drawn: its script, where its lines may break, and Arabic joined and turned.

Kivy draws what it is given from left to right. So a text is broken into lines first, and each line is then put the way
a pen would draw it: Arabic letters in their joined forms, from the last to the first, figures and Latin in between
untouched. (Breaking after turning would put the first words on the last line.)
"""

import re
from typing import Final

from wallet_sdk.protocol.letters import Script

# A value inside a text keeps its own direction between these two: "12.50 EUR" in an Arabic sentence.
ISOLATE: Final = "\u2068"
ISOLATE_END: Final = "\u2069"

#: Which letters ask for the font of a script; looked for in this sequence.
_ASKS: Final = (
    (Script.ARABIC, re.compile("[\u0590-\u06ff\ufb50-\ufdff\ufe70-\ufefc]")),  # Hebrew is in the same font
    (Script.DEVANAGARI, re.compile("[\u0900-\u097f]")),
    (Script.THAI, re.compile("[\u0e00-\u0e7f]")),
    (Script.HAN, re.compile("[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef]")),  # kana and hangul too
    (Script.EUROPEAN, re.compile("[\u0180-\u052f\u1e00-\u1eff]")),
)
#: Script -> its font in `assets/fonts`, for a weight; Latin has Inter.
FONT_FILES: Final = {
    Script.EUROPEAN: "NotoSans-{weight}-subset.ttf",
    Script.HAN: "NotoSansSC-{weight}-subset.ttf",
    Script.ARABIC: "NotoSansArabic-{weight}-subset.ttf",
    Script.DEVANAGARI: "NotoSansDevanagari-{weight}-subset.ttf",
    Script.THAI: "NotoSansThai-{weight}-subset.ttf",
}
# What stays in one line: a value between isolates; one Han character with the marks that belong to it; a word.
_PIECE: Final = re.compile(
    f"[^\\s{ISOLATE}]*{ISOLATE}[^{ISOLATE_END}]*{ISOLATE_END}\\S*\\s*"
    "|[（「“]*[\u3041-\u30ff\u3400-\u9fff][，。、：；！？）」”]*\\s*"
    "|[^\\s/\u3041-\u30ff\u3400-\u9fff]*/(?=\\S)"  # the path of a file is broken at its folders
    "|[^\\s\u3041-\u30ff\u3400-\u9fff]+\\s*"
    "|\\s+"
)
_ISOLATED: Final = re.compile(f"{ISOLATE}([^{ISOLATE_END}]*){ISOLATE_END}")
_MARKS: Final = str.maketrans("", "", ISOLATE + ISOLATE_END)


def script_of(text: str) -> Script:
    """The script whose font draws this text; each of our fonts has Latin and figures too."""
    if text.isascii():
        return Script.LATIN
    for script, pattern in _ASKS:
        if pattern.search(text):
            return script
    return Script.LATIN


def pieces(text: str) -> list[str]:
    """The text in parts that stay together, spaces at their ends; joined they are the text again."""
    return _PIECE.findall(text)


def isolated(text: str) -> str:
    """A value that keeps its own direction whatever stands around it."""
    return f"{ISOLATE}{text}{ISOLATE_END}"


def plain(text: str) -> str:
    """The text without the marks of isolated values."""
    return text.translate(_MARKS)


def as_drawn(line: str) -> str:
    """One line as it is drawn from left to right."""
    if script_of(line) is not Script.ARABIC:
        return plain(line)
    from arabic_reshaper import reshape  # only where somebody reads Arabic
    from bidi.algorithm import get_display  # mirrors brackets, and knows embeddings only

    turned = get_display(reshape(plain(_ISOLATED.sub(_embedded, line))), base_dir="R")
    assert isinstance(turned, str)
    return turned


def _embedded(isolated_value: re.Match[str]) -> str:
    value = isolated_value.group(1)
    begin = "\u202b" if script_of(value) is Script.ARABIC else "\u202a"
    return f"{begin}{value}\u202c"
