"""Connections whose every wait ends at one moment, however slowly the peer drips.

httpx limits each single wait: a peer that sends a byte a second outlives any such limit. Here the thread that
sends names a moment, and every wait of its connection is cut to what is left until then.

Source: httpcore, "Network Backends" (the seam that this stands in); Python's ``socket.settimeout``.
"""

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from wallet_sdk.ports import Clock


class Deadlines(threading.local):
    """The moments until which this thread's exchange may wait, in monotonic milliseconds."""

    connect_ms: int | None = None
    total_ms: int | None = None

    @contextmanager
    def set(self, *, connect_ms: int, total_ms: int) -> Iterator[None]:
        """For what this thread sends inside the block."""
        self.connect_ms, self.total_ms = min(connect_ms, total_ms), total_ms
        try:
            yield
        finally:
            self.connect_ms = self.total_ms = None


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections that keep this thread's deadlines."""

    def __init__(self, deadlines: Deadlines, clock: Clock) -> None:
        self._deadlines = deadlines
        self._clock = clock
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Try each address of the host in turn; all of them share the time to connect."""
        addresses = _addresses_of(host, port)
        for number, address in enumerate(addresses, start=1):
            left_s = self._left_s(self._deadlines.connect_ms, timeout, httpcore.ConnectTimeout)
            share_s = left_s / (len(addresses) - number + 1)
            try:
                stream = self._inner.connect_tcp(address, port, share_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(addresses):
                    raise
            else:
                return _DeadlineStream(stream, self)
        raise httpcore.ConnectError("the name has no address")

    def left_s(self, timeout: float | None, late: type[Exception]) -> float:
        """Seconds that this thread's exchange may still wait.

        Raises:
            Exception: ``late``, when there are none.
        """
        return self._left_s(self._deadlines.total_ms, timeout, late)

    def handshake_left_s(self, timeout: float | None) -> float:
        """Seconds that a TLS handshake may still take."""
        return self._left_s(self._deadlines.connect_ms, timeout, httpcore.ConnectTimeout)

    def _left_s(self, deadline_ms: int | None, timeout: float | None, late: type[Exception]) -> float:
        assert deadline_ms is not None, "nothing is sent without a deadline"
        left_s = (deadline_ms - self._clock.monotonic_ms()) / 1000
        if timeout is not None:
            left_s = min(left_s, timeout)
        if left_s <= 0:
            raise late("no time is left")
        return left_s


class _DeadlineStream(httpcore.NetworkStream):
    """One connection. Whichever thread uses it, that thread's deadline holds."""

    def __init__(self, inner: httpcore.NetworkStream, backend: DeadlineBackend) -> None:
        self._inner = inner
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._backend.left_s(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Not by the inner stream, which waits anew for each part that the peer takes.
        connection: socket.socket = self._inner.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            connection.settimeout(self._backend.left_s(timeout, httpcore.WriteTimeout))
            try:
                rest = rest[connection.send(rest) :]
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if self._inner.get_extra_info("ssl_object") is not None:
            # ``write`` speaks to the socket itself: below a second TLS that would be the first one's plain text.
            raise httpcore.UnsupportedProtocol("TLS inside TLS is not spoken here")
        left_s = self._backend.handshake_left_s(timeout)
        return _DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left_s), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _addresses_of(host: str, port: int) -> list[str]:
    """Numeric addresses of a host. The system's resolver knows no time limit but its own."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(f"the name does not resolve: {error.strerror or error}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
