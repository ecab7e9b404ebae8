"""Events: written with the money, in its own commit, and numbered for each merchant right after it, without a gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from server_stub.committer import Command
from server_stub.service.operator import Operator
from server_stub.store.outbox import Delivery, Endpoint, Event, EventCount, EventKind
from server_stub.store.reader import Reader
from server_stub.store.selecting import select
from server_stub.store.table import Keys
from server_stub.store.tables.outbox import DELIVERIES, ENDPOINTS, ENDPOINTS_OF, EVENT_COUNTS, EVENTS
from server_stub.store.writer import Writer
from server_stub.webhooks.schedule import first_standing
from wallet_sdk.protocol.ids import MerchantId

#: Events that one commit numbers: bounds its time, as the weight of a group does.
NUMBERED_MAX: Final = 256

_WITHOUT_NUMBER: Final = "WHERE number IS NULL AND merchant_id = ? ORDER BY row_number LIMIT ?"
_AWAITED: Final = (
    "WHERE number IS NULL AND merchant_id IN (SELECT merchant_id FROM endpoints WHERE removed_at_s IS NULL)"
    " ORDER BY merchant_id, row_number LIMIT ?"
)
_AFTER: Final = "WHERE merchant_id = ? AND number > ? ORDER BY number LIMIT ?"


class NewEvent(Struct, frozen=True, kw_only=True):
    """What happened, as the event's receiver will read it. ``number`` is the ledger's own of what happened."""

    number: int
    kind: EventKind
    merchant_id: MerchantId
    at_s: int
    content: Mapping[str, str | int]


def write(writer: Writer, event: NewEvent) -> None:
    """Add an event to what this commit writes: it is there if and only if the money moved."""
    writer.add(
        EVENTS,
        Event(
            row_number=event.number,
            merchant_id=event.merchant_id,
            kind=event.kind,
            at_s=event.at_s,
            content=msgspec.json.encode(event.content),
        ),
    )


def name_of(event: Event) -> str:
    """The event's id: the same in every delivery, so that a receiver knows what it has."""
    return f"evt_{event.merchant_id}_{event.number}"


def body_of(event: Event) -> bytes:
    """The event as it is sent and listed, the same bytes every time. Source: Standard Webhooks 1.0, "Payload"."""
    shown = {
        "id": name_of(event),
        "number": event.number,
        "type": event.kind.value,
        "timestamp": datetime.fromtimestamp(event.at_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": msgspec.Raw(event.content),
    }
    return msgspec.json.encode(shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberEvents(Command[int]):
    """Number what has no number yet, and put it on its way to the endpoints that want it; answered with how many.

    ``merchant_id`` limits it to one merchant; None is all who have an endpoint. Who has none is numbered when he
    reads his events: until then nobody can see the difference, and his payments cost one write less. What happened
    before an endpoint was made does not go there by itself; it can be asked for by number.
    """

    at_s: int
    merchant_id: MerchantId | None = None

    def apply(self, writer: Writer) -> int:
        waiting = unnumbered(writer, self.merchant_id)
        merchants = {event.merchant_id for event in waiting}
        endpoints = {merchant: writer.list_by(ENDPOINTS, ENDPOINTS_OF, merchant) for merchant in merchants}
        _load(writer, waiting, endpoints)
        numbered = 0
        for seen in waiting:
            event = writer.find(EVENTS, seen.row_number)
            if event is None or event.number is not None:
                continue  # another process was here first
            number = _next_number(writer, event.merchant_id)
            writer.change(EVENTS, replace(event, number=number))
            for endpoint in endpoints[event.merchant_id]:
                if endpoint.wants(event.kind) and event.at_s >= endpoint.made_at_s:
                    writer.add(DELIVERIES, delivery_of(endpoint, event, number=number, at_s=self.at_s))
            numbered += 1
        return numbered


def _load(writer: Writer, waiting: Sequence[Event], endpoints: Mapping[MerchantId, Sequence[Endpoint]]) -> None:
    """Read by the set, and locked, what is about to be changed."""
    keys = Keys()
    for event in waiting:
        keys.name(EVENTS, event.row_number)
        keys.name(EVENT_COUNTS, event.merchant_id)
        for endpoint in endpoints[event.merchant_id]:
            keys.name(DELIVERIES, (endpoint.endpoint_id, event.row_number))
    writer.load(keys)


def delivery_of(endpoint: Endpoint, event: Event, *, number: int, at_s: int) -> Delivery:
    """A delivery that was never tried."""
    standing = first_standing(at_s=at_s)
    return Delivery(
        endpoint_id=endpoint.endpoint_id,
        event_row=event.row_number,
        event_number=number,
        state=standing.state,
        tries=standing.tries,
        next_try_at_s=standing.next_try_at_s,
    )


def unnumbered(reader: Reader, merchant_id: MerchantId | None) -> tuple[Event, ...]:
    """Events without a number: one merchant's, or those that somebody waits for."""
    if merchant_id is None:
        return select(reader, EVENTS, _AWAITED, (NUMBERED_MAX,))
    return select(reader, EVENTS, _WITHOUT_NUMBER, (merchant_id, NUMBERED_MAX))


def number_all(operator: Operator, merchant_id: MerchantId | None) -> None:
    """Number until nothing is without; waits for the commits, so never on an event loop or in the committer."""
    while True:
        with operator.store.reading() as reader:
            if not unnumbered(reader, merchant_id):
                return
        operator.committer.submit(NumberEvents(at_s=operator.now_s(), merchant_id=merchant_id)).result()


def after(operator: Operator, merchant_id: MerchantId, number: int, *, limit: int) -> tuple[Event, ...]:
    """A merchant's events after a number, in sequence: whoever has read up to a number has missed nothing.

    Numbers as many as it needs and no more: who reads for the first time after years does not wait for all of them.
    """
    while True:
        with operator.store.reading() as reader:
            found = select(reader, EVENTS, _AFTER, (merchant_id, number, limit))
            if len(found) == limit or not unnumbered(reader, merchant_id):
                return found
        operator.committer.submit(NumberEvents(at_s=operator.now_s(), merchant_id=merchant_id)).result()


def _next_number(writer: Writer, merchant_id: MerchantId) -> int:
    count = writer.find(EVENT_COUNTS, merchant_id)
    number = max(0 if count is None else count.last_number, writer.epoch()) + 1
    if count is None:
        writer.add(EVENT_COUNTS, EventCount(merchant_id=merchant_id, last_number=number))
    else:
        writer.change(EVENT_COUNTS, replace(count, last_number=number))
    return number
