"""What is printed, as a value: lines and a code. How wide the paper is, is the printer's matter."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

#: Characters a line in a printer's font A: 58 mm and 80 mm paper.
COLUMNS_58: Final = 32
COLUMNS_80: Final = 48
#: Dots across the paper of common thermal printers (203 dpi).
WIDTH_PX_58: Final = 384
WIDTH_PX_80: Final = 576
#: Combining class of the sign that joins a consonant to the next one (Unicode Character Database, class 9).
VIRAMA: Final = 9


@unique
class Style(Enum):
    """How a line is set."""

    NORMAL = "normal"
    BOLD = "bold"
    TITLE = "title"
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    """One line: text at its start, and what stands at the other end (an amount). A title stands in the middle."""

    text: str = ""
    value: str = ""
    style: Style = Style.NORMAL


RULE: Final = PaperLine(style=Style.RULE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One receipt or report.

    Attributes:
        code_text: the text of a QR code below the lines, "" for none.
    """

    lines: tuple[PaperLine, ...]
    code_text: str = ""


def is_plain(paper: Paper) -> bool:
    """Whether every printer in the world can print it from its own font.

    That is ASCII and nothing else: what a printer makes of accents depends on its code page, and what it does not have
    it prints as "?" without a word. Everything else goes as a picture.
    """
    return all(f"{line.text}{line.value}".isascii() for line in paper.lines)


def as_text(paper: Paper, *, columns: int) -> tuple[str, ...]:
    """The lines as a printer's own font sets them, none wider than `columns`. Wide characters take two places."""
    lines: list[str] = []
    for line in paper.lines:
        if line.style is Style.RULE:
            lines.append("-" * columns)
        for row in rows_of(line, room=columns, measure=width_of, gap=1):
            if line.style is Style.TITLE:
                lines.append(" " * ((columns - width_of(row.text)) // 2) + row.text)
            else:
                pad = " " * (columns - width_of(row.text) - width_of(row.value)) if row.value else ""
                lines.append(f"{row.text}{pad}{row.value}")
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in one row of the paper: at its start, and at its other end."""

    text: str
    value: str = ""


Measure = Callable[[str], float]


def rows_of(line: PaperLine, *, room: float, measure: Measure, gap: float) -> list[Row]:
    """A line in rows, nothing of it lost. A value that leaves its text no room for whole words stands below it.

    Args:
        line: text and value; of a rule there are no rows.
        room: width of the paper, in what `measure` measures in; the same for `gap`, between text and value.
        measure: width of a piece of text.
        gap: least room between text and value.
    """
    if line.style is Style.RULE:
        return []
    if not line.value:
        return [Row(one) for one in _wrapped(line.text, room, measure)] or [Row("")]
    beside = room - measure(line.value) - gap
    if beside < room / 4 or any(measure(word) > beside for word in line.text.split()):
        below = [Row("", one) for one in _wrapped(line.value, room, measure)]
        return [*(Row(one) for one in _wrapped(line.text, room, measure)), *below]
    *before, last = _wrapped(line.text, beside, measure) or [""]
    return [*(Row(one) for one in before), Row(last, line.value)]


def width_of(text: str) -> int:
    """Places that a text takes: two for an East Asian wide character, none for a mark that stands on another."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def _wrapped(text: str, room: float, measure: Measure) -> list[str]:
    """Broken between words, and inside a word only when it is longer than a line."""
    lines, current = [], ""
    for word in text.split():
        joined = f"{current} {word}" if current else word
        if measure(joined) <= room:
            current = joined
            continue
        if current:
            lines.append(current)
        while measure(word) > room and len(word) > 1:
            head = _head(word, room, measure)
            lines.append(head)
            word = word[len(head) :]  # noqa: PLW2901 - the rest of the word is what is left to set
        current = word
    return [*lines, current] if current else lines


def _head(word: str, room: float, measure: Measure) -> str:
    """As much of a word as fits, at least a letter with all its marks."""
    fits, past = 1, len(word)
    while past - fits > 1:
        middle = (fits + past) // 2
        fits, past = (middle, past) if measure(word[:middle]) <= room else (fits, middle)
    end = fits
    while end > 1 and _hangs_on(word, end):
        end -= 1
    while end == 1 and fits < len(word) and _hangs_on(word, fits):
        fits += 1
        end = 1 if _hangs_on(word, fits) else fits
    return word[:end]


def _hangs_on(word: str, at: int) -> bool:
    """Whether the character at this place hangs on the one before: a vowel sign, an accent, a conjunct."""
    if at >= len(word):
        return False
    before = word[at - 1]
    return unicodedata.category(word[at])[0] == "M" or before == "\u200d" or unicodedata.combining(before) == VIRAMA
