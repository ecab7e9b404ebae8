"""`make sounds`: builds the spoken clips of every language with espeak-ng, and writes assets/sounds/voice-*.bin.

The result is shipped, so nobody needs this to run a till. Needs the Debian package `espeak-ng`; the program is
GPL 3, what it says is not (assets/LICENSES.md). Mono, 8 kHz, mu-law; silence at both ends is cut off.
"""

import json
import lzma
import sys
from collections.abc import Sequence
from pathlib import Path

from terminal_app.core.guidance import label_texts
from terminal_app.screen_model import Language
from terminal_app.sounds import clip_texts
from terminal_app.sounds.reader import PROGRAM, ProgramReader
from terminal_app.sounds.voice import encode_mu_law, voice_file

SOUNDS = Path(__file__).parent / "sounds"
#: Quieter than this is silence.
SILENCE = 300
PEAK = 26_000


def main() -> int:
    """Build all languages; returns the exit code."""
    SOUNDS.mkdir(exist_ok=True)
    for language in Language:
        texts = {**clip_texts(language), **label_texts(language)}
        path = voice_file(SOUNDS, language)
        path.write_bytes(packed(texts, language))
        print(f"{path.name}: {len(texts)} clips, {path.stat().st_size:,} bytes")
    return 0


def spoken(text: str, language: Language) -> bytes:
    """One clip as mu-law."""
    read = ProgramReader(PROGRAM).read(text, language)
    assert read, f"{PROGRAM} did not read {text!r}"
    return bytes(encode_mu_law(one) for one in louder(trimmed(read)))


def trimmed(samples: Sequence[int]) -> list[int]:
    """Without silence at either end."""
    loud = [at for at, one in enumerate(samples) if abs(one) > SILENCE]
    return list(samples[max(0, loud[0] - 40) : loud[-1] + 240]) if loud else []


def louder(samples: list[int]) -> list[int]:
    """All clips equally loud at their loudest."""
    peak = max(map(abs, samples), default=1)
    return [one * PEAK // peak for one in samples]


def packed(texts: dict[str, str], language: Language) -> bytes:
    """The file: see terminal_app.sounds.voice."""
    index, body = {}, bytearray()
    for name, text in texts.items():
        clip = spoken(text, language)
        index[name] = [len(body), len(clip), text]
        body += clip
    head = json.dumps(index, separators=(",", ":"), ensure_ascii=False).encode()
    return lzma.compress(len(head).to_bytes(4, "big") + head + bytes(body), preset=9)


if __name__ == "__main__":
    sys.exit(main())
