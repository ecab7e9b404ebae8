"""Voice guidance: what is said of what the ring of the arrow keys comes to lie around, and of an amount that is typed.

A button says what stands on it, in the clip of that text; a digit says its number. A line of a list says what it is,
its amount, its time and what else stands on it. What is in no catalogue (a name, a reference) is read aloud.
"""

import re
from functools import cache
from typing import Final

from terminal_app.i18n import MessageId, catalogue_of
from terminal_app.screen_model import AmountText, AmountTyped, FocusMoved, Language, minor_of
from terminal_app.sounds import Phrase, Speech, Words, amount_clips
from wallet_sdk.protocol.money import Currency

#: Labels with a clip of their own. Whoever adds one runs `make sounds`; one that is not here is not said.
SPOKEN_LABELS: Final = (
    MessageId.DO_ENROL,
    MessageId.DO_SHOW_CODE,
    MessageId.DO_SCAN_CUSTOMER,
    MessageId.DO_SCAN_ANSWER,
    MessageId.DO_SCAN_RECEIPT,
    MessageId.DO_CANCEL,
    MessageId.DO_STOP_SCAN,
    MessageId.DO_NEXT_SALE,
    MessageId.DO_SHOW_RECEIPT,
    MessageId.DO_CHECK_AGAIN,
    MessageId.DO_MENU,
    MessageId.DO_BACK,
    MessageId.DO_SIGN_IN,
    MessageId.DO_SIGN_OUT,
    MessageId.DO_TRAINING_ON,
    MessageId.DO_TRAINING_OFF,
    MessageId.DO_NO_TIP,
    MessageId.DO_ONLY_OFFLINE,
    MessageId.DO_ALL,
    MessageId.DO_SEARCH,
    MessageId.DO_PRINT,
    MessageId.DO_REFUND,
    MessageId.DO_REFUND_ALL,
    MessageId.DO_CLOSE_DAY,
    MessageId.DO_SEND_NOW,
    MessageId.DO_EXPORT,
    MessageId.DO_IMPORT,
    MessageId.DO_PRACTISE,
    MessageId.DO_TEST,
    MessageId.DO_TURN,
    MessageId.DO_PAGE_ON,
    MessageId.DO_PAGE_BACK,
    MessageId.MENU,
    MessageId.HISTORY,
    MessageId.REFUND,
    MessageId.REPORTS,
    MessageId.X_REPORT,
    MessageId.QUEUE,
    MessageId.STAFF,
    MessageId.DEVICES,
    MessageId.SETTINGS,
    MessageId.DO_REFERENCE,
    MessageId.DO_NEXT_CODE,
    MessageId.DO_STOP,
    MessageId.ROLE_OWNER,
    MessageId.ROLE_SUPERVISOR,
    MessageId.ROLE_CASHIER,
)
#: Outcomes have clips already.
_OUTCOMES: Final = {
    MessageId.PAID: Phrase.PAID,
    MessageId.ACCEPTED_OFFLINE: Phrase.ACCEPTED_OFFLINE,
    MessageId.NOT_PAID: Phrase.NOT_PAID,
    MessageId.CANCELLED: Phrase.CANCELLED,
    MessageId.EXPIRED: Phrase.EXPIRED,
    MessageId.UNKNOWN: Phrase.UNKNOWN,
    MessageId.REFUNDED: Phrase.REFUNDED,
}
#: Keys of pads and of the keyboard: a letter is not said, it stands in the field.
_KEYS: Final = "key_"
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DIGITS_MAX: Final = 2


def label_texts(language: Language) -> dict[str, str]:
    """The clips of the labels of a language: name, and what the voice says."""
    catalogue = catalogue_of(language)
    return {clip_of(one): catalogue.text(one) for one in SPOKEN_LABELS}


def clip_of(label: MessageId) -> str:
    """The name of a label's clip; numbers and outcomes have others."""
    return f"label_{label.value}"


def guidance(event: FocusMoved | AmountTyped, language: Language, currency: Currency) -> Speech:
    """What is said of it; nothing for a button without words."""
    if isinstance(event, AmountTyped):
        return amount_clips(event.amount_minor, currency, language)
    if event.robot_id.startswith(_KEYS):
        return _digits(event.label)
    # Buttons with a picture instead of words are known by their name alone.
    by_name = _BY_NAME.get(f"do_{event.robot_id}")
    label = (clip_of(by_name),) if by_name is not None else _said(event.label, language)
    amount = _amount(event.amount, language) if event.amount is not None else ()
    rest = (part for detail in event.details for part in _said(detail, language))
    return (*label, *amount, *rest)


def _said(text: str, language: Language) -> Speech:
    """A text of ours in its clip, a time and a few digits as numbers, anything else as it is written."""
    clip = _clips(language).get(text)
    if clip is not None:
        return (clip,)
    time = _TIME.fullmatch(text)
    if time is not None:
        return (f"n{int(time[1])}", *_digits(time[2]))
    return _digits(text) or ((Words(text),) if text else ())


def _digits(text: str) -> Speech:
    digits = text.removesuffix("%").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX):
        return ()
    return tuple(f"n{digit}" for digit in digits) if digits.startswith("0") else (f"n{digits}",)


def _amount(amount: AmountText, language: Language) -> Speech:
    currency = Currency[amount.currency]
    return amount_clips(minor_of(amount.number), currency, language)


_BY_NAME: Final = {one.value: one for one in SPOKEN_LABELS}


@cache
def _clips(language: Language) -> dict[str, str]:
    """The clip of each text that has one."""
    catalogue = catalogue_of(language)
    outcomes = {catalogue.text(one): phrase.value for one, phrase in _OUTCOMES.items()}
    return outcomes | {catalogue.text(one): clip_of(one) for one in SPOKEN_LABELS}
