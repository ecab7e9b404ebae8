"""A camera that shows rubbish: nothing is read out of it, nothing hangs, and the code that comes after it is taken."""

import time
from pathlib import Path

import pytest

from terminal_app.devices.frames import FakeFrameSource
from terminal_app.screen_model import ScanCustomer, ScreenName
from tests.system.terminal.test_unplugged import code_of, open_shop
from tests.system.terminal.till_run import scheme_now
from tests.unit.wallet_sdk.test_decoding import HOSTILE
from wallet_sdk.decoding import grey_frame
from wallet_sdk.protocol import qr

#: Far more than any frame takes on a machine that does a hundred other things.
BOUND_S = 15.0


@pytest.mark.parametrize("name", HOSTILE)
def test_a_code_is_taken_after_any_rubbish(tmp_path: Path, name: str) -> None:
    """Empty, thin, flat, full of noise or of finder patterns; a frame without pixels is none."""
    scheme, camera = scheme_now(), FakeFrameSource()
    with open_shop(tmp_path, scheme, make=lambda: camera) as run:
        run.terminal.send(ScanCustomer(amount_minor=1_250))
        run.wait_on(ScreenName.SCAN)
        begin_s = time.monotonic()
        rubbish = grey_frame(HOSTILE[name])
        good = grey_frame(qr.picture(code_of(scheme), module_px=4))
        assert good is not None
        for frame in (rubbish, rubbish, good):
            if frame is not None:
                camera.show(frame)
        run.wait_on(ScreenName.PAID)
        assert time.monotonic() - begin_s < BOUND_S
