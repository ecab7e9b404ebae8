"""httpx for asyncio over connections that a cancelled handshake does not leave open.

httpcore closes a connection whose TLS handshake fails, but not one whose handshake is cancelled: a call that is
given up while it connects would leave its socket to the garbage collector.
Source: httpcore 1.0.9, ``_backends/anyio.py``, ``start_tls``; "Network Backends" (the seam that this stands in).
"""

import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpcore
import httpx


class CancellableTransport(httpx.AsyncBaseTransport):
    """httpx over a pool of ours: httpx itself has no seam for the network below it."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream), "a sender for asyncio sends bytes"
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        sent = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
        )
        answered = await self._pool.handle_async_request(sent)
        return httpx.Response(
            answered.status, headers=answered.headers, stream=_Body(answered), extensions=answered.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an answer as it arrives."""

    def __init__(self, answered: httpcore.Response) -> None:
        self._answered = answered

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answered.aiter_stream()

    async def aclose(self) -> None:
        await self._answered.aclose()


class CancellableBackend(httpcore.AsyncNetworkBackend):
    """Opens connections that are closed when their handshake does not come to its end."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the port's own signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _CancellableStream(await self._inner.connect_tcp(host, port, timeout, local_address, socket_options))


class _CancellableStream(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (as above)
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 (as above)
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (as above)
    ) -> httpcore.AsyncNetworkStream:
        done = False
        try:
            secured = await self._inner.start_tls(ssl_context, server_hostname, timeout)
            done = True
        finally:
            if not done:
                await self._inner.aclose()
        return _CancellableStream(secured)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
