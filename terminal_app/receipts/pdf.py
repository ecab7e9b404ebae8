"""A paper as PDF, to be sent or kept: letters as letters where our Latin font has them, else the picture.

fpdf2 is imported when the first one is made.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from terminal_app.devices.paper import WIDTH_PX_80, Paper, PaperLine, Style
from terminal_app.devices.raster import picture_of
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

WIDTH_MM: Final = 80.0
MARGIN_MM: Final = 5.0
LINE_MM: Final = 5.0
TITLE_LINE_MM: Final = 7.0
TEXT_PT: Final = 9
TITLE_PT: Final = 14
CODE_MM: Final = 60.0
#: Last character that the Latin fonts in assets/fonts are sure to have.
_LATIN_LAST: Final = "\u017f"


def pdf_of(paper: Paper, *, fonts: Path, made_at_s: int) -> bytes:
    """One page, as long as the paper is. The same paper at the same time is the same file.

    Raises:
        UnavailableError: DEVICE_UNAVAILABLE when fpdf2 or a font is missing.
    """
    try:
        from fpdf import FPDF
    except ImportError as error:
        raise UnavailableError(
            ErrorCode.DEVICE_UNAVAILABLE, "for PDF: pip install 'tillcode[devices]'", param="pdf"
        ) from error
    latin = all(one <= _LATIN_LAST for line in paper.lines for one in f"{line.text}{line.value}")
    pdf = FPDF(unit="mm", format=(WIDTH_MM, _height_mm(paper, fonts) if not latin else _text_height_mm(paper)))
    pdf.set_creation_date(datetime.fromtimestamp(made_at_s, tz=UTC))
    pdf.set_auto_page_break(auto=False)
    pdf.set_margin(MARGIN_MM)
    pdf.add_page()
    if latin:
        _write(pdf, paper, fonts)
    else:
        picture = picture_of(paper, width_px=WIDTH_PX_80, fonts=fonts)
        pdf.image(picture, x=0, y=0, w=WIDTH_MM)
    content = BytesIO()
    pdf.output(content)
    return content.getvalue()


def _write(pdf: Any, paper: Paper, fonts: Path) -> None:
    try:
        pdf.add_font("Receipt", fname=fonts / "Inter-Medium-latin-tabular.otf")
        pdf.add_font("Receipt", style="B", fname=fonts / "Inter-Bold-latin-tabular.otf")
    except OSError as error:
        raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "a font is missing", param="font") from error
    top = MARGIN_MM
    for line in paper.lines:
        top = _write_line(pdf, line, top=top)
    if paper.code_text:
        code = qr.picture(paper.code_text, module_px=6)
        pdf.image(code, x=(WIDTH_MM - CODE_MM) / 2, y=top, w=CODE_MM)


def _write_line(pdf: Any, line: PaperLine, *, top: float) -> float:
    """Write one line at this height; returns the height of the next."""
    room_mm = WIDTH_MM - 2 * MARGIN_MM
    if line.style is Style.RULE:
        pdf.line(MARGIN_MM, top + LINE_MM / 2, WIDTH_MM - MARGIN_MM, top + LINE_MM / 2)
        return top + LINE_MM
    is_title = line.style is Style.TITLE
    pdf.set_font("Receipt", style="" if line.style is Style.NORMAL else "B", size=TITLE_PT if is_title else TEXT_PT)
    step_mm = TITLE_LINE_MM if is_title else LINE_MM
    pdf.set_xy(MARGIN_MM, top)
    text_mm = room_mm - (pdf.get_string_width(line.value) + 2 if line.value else 0)
    pdf.multi_cell(text_mm, step_mm, line.text, align="C" if is_title else "L", new_x="LEFT", new_y="NEXT")
    below = max(top + step_mm, pdf.get_y())
    if line.value:
        pdf.set_xy(MARGIN_MM, below - step_mm)
        pdf.cell(room_mm, step_mm, line.value, align="R")
    return float(below)


def _text_height_mm(paper: Paper) -> float:
    # Two lines for each that may be broken: paper costs nothing in a PDF.
    lines_mm = sum(TITLE_LINE_MM if line.style is Style.TITLE else LINE_MM for line in paper.lines)
    longest_mm = sum(LINE_MM for line in paper.lines if len(line.text) + len(line.value) > 36)
    return 2 * MARGIN_MM + lines_mm + longest_mm + (CODE_MM if paper.code_text else 0)


def _height_mm(paper: Paper, fonts: Path) -> float:
    picture = picture_of(paper, width_px=WIDTH_PX_80, fonts=fonts)
    return picture.height * WIDTH_MM / picture.width
