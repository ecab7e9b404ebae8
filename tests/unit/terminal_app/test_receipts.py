"""Receipts say what is true, in every language, on every width of paper, and on a PDF that reads back as a code."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC
from io import BytesIO
from itertools import pairwise

import pytest
from PIL import Image

from terminal_app.config import assets_folder
from terminal_app.devices import raster
from terminal_app.devices.paper import (
    COLUMNS_58,
    COLUMNS_80,
    WIDTH_PX_58,
    WIDTH_PX_80,
    Paper,
    PaperLine,
    Row,
    Style,
    as_text,
    is_plain,
    rows_of,
    width_of,
)
from terminal_app.devices.raster import picture_of
from terminal_app.journal.history import entry_of
from terminal_app.office import close_day
from terminal_app.receipts import Edition, Letterhead, Training, refund_paper, report_paper, sale_paper
from terminal_app.receipts.pdf import CODE_MM, MARGIN_MM, pdf_of
from terminal_app.receipts.words import WORDS, Word
from terminal_app.reports import x_report
from terminal_app.screen_model import Language
from tests.unit.terminal_app.people import sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.decoding import decode_codes
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import Scheme

FONTS = assets_folder() / "fonts"
HEAD = Letterhead(shop=Scheme().certificate().message, language=Language.ENGLISH, zone=UTC, footer="Thank you")
LATIN = [Language.ENGLISH, Language.SPANISH, Language.FRENCH, Language.GERMAN, Language.PORTUGUESE]


def text_of(paper: Paper) -> str:
    """All that is written on it."""
    return "\n".join(f"{line.text} {line.value}".strip() for line in paper.lines)


def sale_on_paper(shop: Shop, *, head: Letterhead = HEAD, edition: Edition = Edition.FIRST) -> Paper:
    """The receipt of the latest sale."""
    sale = shop.till.views.latest_sale
    assert sale is not None
    return sale_paper(
        entry_of(sale), head=head, receipt=sale.receipt or sale.offline_receipt, staff_name="Ada", edition=edition
    )


def test_a_paid_sale(shop: Shop) -> None:
    """Shop, outcome, amount with its code, till, cashier, time, reference, and the operator's receipt as a code."""
    sell(shop, 1_250, reference="R-7")
    paper = sale_on_paper(shop)
    text = text_of(paper)
    for wanted in (
        "Café Mole",
        "PAID",
        "Total 12.50 EUR",
        "Till 2001",
        "Cashier Ada",
        "2026-11-23",
        "R-7",
        "Thank you",
    ):
        assert wanted in text
    assert "Tip" not in text
    sale = shop.till.views.latest_sale
    assert sale is not None
    assert qr.from_text(paper.code_text) == sale.receipt


def test_only_a_confirmed_payment_is_called_paid(shop: Shop) -> None:
    """Accepted offline is called so, and a lost one not known."""
    shop.go_offline()
    sell(shop, 700)
    paper = sale_on_paper(shop)
    assert "ACCEPTED OFFLINE" in text_of(paper)
    assert "PAID" not in text_of(paper).split()
    sale = shop.till.views.latest_sale
    assert sale is not None
    for state, word in (
        (State.UNKNOWN, Word.UNKNOWN),
        (State.REQUESTED, Word.UNKNOWN),
        (State.DECLINED, Word.NOT_PAID),
        (State.REJECTED, Word.NOT_PAID),
        (State.CAPTURED, Word.PAID),
    ):
        paper = sale_paper(replace(entry_of(sale), state=state), head=HEAD, receipt=None)
        assert WORDS[Language.ENGLISH][word] in [line.text for line in paper.lines]
        assert paper.code_text == ""


def test_a_tip_stands_apart_and_a_copy_says_so(shop: Shop) -> None:
    """Bill, tip, total."""
    sell(shop, 1_000)
    sale = shop.till.views.latest_sale
    assert sale is not None
    entry = replace(entry_of(sale), paid_minor=1_100, tip_minor=100)
    text = text_of(sale_paper(entry, head=HEAD, receipt=None, edition=Edition.COPY))
    for wanted in ("Amount 10.00 EUR", "Tip 1.00 EUR", "Total 11.00 EUR", "Copy"):
        assert wanted in text


