"""The terminal's screens, drawn for real and touched for real on each panel that they are made for."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest
from kivy.core.window import Window

from terminal_app.screen_model import (
    PLAIN_COMMANDS,
    CommandName,
    Emphasis,
    Enrol,
    NetworkState,
    NetworkSwitch,
    PreviewFrame,
    ScanAnswer,
    ScanCustomer,
    ScreenModel,
    ScreenName,
    SendNow,
    ShowCode,
    SwitchNetwork,
    TopBar,
)
from terminal_app.ui.samples import SAMPLES
from terminal_app.ui.screens.beside import ShowCodeScreen
from terminal_app.ui.screens.state_panel import PANEL_ICONS
from terminal_app.ui.theme import BORDERS, KEY_MM, NIGHT
from terminal_app.ui.widgets.top_bar import place_of
from tests.gui.layout import ROUNDING_MM, press_areas
from tests.gui.stage import (
    Till,
    distance_px,
    frames_drawn_while_idle,
    picture,
    pump_until,
    settle,
)
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE, Panel
from wallet_sdk.screen.units import px_to_mm

TillOf = Callable[[ScreenModel, Panel], Till]

PANELS = (PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE)
on_every_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel.width_px}x{panel.height_px}")
on_every_screen = pytest.mark.parametrize("name", ScreenName, ids=lambda name: name.value)

# The buttons of the others carry what was typed or what the page is about, and have tests of their own.
SALE_SCREENS = (*(name for name in PANEL_ICONS if name is not ScreenName.DONE), ScreenName.SHOW_CODE, ScreenName.SCAN)


# --- the keypad ---


def test_digits_fill_the_amount_from_the_right(till_of: TillOf) -> None:
    """Keys fill the amount from the minor units up; backspace takes digits back."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    assert till.texts()["amount"] == ["0.00", "EUR"]
    till.tap("key_1", "key_2", "key_5", "key_0")
    assert till.texts()["amount"] == ["12.50", "EUR"]
    till.tap("key_00")
    assert till.texts()["amount"] == ["1,250.00", "EUR"]
    till.tap("key_backspace", "key_backspace")
    assert till.texts()["amount"] == ["12.50", "EUR"]


def test_the_two_buttons_send_the_amount(till_of: TillOf) -> None:
    """Both ways to be paid carry the amount on the display."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    till.tap("key_7", "key_00", "show_code", "scan_customer")
    assert till.sent == [ShowCode(amount_minor=700), ScanCustomer(amount_minor=700)]


def test_the_two_buttons_are_disabled_at_zero(till_of: TillOf) -> None:
    """A sale of nothing cannot be begun, not even after the amount went back to zero."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    for robot_id in ("show_code", "scan_customer"):
        with pytest.raises(finger.UnreachableError, match="disabled"):
            finger.reach(robot_id)
    till.tap("key_1")
    assert {"show_code", "scan_customer"} <= set(finger.reachable_ids())
    till.tap("key_backspace")
    assert "show_code" not in finger.reachable_ids()


def test_an_amount_has_nine_digits_at_most(till_of: TillOf) -> None:
    """More than nine figures are not taken."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    till.tap(*["key_9"] * 12, "show_code")
    assert till.sent == [ShowCode(amount_minor=999_999_999)]


def test_a_currency_without_minor_units_has_no_point(till_of: TillOf) -> None:
    """Yen have no minor units and show none."""
    yen = replace(SAMPLES[ScreenName.KEYPAD], keypad_currency="JPY", keypad_fraction_digits=0)
    till = till_of(yen, PANEL_7_LANDSCAPE)
    till.tap("key_5", "key_00")
    assert till.texts()["amount"] == ["500", "JPY"]


def test_the_physical_keyboard_types_and_enters_the_amount(till_of: TillOf) -> None:
    """Digits, Backspace, Enter and Escape work as the keys on the glass do; letters do nothing."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    finger.press_key(finger.ENTER_KEY)
    assert till.sent == [], "nothing to show at zero"
    for character in "12x9":
        finger.type_character(character)
    finger.press_key(finger.BACKSPACE_KEY)
    finger.press_key(finger.ENTER_KEY)
    assert till.sent == [ShowCode(amount_minor=12)]
    finger.press_key(finger.ESCAPE_KEY)
    assert till.texts()["amount"] == ["0.00", "EUR"]


