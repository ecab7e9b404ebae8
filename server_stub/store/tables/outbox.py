"""Events, endpoints, deliveries and their log."""

from typing import Final

from server_stub.store.outbox import (
    Delivery,
    DeliveryTry,
    Endpoint,
    EndpointId,
    Event,
    EventCount,
    EventKind,
)
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Index, Reading, Table
from server_stub.webhooks.schedule import DeliveryState, TryOutcome
from server_stub.webhooks.signing import WebhookSecret
from wallet_sdk.protocol.ids import MerchantId

EVENTS: Final = Table[int, Event](
    name="events",
    columns=numbers("row_number", "merchant_id")
    + texts("kind")
    + numbers("at_s")
    + bytes_("content")
    + numbers("number"),
    key_of=lambda event: event.row_number,
    row_of=lambda event: (
        event.row_number,
        event.merchant_id,
        event.kind.value,
        event.at_s,
        event.content,
        event.number,
    ),
    record_of=lambda row: Event(
        row_number=row[0],
        merchant_id=MerchantId(row[1]),
        kind=EventKind(row[2]),
        at_s=row[3],
        content=row[4],
        number=row[5],
    ),
    reading=Reading.LOCKED,
    numbered=True,
)

EVENT_COUNTS: Final = Table[MerchantId, EventCount](
    name="event_counts",
    columns=numbers("merchant_id", "last_number"),
    key_of=lambda count: count.merchant_id,
    row_of=lambda count: (count.merchant_id, count.last_number),
    record_of=lambda row: EventCount(merchant_id=MerchantId(row[0]), last_number=row[1]),
    reading=Reading.LOCKED,
)

ENDPOINTS_OF: Final = Index[MerchantId, Endpoint](
    columns=numbers("merchant_id"), of=lambda endpoint: endpoint.merchant_id
)
ENDPOINTS: Final = Table[EndpointId, Endpoint](
    name="endpoints",
    columns=numbers("id", "merchant_id")
    + texts("url", "kinds", "secrets")
    + numbers("made_at_s", "disabled_at_s", "removed_at_s"),
    key_of=lambda endpoint: endpoint.endpoint_id,
    row_of=lambda endpoint: (
        endpoint.endpoint_id,
        endpoint.merchant_id,
        endpoint.url,
        " ".join(kind.value for kind in endpoint.kinds),
        " ".join(endpoint.secrets),
        endpoint.made_at_s,
        endpoint.disabled_at_s,
        endpoint.removed_at_s,
    ),
    record_of=lambda row: Endpoint(
        endpoint_id=EndpointId(row[0]),
        merchant_id=MerchantId(row[1]),
        url=row[2],
        kinds=tuple(EventKind(name) for name in row[3].split()),
        secrets=tuple(WebhookSecret(secret) for secret in row[4].split()),
        made_at_s=row[5],
        disabled_at_s=row[6],
        removed_at_s=row[7],
    ),
    indexes=(ENDPOINTS_OF,),
    reading=Reading.LOCKED,
    numbered=True,
)

DELIVERIES: Final = Table[tuple[EndpointId, int], Delivery](
    name="deliveries",
    columns=numbers("endpoint_id", "event_row", "event_number", "state", "tries", "next_try_at_s"),
    key_length=2,
    key_of=lambda delivery: (delivery.endpoint_id, delivery.event_row),
    row_of=lambda delivery: (
        delivery.endpoint_id,
        delivery.event_row,
        delivery.event_number,
        int(delivery.state),
        delivery.tries,
        delivery.next_try_at_s,
    ),
    record_of=lambda row: Delivery(
        endpoint_id=EndpointId(row[0]),
        event_row=row[1],
        event_number=row[2],
        state=DeliveryState(row[3]),
        tries=row[4],
        next_try_at_s=row[5],
    ),
    reading=Reading.LOCKED,
)

DELIVERY_TRIES: Final = Table[int, DeliveryTry](
    name="delivery_tries",
    columns=numbers("row_number", "endpoint_id", "event_row", "at_s", "outcome", "http_status"),
    key_of=lambda tried: tried.row_number,
    row_of=lambda tried: (
        tried.row_number,
        tried.endpoint_id,
        tried.event_row,
        tried.at_s,
        int(tried.outcome),
        tried.http_status,
    ),
    record_of=lambda row: DeliveryTry(
        row_number=row[0],
        endpoint_id=EndpointId(row[1]),
        event_row=row[2],
        at_s=row[3],
        outcome=TryOutcome(row[4]),
        http_status=row[5],
    ),
    numbered=True,
)
