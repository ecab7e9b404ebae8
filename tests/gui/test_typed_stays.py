"""A window of another size shows the same screen with what was typed so far; no key of Kivy's own opens anything."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from kivy.core.window import Window

from terminal_app.screen_model import Appearance, ScreenModel, ScreenName
from terminal_app.ui.app import TerminalApp
from terminal_app.ui.samples import SAMPLES, turned
from tests.gui.stage import Till, settle
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import UnavailableError
from wallet_sdk.screen.app import WindowOptions
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Panel, check_window

TillOf = Callable[[ScreenModel, Panel], Till]

#: Kivy's codes of F1 to F15, Escape, Print, Pause, Menu and the Android menu key.
KEYS_OF_KIVY = (*range(282, 297), 27, 316, 19, 319, 1001)

TYPED = {
    ScreenName.KEYPAD: ("key_1", "key_2", "key_5"),
    ScreenName.TYPE_AMOUNT: ("key_1", "key_2", "key_5"),
    ScreenName.ENROL: ("key_A", "key_B", "key_C"),
    ScreenName.SIGN_IN: ("key_1", "key_2", "key_5"),
    ScreenName.NEW_PIN: ("key_8", "key_2", "key_5", "key_7", "key_enter", "key_8"),
    ScreenName.REFUND: ("reason_returned", "key_1", "key_2"),
    ScreenName.TYPE_TEXT: ("key_a", "key_b"),
}


@pytest.mark.parametrize("name", TYPED, ids=lambda name: name.value)
def test_what_is_typed_outlives_a_window_of_another_size(till_of: TillOf, name: ScreenName) -> None:
    """Turned or drawn larger: the cashier goes on where she was."""
    till = till_of(SAMPLES[name], PANEL_7_LANDSCAPE)
    fresh = till.root.screen.typed
    till.tap(*TYPED[name])
    typed = till.root.screen.typed
    assert typed != fresh
    texts = till.texts()
    till.root.rebuild()
    settle()
    assert till.root.screen.typed == typed
    assert till.texts() == texts


#: Open, locked, turned to the customer.
STANDING = (SAMPLES[ScreenName.KEYPAD], SAMPLES[ScreenName.SIGN_IN], turned(Appearance())[ScreenName.SHOW_CODE])


@pytest.mark.parametrize("model", STANDING, ids=lambda model: model.name.value)
def test_no_key_of_kivys_opens_anything(till_of: TillOf, model: ScreenModel) -> None:
    """F1 laid Kivy's settings over a till that was locked or turned to the customer."""
    till = till_of(model, PANEL_7_LANDSCAPE)
    app = TerminalApp(initial=model, send=till.sent.append, matrix_of=qr.matrix, options=WindowOptions())
    app._app_window = Window
    Window.bind(on_keyboard=app._on_keyboard_settings)
    try:
        for key in KEYS_OF_KIVY:
            Window.dispatch("on_keyboard", key, 0, None, [])
            settle()
            assert list(Window.children) == [till.root], key
    finally:
        Window.unbind(on_keyboard=app._on_keyboard_settings)


@pytest.mark.parametrize(
    "name",
    [ScreenName.SHOW_CODE, ScreenName.SCAN, ScreenName.VERIFYING, ScreenName.UNKNOWN],
    ids=lambda name: name.value,
)
def test_a_window_is_not_closed_in_the_middle_of_a_sale_without_a_question(till_of: TillOf, name: ScreenName) -> None:
    """Asked once however often it is pressed; Back goes on with the sale, the tile closes."""
    till = till_of(SAMPLES[name], PANEL_7_LANDSCAPE)
    left: list[str] = []
    till.root._leave = lambda: left.append("left")
    assert till.root.ask_before_leaving()
    assert till.root.ask_before_leaving()
    settle()
    till.time.pass_s(1)
    assert till.root.model.name is ScreenName.CONFIRM
    till.tap("back")
    assert (till.root.model.name, left, till.sent) == (name, [], [])
    till.root.ask_before_leaving()
    settle()
    till.time.pass_s(1)
    till.tap("close_till")
    assert (left, till.sent) == (["left"], [])


def test_an_idle_till_with_nothing_unsent_closes_without_a_word(till_of: TillOf) -> None:
    """There a question would only teach people to press it away."""
    keypad = SAMPLES[ScreenName.KEYPAD]
    till = till_of(replace(keypad, leaving=None), PANEL_7_LANDSCAPE)
    assert not till.root.ask_before_leaving()


def test_a_refused_activation_code_is_there_for_mending(till_of: TillOf) -> None:
    """Sixteen characters were lost for one typo; what is typed next goes on behind them."""
    till = till_of(replace(SAMPLES[ScreenName.ENROL], activation_code="T-7K3M-92QQ"), PANEL_7_LANDSCAPE)
    till.tap("key_backspace", "key_X", "enrol")
    assert [command.activation_code for command in till.sent] == ["T-7K3M-92QX"]


def test_a_window_too_small_for_fingers_is_refused() -> None:
    """A kiosk's window is as large as its panel, whatever was asked for."""
    check_window(800, 480, side_px_min=480)
    with pytest.raises(UnavailableError, match="480x320 pixels is too small"):
        check_window(480, 320, side_px_min=480)
