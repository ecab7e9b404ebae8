"""A tablet that is turned around shows the sale and nothing of the office, and comes back by a PIN."""

import pytest

from terminal_app.core import Place, Side
from terminal_app.office_commands import ChangeSetting, EnterPerson, OpenPage, Page
from terminal_app.presenter import Presenter
from terminal_app.roles import Role
from terminal_app.screen_model import (
    Cancel,
    NetworkState,
    NetworkSwitch,
    NextSale,
    PageButton,
    ScreenModel,
    ScreenName,
    SendNow,
    SwitchNetwork,
    TurnAway,
    TurnBack,
)
from tests.unit.terminal_app.people import OWNER_PIN
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode


@pytest.fixture
def turned(shop: Shop) -> Shop:
    """A shop whose tablet is turned, with an owner."""
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    shop.do(ChangeSetting(name="customer_side", text="yes"))
    return shop


def side_of(shop: Shop) -> Side:
    """Who looks at the glass."""
    return shop.snapshot.side


def model_of(shop: Shop) -> ScreenModel:
    """What is on it."""
    return Presenter(zone=None).present(shop.snapshot)


def test_a_sale_turns_the_glass_and_nothing_of_the_till_is_obeyed(turned: Shop) -> None:
    """No button, no switch, no page: whatever is sent, the sale stands as it stood."""
    turned.show_code()
    model = model_of(turned)
    assert side_of(turned) is Side.CUSTOMER
    assert (model.name, model.headline) == (ScreenName.SHOW_CODE, "Scan to pay")
    assert [action.command for action in model.actions] == [PageButton.TURN_BACK]
    assert (model.bar.menu, model.bar.queue_count, model.bar.last_result, model.bar.is_turned) == (None, 0, "", True)
    for command in (Cancel(), SendNow(), SwitchNetwork(wanted=NetworkSwitch.OFF), OpenPage(page=Page.SETTINGS)):
        turned.do(command)
    assert (turned.place, turned.snapshot.network) == (Place.SHOW, NetworkState.ONLINE)


def test_the_way_back_is_a_pin_and_a_wrong_one_turns_nothing(turned: Shop) -> None:
    """Then the cashier's buttons are there; the next sale turns the glass again."""
    turned.show_code()
    turned.do(TurnBack())
    assert (side_of(turned), model_of(turned).name) == (Side.ASKING, ScreenName.SIGN_IN)
    turned.do(Cancel())
    assert turned.place is Place.SHOW
    turned.do(TurnBack(staff_id=1, pin="0000"))
    assert (turned.refusal, side_of(turned)) == (ErrorCode.WRONG_PIN, Side.ASKING)
    turned.do(TurnAway())
    assert side_of(turned) is Side.CUSTOMER
    turned.do(TurnBack())
    turned.do(TurnBack(staff_id=1, pin=OWNER_PIN))
    assert side_of(turned) is Side.CASHIER
    turned.do(Cancel())
    turned.run()
    assert side_of(turned) is Side.CASHIER
    turned.do(NextSale())
    turned.show_code()
    assert side_of(turned) is Side.CUSTOMER


def test_a_till_without_people_turns_back_at_once(shop: Shop) -> None:
    """The long press is the guard there."""
    shop.do(ChangeSetting(name="customer_side", text="yes"))
    shop.show_code()
    shop.do(TurnBack())
    assert side_of(shop) is Side.CASHIER


def test_a_till_that_is_not_turned_never_is(shop: Shop) -> None:
    """The setting is off by default; a finger cannot ask for it."""
    shop.show_code()
    shop.do(TurnAway())
    assert side_of(shop) is Side.CASHIER


def test_what_the_customer_is_told_of_an_end(turned: Shop) -> None:
    """That nothing was charged, and no instruction that is the cashier's."""
    turned.show_code()
    turned.clock.advance(120)
    turned.core.tick()
    turned.run()
    model = model_of(turned)
    assert (model.name, model.lines, model.warning) == (ScreenName.EXPIRED, ("Nothing was charged.",), "")
