"""HTTP connections with what uvicorn's own leave open: a time limit for headers, and errors in our one shape."""

import asyncio
import resource
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, TillcodeError, UnavailableError

#: From the first byte of a connection's wait to the end of the headers: a slow mobile line needs a second.
HEADERS_S_MAX: Final = 10.0
#: Connections at once, waiting ones among them. Each costs a file descriptor and some 20 KiB.
CONNECTIONS_MAX: Final = 10_000
#: Descriptors that are left for the ledger, the log and what else a process opens.
_DESCRIPTORS_KEPT: Final = 128
#: All headers of one request. The longest of ours is a signed read, under one kilobyte.
HEADERS_BYTES_MAX: Final = 16 * 1024


#: Where a request's transport lies in its scope.
TRANSPORT: Final = "tillcode.transport"
#: Stands in a request's scope once all of it has come, as it mostly has before an application begins.
WHOLE: Final = "tillcode.whole"


def room_for_connections() -> int:
    """Take as many file descriptors as the machine allows; returns how many connections that leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + _DESCRIPTORS_KEPT
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS_MAX
    return max(1, min(CONNECTIONS_MAX, soft - _DESCRIPTORS_KEPT))


class Connection(HttpToolsProtocol):
    """Closed when the headers of a request do not come in time, or are too many: places are not held for nothing."""

    headers_s_max = HEADERS_S_MAX
    connections_max = CONNECTIONS_MAX

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.connections_max:
            self._refuse(UnavailableError(ErrorCode.SERVER_BUSY, "too many connections"))
            return
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[typeddict-unknown-key] # for a sandbox that cuts connections
        self._header_bytes = 0
        self._expect_headers()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(name, value)

    def on_headers_complete(self) -> None:
        self._stop_expecting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.scope[WHOLE] = True  # type: ignore[typeddict-unknown-key] # for whoever would set a timer for the rest
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Bytes that are no HTTP, or headers past their limits."""
        if not self.transport.is_closing():
            self._refuse(MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, msg))

    def _count(self, *parts: bytes) -> None:
        self._header_bytes += sum(map(len, parts))
        if self._header_bytes > HEADERS_BYTES_MAX and not self.transport.is_closing():
            self._refuse(MalformedMessageError(ErrorCode.MESSAGE_TOO_LARGE, "the headers are too large"))

    def _expect_headers(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.headers_s_max, self._give_up)

    def _stop_expecting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self._refuse(UnavailableError(ErrorCode.NETWORK_TIMEOUT, "the headers did not come in time"))

    def _refuse(self, error: TillcodeError) -> None:
        """Answer outside of any application, and close."""
        problem = api.problem_of(error)
        body = api.to_json(problem)
        head = (
            f"HTTP/1.1 {problem.http_status} {problem.title}\r\ncontent-type: {api.PROBLEM}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\nretry-after: 1\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
