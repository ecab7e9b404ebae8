"""What is printed, as a value: lines and a code. How wide the paper is, is the printer's matter."""

import unicodedata
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

#: Characters a line in a printer's font A: 58 mm and 80 mm paper.
COLUMNS_58: Final = 32
COLUMNS_80: Final = 48
#: Dots across the paper of common thermal printers (203 dpi).
WIDTH_PX_58: Final = 384
WIDTH_PX_80: Final = 576


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
        lines += _set(line, columns)
    return tuple(lines)


def width_of(text: str) -> int:
    """Places that a text takes: two for an East Asian wide character, none for a mark that stands on another."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def _set(line: PaperLine, columns: int) -> list[str]:
    if line.style is Style.RULE:
        return ["-" * columns]
    if line.style is Style.TITLE:
        return [" " * ((columns - width_of(one)) // 2) + one for one in _wrapped(line.text, columns)]
    room = columns - width_of(line.value) - bool(line.value)
    if room < columns // 4:
        # The value needs a line of its own.
        return [*_wrapped(line.text, columns), *(one.rjust(columns) for one in _wrapped(line.value, columns))]
    *before, last = _wrapped(line.text, room) or [""]
    pad = " " * (columns - width_of(last) - width_of(line.value)) if line.value else ""
    return [*before, f"{last}{pad}{line.value}"]


def _wrapped(text: str, columns: int) -> list[str]:
    """Broken between words, and inside a word only when it is longer than a line."""
    lines, current = [], ""
    for word in text.split():
        joined = f"{current} {word}" if current else word
        if width_of(joined) <= columns:
            current = joined
            continue
        if current:
            lines.append(current)
        while width_of(word) > columns:
            head = _head(word, columns)
            lines.append(head)
            word = word[len(head) :]  # noqa: PLW2901 - the rest of the word is what is left to set
        current = word
    return [*lines, current] if current else lines


def _head(word: str, columns: int) -> str:
    end = columns
    while width_of(word[:end]) > columns:
        end -= 1
    return word[: max(1, end)]
