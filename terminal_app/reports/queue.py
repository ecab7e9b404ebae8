"""The queue as people look at it: what waits, until when, and what stands in its way."""

from dataclasses import dataclass

from terminal_app.journal import Sale, Views
from terminal_app.settings import settings_from
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.rules import OfflineLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """One payment that waits. `held_code` is the server's reason for not taking it yet, 0 when there is none."""

    request_id: RequestId
    accepted_at_s: int
    paid_minor: int
    reference: str
    held_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """What waits for the server.

    Attributes:
        items: accepted offline, the oldest first.
        full_at_s: from then on this till takes no more offline payments until it has sent (the oldest is too old);
            None when nothing waits.
        deadline_s: until then the server takes the oldest as a matter of course; None when nothing waits.
        room_minor, room_count: what the till may still accept offline; 0 when it may not.
        closure_count: sales whose outcome the server still has to say.
        refund_count, courier_count: refunds not answered, and batches carried here for another till.
        at_s: when this was so.
    """

    items: tuple[QueueItem, ...]
    sum_minor: int
    full_at_s: int | None
    deadline_s: int | None
    room_minor: int
    room_count: int
    closure_count: int
    refund_count: int
    courier_count: int
    at_s: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all waits: only then may the till be signed out or its program be replaced."""
        return not (self.items or self.closure_count or self.refund_count or self.courier_count)


def queue_view(views: Views, *, at_s: int) -> QueueView:
    """The queue now. `at_s` is the journal's time, which never falls."""
    items = tuple(_item(sale) for sale in views.stored_sales)
    oldest_at_s = None if views.oldest_stored_s is None else views.oldest_stored_s - views.set_back_s
    at_s -= views.set_back_s  # both as today's clock would say them
    shop = settings_from(views.office.setting_texts)
    bounds = shop.narrowed(views.membership.limits) if views.membership is not None else None
    full_at_s = oldest_at_s + bounds.stored_age_max_s if oldest_at_s is not None and bounds is not None else None
    room_minor, room_count = _room(views, bounds) if full_at_s is None or at_s <= full_at_s else (0, 0)
    return QueueView(
        items=items,
        sum_minor=views.stored_minor,
        full_at_s=full_at_s,
        deadline_s=oldest_at_s + limits.CAPTURE_AGE_S_MAX if oldest_at_s is not None else None,
        room_minor=room_minor,
        room_count=room_count,
        closure_count=len(views.closures),
        refund_count=len(views.office.open_refunds),
        courier_count=len(views.office.waiting_couriers),
        at_s=at_s,
    )


def _room(views: Views, bounds: OfflineLimits | None) -> tuple[int, int]:
    if bounds is None:
        return 0, 0
    room_minor = max(0, bounds.stored_max_minor - views.stored_minor)
    room_count = max(0, bounds.stored_count_max - len(views.stored))
    return (min(room_minor, bounds.payment_max_minor), room_count) if room_count else (0, 0)


def _item(sale: Sale) -> QueueItem:
    return QueueItem(
        request_id=sale.request_id,
        accepted_at_s=sale.accepted_at_s or 0,
        paid_minor=sale.paid_minor,
        reference=sale.reference,
        held_code=sale.held_code,
    )
