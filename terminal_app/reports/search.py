"""Find a sale again: by amount, reference, time, and by how it was paid. Pure; the newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, unique

from terminal_app.journal import HistoryEntry
from wallet_sdk.protocol.errors import MalformedMessageError
from wallet_sdk.protocol.money import Currency, parse_money
from wallet_sdk.protocol.states import State


@unique
class OfflineFilter(Enum):
    """Which sales are listed."""

    ALL = "all"
    ACCEPTED_OFFLINE = "accepted_offline"
    UNSENT = "unsent"
    UNKNOWN = "unknown"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """What is looked for; what is not said matches everything.

    Attributes:
        amount_minor: exactly this amount, tip included, or without it.
        reference: a part of the sale's reference; upper and lower case are the same.
        since_s, until_s: opened from this second on, and before that one.
    """

    amount_minor: int | None = None
    reference: str = ""
    since_s: int | None = None
    until_s: int | None = None
    offline: OfflineFilter = OfflineFilter.ALL


def parse_query(
    text: str,
    *,
    currency: Currency,
    since_s: int | None = None,
    until_s: int | None = None,
    offline: OfflineFilter = OfflineFilter.ALL,
) -> HistoryQuery:
    """What a cashier has typed: an amount ("12.50", "12,50") when it reads as one, and always part of a reference."""
    wanted = text.strip()
    return HistoryQuery(
        amount_minor=_amount_of(wanted, currency),
        reference=wanted.casefold(),
        since_s=since_s,
        until_s=until_s,
        offline=offline,
    )


def search(entries: Iterable[HistoryEntry], query: HistoryQuery, *, count_max: int = 50) -> tuple[HistoryEntry, ...]:
    """The newest sales that match, at most `count_max`. `entries` come in the sequence in which they were opened."""
    found = [entry for entry in entries if _matches(entry, query)]
    return tuple(reversed(found[-count_max:]))


def _matches(entry: HistoryEntry, query: HistoryQuery) -> bool:
    in_time = (query.since_s is None or entry.opened_at_s >= query.since_s) and (
        query.until_s is None or entry.opened_at_s < query.until_s
    )
    return in_time and _is_of(entry, query.offline) and _is_named(entry, query)


def _is_named(entry: HistoryEntry, query: HistoryQuery) -> bool:
    if query.amount_minor is None and not query.reference:
        return True
    by_amount = query.amount_minor in {entry.paid_minor, entry.paid_minor - entry.tip_minor}
    by_reference = bool(query.reference) and query.reference in entry.reference.casefold()
    return (query.amount_minor is not None and by_amount) or by_reference


def _is_of(entry: HistoryEntry, offline: OfflineFilter) -> bool:
    match offline:
        case OfflineFilter.ALL:
            return True
        case OfflineFilter.ACCEPTED_OFFLINE:
            return entry.accepted_at_s is not None
        case OfflineFilter.UNSENT:
            return entry.state is State.AUTHORIZED
        case OfflineFilter.UNKNOWN:
            return entry.state is State.UNKNOWN
        case OfflineFilter.DISPUTED:
            return entry.accepted_at_s is not None and (entry.state is State.REJECTED or entry.held_code != 0)


def _amount_of(text: str, currency: Currency) -> int | None:
    try:
        return parse_money(_plain(text), currency).minor
    except MalformedMessageError:
        return None


def _plain(text: str) -> str:
    """An amount as any language writes it, with a point alone: of two kinds of marks the last one is the point."""
    text = "".join(text.split())
    if text.rfind(",") > text.rfind("."):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "")