def test_a_new_bar_leaves_the_amount_alone_and_a_new_sale_clears_it(till_of: TillOf) -> None:
    """A change in the bar must not eat what the cashier is typing; the next sale begins at zero."""
    keypad = SAMPLES[ScreenName.KEYPAD]
    till = till_of(keypad, PANEL_7_LANDSCAPE)
    till.tap("key_4")
    till.show(replace(keypad, bar=SAMPLES[ScreenName.SCAN].bar))
    assert till.texts()["amount"] == ["0.04", "EUR"]
    till.show(SAMPLES[ScreenName.PAID])
    till.show(keypad)
    assert till.texts()["amount"] == ["0.00", "EUR"]


# --- buttons, bar, enrolment ---


@pytest.mark.parametrize("name", SALE_SCREENS, ids=lambda name: name.value)
def test_every_button_of_a_sale_sends_its_command(till_of: TillOf, name: ScreenName) -> None:
    """A real touch on every button of every screen sends exactly what its label promises."""
    till = till_of(SAMPLES[name], PANEL_7_LANDSCAPE)
    for action in SAMPLES[name].actions:
        till.tap(action.command.value)
        plain = PLAIN_COMMANDS.get(action.command) if isinstance(action.command, CommandName) else None
        assert till.sent.pop() == (action.press or plain)


def test_enter_goes_forward_and_escape_cancels(till_of: TillOf) -> None:
    """A keyboard can walk a sale as fingers do."""
    till = till_of(SAMPLES[ScreenName.SHOW_CODE], PANEL_7_LANDSCAPE)
    finger.press_key(finger.ENTER_KEY)
    finger.press_key(finger.ESCAPE_KEY)
    assert till.sent == [ScanAnswer(), PLAIN_COMMANDS[CommandName.CANCEL]]


