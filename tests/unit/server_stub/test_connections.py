"""Connections whose headers do not come, or do not end: closed with a problem, without holding a place."""

import asyncio
import json
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from server_stub.connections import (
    CONNECTIONS_MAX,
    HEADERS_BYTES_MAX,
    WHOLE,
    Connection,
    Crowd,
    room_for_connections,
)
from wallet_sdk.protocol.errors import ErrorCode


class Impatient(Connection):
    """Gives headers a moment."""

    headers_s_max = 0.05


async def hello(_scope: Any, _receive: Any, send: Any) -> None:
    """The smallest application."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def say_whether_whole(scope: Any, _receive: Any, send: Any) -> None:
    """Tells whether all of the request had come when the application began."""
    word = b"whole" if WHOLE in scope else b"parts"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": word})


def talked(*parts: bytes, protocol: type[Connection] = Impatient, app: Any = hello) -> bytes:
    """All that a server answers to these bytes until it closes."""

    async def talk() -> bytes:
        config = uvicorn.Config(app, log_level="critical", http=protocol)
        config.load()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: protocol(config, ServerState(), {}), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for part in parts:
                writer.write(part)
                await writer.drain()
            async with asyncio.timeout(10):
                answer = await reader.read()
            writer.close()
        return answer

    return asyncio.run(talk())


def code_of(answer: bytes) -> tuple[bytes, ErrorCode]:
    """First line and error code of an answer that must be a problem."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    return head.partition(b"\r\n")[0], ErrorCode(json.loads(body)["code"])


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET / HTTP/1.1\r\nhost: a\r\n", b"GET / HTTP/1.1\r\nx: " + b"y" * 99])
def test_headers_that_do_not_end_are_given_up(begun: bytes) -> None:
    """Whether nothing, a word or half of the headers came."""
    assert code_of(talked(begun)) == (b"HTTP/1.1 408 NETWORK_TIMEOUT", ErrorCode.NETWORK_TIMEOUT)


def test_the_second_request_of_a_connection_has_the_same_limit() -> None:
    """A first good request buys no patience."""
    answer = talked(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", b"GET / HTTP/1.1\r\nhost:")
    first, _, rest = answer.partition(b"hello")
    assert first.startswith(b"HTTP/1.1 200")
    assert code_of(rest)[1] is ErrorCode.NETWORK_TIMEOUT


def test_too_many_headers_are_refused() -> None:
    """Before they fill the memory."""
    lines = b"".join(b"x%d: %s\r\n" % (number, b"y" * 1000) for number in range(HEADERS_BYTES_MAX // 1000 + 2))
    answer = talked(b"GET / HTTP/1.1\r\n" + lines)
    assert code_of(answer) == (b"HTTP/1.1 413 MESSAGE_TOO_LARGE", ErrorCode.MESSAGE_TOO_LARGE)


def test_one_connection_too_many_is_told_so_and_closed() -> None:
    """Those that are there go on; the next one that comes after one has left is served."""

    class Small(Connection):
        connections_max = 1

    async def talk() -> tuple[bytes, bytes]:
        config = uvicorn.Config(hello, log_level="critical", http=Small)
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(lambda: Small(config, state, {}), "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(*address)
            second, other = await asyncio.open_connection(*address)
            refused = await second.read()
            other.close()
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            served = await reader.read()
            writer.close()
        return refused, served

    refused, served = asyncio.run(talk())
    assert code_of(refused) == (b"HTTP/1.1 503 SERVER_BUSY", ErrorCode.SERVER_BUSY)
    assert served.endswith(b"hello")


def test_one_address_never_holds_all_connections() -> None:
    """Whoever opens them all and says nothing stops nobody else; a proxy of ours brings everybody's."""

    class Shared(Connection):
        address_connections_max = 1

    async def talk(trusted: str) -> bytes:
        config = uvicorn.Config(hello, log_level="critical", http=Shared, forwarded_allow_ips=trusted)
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(lambda: Shared(config, state, {}), "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            _, silent = await asyncio.open_connection(*address)
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            answer = await reader.read()
            for one in (silent, writer):
                one.close()
        return answer

    assert code_of(asyncio.run(talk("192.0.2.1"))) == (b"HTTP/1.1 503 SERVER_BUSY", ErrorCode.SERVER_BUSY)
    assert asyncio.run(talk("127.0.0.1")).endswith(b"hello")


def test_bodies_of_all_connections_together_are_bounded() -> None:
    """What has come and is not answered counts; the body too many is refused at once, whoever sends it."""

    class Narrow(Connection):
        bodies_bytes_max = 10

    head = b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    answer = talked(head % 11 + b"12345678901", protocol=Narrow, app=say_whether_whole)
    assert code_of(answer) == (b"HTTP/1.1 503 SERVER_BUSY", ErrorCode.SERVER_BUSY)
    assert talked(head % 10 + b"1234567890", protocol=Narrow, app=say_whether_whole).endswith(b"whole")


def test_what_is_answered_is_forgotten() -> None:
    """The count comes back to nothing, and so do the addresses."""
    crowd = Crowd(body_bytes=7)
    assert [crowd.come("a"), crowd.come("a"), crowd.come("b")] == [1, 2, 1]
    for address in ("a", "b", "a"):
        crowd.leave(address)
    crowd.forget(7)
    assert (crowd.of_address, crowd.body_bytes) == ({}, 0)


def test_there_is_room_for_connections_on_any_machine() -> None:
    """As many as the machine's descriptors allow, never none and never more than the limit."""
    assert 1 <= room_for_connections() <= CONNECTIONS_MAX


def test_bytes_that_are_no_http_get_a_problem_too() -> None:
    """One shape for every error, also below the application."""
    assert code_of(talked(b"\x16\x03\x01 hello\r\n\r\n", protocol=Connection))[1] is ErrorCode.BAD_REQUEST_BODY


def test_an_application_knows_when_no_more_will_come() -> None:
    """A body that came with its headers needs no timer; one that is still on its way does."""
    head = b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4\r\n\r\n"
    assert talked(head + b"body", app=say_whether_whole).endswith(b"whole")
    assert talked(head + b"bo", app=say_whether_whole).endswith(b"parts")
