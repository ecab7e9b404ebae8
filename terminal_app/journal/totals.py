"""What a day adds up to: counts and sums of what happened, and what stood open at one moment."""

from dataclasses import dataclass, fields, replace
from typing import Final

from wallet_sdk.protocol.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many, and how much together in minor units."""

    count: int = 0
    sum_minor: int = 0

    def plus(self, minor: int, *, count: int = 1) -> "Tally":
        """One more of so much."""
        return Tally(count=self.count + count, sum_minor=self.sum_minor + minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What happened since the last closed day. A payment counts when its outcome becomes known.

    Attributes:
        paid_online: paid with the server's word at once.
        accepted_offline: accepted here, within the limits, before the server knew.
        settled_offline: of these, and of those accepted on an earlier day, what the server has taken since.
        rejected_offline: of these, what the server refused: goods were given for it.
        declined, cancelled, expired: not paid; the sum is what was asked.
        tips: the part of what was paid that is a tip.
        refunded: given back, with the server's word.
    """

    paid_online: Tally = Tally()
    accepted_offline: Tally = Tally()
    settled_offline: Tally = Tally()
    rejected_offline: Tally = Tally()
    declined: Tally = Tally()
    cancelled: Tally = Tally()
    expired: Tally = Tally()
    tips: Tally = Tally()
    refunded: Tally = Tally()

    @property
    def takings_minor(self) -> int:
        """What came in less what went back, tips included, as far as is known."""
        came_in = self.paid_online.sum_minor + self.accepted_offline.sum_minor
        return came_in - self.rejected_offline.sum_minor - self.refunded.sum_minor

    @property
    def is_empty(self) -> bool:
        """Whether nothing has happened."""
        return self == NOTHING

    def with_payment(self, field_name: str, *, paid_minor: int, tip_minor: int) -> "Totals":
        """One more payment that came in, of which so much is a tip."""
        after = self.with_one(field_name, minor=paid_minor)
        return replace(after, tips=after.tips.plus(tip_minor)) if tip_minor else after

    def with_one(self, field_name: str, *, minor: int, count: int = 1) -> "Totals":
        """One more of a kind."""
        tally: Tally = getattr(self, field_name)
        return replace(self, **{field_name: tally.plus(minor, count=count)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stood open at one moment.

    Attributes:
        stored: accepted offline and not yet at the server.
        oldest_at_s: when the oldest of these was accepted; 0 when there is none.
        unknown: sales whose outcome is not known.
        disputed: refused by the server although goods were given, all days together.
        refunds_open: refunds that are not yet answered.
    """

    stored: Tally = Tally()
    oldest_at_s: int = 0
    unknown: Tally = Tally()
    disputed: Tally = Tally()
    refunds_open: Tally = Tally()


#: A day on which nothing has happened yet.
NOTHING: Final = Totals()

#: A sale that came to this end unpaid -> where it counts.
UNPAID_FIELDS: Final = {
    State.DECLINED: "declined",
    State.CANCELED: "cancelled",
    State.EXPIRED: "expired",
    State.REJECTED: "rejected_offline",
}
assert set(UNPAID_FIELDS.values()) <= {one.name for one in fields(Totals)}