def test_the_bar_switches_the_network_both_ways_and_sends_the_queue(till_of: TillOf) -> None:
    """The switch asks for the other state of the network; the queue can be sent only when it holds something."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    assert "send_now" not in finger.reachable_ids(), "nothing waits"
    till.tap("switch_network")
    till.show(SAMPLES[ScreenName.ACCEPTED_OFFLINE])
    till.tap("switch_network", "send_now")
    assert till.sent == [
        SwitchNetwork(wanted=NetworkSwitch.OFF),
        SwitchNetwork(wanted=NetworkSwitch.ON),
        SendNow(),
    ]


def test_an_activation_code_is_typed_with_fingers(till_of: TillOf) -> None:
    """A till without a keyboard can be enrolled, and not before there is a code."""
    till = till_of(SAMPLES[ScreenName.ENROL], PANEL_7_LANDSCAPE)
    with pytest.raises(finger.UnreachableError, match="disabled"):
        finger.reach("enrol")
    till.tap(*(f"key_{each}" for each in "T-7K3M-92QX"), "key_backspace", "key_X", "enrol")
    assert till.sent == [Enrol(server_url="http://127.0.0.1:8080", activation_code="T-7K3M-92QX")]


@on_every_panel
def test_the_server_is_typed_over_and_the_code_comes_in_capitals(till_of: TillOf, panel: Panel) -> None:
    """The server that was filled in is replaced by typing; activation codes have no small letters."""
    till = till_of(SAMPLES[ScreenName.ENROL], panel)
    till.tap("server_url", "key_h", "key_:", "key_/", "activation_code")
    for character in "t-7k":
        finger.type_character(character)
    settle()
    till.tap("enrol")
    assert till.sent == [Enrol(server_url="h:/", activation_code="T-7K")]


# --- what it looks like ---


@on_every_panel
def test_nothing_destructive_lies_where_next_sale_was(till_of: TillOf, panel: Panel) -> None:
    """A double tap on Next sale lands on nothing, or on a button that is still disabled."""
    till = till_of(SAMPLES[ScreenName.PAID], panel)
    for name in PANEL_ICONS:
        till.show(SAMPLES[name])
        next_sale = finger.find_widget("next_sale")
        if next_sale is None:
            continue
        till.show(SAMPLES[ScreenName.KEYPAD])
        under = [each for each in press_areas() if distance_px(each, next_sale) < 0]
        assert {each.robot_id for each in under} <= {"show_code", "scan_customer"}
        assert all(each.disabled for each in under), "a second tap there does nothing at all"


@on_every_panel
def test_keypad_keys_are_fifteen_millimetres(till_of: TillOf, panel: Panel) -> None:
    """The keys that are hit most are the largest."""
    till_of(SAMPLES[ScreenName.KEYPAD], panel)
    keys = [each for each in press_areas() if each.robot_id.startswith("key_")]
    assert len(keys) == 12
    assert min(px_to_mm(min(each.width, each.height)) for each in keys) >= KEY_MM - ROUNDING_MM


def test_every_state_has_its_own_sign() -> None:
    """States differ by word, icon and colour, so that none is taken for another."""
    refunds = (ScreenName.REFUNDED, ScreenName.REFUND_OPEN, ScreenName.REFUND_REFUSED)
    sales = [name for name in PANEL_ICONS if name not in {*refunds, ScreenName.DONE}]
    signs = {name: (PANEL_ICONS[name], BORDERS.get(name), NIGHT.panels[name]) for name in (*sales, *refunds)}
    alike = {ScreenName.EXPIRED, ScreenName.CANCELLED}
    for first, second in (*combinations(sales, 2), *combinations(refunds, 2)):
        if {first, second} != alike:
            assert signs[first] != signs[second]
            assert PANEL_ICONS[first] is not PANEL_ICONS[second]
    assert signs[ScreenName.PAID] != signs[ScreenName.REFUNDED], "money in is never taken for money back"
    assert PANEL_ICONS[ScreenName.PAID] is not PANEL_ICONS[ScreenName.REFUNDED]
    others = {icon for name, icon in PANEL_ICONS.items() if name is not ScreenName.DONE}
    assert PANEL_ICONS[ScreenName.DONE] not in others, "a file that was saved is never taken for a payment"
    assert len({SAMPLES[name].headline for name in PANEL_ICONS}) == len(PANEL_ICONS)


def test_unknown_says_do_not_charge_again(till_of: TillOf) -> None:
    """The one sentence that keeps a customer from paying twice is on the glass."""
    till = till_of(SAMPLES[ScreenName.UNKNOWN], PANEL_7_LANDSCAPE)
    assert till.texts()["warning"] == ["DO NOT CHARGE AGAIN"]
    primary = [each for each in SAMPLES[ScreenName.UNKNOWN].actions if each.emphasis is Emphasis.PRIMARY]
    assert [each.command for each in primary] == [CommandName.NEXT_SALE]


def test_camera_frames_reach_the_viewfinder_and_no_other_screen(till_of: TillOf) -> None:
    """A frame is drawn on SCAN and is harmless anywhere else."""
    till = till_of(SAMPLES[ScreenName.SCAN], PANEL_7_LANDSCAPE)
    grey = 0x77
    till.root.show_frame(PreviewFrame(width_px=32, height_px=24, luminance=bytes([grey]) * (32 * 24)))
    viewfinder = finger.find_widget("viewfinder")
    assert viewfinder is not None
    shot = picture()
    middle = (round(viewfinder.center_x), shot.height - round(viewfinder.center_y))
    assert shot.getpixel(middle) == (grey, grey, grey)
    till.show(SAMPLES[ScreenName.PAID])
    till.root.show_frame(PreviewFrame(width_px=32, height_px=24, luminance=bytes(32 * 24)))
    settle()
    assert finger.find_widget("viewfinder") is None


@on_every_screen
def test_an_idle_screen_draws_no_frames(till_of: TillOf, name: ScreenName) -> None:
    """A screen that nobody touches costs no frames."""
    screen = till_of(SAMPLES[name], PANEL_7_LANDSCAPE).root.screen
    # half a second after a window was resized Kivy draws it once more
    pump_until(lambda: not Window.trigger_keyboard_height.is_triggered)
    if isinstance(screen, ShowCodeScreen):
        pump_until(lambda: screen.has_checked)  # the till looks at its own code, once
    settle()
    assert frames_drawn_while_idle(rounds=60) == 0


@pytest.mark.parametrize(("shop", "till", "place"), [("Café", "t-2", "Café · t-2"), ("Tillcode", "", "Tillcode")])
def test_the_bar_puts_a_point_only_between_two_names(shop: str, till: str, place: str) -> None:
    """A till that has joined no shop yet has one name, or none."""
    assert place_of(TopBar(shop=shop, till=till, network=NetworkState.ONLINE)) == place
