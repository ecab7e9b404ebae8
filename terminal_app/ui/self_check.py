"""Whether the code on the screen can be scanned: read back from the very pixels that were drawn.

A code that no phone reads looks fine to a cashier. So the till looks at its own frame buffer as a phone would, once for
each code, and says what is wrong with it.
"""

from enum import Enum, unique
from typing import TYPE_CHECKING, Final

from wallet_sdk.screen.qr_view import QUIET_ZONE_MODULES

if TYPE_CHECKING:
    from PIL import Image

#: Below this width of a module cameras across a counter begin to fail.
MODULE_MM_MIN: Final = 1.0
#: Least distance of dark and light, of 255: symbol contrast of 55 %. Source: ISO/IEC 15415, 7.8.2, grade B.
CONTRAST_MIN: Final = 140
#: The part of all pixels that may be off without counting: the rounded corners of the card.
_STRAY_PART: Final = 0.02


@unique
class CodeFault(Enum):
    """Why a phone could not read the code."""

    TOO_SMALL = "too_small"
    TOO_PALE = "too_pale"
    UNREADABLE = "unreadable"


def find_fault(card: "Image.Image", *, text: str, module_px: float, module_mm: float) -> CodeFault | None:
    """What is wrong with a drawn code: `card` is the part of the frame buffer with code and quiet zone.

    Returns: None when a phone reads it.
    """
    from wallet_sdk.decoding import decode_codes  # Pillow: not before a code is shown

    if module_mm < MODULE_MM_MIN:
        return CodeFault.TOO_SMALL
    grey = card.convert("L")
    dark, light = _extremes(grey)
    if light - dark < CONTRAST_MIN:
        return CodeFault.TOO_PALE
    if not _is_quiet(grey, zone_px=int(module_px * QUIET_ZONE_MODULES), light=light):
        return CodeFault.UNREADABLE
    return None if decode_codes(card) == [text] else CodeFault.UNREADABLE


def _extremes(grey: "Image.Image") -> tuple[int, int]:
    """The levels that all but the stray pixels lie between."""
    counts = grey.histogram()
    stray = int(sum(counts) * _STRAY_PART)
    return _first_level(counts, stray), 255 - _first_level(counts[::-1], stray)


def _first_level(counts: list[int], stray: int) -> int:
    seen = 0
    for level, count in enumerate(counts):
        seen += count
        if seen > stray:
            return level
    return 255


def _is_quiet(grey: "Image.Image", *, zone_px: int, light: int) -> bool:
    """Whether nothing dark stands in the zone around the code."""
    width_px, height_px = grey.size
    strips = (
        (0, 0, width_px, zone_px),
        (0, height_px - zone_px, width_px, height_px),
        (0, 0, zone_px, height_px),
        (width_px - zone_px, 0, width_px, height_px),
    )
    for strip in strips:
        counts = grey.crop(strip).histogram()
        if sum(counts[: light - CONTRAST_MIN // 2]) > sum(counts) * _STRAY_PART * 2:
            return False
    return True
