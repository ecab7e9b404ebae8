"""Scanners that type: a keyboard wedge sends a code as a burst of keys, as fast as no finger can, and then Enter.

The keys are those of a keyboard layout, and when scanner and machine do not agree on it, letters arrive changed: "Z"
for "Y", ";" for ":". A calibration code holds every character that our codes use, in a known sequence, so what
arrives says at once whether all is well, and if not, how to undo it.

Pure: characters and times in, texts out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.base45 import ALPHABET

#: Longest pause between two keys of a burst. Scanners need 1 to 20 ms; the fastest typists 60.
KEY_PAUSE_MS_MAX: Final = 45
#: A burst shorter than this is a finger that trembles.
BURST_CHARS_MIN: Final = 8
#: What the calibration code says: a word that no payment begins with, and then every character in its own sequence.
CALIBRATION_HEAD: Final = "TILLCAL"
CALIBRATION_TEXT: Final = CALIBRATION_HEAD + ALPHABET
_END_KEYS: Final = frozenset("\r\n\t")


@unique
class LayoutVerdict(Enum):
    """What a calibration has shown."""

    GOOD = "good"
    CORRECTED = "corrected"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How what arrives is read: `corrections` maps a character that arrives to the one that was meant."""

    verdict: LayoutVerdict
    corrections: Mapping[str, str]

    def corrected(self, text: str) -> str:
        """The text that was meant."""
        return "".join(self.corrections.get(one, one) for one in text) if self.corrections else text


STRAIGHT: Final = Layout(verdict=LayoutVerdict.GOOD, corrections=MappingProxyType({}))


def judge_calibration(arrived: str) -> Layout | None:
    """What a typed text says about the layout, or None when it is no calibration code.

    Exchanged characters (another layout, Caps Lock) are undone. When two have become one, or some have gone missing, no
    program can know what was meant: the scanner itself must be set to another keyboard.
    """
    if arrived == CALIBRATION_TEXT:
        return STRAIGHT
    if not _looks_like_calibration(arrived):
        return None
    unusable = Layout(verdict=LayoutVerdict.UNUSABLE, corrections=MappingProxyType({}))
    if len(arrived) != len(CALIBRATION_TEXT):
        return unusable
    corrections: dict[str, str] = {}
    for came, meant in zip(arrived, CALIBRATION_TEXT, strict=True):
        if corrections.setdefault(came, meant) != meant:
            return unusable
    changed = MappingProxyType({came: meant for came, meant in corrections.items() if came != meant})
    return Layout(verdict=LayoutVerdict.CORRECTED, corrections=changed)


def layout_of(pairs: str) -> Layout:
    """The layout that `pairs_of` wrote."""
    corrections = MappingProxyType(dict(zip(pairs[::2], pairs[1::2], strict=True)))
    return Layout(verdict=LayoutVerdict.CORRECTED, corrections=corrections) if pairs else STRAIGHT


def pairs_of(layout: Layout) -> str:
    """A layout as a text: each character that comes, and behind it the one that is meant."""
    return "".join(came + meant for came, meant in layout.corrections.items())


def without_symbology(text: str) -> str:
    """The text without the AIM identifier that some scanners are set to put before it, such as `]Q1` for a QR code."""
    is_marked = text[:1] == "]" and text[1:2].isalpha() and text[2:3].isalnum() and text[:3].isascii()
    return text[3:] if is_marked else text


class WedgeReader:
    """Tells bursts of a scanner from a finger's typing, and puts each together."""

    def __init__(self, layout: Layout = STRAIGHT) -> None:
        self.layout = layout
        self._typed = ""
        self._last_ms = 0

    def feed(self, character: str, *, at_ms: int) -> str | None:
        """Take one key. Returns the scanned text with the key that ends it.

        Args:
            character: what the key typed; one character.
            at_ms: when, on any clock that only runs forward.
        """
        if at_ms - self._last_ms > KEY_PAUSE_MS_MAX:
            self._typed = ""
        self._last_ms = at_ms
        if character in _END_KEYS:
            return self.flush()
        if len(self._typed) < limits.QR_TEXT_CHARS_MAX:
            self._typed += character
        return None

    def flush(self) -> str | None:
        """The keys have rested: a burst without an end is a text too, for scanners that type none."""
        text, self._typed = self._typed, ""
        return without_symbology(self.layout.corrected(text)) if len(text) >= BURST_CHARS_MIN else None

    def calibrate(self, arrived: str) -> Layout | None:
        """Judge a text as it arrived, uncorrected, and read by it from now on; None when it is no calibration."""
        layout = judge_calibration(arrived)
        if layout is not None:
            self.layout = layout
        return layout


def _looks_like_calibration(arrived: str) -> bool:
    """Its head, whatever the layout has made of it: seven characters of which the doubled one is doubled."""
    head = arrived[: len(CALIBRATION_HEAD)].upper()
    same = sum(came == meant for came, meant in zip(head, CALIBRATION_HEAD, strict=False))
    return same >= len(CALIBRATION_HEAD) - 2 and abs(len(arrived) - len(CALIBRATION_TEXT)) <= 4
