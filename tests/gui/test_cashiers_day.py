"""A cashier's whole day through the glass: real touches, screens, core and journal; the server is one in memory."""

from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from terminal_app.office_commands import EnterPerson, SignOut
from terminal_app.presenter import Presenter
from terminal_app.roles import Role
from terminal_app.screen_model import ScreenModel, ScreenName
from tests.gui.stage import Till, settle
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.people import CASHIER_PIN, OWNER_PIN
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import AuthorizationMode
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Panel

TillOf = Callable[[ScreenModel, Panel], Till]


class Counter:
    """A till on the panel, joined to a core: each touch goes down to the journal, and the next screen comes up."""

    def __init__(self, till: Till, shop: Shop) -> None:
        self.till = till
        self.shop = shop
        self._presenter = Presenter(zone=UTC)
        self.look()

    @property
    def screen(self) -> ScreenName:
        """What is shown."""
        return self.till.root.model.name

    def shows(self, name: ScreenName) -> bool:
        """Whether this screen is up."""
        return self.screen is name

    def look(self) -> None:
        """Hand the core what the fingers sent, and draw what it says now."""
        while self.till.sent:
            self.shop.do(self.till.sent.pop(0))
        self.till.show(self._presenter.present(self.shop.snapshot))

    def tap(self, *robot_ids: str) -> None:
        """Touch these, one after the other."""
        for robot_id in robot_ids:
            self.till.tap(robot_id)
            self.look()

    def call(self) -> None:
        """Let every call to the server come back."""
        self.shop.run()
        self.look()

    def texts(self, robot_id: str) -> list[str]:
        """What stands there."""
        settle()
        return self.till.texts().get(robot_id, [])

    # --- sales, each with its amount in minor units ---

    def type_amount(self, minor: int) -> None:
        """On the keypad."""
        assert self.shows(ScreenName.KEYPAD)
        self.tap(*(f"key_{digit}" for digit in str(minor)))

    def sell_by_answer(self, minor: int, mode: AuthorizationMode) -> ScreenName:
        """Show a code; the payer answers it with a code of their own."""
        self.type_amount(minor)
        self.tap("show_code")
        assert self.shows(ScreenName.SHOW_CODE)
        request = self.shop.request
        self.tap("scan_answer")
        self.shop.scan(self.shop.answer(request, amount_minor=minor, mode=mode).envelope)
        self.call()
        return self.screen

    def sell_by_code(self, minor: int) -> ScreenName:
        """Scan the code that the payer shows."""
        self.type_amount(minor)
        self.tap("scan_customer")
        assert self.shows(ScreenName.SCAN)
        self.shop.scan(self.shop.scheme.code(token=self.shop.token().envelope).envelope)
        self.call()
        return self.screen

    def next_sale(self) -> None:
        """Touch the result away."""
        self.tap("next_sale")


@pytest.fixture
def counter(till_of: TillOf, tmp_path: Path) -> Counter:
    """A shop with an owner and a cashier; nobody has signed in yet."""
    shop = Shop(tmp_path).enrol()
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    shop.do(EnterPerson(name="Ben", role=Role.CASHIER, pin=CASHIER_PIN))
    shop.do(SignOut())
    return Counter(till_of(Presenter(zone=UTC).present(shop.snapshot), PANEL_7_LANDSCAPE), shop)


ONLINE, OFFLINE = (1250, 840, 399, 2100, 610, 75), (1500, 325)
REFUNDED = 300


def test_a_day_from_signing_in_to_the_z_report(counter: Counter) -> None:
    """Ten sales of every kind, a refund, the network cut and back, Z: every sum agrees to the cent."""
    sign_in(counter)
    sell_online(counter)
    fail_twice(counter)
    sell_without_network(counter)
    lose_an_answer(counter)
    give_back(counter)
    close_the_day(counter)
    rows = {row.robot_id: row for row in counter.till.root.model.rows}
    shown = {name: row.amount.number for name, row in rows.items() if row.amount is not None}
    assert shown["paid_online"] == f"{sum(ONLINE) / 100:.2f}"
    assert shown["accepted_offline"] == f"{sum(OFFLINE) / 100:.2f}"
    assert shown["refunded"] == f"{REFUNDED / 100:.2f}"
    assert shown["takings"] == f"{(sum(ONLINE) + sum(OFFLINE) - REFUNDED) / 100:.2f}"
    assert shown["unsent"] == "0.00"
    assert rows["seal"].title.startswith("Seal ")
    server = counter.shop.server
    settled = [receipt.message.amount_minor for receipt in server.receipts.values()]
    assert sum(settled) == sum(ONLINE) + sum(OFFLINE), "the server's receipts say the same"
    assert [receipt.message.amount_minor for receipt in server.refunds.values()] == [REFUNDED]


