"""What a till says before anything was asked, when joining is refused, and before it is closed."""

from datetime import UTC
from pathlib import Path

from terminal_app.core import Place
from terminal_app.presenter import Presenter
from terminal_app.screen_model import Cancel, Enrol, NetworkState, NextSale, ScreenModel
from tests.unit.terminal_app.fake_server import SERVER_URL, Road
from tests.unit.terminal_app.people import sell
from tests.unit.terminal_app.shop import Shop


def screen(shop: Shop) -> ScreenModel:
    """What stands on the glass."""
    return Presenter(zone=UTC).present(shop.snapshot)


def join(shop: Shop, code: str) -> None:
    """Type a code and press Join."""
    shop.do(Enrol(server_url=SERVER_URL, activation_code=code))
    shop.run()


def test_no_network_is_said_by_nobody_who_has_not_asked(tmp_path: Path) -> None:
    """Neither on the joining page nor on the keypad after a start."""
    shop = Shop(tmp_path)
    shop.core.start()
    assert screen(shop).bar.network is NetworkState.UNTRIED
    shop.server.road = Road.DOWN
    join(shop, "CODE-1")
    assert screen(shop).bar.network is NetworkState.OFFLINE
    shop.server.road = Road.CLEAR
    join(shop, "CODE-1")
    assert screen(shop).bar.network is NetworkState.ONLINE
    shop.restart()
    assert screen(shop).bar.network is NetworkState.UNTRIED


def test_each_refused_activation_code_gives_a_sign_and_can_be_mended(tmp_path: Path) -> None:
    """The same words again were none; the code is kept until it was taken."""
    shop = Shop(tmp_path)
    shop.core.start()
    shop.server.road = Road.DOWN
    seen = []
    for code in ("CODE-2", "CODE-3", "CODE-3"):
        join(shop, code)
        assert (shop.place, screen(shop).activation_code) == (Place.ENROL, code)
        seen.append(screen(shop).lines)
    assert len(set(seen)) == len(seen)
    assert "CODE-3" not in repr(screen(shop)) + repr(shop.snapshot)
    shop.server.road = Road.CLEAR
    join(shop, "CODE-1")
    assert (shop.place, screen(shop).activation_code) == (Place.KEYPAD, "")


def test_closing_is_asked_about_in_a_sale_and_while_something_is_unsent(shop: Shop) -> None:
    """And on an idle till that owes the server nothing, not."""
    assert screen(shop).leaving is None
    shop.show_code()
    assert screen(shop).leaving is not None
    shop.do(Cancel())
    shop.run()
    shop.do(NextSale())
    assert screen(shop).leaving is None
    shop.go_offline()
    sell(shop, 700)
    leaving = screen(shop).leaving
    assert leaving is not None
    assert leaving.hint == "1 not sent yet. They wait in this till until it runs again."
