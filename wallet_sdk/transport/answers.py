"""What both senders share: addresses checked, headers made and read, and every failure told honestly.

What left and was not answered may have moved money: such an error's outcome is ``unknown``. Only a connection
that never stood is ``not_charged``.
"""

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
#: Longest request id of a server that is believed.
REQUEST_ID_CHARS_MAX: Final = 64
REQUEST_ID_HEADER: Final = "x-request-id"

#: Raised before the request's first byte: no connection, no name, no free place in the pool.
_NOTHING_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
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
        REQUEST_ID_HEADER: request.request_id,
    }
    return {name: value for name, value in headers.items() if value}


def answer_of(response: httpx.Response, body: bytes) -> HttpAnswer:
    """The whole answer."""
    return HttpAnswer(
        http_status=response.status_code,
        body=body,
        content_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        retry_after_s=_retry_after_s(response.headers.get("retry-after", "")),
        request_id=_request_id(response.headers.get(REQUEST_ID_HEADER, "")),
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
    except _NOTHING_LEFT as error:
        raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "no connection to the server") from error
    except _LOST as error:
        raise unknown(ErrorCode.NETWORK_TIMEOUT, "the connection was lost before the whole answer came") from error
    except _BROKEN as error:
        raise unknown(ErrorCode.BAD_ANSWER, "the answer is not whole or not HTTP") from error


def unknown(code: ErrorCode, message: str) -> UnavailableError:
    """An error after which nobody can say what became of the money."""
    return UnavailableError(code, message, outcome=MoneyOutcome.UNKNOWN)


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


def _request_id(header: str) -> str:
    text = header.strip()
    return text if text.isascii() and text.isprintable() and len(text) <= REQUEST_ID_CHARS_MAX else ""
