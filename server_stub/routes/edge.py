"""The edge that every request passes: its number, the limits, what is measured and logged, headers of every answer."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server_stub.addresses import caller_of_address
from server_stub.connections import TRANSPORT, WHOLE
from server_stub.routes.buckets import Allowance, Buckets, Policy
from server_stub.routes.desk import Desk
from server_stub.routes.problems import problem
from server_stub.service.playground import ConnectionCutError
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError, UnavailableError

_LOG: Final = logging.getLogger("tillcode.server.requests")
#: Where the passage of a request lies in its scope.
_KEY: Final = "tillcode.passage"
#: A path that is no operation is measured under one name: names must not grow with what callers invent.
_NO_OPERATION: Final = "none"
_NAMES_OF_BODIES: Final = frozenset({b"content-length", b"transfer-encoding"})
_ON_EVERY_ANSWER: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


@dataclass(slots=True, kw_only=True)
class Passage:
    """One request on its way; what is learnt of it is noted here."""

    number: str
    operation: str = _NO_OPERATION
    address: str = ""
    allowance: Allowance | None = None
    is_body_read: bool = False
    http_status: int = 500
    error: TillcodeError | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


def passage_of(scope: Mapping[str, Any]) -> Passage:
    """The passage of a request that came through the edge."""
    passage = scope[_KEY]
    assert isinstance(passage, Passage), "every request comes through the edge"
    return passage


class Edge:
    """An ASGI application around another one."""

    def __init__(self, inner: ASGIApp, desk: Desk) -> None:
        limits = desk.operator.config.limits
        self._inner = inner
        self._desk = desk
        self._headers = () if desk.operator.playground is None else ((b"tillcode-sandbox", b"true"),)
        self._in_flight = 0
        self._in_flight_max = limits.in_flight_max
        self._in_flight_of = Counter[str]()
        self._address_in_flight_max = limits.address_in_flight_max
        self._addresses = Buckets(Policy(name="address", per_s=limits.address_per_s, burst=limits.address_burst))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        clock, measures = self._desk.operator.clock, self._desk.measures
        client = scope.get("client")
        address = caller_of_address(client[0] if client else "")
        number = api.to_base64url(self._desk.operator.new_id())
        passage = Passage(headers=self._headers, number=number, address=address)
        scope[_KEY] = passage
        started_ms = clock.monotonic_ms()
        measures.begin()
        self._in_flight += 1
        self._in_flight_of[address] += 1
        try:
            inner = self._inner if (refusal := self._refusal(passage)) is None else refusal
            await inner(scope, receive, _with_headers(send, passage, scope))
            if isinstance(passage.error, ConnectionCutError):
                passage.http_status = 0
                await _cut(scope, receive)
        finally:
            self._in_flight -= 1
            self._in_flight_of[address] -= 1
            if not self._in_flight_of[address]:
                del self._in_flight_of[address]
            seconds = (clock.monotonic_ms() - started_ms) / 1000
            measures.end(operation=passage.operation, http_status=passage.http_status, seconds=seconds)
            _log(scope, passage, seconds=seconds)
            passage.error = None  # its frames hold the passage, and with it the body, until the collector looks

    def _refusal(self, passage: Passage) -> Response | None:
        """Who asks too often is told so before anything is read; a server that is full says that.

        One address never holds all the places: whoever sends a thousand bodies slowly would stop everybody else.
        """
        passage.allowance = self._addresses.take(passage.address, now_ms=self._desk.operator.clock.monotonic_ms())
        try:
            if passage.allowance is not None:
                check_allowance(self._desk, passage.allowance)
            if self._in_flight_of[passage.address] > self._address_in_flight_max:
                self._desk.measures.limited("address_in_flight")
                raise UnavailableError(ErrorCode.SERVER_BUSY, "too many requests of this address are under way")
            if self._in_flight > self._in_flight_max:
                self._desk.measures.limited("in_flight")
                raise UnavailableError(ErrorCode.SERVER_BUSY, "too many requests are under way")
        except UnavailableError as error:
            passage.error = error
            wait_s = 0 if passage.allowance is None else passage.allowance.wait_s
            return problem(error, number=passage.number, wait_s=wait_s)
        return None


def check_allowance(desk: Desk, allowance: Allowance) -> None:
    """Refuse a caller whose bucket is empty: nothing was read, nothing happened.

    Raises:
        UnavailableError: RATE_LIMITED.
    """
    if allowance.wait_s:
        desk.measures.limited(allowance.policy.name)
        raise UnavailableError(ErrorCode.RATE_LIMITED, f"the limit of the {allowance.policy.name} is reached")


def _brings_body(scope: Scope) -> bool:
    """Whether more of a request may still come: who was refused meanwhile must not hold a connection with it."""
    return WHOLE not in scope and any(name in _NAMES_OF_BODIES for name, _ in scope["headers"])


def _with_headers(send: Send, passage: Passage, scope: Scope) -> Send:
    async def sending(message: Message) -> None:
        if isinstance(passage.error, ConnectionCutError):
            return  # not a byte of an answer
        if message["type"] == "http.response.start":
            passage.http_status = message["status"]
            number = (b"request-id", passage.number.encode())
            if passage.http_status >= 400 and not passage.is_body_read and _brings_body(scope):
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            message["headers"] = [*message.get("headers", ()), *_ON_EVERY_ANSWER, number, *passage.headers]
            if passage.allowance is not None:
                message["headers"] += [
                    (name.encode(), text.encode()) for name, text in passage.allowance.headers.items()
                ]
        await send(message)

    return sending


async def _cut(scope: Scope, receive: Receive) -> None:
    """Close the caller's connection without a word; inside a process, where there is none, raise instead."""
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionAbortedError("the sandbox has cut the connection")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def _log(scope: Scope, passage: Passage, *, seconds: float) -> None:
    """One line for each request; the path is written as JSON would, so that it cannot break the line."""
    code = "" if passage.error is None else f" {passage.error.code.name}"
    _LOG.info(
        "%s %s %a %s %d%s %.1f ms",
        passage.number,
        scope["method"],
        scope["path"],
        passage.operation,
        passage.http_status,
        code,
        seconds * 1000,
    )
