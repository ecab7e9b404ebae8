"""One sample model for each screen: what the gallery draws and the GUI tests measure."""

from dataclasses import replace
from typing import Final

from wallet_sdk.demo.screen_model import (
    Action,
    ActionName,
    AmountText,
    Emphasis,
    HistoryRow,
    NetworkState,
    Payee,
    Purse,
    RowTone,
    ScreenName,
    WalletModel,
)

# As long as a real signed intent with its token in base45: what the code's size is judged by.
SAMPLE_CODE_TEXT: Final = "TC1:" + "8Q52D8FA1FN:TG9X4$K7VZ6L3B*WE2M0YHRJ" * 13

AMOUNT: Final = AmountText(number="12.50", currency="EUR")
PAYEE: Final = Payee(name="Café Mole", place="Lisboa, PT")
PURSE: Final = Purse(
    balance=AmountText(number="187.50", currency="EUR"),
    allowance=AmountText(number="37.40", currency="EUR"),
    allowance_part=0.75,
    note="Good without a network until Thursday, 14:02",
)
ROWS: Final = tuple(
    HistoryRow(
        payee=payee,
        when=when,
        amount=AmountText(number=number, currency="EUR"),
        tone=tone,
        outcome=outcome,
    )
    for payee, when, number, tone, outcome in (
        ("Café Mole", "14:02", "12.50", RowTone.PAID, "Paid"),
        ("Livraria Sol", "13:20", "8.40", RowTone.WAITING, "Paid offline"),
        ("Mercado da Ribeira", "12:05", "31.90", RowTone.NOT_PAID, "Not paid"),
        ("Tram 28", "11:48", "3.10", RowTone.UNKNOWN, "Not known yet"),
    )
)
DONE: Final = Action(name=ActionName.DONE, label="Done", emphasis=Emphasis.PRIMARY)

_MODELS: Final = (
    WalletModel(name=ScreenName.HOME, headline="Good day", purse=PURSE, rows=ROWS),
    WalletModel(
        name=ScreenName.HISTORY,
        headline="History",
        rows=ROWS,
    ),
    WalletModel(
        name=ScreenName.LOOK,
        headline="Pay",
        lines=("Hold the shop's code into the frame.",),
        actions=(Action(name=ActionName.BACK, label="Not now"),),
    ),
    WalletModel(
        name=ScreenName.QUOTE,
        headline="Pay this?",
        payee=PAYEE,
        amount=AMOUNT,
        lines=("Reference R-0042",),
        remaining_s=108,
        actions=(
            Action(name=ActionName.CONFIRM, label="Pay 12.50 EUR", emphasis=Emphasis.PRIMARY),
            Action(name=ActionName.NOT_NOW, label="Not now"),
        ),
    ),
    WalletModel(
        name=ScreenName.AMOUNT,
        headline="How much?",
        payee=PAYEE,
        amount=AMOUNT,
        lines=("A printed code: at most 30.00 EUR",),
        actions=(Action(name=ActionName.CONFIRM, label="Pay", emphasis=Emphasis.PRIMARY),),
    ),
    WalletModel(
        name=ScreenName.WORKING,
        headline="One moment",
        amount=AMOUNT,
        payee=PAYEE,
        lines=("Your bank is being asked.",),
    ),
    WalletModel(
        name=ScreenName.PAID,
        headline="PAID",
        payee=PAYEE,
        amount=AMOUNT,
        lines=("The receipt, if the shop asks for it:",),
        code_text=SAMPLE_CODE_TEXT[:262],
        actions=(DONE,),
    ),
    WalletModel(
        name=ScreenName.SHOW_INTENT,
        headline="Show this to the till",
        network=NetworkState.SWITCHED_OFF,
        amount=AMOUNT,
        payee=PAYEE,
        code_text=SAMPLE_CODE_TEXT,
        check_words=("amber", "falcon"),
        lines=("No network: you pay with this code.",),
        actions=(Action(name=ActionName.SCAN_RECEIPT, label="Scan the till's receipt", emphasis=Emphasis.PRIMARY),),
    ),
    WalletModel(
        name=ScreenName.LOOK_FOR_RECEIPT,
        headline="The till's receipt",
        lines=("Hold the receipt on the shop's screen into the frame.",),
        actions=(Action(name=ActionName.SHOW_INTENT, label="Show my payment again"),),
    ),
    WalletModel(
        name=ScreenName.ACCEPTED_OFFLINE,
        headline="PAID OFFLINE",
        payee=PAYEE,
        amount=AMOUNT,
        lines=("The shop has signed for it. It reaches your bank when the network is back.",),
        code_text=SAMPLE_CODE_TEXT[:262],
        actions=(DONE,),
    ),
    WalletModel(
        name=ScreenName.NOT_PAID,
        headline="NOT PAID",
        payee=PAYEE,
        amount=AMOUNT,
        lines=("There is not enough money in the wallet. Nothing was taken.",),
        actions=(DONE,),
    ),
    WalletModel(
        name=ScreenName.UNKNOWN,
        headline="NOT KNOWN YET",
        payee=PAYEE,
        amount=AMOUNT,
        warning="Do not pay again",
        lines=("The answer got lost on its way. This payment is checked until it is clear.",),
        actions=(
            Action(name=ActionName.CHECK_AGAIN, label="Check now", emphasis=Emphasis.PRIMARY),
            Action(name=ActionName.DONE, label="Later"),
        ),
    ),
    WalletModel(
        name=ScreenName.MY_CODE,
        headline="My code",
        code_text=SAMPLE_CODE_TEXT,
        remaining_s=24,
        check_words=("amber", "falcon"),
        lines=("Let the shop scan it. It works once and renews itself.",),
    ),
)

#: The home screen of a wallet that the issuer has blocked.
BLOCKED: Final = replace(
    _MODELS[0], network=NetworkState.OFFLINE, warning="This wallet has been blocked. Please call your bank."
)
SAMPLES: Final = {model.name: model for model in _MODELS}
assert set(SAMPLES) == set(ScreenName), "every screen has a sample"
