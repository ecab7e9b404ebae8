"""Texts that nobody could record beforehand (a name, a reference), read aloud by espeak-ng where it is installed.

The clips of `make sounds` come from the same program, so both have one voice. Without it, only what has clips is said.
"""

import io
import shutil
import subprocess
import wave
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from terminal_app.screen_model import Language
from terminal_app.sounds.tones import RATE_HZ

PROGRAM: Final = "espeak-ng"
VOICES: Final = {
    Language.ENGLISH: "en-us",
    Language.CHINESE: "cmn",
    Language.SPANISH: "es",
    Language.FRENCH: "fr-fr",
    Language.GERMAN: "de",
    Language.PORTUGUESE: "pt",
    Language.HINDI: "hi",
    Language.ARABIC: "ar",
}
assert set(VOICES) == set(Language), "every language has its voice"
WORDS_A_MINUTE: Final = 185
#: A name takes a tenth of a second; whoever waits longer has moved the ring on.
READ_TIMEOUT_S: Final = 3.0
#: As long as the longest line of a page.
TEXT_CHARS_MAX: Final = 80


@dataclass(frozen=True, slots=True)
class Words:
    """A text among clips, to be read aloud."""

    text: str


#: What is said: names of clips, and texts.
Speech = tuple[str | Words, ...]


class TextReader(Protocol):
    """Reads a text aloud."""

    def read(self, text: str, language: Language) -> Sequence[int]:
        """16-bit samples at RATE_HZ; none when it cannot. Nothing is raised."""
        ...


class NoReader:
    """A machine that reads nothing aloud."""

    def read(self, text: str, language: Language) -> Sequence[int]:
        """Nothing."""
        return ()


class ProgramReader:
    """Reads by the system's own espeak-ng."""

    def __init__(self, program: str) -> None:
        self._program = program

    def read(self, text: str, language: Language) -> Sequence[int]:
        """In the language of the screens: a name in another script is read as that language reads it."""
        command = [self._program, "-v", VOICES[language], "-s", str(WORDS_A_MINUTE), "--stdin", "--stdout"]
        try:
            done = subprocess.run(
                command, input=text[:TEXT_CHARS_MAX].encode(), capture_output=True, check=True, timeout=READ_TIMEOUT_S
            )
            with wave.open(io.BytesIO(done.stdout)) as recorded:
                samples = array("h", recorded.readframes(recorded.getnframes()))
                return slower(samples, recorded.getframerate())
        except (OSError, ValueError, EOFError, wave.Error, subprocess.SubprocessError):
            return ()


def find_reader(which: Callable[[str], str | None] = shutil.which) -> TextReader:
    """The reader that this machine has."""
    found = which(PROGRAM)
    return ProgramReader(found) if found is not None else NoReader()


def slower(samples: Sequence[int], rate_hz: int) -> list[int]:
    """At RATE_HZ: each sample the mean of those it stands for, twice over, which keeps hiss from folding back."""
    for _ in range(2):
        samples = [(samples[max(0, at - 1)] + samples[at]) // 2 for at in range(len(samples))]
    step = rate_hz / RATE_HZ
    out = []
    for number in range(int(len(samples) / step)):
        first, last = int(number * step), max(int(number * step) + 1, int((number + 1) * step))
        out.append(sum(samples[first:last]) // (last - first))
    return out
