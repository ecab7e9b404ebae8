"""HTTP, in the one file that imports httpx. Every failure says honestly whether a byte of the request left.

What left and was not answered may have moved money: such an error's outcome is ``unknown``. Only a
connection that never stood is ``not_charged``.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, unique
from typing import Final

import httpx

from wallet_sdk.ports import Clock, HttpAnswer, HttpRequest, Sender
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError
from wallet_sdk.system import SystemClock

__all__ = ["ANSWER_BYTES_MAX", "CONNECT_TIMEOUT_S", "HttpxSender", "NetworkSwitch", "SwitchableSender"]

#: A server that does not take the connection by then is unreachable: people stand and wait.
CONNECT_TIMEOUT_S: Final = 5.0
#: A full capture answer has 1,024 outcomes of at most 420 bytes; nothing else comes near.
ANSWER_BYTES_MAX: Final = 512 * 1024
#: Retry-After above this is read as this; the caller decides whether it waits at all.
RETRY_AFTER_S_MAX: Final = 3600

#: Raised before the request's first byte: no connection, no name, no free place in the pool.
_NOTHING_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class HttpxSender:
    """Sends to one server over kept connections. Threads may share it.

    The environment cannot reroute it: proxies and redirects are not followed unless given here.
    """

    def __init__(
        self, base_url: str, *, tls: ssl.SSLContext | None = None, proxy: str | None = None, clock: Clock | None = None
    ) -> None:
        """Take the server's address, such as "https://pay.example"; without ``tls``, public authorities are trusted.

        Raises:
            MisuseError: BAD_ARGUMENT when the address is not http or https with a host.
        """
        self._base_url = _checked_base_url(base_url)
        self._clock = clock or SystemClock()
        # An http address never needs the authorities' certificates, which take 20 ms to read.
        blank = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client = httpx.Client(
            base_url=self._base_url,
            verify=tls or (blank if self._base_url.scheme == "http" else True),
            proxy=proxy,
            trust_env=False,
            follow_redirects=False,
            headers={"accept-encoding": "identity", "user-agent": "tillcode"},
        )

    def __repr__(self) -> str:
        return f"HttpxSender({str(self._base_url)!r})"

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send once. ``timeout_s`` bounds the whole exchange, checked whenever a part of the answer arrives.

        Raises:
            UnavailableError: NETWORK_UNREACHABLE (outcome not_charged) when no byte left; NETWORK_TIMEOUT or
                BAD_ANSWER (outcome unknown) when the request may have arrived.
                After ``close``: SWITCHED_OFF.
        """
        if self._client.is_closed:
            raise UnavailableError(ErrorCode.SWITCHED_OFF, "the sender is closed")
        deadline_ms = self._clock.monotonic_ms() + int(request.timeout_s * 1000)
        connect_s = min(CONNECT_TIMEOUT_S, request.timeout_s)
        timeout = httpx.Timeout(request.timeout_s, connect=connect_s, pool=connect_s)
        with (
            _honest_errors(),
            self._client.stream(
                request.method,
                request.path,
                content=request.body or None,
                headers=_headers_of(request),
                timeout=timeout,
            ) as response,
        ):
            body = self._read_body(response, deadline_ms=deadline_ms)
            return HttpAnswer(
                http_status=response.status_code,
                body=body,
                content_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
                retry_after_s=_retry_after_s(response.headers.get("retry-after", "")),
            )

    def close(self) -> None:
        """Give back connections; may be called twice."""
        self._client.close()

    def _read_body(self, response: httpx.Response, *, deadline_ms: int) -> bytes:
        body = bytearray()
        # Raw: we asked for no compression, so whoever compresses sends no answer of ours, and no bomb.
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > ANSWER_BYTES_MAX:
                raise _unknown(ErrorCode.BAD_ANSWER, f"the answer is over {ANSWER_BYTES_MAX} bytes")
            if self._clock.monotonic_ms() > deadline_ms:
                raise _unknown(ErrorCode.NETWORK_TIMEOUT, "the answer was not whole in time")
        return bytes(body)


@unique
class NetworkSwitch(Enum):
    """Position of a program's own network switch."""

    ON = "on"
    OFF = "off"


class SwitchableSender:
    """A sender with a switch: while it is off, nothing leaves, and every send says so at once."""

    def __init__(self, inner: Sender) -> None:
        self._inner = inner
        self._position = NetworkSwitch.ON

    @property
    def position(self) -> NetworkSwitch:
        return self._position

    def switch(self, position: NetworkSwitch) -> None:
        """Turn the network on or off for every send that begins from now on."""
        self._position = position

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send through the inner sender.

        Raises:
            UnavailableError: SWITCHED_OFF (outcome not_charged) while off; else as the inner sender.
        """
        if self._position is NetworkSwitch.OFF:
            raise UnavailableError(ErrorCode.SWITCHED_OFF, "the network is switched off here")
        return self._inner.send(request)

    def close(self) -> None:
        """Close the inner sender."""
        self._inner.close()


def _checked_base_url(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "not an address", param="base_url") from error
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise MisuseError(
            ErrorCode.BAD_ARGUMENT, "an address is http:// or https:// and a host, no password", param="base_url"
        )
    return url


def _headers_of(request: HttpRequest) -> dict[str, str]:
    headers = {"content-type": request.content_type, "authorization": request.authorization}
    return {name: value for name, value in headers.items() if value}


def _retry_after_s(header: str) -> int:
    """Seconds of a Retry-After header; a date, which needs a right clock, counts as none.

    Source: RFC 9110 section 10.2.3.
    """
    text = header.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        return 0
    return min(int(text), RETRY_AFTER_S_MAX)


@contextmanager
def _honest_errors() -> Iterator[None]:
    """Turn every error of httpx into one of ours. The order of the clauses is the argument."""
    try:
        yield
    except _NOTHING_LEFT as error:
        raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "no connection to the server") from error
    except (httpx.TimeoutException, httpx.NetworkError) as error:
        raise _unknown(ErrorCode.NETWORK_TIMEOUT, "the connection was lost before the whole answer came") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise _unknown(ErrorCode.BAD_ANSWER, "the answer is not whole or not HTTP") from error


def _unknown(code: ErrorCode, message: str) -> UnavailableError:
    return UnavailableError(code, message, outcome=MoneyOutcome.UNKNOWN)
