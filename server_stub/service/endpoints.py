"""A merchant's webhook endpoints, and asking for events again."""

from dataclasses import dataclass, replace
from typing import Final

from server_stub.committer import Command
from server_stub.service.events import delivery_of
from server_stub.store.outbox import Delivery, DeliveryTry, Endpoint, EndpointId, Event, EventKind
from server_stub.store.reader import Reader
from server_stub.store.selecting import select
from server_stub.store.tables.outbox import DELIVERIES, DELIVERY_TRIES, ENDPOINTS, ENDPOINTS_OF, EVENTS
from server_stub.store.writer import Writer
from server_stub.webhooks.schedule import first_standing
from server_stub.webhooks.signing import WebhookSecret
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import MerchantId

ENDPOINTS_MAX: Final = 16
#: While the newest is rolled out the older ones still sign.
SECRETS_MAX: Final = 3
#: Events that one request puts on their way again.
AGAIN_MAX: Final = 500

_IN_RANGE: Final = "WHERE merchant_id = ? AND number BETWEEN ? AND ? ORDER BY number LIMIT ?"
_LOG: Final = "WHERE endpoint_id = ? AND event_number > ? ORDER BY event_number LIMIT ?"
_TRIES: Final = "WHERE endpoint_id = ? AND event_row = ? ORDER BY row_number"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEndpoint(Command[Endpoint]):
    """Answered with the endpoint."""

    merchant_id: MerchantId
    url: str
    kinds: tuple[EventKind, ...]
    secret: WebhookSecret
    at_s: int

    def apply(self, writer: Writer) -> Endpoint:
        if len(endpoints_of(writer, self.merchant_id)) >= ENDPOINTS_MAX:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"at most {ENDPOINTS_MAX} endpoints; remove one first")
        endpoint = Endpoint(
            endpoint_id=EndpointId(writer.next_number()),
            merchant_id=self.merchant_id,
            url=self.url,
            kinds=self.kinds,
            secrets=(self.secret,),
            made_at_s=self.at_s,
        )
        writer.add(ENDPOINTS, endpoint)
        return endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEndpoint(Command[Endpoint]):
    """New address or filter, and switched on again; what waits for it goes on where it stood."""

    merchant_id: MerchantId
    endpoint_id: EndpointId
    url: str
    kinds: tuple[EventKind, ...]

    def apply(self, writer: Writer) -> Endpoint:
        endpoint = own_endpoint(writer, self.merchant_id, self.endpoint_id)
        changed = replace(endpoint, url=self.url, kinds=self.kinds, disabled_at_s=None)
        writer.change(ENDPOINTS, changed)
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSecret(Command[Endpoint]):
    """A new secret beside the older ones, of which the oldest goes."""

    merchant_id: MerchantId
    endpoint_id: EndpointId
    secret: WebhookSecret

    def apply(self, writer: Writer) -> Endpoint:
        endpoint = own_endpoint(writer, self.merchant_id, self.endpoint_id)
        changed = replace(endpoint, secrets=(self.secret, *endpoint.secrets)[:SECRETS_MAX])
        writer.change(ENDPOINTS, changed)
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOldSecrets(Command[Endpoint]):
    """Only the newest secret signs from now on."""

    merchant_id: MerchantId
    endpoint_id: EndpointId

    def apply(self, writer: Writer) -> Endpoint:
        endpoint = own_endpoint(writer, self.merchant_id, self.endpoint_id)
        changed = replace(endpoint, secrets=endpoint.secrets[:1])
        writer.change(ENDPOINTS, changed)
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveEndpoint(Command[Endpoint]):
    """Nothing goes there any more; its log stays."""

    merchant_id: MerchantId
    endpoint_id: EndpointId
    at_s: int

    def apply(self, writer: Writer) -> Endpoint:
        endpoint = own_endpoint(writer, self.merchant_id, self.endpoint_id)
        removed = replace(endpoint, removed_at_s=self.at_s)
        writer.change(ENDPOINTS, removed)
        return removed


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAgain(Command[int]):
    """Events of a range, from the first try on; answered with how many. The filter of the endpoint still holds."""

    merchant_id: MerchantId
    endpoint_id: EndpointId
    first_number: int
    last_number: int
    at_s: int

    def apply(self, writer: Writer) -> int:
        endpoint = own_endpoint(writer, self.merchant_id, self.endpoint_id)
        if endpoint.disabled_at_s is not None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the endpoint is switched off", param="endpoint_id")
        sent = 0
        values = (self.merchant_id, self.first_number, self.last_number, AGAIN_MAX)
        for event in select(writer, EVENTS, _IN_RANGE, values):
            if endpoint.wants(event.kind):
                self._send(writer, endpoint, event)
                sent += 1
        return sent

    def _send(self, writer: Writer, endpoint: Endpoint, event: Event) -> None:
        known = writer.find(DELIVERIES, (endpoint.endpoint_id, event.row_number))
        if known is None:
            assert event.number is not None, "a range holds numbered events"
            writer.add(DELIVERIES, delivery_of(endpoint, event, number=event.number, at_s=self.at_s))
            return
        again = first_standing(at_s=self.at_s)
        writer.change(
            DELIVERIES, replace(known, state=again.state, tries=again.tries, next_try_at_s=again.next_try_at_s)
        )


def own_endpoint(reader: Reader, merchant_id: MerchantId, endpoint_id: EndpointId) -> Endpoint:
    """A merchant's endpoint.

    Raises:
        RuleViolationError: UNKNOWN_RESOURCE, for another merchant's too.
    """
    endpoint = reader.find(ENDPOINTS, endpoint_id)
    if endpoint is None or endpoint.merchant_id != merchant_id or endpoint.removed_at_s is not None:
        raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such endpoint", param="endpoint_id")
    return endpoint


def endpoints_of(reader: Reader, merchant_id: MerchantId) -> tuple[Endpoint, ...]:
    """A merchant's endpoints, switched off or not."""
    found = reader.list_by(ENDPOINTS, ENDPOINTS_OF, merchant_id)
    return tuple(endpoint for endpoint in found if endpoint.removed_at_s is None)


def delivery_log(
    reader: Reader, endpoint: Endpoint, *, after_number: int, limit: int
) -> tuple[tuple[Delivery, tuple[DeliveryTry, ...]], ...]:
    """What became of each event on its way to an endpoint, by the events' numbers."""
    deliveries = select(reader, DELIVERIES, _LOG, (endpoint.endpoint_id, after_number, limit))
    return tuple((one, select(reader, DELIVERY_TRIES, _TRIES, (one.endpoint_id, one.event_row))) for one in deliveries)