def test_training_is_marked_at_both_ends(shop: Shop) -> None:
    """Nobody mistakes it for a receipt, however it is torn."""
    sell(shop, 100)
    lines = sale_on_paper(shop, head=replace(HEAD, training=Training.YES)).lines
    mark = WORDS[Language.ENGLISH][Word.TRAINING]
    assert (lines[0].text, lines[-1].text) == (mark, mark)


def test_a_refund_is_called_done_only_when_it_is(shop: Shop) -> None:
    """Asked, refused, given."""
    request_id = sell(shop, 1_250)
    record = shop.till.refunds.ask(request_id, amount_minor=300, reason="cold", cap_minor=10_000)
    assert "REFUND, NOT CONFIRMED YET" in text_of(refund_paper(record, head=HEAD))
    shop.outbox.send_now()
    shop.core.tick()
    shop.run()
    done = shop.till.refunds.record(record.refund.message.refund_id)
    paper = refund_paper(done, head=HEAD, staff_name="Ada")
    assert "REFUND" in [line.text for line in paper.lines]
    assert "cold" in text_of(paper)
    assert qr.from_text(paper.code_text) == done.receipt
    refused = replace(record, state=State.DECLINED, error_code=int(ErrorCode.BAD_TRANSITION))
    assert "REFUND REFUSED" in text_of(refund_paper(refused, head=HEAD))


def test_reports_on_paper(shop: Shop) -> None:
    """X has no number and no digest; Z has both, and the one before."""
    sell(shop, 1_250)
    shop.go_offline()
    sell(shop, 700)
    x = text_of(report_paper(x_report(shop.till.views, currency=Currency.EUR, at_s=shop.time.now_s()), head=HEAD))
    for wanted in ("X report", "Paid online (1) 12.50 EUR", "Accepted offline (1) 7.00 EUR", "Takings 19.50 EUR"):
        assert wanted in x
    assert "Unsent (1) 7.00 EUR" in x
    report = close_day(shop.journal, time=shop.time, currency=Currency.EUR)
    z = text_of(report_paper(report, head=HEAD))
    assert "Z report 1" in z
    assert report.digest.hex() in z
    assert "< -" in z


@pytest.mark.parametrize("columns", [COLUMNS_58, COLUMNS_80])
@pytest.mark.parametrize("language", Language, ids=lambda language: language.value)
def test_no_line_is_wider_than_the_paper(shop: Shop, language: Language, columns: int) -> None:
    """In any language; and the amount is whole, at the end of its line."""
    sell(shop, 1_250)
    paper = sale_on_paper(shop, head=replace(HEAD, language=language))
    lines = as_text(paper, columns=columns)
    assert max(map(width_of, lines)) <= columns
    commas = {Language.GERMAN, Language.FRENCH, Language.SPANISH, Language.PORTUGUESE}
    assert any(line.endswith("12,50 EUR" if language in commas else "12.50 EUR") for line in lines)
    assert re.search(r"\d\d\.\d\d\.\d{4} \d\d:\d\d", "\n".join(lines)) or language is not Language.GERMAN


def test_long_words_are_broken_and_long_values_get_their_own_line() -> None:
    """Nothing is cut off."""
    paper = Paper(lines=(PaperLine(text="x" * 70, value="1.00 EUR"), PaperLine(text="a", value="y" * 30)))
    lines = as_text(paper, columns=32)
    assert "".join(lines).count("x") == 70
    assert "".join(lines).count("y") == 30
    assert max(map(len, lines)) <= 32
    assert as_text(Paper(lines=(PaperLine(text="ab", style=Style.TITLE),)), columns=10) == ("    ab",)


def test_only_ascii_is_plain(shop: Shop) -> None:
    """The shop's own name already has an accent."""
    sell(shop, 100)
    assert not is_plain(sale_on_paper(shop))
    assert is_plain(Paper(lines=(PaperLine(text="Cafe", value="1.00 EUR"),)))


def test_every_language_has_every_word() -> None:
    """And none is empty or left in English by mistake."""
    for language in Language:
        assert set(WORDS[language]) == set(Word)
        assert all(one.strip() for one in WORDS[language].values())
        if language is not Language.ENGLISH:
            assert WORDS[language][Word.TRAINING] != WORDS[Language.ENGLISH][Word.TRAINING]


