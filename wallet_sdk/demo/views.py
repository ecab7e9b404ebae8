"""From facts to screens, pure: every word that the wallet says stands here."""

from dataclasses import dataclass
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
    ScreenName,
    WalletModel,
)
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.money import Money, format_number

_DONE: Final = Action(name=ActionName.DONE, label="Done", emphasis=Emphasis.PRIMARY)
_NOT_NOW: Final = Action(name=ActionName.NOT_NOW, label="Not now")

#: What an error means to the person who holds the phone. Anything else is told by _SOMETHING_ELSE.
_REASONS: Final = {
    ErrorCode.INSUFFICIENT_FUNDS: "There is not enough money in the wallet.",
    ErrorCode.NO_ALLOWANCE: "No network, and nothing is left for paying without it. Connect once to renew it.",
    ErrorCode.OVER_PAYMENT_LIMIT: "That is more than may be paid at once without a network.",
    ErrorCode.OVER_TOKEN_LIMIT: "That is more than is left for paying without a network.",
    ErrorCode.OVER_COUNT_LIMIT: "Too many payments without a network. Connect once to renew.",
    ErrorCode.EXPIRED: "The code is too old. Ask the shop for a new one.",
    ErrorCode.NOT_YET_VALID: "The clocks of the phone and the till do not agree.",
    ErrorCode.REQUEST_NOT_OPEN: "The shop has closed this sale.",
    ErrorCode.ALREADY_PAID: "This sale is paid already.",
    ErrorCode.REVOKED: "This wallet has been blocked. Please call your bank.",
    ErrorCode.MERCHANT_BLOCKED: "This shop cannot take payments now. Nothing was charged.",
    ErrorCode.TOKEN_CLOSED: "This wallet's payment token is closed. Connect once to renew it.",
    ErrorCode.DOUBLE_SPEND: "This wallet has been blocked. Please call your bank.",
    ErrorCode.BAD_SIGNATURE: "This code is not genuine. Do not pay.",
    ErrorCode.UNKNOWN_SIGNER: "This shop is not known to your bank. Do not pay.",
    ErrorCode.CURRENCY_MISMATCH: "The shop wants another currency than this wallet holds.",
    ErrorCode.NOT_A_TILLCODE: "This is not a payment code.",
    ErrorCode.SWITCHED_OFF: "The network is switched off.",
    ErrorCode.NETWORK_UNREACHABLE: "There is no network.",
    ErrorCode.TLS_FAILED: "Whoever answers is not your bank. Nothing was sent.",
    ErrorCode.NO_FREE_CONNECTION: "Too much at once. Please try again.",
}
_SOMETHING_ELSE: Final = "It did not work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What a payment is about, for every screen that names it."""

    payee: Payee
    amount: Money
    reference: str = ""


def amount_text(amount: Money) -> AmountText:
    """Figures and currency code."""
    return AmountText(number=format_number(amount.minor, amount.currency), currency=amount.currency.name)


def reason(code: ErrorCode) -> str:
    """One sentence for an error code."""
    return _REASONS.get(code, f"{_SOMETHING_ELSE} ({code.name.replace('_', ' ').lower()}, {code.value}).")


def refusal(code: ErrorCode) -> str:
    """Why the issuer has refused one payment: here a block may as well be the till's or the printed code's."""
    if code is ErrorCode.REVOKED:
        return "This wallet, or the shop's code, has been blocked."
    return reason(code)


def home(*, purse: Purse, rows: tuple[HistoryRow, ...], network: NetworkState, warning: str) -> WalletModel:
    """The start. ``warning`` is what the issuer holds against this wallet."""
    return WalletModel(
        name=ScreenName.HOME, headline="Good day", purse=purse, rows=rows, network=network, warning=warning
    )


def history(*, rows: tuple[HistoryRow, ...]) -> WalletModel:
    """The newest payments."""
    return WalletModel(name=ScreenName.HISTORY, headline="History", rows=rows)


def look(*, hint: str = "") -> WalletModel:
    """The camera, looking for a shop's code."""
    words = hint or "Hold the shop's code into the frame."
    return WalletModel(
        name=ScreenName.LOOK,
        headline="Pay",
        lines=(words,),
        actions=(Action(name=ActionName.BACK, label="Not now"),),
    )


