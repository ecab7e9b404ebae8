"""Drives flows on an event loop: network and time are awaited there, and every step between them is taken in a
worker thread, so that neither disk nor cryptography holds the loop up.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from wallet_sdk.flow import Command, Done, Send, Steps
from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol.errors import TillcodeError

T = TypeVar("T")


class AsyncDriver(Protocol):
    """Carries out commands on an event loop."""

    async def send(self, server: str, request: HttpRequest) -> HttpAnswer:
        """Send once, as ``AsyncSender.send``."""
        ...

    async def pause(self, seconds: float) -> None:
        """Sleep."""
        ...


async def run_async(flow: Coroutine[Any, Any, T], driver: AsyncDriver) -> T:
    """Drive a flow to its end on the running loop.

    Cancelled while it waits for the network, the flow ends there, as a process that dies ends there: what it had
    stored stays stored. A step that has begun is finished first.
    """
    steps = Steps(flow)
    try:
        while not isinstance(stop := await in_thread(steps.next), Done):
            try:
                steps.answer(await _carry_out_async(stop, driver))
            except TillcodeError as error:
                steps.fail(error)
        return stop.value
    finally:
        flow.close()


async def _carry_out_async(command: Command, driver: AsyncDriver) -> HttpAnswer | None:
    if isinstance(command, Send):
        return await driver.send(command.server, command.request)
    await driver.pause(command.seconds)
    return None


async def in_thread(step: Callable[[], T]) -> T:
    """Run in a worker thread, and do not leave before it has ended, not even when cancelled."""
    work = asyncio.get_running_loop().run_in_executor(None, step)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        if not work.cancelled():
            work.exception()
        raise
