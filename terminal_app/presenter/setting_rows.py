"""The settings as lines: what is chosen now, and the next choice that a touch makes."""

from typing import Final, TypeVar

from terminal_app.i18n import MessageId
from terminal_app.office_commands import ChangeSetting
from terminal_app.presenter.wording import Wording
from terminal_app.screen_model import Language, Row, TextSize, ThemeName
from terminal_app.settings import Settings, SoundLevel, TipPolicy

_Choice = TypeVar("_Choice")
_THEMES: Final = {
    ThemeName.NIGHT: MessageId.THEME_NIGHT,
    ThemeName.DAYLIGHT: MessageId.THEME_DAYLIGHT,
    ThemeName.HIGH_CONTRAST: MessageId.THEME_HIGH_CONTRAST,
}
_VOLUME_STEP: Final = 20


def setting_rows(wording: Wording, settings: Settings) -> tuple[Row, ...]:
    """One line a setting."""
    text, now = wording.text, settings
    language = now.language
    large = now.text_size is TextSize.LARGE
    voice, quiet = now.sound is SoundLevel.VOICE, now.sound is SoundLevel.OFF
    tips = now.tip_policy is not TipPolicy.NONE
    sound = MessageId.VOICE if voice else MessageId.SWITCH_OFF if quiet else MessageId.SWITCH_ON
    chosen = (
        ("language", MessageId.LANGUAGE, language.own_name, _next(list(Language), language).value),
        ("theme", MessageId.COLOURS, text(_THEMES[now.theme]), _next(list(ThemeName), now.theme).value),
        (
            "text_size",
            MessageId.TEXT_SIZE,
            text(MessageId.TEXT_LARGE if large else MessageId.TEXT_NORMAL),
            _next(list(TextSize), now.text_size).value,
        ),
        ("sound", MessageId.SOUND, text(sound), _next(list(SoundLevel), now.sound).value),
        (
            "volume_percent",
            MessageId.VOLUME,
            text(MessageId.PERCENT, percent=str(now.volume_percent)),
            str((now.volume_percent + _VOLUME_STEP) % (100 + _VOLUME_STEP)),
        ),
        (
            "tip_policy",
            MessageId.ASK_TIPS,
            text(MessageId.SWITCH_ON if tips else MessageId.SWITCH_OFF),
            (TipPolicy.NONE if tips else TipPolicy.AT_TILL).value,
        ),
        (
            "customer_side",
            MessageId.DO_TURN,
            text(MessageId.SWITCH_ON if now.customer_side.value == "yes" else MessageId.SWITCH_OFF),
            "no" if now.customer_side.value == "yes" else "yes",
        ),
    )
    return tuple(
        Row(
            robot_id=f"set_{name}",
            title=text(title),
            value=value,
            press=ChangeSetting(name=name, text=wanted),
        )
        for name, title, value, wanted in chosen
    )


def _next(choices: list[_Choice], now: _Choice) -> _Choice:
    return choices[(choices.index(now) + 1) % len(choices)]
