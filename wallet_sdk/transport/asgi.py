"""An ASGI application of this process as a server: no socket, the same bytes, errors as honest as over a network."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import httpx

from wallet_sdk.ports import HttpAnswer, HttpRequest, Sender
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.transport.answers import answer_of, check_length, headers_of, unknown

_Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]
]
_ENDS_WITHIN_S: Final = 10


class AsgiSender:
    """Implements ``Sender``: the application runs on an event loop of its own, in a thread that ``close`` ends."""

    def __init__(self, app: AsgiApp) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=("127.0.0.1", 1)), base_url="http://sandbox.test"
        )
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send once.

        Raises:
            UnavailableError: NETWORK_TIMEOUT (outcome unknown) when the application cuts the connection or is late;
                SWITCHED_OFF after ``close``.
        """
        if self._loop.is_closed():
            raise UnavailableError(ErrorCode.SWITCHED_OFF, "the sender is closed")
        return asyncio.run_coroutine_threadsafe(self._exchange(request), self._loop).result()

    def close(self) -> None:
        """End the thread; may be called twice."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result(_ENDS_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ENDS_WITHIN_S)
        self._loop.close()

    async def _exchange(self, request: HttpRequest) -> HttpAnswer:
        try:
            async with asyncio.timeout(request.timeout_s):
                response = await self._client.request(
                    request.method, request.path, content=request.body or None, headers=headers_of(request)
                )
        except TimeoutError as error:
            raise unknown(ErrorCode.NETWORK_TIMEOUT, "the answer was not whole in time") from error
        except (ConnectionError, httpx.HTTPError) as error:
            raise unknown(ErrorCode.NETWORK_TIMEOUT, "the connection was cut") from error
        check_length(response.content)
        return answer_of(response, response.content)


class AsyncAsgiSender:
    """Implements ``AsyncSender`` over a sender for threads, such as an ``AsgiSender``."""

    def __init__(self, inner: Sender) -> None:
        self._inner = inner

    async def send(self, request: HttpRequest) -> HttpAnswer:
        """As ``Sender.send``."""
        return await asyncio.to_thread(self._inner.send, request)

    async def close(self) -> None:
        """Nothing of its own to give back."""
