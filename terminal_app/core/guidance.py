"""Voice guidance: what is said when the ring of the arrow keys comes to lie around a button.

A button says what stands on it, in the clip of that text; a digit says its number. What is in no catalogue (a name, a
sale of the history) is not said: there is no clip of it.
"""

from functools import cache
from typing import Final

from terminal_app.i18n import MessageId, catalogue_of
from terminal_app.screen_model import FocusMoved, Language

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
)
_DIGITS_MAX: Final = 2


def label_texts(language: Language) -> dict[str, str]:
    """The clips of the labels of a language: name, and what the voice says."""
    catalogue = catalogue_of(language)
    return {clip_of(one): catalogue.text(one) for one in SPOKEN_LABELS}


def clip_of(label: MessageId) -> str:
    """The name of a label's clip; numbers and outcomes have others."""
    return f"label_{label.value}"


def focus_clips(focus: FocusMoved, language: Language) -> tuple[str, ...]:
    """What is said of the button in the ring; nothing when there is no clip of it."""
    digits = focus.label.removesuffix("%").strip()
    if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX:
        return tuple(f"n{digit}" for digit in digits) if digits.startswith("0") else (f"n{digits}",)
    by_text = _labels(language)
    # Buttons with a picture instead of words are known by their name alone.
    label = by_text.get(focus.label) or _BY_NAME.get(f"do_{focus.robot_id}")
    return (clip_of(label),) if label is not None else ()


_BY_NAME: Final = {one.value: one for one in SPOKEN_LABELS}


@cache
def _labels(language: Language) -> dict[str, MessageId]:
    return {catalogue_of(language).text(one): one for one in SPOKEN_LABELS}
