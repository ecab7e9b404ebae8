"""How a wallet's flows reach the network from a loop: one sender for each server, or the integrator's own."""

import asyncio
from collections.abc import Awaitable, Callable

from wallet_sdk.ports import AsyncSender, HttpAnswer, HttpRequest


class LoopDriver:
    """Sends on the running event loop. Tasks, loops and threads may share it."""

    def __init__(self, sender: AsyncSender | None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._given = sender
        self._sleep = sleep
        self._opened: dict[str, AsyncSender] = {}

    async def send(self, server: str, request: HttpRequest) -> HttpAnswer:
        """Send once.

        Raises:
            UnavailableError: as ``AsyncSender.send``.
            MisuseError: BAD_ARGUMENT when the server's address is none.
        """
        return await (self._given or self._opened.get(server) or self._open(server)).send(request)

    async def pause(self, seconds: float) -> None:
        """Sleep."""
        await self._sleep(seconds)

    async def close(self) -> None:
        """Close the connections opened here, of this loop; a sender that was given stays its owner's."""
        for sender in self._opened.values():
            await sender.close()

    def _open(self, server: str) -> AsyncSender:
        from wallet_sdk.transport import AsyncHttpxSender

        return self._opened.setdefault(server, AsyncHttpxSender(server))
