"""One sample model for each screen: what the gallery draws and the GUI tests measure."""

from typing import Final

from terminal_app.screen_model import (
    Action,
    AmountText,
    CheckWords,
    CommandName,
    Emphasis,
    NetworkState,
    ScreenModel,
    ScreenName,
    TopBar,
)

BAR: Final = TopBar(shop="Corner Café", till="Till 2", network=NetworkState.ONLINE, last_result="PAID 8.40 EUR 14:02")
BAR_OFFLINE: Final = TopBar(
    shop="Corner Café",
    till="Till 2",
    network=NetworkState.OFFLINE,
    queue_count=3,
    queue_total="37.40 EUR",
    last_result="PAID 8.40 EUR 14:02",
)
BAR_SWITCHED_OFF: Final = TopBar(
    shop="Corner Café",
    till="Till 2",
    network=NetworkState.SWITCHED_OFF,
    queue_count=1,
    queue_total="12.50 EUR",
    last_result="ACCEPTED OFFLINE 12.50 EUR 14:07",
)
AMOUNT: Final = AmountText(number="12.50", currency="EUR")

# As long as a real signed payment request in base45: what the code's size is judged by.
SAMPLE_CODE_TEXT: Final = "TC1:" + "8Q52D8FA1FN:TG9X4$K7VZ6L3B*WE2M0YHRJ" * 12

_NEXT_SALE: Final = Action(command=CommandName.NEXT_SALE, label="Next sale", emphasis=Emphasis.PRIMARY)
_RECEIPT: Final = Action(command=CommandName.SHOW_RECEIPT, label="Receipt")
_CANCEL: Final = Action(command=CommandName.CANCEL, label="Cancel", emphasis=Emphasis.DANGER)

_MODELS: Final = (
    ScreenModel(
        name=ScreenName.ENROL,
        headline="Set up this till",
        bar=TopBar(shop="Tillcode", till="new till", network=NetworkState.ONLINE),
        lines=("Type the activation code that the back office gave you.",),
        actions=(Action(command=CommandName.ENROL, label="Join", emphasis=Emphasis.PRIMARY),),
        server_url="http://127.0.0.1:8080",
    ),
    ScreenModel(
        name=ScreenName.KEYPAD,
        headline="Amount",
        bar=BAR,
        actions=(
            Action(command=CommandName.SHOW_CODE, label="Show code", emphasis=Emphasis.PRIMARY),
            Action(command=CommandName.SCAN_CUSTOMER, label="Scan customer"),
        ),
    ),
    ScreenModel(
        name=ScreenName.SHOW_CODE,
        headline="Customer scans this",
        bar=BAR,
        amount=AMOUNT,
        code_text=SAMPLE_CODE_TEXT,
        check_words=CheckWords(first="amber", second="falcon"),
        remaining_s=108,
        actions=(
            Action(command=CommandName.SCAN_ANSWER, label="Scan answer", emphasis=Emphasis.PRIMARY),
            _CANCEL,
        ),
    ),
    ScreenModel(
        name=ScreenName.SCAN,
        headline="Scan the customer",
        bar=BAR_OFFLINE,
        amount=AMOUNT,
        lines=("Hold the phone in front of the camera.",),
        remaining_s=54,
        actions=(_CANCEL,),
    ),
    ScreenModel(
        name=ScreenName.VERIFYING,
        headline="VERIFYING",
        bar=BAR,
        amount=AMOUNT,
        lines=("Asking the bank.", "This takes a few seconds."),
        actions=(),
    ),
    ScreenModel(
        name=ScreenName.PAID,
        headline="PAID",
        bar=BAR,
        amount=AMOUNT,
        lines=("Paid at 14:07, receipt 4F2A-91",),
        actions=(_NEXT_SALE, _RECEIPT),
    ),
    ScreenModel(
        name=ScreenName.ACCEPTED_OFFLINE,
        headline="ACCEPTED OFFLINE",
        bar=BAR_SWITCHED_OFF,
        amount=AMOUNT,
        lines=("Stored safely. It will be sent when the network is back.",),
        actions=(_NEXT_SALE,),
    ),
    ScreenModel(
        name=ScreenName.NOT_PAID,
        headline="NOT PAID",
        bar=BAR,
        amount=AMOUNT,
        lines=("Declined: the balance is too low.", "Nothing was charged."),
        actions=(_NEXT_SALE,),
    ),
    ScreenModel(
        name=ScreenName.UNKNOWN,
        headline="NOT KNOWN YET",
        bar=BAR_OFFLINE,
        amount=AMOUNT,
        warning="DO NOT CHARGE AGAIN",
        lines=("The answer did not arrive. We keep asking.",),
        actions=(_NEXT_SALE, Action(command=CommandName.CHECK_AGAIN, label="Check again")),
    ),
    ScreenModel(
        name=ScreenName.EXPIRED,
        headline="EXPIRED",
        bar=BAR,
        amount=AMOUNT,
        lines=("Nobody paid in time. Nothing was charged.",),
        actions=(_NEXT_SALE,),
    ),
    ScreenModel(
        name=ScreenName.CANCELLED,
        headline="CANCELLED",
        bar=BAR,
        amount=AMOUNT,
        lines=("You cancelled this sale. Nothing was charged.",),
        actions=(_NEXT_SALE,),
    ),
)

SAMPLES: Final = {model.name: model for model in _MODELS}
