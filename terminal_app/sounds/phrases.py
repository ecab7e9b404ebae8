"""What is spoken: clips, and how an amount is put together from them in each language.

A clip is named: `n25` is a number below a hundred, `h3` three hundred, a word stands for itself. Each language has the
numbers 0 to 99 and the full hundreds as clips, because in most of them these are irregular; above that a short rule
does. An amount is its whole part, the word for the point, and the digits behind it. The currency is not spoken: it is
on the screen, and a till has one.
"""

from collections.abc import Callable, Mapping
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from terminal_app.screen_model import Language
from wallet_sdk.protocol.money import Currency

#: Amounts above are read digit by digit: nobody waits for "nine hundred and ninety-nine million".
SPOKEN_MAX: Final = 999_999_999


@unique
class Phrase(Enum):
    """Sentences for the outcomes; the value is the clip's name."""

    PAID = "paid"
    ACCEPTED_OFFLINE = "accepted_offline"
    NOT_PAID = "not_paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    REFUNDED = "refunded"
    SHOW_CODE = "show_code"


_PHRASES: Final = {
    Language.ENGLISH: (
        "Paid.|Accepted offline.|Not paid.|Cancelled.|Expired.|Not known. Do not charge again.|Refunded.|Please scan."
    ),
    Language.CHINESE: "已付款。|离线已受理。|未付款。|已取消。|已过期。|结果未知，请勿再次收款。|已退款。|请扫码。",
    Language.SPANISH: (
        "Pagado.|Aceptado sin conexión.|No pagado.|Cancelado.|Caducado.|Desconocido. No cobrar otra vez.|Devuelto.|"
        "Escanee, por favor."
    ),
    Language.FRENCH: (
        "Payé.|Accepté hors ligne.|Non payé.|Annulé.|Expiré.|Inconnu. Ne pas encaisser à nouveau.|Remboursé.|"
        "Scannez, s'il vous plaît."
    ),
    Language.GERMAN: (
        "Bezahlt.|Offline angenommen.|Nicht bezahlt.|Abgebrochen.|Abgelaufen.|Unbekannt. Nicht noch einmal kassieren.|"
        "Erstattet.|Bitte scannen."
    ),
    Language.PORTUGUESE: (
        "Pago.|Aceite sem rede.|Não pago.|Cancelado.|Expirado.|Desconhecido. Não cobrar outra vez.|Reembolsado.|"
        "Leia o código, por favor."
    ),
    Language.HINDI: (
        "भुगतान हुआ।|ऑफ़लाइन स्वीकृत।|भुगतान नहीं हुआ।|रद्द।|समय समाप्त।|पता नहीं। दोबारा पैसे न लें।|पैसे वापस किए गए।|कृपया स्कैन करें।"
    ),
    Language.ARABIC: (
        "تم الدفع.|مقبول دون اتصال.|لم يُدفع.|أُلغي.|انتهت المدة.|غير معروف. لا تحصّل المبلغ مرة أخرى.|"
        "تم الاسترداد.|امسح من فضلك."
    ),
}

#: Words that numbers need beside 0 to 99 and the hundreds.
_WORDS: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType(
    {
        Language.ENGLISH: {"point": "point", "thousand": "thousand", "million": "million"},
        Language.CHINESE: {
            "point": "点",
            "ten": "十",
            "hundred": "百",
            "thousand": "千",
            "myriad": "万",
            "hundred_million": "亿",
            "two": "两",
        },
        Language.SPANISH: {
            "point": "coma",
            "hundred_and": "ciento",
            "thousand": "mil",
            "one_million": "un millón",
            "millions": "millones",
            **{f"m{number}": f"{number} mil" for number in (1, *range(21, 100, 10))},
        },
        Language.FRENCH: {
            "point": "virgule",
            "thousand": "mille",
            "one_million": "un million",
            "millions": "millions",
        },
        Language.GERMAN: {
            "point": "Komma",
            "one_thousand": "eintausend",
            "thousand": "tausend",
            "one_million": "eine Million",
            "millions": "Millionen",
        },
        Language.PORTUGUESE: {
            "point": "vírgula",
            "and": "e",
            "hundred_and": "cento",
            "thousand": "mil",
            "one_million": "um milhão",
            "millions": "milhões",
        },
        Language.HINDI: {"point": "दशमलव", "thousand": "हज़ार", "lakh": "लाख", "crore": "करोड़"},
        Language.ARABIC: {
            "point": "فاصلة",
            "and": "و",
            "thousand": "ألف",
            "two_thousand": "ألفان",
            "thousands": "آلاف",
            "million": "مليون",
            "two_million": "مليونان",
            "millions": "ملايين",
        },
    }
)
assert set(_PHRASES) == set(_WORDS) == set(Language), "every language can be heard"