def quote(sale: Sale, *, remaining_s: int) -> WalletModel:
    """The question: pay this?"""
    amount = amount_text(sale.amount)
    label = f"Pay {amount.number} {amount.currency}"
    return WalletModel(
        name=ScreenName.QUOTE,
        headline="Pay this?",
        payee=sale.payee,
        amount=amount,
        lines=(f"Reference {sale.reference}",) if sale.reference else (),
        remaining_s=remaining_s,
        actions=(Action(name=ActionName.CONFIRM, label=label, emphasis=Emphasis.PRIMARY), _NOT_NOW),
    )


def how_much(payee: Payee, *, typed: Money, most: Money) -> WalletModel:
    """A printed code names no amount: the payer types it."""
    limit = amount_text(most)
    return WalletModel(
        name=ScreenName.AMOUNT,
        headline="How much?",
        payee=payee,
        amount=amount_text(typed),
        lines=(f"A printed code: at most {limit.number} {limit.currency}",),
        actions=(Action(name=ActionName.CONFIRM, label="Pay", emphasis=Emphasis.PRIMARY),),
    )


def working(sale: Sale | None, *, what: str) -> WalletModel:
    """Something takes a moment."""
    return WalletModel(
        name=ScreenName.WORKING,
        headline="One moment",
        payee=sale.payee if sale else None,
        amount=amount_text(sale.amount) if sale else None,
        lines=(what,),
    )


def paid(sale: Sale | None, *, amount: Money, receipt_text: str) -> WalletModel:
    """Settled. The shop can be shown the receipt, when its own network is away."""
    return WalletModel(
        name=ScreenName.PAID,
        headline="PAID",
        payee=sale.payee if sale else None,
        amount=amount_text(amount),
        lines=("Your receipt. The till can scan it too.",) if receipt_text else (),
        code_text=receipt_text,
        actions=(_DONE,),
    )


def show_intent(sale: Sale, *, code_text: str, check_words: tuple[str, ...]) -> WalletModel:
    """No network: the payment itself as a code."""
    return WalletModel(
        name=ScreenName.SHOW_INTENT,
        headline="Show this to the till",
        payee=sale.payee,
        amount=amount_text(sale.amount),
        code_text=code_text,
        check_words=check_words,
        lines=("No network: you pay with this code.",),
        actions=(Action(name=ActionName.SCAN_RECEIPT, label="Scan the till's receipt", emphasis=Emphasis.PRIMARY),),
    )


def look_for_receipt(*, hint: str = "") -> WalletModel:
    """The camera, looking for the till's receipt."""
    return WalletModel(
        name=ScreenName.LOOK_FOR_RECEIPT,
        headline="The till's receipt",
        lines=(hint or "Hold the receipt on the till's screen into the frame.",),
        actions=(Action(name=ActionName.SHOW_INTENT, label="Show my payment again"),),
    )


def accepted_offline(sale: Sale, *, receipt_text: str) -> WalletModel:
    """The till has signed for it."""
    return WalletModel(
        name=ScreenName.ACCEPTED_OFFLINE,
        headline="PAID OFFLINE",
        payee=sale.payee,
        amount=amount_text(sale.amount),
        lines=("The till has signed for it. It reaches your bank when the network is back.",),
        code_text=receipt_text,
        actions=(_DONE,),
    )


def not_paid(sale: Sale | None, *, why: str) -> WalletModel:
    """Refused, and nothing was taken."""
    return WalletModel(
        name=ScreenName.NOT_PAID,
        headline="NOT PAID",
        payee=sale.payee if sale else None,
        amount=amount_text(sale.amount) if sale else None,
        lines=(why, "Nothing was taken."),
        actions=(_DONE,),
    )


def unknown(sale: Sale) -> WalletModel:
    """The answer was lost: it may have been taken."""
    return WalletModel(
        name=ScreenName.UNKNOWN,
        headline="NOT KNOWN YET",
        payee=sale.payee,
        amount=amount_text(sale.amount),
        warning="Do not pay again",
        lines=("The answer got lost on its way. This payment is checked until it is clear.",),
        actions=(
            Action(name=ActionName.CHECK_AGAIN, label="Check now", emphasis=Emphasis.PRIMARY),
            Action(name=ActionName.DONE, label="Later"),
        ),
    )


def my_code(*, code_text: str, check_words: tuple[str, ...], remaining_s: int) -> WalletModel:
    """The wallet's own code, for a till to scan."""
    return WalletModel(
        name=ScreenName.MY_CODE,
        headline="My code",
        code_text=code_text,
        check_words=check_words,
        remaining_s=remaining_s,
        lines=("Let the till scan it. It works once, and renews itself.",),
    )
