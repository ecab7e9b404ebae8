"""The whole HTTP interface: the table, behind the edge."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from server_stub.routes import administration, devices, merchant, printed, public, sandbox, webhooks
from server_stub.routes.desk import Desk
from server_stub.routes.dispatch import Endpoint, endpoint_of, refuse_route, route_of
from server_stub.routes.edge import Edge
from server_stub.routes.operations import Operation


def operations() -> tuple[Operation, ...]:
    """Every operation of the interface, in the sequence of the document."""
    return (
        *public.OPERATIONS,
        *devices.OPERATIONS,
        *merchant.OPERATIONS,
        *printed.OPERATIONS,
        *webhooks.OPERATIONS,
        *administration.OPERATIONS,
        *sandbox.OPERATIONS,
    )


def _served(desk: Desk) -> tuple[Operation, ...]:
    """What a sandbox can be told is not even a path of a live server."""
    if desk.operator.playground is not None:
        return operations()
    return tuple(operation for operation in operations() if operation not in sandbox.OPERATIONS)


def create_app(desk: Desk) -> ASGIApp:
    """An ASGI application that answers every operation."""
    served = _served(desk)
    inner = Starlette(
        routes=[route_of(desk, operation) for operation in served],
        exception_handlers={HTTPException: refuse_route},
    )
    plain = {(one.method, one.path): endpoint_of(desk, one) for one in served if "{" not in one.path}
    return Edge(_Straight(inner, plain), desk)


class _Straight:
    """A path without names in it goes straight to its operation; anything else is looked for by Starlette.

    Starlette tries one route after the other, behind two layers that catch what an endpoint of ours never lets out:
    measured 40 us a request, as much as reading and judging a payment.
    """

    def __init__(self, inner: ASGIApp, endpoints: Mapping[tuple[str, str], Endpoint]) -> None:
        self._inner = inner
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get((scope.get("method", ""), scope.get("path", "")))
        if endpoint is None:
            await self._inner(scope, receive, send)
            return
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)