def sign_in(counter: Counter) -> None:
    """A wrong PIN, then the cashier's."""
    assert counter.shows(ScreenName.SIGN_IN)
    counter.tap("person_2", *(f"key_{digit}" for digit in "9999"), "key_enter")
    assert (counter.screen, counter.texts("lines")) == (ScreenName.SIGN_IN, ["Wrong PIN. Try again."])
    counter.tap(*(f"key_{digit}" for digit in CASHIER_PIN), "key_enter")
    assert counter.shows(ScreenName.KEYPAD)


def sell_online(counter: Counter) -> None:
    """Two answered codes, two customers' codes."""
    for minor in ONLINE[:2]:
        assert counter.sell_by_answer(minor, AuthorizationMode.ONLINE) is ScreenName.PAID
        counter.next_sale()
    for minor in ONLINE[2:4]:
        assert counter.sell_by_code(minor) is ScreenName.PAID
        counter.next_sale()


def fail_twice(counter: Counter) -> None:
    """One is declined, one is given up: nothing is charged."""
    counter.shop.server.decline = ErrorCode.INSUFFICIENT_FUNDS
    assert counter.sell_by_code(5000) is ScreenName.NOT_PAID
    counter.shop.server.decline = None
    counter.next_sale()
    counter.type_amount(700)
    counter.tap("show_code", "cancel")
    counter.call()
    assert counter.shows(ScreenName.CANCELLED)
    counter.next_sale()


def sell_without_network(counter: Counter) -> None:
    """The network is cut, two are accepted offline; it is back, and the queue empties by itself."""
    counter.tap("switch_network")
    for minor in OFFLINE:
        assert counter.sell_by_answer(minor, AuthorizationMode.OFFLINE) is ScreenName.ACCEPTED_OFFLINE
        counter.next_sale()
    assert counter.shop.snapshot.stored_minor == sum(OFFLINE)
    counter.tap("switch_network")
    counter.call()
    assert counter.shop.snapshot.stored_count == 0


def lose_an_answer(counter: Counter) -> None:
    """An answer gets lost: nobody charges again, and the next question tells the truth."""
    counter.shop.server.road = Road.LOST_AFTER
    assert counter.sell_by_code(ONLINE[4]) is ScreenName.UNKNOWN
    assert counter.texts("warning") == ["DO NOT CHARGE AGAIN"]
    counter.shop.server.road = Road.CLEAR
    counter.tap("check_again")
    counter.call()
    assert counter.shows(ScreenName.PAID)
    counter.next_sale()
    assert counter.sell_by_answer(ONLINE[5], AuthorizationMode.ONLINE) is ScreenName.PAID
    counter.next_sale()
    assert counter.texts("last_result")[0].startswith("PAID 0.75")


def give_back(counter: Counter) -> None:
    """A part of one sale goes back, out of the history."""
    counter.tap("menu", "history")
    rows = counter.till.root.model.rows
    row = next(each for each in rows if each.amount is not None and each.amount.number == "8.40")
    while row.robot_id not in finger.reachable_ids():
        counter.tap("page_on")
    counter.tap(row.robot_id, "refund", "key_3", "key_00", "reason_returned", "refund")
    counter.call()
    assert counter.till.root.model.warning == "", "the refund is answered"
    assert counter.till.root.model.rows[-1].title == "REFUNDED"
    counter.tap("back", "back")


def close_the_day(counter: Counter) -> None:
    """The owner allows both reports on the cashier's till, with a PIN each."""
    counter.tap("x_report")
    assert counter.shows(ScreenName.SIGN_IN)
    counter.tap(*(f"key_{digit}" for digit in OWNER_PIN), "key_enter")
    assert counter.shows(ScreenName.REPORT)
    counter.tap("close_day", "close_day")
    counter.tap(*(f"key_{digit}" for digit in OWNER_PIN), "key_enter")
    assert counter.till.root.model.headline == "Z report 1"
