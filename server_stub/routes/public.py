"""What anybody may ask: is the server alive, is it ready, whom does it trust, what can it do."""

from functools import cache
from typing import Final

import msgspec
from starlette.responses import Response

from server_stub.routes.desk import Desk
from server_stub.routes.operations import Access, Incoming, Operation, Parameter
from server_stub.service import denylist, enrolment
from server_stub.store.nature import Nature
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The process lives and takes commands. ``nature`` is "live" or "sandbox"."""

    state: str
    nature: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger answers and commands are taken: send requests here."""

    state: str


async def _health(desk: Desk, _incoming: Incoming) -> Health:
    desk.operator.committer.check_running()
    nature = Nature.LIVE if desk.operator.playground is None else Nature.SANDBOX
    return Health(state="running", nature=nature.value)


async def _readiness(desk: Desk, _incoming: Incoming) -> Readiness:
    desk.operator.committer.check_storing()
    if desk.wakeups.is_closed:
        raise UnavailableError(ErrorCode.SERVER_BUSY, "the server is going down")
    desk.operator.now_s()  # a server that doubts its clock decides nothing
    await desk.run(_look_into_ledger, desk)
    return Readiness(state="ready")


def _look_into_ledger(desk: Desk) -> None:
    loss = desk.operator.store.loss()
    if loss is not None:
        raise UnavailableError(ErrorCode.STORAGE_CORRUPT, str(loss))
    desk.operator.store.check_room()
    with desk.operator.store.reading() as reader:
        if reader.trust() is None:
            raise UnavailableError(ErrorCode.STORAGE_CORRUPT, "the ledger has lost its trust bundle")


async def _trust(desk: Desk, _incoming: Incoming) -> api.TrustAnswer:
    return enrolment.trust_answer(desk.operator)


async def _denylist(desk: Desk, incoming: Incoming) -> api.DenylistAnswer:
    since = incoming.number("since", default=0, highest=limits.SERIAL_MAX)
    return await desk.run(denylist.published, desk.operator, since=since)


async def _document(_desk: Desk, _incoming: Incoming) -> Response:
    return Response(_document_bytes(), media_type=api.JSON)


@cache
def _document_bytes() -> bytes:
    from server_stub.routes.app import operations
    from server_stub.routes.openapi import document

    return document(operations())


SINCE: Final = Parameter(
    name="since",
    about="Number of the newest list that was seen; 0 for a full one.",
    schema={"type": "integer", "minimum": 0, "default": 0},
)

OPERATIONS: Final = (
    Operation(
        method="GET",
        path=api.PATH_HEALTH,
        name="getHealth",
        about="Whether the process lives and takes commands.",
        tag="Operation",
        access=Access.ANYONE,
        answer=Health,
        call=_health,
    ),
    Operation(
        method="GET",
        path="/readyz",
        name="getReadiness",
        about="Whether the ledger answers, the clock is believed, and requests may be sent here.",
        tag="Operation",
        access=Access.ANYONE,
        answer=Readiness,
        call=_readiness,
    ),
    Operation(
        method="GET",
        path="/openapi.json",
        name="getDocument",
        about="This document.",
        tag="Operation",
        access=Access.ANYONE,
        answer=None,
        call=_document,
    ),
    Operation(
        method="GET",
        path=api.PATH_TRUST,
        name="getTrust",
        about="The newest trust bundle: whose signatures count. Programs verify it with the root key that they pin.",
        tag="Trust",
        access=Access.ANYONE,
        answer=api.TrustAnswer,
        call=_trust,
    ),
    Operation(
        method="GET",
        path=api.PATH_DENYLIST,
        name="getDenylist",
        about="What is revoked, as a signed list: in full, or what came after the list that was seen.",
        tag="Trust",
        access=Access.ANYONE,
        answer=api.DenylistAnswer,
        call=_denylist,
        parameters=(SINCE,),
    ),
)
