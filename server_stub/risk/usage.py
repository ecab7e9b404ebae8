"""What has been paid within a window, kept in slices of a twelfth of its length. Pure: the store keeps the record.

A window sees the slice that is filling and the twelve before it: at most a twelfth more time than it says, and never
less. What is older is dropped when something is added, so a record never grows past thirteen slices of each kind.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from server_stub.risk.policy import CodeKind, Subject, Window
from wallet_sdk.protocol.money import Currency

_SLICES: Final = 12
#: A slice is at least a second.
WINDOW_S_MIN: Final = _SLICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Payments that took effect. ``borne_minor``: the part of them that no escrow covered and the operator bore."""

    code: CodeKind
    currency: Currency
    count: int
    amount_minor: int
    borne_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The usage of one kind in the slice that began at ``start_s``."""

    start_s: int
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowUsage:
    """What one subject has paid in one window."""

    window: Window
    subject_id: int
    slices: tuple[Slice, ...] = ()

    def seen(self, *, at_s: int) -> tuple[Usage, ...]:
        """What the window sees at a time, by kind of code and currency."""
        first_s = self._first_s(at_s)
        return tuple(
            one.usage
            for one in _merged(Slice(start_s=0, usage=one.usage) for one in self.slices if one.start_s >= first_s)
        )

    def after(self, usage: Usage, *, at_s: int) -> "WindowUsage":
        """One more payment, and without what the window sees no more."""
        length_s = _slice_length_s(self.window)
        newest = Slice(start_s=at_s // length_s * length_s, usage=usage)
        first_s = self._first_s(at_s)
        kept = (one for one in self.slices if one.start_s >= first_s)
        return WindowUsage(window=self.window, subject_id=self.subject_id, slices=_merged((*kept, newest)))

    def _first_s(self, at_s: int) -> int:
        length_s = _slice_length_s(self.window)
        return (at_s // length_s - _SLICES) * length_s


def to_text(slices: Iterable[Slice]) -> str:
    """Slices as they are stored: a JSON list of lists of numbers."""
    return json.dumps(
        [
            [
                one.start_s,
                int(one.usage.code),
                one.usage.currency.number,
                one.usage.count,
                one.usage.amount_minor,
                one.usage.borne_minor,
            ]
            for one in slices
        ],
        separators=(",", ":"),
    )


def from_text(text: str) -> tuple[Slice, ...]:
    """Slices as they were stored."""
    return tuple(
        Slice(
            start_s=start_s,
            usage=Usage(
                code=CodeKind(code),
                currency=Currency.from_number(currency),
                count=count,
                amount_minor=amount_minor,
                borne_minor=borne_minor,
            ),
        )
        for start_s, code, currency, count, amount_minor, borne_minor in json.loads(text)
    )


def subject_id_of(subject: Subject, *, wallet_id: int, merchant_id: int, terminal_id: int) -> int:
    """Whose payments a window of this subject counts, for one payment."""
    return {Subject.DEVICE: wallet_id, Subject.MERCHANT: merchant_id, Subject.TERMINAL: terminal_id}[subject]


def _slice_length_s(window: Window) -> int:
    return window.length_s // _SLICES


def _merged(slices: Iterable[Slice]) -> tuple[Slice, ...]:
    """One slice for each start, kind of code and currency."""
    sums: dict[tuple[int, CodeKind, Currency], Usage] = {}
    for one in slices:
        name = (one.start_s, one.usage.code, one.usage.currency)
        before = sums.get(name)
        sums[name] = one.usage if before is None else _sum(before, one.usage)
    return tuple(Slice(start_s=start_s, usage=usage) for (start_s, _, _), usage in sums.items())


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        code=one.code,
        currency=one.currency,
        count=one.count + other.count,
        amount_minor=one.amount_minor + other.amount_minor,
        borne_minor=one.borne_minor + other.borne_minor,
    )
