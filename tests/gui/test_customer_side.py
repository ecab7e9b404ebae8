"""The way back from the customer must be held; a touch in passing does nothing."""

from collections.abc import Callable

from kivy.clock import Clock

from terminal_app.screen_model import Appearance, ScreenModel, ScreenName, TurnBack
from terminal_app.ui.samples import SAMPLES, turned
from terminal_app.ui.widgets.action_row import HOLD_S
from tests.gui.stage import Till, pump_until, settle
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Panel

TillOf = Callable[[ScreenModel, Panel], Till]


def test_only_a_long_press_turns_the_glass_back(till_of: TillOf) -> None:
    """A short one is nobody's; the cashier holds, and Enter on a plugged-in keyboard presses it too."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    till.show(turned(Appearance())[ScreenName.PAID])
    assert finger.reachable_ids() == ["turn_back"], "nothing else can be pressed"
    till.tap("turn_back")
    assert till.sent == []
    began_s = Clock.get_boottime()
    touch = finger.reach("turn_back")
    touch.down()
    pump_until(lambda: bool(till.sent))
    assert Clock.get_boottime() - began_s >= HOLD_S - 0.1
    touch.up()
    settle()
    assert till.sent == [TurnBack()]
    finger.press_key(finger.DOWN_KEY)
    finger.press_key(finger.ENTER_KEY)
    assert (till.sent[-1], till.sent.count(TurnBack())) == (TurnBack(), 2)
