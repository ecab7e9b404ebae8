"""HTTP connections with what uvicorn's own leave open: a time limit for headers, and errors in our one shape."""

import asyncio
import ctypes
import resource
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server_stub.addresses import caller_of_address
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, TillcodeError, UnavailableError
from wallet_sdk.protocol.limits import BATCH_BYTES_MAX

#: From the first byte of a connection's wait to the end of the headers: a slow mobile line needs a second.
HEADERS_S_MAX: Final = 10.0
#: Connections at once, waiting ones among them. Each costs a file descriptor and some 20 KiB.
CONNECTIONS_MAX: Final = 10_000
#: Of these, from one address that is no proxy of ours: whoever opens them all, and says nothing, stops nobody else.
ADDRESS_CONNECTIONS_MAX: Final = CONNECTIONS_MAX // 4
#: Bodies of all connections at once: eighty full batches, which a small machine bears. Kept or not, they are counted.
BODIES_BYTES_MAX: Final = 80 * BATCH_BYTES_MAX
#: More than this at once is a rush, after which memory is given back.
RUSH_BYTES: Final = 8 * BATCH_BYTES_MAX
#: glibc keeps freed memory of threads and small pieces: 800 MB of bodies left 800 MB. Source: malloc_trim(3).
_TRIM: Final = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
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


@dataclass(slots=True, kw_only=True)
class Crowd:
    """All connections of one server, counted; of one event loop's thread."""

    of_address: Counter[str] = field(default_factory=Counter)
    #: Of bodies that have come, whole or in part, and are not answered.
    body_bytes: int = 0
    _most: int = 0

    def come(self, address: str) -> int:
        """One more connection; how many the address has."""
        self.of_address[address] += 1
        return self.of_address[address]

    def leave(self, address: str) -> None:
        """One connection less."""
        self.of_address[address] -= 1
        if not self.of_address[address]:
            del self.of_address[address]

    def forget(self, count: int) -> None:
        """So many bytes of bodies are answered. After a rush, when none are left, memory goes back to the machine."""
        self._most = max(self._most, self.body_bytes)
        self.body_bytes -= count
        if not self.body_bytes and self._most > RUSH_BYTES:
            self._most = 0
            give_memory_back()


def give_memory_back() -> None:
    """Let the C library return what it keeps for the next rush: some milliseconds, and nothing where it is no glibc."""
    if _TRIM is not None:
        _TRIM(0)


class Connection(HttpToolsProtocol):
    """Closed when the headers of a request do not come in time, or are too many: places are not held for nothing."""

    headers_s_max = HEADERS_S_MAX
    connections_max = CONNECTIONS_MAX
    address_connections_max = ADDRESS_CONNECTIONS_MAX
    bodies_bytes_max = BODIES_BYTES_MAX

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._address = ""
        self._body_bytes = 0
        self._crowd: Crowd = vars(self.server_state).setdefault("tillcode_crowd", Crowd())

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._address = caller_of_address(peer[0]) if isinstance(peer, tuple) else ""
        if self._crowd.come(self._address) > self.address_connections_max and not self._is_proxy():
            self._refuse(UnavailableError(ErrorCode.SERVER_BUSY, "too many connections of this address"))
            return
        if len(self.connections) > self.connections_max:
            self._refuse(UnavailableError(ErrorCode.SERVER_BUSY, "too many connections"))
            return
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        self._crowd.leave(self._address)
        self._forget_body()
        super().connection_lost(exc)
        # The request points back at us: what had come of it would stay until the collector looks, which is rarely.
        self.cycle = None  # type: ignore[assignment]

    def _is_proxy(self) -> bool:
        """A proxy in front of us brings everybody's connections; it is whom uvicorn believes an X-Forwarded-For."""
        trusted = ProxyHeadersMiddleware(self.app, trusted_hosts=self.config.forwarded_allow_ips).trusted_hosts
        return self._address in trusted

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

    def on_body(self, body: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._crowd.body_bytes + len(body) > self.bodies_bytes_max:
            self._refuse(UnavailableError(ErrorCode.SERVER_BUSY, "too much is on its way"))
            return
        self._body_bytes += len(body)
        self._crowd.body_bytes += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        self._forget_body()
        super().on_response_complete()

    def on_message_complete(self) -> None:
        self.scope[WHOLE] = True  # type: ignore[typeddict-unknown-key] # for whoever would set a timer for the rest
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Bytes that are no HTTP, or headers past their limits."""
        if not self.transport.is_closing():
            self._refuse(MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, msg))

    def _forget_body(self) -> None:
        self._crowd.forget(self._body_bytes)
        self._body_bytes = 0

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
