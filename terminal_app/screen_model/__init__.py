"""What is on the terminal's screen, and what a finger on it may ask for: values only, no Kivy.

The presenter makes a `ScreenModel` from the core's snapshots; `terminal_app.ui` draws it and sends back a `Command`.
Nothing else crosses between the two. A model is complete: drawing it needs no memory of the one before.
"""

from terminal_app.screen_model.appearance import (
    Appearance,
    Direction,
    Language,
    TextSize,
    ThemeName,
)
from terminal_app.screen_model.commands import (
    PLAIN_COMMANDS,
    Cancel,
    CheckAgain,
    Command,
    CommandName,
    Enrol,
    NetworkSwitch,
    NextSale,
    PageButton,
    ScanAnswer,
    ScanCustomer,
    SendNow,
    ShowCode,
    ShowReceipt,
    SwitchNetwork,
)
from terminal_app.screen_model.model import (
    Action,
    CheckWords,
    Emphasis,
    NetworkState,
    PreviewFrame,
    ScreenModel,
    ScreenName,
    TopBar,
    keypad_number,
)
from terminal_app.screen_model.office import (
    Choice,
    Mark,
    PersonChoice,
    PinAsk,
    PinPurpose,
    Reason,
    RefundOffer,
    Row,
    SearchOffer,
    TipOffer,
)
from terminal_app.screen_model.parts import (
    AmountText,
)
from terminal_app.screen_model.words import (
    UiWords,
)

__all__ = [
    "PLAIN_COMMANDS",
    "Action",
    "AmountText",
    "Appearance",
    "Cancel",
    "CheckAgain",
    "CheckWords",
    "Choice",
    "Command",
    "CommandName",
    "Direction",
    "Emphasis",
    "Enrol",
    "Language",
    "Mark",
    "NetworkState",
    "NetworkSwitch",
    "NextSale",
    "PageButton",
    "PersonChoice",
    "PinAsk",
    "PinPurpose",
    "PreviewFrame",
    "Reason",
    "RefundOffer",
    "Row",
    "ScanAnswer",
    "ScanCustomer",
    "ScreenModel",
    "ScreenName",
    "SearchOffer",
    "SendNow",
    "ShowCode",
    "ShowReceipt",
    "SwitchNetwork",
    "TextSize",
    "ThemeName",
    "TipOffer",
    "TopBar",
    "UiWords",
    "keypad_number",
]
