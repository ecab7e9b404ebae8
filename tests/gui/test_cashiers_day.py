"""A cashier's whole day through the glass against the real server: every sum is the ledger's, to the cent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from terminal_app.config import assets_folder
from terminal_app.office_commands import ChangeSetting, EnterPerson, SignOut
from terminal_app.roles import Role
from terminal_app.screen_model import Language, NetworkState, ScreenModel, ScreenName
from terminal_app.sounds import Tone, Voice, amount_clips, tone_samples
from terminal_app.sounds.voice import voice_file
from tests.gui.stage import Till
from tests.gui.street import Street, opened_street
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.people import CASHIER_PIN, OWNER_PIN
from wallet_sdk import Outcome
from wallet_sdk.protocol.limits import REQUEST_LIFETIME_S_MAX
from wallet_sdk.protocol.money import Currency
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Panel

TONES = {
    ScreenName.PAID: Tone.PAID,
    ScreenName.ACCEPTED_OFFLINE: Tone.ACCEPTED_OFFLINE,
    ScreenName.NOT_PAID: Tone.NOT_PAID,
    ScreenName.CANCELLED: Tone.ENDED,
    ScreenName.EXPIRED: Tone.ENDED,
    ScreenName.UNKNOWN: Tone.UNKNOWN,
}


@dataclass
class Day:
    """The till, its payers, and what the cashier would write on a slip of paper."""

    street: Street
    online_minor: int = 0
    offline_minor: int = 0
    refunded_minor: int = 0
    outcomes: list[ScreenName] = field(default_factory=list)

    def type_amount(self, minor: int) -> None:
        """On the keypad."""
        assert self.street.screen is ScreenName.KEYPAD
        self.street.tap(*(f"key_{digit}" for digit in str(minor)))

    def ask(self, minor: int, *, tip: str = "no_tip") -> str:
        """Show a code, with a tip or without; its text, read off the glass."""
        self.type_amount(minor)
        self.street.tap("show_code", tip)
        return self.street.shown_code()

    def scan_customer(self, minor: int, code: str) -> None:
        """Hold a customer's code before the camera."""
        self.type_amount(minor)
        self.street.tap("scan_customer", "no_tip")
        self.street.wait_on(ScreenName.SCAN)
        self.street.hold_up(code)

    def scan_answer(self, answer: str) -> None:
        """Hold the payer's answer to the shown code before the camera."""
        self.street.tap_to("scan_answer", ScreenName.SCAN)
        self.street.hold_up(answer)

    def end(self, screen: ScreenName) -> None:
        """The sale ends on this screen, and the next one begins."""
        self.street.wait_on(screen)
        self.outcomes.append(screen)
        self.street.tap_to("next_sale", ScreenName.KEYPAD)


@pytest.fixture
def day(till_of: Callable[[ScreenModel, Panel], Till], tmp_path: Path) -> Iterator[Day]:
    """A shop with an owner, a cashier and tips; nobody has signed in yet."""
    with opened_street(tmp_path) as street:
        street.open_window(
            till_of,
            PANEL_7_LANDSCAPE,
            EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN),
            EnterPerson(name="Ben", role=Role.CASHIER, pin=CASHIER_PIN),
            ChangeSetting(name="tip_policy", text="at_till"),
            ChangeSetting(name="sound", text="voice"),
            SignOut(),
        )
        street.wait_on(ScreenName.SIGN_IN)
        yield Day(street)


def test_a_day_from_signing_in_to_the_z_report(day: Day) -> None:
    """Every kind of sale, a refund, the cable out and in again, X and Z; then the books of both sides are compared."""
    sign_in(day)
    sell_online(day)
    end_unpaid(day)
    lose_an_answer(day)
    sell_without_network(day)
    give_back(day)
    close_the_day(day)
    assert len(day.outcomes) >= 10
    assert set(day.outcomes) == set(TONES)
    assert shown_sums(day) == {
        "paid_online": day.online_minor,
        "accepted_offline": day.offline_minor,
        "refunded": day.refunded_minor,
        "takings": day.street.owed_minor,
        "unsent": 0,
    }
    assert day.street.owed_minor == day.online_minor + day.offline_minor - day.refunded_minor
    assert day.street.findings == ()
    hear(day)


def sign_in(day: Day) -> None:
    """A wrong PIN, then the cashier's."""
    street = day.street
    street.tap("person_2", *(f"key_{digit}" for digit in "9999"), "key_enter")
    street.wait_for(lambda model: model.lines == ("Wrong PIN. Try again.",))
    street.tap(*(f"key_{digit}" for digit in CASHIER_PIN))
    street.tap_to("key_enter", ScreenName.KEYPAD)
    while (target := street.till.root.ring.target) is None or target.robot_id != "key_5":
        street.press(finger.DOWN_KEY)
    street.wait_for(lambda _: bool(street.speaker.played))


def sell_online(day: Day) -> None:
    """The phone pays the shown code; the payer shows a code; a tip; a phone without network before a till with one.

    The last one is the phone's offline consent: the till had accepted it before the server confirmed it, so it counts
    among the offline ones.
    """
    payer = day.street.payer()
    assert payer.wallet.scan(day.ask(1250)).pay().outcome is Outcome.SETTLED
    day.end(ScreenName.PAID)  # the till has heard of it by itself
    day.scan_customer(840, payer.code())
    day.end(ScreenName.PAID)
    payer.answer(day.ask(2000, tip="tip_10"))
    day.end(ScreenName.PAID)
    text = day.ask(399)
    payer.go_offline()
    day.scan_answer(payer.answer(text))
    day.end(ScreenName.PAID)
    payer.come_back()
    day.online_minor += 1250 + 840 + 2200
    day.offline_minor += 399


