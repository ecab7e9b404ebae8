"""A hand scanner that types into the window: its bursts are codes, and never an amount, a PIN or a press of Enter."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from terminal_app.office_commands import SignIn
from terminal_app.screen_model import NextSale, ScanTyped, ScreenModel, ScreenName, ShowCode
from terminal_app.ui.samples import SAMPLES
from terminal_app.ui.screens.keypad import KeypadScreen
from tests.gui.stage import Till, settle
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Panel

TillOf = Callable[[ScreenModel, Panel], Till]
CODE = "TC1:6BF $%*+-./:0123456789"


def scan(text: str, *, end_key: int | None = finger.ENTER_KEY) -> None:
    """As a scanner types it: all at once, with Enter behind it or without."""
    for character in text:
        finger.type_character(character)
    if end_key is not None:
        finger.press_key(end_key)


def amount_minor(till: Till) -> int:
    """What stands on the keypad."""
    settle()
    assert isinstance(till.root.screen, KeypadScreen)
    return till.root.screen.entry.amount_minor


@pytest.mark.parametrize("end_key", [finger.ENTER_KEY, finger.TAB_KEY, None])
def test_a_burst_is_a_code_and_changes_no_amount(till_of: TillOf, end_key: int | None) -> None:
    """With the digits in it, and whatever the scanner sends behind it; Enter begins no sale."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    till.tap("key_1", "key_2", "key_5")
    scan(CODE, end_key=end_key)
    assert amount_minor(till) == 125
    assert till.sent == [ScanTyped(text=CODE)]


def test_fingers_still_type_amounts_and_enter_sells(till_of: TillOf) -> None:
    """Between two codes, and even a quick hand that ends with Enter at once."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    scan(CODE)
    for digit in "12":
        finger.type_character(digit)
        settle()
    for digit in "50":
        finger.type_character(digit)
    finger.press_key(finger.BACKSPACE_KEY)
    finger.type_character("7")
    finger.press_key(finger.ENTER_KEY)
    assert till.sent == [ScanTyped(text=CODE), ShowCode(amount_minor=1257)]


def test_a_touch_right_after_a_key_counts_after_it(till_of: TillOf) -> None:
    """Two hands at once: the key is in the amount that the button takes."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    till.tap("key_1")
    touch = finger.reach("show_code")
    finger.type_character("2")
    touch.down()
    touch.up()
    assert till.sent == [ShowCode(amount_minor=12)]


def test_a_burst_that_a_busy_window_gets_in_two_parts_is_one_code(till_of: TillOf) -> None:
    """The window stood still for a moment in the middle: what counts is that nothing more comes, not the time."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    scan(CODE[:5], end_key=None)
    till.root._keys._look_again(0)  # the pause is over by the clock, but the window has not been asked for keys yet
    scan(CODE[5:])
    assert amount_minor(till) == 0
    assert till.sent == [ScanTyped(text=CODE)]


def test_a_code_is_taken_right_after_the_screen_has_changed(till_of: TillOf) -> None:
    """The guard is for fingers; the Enter behind a code does not press the new screen's button."""
    till = till_of(SAMPLES[ScreenName.VERIFYING], PANEL_7_LANDSCAPE)
    till.root.show(SAMPLES[ScreenName.PAID])
    scan(CODE)
    till.time.pass_s(1)
    scan(CODE)
    assert till.sent == [ScanTyped(text=CODE)] * 2
    finger.press_key(finger.ENTER_KEY)
    assert till.sent[-1] == NextSale()


def test_a_pin_takes_no_burst(till_of: TillOf) -> None:
    """A code held before the scanner is not four digits of somebody's PIN."""
    till = till_of(SAMPLES[ScreenName.SIGN_IN], PANEL_7_LANDSCAPE)
    till.tap("person_1")
    scan(CODE)
    assert [one for one in till.sent if isinstance(one, ScanTyped)] == [ScanTyped(text=CODE)]
    assert not any(isinstance(one, SignIn) for one in till.sent)


def test_a_line_to_fill_in_takes_what_is_typed_however_fast(till_of: TillOf) -> None:
    """An activation code may be scanned into its field."""
    till = till_of(replace(SAMPLES[ScreenName.ENROL], server_url=""), PANEL_7_LANDSCAPE)
    till.tap("activation_code")
    scan("7K2M-9QXA-33", end_key=None)
    settle()
    assert till.sent == []
    assert "7K2M-9QXA-33" in till.texts()["activation_code"]
