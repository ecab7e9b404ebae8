"""One request and its answer, whichever way they go: into an application of this process, or over a connection."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from starlette.types import ASGIApp, Message

from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    http_status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> dict[str, Any]:
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content

    def ok(self) -> dict[str, Any]:
        """The body of an answer that must be good."""
        assert self.http_status in {200, 201, 202}, self.body
        return self.content

    def code(self) -> ErrorCode:
        """The error code of an answer that must be a problem."""
        assert self.http_status >= 400, self.body
        assert self.headers["content-type"] == api.PROBLEM
        return ErrorCode(self.content["code"])


Call = Callable[[str, str, bytes, str], Answer]


def answer_of(response: httpx.Response) -> Answer:
    """What httpx got, as the tests want it."""
    return Answer(http_status=response.status_code, body=response.content, headers=dict(response.headers))


async def asked_of(app: ASGIApp, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    """One request straight into an application, without a client around it: a step of a machine takes many."""
    url, status = urlsplit(path), 0
    told: dict[str, str] = {}
    parts: list[bytes] = []
    sent, answered = False, asyncio.Event()
    fields = {"host": "server", "content-length": str(len(body)), **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "client": ("127.0.0.1", 123),
        "server": ("server", 80),
    }

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await answered.wait()
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            told.update((name.decode(), value.decode()) for name, value in message["headers"])
        else:
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                answered.set()

    await app(scope, receive, send)
    return Answer(http_status=status, body=b"".join(parts), headers=told)
