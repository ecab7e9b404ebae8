"""A paper as PDF, to be sent or kept: letters as letters where our Latin font has them, else the picture.

fpdf2 is imported when the first one is made.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from terminal_app.devices.paper import WIDTH_PX_80, Paper, PaperLine, Row, Style, rows_of
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
#: Least room between a text and its value.
GAP_MM: Final = 2.0
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
    pdf = FPDF(unit="mm")
    pdf.set_creation_date(datetime.fromtimestamp(made_at_s, tz=UTC))
    pdf.set_auto_page_break(auto=False)
    pdf.set_margin(MARGIN_MM)
    pdf.c_margin = 0
    if all(one <= _LATIN_LAST for line in paper.lines for one in f"{line.text}{line.value}"):
        _write(pdf, paper, fonts)
    else:
        picture = picture_of(paper, width_px=WIDTH_PX_80, fonts=fonts)
        pdf.add_page(format=(WIDTH_MM, picture.height * WIDTH_MM / picture.width))
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
    set_lines = [(line, _rows(pdf, line)) for line in paper.lines]
    lines_mm = sum(_step_mm(line) * (len(rows) or 1) for line, rows in set_lines)
    pdf.add_page(format=(WIDTH_MM, 2 * MARGIN_MM + lines_mm + (CODE_MM if paper.code_text else 0)))
    top = MARGIN_MM
    for line, rows in set_lines:
        top = _write_line(pdf, line, rows, top=top)
    if paper.code_text:
        code = qr.picture(paper.code_text, module_px=6)
        pdf.image(code, x=(WIDTH_MM - CODE_MM) / 2, y=top, w=CODE_MM)


def _rows(pdf: Any, line: PaperLine) -> list[Row]:
    _set_font(pdf, line)
    return rows_of(line, room=WIDTH_MM - 2 * MARGIN_MM, measure=pdf.get_string_width, gap=GAP_MM)


def _set_font(pdf: Any, line: PaperLine) -> None:
    style = "" if line.style is Style.NORMAL else "B"
    pdf.set_font("Receipt", style=style, size=TITLE_PT if line.style is Style.TITLE else TEXT_PT)


def _step_mm(line: PaperLine) -> float:
    return TITLE_LINE_MM if line.style is Style.TITLE else LINE_MM


def _write_line(pdf: Any, line: PaperLine, rows: list[Row], *, top: float) -> float:
    """Write one line at this height; returns the height of the next."""
    room_mm, step_mm = WIDTH_MM - 2 * MARGIN_MM, _step_mm(line)
    if line.style is Style.RULE:
        pdf.line(MARGIN_MM, top + LINE_MM / 2, WIDTH_MM - MARGIN_MM, top + LINE_MM / 2)
        return top + step_mm
    _set_font(pdf, line)
    for row in rows:
        for text, side in ((row.text, "C" if line.style is Style.TITLE else "L"), (row.value, "R")):
            pdf.set_xy(MARGIN_MM, top)
            pdf.cell(room_mm, step_mm, text, align=side)
        top += step_mm
    return top
