"""The touch guard: a finger meant for the screen before must not press what stands there now."""

from collections.abc import Callable
from dataclasses import replace

from terminal_app.screen_model import NextSale, ScanAnswer, ScreenModel, ScreenName
from terminal_app.ui.samples import SAMPLES
from tests.gui.stage import Till, settle
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Panel
from wallet_sdk.screen.touch import TOUCH_GUARD_S

TillOf = Callable[[ScreenModel, Panel], Till]


def test_a_touch_within_the_guard_time_is_ignored(till_of: TillOf) -> None:
    """A finger or an Enter that was on its way when the screen changed does nothing; a later one counts."""
    till = till_of(SAMPLES[ScreenName.VERIFYING], PANEL_7_LANDSCAPE)
    till.root.show(SAMPLES[ScreenName.PAID])
    settle()
    till.time.pass_s(TOUCH_GUARD_S - 0.001)
    till.tap("next_sale")
    finger.press_key(finger.ENTER_KEY)
    assert till.sent == []
    till.time.pass_s(0.002)
    till.tap("next_sale")
    assert till.sent == [NextSale()]


def test_the_guard_is_armed_by_a_change_of_state_only(till_of: TillOf) -> None:
    """A countdown redraws each second and must not make the buttons deaf."""
    code = SAMPLES[ScreenName.SHOW_CODE]
    till = till_of(code, PANEL_7_LANDSCAPE)
    till.root.show(replace(code, remaining_s=107))
    settle()
    till.tap("scan_answer")
    assert till.sent == [ScanAnswer()]


def test_a_finger_lifted_after_the_screen_changed_presses_nothing(till_of: TillOf) -> None:
    """A finger down on Cancel while PAID comes must not cancel."""
    till = till_of(SAMPLES[ScreenName.SHOW_CODE], PANEL_7_LANDSCAPE)
    touch = finger.reach("cancel")
    touch.down()
    till.show(SAMPLES[ScreenName.PAID])
    touch.up()
    settle()
    assert till.sent == []


def test_a_countdown_does_not_take_the_button_from_under_a_finger(till_of: TillOf) -> None:
    """A second that passes while a finger is down does not swallow the press."""
    code = SAMPLES[ScreenName.SHOW_CODE]
    till = till_of(code, PANEL_7_LANDSCAPE)
    touch = finger.reach("scan_answer")
    touch.down()
    till.root.show(replace(code, remaining_s=107))
    settle()
    touch.up()
    assert till.texts()["remaining"] == ["1:47"]
    assert till.sent == [ScanAnswer()]
