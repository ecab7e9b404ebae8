"""The decoder cascade: real photographs, hard pictures, hostile pictures, missing decoders."""

import hashlib
import importlib
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import qrcode
from PIL import Image, ImageFilter

from wallet_sdk import decoding
from wallet_sdk.decoding import Decoder, GreyFrame, decode_codes, find_codes, grey_frame, load_readers
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, UnavailableError

PHOTOGRAPHS = sorted((Path(__file__).parents[2] / "vectors" / "qr_images").glob("*.png"))
TEXT = "TC1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDEPWK G2EP4J0BGJLFX3R3VHXK.PJ:2DPF6R:5SVBHABVCNN95SWMPHQUHQN%A"


def code_picture(text: str = TEXT, *, pixels_per_module: int = 4) -> Image.Image:
    """A grey picture of one code, with its quiet zone."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=pixels_per_module, border=4)
    code.add_data(text)
    return code.make_image().get_image().convert("L")


def noisy(picture: Image.Image, *, share: float) -> Image.Image:
    """Mix in the same noise every time."""
    noise = hashlib.shake_256(b"noise").digest(picture.width * picture.height)
    return Image.blend(picture, Image.frombytes("L", picture.size, noise), share)


def resized(picture: Image.Image, *, scale: float) -> Image.Image:
    """Larger or smaller, as a camera farther away would see it."""
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.resize(size, Image.Resampling.BOX)


HARDSHIPS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "out of focus": lambda picture: picture.filter(ImageFilter.GaussianBlur(1.6)),
    "moved": lambda picture: picture.filter(ImageFilter.BoxBlur(2)),
    "dark and noisy": lambda picture: noisy(picture, share=0.4),
    "far": lambda picture: resized(picture, scale=0.4),
    "pale": lambda picture: noisy(picture, share=0.05).point(lambda shade: 110 + shade * 0.08),
}


def expected(photograph: Path) -> str:
    """The text of a photograph, byte for byte."""
    return photograph.with_suffix(".txt").read_bytes().decode()


def only(decoder: Decoder) -> dict[Decoder, decoding.Reader]:
    """Readers of one decoder."""
    return {decoder: load_readers()[decoder]}


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda path: path.stem)
def test_every_photograph_is_read_exactly(photograph: Path) -> None:
    """The published photographs carry what their publisher says."""
    with Image.open(photograph) as picture:
        assert decode_codes(picture) == [expected(photograph)]


def test_the_photographs_are_there() -> None:
    """A test over an empty folder would pass."""
    assert len(PHOTOGRAPHS) == 9


@pytest.mark.parametrize("hardship", HARDSHIPS)
def test_the_cascade_reads_what_zxing_alone_reads_and_more(hardship: str) -> None:
    """Under each hardship the reworked frames win pictures and lose none; and none is read wrongly."""
    first_reader = load_readers()[Decoder.ZXING]
    alone, cascade = set(), set()
    for photograph in PHOTOGRAPHS:
        with Image.open(photograph) as picture:
            frame = grey_frame(HARDSHIPS[hardship](picture.convert("L")))
        assert frame is not None
        text = expected(photograph)
        if first_reader(frame) == [text]:
            alone.add(photograph.stem)
        found = decode_codes(frame)
        assert found in ([], [text])
        if found:
            cascade.add(photograph.stem)
    assert cascade > alone, f"zxing alone reads {sorted(alone)}, the cascade {sorted(cascade)}"


@pytest.mark.parametrize("angle", [0, 17, 45, 90, 180, 233])
def test_a_code_is_read_at_any_angle(angle: int) -> None:
    """Nobody holds a telephone straight."""
    turned = code_picture().rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert decode_codes(turned) == [TEXT]


def test_a_light_code_on_dark_is_read() -> None:
    """Dark themes invert codes."""
    assert decode_codes(code_picture().point(lambda shade: 255 - shade)) == [TEXT]


def test_small_modules_are_read() -> None:
    """Two pixels a module, and blurred: the doubled frame is for this."""
    small = code_picture(pixels_per_module=2).filter(ImageFilter.GaussianBlur(0.8))
    assert decode_codes(small) == [TEXT]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F"])
def test_every_usual_mode_of_pillow_is_read(mode: str) -> None:
    """Screens give RGBA, scanners 1 bit, cameras YCbCr."""
    assert decode_codes(code_picture().convert(mode)) == [TEXT]


def test_sixteen_bit_pictures_are_read() -> None:
    """A shade of 16 bits is scaled, not clipped to white."""
    grey = code_picture()
    shades = b"".join(bytes((shade, shade)) for shade in grey.tobytes())
    assert decode_codes(Image.frombytes("I;16", grey.size, shades)) == [TEXT]


def test_transparency_is_paper() -> None:
    """Black on transparent would be black on black if alpha were dropped."""
    grey = code_picture()
    clear = Image.new("RGBA", grey.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=grey.point(lambda shade: 255 - shade))
    assert decode_codes(clear) == [TEXT]


@pytest.mark.parametrize("decoder", list(Decoder))
def test_each_decoder_reads_a_clean_code_by_itself(decoder: Decoder) -> None:
    """Each step stands on its own where the other decoder is not installed."""
    assert decoder in decoding.available_decoders()
    assert find_codes(code_picture(), readers=only(decoder)) == [TEXT]


def test_two_codes_come_in_one_answer_without_doubles() -> None:
    """The same text twice is one answer; the sequence is stable."""
    one, other = code_picture("FIRST"), code_picture("SECOND")
    sheet = Image.new("L", (one.width * 3, one.height), "white")
    for place, picture in enumerate((one, other, one)):
        sheet.paste(picture, (place * one.width, 0))
    assert sorted(decode_codes(sheet)) == ["FIRST", "SECOND"]
    assert decode_codes(sheet) == decode_codes(sheet)


def test_a_sheet_of_codes_is_cut_at_the_limit() -> None:
    """A frame gives at most CODES_PER_FRAME_MAX texts."""
    pictures = [code_picture(f"CODE {number}") for number in range(12)]
    side = pictures[0].width
    sheet = Image.new("L", (side * 4, side * 3), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % 4 * side, number // 4 * side))
    assert len(decode_codes(sheet)) == decoding.CODES_PER_FRAME_MAX


@pytest.mark.parametrize("text", ["支付 12", "Zahlung für Käse", "भुगतान", "a\r\nb"])
def test_text_beyond_ascii_is_read(text: str) -> None:
    """UTF-8 is what codes of other makers carry."""
    assert decode_codes(code_picture(text)) == [text]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01\x80", bytes(range(256)), b"\xd2\x84\x43\xa1\x01\x26\xa0"])
def test_bytes_that_are_no_text_are_dropped(content: bytes) -> None:
    """Neither decoder may invent text for binary codes."""
    code = qrcode.QRCode(box_size=4)
    code.add_data(content)
    assert decode_codes(code.make_image().get_image()) == []


def test_zbar_is_not_believed_about_character_sets() -> None:
    """zbar reads UTF-8 as Shift-JIS; a wrong text is worse than none."""
    assert find_codes(code_picture("支付 12"), readers=only(Decoder.ZBAR)) == []


def finder_field(side: int) -> Image.Image:
    """Nothing but finder patterns: the costliest picture known for a QR detector."""
    finder = Image.new("L", (24, 24), "white")
    for inset, shade in ((0, "black"), (3, "white"), (6, "black")):
        finder.paste(shade, (inset, inset, 21 - inset, 21 - inset))
    field = Image.new("L", (side, side), "white")
    for left in range(0, side, 24):
        for top in range(0, side, 24):
            field.paste(finder, (left, top))
    return field


HOSTILE = {
    "one pixel": Image.new("L", (1, 1)),
    "no pixels": Image.new("L", (0, 0)),
    "thin": Image.new("L", (1, 5000)),
    "flat": Image.new("L", (640, 480), 128),
    "gradient": Image.linear_gradient("L").resize((640, 480)),
    "noise": noisy(Image.new("L", (640, 480)), share=1.0),
    "finder patterns": finder_field(480),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures_hold_nothing(name: str) -> None:
    """No crash, no text out of nothing."""
    assert decode_codes(HOSTILE[name]) == []


def test_every_step_of_the_cascade_gets_a_bounded_frame() -> None:
    """Work is bounded by the picture limits, whatever the picture's size."""
    pixels: list[int] = []

    def measure(frame: GreyFrame) -> list[str]:
        pixels.append(frame.width * frame.height)
        return []

    huge = Image.new("L", (8000, 6000), 128)
    assert find_codes(huge, readers={Decoder.ZXING: measure, Decoder.ZBAR: measure}) == []
    assert len(pixels) == 1 + len(decoding.REWORKS) + 1
    assert pixels[0] <= decoding.FIRST_PASS_PIXELS_MAX
    assert max(pixels[1:]) <= decoding.REWORK_PIXELS_MAX


