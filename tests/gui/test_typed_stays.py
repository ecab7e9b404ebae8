"""A window of another size shows the same screen with what was typed so far; no key of Kivy's own opens anything."""

from collections.abc import Callable

import pytest
from kivy.core.window import Window

from terminal_app.screen_model import Appearance, ScreenModel, ScreenName
from terminal_app.ui.app import TerminalApp
from terminal_app.ui.samples import SAMPLES, turned
from tests.gui.stage import Till, settle
from wallet_sdk.protocol import qr
from wallet_sdk.screen.app import WindowOptions
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Panel

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
