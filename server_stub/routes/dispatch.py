"""A row of the table as an endpoint. This is the process edge: whatever goes wrong, the caller gets a problem."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from server_stub.routes.desk import Desk
from server_stub.routes.edge import Passage, passage_of
from server_stub.routes.operations import Incoming, Operation
from server_stub.routes.problems import our_own_error, problem
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    TillcodeError,
    UnavailableError,
)

_LOG: Final = logging.getLogger("tillcode.server")


def route_of(desk: Desk, operation: Operation) -> Route:
    """The Starlette route of a row."""

    async def endpoint(request: Request) -> Response:
        passage = passage_of(request.scope)
        passage.operation = operation.name
        return await _answered(passage, lambda: _answer(desk, operation, request))

    return Route(operation.path, endpoint, methods=[operation.method], name=operation.name)


async def refuse_route(request: Request, error: Exception) -> Response:
    """404 and 405 in the one shape of every error."""
    passage = passage_of(request.scope)
    if isinstance(error, HTTPException) and error.status_code == 405:
        passage.error = MisuseError(ErrorCode.METHOD_NOT_ALLOWED, "not with this method")
        return problem(passage.error, number=passage.number, headers=error.headers)
    passage.error = MisuseError(ErrorCode.ROUTE_NOT_FOUND, "there is no such path")
    return problem(passage.error, number=passage.number)


async def _answered(passage: Passage, call: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await call()
    except TillcodeError as error:
        if error.__cause__ is not None and error.code is ErrorCode.SERVER_ERROR:
            _LOG.error("%s %s failed", passage.number, passage.operation, exc_info=error)
        passage.error = error
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except Exception:
        _LOG.exception("%s %s failed", passage.number, passage.operation)
        passage.error = our_own_error()
    return problem(passage.error, number=passage.number)


async def _answer(desk: Desk, operation: Operation, request: Request) -> Response:
    body = b""
    if operation.body is not None:
        body = await _body(request, bytes_max=operation.body.bytes_max, seconds_max=desk.body_s_max)
    answer = await operation.call(desk, _incoming(request, body))
    if isinstance(answer, Response):
        return answer
    return Response(msgspec.json.encode(answer), status_code=operation.answer_http_status, media_type=api.JSON)


def _incoming(request: Request, body: bytes) -> Incoming:
    return Incoming(
        path=request.scope["path"],
        names=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=body,
    )


async def _body(request: Request, *, bytes_max: int, seconds_max: float) -> bytes:
    """The whole body, given up as soon as it is too large or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds_max):
            async for chunk in request.stream():
                body += chunk
                if len(body) > bytes_max:
                    raise MalformedMessageError(ErrorCode.MESSAGE_TOO_LARGE, f"at most {bytes_max} bytes are taken")
    except TimeoutError as error:
        raise UnavailableError(ErrorCode.NETWORK_TIMEOUT, "the body did not come in time") from error
    return bytes(body)


def json_of(body: bytes, expected: type[Any]) -> Any:
    """A JSON body as one of our types, strictly.

    Raises:
        MalformedMessageError: BAD_REQUEST_BODY, naming the member at fault.
    """
    try:
        return msgspec.json.decode(body, type=expected)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, text, param=place.strip("`.") or None) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "the body is not JSON") from error
