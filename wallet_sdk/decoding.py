"""Read QR codes out of pictures: a cascade of decoders, bounded in size, work and answer.

    picture -> grey frame -> zxing-cpp as it is -> zxing-cpp on five reworked frames -> zbar, where present

The first step that reads text ends the cascade, so an easy picture costs one step. The reworks and their places
were chosen by reads gained per millisecond; docs/decisions/0006-decoder-choice.md has the figures.
"""

import importlib
import struct
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, unique
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final

from PIL import Image, ImageFilter, ImageOps

from wallet_sdk.frames import FRAME_SIDE_PX_MAX, GreyFrame
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, UnavailableError

__all__ = [
    "CODES_PER_FRAME_MAX",
    "FRAME_SIDE_PX_MAX",
    "PICTURE_PIXELS_MAX",
    "Decoder",
    "GreyFrame",
    "available_decoders",
    "decode_codes",
    "find_codes",
    "grey_frame",
    "load_readers",
    "read_picture",
]

#: Largest picture taken at all: the 48-megapixel cameras of telephones. Above it lie decompression bombs.
PICTURE_PIXELS_MAX: Final = 8192 * 6144
#: Frames above this are reduced first: a hostile field of finder patterns costs a pass about 0.3 us a pixel, and
#: a version 13 code that fills a tenth of a reduced photograph still has three pixels a module.
FIRST_PASS_PIXELS_MAX: Final = 2560 * 1920
#: Frames above this are reduced before the reworks: five more passes must cost less than the first one did.
REWORK_PIXELS_MAX: Final = 1920 * 1080
#: Frames above this are not doubled: there, small modules are no longer what stops a decoder.
DOUBLE_PIXELS_MAX: Final = 1280 * 800
#: A counter scene shows one code, a poster a few; a sheet of codes is an attack on whoever reads the answer.
CODES_PER_FRAME_MAX: Final = 8
#: Smallest QR code: version 1 has 21 modules of at least one pixel. Smaller frames hold nothing.
CODE_SIDE_PX_MIN: Final = 21

assert FRAME_SIDE_PX_MAX**2 <= PICTURE_PIXELS_MAX
assert DOUBLE_PIXELS_MAX <= REWORK_PIXELS_MAX <= FIRST_PASS_PIXELS_MAX <= FRAME_SIDE_PX_MAX**2

#: What Pillow's format plugins raise on broken files.
PICTURE_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


@unique
class Decoder(Enum):
    """The decoders that can stand in the cascade, by the name of what has to be installed."""

    ZXING = "zxing-cpp"
    ZBAR = "pyzbar"


#: Mode indicator of a symbol that is one of several.
_PART_MODE: Final = [False, False, True, True]
_DARK_BELOW: Final = 128
#: Which modules a mask turns, by row and column. Source: ISO/IEC 18004:2015, table 10.
_MASKS: Final[tuple[Callable[[int, int], bool], ...]] = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _column: row % 2 == 0,
    lambda _row, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: (row * column) % 2 + (row * column) % 3 == 0,
    lambda row, column: ((row * column) % 2 + (row * column) % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + (row * column) % 3) % 2 == 0,
)
#: Reads the texts of the codes in one frame.
Reader = Callable[[GreyFrame], list[str]]
#: A frame made easier to read.
Rework = Callable[[Image.Image], Image.Image]


def decode_codes(image: Image.Image | GreyFrame) -> list[str]:
    """Read the QR codes of a picture with every decoder installed here.

    Returns:
        The distinct texts, in the order found, at most CODES_PER_FRAME_MAX; none when no code is readable. Codes
        that carry bytes which are no text are left out.

    Raises:
        MalformedMessageError: IMAGE_TOO_LARGE above PICTURE_PIXELS_MAX, IMAGE_UNREADABLE for a broken picture.
        MisuseError: BAD_ARGUMENT when `image` is no picture.
        UnavailableError: DECODER_MISSING when neither decoder is installed.
    """
    return find_codes(image, readers=_installed_readers())


def available_decoders() -> tuple[Decoder, ...]:
    """The decoders that can be loaded on this machine, in the order in which the cascade asks them."""
    return tuple(_installed_readers())


