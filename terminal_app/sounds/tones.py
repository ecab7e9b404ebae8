"""Tones, told apart without looking: rising for good, falling for bad, two equal ones for "look here".

They differ in shape and not in pitch alone, so that whoever hears high notes badly tells them apart too.
"""

import math
import sys
from array import array
from collections.abc import Iterable
from enum import Enum, unique
from typing import Final

#: Samples a second of everything that is heard: telephone quality, enough for a counter, small enough to ship.
RATE_HZ: Final = 8_000
#: Loudest sample: some headroom, small loudspeakers rattle.
PEAK: Final = 22_000
FADE_MS: Final = 6


@unique
class Tone(Enum):
    """One tone for each kind of outcome."""

    PAID = "paid"
    ACCEPTED_OFFLINE = "accepted_offline"
    NOT_PAID = "not_paid"
    ENDED = "ended"
    UNKNOWN = "unknown"
    SCANNED = "scanned"


#: Hertz (0 is silence) and milliseconds of each note.
NOTES: Final = {
    Tone.PAID: ((660, 90), (880, 90), (1_320, 180)),
    Tone.ACCEPTED_OFFLINE: ((660, 90), (880, 90), (0, 60), (880, 180)),
    Tone.NOT_PAID: ((440, 160), (311, 320)),
    Tone.ENDED: ((523, 120), (392, 160)),
    Tone.UNKNOWN: ((587, 160), (0, 90), (587, 160), (0, 90), (587, 300)),
    Tone.SCANNED: ((1_760, 60),),
}
assert set(NOTES) == set(Tone), "every outcome has its tone"


def tone_samples(tone: Tone, *, volume_percent: int) -> bytes:
    """The tone as 16-bit little-endian mono samples at RATE_HZ."""
    samples = array("h")
    for pitch_hz, length_ms in NOTES[tone]:
        samples.extend(_note(pitch_hz, length_ms, PEAK * volume_percent // 100))
    return _little_endian(samples)


def scaled(samples: Iterable[int], *, volume_percent: int) -> bytes:
    """Samples at this volume, as bytes for a player."""
    return _little_endian(array("h", [one * volume_percent // 100 for one in samples]))


def _note(pitch_hz: int, length_ms: int, peak: int) -> list[int]:
    count = RATE_HZ * length_ms // 1_000
    fade = max(1, RATE_HZ * FADE_MS // 1_000)
    step = 2 * math.pi * pitch_hz / RATE_HZ
    return [
        round(peak * min(1.0, number / fade, (count - number) / fade) * math.sin(step * number))
        for number in range(count)
    ]


def _little_endian(samples: "array[int]") -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()
