"""Envelopes as QR codes, read back by a decoder that is not ours."""

from random import Random  # noqa: TID251 (the type of the rng fixture)

import pytest
from PIL import Image

from tests.unit.wallet_sdk.protocol.samples import DIGEST, code_raised
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.base45 import ALPHABET
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.testing import Scheme

#: ISO/IEC 18004 table 7: alphanumeric characters at ECC level M, by version.
CAPACITY_M = {1: 20, 2: 38, 5: 122, 9: 262, 10: 311, 13: 483}


def test_text_and_envelope_are_each_others_inverse(rng: Random) -> None:
    """Any bytes, any length."""
    for length in (0, 1, 2, 171, 172, 319, 512):
        envelope = Envelope(rng.randbytes(length))
        text = qr.to_text(envelope)
        assert text.startswith("TC1:")
        assert set(text) <= set(ALPHABET)
        assert qr.from_text(text) == envelope


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ErrorCode.NOT_A_TILLCODE),
        ("TC1", ErrorCode.NOT_A_TILLCODE),
        ("tc1:BB8", ErrorCode.NOT_A_TILLCODE),
        (" TC1:BB8", ErrorCode.NOT_A_TILLCODE),
        ("TC:BB8", ErrorCode.NOT_A_TILLCODE),
        ("TC12:BB8", ErrorCode.NOT_A_TILLCODE),
        ("https://example.com", ErrorCode.NOT_A_TILLCODE),
        ("00020101021126", ErrorCode.NOT_A_TILLCODE),
        ("TC2:BB8", ErrorCode.UNSUPPORTED_VERSION),
        ("TC0:", ErrorCode.UNSUPPORTED_VERSION),
        ("TC1:bb8", ErrorCode.BAD_BASE45),
        ("TC1:B", ErrorCode.BAD_BASE45),
        ("TC1:BB8\n", ErrorCode.BAD_BASE45),
        ("TC1:" + "0" * 4293, ErrorCode.MESSAGE_TOO_LARGE),
        ("\ud800", ErrorCode.NOT_A_TILLCODE),
    ],
)
def test_other_texts_are_refused(text: str, code: ErrorCode) -> None:
    """Other schemes, other versions, lower case, and what no QR code can hold. (R-1, R-3)"""
    assert code_raised(lambda: qr.from_text(text)) is code


@pytest.mark.parametrize(("version", "capacity"), CAPACITY_M.items())
def test_the_smallest_version_that_fits_is_drawn(version: int, capacity: int) -> None:
    """Exactly as many characters as the standard says, in alphanumeric mode at level M; one more needs more."""
    assert len(qr.matrix("A" * capacity)) == 17 + 4 * version
    if version < 13:
        assert len(qr.matrix("A" * (capacity + 1))) == 17 + 4 * (version + 1)
    else:
        assert code_raised(lambda: qr.matrix("A" * (capacity + 1))) is ErrorCode.BAD_ARGUMENT


@pytest.mark.parametrize("length", [484, 4296, 10_000])
def test_denser_codes_are_not_drawn(length: int) -> None:
    """Neither what would be version 14 nor what is no QR code at all. (R-4)"""
    assert code_raised(lambda: qr.matrix("A" * length)) is ErrorCode.BAD_ARGUMENT


def test_what_the_library_cannot_draw_is_our_own_error() -> None:
    """A code of nothing but zeros trips qrcode 8.2; no envelope is one, and no other error comes out."""
    assert code_raised(lambda: qr.matrix("TC1:" + "0" * 479)) is ErrorCode.BAD_ARGUMENT


def test_a_matrix_has_finders_and_timing() -> None:
    """Three eyes, the timing pattern between them, and the dark module."""
    rows = qr.matrix("TC1:" + "0" * 30)
    side = len(rows)
    eye = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
    for top, left in ((0, 0), (0, side - 7), (side - 7, 0)):
        drawn = ["".join("01"[module] for module in row[left : left + 7]) for row in rows[top : top + 7]]
        assert drawn == eye
    assert [rows[6][x] for x in range(8, side - 8)] == [x % 2 == 0 for x in range(8, side - 8)]
    assert rows[side - 8][8]


def decoded(picture: Image.Image) -> list[str]:
    """What zxing-cpp, which shares no code with the writer, reads."""
    zxingcpp = pytest.importorskip("zxingcpp")
    return [found.text for found in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("module_px", [2, 3, 8])
def test_a_picture_is_read_back(module_px: int) -> None:
    """All four kinds of codes that are shown."""
    scheme = Scheme()
    token = scheme.token().envelope
    for sealed in (
        scheme.request(),
        scheme.intent(token=token, request_digest=DIGEST),
        scheme.code(token=token),
        scheme.certificate(),
    ):
        text = qr.to_text(sealed.envelope)
        assert decoded(qr.picture(text, module_px=module_px)) == [text]


def test_a_picture_is_grey_with_a_quiet_zone() -> None:
    """Black and white only, four white modules around, whole pixels a module."""
    text = "TC1:BB8"
    picture = qr.picture(text, module_px=3)
    side = (len(qr.matrix(text)) + 8) * 3
    assert (picture.mode, picture.size) == ("L", (side, side))
    assert {value for _, value in picture.getcolors() or []} == {0, 255}
    zone = 4 * 3
    assert picture.crop((0, 0, side, zone)).getextrema() == (255, 255)
    assert picture.crop((0, 0, zone, side)).getextrema() == (255, 255)
    assert picture.getpixel((zone, zone)) == 0


@pytest.mark.parametrize("module_px", [0, -1])
def test_a_module_has_a_pixel(module_px: int) -> None:
    """Else there is nothing to see."""
    assert code_raised(lambda: qr.picture("TC1:", module_px=module_px)) is ErrorCode.BAD_ARGUMENT


def test_text_for_a_terminal_shows_the_same_modules() -> None:
    """Half blocks: two rows of modules a line, the same code pixel for pixel."""
    text = qr.to_text(Scheme().request().envelope)
    lines = qr.terminal_text(text).split("\n")
    side = len(qr.matrix(text)) + 8
    assert len(lines) == (side + 1) // 2
    assert {len(line) for line in lines} == {side}
    assert set("".join(lines)) == set("█▀▄ ")
    halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    rows = [[halves[glyph][half] for glyph in line] for line in lines for half in (0, 1)]
    picture = Image.new("L", (side, side))
    picture.putdata([level for row in rows[:side] for level in row])
    assert picture.tobytes() == qr.picture(text, module_px=1).tobytes()
    assert decoded(picture.resize((side * 4, side * 4), Image.Resampling.NEAREST)) == [text]