def clip_texts(language: Language) -> dict[str, str]:
    """Every clip of a language: its name, and what the voice says."""
    phrases = dict(zip((one.value for one in Phrase), _PHRASES[language].split("|"), strict=True))
    numbers = {f"n{number}": str(number) for number in range(100)}
    hundreds = {f"h{number}": str(100 * number) for number in range(1, 10)}
    return {**numbers, **hundreds, **_WORDS[language], **phrases}


def amount_clips(minor: int, currency: Currency, language: Language) -> tuple[str, ...]:
    """The clips that say an amount, in their sequence. `minor` is not negative."""
    assert minor >= 0
    digits = currency.fraction_digits
    whole, fraction = divmod(minor, 10**digits)
    spoken = _RULES[language](whole) if 0 < whole <= SPOKEN_MAX else _digit_by_digit(str(whole))
    if not fraction:
        return tuple(spoken)
    behind = f"{fraction:0{digits}d}"
    as_number = digits == 2 and fraction >= 10
    return (*spoken, "point", *([f"n{fraction}"] if as_number else _digit_by_digit(behind)))


def _digit_by_digit(text: str) -> list[str]:
    return [f"n{one}" for one in text]


def _below_thousand(number: int) -> list[str]:
    """Hundreds and rest, one after the other: how English, German, French and Hindi have it."""
    hundreds, rest = divmod(number, 100)
    return ([f"h{hundreds}"] if hundreds else []) + ([f"n{rest}"] if rest else [])


def _english(number: int) -> list[str]:
    millions, rest = divmod(number, 1_000_000)
    thousands, rest = divmod(rest, 1_000)
    return [
        *([*_below_thousand(millions), "million"] if millions else []),
        *([*_below_thousand(thousands), "thousand"] if thousands else []),
        *_below_thousand(rest),
    ]


def _german(number: int) -> list[str]:
    millions, rest = divmod(number, 1_000_000)
    thousands, rest = divmod(rest, 1_000)
    return [*_millions(millions, _below_thousand), *_german_thousands(thousands), *_below_thousand(rest)]


def _german_thousands(thousands: int) -> list[str]:
    if not thousands:
        return []
    # "eins" loses its s before "tausend".
    if thousands % 100 == 1:
        return [*_below_thousand(thousands - 1), "one_thousand"]
    return [*_below_thousand(thousands), "thousand"]


def _french(number: int) -> list[str]:
    millions, rest = divmod(number, 1_000_000)
    thousands, rest = divmod(rest, 1_000)
    before = [] if thousands == 1 else _below_thousand(thousands)
    return [
        *_millions(millions, _below_thousand),
        *([*before, "thousand"] if thousands else []),
        *_below_thousand(rest),
    ]


def _spanish(number: int) -> list[str]:
    millions, rest = divmod(number, 1_000_000)
    thousands, rest = divmod(rest, 1_000)
    return [*_millions(millions, _spanish_hundreds), *_spanish_thousands(thousands), *_spanish_hundreds(rest)]


def _spanish_thousands(thousands: int) -> list[str]:
    if thousands <= 1:
        return ["thousand"] * thousands
    hundreds, rest = divmod(thousands, 100)
    if rest == 1 or (rest > 20 and rest % 10 == 1):
        # "veintiuno" becomes "veintiún" before "mil": a clip of its own, with the "mil" in it.
        return [*_spanish_hundreds(100 * hundreds, has_rest=1), f"m{rest}"]
    return [*_spanish_hundreds(thousands), "thousand"]


