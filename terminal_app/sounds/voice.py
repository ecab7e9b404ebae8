"""The clips of one language, from the file that `make sounds` builds: an index and mu-law samples behind it, in LZMA.

    4 bytes    length of the index, big endian
    JSON       clip name -> [first byte, count, what is said]
    bytes      mu-law, mono, RATE_HZ

Source: ITU-T G.711, mu-law (the table below is its decoder).
"""

import json
import lzma
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from terminal_app.screen_model import Language
from terminal_app.sounds.tones import RATE_HZ, scaled
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

#: A pause between two clips, so that they sound like speech and not like a train.
GAP_MS: Final = 40
VOICE_BYTES_MAX: Final = 4 * 1024 * 1024


def voice_file(sounds: Path, language: Language) -> Path:
    """Where the clips of a language lie."""
    return sounds / f"voice-{language.value}.bin"


class Voice:
    """One language's clips in memory: half a megabyte. `texts` says which there are, and what each says."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE when it is missing or is none of ours.
        """
        try:
            content = lzma.LZMADecompressor().decompress(path.read_bytes(), max_length=VOICE_BYTES_MAX)
            length = int.from_bytes(content[:4], "big")
            index = json.loads(content[4 : 4 + length])
            self._clips = {
                str(name): content[4 + length + int(first) : 4 + length + int(first) + int(count)]
                for name, (first, count, _) in index.items()
            }
            self.texts = {str(name): str(text) for name, (_, _, text) in index.items()}
        except (OSError, ValueError, TypeError, AttributeError, lzma.LZMAError) as error:
            raise UnavailableError(
                ErrorCode.DEVICE_UNAVAILABLE, f"no voice in {path.name}; run make sounds", param="sound"
            ) from error

    def samples(self, clips: Iterable[str], *, volume_percent: int) -> bytes:
        """The clips one after the other, 16-bit little-endian mono at RATE_HZ. A missing one is passed over."""
        gap = array("h", bytes(2 * (RATE_HZ * GAP_MS // 1_000)))
        spoken = array("h")
        for name in clips:
            spoken.extend(_DECODED[one] for one in self._clips.get(name, b""))
            spoken.extend(gap)
        return scaled(spoken, volume_percent=volume_percent)


def encode_mu_law(sample: int) -> int:
    """One 16-bit sample as a mu-law byte."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32_635) + 0x84
    exponent = max(0, magnitude.bit_length() - 8)
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~(sign | (exponent << 4) | mantissa) & 0xFF


def _decode_mu_law(byte: int) -> int:
    turned = ~byte & 0xFF
    exponent, mantissa = (turned >> 4) & 0x07, turned & 0x0F
    magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return -magnitude if turned & 0x80 else magnitude


_DECODED: Final = tuple(_decode_mu_law(byte) for byte in range(256))
