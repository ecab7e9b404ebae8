"""The whole HTTP interface: the table, behind the edge."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from server_stub.routes import administration, devices, merchant, printed, public, sandbox, webhooks
from server_stub.routes.desk import Desk
from server_stub.routes.dispatch import refuse_route, route_of
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
    inner = Starlette(
        routes=[route_of(desk, operation) for operation in _served(desk)],
        exception_handlers={HTTPException: refuse_route},
    )
    return Edge(inner, desk)
