"""Server-sent events: the state now, the change when it comes, and the end."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.unit.server_stub.asking import asked_of
from tests.unit.server_stub.harness import ONLINE, House
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode


async def streamed(house: House, path: str, authorization: str, between: Callable[[], Awaitable[None]]) -> list[Any]:
    """The events of one stream; ``between`` happens after the first one was received."""
    received: list[Any] = []
    headers = [(b"authorization", authorization.encode()), (b"accept", b"text/event-stream")]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("server", 80),
        "state": {},
    }
    first = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("never")

    async def send(message: Any) -> None:
        received.append(message)
        if message.get("body"):
            first.set()

    running = asyncio.ensure_future(house.app(scope, receive, send))
    await first.wait()
    await between()
    await running
    return received


def events_of(messages: list[Any]) -> list[dict[str, Any]]:
    """The data of each event."""
    text = b"".join(message.get("body", b"") for message in messages).decode()
    return [json.loads(part.split("data: ")[1]) for part in text.split("\n\n") if "data: " in part]


def test_a_terminal_hears_of_its_payment_when_it_is_made(house: House) -> None:
    """REQUESTED, then CAPTURED with the receipt, then the stream ends by itself."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    path = api.payment_path(request.message.request_id)
    intent = wallet.intent(request, ONLINE)
    pair = api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(request.envelope))

    async def pay() -> None:
        paid = await house.acall("POST", api.PATH_INTENTS, api.to_json(pair))
        assert paid.http_status == 200

    messages = asyncio.run(streamed(house, path, terminal.authorization(path), pay))
    assert dict(messages[0]["headers"])[b"content-type"].startswith(b"text/event-stream")
    events = events_of(messages)
    assert [event["state"] for event in events] == ["REQUESTED", "CAPTURED"]
    assert events[1] == terminal.read(path).ok()


def test_a_stop_ends_every_stream(house: House) -> None:
    """A server that goes down lets its listeners go at once."""
    terminal = house.terminal()
    path = api.payment_path(terminal.request().message.request_id)

    async def stop() -> None:
        house.desk.wakeups.close()

    messages = asyncio.run(streamed(house, path, terminal.authorization(path), stop))
    assert [event["state"] for event in events_of(messages)] == ["REQUESTED"]


def test_a_stream_is_refused_like_any_read(house: House) -> None:
    """Without a signature, and for what is not one's own: a problem, and no stream."""
    wallet = house.wallet()
    path = api.payment_path(house.terminal().request().message.request_id)

    async def ask(authorization: str) -> ErrorCode:
        headers = {"accept": "text/event-stream", "authorization": authorization}
        return (await asked_of(house.app, "GET", path, b"", headers)).code()

    assert asyncio.run(ask("")) is ErrorCode.NOT_AUTHENTICATED
    assert asyncio.run(ask(wallet.authorization(path))) is ErrorCode.UNKNOWN_PAYMENT
