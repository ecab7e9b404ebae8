"""``risk.toml`` in and out: every word checked, every complaint naming the rule and the word at fault.

See docs/risk.md for the file itself.
"""

import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from server_stub.risk.policy import (
    RULES_MAX,
    AmountWindow,
    Cap,
    CodeKind,
    Denied,
    Mode,
    NewDevice,
    OfflineExposure,
    Place,
    RiskPolicy,
    Rule,
    Subject,
    Travel,
    Velocity,
    Window,
)
from server_stub.risk.usage import WINDOW_S_MIN
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import TerminalId
from wallet_sdk.protocol.messages import Grade
from wallet_sdk.protocol.money import Currency

RISK_FILE: Final = "risk.toml"

#: A longer window than this is a matter for people.
_WINDOW_S_MAX: Final = 31 * 24 * 3600
_COUNT_MAX: Final = 1_000_000
_SPEED_KM_H_MAX: Final = 100_000
_DISTANCE_M_MAX: Final = 20_100_000

E = TypeVar("E", bound=Enum)


class _Table:
    """One table of the file: words are taken out one by one, and what is left over is a mistake."""

    def __init__(self, content: Mapping[str, Any], *, where: str) -> None:
        self._left = dict(content)
        self._where = where

    def end(self) -> None:
        """Raises: MisuseError: BAD_ARGUMENT for a word that nobody has asked for."""
        if self._left:
            raise self.wrong(next(iter(self._left)), "there is no such word here")

    def wrong(self, name: str, what: str) -> MisuseError:
        return MisuseError(ErrorCode.BAD_ARGUMENT, f"{self._where}: {what}", param=name)

    def number(self, name: str, *, low: int, high: int) -> int:
        value = self._left.pop(name, None)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name, f"a whole number in {low} .. {high} is expected")
        return value

    def optional_number(self, name: str, *, low: int, high: int) -> int | None:
        return self.number(name, low=low, high=high) if name in self._left else None

    def amount_minor(self, name: str) -> int:
        return self.number(name, low=0, high=limits.BALANCE_MINOR_MAX)

    def text(self, name: str) -> str:
        value = self._left.pop(name, None)
        if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isprintable():
            raise self.wrong(name, "a text of 1 .. 64 characters is expected")
        return value

    def member(self, name: str, kind: type[E]) -> E:
        return self._member(self._left.pop(name, None), name, kind)

    def members(self, name: str, kind: type[E]) -> frozenset[E]:
        """A list of names; absent means all of them."""
        values = self._left.pop(name, None)
        if values is None:
            return frozenset(kind)
        if not isinstance(values, list) or not values:
            raise self.wrong(name, f"a list of {_names_of(kind)} is expected")
        return frozenset(self._member(value, name, kind) for value in values)

    def mode(self, *, otherwise: Mode) -> Mode:
        return self.member("mode", Mode) if "mode" in self._left else otherwise

    def degrees_e6(self, name: str, *, high: int) -> int:
        value = self._left.pop(name, None)
        if type(value) is int:
            value = Decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite() or abs(value) > high:
            raise self.wrong(name, f"degrees in -{high} .. {high} are expected, such as 38.722")
        return int(value * 1_000_000)

    def tables(self, name: str) -> list["_Table"]:
        found = self._left.pop(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self.wrong(name, f"write it as [[{name}]]")
        return [_Table(one, where=f"{name} {number}") for number, one in enumerate(found, start=1)]

    def _member(self, value: object, name: str, kind: type[E]) -> E:
        for member in kind:
            if value == _name_of(member):
                return member
        raise self.wrong(name, f"{_names_of(kind)} is expected")


def read_risk(path: Path) -> RiskPolicy:
    """The rules of a file; without a file, none.

    Raises:
        MisuseError: BAD_ARGUMENT naming the rule and the word at fault.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return RiskPolicy()
    except (OSError, UnicodeDecodeError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{path} cannot be read: {error}") from error
    try:
        return parse_risk(text)
    except MisuseError as error:
        raise MisuseError(error.code, f"{path}: {error.message}", param=error.param) from error


def parse_risk(text: str) -> RiskPolicy:
    """The rules that a text states.

    Raises:
        MisuseError: BAD_ARGUMENT naming the rule and the word at fault.
    """
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"not TOML: {error}") from error
    top = _Table(content, where="the file")
    mode = top.mode(otherwise=Mode.ENFORCE)
    rules = [rule for kind, read in _KINDS.items() for rule in _rules_of(top, kind, read, mode)]
    places = _places_of(top)
    top.end()
    _check_together(rules, places)
    return RiskPolicy(rules=tuple(rules), places=MappingProxyType(places))


_Read = Callable[[_Table, str, Mode], Rule]


def _rules_of(top: _Table, kind: str, read: _Read, mode: Mode) -> list[Rule]:
    rules = []
    for table in top.tables(kind):
        rules.append(read(table, table.text("name"), table.mode(otherwise=mode)))
        table.end()
    return rules


def _velocity(table: _Table, name: str, mode: Mode) -> Velocity:
    return Velocity(
        name=name,
        mode=mode,
        window=_window(table, table.member("by", Subject)),
        count_max=table.number("count_max", low=0, high=_COUNT_MAX),
    )


def _amount(table: _Table, name: str, mode: Mode) -> AmountWindow:
    return AmountWindow(
        name=name,
        mode=mode,
        window=_window(table, table.member("by", Subject)),
        currency=table.member("currency", Currency),
        amount_max_minor=table.amount_minor("amount_max_minor"),
    )


def _cap(table: _Table, name: str, mode: Mode) -> Cap:
    cap = Cap(
        name=name,
        mode=mode,
        grades=table.members("grades", Grade),
        codes=table.members("codes", CodeKind),
        currency=table.member("currency", Currency),
        payment_max_minor=table.optional_number("payment_max_minor", low=0, high=limits.BALANCE_MINOR_MAX),
        day_max_minor=table.optional_number("day_max_minor", low=0, high=limits.BALANCE_MINOR_MAX),
    )
    if cap.payment_max_minor is None and cap.day_max_minor is None:
        raise table.wrong("payment_max_minor", "payment_max_minor or day_max_minor is needed, or both")
    return cap


def _new_device(table: _Table, name: str, mode: Mode) -> NewDevice:
    return NewDevice(
        name=name,
        mode=mode,
        age_s=table.number("age_s", low=1, high=_WINDOW_S_MAX),
        currency=table.member("currency", Currency),
        payment_max_minor=table.amount_minor("payment_max_minor"),
    )


def _denied(_table: _Table, name: str, mode: Mode) -> Denied:
    return Denied(name=name, mode=mode)


def _exposure(table: _Table, name: str, mode: Mode) -> OfflineExposure:
    return OfflineExposure(
        name=name,
        mode=mode,
        window=_window(table, Subject.MERCHANT),
        currency=table.member("currency", Currency),
        amount_max_minor=table.amount_minor("amount_max_minor"),
    )


def _travel(table: _Table, name: str, mode: Mode) -> Travel:
    return Travel(
        name=name,
        mode=mode,
        speed_max_km_h=table.number("speed_max_km_h", low=1, high=_SPEED_KM_H_MAX),
        distance_min_m=table.number("distance_min_m", low=0, high=_DISTANCE_M_MAX),
    )


#: Name of the tables in the file -> how one is read.
_KINDS: Final[Mapping[str, _Read]] = MappingProxyType(
    {
        "denylist": _denied,
        "cap": _cap,
        "new_device": _new_device,
        "velocity": _velocity,
        "amount": _amount,
        "offline_exposure": _exposure,
        "travel": _travel,
    }
)


def _window(table: _Table, subject: Subject) -> Window:
    return Window(subject=subject, length_s=table.number("window_s", low=WINDOW_S_MIN, high=_WINDOW_S_MAX))


def _places_of(top: _Table) -> dict[TerminalId, Place]:
    places: dict[TerminalId, Place] = {}
    for table in top.tables("place"):
        terminal_id = TerminalId(table.number("terminal", low=1, high=limits.SERIAL_MAX))
        if terminal_id in places:
            raise table.wrong("terminal", f"terminal {terminal_id} has a place already")
        places[terminal_id] = Place(
            latitude_e6=table.degrees_e6("latitude", high=90), longitude_e6=table.degrees_e6("longitude", high=180)
        )
        table.end()
    return places


def _check_together(rules: list[Rule], places: Mapping[TerminalId, Place]) -> None:
    if len(rules) > RULES_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{len(rules)} rules; at most {RULES_MAX} are taken")
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"two rules have the name {twice!r}", param="name")
    if any(isinstance(rule, Travel) for rule in rules) and len(places) < 2:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a travel rule needs two or more [[place]]", param="place")


def _name_of(member: Enum) -> str:
    """How a choice is written in the file: modes and subjects small, what the protocol names as it names it."""
    return member.name.lower() if isinstance(member, Mode | Subject | CodeKind) else member.name


def _names_of(kind: type[Enum]) -> str:
    names = [_name_of(member) for member in kind]
    return "an ISO 4217 code known here" if kind is Currency else ", ".join(names[:-1]) + f" or {names[-1]}"
