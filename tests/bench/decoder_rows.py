"""Rows of the decoder: the cascade beside zxing-cpp alone and pyzbar alone, on good, bad and hostile pictures."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251 - seeded by the run
from typing import Final

from PIL import Image, ImageEnhance, ImageFilter

from tests.bench.measure import Row, Run
from wallet_sdk.decoding import Decoder, GreyFrame, Reader, decode_codes, grey_frame, load_readers

#: Another folder of photographs, each .png with its text beside it in .txt, at any depth.
PICTURES_VARIABLE: Final = "TILLCODE_QR_PICTURES"
_PICTURES: Final = Path(__file__).parents[1] / "vectors" / "qr_images"
_PASSES: Final = 3
_HOSTILE_PX: Final = (1280, 960)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Photograph:
    picture: Image.Image
    text: str


def decoder(run: Run) -> list[Row]:
    """Share of the photographs read less zxing-cpp's, and mean CPU time over zxing-cpp's; as they are, and degraded."""
    photographs = list(_photographs())
    degraded = [worse for one in photographs for worse in _degraded(one, Random(run.seed))]
    rows: list[Row] = []
    for name, pictures in (("decoder", photographs), ("decoder_degraded", degraded)):
        reads, times_ms = _measured(pictures)
        count = len(pictures)
        share = {f"{who}_share": number / count for who, number in reads.items()}
        gain = (reads["cascade"] - reads["zxing"]) / count
        rows.append(Row(name=f"{name}_share", value=gain, bar=">= 0.03", parts={"pictures": count, **share}))
        parts = {f"{who}_ms": mean_ms for who, mean_ms in times_ms.items()}
        # What zxing-cpp gives up on at once the cascade works at: the design's bar is for pictures as they are.
        bar = "<= 4" if name == "decoder" else ""
        rows.append(Row(name=f"{name}_time", value=times_ms["cascade"] / times_ms["zxing"], bar=bar, parts=parts))
    return rows


def decoder_hostile_ms(run: Run) -> list[Row]:
    """The longest that any frame without a code, or made to cost time, holds up the decode thread (wall clock)."""
    slowest = {name: _wall_ms(partial(decode_codes, picture)) for name, picture in _hostile(Random(run.seed))}
    return [Row(name="decoder_hostile_ms", value=max(slowest.values()), bar="", parts=slowest)]


def _measured(pictures: list[_Photograph]) -> tuple[dict[str, int], dict[str, float]]:
    readers = load_readers()
    alone = {"zxing": readers[Decoder.ZXING], "pyzbar": readers[Decoder.ZBAR]}
    calls: dict[str, Callable[[Image.Image], list[str]]] = {
        "cascade": decode_codes,
        **{name: partial(_read_alone, reader) for name, reader in alone.items()},
    }
    reads = {
        name: sum(_texts(call(one.picture)) == [_lines(one.text)] for one in pictures) for name, call in calls.items()
    }
    times_ms = dict.fromkeys(calls, 0.0)
    for _ in range(_PASSES):
        for one in pictures:
            for name, call in calls.items():
                times_ms[name] += _cpu_ms(partial(call, one.picture)) / _PASSES / len(pictures)
    return reads, times_ms


def _photographs() -> Iterator[_Photograph]:
    folder = Path(os.environ.get(PICTURES_VARIABLE, _PICTURES))
    for path in sorted(folder.rglob("*.png")):
        yield _Photograph(picture=Image.open(path), text=path.with_suffix(".txt").read_bytes().decode())


def _degraded(one: _Photograph, rng: Random) -> Iterator[_Photograph]:
    """What a counter does to a picture: out of focus, too dark, far away, turned, noisy."""
    grey = one.picture.convert("L")
    noise = Image.frombytes("L", grey.size, rng.randbytes(grey.width * grey.height))
    small = (max(1, grey.width * 45 // 100), max(1, grey.height * 45 // 100))
    for picture in (
        grey.filter(ImageFilter.GaussianBlur(2.5)),
        ImageEnhance.Contrast(ImageEnhance.Brightness(grey).enhance(0.25)).enhance(0.5),
        grey.resize(small, Image.Resampling.BILINEAR),
        grey.rotate(33, expand=True, fillcolor=128, resample=Image.Resampling.BILINEAR),
        Image.blend(grey, noise, 0.45),
    ):
        yield _Photograph(picture=picture, text=one.text)


def _hostile(rng: Random) -> Iterator[tuple[str, Image.Image]]:
    width, height = _HOSTILE_PX
    yield "black", Image.new("L", _HOSTILE_PX)
    yield "one_pixel", Image.new("L", (1, 1))
    yield "line", Image.new("L", (4_096, 1), 255)
    yield "noise", Image.frombytes("L", _HOSTILE_PX, rng.randbytes(width * height))
    bits = bytes(rng.choice((0, 255)) for _ in range((width // 4) * (height // 4)))
    coarse = Image.frombytes("L", (width // 4, height // 4), bits)
    yield "modules_of_chance", coarse.resize(_HOSTILE_PX, Image.Resampling.NEAREST)
    finder = Image.new("L", (28, 28), 255)
    for inset, level in ((0, 0), (4, 255), (8, 0)):
        finder.paste(level, (inset, inset, 28 - inset, 28 - inset))
    tiled = Image.new("L", _HOSTILE_PX, 255)
    for left in range(0, width, 36):
        for top in range(0, height, 36):
            tiled.paste(finder, (left, top))
    yield "finders_everywhere", tiled
    yield "large", Image.frombytes("L", (4_000, 3_000), rng.randbytes(12_000_000))


def _read_alone(reader: Reader, picture: Image.Image) -> list[str]:
    frame: GreyFrame | None = grey_frame(picture)
    assert frame is not None, "a photograph has pixels"
    return reader(frame)


def _texts(found: list[str]) -> list[str]:
    return [_lines(one) for one in found]


def _lines(text: str) -> str:
    """Some readers give CR LF as LF: that is no misreading."""
    return text.replace("\r\n", "\n").strip()


def _cpu_ms(call: Callable[[], object]) -> float:
    start_ns = time.process_time_ns()
    call()
    return (time.process_time_ns() - start_ns) / 1e6


def _wall_ms(call: Callable[[], object]) -> float:
    start_ns = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start_ns) / 1e6