def end_unpaid(day: Day) -> None:
    """Too little money; a code that was cancelled and one that ran out are refused to whoever photographed them."""
    street, late = day.street, day.street.payer()
    day.scan_customer(5000, street.payer(funds_minor=300).code())
    day.end(ScreenName.NOT_PAID)
    cancelled = late.wallet.scan(day.ask(700))
    street.tap("cancel")
    day.end(ScreenName.CANCELLED)
    assert cancelled.pay().outcome is not Outcome.SETTLED
    day.ask(650)
    street.pass_s(REQUEST_LIFETIME_S_MAX + 1)
    day.end(ScreenName.EXPIRED)


def lose_an_answer(day: Day) -> None:
    """Answers get lost: nobody charges again; the next question brings what is true, be it paid or declined."""
    street = day.street
    for code, road, minor, truth in (
        (street.payer().code(), Road.LOST_AFTER, 610, ScreenName.PAID),
        (street.payer(funds_minor=300).code(), Road.LOST_BEFORE, 990, ScreenName.NOT_PAID),
    ):
        street.cable.road = road
        day.scan_customer(minor, code)
        day.outcomes.append(street.wait_on(ScreenName.UNKNOWN))
        assert street.texts("warning") == ["DO NOT CHARGE AGAIN"]
        street.cable.road = Road.CLEAR
        street.tap("check_again")
        day.end(truth)
    day.online_minor += 610


def sell_without_network(day: Day) -> None:
    """The cable is out: the till accepts by itself what phones sign, and believes an operator's receipt it is shown.

    The switch is the cashier's own way; then the cable itself is pulled while a code is on the screen.
    """
    street, payer, other = day.street, day.street.payer(), day.street.payer()
    street.tap("switch_network")
    street.wait_for(lambda model: model.bar.network is NetworkState.SWITCHED_OFF)
    day.scan_answer(other.answer(day.ask(475)))  # this phone has network: it shows the operator's receipt
    day.end(ScreenName.PAID)
    day.online_minor += 475
    text = day.ask(1500)
    payer.go_offline()
    day.scan_answer(payer.answer(text))
    day.end(ScreenName.ACCEPTED_OFFLINE)
    street.tap("switch_network")
    street.wait_for(lambda model: model.bar.network is NetworkState.ONLINE and model.bar.queue_count == 0)
    street.cable.road = Road.DOWN
    text = day.ask(325)
    street.wait_for(lambda model: model.bar.network is NetworkState.OFFLINE)
    day.scan_answer(payer.answer(text))
    day.end(ScreenName.ACCEPTED_OFFLINE)
    assert (street.model.bar.queue_count, street.model.bar.queue_total) == (1, "3.25 EUR")
    street.cable.road = Road.CLEAR
    street.tap("send_now")
    street.wait_for(lambda model: model.bar.network is NetworkState.ONLINE and model.bar.queue_count == 0)
    payer.come_back()
    assert {one.outcome for one in payer.wallet.history()} == {Outcome.SETTLED}
    day.offline_minor += 1500 + 325


def give_back(day: Day) -> None:
    """A part of one sale goes back, out of the history."""
    street = day.street
    street.tap_to("menu", ScreenName.MENU)
    street.tap_to("history", ScreenName.HISTORY)
    row = next(each for each in street.model.rows if each.amount is not None and each.amount.number == "8.40")
    while row.robot_id not in finger.reachable_ids():
        street.tap("page_on")
    street.tap_to(row.robot_id, ScreenName.SALE)
    street.tap("refund", "key_3", "key_00", "reason_returned", "refund")
    street.wait_on(ScreenName.REFUNDED)
    street.tap_to("done", ScreenName.SALE)
    assert street.model.rows[-1].title == "REFUNDED"
    day.refunded_minor += 300
    street.tap_to("back", ScreenName.HISTORY)
    street.tap_to("back", ScreenName.MENU)


def close_the_day(day: Day) -> None:
    """The owner allows both reports on the cashier's till, with a PIN each."""
    street = day.street
    street.tap_to("x_report", ScreenName.SIGN_IN)
    street.tap(*(f"key_{digit}" for digit in OWNER_PIN))
    street.tap_to("key_enter", ScreenName.REPORT)
    street.tap("close_day", "close_day")
    street.wait_on(ScreenName.SIGN_IN)
    street.tap(*(f"key_{digit}" for digit in OWNER_PIN), "key_enter")
    street.wait_for(lambda model: model.headline == "Z report 1")


def hear(day: Day) -> None:
    """Every result had its tone, and what was paid was said; the ring of the arrow keys says what it lies around."""
    heard = [played for played, _ in day.street.speaker.played]
    for screen, tone in TONES.items():
        samples = tone_samples(tone, volume_percent=60)
        assert sum(one.startswith(samples) for one in heard) >= day.outcomes.count(screen) > 0, screen
    voice = Voice(voice_file(assets_folder() / "sounds", Language.ENGLISH))
    spoken = voice.samples(("paid", *amount_clips(1250, Currency.EUR, Language.ENGLISH)), volume_percent=60)
    assert tone_samples(Tone.PAID, volume_percent=60) + spoken in heard
    assert voice.samples(("n5",), volume_percent=60) in heard


def shown_sums(day: Day) -> dict[str, int]:
    """The sums of the report on the screen, in minor units."""
    rows = {row.robot_id: row.amount for row in day.street.model.rows}
    names = ("paid_online", "accepted_offline", "refunded", "takings", "unsent")
    return {name: int(amount.number.replace(".", "")) for name in names if (amount := rows[name]) is not None}
