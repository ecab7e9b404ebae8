"""Envelopes as QR text, and QR text as a matrix of modules or a picture.

    text = "TC1:" + base45(envelope)        upper case only, so a QR code holds it in alphanumeric mode

ECC level M, never Q: measured on screens, the larger modules of M read better than the redundancy of Q.
Source: ISO/IEC 18004:2015 (quiet zone of 4 modules, section 6.3.8); RFC 9285 (base45).
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from wallet_sdk.protocol import base45, limits, others
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError
from wallet_sdk.protocol.ids import Envelope

if TYPE_CHECKING:
    from PIL import Image

PREFIX: Final = "TC1:"
QUIET_ZONE_MODULES: Final = 4

#: Rows of modules without the quiet zone; True is dark.
Matrix = tuple[tuple[bool, ...], ...]


def to_text(envelope: Envelope) -> str:
    """QR text of an envelope."""
    return PREFIX + base45.encode(envelope)


def from_text(text: str) -> Envelope:
    """The envelope inside a QR text; nothing about it is verified yet.

    Raises:
        MalformedMessageError: NOT_A_TILLCODE, UNSUPPORTED_VERSION, MESSAGE_TOO_LARGE or BAD_BASE45.
    """
    if len(text) > limits.QR_TEXT_CHARS_MAX:
        raise MalformedMessageError(ErrorCode.MESSAGE_TOO_LARGE, "longer than any QR code")
    if not text.startswith(PREFIX):
        ours = text[:2] == PREFIX[:2] and text[2:3].isdigit() and text[3:4] == ":"
        if ours:
            raise MalformedMessageError(ErrorCode.UNSUPPORTED_VERSION, f"this program reads TC1, not {text[:3]}")
        raise no_code_of_ours(text)
    return Envelope(base45.decode(text[len(PREFIX) :]))


def no_code_of_ours(text: str) -> MalformedMessageError:
    """The error for a text that is none: typed in the wrong case, another scheme's, or neither. ``raise`` it."""
    if text.swapcase().startswith(PREFIX):
        message = "the code was typed in the wrong case: is Caps Lock on at the scanner?"
    elif scheme := others.other_scheme(text):
        message = f"this is {scheme}, and not one that is paid here"
    else:
        message = "the code is not one of ours"
    return MalformedMessageError(ErrorCode.NOT_A_TILLCODE, message)


@lru_cache(maxsize=16)
def matrix(text: str) -> Matrix:
    """The QR code of a text: smallest version that holds it, ECC M, best mask.

    Raises:
        MisuseError: BAD_ARGUMENT when the text needs more than version 13.
    """
    # Late, as Pillow below: reading and paying need no picture, and these take a tenth of a wallet's import.
    import qrcode
    import qrcode.exceptions

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0)
    code.add_data(text, optimize=0)
    try:
        version = code.best_fit()
        if version > limits.QR_VERSION_MAX:
            raise MisuseError(
                ErrorCode.BAD_ARGUMENT,
                f"needs version {version}, at most {limits.QR_VERSION_MAX} is shown",
                param="text",
            )
        # qrcode 8.2 cannot divide a block that is all zeros: "glog(0)", also a ValueError.
        code.make(fit=False)
    except (qrcode.exceptions.DataOverflowError, ValueError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "the text makes no QR code", param="text") from error
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


def picture(text: str, *, module_px: int = 8) -> "Image.Image":
    """An 8-bit grey picture of the code with its quiet zone, ``module_px`` pixels a module.

    Raises:
        MisuseError: BAD_ARGUMENT for a module under one pixel or a text that is too long.
    """
    from PIL import Image

    if module_px < 1:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a module has at least one pixel", param="module_px")
    rows = matrix(text)
    side = len(rows) + 2 * QUIET_ZONE_MODULES
    small = Image.new("L", (side, side), 255)
    small.putdata(_with_quiet_zone(rows))
    return small.resize((side * module_px, side * module_px), Image.Resampling.NEAREST)


def terminal_text(text: str) -> str:
    """The code drawn with half-block characters, dark on light, for a text terminal."""
    rows = matrix(text)
    side = len(rows) + 2 * QUIET_ZONE_MODULES
    levels = _with_quiet_zone(rows)
    levels += [255] * side if side % 2 else []
    glyphs = {(255, 255): "█", (255, 0): "▀", (0, 255): "▄", (0, 0): " "}
    lines = [
        "".join(glyphs[levels[y * side + x], levels[(y + 1) * side + x]] for x in range(side))
        for y in range(0, side, 2)
    ]
    return "\n".join(lines)


def _with_quiet_zone(rows: Matrix) -> list[int]:
    side = len(rows) + 2 * QUIET_ZONE_MODULES
    margin = [255] * (side * QUIET_ZONE_MODULES)
    edge = [255] * QUIET_ZONE_MODULES
    levels = list(margin)
    for row in rows:
        levels += edge + [0 if module else 255 for module in row] + edge
    return levels + margin
