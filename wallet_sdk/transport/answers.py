"""What both senders share: addresses checked, headers made and read, and every failure told honestly.

What left and was not answered may have moved money: such an error's outcome is ``unknown``. Only a connection
that never stood is ``not_charged``; and of these only one kind says that there is no network.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpcore
import httpx

from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError

#: A server that does not take the connection by then is unreachable: people stand and wait.
CONNECT_TIMEOUT_S: Final = 5.0
#: A full capture answer has 1,024 outcomes of at most 420 bytes; nothing else comes near.
ANSWER_BYTES_MAX: Final = 512 * 1024
#: Retry-After above this is read as this; the caller decides whether it waits at all.
RETRY_AFTER_S_MAX: Final = 3600
#: Longest name of a call, by a server, that is believed.
CALL_ID_CHARS_MAX: Final = 64
CALL_ID_HEADER: Final = "x-request-id"

#: Connections of one sender, unless its maker says otherwise. More calls at once wait for a free one, in their time.
CONNECTIONS_MAX: Final = 100
#: So many at most: a process has 1,024 open files on most systems, and other uses for them.
CONNECTIONS_MOST: Final = 500
#: Before the request's first byte: every connection was another call's until the time was over.
_NO_PLACE: Final = (httpx.PoolTimeout, httpcore.PoolTimeout)
#: Before the request's first byte: no connection, no name.
_NOTHING_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
_LOST: Final = (httpx.TimeoutException, httpx.NetworkError, httpcore.TimeoutException, httpcore.NetworkError)
_BROKEN: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpcore.ProtocolError)


def checked_base_url(base_url: str) -> httpx.URL:
    """The address of a server.

    Raises:
        MisuseError: BAD_ARGUMENT when it is not http or https with a host.
    """
    try:
        urlsplit(base_url)  # httpx takes "http://[" for an address
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError, ValueError, AttributeError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "not an address", param="base_url") from error
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo:
        raise MisuseError(
            ErrorCode.BAD_ARGUMENT, "an address is http:// or https:// and a host, no password", param="base_url"
        )
    return url


def proxy_of(address: str | None) -> httpcore.Proxy | None:
    """The proxy of an http address, which may bring a name and a password. TLS runs through it, never inside TLS.

    Raises:
        MisuseError: BAD_ARGUMENT when it is none.
    """
    if address is None:
        return None
    try:
        proxy = httpx.Proxy(address)
    except (httpx.InvalidURL, ValueError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "not a proxy", param="proxy") from error
    if proxy.url.scheme != "http" or not proxy.url.host:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a proxy is http:// and a host", param="proxy")
    url = httpcore.URL(
        scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=proxy.url.raw_path
    )
    return httpcore.Proxy(url, auth=proxy.raw_auth)


def headers_of(request: HttpRequest) -> dict[str, str]:
    """The headers of one request, without those that are empty."""
    headers = {
        "content-type": request.content_type,
        "authorization": request.authorization,
        CALL_ID_HEADER: request.call_id,
    }
    return {name: value for name, value in headers.items() if value}


def answer_of(response: httpx.Response, body: bytes) -> HttpAnswer:
    """The whole answer."""
    return HttpAnswer(
        http_status=response.status_code,
        body=body,
        content_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        retry_after_s=_retry_after_s(response.headers.get("retry-after", "")),
        call_id=_call_id(response.headers.get(CALL_ID_HEADER, "")),
        date_s=_date_s(response.headers.get("date", "")),
    )


def check_length(body: bytes | bytearray) -> None:
    """A hostile server cannot fill the memory.

    Raises:
        UnavailableError: BAD_ANSWER, outcome unknown.
    """
    if len(body) > ANSWER_BYTES_MAX:
        raise unknown(ErrorCode.BAD_ANSWER, f"the answer is over {ANSWER_BYTES_MAX} bytes")


@contextmanager
def honest_errors() -> Iterator[None]:
    """Turn every error of httpx, and of what lies below it, into one of ours. The order of the clauses matters."""
    try:
        yield
    except _NO_PLACE as error:
        raise no_free_connection() from error
    except _NOTHING_LEFT as error:
        if (reason := _tls_reason(error)) is not None:
            raise UnavailableError(ErrorCode.TLS_FAILED, f"whoever answers is not the server: {reason}") from error
        raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "no connection to the server") from error
    except _LOST as error:
        raise unknown(ErrorCode.NETWORK_TIMEOUT, "the connection was lost before the whole answer came") from error
    except _BROKEN as error:
        raise unknown(ErrorCode.BAD_ANSWER, "the answer is not whole or not HTTP") from error


def no_free_connection() -> UnavailableError:
    """The network may be fine: this program asks more at once than its sender has connections."""
    return UnavailableError(ErrorCode.NO_FREE_CONNECTION, "every connection of this sender is in use")


def checked_connections(connections_max: int) -> int:
    """How many connections a sender may have.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    if type(connections_max) is not int or not 1 <= connections_max <= CONNECTIONS_MOST:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"1 to {CONNECTIONS_MOST} connections", param="connections_max")
    return connections_max


def unknown(code: ErrorCode, message: str) -> UnavailableError:
    """An error after which nobody can say what became of the money."""
    return UnavailableError(code, message, outcome=MoneyOutcome.UNKNOWN)


def _tls_reason(error: BaseException) -> str | None:
    """Why no TLS connection came about, when the network was there; None when that was not it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        if isinstance(cause, ssl.SSLError):
            return cause.reason or "no TLS"
        cause = cause.__cause__ or cause.__context__
    return None


def _retry_after_s(header: str) -> int:
    """Seconds of a Retry-After header; a date, which needs a right clock, counts as none.

    Source: RFC 9110 section 10.2.3.
    """
    text = header.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        return 0
    return min(int(text), RETRY_AFTER_S_MAX)


def _date_s(header: str) -> int:
    """Seconds since the epoch of a Date header, 0 for none that can be read.

    Source: RFC 9110 section 6.6.1.
    """
    try:
        return max(0, int(parsedate_to_datetime(header).timestamp()))
    except (ValueError, OverflowError, TypeError):
        return 0


def _call_id(header: str) -> str:
    text = header.strip()
    return text if text.isascii() and text.isprintable() and len(text) <= CALL_ID_CHARS_MAX else ""
