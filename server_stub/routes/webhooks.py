"""A merchant's webhook endpoints, their delivery log, and asking for events again."""

from typing import Any, Final

import msgspec

from server_stub.committer import Command
from server_stub.routes import bodies
from server_stub.routes.desk import Desk
from server_stub.routes.merchant import AFTER, LIMIT, key_operation, limit_of
from server_stub.routes.operations import Incoming, Operation
from server_stub.service import endpoints, events
from server_stub.store.callers import Scope
from server_stub.store.outbox import Delivery, DeliveryTry, Endpoint, EndpointId
from server_stub.webhooks.guard import check_url, checked_target
from server_stub.webhooks.schedule import DeliveryState
from server_stub.webhooks.signing import SECRET_BYTES, WebhookSecret, new_secret
from wallet_sdk.protocol.errors import UnavailableError

_PATH: Final = "/v1/webhooks/endpoints"
_ONE: Final = _PATH + "/{endpoint_id}"
_LAST_NUMBER: Final = 2**53


def _told(endpoint: Endpoint) -> bodies.EndpointTold:
    return bodies.EndpointTold(
        endpoint_id=endpoint.endpoint_id,
        url=endpoint.url,
        kinds=endpoint.kinds,
        secrets=len(endpoint.secrets),
        made_at_s=endpoint.made_at_s,
        disabled_at_s=endpoint.disabled_at_s,
    )


def _told_with_secret(endpoint: Endpoint) -> bodies.EndpointMade:
    return bodies.EndpointMade(**msgspec.structs.asdict(_told(endpoint)), secret=endpoint.secrets[0])


def _told_delivery(merchant_id: int, delivery: Delivery, tries: tuple[DeliveryTry, ...]) -> bodies.DeliveryTold:
    waits = delivery.state is DeliveryState.WAITING
    return bodies.DeliveryTold(
        event_id=f"evt_{merchant_id}_{delivery.event_number}",
        number=delivery.event_number,
        state=delivery.state.name,
        next_try_at_s=delivery.next_try_at_s if waits else None,
        tries=tuple(
            bodies.TryTold(at_s=one.at_s, outcome=one.outcome.name, http_status=one.http_status) for one in tries
        ),
    )


async def _check(desk: Desk, url: str) -> None:
    """Refuse an address that could never be used; a name that has none just now may have one later."""
    reach = desk.operator.config.webhooks.reach
    check_url(url, reach=reach)
    try:
        await desk.run(checked_target, url, reach=reach)
    except UnavailableError:
        return


def _new_secret(desk: Desk) -> WebhookSecret:
    return new_secret(desk.operator.random.random_bytes(SECRET_BYTES))


def _id(incoming: Incoming) -> EndpointId:
    return EndpointId(incoming.id_in_path("endpoint_id"))


async def _list(desk: Desk, incoming: Incoming) -> bodies.EndpointsTold:
    merchant_id = incoming.merchant

    def look() -> tuple[Endpoint, ...]:
        with desk.operator.store.reading() as reader:
            return endpoints.endpoints_of(reader, merchant_id)

    return bodies.EndpointsTold(endpoints=tuple(map(_told, await desk.run(look))))


async def _add(desk: Desk, incoming: Incoming) -> bodies.EndpointMade:
    asked = incoming.json(bodies.EndpointAsked)
    await _check(desk, asked.url)
    command = endpoints.AddEndpoint(
        merchant_id=incoming.merchant,
        url=asked.url,
        kinds=asked.kinds,
        secret=_new_secret(desk),
        at_s=desk.operator.now_s(),
    )
    return _told_with_secret(await desk.commit(command))


async def _get(desk: Desk, incoming: Incoming) -> bodies.EndpointTold:
    def look() -> Endpoint:
        with desk.operator.store.reading() as reader:
            return endpoints.own_endpoint(reader, incoming.merchant, _id(incoming))

    return _told(await desk.run(look))


async def _change(desk: Desk, incoming: Incoming) -> bodies.EndpointTold:
    asked = incoming.json(bodies.EndpointAsked)
    await _check(desk, asked.url)
    command = endpoints.ChangeEndpoint(
        merchant_id=incoming.merchant, endpoint_id=_id(incoming), url=asked.url, kinds=asked.kinds
    )
    return _told(await desk.commit(command))


