"""What has been paid within a window, kept in thirteen slices that are written over in turn.

A window of 12 slices' length is the newest slice, perhaps still filling, and the 12 before it: so it counts at
most a twelfth more time than it says and never less, and what it needs never grows. Pure: the store keeps the rows.
"""

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


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SliceKey:
    """Names one stored row; ``slot`` is used again when the ring comes round."""

    window: Window
    subject_id: int
    code: CodeKind
    currency_number: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One row: what happened in the slice that began at ``start_s``."""

    key: SliceKey
    start_s: int
    count: int
    amount_minor: int
    borne_minor: int


def slice_length_s(window: Window) -> int:
    """Seconds of one slice of a window."""
    return window.length_s // _SLICES


def slices_of(window: Window, *, subject_id: int, usage: Usage, at_s: int) -> Slice:
    """What one payment adds to one window: to be added to the row of the same start, or put in place of an older."""
    number = at_s // slice_length_s(window)
    return Slice(
        key=SliceKey(
            window=window,
            subject_id=subject_id,
            code=usage.code,
            currency_number=usage.currency.number,
            slot=number % (_SLICES + 1),
        ),
        start_s=number * slice_length_s(window),
        count=usage.count,
        amount_minor=usage.amount_minor,
        borne_minor=usage.borne_minor,
    )


def merged(older: Slice | None, newer: Slice) -> Slice:
    """The row after one more payment. A clock that was set back adds to the newer row rather than lose it."""
    if older is None or older.start_s < newer.start_s:
        return newer
    return Slice(
        key=newer.key,
        start_s=older.start_s,
        count=older.count + newer.count,
        amount_minor=older.amount_minor + newer.amount_minor,
        borne_minor=older.borne_minor + newer.borne_minor,
    )


def within(window: Window, slices: Iterable[Slice], *, at_s: int) -> tuple[Usage, ...]:
    """The rows of one subject that a window still sees, by kind of code and currency."""
    first_s = (at_s // slice_length_s(window) - _SLICES) * slice_length_s(window)
    sums: dict[tuple[CodeKind, int], Usage] = {}
    for one in slices:
        if one.start_s < first_s:
            continue
        name = (one.key.code, one.key.currency_number)
        before = sums.get(name)
        sums[name] = Usage(
            code=one.key.code,
            currency=Currency.from_number(one.key.currency_number),
            count=one.count + (before.count if before else 0),
            amount_minor=one.amount_minor + (before.amount_minor if before else 0),
            borne_minor=one.borne_minor + (before.borne_minor if before else 0),
        )
    return tuple(sums.values())


def subject_id_of(subject: Subject, *, wallet_id: int, merchant_id: int, terminal_id: int) -> int:
    """Whose payments a window of this subject counts, for one payment."""
    return {Subject.DEVICE: wallet_id, Subject.MERCHANT: merchant_id, Subject.TERMINAL: terminal_id}[subject]