def find_codes(image: Image.Image | GreyFrame, *, readers: dict[Decoder, Reader]) -> list[str]:
    """Run the cascade over a picture with these readers; as `decode_codes` otherwise."""
    if not readers:
        raise UnavailableError(ErrorCode.DECODER_MISSING, "no QR decoder is installed: pip install 'tillcode[scan]'")
    picture = image if isinstance(image, GreyFrame) else grey_frame(image)
    if picture is None or min(picture.width, picture.height) < CODE_SIDE_PX_MIN:
        return []
    for texts in _attempts(picture, readers):
        if found := _distinct(texts):
            return found
    return []


def grey_frame(image: Image.Image) -> GreyFrame | None:
    """Turn a Pillow picture into a grey frame, reduced when its longest side is above FRAME_SIDE_PX_MAX.

    Returns:
        None when the picture has no pixels.

    Raises:
        MalformedMessageError: IMAGE_TOO_LARGE (seen before any pixel is loaded), IMAGE_UNREADABLE.
        MisuseError: BAD_ARGUMENT when it is no Pillow picture.
    """
    if not isinstance(image, Image.Image):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a Pillow image or a GreyFrame is wanted", param="image")
    if image.width * image.height > PICTURE_PIXELS_MAX:
        message = f"a picture of {image.width} x {image.height} px; at most {PICTURE_PIXELS_MAX} px are read"
        raise MalformedMessageError(ErrorCode.IMAGE_TOO_LARGE, message)
    if not image.width or not image.height:
        return None
    try:
        grey = _shades(image)
    except PICTURE_ERRORS as error:
        message = f"the picture cannot be read: {error}"
        raise MalformedMessageError(ErrorCode.IMAGE_UNREADABLE, message) from error
    return _frame(_fit(grey, side_px_max=FRAME_SIDE_PX_MAX))


def read_picture(file: Path | IO[bytes]) -> GreyFrame | None:
    """The grey frame of a picture file; None when it is no picture, not a whole one (yet), or too large."""
    try:
        with Image.open(file) as picture:
            return grey_frame(picture)
    except (MalformedMessageError, *PICTURE_ERRORS):
        return None


def load_readers(importer: Callable[[str], ModuleType] = importlib.import_module) -> dict[Decoder, Reader]:
    """Load the decoders that are installed. zbar is both a Python package and a shared library (libzbar0)."""
    readers: dict[Decoder, Reader] = {}
    for decoder, module_name, reader_of in (
        (Decoder.ZXING, "zxingcpp", _zxing_reader),
        (Decoder.ZBAR, "pyzbar.pyzbar", _zbar_reader),
    ):
        try:
            readers[decoder] = reader_of(importer(module_name))
        except ImportError:
            continue
    return readers


@cache
def _installed_readers() -> dict[Decoder, Reader]:
    return load_readers()


def _zxing_reader(zxingcpp: ModuleType) -> Reader:
    # `QRCode` also means Micro QR and rMQR in newer versions; nothing we read is printed as those.
    formats: Any = getattr(zxingcpp.BarcodeFormat, "QRCodeModel2", zxingcpp.BarcodeFormat.QRCode)
    # Bytes that are no text come as Binary, Mixed or UnknownECI, and are dropped.
    text_kinds = (zxingcpp.ContentType.Text, zxingcpp.ContentType.GS1, zxingcpp.ContentType.ISO15434)

    def read(frame: GreyFrame) -> list[str]:
        rows = memoryview(frame.luma).cast("B", (frame.height, frame.width))
        # Rotated, inverted and reduced codes are looked for by default.
        codes = zxingcpp.read_barcodes(rows, formats=formats, text_mode=zxingcpp.TextMode.Plain)
        texts = [(code.text, code) for code in codes if code.content_type in text_kinds]
        return [text for text, code in texts if not (_claims_too_much(text) and _is_part(code))]

    return read


def _is_part(code: Any) -> bool:
    """Whether a symbol is one of several that make one text ("structured append", ISO/IEC 18004 section 8).

    zxing-cpp 3.1.1 knows, and its Python does not say. The first four bits of the symbol do: they stand in its last
    four modules, under the mask, and 0011 announces such a part.
    """
    try:
        mask = _MASKS[code.extra["DataMask"]]
        modules = memoryview(code.to_image(scale=1, add_quiet_zones=False))
        last = modules.shape[0] - 1 if modules.shape else 0
        places = ((last, last), (last, last - 1), (last - 1, last), (last - 1, last - 1))
        bits = [(modules[place] < _DARK_BELOW) != mask(*place) for place in places]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):  # an older zxing-cpp, or no QR code
        return False
    return bits == _PART_MODE


