"""The HTTP edge: every error is a problem+json, bodies are capped, and altered bytes store nothing."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import httpx
import pytest
from starlette.types import Message

from server_stub.routes import create_app
from server_stub.service.payments import prepare_capture, prepare_closure, prepare_intent
from server_stub.service.tokens import prepare_token
from tests.unit.server_stub.asking import answer_of
from tests.unit.server_stub.harness import ONLINE, House
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.messages import CloseRequest


def test_unknown_paths_and_methods_are_problems(house: House) -> None:
    """404 and 405 as well: one shape for every error."""
    missing = house.call("GET", "/v1/nothing", b"", "")
    assert (missing.http_status, missing.code()) == (404, ErrorCode.ROUTE_NOT_FOUND)
    wrong = house.call("DELETE", api.PATH_DENYLIST, b"", "")
    assert (wrong.http_status, wrong.code()) == (405, ErrorCode.METHOD_NOT_ALLOWED)
    assert wrong.headers["allow"] == "GET, HEAD"
    several = house.call("PATCH", "/v1/webhooks/endpoints", b"", "")
    assert several.headers["allow"] == "GET, HEAD, POST"
    assert wrong.content["status"] == 405


def test_bodies_are_capped(house: House) -> None:
    """Read no further than the largest message of the route."""
    for path, bytes_max in ((api.PATH_TOKENS, limits.MESSAGE_BYTES_MAX), (api.PATH_CAPTURES, limits.BATCH_BYTES_MAX)):
        answer = house.call("POST", path, bytes(bytes_max + 1), "")
        assert (answer.http_status, answer.code()) == (413, ErrorCode.MESSAGE_TOO_LARGE)


def test_health_and_trust_need_no_key(house: House) -> None:
    """What anybody may see."""
    assert house.call("GET", api.PATH_HEALTH, b"", "").ok() == {"state": "running", "nature": "live"}
    assert set(house.call("GET", api.PATH_TRUST, b"", "").ok()) == {"bundle", "restored_at_s"}


def test_a_busy_server_says_when_to_come_back(house: House) -> None:
    """503 with Retry-After, and the caller knows that nothing happened."""
    wallet = house.wallet()
    body = wallet.token_request()
    house.desk.operator.committer.close()
    answer = house.call("POST", api.PATH_TOKENS, body, "")
    assert (answer.http_status, answer.code(), answer.headers["retry-after"]) == (503, ErrorCode.SERVER_BUSY, "1")
    assert answer.content["outcome"] == "not_charged"
    assert house.call("GET", api.PATH_HEALTH, b"", "").http_status == 503


def test_our_own_bug_is_answered_without_a_trace(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the trace, the caller has a problem whose outcome is unknown."""
    body = house.wallet().token_request()
    house.desk.workers.shutdown()
    with caplog.at_level(logging.CRITICAL):
        answer = house.call("POST", api.PATH_TOKENS, body, "")
    assert (answer.http_status, answer.code()) == (500, ErrorCode.SERVER_ERROR)
    assert b"Traceback" not in answer.body
    assert answer.content["outcome"] == "unknown"


def test_any_altered_byte_is_refused_and_stores_nothing(house: House, rng: Random) -> None:
    """Every byte of an intent, a request, a batch, a token request and a closure, each once, to a random other."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    operator = house.desk.operator

    def prepare_pair(body: bytes) -> object:
        cut = len(intent.envelope)
        pair = api.IntentBody(intent=api.to_base64url(body[:cut]), request=api.to_base64url(body[cut:]))
        return prepare_intent(operator, api.to_json(pair))

    closing = CloseRequest(request_id=request.message.request_id, made_at_s=terminal.now_s())
    cases = (
        (prepare_pair, intent.envelope + request.envelope),
        (lambda body: prepare_capture(operator, body), terminal.batch((request, intent))),
        (lambda body: prepare_token(operator, body), wallet.token_request()),
        (lambda body: prepare_closure(operator, body), seal(closing, terminal.signer).envelope),
    )
    for prepare, good in cases:
        prepare(good)
        for place in range(len(good)):
            altered = bytearray(good)
            altered[place] ^= rng.randrange(1, 256)
            with pytest.raises((MalformedMessageError, RuleViolationError)):
                prepare(bytes(altered))
    assert house.audit().payments == 0


def test_another_type_of_message_is_refused(house: House) -> None:
    """A batch is no closure, a closure is no batch, a request is no intent."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    batch = terminal.batch((request, intent))
    small = wallet.token_request()
    assert house.call("POST", api.PATH_CLOSURES, small, "").code() is ErrorCode.WRONG_MESSAGE_TYPE
    assert house.call("POST", api.PATH_CAPTURES, small, "").code() is ErrorCode.WRONG_MESSAGE_TYPE
    assert house.call("POST", api.PATH_CLOSURES, batch, "").http_status in {400, 413}
    assert wallet.send(request.envelope, request.envelope).code() is ErrorCode.WRONG_MESSAGE_TYPE
    assert wallet.send(intent.envelope, intent.envelope).code() is ErrorCode.WRONG_MESSAGE_TYPE
    outcome = terminal.capture((request, request))[0]  # type: ignore[arg-type]
    assert outcome["error_code"] == ErrorCode.WRONG_MESSAGE_TYPE
    assert house.audit().payments == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"intent":1,"request":""}', b'{"intent":"!","request":""}'])
def test_a_body_that_is_not_the_expected_json_is_refused(house: House, body: bytes) -> None:
    """A typed error, whatever was sent."""
    assert house.call("POST", api.PATH_INTENTS, body, "").code() is ErrorCode.BAD_REQUEST_BODY
    with pytest.raises(MalformedMessageError):
        prepare_intent(house.desk.operator, json.dumps(["x"]).encode())


def test_a_body_that_does_not_come_is_given_up(house: House) -> None:
    """One byte and then silence: an answer and the end of the connection, not a place held for ever."""

    async def one_byte_and_silence() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(replace(house.desk, body_s_max=0.05)))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.post(api.PATH_INTENTS, content=one_byte_and_silence())

    response = asyncio.run(send())
    assert answer_of(response).code() is ErrorCode.NETWORK_TIMEOUT
    assert response.headers["connection"] == "close"


def test_a_body_may_come_in_pieces(house: House) -> None:
    """A payment is paid however the line has cut its bytes."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    texts = api.to_base64url(intent.envelope), api.to_base64url(request.envelope)
    body = api.to_json(api.IntentBody(intent=texts[0], request=texts[1]))

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(house.desk))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.post(api.PATH_INTENTS, content=pieces())

    answer = answer_of(asyncio.run(send()))
    assert answer.ok()["state"] == "CAPTURED"
    assert answer.headers["content-type"] == api.JSON
    assert house.audit().payments == 1


def test_a_caller_who_leaves_amid_his_body_stores_nothing(house: House) -> None:
    """Half a batch and the end of the connection is no error of ours, and nothing in the ledger."""
    said: list[Message] = [{"type": "http.request", "body": b"\x84", "more_body": True}, {"type": "http.disconnect"}]
    statuses: list[int] = []

    async def receive() -> Message:
        return said.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {"type": "http", "method": "POST", "path": api.PATH_CAPTURES, "headers": [], "query_string": b""}

    async def ask() -> None:
        await create_app(house.desk)(scope, receive, send)

    asyncio.run(ask())
    assert (statuses, said) == ([400], [])
    assert 'operation="captureBatch",status="400"' in house.desk.measures.text().decode()
    assert house.audit().payments == 0
