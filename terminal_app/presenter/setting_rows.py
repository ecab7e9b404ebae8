"""The settings as lines: what is set now, and what a touch does. Few choices are gone through, others have a page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from terminal_app.core import Snapshot
from terminal_app.i18n import MessageId
from terminal_app.office_commands import ChangeSetting
from terminal_app.presenter.wording import Wording
from terminal_app.screen_model import (
    AmountAsk,
    AskFor,
    Choice,
    Choose,
    Language,
    Row,
    TextAsk,
    TextSize,
    ThemeName,
)
from terminal_app.settings import KINDS, TEXT_CHARS_MAX, Fitted, Settings, SoundLevel, TipPolicy, text_of
from wallet_sdk.protocol.money import Money

_TITLES: Final[Mapping[str, MessageId]] = {
    "language": MessageId.LANGUAGE,
    "theme": MessageId.COLOURS,
    "text_size": MessageId.TEXT_SIZE,
    "brightness_percent": MessageId.BACKLIGHT,
    "sound": MessageId.SOUND,
    "volume_percent": MessageId.VOLUME,
    "tip_policy": MessageId.ASK_TIPS,
    "tip_percents": MessageId.TIP_CHOICES,
    "sign_out_s": MessageId.SIGN_OUT_AFTER,
    "customer_side": MessageId.CUSTOMER_SIDE,
    "self_check": MessageId.SELF_CHECK,
    "receipt_language": MessageId.RECEIPT_LANGUAGE,
    "receipt_footer": MessageId.RECEIPT_FOOTER,
    "offline_payment_minor": MessageId.OFFLINE_PAYMENT_MAX,
    "offline_stored_minor": MessageId.OFFLINE_TOTAL_MAX,
    "offline_customer_minor": MessageId.OFFLINE_CUSTOMER_MAX,
    "offline_count": MessageId.OFFLINE_COUNT_MAX,
    "offline_age_h": MessageId.OFFLINE_AGE_MAX,
    "refund_cashier_minor": MessageId.REFUND_CASHIER_MAX,
    "refund_supervisor_minor": MessageId.REFUND_SUPERVISOR_MAX,
    "printer": MessageId.PRINTER,
    "paper": MessageId.PAPER_WIDTH,
    "drawer": MessageId.DRAWER,
    "scanner": MessageId.SCANNER,
    "lights": MessageId.LIGHTS,
    "display": MessageId.CUSTOMER_DISPLAY,
}
#: Set by what the till reads, by nobody's hand: the calibration code of a scanner that types.
_MEASURED: Final = frozenset({"scanner_layout"})
assert set(_TITLES) | _MEASURED == set(KINDS), "every setting can be changed at the till"

#: Texts that a touch goes through, in turn.
_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "theme": KINDS["theme"].choices,
    "text_size": KINDS["text_size"].choices,
    "brightness_percent": ("0", "25", "50", "75", "100"),
    "sound": KINDS["sound"].choices,
    "volume_percent": ("0", "20", "40", "60", "80", "100"),
    "tip_policy": KINDS["tip_policy"].choices,
    "sign_out_s": ("0", "60", "300", "900", "1800"),
    "customer_side": KINDS["customer_side"].choices,
    "self_check": KINDS["self_check"].choices,
    "offline_count": ("0", "5", "10", "20", "50", "100"),
    "offline_age_h": ("0", "4", "12", "24", "48", "72"),
    "paper": KINDS["paper"].choices,
    "drawer": KINDS["drawer"].choices,
}
_AMOUNTS: Final = (
    "offline_payment_minor",
    "offline_stored_minor",
    "offline_customer_minor",
    "refund_cashier_minor",
    "refund_supervisor_minor",
)
_LANGUAGES: Final = ("language", "receipt_language")
_WORDS: Final[Mapping[object, MessageId]] = {
    ThemeName.NIGHT: MessageId.THEME_NIGHT,
    ThemeName.DAYLIGHT: MessageId.THEME_DAYLIGHT,
    ThemeName.HIGH_CONTRAST: MessageId.THEME_HIGH_CONTRAST,
    TextSize.NORMAL: MessageId.TEXT_NORMAL,
    TextSize.LARGE: MessageId.TEXT_LARGE,
    SoundLevel.OFF: MessageId.SWITCH_OFF,
    SoundLevel.TONES: MessageId.SWITCH_ON,
    SoundLevel.VOICE: MessageId.VOICE,
    TipPolicy.NONE: MessageId.SWITCH_OFF,
    TipPolicy.AT_TILL: MessageId.TIPS_AT_TILL,
    TipPolicy.ON_PHONE: MessageId.TIPS_ON_PHONE,
    Fitted.YES: MessageId.SWITCH_ON,
    Fitted.NO: MessageId.SWITCH_OFF,
}
_WORDS_OF_ZERO: Final[Mapping[str, MessageId]] = {
    "brightness_percent": MessageId.AS_IT_IS,
    "sign_out_s": MessageId.NEVER,
    **{name: MessageId.AS_OPERATOR for name in KINDS if name.startswith("offline_")},
}


def setting_rows(wording: Wording, snapshot: Snapshot, settings: Settings) -> tuple[Row, ...]:
    """One line a setting."""
    rows = _Rows(wording, snapshot, settings)
    return tuple(rows.row(name) for name in _TITLES)


class _Rows:
    def __init__(self, wording: Wording, snapshot: Snapshot, settings: Settings) -> None:
        self._wording = wording
        self._text: Callable[..., str] = wording.text
        self._snapshot = snapshot
        self._settings = settings

    def row(self, name: str) -> Row:
        """One setting: its name, what it is now, what a touch does."""
        minor = getattr(self._settings, name) if name in _AMOUNTS else 0
        amount = self._wording.amount_text(self._money(minor)) if minor else None
        return Row(
            robot_id=f"set_{name}",
            title=self._text(_TITLES[name]),
            value="" if amount else self._value(name),
            amount=amount,
            press=self._press(name),
        )

    def _money(self, minor: int) -> Money:
        return Money(minor=minor, currency=self._snapshot.currency)

    def _value(self, name: str) -> str:
        value = getattr(self._settings, name)
        if value in _WORDS:
            return self._text(_WORDS[value])
        if value == 0 and name in _WORDS_OF_ZERO:
            return self._text(_WORDS_OF_ZERO[name])
        match name:
            case "language" | "receipt_language":
                return value.own_name if value is not None else self._text(MessageId.AS_SCREEN)
            case "volume_percent" | "brightness_percent":
                return self._text(MessageId.PERCENT, percent=str(value))
            case "sign_out_s":
                return self._text(MessageId.MINUTES, minutes=str(value // 60))
            case "offline_age_h":
                return self._text(MessageId.HOURS, hours=str(value))
            case "paper":
                return self._text(MessageId.MILLIMETRES, width=value.value)
            case _:
                return self._wording.value(text_of(self._settings, name)) or self._text(MessageId.NONE_SET)

    def _press(self, name: str) -> Any:
        title, now = self._text(_TITLES[name]), text_of(self._settings, name)
        change, done = ChangeSetting(name=name, text=""), self._text(MessageId.DO_DONE)
        if name in _STEPS:
            return ChangeSetting(name=name, text=_after(now, _STEPS[name]))
        if name in _LANGUAGES:
            return Choose(headline=title, choices=self._languages(name))
        if name in _AMOUNTS:
            minor = getattr(self._settings, name)
            ask = AmountAsk(fill=change, place="text", done=done, hint=self._operators_most(name), minor=minor)
            return AskFor(headline=title, ask=ask)
        text = TextAsk(
            name=title, fill=change, place="text", done=done, text=now, chars_min=0, chars_max=TEXT_CHARS_MAX
        )
        return AskFor(headline=title, ask=text)

    def _languages(self, name: str) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                robot_id=f"choose_{text or 'none'}",
                label=Language(text).own_name if text else self._text(MessageId.AS_SCREEN),
                press=ChangeSetting(name=name, text=text),
            )
            for text in KINDS[name].choices
        )

    def _operators_most(self, name: str) -> str:
        limits = self._snapshot.operators_limits
        if limits is None or not name.startswith("offline_"):
            return ""
        most = {
            "offline_payment_minor": limits.payment_max_minor,
            "offline_stored_minor": limits.stored_max_minor,
            "offline_customer_minor": limits.token_stored_max_minor,
        }
        return self._text(MessageId.OPERATORS_MOST, most=self._wording.money(self._money(most[name])))


def _after(now: str, steps: tuple[str, ...]) -> str:
    """The step after this one; after one that is no step, the first."""
    return steps[(steps.index(now) + 1) % len(steps)] if now in steps else steps[0]
