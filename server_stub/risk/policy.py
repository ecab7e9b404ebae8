"""The operator's rules as values. Amounts are minor units, windows and ages seconds, places microdegrees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, unique
from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol.ids import TerminalId
from wallet_sdk.protocol.messages import Grade
from wallet_sdk.protocol.money import Currency

#: More than anybody can oversee; keeps a decision far under a millisecond.
RULES_MAX: Final = 200


@unique
class Mode(Enum):
    """Whether a rule that is broken refuses the payment, or is only written down."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


@unique
class Subject(IntEnum):
    """Whose payments a window counts; a device is a wallet, whatever tokens it has."""

    DEVICE = 1
    MERCHANT = 2
    TERMINAL = 3


@unique
class CodeKind(IntEnum):
    """What the payment began with, from the easiest to copy to the hardest to misuse."""

    STATIC_CODE = 1
    PAYMENT_CODE = 2
    OFFLINE = 3
    REQUEST = 4


@unique
class Reason(Enum):
    """Why a rule was broken: stable words, for the merchant's own calls and the audit log."""

    DEVICE_VELOCITY = "device_velocity"
    MERCHANT_VELOCITY = "merchant_velocity"
    TERMINAL_VELOCITY = "terminal_velocity"
    DEVICE_AMOUNT = "device_amount"
    MERCHANT_AMOUNT = "merchant_amount"
    TERMINAL_AMOUNT = "terminal_amount"
    PAYMENT_CAP = "payment_cap"
    DAY_CAP = "day_cap"
    NEW_DEVICE = "new_device"
    DENYLISTED = "denylisted"
    OFFLINE_EXPOSURE = "offline_exposure"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    #: What the operator does not bear, by no rule of the file but by ``[losses]`` of server.toml.
    TERMINAL_SHARE = "terminal_share"
    CASE_OPEN = "case_open"
    TERMINAL_AFTER_CASE = "terminal_after_case"
    WALLET_BUDGET = "wallet_budget"
    MERCHANT_BUDGET = "merchant_budget"
    YOUNG_TERMINAL_BUDGET = "young_terminal_budget"
    DAY_BUDGET = "day_budget"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Window:
    """Payments of one subject within the last ``length_s`` seconds."""

    subject: Subject
    length_s: int


#: Over which the day caps run.
DAY: Final = Window(subject=Subject.DEVICE, length_s=24 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity:
    """At most ``count_max`` payments of one subject in a window, this one included."""

    name: str
    mode: Mode
    window: Window
    count_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountWindow:
    """At most so much of one subject in a window, this payment included, in one currency."""

    name: str
    mode: Mode
    window: Window
    currency: Currency
    amount_max_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """One payment, and a device's day, at most; for some grades of payer and some kinds of code."""

    name: str
    mode: Mode
    grades: frozenset[Grade]
    codes: frozenset[CodeKind]
    currency: Currency
    payment_max_minor: int | None
    day_max_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """Until a device is ``age_s`` old it pays at most so much at once."""

    name: str
    mode: Mode
    age_s: int
    currency: Currency
    payment_max_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Nothing that is on the denylist: no token, device key or terminal."""

    name: str
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineExposure:
    """What the operator bears for one merchant in a window: offline payments beyond their escrow."""

    name: str
    mode: Mode
    window: Window
    currency: Currency
    amount_max_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Travel:
    """No device pays at two places faster than it can travel; nearer than ``distance_min_m`` counts as one place."""

    name: str
    mode: Mode
    speed_max_km_h: int
    distance_min_m: int


Rule = Velocity | AmountWindow | Cap | NewDevice | Denied | OfflineExposure | Travel


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a terminal stands: millionths of a degree, north and east positive."""

    latitude_e6: int
    longitude_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPolicy:
    """All rules, in the sequence of the file, and the places of terminals that have one."""

    rules: tuple[Rule, ...] = ()
    places: Mapping[TerminalId, Place] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def windows(self) -> frozenset[Window]:
        """Every window that a decision needs to know the usage of."""
        found = {rule.window for rule in self.rules if isinstance(rule, Velocity | AmountWindow | OfflineExposure)}
        if any(isinstance(rule, Cap) and rule.day_max_minor is not None for rule in self.rules):
            found.add(DAY)
        return frozenset(found)

    @property
    def follows_devices(self) -> bool:
        """Whether a decision needs to know where a device was last."""
        return any(isinstance(rule, Travel) for rule in self.rules)


#: Without a file nothing is refused for risk.
NO_RULES: Final = RiskPolicy()
