"""Colours and type of the demo wallet: light, calm, and readable in the sun. Sizes are in millimetres."""

from dataclasses import dataclass
from typing import Final

from wallet_sdk.demo.screen_model import NetworkState, RowTone, ScreenName
from wallet_sdk.screen.colours import Colour, colour
from wallet_sdk.screen.icons import Icon

WHITE: Final = colour("#FFFFFF")
BASE: Final = colour("#F5F3EE")
SURFACE: Final = colour("#FFFFFF")
LINE: Final = colour("#E3DED3")
INK: Final = colour("#1B1F3B")
INK_DIM: Final = colour("#545974")
ACCENT: Final = colour("#4338CA")
ACCENT_PRESSED: Final = colour("#312A94")
ACCENT_SOFT: Final = colour("#ECEAFB")
CARD_TOP: Final = colour("#5548E0")
CARD_BOTTOM: Final = colour("#2F2796")
ON_CARD: Final = colour("#FFFFFF")
ON_CARD_DIM: Final = colour("#DAD7FF")
SHADOW: Final = colour("#1B1F3B", 0.05)
GREEN: Final = colour("#0B6B3A")
BLUE: Final = colour("#0B4F9E")
RED: Final = colour("#A3161D")
AMBER: Final = colour("#7A4100")

MARGIN_MM: Final = 4.5
GAP_MM: Final = 2.4
TARGET_MM: Final = 9.0
BUTTON_MM: Final = 12.5
CORNER_MM: Final = 3.4

SMALL_MM: Final = 2.9
BODY_MM: Final = 3.4
BUTTON_TYPE_MM: Final = 3.9
TITLE_MM: Final = 5.2
STATE_MM: Final = 7.6
AMOUNT_MM: Final = 11.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """How one outcome looks: the screen's ground, the colour of its disc and words, its icon."""

    ground: Colour
    strong: Colour
    icon: Icon


PAID_SOFT: Final = colour("#E4F3E9")
OFFLINE_SOFT: Final = colour("#E3EDFA")
NOT_PAID_SOFT: Final = colour("#FBE9E8")
UNKNOWN_SOFT: Final = colour("#FBF0DC")

TONES: Final = {
    ScreenName.PAID: Tone(ground=PAID_SOFT, strong=GREEN, icon=Icon.TICK),
    ScreenName.ACCEPTED_OFFLINE: Tone(ground=OFFLINE_SOFT, strong=BLUE, icon=Icon.ARROW_INTO_TRAY),
    ScreenName.NOT_PAID: Tone(ground=NOT_PAID_SOFT, strong=RED, icon=Icon.CROSS),
    ScreenName.UNKNOWN: Tone(ground=UNKNOWN_SOFT, strong=AMBER, icon=Icon.QUESTION),
    ScreenName.WORKING: Tone(ground=ACCENT_SOFT, strong=ACCENT, icon=Icon.HOUR_GLASS),
}

ROW_LOOKS: Final = {
    RowTone.PAID: (Icon.TICK, GREEN, PAID_SOFT),
    RowTone.WAITING: (Icon.ARROW_INTO_TRAY, BLUE, OFFLINE_SOFT),
    RowTone.NOT_PAID: (Icon.CROSS, RED, NOT_PAID_SOFT),
    RowTone.UNKNOWN: (Icon.QUESTION, AMBER, UNKNOWN_SOFT),
}

NETWORK_LOOKS: Final = {
    NetworkState.ONLINE: (Icon.NETWORK, "Online", GREEN),
    NetworkState.OFFLINE: (Icon.NETWORK_LOST, "No network", AMBER),
    NetworkState.SWITCHED_OFF: (Icon.NETWORK_OFF, "Network off", AMBER),
}