@pytest.mark.parametrize("width_px", [WIDTH_PX_58, WIDTH_PX_80])
def test_a_picture_of_a_receipt_reads_back(shop: Shop, width_px: int) -> None:
    """Its code, from the printed dots."""
    sell(shop, 1_250)
    paper = sale_on_paper(shop)
    picture = picture_of(paper, width_px=width_px, fonts=FONTS)
    assert picture.width == width_px
    assert decode_codes(picture) == [paper.code_text]


@pytest.mark.parametrize("language", LATIN, ids=lambda language: language.value)
def test_no_letter_of_ours_is_missing_from_the_latin_fonts(language: Language) -> None:
    """A missing glyph would be a box on somebody's receipt."""
    from fontTools.ttLib import TTFont

    for name in ("Inter-Medium-latin-tabular.otf", "Inter-Bold-latin-tabular.otf"):
        known = TTFont(FONTS / name).getBestCmap()
        letters = {one for text in WORDS[language].values() for one in text}
        assert {one for one in letters if ord(one) not in known} == set()


OTHER_SCRIPTS = {
    Language.CHINESE: "NotoSansSC",
    Language.HINDI: "NotoSansDevanagari",
    Language.ARABIC: "NotoSansArabic",
}


@pytest.mark.parametrize("language", OTHER_SCRIPTS, ids=lambda language: language.value)
def test_no_letter_of_other_scripts_is_missing(language: Language) -> None:
    """In the forms in which they are drawn."""
    from fontTools.ttLib import TTFont

    for weight in ("Medium", "Bold"):
        known = TTFont(FONTS / f"{OTHER_SCRIPTS[language]}-{weight}-subset.ttf").getBestCmap()
        drawn = {one for text in WORDS[language].values() for one in raster._joined(text)}
        assert {one for one in drawn if ord(one) not in known} == set()


@pytest.mark.parametrize("language", OTHER_SCRIPTS, ids=lambda language: language.value)
def test_receipts_in_other_scripts_are_pictures_on_paper_and_in_the_pdf(shop: Shop, language: Language) -> None:
    """Their code reads back, and the PDF holds the same picture."""
    sell(shop, 1_250)
    paper = sale_on_paper(shop, head=replace(HEAD, language=language))
    assert not is_plain(paper)
    picture = picture_of(paper, width_px=WIDTH_PX_80, fonts=FONTS)
    assert decode_codes(picture) == [paper.code_text]
    content = pdf_of(paper, fonts=FONTS, made_at_s=1_800_000_000)
    assert b"/Subtype /Image" in content
    assert b"/FontFile" not in content


def test_a_pdf_is_the_same_file_each_time(shop: Shop) -> None:
    """Letters as letters, one page, reproducible."""
    sell(shop, 1_250)
    paper = sale_on_paper(shop)
    content = pdf_of(paper, fonts=FONTS, made_at_s=1_800_000_000)
    assert content.startswith(b"%PDF-")
    assert content == pdf_of(paper, fonts=FONTS, made_at_s=1_800_000_000)
    assert b"/FontFile" in content
    assert content.count(b"/Type /Page\n") == 1
    assert len(content) < 200_000


@pytest.mark.parametrize(("name", "longer"), [("A", "right"), ("\u0623", "left")], ids=["latin", "arabic"])
def test_a_line_begins_on_the_side_that_it_is_read_from(name: str, longer: str) -> None:
    """What it is comes first, and its value, which is longer, stands at its end."""
    paper = Paper(lines=(PaperLine(text=name, value="12345.67 EUR"),))
    picture = picture_of(paper, width_px=WIDTH_PX_58, fonts=FONTS)
    columns = range(picture.width)
    inked = [x for x in columns if any(picture.crop((x, 0, x + 1, picture.height)).histogram()[:128])]
    gap_px, gap_at = max((after - before, before) for before, after in pairwise(inked))
    widths = {"left": gap_at - inked[0], "right": inked[-1] - gap_at - gap_px}
    assert max(widths, key=widths.__getitem__) == longer
    assert max(widths.values()) > 5 * min(widths.values())


