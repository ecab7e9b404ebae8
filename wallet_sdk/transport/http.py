"""HTTP for threads: httpx over connections that keep a deadline."""

import os
import ssl
from collections.abc import Iterator
from typing import Final

import httpcore
import httpx

from wallet_sdk.ports import Clock, HttpAnswer, HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.system import SystemClock
from wallet_sdk.transport.answers import (
    CONNECT_TIMEOUT_S,
    CONNECTIONS_MAX,
    answer_of,
    check_length,
    checked_base_url,
    checked_connections,
    headers_of,
    honest_errors,
    proxy_of,
)
from wallet_sdk.transport.deadline import DeadlineBackend, Deadlines

#: All of them are kept for a moment: a crowd of calls that end together would else open them again and again.
KEPT_S: Final = 5.0
HEADERS: Final = (("accept-encoding", "identity"), ("user-agent", "tillcode"))


class HttpxSender:
    """Sends to one server over kept connections. Threads may share it, and a fork makes its own connections.

    The environment cannot reroute it: proxies and redirects are not followed unless given here.
    """

    def __init__(
        self,
        base_url: str,
        *,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        connections_max: int = CONNECTIONS_MAX,
        clock: Clock | None = None,
    ) -> None:
        """Take the server's address, such as "https://pay.example"; without ``tls``, public authorities are trusted.

        ``connections_max`` is how many calls are on their way at once; more wait for a free connection, in their time.

        Raises:
            MisuseError: BAD_ARGUMENT when the address is not http or https with a host, or for a number that is none.
        """
        self._base_url = checked_base_url(base_url)
        self._tls = tls or trusted(self._base_url)
        self._proxy = proxy_of(proxy)
        self._connections_max = checked_connections(connections_max)
        self._clock = clock or SystemClock()
        self._deadlines = Deadlines()
        self._client = self._new_client()
        self._process = os.getpid()

    def __repr__(self) -> str:
        return f"HttpxSender({str(self._base_url)!r})"

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send once. ``timeout_s`` bounds the whole exchange, also against a peer that sends drop by drop.

        Raises:
            UnavailableError: when no byte left (outcome not_charged) NETWORK_UNREACHABLE, NO_FREE_CONNECTION when other
                calls had them all for the whole time, TLS_FAILED when whoever answers is not the server, SWITCHED_OFF
                after ``close``; NETWORK_TIMEOUT or BAD_ANSWER (outcome unknown) when the request may have arrived.
        """
        client = self._client_of_this_process()
        if client.is_closed:
            raise UnavailableError(ErrorCode.SWITCHED_OFF, "the sender is closed")
        now_ms = self._clock.monotonic_ms()
        connect_s = min(CONNECT_TIMEOUT_S, request.timeout_s)
        timeout = httpx.Timeout(request.timeout_s, connect=connect_s)
        with (
            honest_errors(),
            self._deadlines.set(
                connect_ms=now_ms + int(connect_s * 1000), total_ms=now_ms + int(request.timeout_s * 1000)
            ),
            client.stream(
                request.method,
                request.path,
                content=request.body or None,
                headers=headers_of(request),
                timeout=timeout,
            ) as response,
        ):
            body = bytearray()
            # Raw: we asked for no compression, so whoever compresses sends no answer of ours, and no bomb.
            for chunk in response.iter_raw():
                body += chunk
                check_length(body)
            return answer_of(response, bytes(body))

    def close(self) -> None:
        """Give back connections; may be called twice."""
        self._client_of_this_process().close()

    def _client_of_this_process(self) -> httpx.Client:
        """After a fork the parent's connections stay the parent's: two processes on one would mix their answers."""
        if os.getpid() != self._process:
            # Threads that come here together each make one; the last stays. No lock: a fork may have caught it held.
            closed = self._client.is_closed
            self._client, self._process = self._new_client(), os.getpid()
            if closed:
                self._client.close()
        return self._client

    def _new_client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self._base_url,
            transport=_Transport(
                httpcore.ConnectionPool(
                    ssl_context=self._tls,
                    proxy=self._proxy,
                    max_connections=self._connections_max,
                    max_keepalive_connections=self._connections_max,
                    keepalive_expiry=KEPT_S,
                    network_backend=DeadlineBackend(self._deadlines, self._clock),
                )
            ),
            trust_env=False,
            follow_redirects=False,
            headers=HEADERS,
        )


def trusted(url: httpx.URL) -> ssl.SSLContext:
    """The public authorities. An http address needs none of them, and they take 20 ms to read."""
    if url.scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context(trust_env=False)


class _Transport(httpx.BaseTransport):
    """httpx over a pool of ours: httpx itself has no seam for the network below it."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream), "a sender for threads sends bytes"
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        sent = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
        )
        answered = self._pool.handle_request(sent)
        return httpx.Response(
            answered.status, headers=answered.headers, stream=_Stream(answered), extensions=answered.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    """The body of an answer as it arrives."""

    def __init__(self, answered: httpcore.Response) -> None:
        self._answered = answered

    def __iter__(self) -> Iterator[bytes]:
        return self._answered.iter_stream()

    def close(self) -> None:
        self._answered.close()
