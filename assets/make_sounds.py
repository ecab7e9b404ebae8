"""`make sounds`: builds the spoken clips of every language with espeak-ng, and writes assets/sounds/voice-*.bin.

The result is shipped, so nobody needs this to run a till. Needs the Debian package `espeak-ng`; the program is
GPL 3, what it says is not (assets/LICENSES.md). Mono, 8 kHz, mu-law; silence at both ends is cut off.
"""

import json
import lzma
import subprocess
import sys
import tempfile
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path

from terminal_app.core.guidance import label_texts
from terminal_app.screen_model import Language
from terminal_app.sounds import RATE_HZ, clip_texts
from terminal_app.sounds.voice import encode_mu_law, voice_file

SOUNDS = Path(__file__).parent / "sounds"
VOICES = {
    Language.ENGLISH: "en-us",
    Language.CHINESE: "cmn",
    Language.SPANISH: "es",
    Language.FRENCH: "fr-fr",
    Language.GERMAN: "de",
    Language.PORTUGUESE: "pt",
    Language.HINDI: "hi",
    Language.ARABIC: "ar",
}
WORDS_A_MINUTE = 185
#: Quieter than this is silence.
SILENCE = 300
PEAK = 26_000


def main() -> int:
    """Build all languages; returns the exit code."""
    SOUNDS.mkdir(exist_ok=True)
    for language, voice in VOICES.items():
        texts = {**clip_texts(language), **label_texts(language)}
        path = voice_file(SOUNDS, language)
        path.write_bytes(packed(texts, voice))
        print(f"{path.name}: {len(texts)} clips, {path.stat().st_size:,} bytes")
    return 0


def spoken(text: str, voice: str) -> bytes:
    """One clip as mu-law."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["espeak-ng", "-v", voice, "-s", str(WORDS_A_MINUTE), "-w", file.name, text]
        subprocess.run(command, check=True, capture_output=True)
        with wave.open(file.name, "rb") as recorded:
            rate_hz = recorded.getframerate()
            samples = array("h", recorded.readframes(recorded.getnframes()))
    return bytes(encode_mu_law(one) for one in louder(trimmed(slower(samples, rate_hz))))


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


def trimmed(samples: list[int]) -> list[int]:
    """Without silence at either end."""
    loud = [at for at, one in enumerate(samples) if abs(one) > SILENCE]
    return samples[max(0, loud[0] - 40) : loud[-1] + 240] if loud else []


def louder(samples: list[int]) -> list[int]:
    """All clips equally loud at their loudest."""
    peak = max(map(abs, samples), default=1)
    return [one * PEAK // peak for one in samples]


def packed(texts: dict[str, str], voice: str) -> bytes:
    """The file: see terminal_app.sounds.voice."""
    index, body = {}, bytearray()
    for name, text in texts.items():
        clip = spoken(text, voice)
        index[name] = [len(body), len(clip), text]
        body += clip
    head = json.dumps(index, separators=(",", ":"), ensure_ascii=False).encode()
    return lzma.compress(len(head).to_bytes(4, "big") + head + bytes(body), preset=9)


if __name__ == "__main__":
    sys.exit(main())
