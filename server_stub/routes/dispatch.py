"""A row of the table as an endpoint. This is the process edge: whatever goes wrong, the caller gets a problem."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from server_stub.connections import WHOLE
from server_stub.routes.arriving import arrived
from server_stub.routes.desk import Desk
from server_stub.routes.edge import Passage, check_allowance, passage_of
from server_stub.routes.operations import Access, Incoming, Operation
from server_stub.routes.problems import OUR_OWN, our_own_error, problem
from server_stub.service import api_keys
from server_stub.service.api_keys import Caller
from server_stub.service.message_signatures import is_signed
from server_stub.service.playground import ConnectionCutError
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    TillcodeError,
)
from wallet_sdk.protocol.ids import KeyId

_LOG: Final = logging.getLogger("tillcode.server")
_BY_API_KEY: Final = frozenset({Access.API_KEY, Access.SIGNED_READ_OR_API_KEY})
#: Legal in an address, written as %00; no database text has it.
_NUL: Final = "\0"
_NUL_IN_QUERY: Final = b"%00"
_NO_QUERY: Final = QueryParams()
_JSON_HEADER: Final = (b"content-type", api.JSON.encode())

T = TypeVar("T")


def route_of(desk: Desk, operation: Operation) -> Route:
    """The Starlette route of a row; every error is an answer, so that nothing but a cancellation leaves it."""

    async def endpoint(request: Request) -> Response:
        passage = passage_of(request.scope)
        passage.operation = operation.name
        return await _answered(
            passage, lambda: _answer(desk, operation, request), is_another_act=operation.is_another_act
        )

    return Route(operation.path, endpoint, methods=[operation.method], name=operation.name)


def straight_of(desk: Desk, operation: Operation) -> ASGIApp:
    """What answers a row whose path has no names, past Starlette's routes and the two layers behind them."""
    if operation.take is not None:
        return _taker_of(desk, operation)
    endpoint = route_of(desk, operation).endpoint

    async def straight(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return straight


def _taker_of(desk: Desk, operation: Operation) -> ASGIApp:
    """What answers a row that wants nothing but a body: the paths of money, without an object of Starlette's."""
    take = operation.take
    assert take is not None, "who calls has looked"

    async def taker(scope: Scope, receive: Receive, send: Send) -> None:
        async def answer() -> bytes:
            seconds_max = None if WHOLE in scope else desk.body_s_max
            return msgspec.json.encode(
                await take(desk, await _body(desk, operation, passage, receive, seconds_max=seconds_max))
            )

        passage = passage_of(scope)
        passage.operation = operation.name
        answered = await _answered(passage, answer)
        if isinstance(answered, Response):
            await answered(scope, receive, send)
            return
        headers = [_JSON_HEADER, (b"content-length", b"%d" % len(answered))]
        await send({"type": "http.response.start", "status": operation.answer_http_status, "headers": headers})
        await send({"type": "http.response.body", "body": answered})

    return taker


async def refuse_route(request: Request, error: Exception) -> Response:
    """404 and 405 in the one shape of every error."""
    passage = passage_of(request.scope)
    if isinstance(error, HTTPException) and error.status_code == 405:
        passage.error = MisuseError(ErrorCode.METHOD_NOT_ALLOWED, "not with this method")
        return problem(passage.error, number=passage.number, headers={"allow": ", ".join(_methods_at(request))})
    passage.error = MisuseError(ErrorCode.ROUTE_NOT_FOUND, "there is no such path")
    return problem(passage.error, number=passage.number)


def _methods_at(request: Request) -> list[str]:
    """Every method that a path takes, over all the rows that stand at it."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    there = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in there for method in route.methods or ()})


async def _answered(
    passage: Passage, call: Callable[[], Awaitable[T]], *, is_another_act: bool = False
) -> T | Response:
    try:
        return await call()
    except ConnectionCutError as error:
        passage.error = error  # the edge cuts; whatever is answered here is not sent
        return Response()
    except TillcodeError as error:
        if error.__cause__ is not None and error.code is ErrorCode.SERVER_ERROR:
            _LOG.error("%s %s failed", passage.number, passage.operation, exc_info=error)
        elif error.code in OUR_OWN:
            _LOG.error("%s %s: %s", passage.number, passage.operation, error)
        passage.error = error
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except Exception:
        _LOG.exception("%s %s failed", passage.number, passage.operation)
        passage.error = our_own_error()
    wait_s = 0 if passage.allowance is None else passage.allowance.wait_s
    return problem(passage.error, number=passage.number, wait_s=wait_s, is_another_act=is_another_act)


async def _answer(desk: Desk, operation: Operation, request: Request) -> Response:
    if _NUL in request.scope["path"] or _NUL_IN_QUERY in request.scope["query_string"]:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "an address holds the character U+0000")
    caller = await _caller(desk, operation, request)
    body = b""
    if operation.body is not None:
        passage = passage_of(request.scope)
        body = await _body(desk, operation, passage, request.receive, seconds_max=desk.body_s_max)
    answer = await operation.call(desk, _incoming(request, body, caller))
    if isinstance(answer, Response):
        return answer
    return Response(msgspec.json.encode(answer), status_code=operation.answer_http_status, media_type=api.JSON)


def _incoming(request: Request, body: bytes, caller: Caller | None) -> Incoming:
    return Incoming(
        method=request.method,
        url=str(request.url) if is_signed(request.headers) else "",  # it costs more than it looks
        path=request.scope["path"],
        names=request.path_params,
        query=request.query_params if request.scope["query_string"] else _NO_QUERY,
        headers=request.headers,
        body=body,
        number_of_request=passage_of(request.scope).number,
        caller=caller,
    )


async def _caller(desk: Desk, operation: Operation, request: Request) -> Caller | None:
    """Whose API key it is, where the operation wants one; checked before a byte of the body is read."""
    if operation.access not in _BY_API_KEY:
        return None
    authorization = request.headers.get("authorization", "")
    if operation.access is Access.SIGNED_READ_OR_API_KEY and not authorization.lower().startswith("bearer "):
        return None  # a device; its signature is checked with what it reads
    assert operation.scope is not None, "an operation for API keys has a scope"
    caller = await desk.run(api_keys.authenticate, desk.operator.store, authorization)
    passage = passage_of(request.scope)
    allowance = desk.key_buckets.take(caller.key_id, now_ms=desk.operator.clock.monotonic_ms())
    if allowance is not None:
        passage.allowance = allowance
        check_allowance(desk, allowance)
    api_keys.check_scope(caller, operation.scope)
    if operation.method != "GET":
        api_keys.check_may_change(caller)
    return caller


async def _body(
    desk: Desk, operation: Operation, passage: Passage, receive: Receive, *, seconds_max: float | None
) -> bytes:
    """The body, of a device that is known where it is long."""
    assert operation.body is not None, "what takes a body has one"
    signer = operation.signer

    async def check_signer(key_id: KeyId) -> None:
        if signer is not None:
            await desk.run(signer, desk.operator, key_id)

    body = await arrived(
        receive,
        bytes_max=operation.body.bytes_max,
        seconds_max=seconds_max,
        arrivals=desk.arrivals,
        address=passage.address,
        check_signer=None if signer is None else check_signer,
    )
    passage.is_body_read = True
    return body