def test_a_picture_is_black_on_white_and_bounded() -> None:
    """Two metres at most, whatever is written on it."""
    endless = Paper(lines=tuple(PaperLine(text="word " * 40) for _ in range(300)))
    picture = picture_of(endless, width_px=WIDTH_PX_58, fonts=FONTS)
    assert picture.height <= 16_000
    content = BytesIO()
    picture.save(content, "PNG")
    assert isinstance(Image.open(content), Image.Image)
    assert picture.getextrema() == (0, 255)


LONG = ("x" * 120, "Thank you for your visit and see you soon again, dear friends", "M" * 32, "เก" * 60, "नमस्ते" * 20)


def printed_text(paper: Paper) -> str:
    """Every character of a paper, without the spaces between."""
    return "".join("".join(f"{line.text}{line.value}".split()) for line in paper.lines)


@pytest.mark.parametrize("long", LONG)
@pytest.mark.parametrize("room", [COLUMNS_58, COLUMNS_80, 7])
def test_nothing_of_a_long_value_is_lost_and_its_label_stays_whole(long: str, room: int) -> None:
    """As label, as value and as title; the label of a long value stands above it in whole words."""
    for line in (
        PaperLine(text=long),
        PaperLine(text="Reason", value=long),
        PaperLine(text=long, value=long),
        PaperLine(text=long, style=Style.TITLE),
    ):
        rows = rows_of(line, room=room, measure=width_of, gap=1)
        shown = "".join("".join(one.text.split()) for one in rows) + "".join("".join(one.value.split()) for one in rows)
        assert shown == printed_text(Paper(lines=(line,)))
        assert all(width_of(one.text) + width_of(one.value) <= room for one in rows)
    first = rows_of(PaperLine(text="Reason", value=long), room=room, measure=width_of, gap=1)[0]
    assert first in {Row("Reason"), Row("Reason", long)}


@pytest.mark.parametrize("width_px", [WIDTH_PX_58, WIDTH_PX_80])
def test_a_long_value_stands_below_its_label_in_the_picture(width_px: int) -> None:
    """Nothing leaves the paper at its left, and the label takes one line."""
    above = picture_of(Paper(lines=(PaperLine(text="Reason"),)), width_px=width_px, fonts=FONTS).height
    for value in ("returned, because it was torn at the seam", "é" * 90):
        paper = picture_of(Paper(lines=(PaperLine(text="Reason", value=value),)), width_px=width_px, fonts=FONTS)
        assert paper.height < 6 * above
        left = paper.crop((0, 0, raster.MARGIN_PX - 2, paper.height))
        assert left.getextrema() == (255, 255)


@pytest.mark.parametrize("long", [*LONG[:3], "é" * 120])
def test_a_long_footer_name_or_reason_leaves_the_code_of_a_pdf_whole(shop: Shop, long: str) -> None:
    """The page is as long as what stands on it; a refund's reason once ended the till."""
    sell(shop, 1_250)
    paper = sale_on_paper(shop, head=replace(HEAD, footer=long))
    paper = replace(
        paper, lines=(PaperLine(text=long, style=Style.TITLE), *paper.lines, PaperLine(text="R", value=long))
    )
    page = pdf_of(paper, fonts=FONTS, made_at_s=0)
    height_mm = float(page.split(b"/MediaBox [0 0 ")[1].split(b"]")[0].split()[1]) * 25.4 / 72
    last_mm = height_mm - MARGIN_MM
    code_mm = [float(one) for one in page_code_box(page, height_mm)]
    assert code_mm[1] <= last_mm + 0.1
    assert code_mm[1] - code_mm[0] == pytest.approx(CODE_MM, abs=0.1)


def page_code_box(page: bytes, height_mm: float) -> tuple[float, float]:
    """Top and bottom of the picture on the page, in millimetres from its upper edge."""
    import zlib

    for part in page.split(b"stream\n")[1:]:
        with suppress(zlib.error):
            content = zlib.decompress(part.split(b"\nendstream")[0])
            if b" cm /I" in content:
                numbers = content.split(b" cm /I")[0].split()[-6:]
                height, bottom = float(numbers[3]) * 25.4 / 72, float(numbers[5]) * 25.4 / 72
                return height_mm - bottom - height, height_mm - bottom
    raise AssertionError("no picture on the page")
