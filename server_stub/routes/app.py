"""The whole HTTP interface: the table, behind the edge."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from server_stub.routes import administration, devices, funding, merchant, printed, public, replacing, sandbox, webhooks
from server_stub.routes.desk import Desk
from server_stub.routes.dispatch import refuse_route, route_of, straight_of
from server_stub.routes.edge import Edge
from server_stub.routes.operations import Operation


def operations() -> tuple[Operation, ...]:
    """Every operation of the interface, in the sequence of the document."""
    return (
        *public.OPERATIONS,
        *devices.OPERATIONS,
        *merchant.OPERATIONS,
        *replacing.OPERATIONS,
        *printed.OPERATIONS,
        *webhooks.OPERATIONS,
        *administration.OPERATIONS,
        *funding.OPERATIONS,
        *sandbox.OPERATIONS,
    )


def _served(desk: Desk) -> tuple[Operation, ...]:
    """What a sandbox can be told is not even a path of a live server."""
    if desk.operator.playground is not None:
        return operations()
    return tuple(operation for operation in operations() if operation not in sandbox.OPERATIONS)


def create_app(desk: Desk, *, rows: tuple[Operation, ...] | None = None) -> ASGIApp:
    """An ASGI application that answers every operation, or these."""
    served = _served(desk) if rows is None else rows
    inner = Starlette(
        routes=[route_of(desk, operation) for operation in served],
        exception_handlers={HTTPException: refuse_route},
    )
    inner.router.redirect_slashes = False  # a 307 to whatever Host says; such a path is none of ours
    plain = {(one.method, one.path): straight_of(desk, one) for one in served if "{" not in one.path}
    return Edge(_Straight(inner, plain), desk)


class _Straight:
    """A path without names in it goes straight to its operation; anything else is looked for by Starlette.

    Starlette tries one route after the other, behind two layers that catch what an endpoint of ours never lets out:
    measured 40 us a request, as much as reading and judging a payment.
    """

    def __init__(self, inner: ASGIApp, operations: Mapping[tuple[str, str], ASGIApp]) -> None:
        self._inner = inner
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = self._operations.get((scope.get("method", ""), scope.get("path", "")), self._inner)
        await operation(scope, receive, send)
