"""Codes that are split over several symbols ("structured append"): one part is no payment text."""

from pathlib import Path

import pytest
from PIL import Image

from wallet_sdk.decoding import Decoder, decode_codes, find_codes, grey_frame, load_readers

FOLDER = Path(__file__).parents[2] / "vectors" / "pictures"


@pytest.mark.parametrize("turned", [0, 90, 180])
@pytest.mark.parametrize("decoder", list(Decoder))
def test_the_first_part_of_a_split_code_is_no_payment_text(decoder: Decoder, turned: int) -> None:
    """It begins as one of ours does; each of our readers leaves it out, and none raises."""
    readers = load_readers()
    if decoder not in readers:
        pytest.skip(f"{decoder.value} is not here")
    with Image.open(FOLDER / "part_1_of_2.png") as picture:
        frame = grey_frame(picture.convert("L").rotate(turned))
    assert frame is not None
    assert find_codes(frame, readers={decoder: readers[decoder]}) == []


def test_a_whole_code_beside_it_is_read() -> None:
    """The same picture made into a whole one is a text; so nothing else is left out."""
    with Image.open(FOLDER / "whole.png") as picture:
        assert decode_codes(picture) == ["TC1:" + "8Q52D8FA1FN:TG9X4$K7VZ6L3B*WE2M0YHRJ" * 4]
