"""A pad of twelve keys: digits, backspace, and one key of the screen's own."""

from collections.abc import Callable
from typing import Final

from kivy.uix.gridlayout import GridLayout

from terminal_app.ui.theme import GAP_MM, KEY_MM, Look
from terminal_app.ui.widgets.action_row import make_key
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.units import mm

BACKSPACE: Final = "backspace"
ENTER: Final = "enter"
#: Height of a pad whose keys are just as high as they must be.
PAD_MM: Final = 4 * KEY_MM + 3 * GAP_MM
_DIGITS: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9")


def digit_pad(*, look: Look, press: Callable[[str], None], corner: str = "00") -> GridLayout:
    """Three keys in a row, the digits from the top left in every language; `press` gets what is on the key."""
    grid = GridLayout(cols=3, spacing=mm(GAP_MM))
    for name in (*_DIGITS, corner, "0", BACKSPACE):
        icon = {BACKSPACE: Icon.BACKSPACE, ENTER: Icon.TICK}.get(name)
        key = make_key(text=name, icon=icon, type_mm=look.sizes.key_mm, look=look, robot_id=f"key_{name}")
        key.is_keypad_key = True
        key.bind(on_release=lambda pressed: press(pressed.label_text))
        grid.add_widget(key)
    return grid
