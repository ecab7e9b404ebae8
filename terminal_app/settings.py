"""What the people of a shop may change at the till itself: typed, bounded, and kept as facts in the journal.

A setting travels and is stored as a text under its name; `changed` reads it strictly, so a `Settings` value never holds
what would not do. What belongs to the machine (folder, window, second journal) stands in `config.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, unique
from types import MappingProxyType
from typing import Any, Final

from terminal_app.roles import Role
from terminal_app.screen_model import Language, TextSize, ThemeName
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.rules import OfflineLimits

#: Choices of a tip that fit beside "no tip" and "other" on the smallest screen.
TIP_CHOICES_MAX: Final = 3
TIP_PERCENT_MAX: Final = 100
#: A device's address ("tcp:192.168.1.20:9100") or a receipt's last line.
TEXT_CHARS_MAX: Final = 120
AMOUNT_MINOR_MAX: Final = 2**32 - 1
SIGN_OUT_S_MAX: Final = 12 * 3600
#: Larger ones than an operator ever sets: they bound nothing.
OFFLINE_COUNT_MAX: Final = 100_000
OFFLINE_AGE_H_MAX: Final = 30 * 24


@unique
class SoundLevel(Enum):
    """What is heard."""

    OFF = "off"
    TONES = "tones"
    VOICE = "voice"


@unique
class TipPolicy(Enum):
    """Where a tip is chosen."""

    NONE = "none"
    AT_TILL = "at_till"
    ON_PHONE = "on_phone"


@unique
class PaperWidth(Enum):
    """Receipt paper."""

    MM_58 = "58"
    MM_80 = "80"


@unique
class Fitted(Enum):
    """Whether a thing is there and to be used."""

    NO = "no"
    YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a till.

    Attributes:
        volume_percent: of tones and voice, 0 to 100.
        tip_percents: choices offered at the till, and the largest one bounds a tip on the phone.
        refund_cashier_minor, refund_supervisor_minor: largest refund of these roles; an owner has no such bound.
        sign_out_s: whoever is signed in is signed out after this long without a touch; 0 means never.
        printer, scanner, lights, display: addresses of devices, as `devices.addresses` reads them; empty means none.
        drawer: whether a cash drawer hangs on the printer.
        receipt_footer: last line of a receipt.
        receipt_language: what receipts are written in, None: as the screen.
        customer_side: whether the screen is turned around to the customer (a tablet on the counter).
        brightness_percent: the screen's own light between two codes; 0 leaves it as the machine has it.
        self_check: whether the till reads its own code back from the glass.
        offline_payment_minor, offline_stored_minor, offline_customer_minor, offline_count, offline_age_h: the shop's
            own limits of one offline payment, of all that wait and of one customer's share of them, of their number,
            and of the age of the oldest; 0: the operator's, which also bound them from above.
        scanner_layout: what a typing scanner's characters mean, in pairs: what comes, what is meant.
    """

    language: Language = Language.ENGLISH
    theme: ThemeName = ThemeName.NIGHT
    text_size: TextSize = TextSize.NORMAL
    sound: SoundLevel = SoundLevel.OFF
    volume_percent: int = 60
    tip_policy: TipPolicy = TipPolicy.NONE
    tip_percents: tuple[int, ...] = (5, 10, 15)
    refund_cashier_minor: int = 5_000
    refund_supervisor_minor: int = 50_000
    sign_out_s: int = 300
    paper: PaperWidth = PaperWidth.MM_80
    printer: str = ""
    drawer: Fitted = Fitted.NO
    scanner: str = ""
    lights: str = ""
    display: str = ""
    receipt_footer: str = ""
    receipt_language: Language | None = None
    customer_side: Fitted = Fitted.NO
    brightness_percent: int = 0
    self_check: Fitted = Fitted.YES
    offline_payment_minor: int = 0
    offline_stored_minor: int = 0
    offline_customer_minor: int = 0
    offline_count: int = 0
    offline_age_h: int = 0
    scanner_layout: str = ""

    def narrowed(self, limits: OfflineLimits) -> OfflineLimits:
        """The operator's offline limits, as far as the shop's own ones are no smaller."""
        return replace(
            limits,
            payment_max_minor=_smaller(limits.payment_max_minor, self.offline_payment_minor),
            stored_max_minor=_smaller(limits.stored_max_minor, self.offline_stored_minor),
            token_stored_max_minor=_smaller(limits.token_stored_max_minor, self.offline_customer_minor),
            stored_count_max=_smaller(limits.stored_count_max, self.offline_count),
            stored_age_max_s=_smaller(limits.stored_age_max_s, self.offline_age_h * 3600),
        )

    def refund_max_minor(self, role: Role) -> int:
        """Largest refund that this role may give."""
        match role:
            case Role.CASHIER:
                return self.refund_cashier_minor
            case Role.SUPERVISOR:
                return self.refund_supervisor_minor
            case Role.OWNER:
                return AMOUNT_MINOR_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKind:
    """How one setting is read and written. `choices` are all its texts when there are few."""

    parse: Callable[[str], Any]
    write: Callable[[Any], str]
    choices: tuple[str, ...] = field(default=())


