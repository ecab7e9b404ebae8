"""A paper as a picture: for printers without our letters, for PDF, for the screen.

Shaping (Devanagari conjuncts, right to left) is HarfBuzz's and FriBiDi's work, through Pillow's Raqm layout.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, features

from terminal_app.devices.paper import Paper, PaperLine, Style, rows_of
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.screen.reading import FONT_FILES, script_of

#: A line of so many dots is about 3 mm: read at arm's length.
TEXT_PX: Final = 24
TITLE_PX: Final = 34
LINE_SPACE: Final = 1.35
MARGIN_PX: Final = 8
#: Least room between a text and its value.
GAP_PX: Final = 8
#: The part of the free room that lies before a title.
WIDTH_MIDDLE: Final = 0.5
#: A receipt longer than two metres is no receipt.
HEIGHT_PX_MAX: Final = 16_000


def picture_of(paper: Paper, *, width_px: int, fonts: Path) -> Image.Image:
    """The paper as a picture of 8-bit grey, black on white, so wide and as high as it must be.

    Args:
        paper: what is printed.
        width_px: dots across.
        fonts: folder of the fonts.

    Raises:
        UnavailableError: DEVICE_UNAVAILABLE when a font is missing.
    """
    lines = [replace(line, text=_joined(line.text), value=_joined(line.value)) for line in paper.lines]
    sheet = Image.new("L", (width_px, HEIGHT_PX_MAX), 255)
    draw = ImageDraw.Draw(sheet)
    top = MARGIN_PX
    for line in lines:
        top += _draw_line(draw, line, top=top, width_px=width_px, fonts=fonts)
    if paper.code_text:
        top += _paste_code(sheet, paper.code_text, top=top)
    return sheet.crop((0, 0, width_px, min(HEIGHT_PX_MAX, top + MARGIN_PX)))


def _draw_line(draw: ImageDraw.ImageDraw, line: PaperLine, *, top: int, width_px: int, fonts: Path) -> int:
    """Draw one line; returns its height in pixels."""
    room = width_px - 2 * MARGIN_PX
    if line.style is Style.RULE:
        draw.line((MARGIN_PX, top + 6, width_px - MARGIN_PX, top + 6), fill=0, width=2)
        return 14
    from_right = _is_right_to_left(line.text)
    size_px = TITLE_PX if line.style is Style.TITLE else TEXT_PX
    weight = "Medium" if line.style is Style.NORMAL else "Bold"
    step = int(size_px * LINE_SPACE)

    def measure(text: str) -> int:
        return _width(draw, text, _font(text, weight, size_px, fonts))

    rows = rows_of(line, room=room, measure=measure, gap=GAP_PX)
    for number, row in enumerate(rows):
        height = top + number * step
        starts = WIDTH_MIDDLE if line.style is Style.TITLE else float(from_right)
        for text, share in ((row.text, starts), (row.value, 1 - starts)):
            left = MARGIN_PX + int((room - measure(text)) * share)
            draw.text((left, height), text, font=_font(text, weight, size_px, fonts), fill=0)
    return step * len(rows)


def _width(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont) -> int:
    return -(-int(draw.textlength(text, font=font) * 2) // 2)


def _paste_code(sheet: Image.Image, code_text: str, *, top: int) -> int:
    side = len(qr.matrix(code_text)) + 2 * qr.QUIET_ZONE_MODULES
    code = qr.picture(code_text, module_px=max(1, min(8, (sheet.width - 2 * MARGIN_PX) // side)))
    sheet.paste(code, ((sheet.width - code.width) // 2, top))
    return code.height


def _joined(text: str) -> str:
    """Arabic letters in the forms that they take beside each other: the shipped font has the forms, not the rules."""
    if not _is_right_to_left(text):
        return text
    try:
        from arabic_reshaper import reshape
    except ImportError as error:
        raise UnavailableError(
            ErrorCode.DEVICE_UNAVAILABLE, "for Arabic: pip install 'tillcode[terminal]'", param="font"
        ) from error
    return str(reshape(text))


def _is_right_to_left(text: str) -> bool:
    return any(0x0590 <= ord(one) <= 0x08FF or 0xFB50 <= ord(one) <= 0xFEFF for one in text)


def _font(text: str, weight: str, size_px: int, fonts: Path) -> ImageFont.FreeTypeFont:
    """One font for a whole piece of text; the Noto fonts have Latin letters and figures too."""
    name = FONT_FILES.get(script_of(text), "Inter-{weight}-latin-tabular.otf")
    return _loaded(fonts / name.format(weight=weight), size_px)


@lru_cache(maxsize=16)
def _loaded(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    layout = ImageFont.Layout.RAQM if features.check("raqm") else ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(str(path), size_px, layout_engine=layout)
    except OSError as error:
        raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"there is no font {path.name}", param="font") from error