async def _remove(desk: Desk, incoming: Incoming) -> bodies.EndpointTold:
    command = endpoints.RemoveEndpoint(
        merchant_id=incoming.merchant, endpoint_id=_id(incoming), at_s=desk.operator.now_s()
    )
    return _told(await desk.commit(command))


async def _add_secret(desk: Desk, incoming: Incoming) -> bodies.EndpointMade:
    command: Command[Endpoint] = endpoints.AddSecret(
        merchant_id=incoming.merchant, endpoint_id=_id(incoming), secret=_new_secret(desk)
    )
    return _told_with_secret(await desk.commit(command))


async def _drop_secrets(desk: Desk, incoming: Incoming) -> bodies.EndpointTold:
    command = endpoints.DropOldSecrets(merchant_id=incoming.merchant, endpoint_id=_id(incoming))
    return _told(await desk.commit(command))


async def _deliveries(desk: Desk, incoming: Incoming) -> bodies.DeliveriesTold:
    after = incoming.number("after", default=0, highest=_LAST_NUMBER)
    limit, merchant_id = limit_of(incoming), incoming.merchant

    def look() -> bodies.DeliveriesTold:
        with desk.operator.store.reading() as reader:
            endpoint = endpoints.own_endpoint(reader, merchant_id, _id(incoming))
            log = endpoints.delivery_log(reader, endpoint, after_number=after, limit=limit)
        return bodies.DeliveriesTold(
            deliveries=tuple(_told_delivery(merchant_id, delivery, tries) for delivery, tries in log)
        )

    return await desk.run(look)


async def _again(desk: Desk, incoming: Incoming) -> bodies.AgainTold:
    asked = incoming.json(bodies.AgainAsked)
    await desk.run(events.number_all, desk.operator, incoming.merchant)
    command = endpoints.SendAgain(
        merchant_id=incoming.merchant,
        endpoint_id=_id(incoming),
        first_number=asked.first_number,
        last_number=asked.last_number,
        at_s=desk.operator.now_s(),
    )
    return bodies.AgainTold(events=await desk.commit(command))


def _row(method: str, path: str, name: str, about: str, answer: type[Any], call: Any, **more: Any) -> Operation:
    return key_operation(method, path, name, about, answer, call, tag="Webhooks", scope=Scope.WEBHOOKS_WRITE, **more)


OPERATIONS: Final = (
    _row("GET", _PATH, "listEndpoints", "Where the merchant's events go.", bodies.EndpointsTold, _list),
    _row(
        "POST",
        _PATH,
        "addEndpoint",
        "A new endpoint; its secret is shown here and never again.",
        bodies.EndpointMade,
        _add,
        asked=bodies.EndpointAsked,
        answer_http_status=201,
        is_another_act=True,
    ),
    _row("GET", _ONE, "getEndpoint", "One endpoint.", bodies.EndpointTold, _get),
    _row(
        "PUT",
        _ONE,
        "changeEndpoint",
        "New address or filter, and switched on again if it was off.",
        bodies.EndpointTold,
        _change,
        asked=bodies.EndpointAsked,
    ),
    _row("DELETE", _ONE, "removeEndpoint", "Nothing goes there any more.", bodies.EndpointTold, _remove),
    _row(
        "POST",
        _ONE + "/secrets",
        "addEndpointSecret",
        "A new secret beside the older ones, which go on signing until they are dropped; at most three.",
        bodies.EndpointMade,
        _add_secret,
        answer_http_status=201,
        is_another_act=True,
    ),
    _row(
        "DELETE",
        _ONE + "/secrets",
        "dropEndpointSecrets",
        "Drop every secret but the newest.",
        bodies.EndpointTold,
        _drop_secrets,
    ),
    _row(
        "GET",
        _ONE + "/deliveries",
        "listDeliveries",
        "What became of each event on its way there, with every try.",
        bodies.DeliveriesTold,
        _deliveries,
        parameters=(AFTER, LIMIT),
    ),
    _row(
        "POST",
        _ONE + "/redeliveries",
        "sendAgain",
        "Send the events of a range again, from the first try on.",
        bodies.AgainTold,
        _again,
        asked=bodies.AgainAsked,
        answer_http_status=202,
        is_another_act=True,
    ),
)
