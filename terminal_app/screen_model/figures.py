"""Amounts and days as each language writes them. For people only: what machines read has a point and no grouping."""

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from terminal_app.screen_model.appearance import Language
from wallet_sdk.protocol.money import Money

_HARD_SPACE: Final = "\u00a0"
_GROUP: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How figures are written: `above` digits stand in a group above the first one, which has three everywhere."""

    point: str = "."
    between: str = ","
    above: int = _GROUP
    day: str = "%Y-%m-%d"


#: English, Chinese and Arabic, read in many countries that differ, have the day that nobody misreads.
_FORMS: Final = MappingProxyType(
    {
        Language.ENGLISH: _Form(),
        Language.CHINESE: _Form(),
        Language.SPANISH: _Form(point=",", between=".", day="%d/%m/%Y"),
        Language.FRENCH: _Form(point=",", between=_HARD_SPACE, day="%d/%m/%Y"),
        Language.GERMAN: _Form(point=",", between=".", day="%d.%m.%Y"),
        Language.PORTUGUESE: _Form(point=",", between=".", day="%d/%m/%Y"),
        Language.HINDI: _Form(above=2, day="%d/%m/%Y"),
        Language.ARABIC: _Form(),
    }
)
assert set(_FORMS) == set(Language), "every language writes figures"


def figures(minor: int, *, fraction_digits: int, language: Language) -> str:
    """Minor units as this language writes them: 123450 with 2 digits is "1,234.50" in English, "1.234,50" in German."""
    form = _FORMS[language]
    whole, fraction = divmod(abs(minor), 10**fraction_digits)
    sign = "-" if minor < 0 else ""
    grouped = form.between.join(_groups(str(whole), form.above))
    return f"{sign}{grouped}{form.point}{fraction:0{fraction_digits}d}" if fraction_digits else f"{sign}{grouped}"


def minor_of(number: str) -> int:
    """What `figures` has written, in any language: it leaves no decimal out."""
    minor = int("".join(each for each in number if each in "0123456789"))
    return -minor if number.startswith("-") else minor


def money_text(money: Money, language: Language) -> str:
    """Number and ISO code, "12,50 EUR"."""
    number = figures(money.minor, fraction_digits=money.currency.fraction_digits, language=language)
    return f"{number} {money.currency.name}"


def moment_text(moment: datetime, language: Language) -> str:
    """Day and time of day, "15.01.2027 14:02"."""
    return f"{moment:{_FORMS[language].day} %H:%M}"


def _groups(digits: str, above: int) -> list[str]:
    groups = [digits[-_GROUP:]]
    rest = digits[:-_GROUP]
    while rest:
        groups.insert(0, rest[-above:])
        rest = rest[:-above]
    return groups