def _spanish_hundreds(number: int, *, has_rest: int = 0) -> list[str]:
    hundreds, rest = divmod(number, 100)
    head = [f"h{hundreds}"] if hundreds else []
    if hundreds == 1 and (rest or has_rest):
        head = ["hundred_and"]
    return head + ([f"n{rest}"] if rest else [])


def _portuguese(number: int) -> list[str]:
    millions, rest = divmod(number, 1_000_000)
    thousands, rest = divmod(rest, 1_000)
    before = [] if thousands == 1 else _portuguese_hundreds(thousands)
    parts = [*_millions(millions, _portuguese_hundreds), *([*before, "thousand"] if thousands else [])]
    joined = ["and"] if parts and rest and (rest <= 100 or rest % 100 == 0) else []
    return [*parts, *joined, *_portuguese_hundreds(rest)]


def _portuguese_hundreds(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    if not hundreds or not rest:
        return _below_thousand(number)
    return ["hundred_and" if hundreds == 1 else f"h{hundreds}", "and", f"n{rest}"]


def _hindi(number: int) -> list[str]:
    crores, rest = divmod(number, 10_000_000)
    lakhs, rest = divmod(rest, 100_000)
    thousands, rest = divmod(rest, 1_000)
    spoken: list[str] = []
    for count, word in ((crores, "crore"), (lakhs, "lakh"), (thousands, "thousand")):
        spoken += [f"n{count}", word] if count else []
    return [*spoken, *_below_thousand(rest)]


def _chinese(number: int) -> list[str]:
    hundred_millions, rest = divmod(number, 100_000_000)
    myriads, rest = divmod(rest, 10_000)
    spoken: list[str] = []
    for count, word in ((hundred_millions, "hundred_million"), (myriads, "myriad"), (rest, "")):
        if not count:
            continue
        # A gap is spoken as a zero: 一万零五.
        gap = ["n0"] if spoken and count < 1_000 else []
        group = ["two"] if count == 2 and word else _chinese_group(count, leads=not spoken)
        spoken += [*gap, *group, *([word] if word else [])]
    return spoken


def _chinese_group(number: int, *, leads: object) -> list[str]:
    spoken: list[str] = []
    is_gap = False
    for place, word in ((1_000, "thousand"), (100, "hundred"), (10, "ten"), (1, "")):
        digit = number // place % 10
        if not digit:
            is_gap = bool(spoken)
            continue
        spoken += ["n0"] if is_gap else []
        is_gap = False
        # 十二, not 一十二, at the beginning.
        silent = digit == 1 and place == 10 and not spoken and leads
        name = "two" if digit == 2 and place == 1_000 else f"n{digit}"
        spoken += [*([] if silent else [name]), *([word] if word else [])]
    return spoken


def _arabic(number: int) -> list[str]:
    millions, rest = divmod(number, 1_000_000)
    thousands, rest = divmod(rest, 1_000)
    groups = [
        _arabic_counted(millions, one="million", two="two_million", few="millions"),
        _arabic_counted(thousands, one="thousand", two="two_thousand", few="thousands"),
        _arabic_hundreds(rest),
    ]
    return _with_and(groups)


def _arabic_counted(count: int, *, one: str, two: str, few: str) -> list[str]:
    if count <= 2:
        return [[], [one], [two]][count]
    # The plural after 3 to 10, the singular after everything else.
    return [*_arabic_hundreds(count), few if 3 <= count % 100 <= 10 else one]


def _arabic_hundreds(number: int) -> list[str]:
    return _with_and([[one] for one in _below_thousand(number)])


def _with_and(groups: list[list[str]]) -> list[str]:
    spoken: list[str] = []
    for group in groups:
        if group:
            spoken += [*(["and"] if spoken else []), *group]
    return spoken


def _millions(millions: int, count_of: Callable[[int], list[str]]) -> list[str]:
    if millions <= 1:
        return ["one_million"] * millions
    return [*count_of(millions), "millions"]


_RULES: Final[Mapping[Language, Callable[[int], list[str]]]] = MappingProxyType(
    {
        Language.ENGLISH: _english,
        Language.CHINESE: _chinese,
        Language.SPANISH: _spanish,
        Language.FRENCH: _french,
        Language.GERMAN: _german,
        Language.PORTUGUESE: _portuguese,
        Language.HINDI: _hindi,
        Language.ARABIC: _arabic,
    }
)
