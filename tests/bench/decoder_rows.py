"""Rows of the decoder: the cascade over the shared photographs, beside zxing-cpp alone."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PIL import Image

from tests.bench.measure import Row, Run
from wallet_sdk.decoding import Decoder, Reader, decode_codes, grey_frame, load_readers

_PICTURES: Final = Path(__file__).parents[1] / "vectors" / "qr_images"
_PASSES: Final = 5


def decoder(_run: Run) -> list[Row]:
    """Share of the photographs read, less zxing-cpp's; mean CPU time over zxing-cpp's."""
    pictures = [Image.open(path) for path in sorted(_PICTURES.glob("*.png"))]
    texts = [path.with_suffix(".txt").read_bytes().decode() for path in sorted(_PICTURES.glob("*.png"))]
    alone = load_readers()[Decoder.ZXING]
    ours_read = sum(decode_codes(picture) == [text] for picture, text in zip(pictures, texts, strict=True))
    alone_read = sum(_read_alone(alone, picture) == [text] for picture, text in zip(pictures, texts, strict=True))
    ours_ms = alone_ms = 0.0
    for _ in range(_PASSES):
        for picture in pictures:
            ours_ms += _cpu_ms(partial(decode_codes, picture)) / _PASSES / len(pictures)
            alone_ms += _cpu_ms(partial(_read_alone, alone, picture)) / _PASSES / len(pictures)
    gain = (ours_read - alone_read) / len(pictures)
    shares = {"ours": ours_read, "zxing_alone": alone_read, "photographs": len(pictures)}
    times = {"ours_ms": ours_ms, "zxing_alone_ms": alone_ms}
    return [
        Row(name="decoder_share", value=gain, bar=">= 0.03", parts=shares),
        Row(name="decoder_time", value=ours_ms / alone_ms, bar="<= 4", parts=times),
    ]


def _read_alone(reader: Reader, picture: Image.Image) -> list[str]:
    frame = grey_frame(picture)
    assert frame is not None, "a photograph has pixels"
    return reader(frame)


def _cpu_ms(call: Callable[[], object]) -> float:
    start_ns = time.process_time_ns()
    call()
    return (time.process_time_ns() - start_ns) / 1e6