def test_a_large_photograph_with_a_small_code_is_read() -> None:
    """Reduction to the first pass leaves enough pixels of a code a seventh as wide as the picture."""
    scene = Image.new("L", (4000, 3000), 200)
    scene.paste(code_picture(pixels_per_module=10), (1700, 1200))
    assert decode_codes(scene) == [TEXT]


def test_a_picture_above_the_limit_is_refused_before_it_is_loaded() -> None:
    """A decompression bomb is told by its header: behind this one there are no pixels at all."""
    header = b"IHDR" + (9000).to_bytes(4, "big") + (6000).to_bytes(4, "big") + b"\x08\0\0\0\0"
    chunks = b"\0\0\0\r" + header + zlib.crc32(header).to_bytes(4, "big")
    chunks += bytes(4) + b"IDAT" + zlib.crc32(b"IDAT").to_bytes(4, "big")
    bomb = Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunks))
    assert bomb.size == (9000, 6000)
    with pytest.raises(MalformedMessageError) as caught:
        decode_codes(bomb)
    assert caught.value.code is ErrorCode.IMAGE_TOO_LARGE


def test_a_truncated_picture_is_unreadable() -> None:
    """Half a file is told as such, by a typed error."""
    file = io.BytesIO()
    code_picture().save(file, "PNG")
    half = Image.open(io.BytesIO(file.getvalue()[:-40]))
    with pytest.raises(MalformedMessageError) as caught:
        decode_codes(half)
    assert caught.value.code is ErrorCode.IMAGE_UNREADABLE