def changed(settings: Settings, name: str, text: str) -> Settings:
    """The settings with one of them changed.

    Raises:
        MisuseError: BAD_ARGUMENT, its `param` the setting's name.
    """
    kind = KINDS.get(name)
    if kind is None:
        raise _bad(name, "there is no such setting")
    try:
        value = kind.parse(text)
    except ValueError as error:
        raise _bad(name, str(error)) from error
    return replace(settings, **{name: value})


def text_of(settings: Settings, name: str) -> str:
    """The text of one setting, as `changed` reads it."""
    return KINDS[name].write(getattr(settings, name))


def settings_from(texts: Mapping[str, str]) -> Settings:
    """The settings of these texts. What is unknown or no longer fits is left at its default: a till must start."""
    settings = Settings()
    for name, text in texts.items():
        try:
            settings = changed(settings, name, text)
        except MisuseError:
            continue
    return settings


def _smaller(operators: int, shops: int) -> int:
    """Of two limits the smaller one; the shop has none while its is 0."""
    return min(operators, shops) if shops else operators


def _choice(choices: type[Enum]) -> SettingKind:
    texts = tuple(one.value for one in choices)

    def parse(text: str) -> Enum:
        if text not in texts:
            raise ValueError(f"one of {', '.join(texts)}")
        return choices(text)

    return SettingKind(parse=parse, write=lambda value: str(value.value), choices=texts)


def _language_or_none() -> SettingKind:
    texts = ("", *(one.value for one in Language))

    def parse(text: str) -> Language | None:
        if text not in texts:
            raise ValueError(f"empty, or one of {', '.join(texts[1:])}")
        return Language(text) if text else None

    return SettingKind(parse=parse, write=lambda value: value.value if value else "", choices=texts)


def _number(least: int, most: int) -> SettingKind:
    def parse(text: str) -> int:
        if not _is_plain(text) or not least <= int(text) <= most:
            raise ValueError(f"a number from {least} to {most}")
        return int(text)

    return SettingKind(parse=parse, write=str)


def _percents() -> SettingKind:
    def parse(text: str) -> tuple[int, ...]:
        parts = text.split()
        fit = 1 <= len(parts) <= TIP_CHOICES_MAX and all(map(_is_plain, parts))
        numbers = tuple(map(int, parts)) if fit else ()
        if not numbers or not all(0 < one <= TIP_PERCENT_MAX for one in numbers) or sorted(set(numbers)) != [*numbers]:
            raise ValueError(f"one to {TIP_CHOICES_MAX} rising percentages up to {TIP_PERCENT_MAX}, as 5 10 15")
        return numbers

    return SettingKind(parse=parse, write=lambda value: " ".join(map(str, value)))


def _line() -> SettingKind:
    def parse(text: str) -> str:
        if len(text) > TEXT_CHARS_MAX or not text.isprintable():
            raise ValueError(f"one line of at most {TEXT_CHARS_MAX} characters")
        return text.strip()

    return SettingKind(parse=parse, write=str)


def _pairs() -> SettingKind:
    def parse(text: str) -> str:
        if len(text) > TEXT_CHARS_MAX or len(text) % 2 or not text.isprintable():
            raise ValueError(f"pairs of characters, {TEXT_CHARS_MAX} at most")
        return text

    return SettingKind(parse=parse, write=str)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _bad(name: str, why: str) -> MisuseError:
    return MisuseError(ErrorCode.BAD_ARGUMENT, f"setting {name[:40]}: {why}", param=name[:40])


#: Setting -> how it is read and written, in the order of the settings screen.
KINDS: Final = MappingProxyType(
    {
        "language": _choice(Language),
        "theme": _choice(ThemeName),
        "text_size": _choice(TextSize),
        "sound": _choice(SoundLevel),
        "volume_percent": _number(0, 100),
        "tip_policy": _choice(TipPolicy),
        "tip_percents": _percents(),
        "refund_cashier_minor": _number(0, AMOUNT_MINOR_MAX),
        "refund_supervisor_minor": _number(0, AMOUNT_MINOR_MAX),
        "sign_out_s": _number(0, SIGN_OUT_S_MAX),
        "paper": _choice(PaperWidth),
        "printer": _line(),
        "drawer": _choice(Fitted),
        "scanner": _line(),
        "lights": _line(),
        "display": _line(),
        "receipt_footer": _line(),
        "receipt_language": _language_or_none(),
        "customer_side": _choice(Fitted),
        "brightness_percent": _number(0, 100),
        "self_check": _choice(Fitted),
        "offline_payment_minor": _number(0, AMOUNT_MINOR_MAX),
        "offline_stored_minor": _number(0, AMOUNT_MINOR_MAX),
        "offline_customer_minor": _number(0, AMOUNT_MINOR_MAX),
        "offline_count": _number(0, OFFLINE_COUNT_MAX),
        "offline_age_h": _number(0, OFFLINE_AGE_H_MAX),
        "scanner_layout": _pairs(),
    }
)
#: Settings that say how much money is risked: an owner's business.
LIMIT_SETTINGS: Final = frozenset(
    {
        "refund_cashier_minor",
        "refund_supervisor_minor",
        "offline_payment_minor",
        "offline_stored_minor",
        "offline_customer_minor",
        "offline_count",
        "offline_age_h",
    }
)
assert set(KINDS) >= LIMIT_SETTINGS
assert list(KINDS) == list(Settings.__dataclass_fields__), "every setting can be read and written"
