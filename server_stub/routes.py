"""HTTP in and out, and nothing else: bodies with caps, answers in JSON, every error a problem+json."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from server_stub.committer import Command
from server_stub.faults import FaultPoint, Faults
from server_stub.service import enrolment, payments, reads, tokens
from server_stub.service.operator import Operator
from server_stub.service.reads import Question
from server_stub.wakeups import Wakeups
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    MoneyOutcome,
    TillcodeError,
    UnavailableError,
)

P = ParamSpec("P")
T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]

_LOG: Final = logging.getLogger("tillcode.server")
#: An intent and a request as base64url, and the JSON around them.
_INTENT_BODY_BYTES_MAX: Final = 2 * (limits.MESSAGE_BYTES_MAX * 4 // 3 + 4) + 256
#: A full batch comes within this over a slow mobile line; who sends a byte a minute must not hold a place for ever.
BODY_S_MAX: Final = 30.0
#: After these the rest of the body may still be on its way: nothing more is read from this connection.
_CUT_OFF: Final = frozenset({ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.NETWORK_TIMEOUT})
#: How soon a busy server may be asked again.
_RETRY_AFTER_S: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the routes stand on. ``workers`` is where signatures are verified and the ledger is read."""

    operator: Operator
    workers: Executor
    wakeups: Wakeups
    faults: Faults
    body_s_max: float = BODY_S_MAX

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something slow outside the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.workers, lambda: call(*args, **kwargs))

    async def commit(self, command: Command[T]) -> T:
        """The command's answer, once it is durable."""
        return await asyncio.wrap_future(self.operator.committer.submit(command))


def create_app(desk: Desk) -> Starlette:
    """The whole HTTP interface."""
    return Starlette(
        routes=[*_command_routes(desk), *_read_routes(desk)],
        exception_handlers={HTTPException: _refuse_route},
    )


def _command_routes(desk: Desk) -> list[Route]:
    operator = desk.operator

    def route(
        path: str,
        prepare: Callable[[Operator, bytes], Command[T]],
        answer: Callable[[T], object],
        *,
        bytes_max: int = limits.MESSAGE_BYTES_MAX,
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await _body(request, bytes_max=bytes_max, seconds_max=desk.body_s_max)
            command = await desk.run(prepare, operator, body)
            settled = await desk.commit(command)
            desk.faults.reach(FaultPoint.BEFORE_ANSWER)
            return _json(answer(settled))

        return Route(path, _guarded(endpoint), methods=["POST"])

    return [
        route(
            api.PATH_ENROL_WALLET,
            enrolment.prepare_wallet_enrolment,
            lambda wallet: enrolment.wallet_answer(operator, wallet),
        ),
        route(
            api.PATH_ENROL_TERMINAL,
            enrolment.prepare_terminal_enrolment,
            lambda certificate: enrolment.terminal_answer(operator, certificate),
        ),
        route(
            api.PATH_CERTIFICATES,
            enrolment.prepare_certificate,
            lambda certificate: enrolment.terminal_answer(operator, certificate),
        ),
        route(api.PATH_TOKENS, tokens.prepare_token, tokens.token_answer),
        route(
            api.PATH_INTENTS,
            payments.prepare_intent,
            lambda outcomes: payments.seen_by_wallet(outcomes[0]),
            bytes_max=_INTENT_BODY_BYTES_MAX,
        ),
        route(api.PATH_CAPTURES, payments.prepare_capture, payments.capture_answer, bytes_max=limits.BATCH_BYTES_MAX),
        route(api.PATH_CLOSURES, payments.prepare_closure, lambda outcomes: payments.seen_by_terminal(outcomes[0])),
    ]


def _read_routes(desk: Desk) -> list[Route]:
    async def health(_request: Request) -> Response:
        desk.operator.committer.check_running()
        return _json({"state": "running"})

    async def trust(_request: Request) -> Response:
        return _json(enrolment.trust_answer(desk.operator))

    async def balance(request: Request) -> Response:
        return _json(await desk.run(reads.balance, desk.operator, **_read_of(request)))

    async def payment(request: Request) -> Response:
        question = await desk.run(
            reads.question_about_payment, desk.operator, **_read_of(request), name=request.path_params["name"]
        )
        return _json(reads.required(await _answer_when_settled(desk, question, wait_s=_wait_s_of(request))))

    async def consent(request: Request) -> Response:
        question = await desk.run(
            reads.question_about_consent, desk.operator, **_read_of(request), name=request.path_params["name"]
        )
        return _json(reads.required(await _answer_when_settled(desk, question, wait_s=_wait_s_of(request))))

    return [
        Route(api.PATH_HEALTH, _guarded(health)),
        Route(api.PATH_TRUST, _guarded(trust)),
        Route(api.PATH_BALANCE, _guarded(balance)),
        Route(api.PATH_PAYMENTS + "/{name}", _guarded(payment)),
        Route(api.PATH_CONSENTS + "/{name}", _guarded(consent)),
    ]


async def _answer_when_settled(desk: Desk, question: Question, *, wait_s: int) -> api.PaymentAnswer | None:
    """The long poll: look, and look again at each wake-up until it is settled or the time is over."""
    with desk.wakeups.waiting_for(question.key) as event:
        found = await desk.run(reads.answer, desk.operator, question)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while wait_s and not reads.is_settled(found) and not desk.wakeups.is_closed:
                    await event.wait()
                    event.clear()
                    found = await desk.run(reads.answer, desk.operator, question)
    return found


def _guarded(endpoint: Endpoint) -> Endpoint:
    """The process edge: whatever goes wrong, the caller gets a problem and never a trace."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except TillcodeError as error:
            if error.__cause__ is not None and error.code is ErrorCode.SERVER_ERROR:
                _LOG.error("%s failed", request.url.path, exc_info=error)
            return _problem(error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception:
            _LOG.exception("%s failed", request.url.path)
            return _problem(
                UnavailableError(ErrorCode.SERVER_ERROR, "an error of the server itself", outcome=MoneyOutcome.UNKNOWN)
            )

    return guarded


async def _refuse_route(_request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        return _problem(MisuseError(ErrorCode.METHOD_NOT_ALLOWED, "not with this method"), error.headers)
    return _problem(MisuseError(ErrorCode.ROUTE_NOT_FOUND, "there is no such path"))


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


def _read_of(request: Request) -> dict[str, Any]:
    return {"authorization": request.headers.get("authorization", ""), "path": request.scope["path"]}


def _wait_s_of(request: Request) -> int:
    text = request.query_params.get("wait", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "seconds are expected", param="wait")
    return min(int(text), api.WAIT_S_MAX)


def _json(answer: object) -> Response:
    return Response(msgspec.json.encode(answer), media_type=api.JSON)


def _problem(error: TillcodeError, headers: Any = None) -> Response:
    problem = api.problem_of(error)
    more = dict(headers or {})
    if error.code is ErrorCode.SERVER_BUSY:
        more["retry-after"] = str(_RETRY_AFTER_S)
    if error.code in _CUT_OFF:
        more["connection"] = "close"
    return Response(api.to_json(problem), status_code=problem.http_status, media_type=api.PROBLEM, headers=more)
