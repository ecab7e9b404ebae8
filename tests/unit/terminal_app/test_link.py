"""The way to the server: what it tells of the till's own clock."""

from pathlib import Path

from tests.unit.terminal_app.fake_server import SERVER_URL, Road
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import UnavailableError


def ask(shop: Shop) -> None:
    """One call, whatever comes of it."""
    try:
        shop.link.client.get(api.PATH_TRUST, api.TrustAnswer)
    except UnavailableError:
        return


def test_a_till_knows_how_far_its_clock_is_off(tmp_path: Path) -> None:
    """By the date of the newest answer; an answer without one, or none, tells nothing new."""
    shop = Shop(tmp_path)
    shop.link.connect(SERVER_URL)
    assert shop.link.clock_off_s is None
    ask(shop)
    assert shop.link.clock_off_s is None
    shop.server.date_s = shop.clock.now_ms() // 1000
    ask(shop)
    assert shop.link.clock_off_s == 0
    shop.clock.jump(3 * 86_400)
    ask(shop)
    assert shop.link.clock_off_s == 3 * 86_400
    shop.clock.jump(-3 * 86_400 - 3_600)
    shop.server.road = Road.DOWN
    ask(shop)
    assert shop.link.clock_off_s == 3 * 86_400
    shop.server.road = Road.CLEAR
    ask(shop)
    assert shop.link.clock_off_s == -3_600
    shop.link.connect("http://another.test")
    assert shop.link.clock_off_s is None