def _claims_too_much(text: str) -> bool:
    """A text that begins as one to pay and is not a whole one. A whole one proves it, in whatever symbol it came."""
    from wallet_sdk.protocol import limits, qr
    from wallet_sdk.protocol.emv import decode_merchant_presented, looks_like_one
    from wallet_sdk.protocol.envelope import peek_type

    try:
        if text.startswith(qr.PREFIX):
            peek_type(qr.from_text(text), bytes_max=limits.MESSAGE_BYTES_MAX)
        elif looks_like_one(text):
            decode_merchant_presented(text)
    except MalformedMessageError:
        return True
    return False


def _zbar_reader(pyzbar: ModuleType) -> Reader:
    def read(frame: GreyFrame) -> list[str]:
        try:
            codes = pyzbar.decode((frame.luma, frame.width, frame.height), symbols=[pyzbar.ZBarSymbol.QRCODE])
        except ValueError:  # pyzbar 0.1.9: a part of a code that is split over several has no orientation for it
            return []
        # zbar guesses the character set and is often wrong (UTF-8 read as Shift-JIS): a wrong text is worse than
        # none, so only ASCII is believed.
        texts = [bytes(code.data) for code in codes]
        return [text.decode("ascii") for text in texts if text.isascii() and _is_plain(text.decode("ascii"))]

    return read


def _is_plain(text: str) -> bool:
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text)


def _attempts(frame: GreyFrame, readers: dict[Decoder, Reader]) -> Iterator[list[str]]:
    """What each step of the cascade reads; a step is made only when it is asked for."""
    zxing, zbar = readers.get(Decoder.ZXING), readers.get(Decoder.ZBAR)
    grey = _reduced(Image.frombytes("L", (frame.width, frame.height), frame.luma), pixels_max=FIRST_PASS_PIXELS_MAX)
    if zxing:
        yield zxing(_frame(grey))
    grey = _reduced(grey, pixels_max=REWORK_PIXELS_MAX)
    if zxing:
        for rework in REWORKS:
            yield zxing(_frame(rework(grey)))
    if zbar and not zxing:
        yield zbar(_frame(grey))
    if zbar:
        yield zbar(_frame(_smoothed(grey)))


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))[:CODES_PER_FRAME_MAX]


def _frame(grey: Image.Image) -> GreyFrame:
    return GreyFrame(width=grey.width, height=grey.height, luma=grey.tobytes())


def _shades(image: Image.Image) -> Image.Image:
    """One byte a pixel, whatever the mode; what is transparent is taken as white paper."""
    if image.mode == "L" and not image.has_transparency_data:
        return image.convert("L")  # a copy; and it loads the pixels, here where errors are caught
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda shade: shade / 256).convert("L")
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image.convert("RGBA")).convert("L")
    return image.convert("L")


def _fit(grey: Image.Image, *, side_px_max: int) -> Image.Image:
    if max(grey.size) <= side_px_max:
        return grey
    factor = -(-max(grey.size) // side_px_max)
    return grey.reduce(factor)


def _reduced(grey: Image.Image, *, pixels_max: int) -> Image.Image:
    factor = (pixels_max / (grey.width * grey.height)) ** 0.5
    if factor >= 1:
        return grey
    size = (max(1, int(grey.width * factor)), max(1, int(grey.height * factor)))
    return grey.resize(size, Image.Resampling.BOX)


def _smoothed(grey: Image.Image) -> Image.Image:
    """A Gaussian of 3 x 3 pixels: against noise and the moire of screens. Larger ones lose more than they win."""
    return grey.filter(ImageFilter.Kernel((3, 3), (1, 2, 1, 2, 4, 2, 1, 2, 1)))


def _sharpened(grey: Image.Image) -> Image.Image:
    """A high-pass of 5 x 5 pixels: against blur by focus and motion."""
    return grey.filter(ImageFilter.Kernel((5, 5), (*[-1] * 12, 40, *[-1] * 12)))


def _doubled(grey: Image.Image) -> Image.Image:
    """Twice the side: against modules of two or three pixels."""
    if grey.width * grey.height > DOUBLE_PIXELS_MAX or max(grey.size) * 2 > FRAME_SIDE_PX_MAX:
        return grey
    return grey.resize((grey.width * 2, grey.height * 2), Image.Resampling.BILINEAR)


#: Cheapest gain first.
REWORKS: Final[tuple[Rework, ...]] = (
    _smoothed,
    ImageOps.equalize,
    _doubled,
    lambda grey: _doubled(_smoothed(grey)),
    lambda grey: _doubled(_sharpened(grey)),
)