def test_what_is_no_picture_is_misuse() -> None:
    """A caller without types hears of it."""
    with pytest.raises(MisuseError) as caught:
        decode_codes("picture.png")  # type: ignore[arg-type]
    assert caught.value.param == "image"


@pytest.mark.parametrize(
    ("width", "height", "length", "code"),
    [
        (0, 0, 0, ErrorCode.IMAGE_UNREADABLE),
        (-1, -1, 1, ErrorCode.IMAGE_UNREADABLE),
        (10, 10, 99, ErrorCode.IMAGE_UNREADABLE),
        (10, 10, 101, ErrorCode.IMAGE_UNREADABLE),
        (4097, 1, 4097, ErrorCode.IMAGE_TOO_LARGE),
    ],
)
def test_a_grey_frame_is_checked_when_it_is_made(width: int, height: int, length: int, code: ErrorCode) -> None:
    """Inside, nobody asks again whether size and bytes agree."""
    with pytest.raises(MalformedMessageError) as caught:
        GreyFrame(width=width, height=height, luma=bytes(length))
    assert caught.value.code is code


def test_without_any_decoder_the_error_says_what_to_install() -> None:
    """Importing the module costs nothing; using it names the extra."""

    def nothing_installed(name: str) -> ModuleType:
        raise ImportError(name)

    readers = load_readers(nothing_installed)
    assert readers == {}
    with pytest.raises(UnavailableError, match=r"tillcode\[scan\]") as caught:
        find_codes(code_picture(), readers=readers)
    assert caught.value.code is ErrorCode.DECODER_MISSING


def test_without_libzbar_the_cascade_goes_on_with_zxing() -> None:
    """Its Python package may be there without the shared library: that is an ImportError too."""

    def no_zbar(name: str) -> ModuleType:
        if name.startswith("pyzbar"):
            raise ImportError("Unable to find zbar shared library")
        return importlib.import_module(name)

    readers = load_readers(no_zbar)
    assert list(readers) == [Decoder.ZXING]
    assert find_codes(code_picture(), readers=readers) == [TEXT]


def test_an_easy_picture_costs_one_step() -> None:
    """The first text ends the cascade."""
    asked: list[GreyFrame] = []

    def read(frame: GreyFrame) -> list[str]:
        asked.append(frame)
        return [TEXT]

    assert find_codes(code_picture(), readers={Decoder.ZXING: read, Decoder.ZBAR: read}) == [TEXT]
    assert len(asked) == 1
