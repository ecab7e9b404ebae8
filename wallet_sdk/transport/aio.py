"""HTTP for asyncio: one httpx.AsyncClient for each event loop and process, and a time limit over the whole exchange."""

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator
from typing import Any

import httpcore
import httpx

from wallet_sdk.ports import AsyncSender, HttpAnswer, HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.transport.answers import (
    CONNECT_TIMEOUT_S,
    CONNECTIONS_MAX,
    answer_of,
    check_length,
    checked_base_url,
    checked_connections,
    headers_of,
    honest_errors,
    no_free_connection,
    proxy_of,
    unknown,
)
from wallet_sdk.transport.cancelling import CancellableBackend, CancellableTransport
from wallet_sdk.transport.http import HEADERS, KEPT_S, trusted
from wallet_sdk.transport.switch import NetworkSwitch


class AsyncHttpxSender:
    """Sends to one server over kept connections; as ``HttpxSender``, for asyncio.

    A connection belongs to the event loop that opened it: each loop gets a client of its own on its first send.
    ``close`` gives its connections back; at the latest ``asyncio.run`` does, when it ends the loop.
    """

    def __init__(
        self,
        base_url: str,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        """As ``HttpxSender``; each event loop has so many connections.

        Raises:
            MisuseError: BAD_ARGUMENT when the address is not http or https with a host, or for a number that is none.
        """
        self._base_url = checked_base_url(base_url)
        self._tls = tls or trusted(self._base_url)
        self._proxy = proxy_of(proxy)
        self._connections_max = checked_connections(connections_max)
        self._opened: dict[asyncio.AbstractEventLoop, _Opened] = {}
        self._process = os.getpid()

    def __repr__(self) -> str:
        return f"AsyncHttpxSender({str(self._base_url)!r})"

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """Send once. ``timeout_s`` bounds the whole exchange, also against a peer that sends drop by drop.

        Raises:
            UnavailableError: as ``HttpxSender.send``.
        """
        client = await self._client_of_this_loop()
        if client.is_closed:
            raise UnavailableError(ErrorCode.SWITCHED_OFF, "the sender is closed")
        begun = _Begun()
        try:
            async with asyncio.timeout(request.timeout_s):
                with honest_errors():
                    return await self._exchange(client, request, begun)
        except TimeoutError as error:
            if not begun.has_place:
                raise no_free_connection() from error
            if not begun.has_left:
                raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "no connection to the server") from error
            raise unknown(ErrorCode.NETWORK_TIMEOUT, "the answer was not whole in time") from error

    async def close(self) -> None:
        """Give back the connections of this event loop, and send nothing more on it; may be called twice."""
        client = await self._client_of_this_loop()
        await client.aclose()

    async def _exchange(self, client: httpx.AsyncClient, request: HttpRequest, begun: "_Begun") -> HttpAnswer:
        timeout = httpx.Timeout(request.timeout_s, connect=min(CONNECT_TIMEOUT_S, request.timeout_s))
        async with client.stream(
            request.method,
            request.path,
            content=request.body or None,
            headers=headers_of(request),
            timeout=timeout,
            extensions={"trace": begun.note},
        ) as response:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                check_length(body)
            return answer_of(response, bytes(body))

    async def _client_of_this_loop(self) -> httpx.AsyncClient:
        if os.getpid() != self._process:
            # The parent's connections stay the parent's: two processes on one would mix their answers.
            self._opened, self._process = {}, os.getpid()
        loop = asyncio.get_running_loop()
        opened = self._opened.get(loop)
        if opened is None:
            # A loop that has ended has closed its client; here it is forgotten, in place: other threads add theirs.
            for known in [one for one in list(self._opened) if one.is_closed()]:
                self._opened.pop(known, None)
            opened = self._opened[loop] = _Opened(self._new_client())
            await anext(opened.end)
        return opened.client

    def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._base_url,
            transport=CancellableTransport(
                httpcore.AsyncConnectionPool(
                    ssl_context=self._tls,
                    proxy=self._proxy,
                    max_connections=self._connections_max,
                    max_keepalive_connections=self._connections_max,
                    keepalive_expiry=KEPT_S,
                    network_backend=CancellableBackend(),
                )
            ),
            trust_env=False,
            follow_redirects=False,
            headers=HEADERS,
        )


class _Opened:
    """A client, and the generator that closes it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.end = _closed_with_the_loop(client)


async def _closed_with_the_loop(client: httpx.AsyncClient) -> AsyncGenerator[None, None]:
    """``asyncio.run`` finishes the generators that are left: the last moment at which a loop can close a connection."""
    try:
        yield
    finally:
        await client.aclose()


class _Begun:
    """Notes when a request has a connection, and when its first byte may leave.

    Source: httpcore, "Extensions", trace.
    """

    has_place = False
    has_left = False

    async def note(self, event: str, _details: dict[str, Any]) -> None:
        self.has_place = True
        self.has_left = self.has_left or event.endswith("send_request_headers.started")


class AsyncSwitchableSender:
    """As ``SwitchableSender``, for asyncio."""

    def __init__(self, inner: AsyncSender) -> None:
        self._inner = inner
        self._position = NetworkSwitch.ON

    @property
    def position(self) -> NetworkSwitch:
        return self._position

    def switch(self, position: NetworkSwitch) -> None:
        """Turn the network on or off for every send that begins from now on."""
        self._position = position

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """Send through the inner sender.

        Raises:
            UnavailableError: SWITCHED_OFF (outcome not_charged) while off; else as the inner sender.
        """
        if self._position is NetworkSwitch.OFF:
            raise UnavailableError(ErrorCode.SWITCHED_OFF, "the network is switched off here")
        return await self._inner.send(request)

    async def close(self) -> None:
        """Close the inner sender."""
        await self._inner.close()
