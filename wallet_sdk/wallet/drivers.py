"""How a wallet's flows reach the network from a thread: one sender for each server, or the integrator's own."""

import time
from collections.abc import Callable

from wallet_sdk.ports import Clock, HttpAnswer, HttpRequest, Sender


class ThreadDriver:
    """Sends from the calling thread. Threads may share it."""

    def __init__(self, sender: Sender | None, clock: Clock, sleep: Callable[[float], None] = time.sleep) -> None:
        self._given = sender
        self._clock = clock
        self._sleep = sleep
        self._opened: dict[str, Sender] = {}

    def send(self, server: str, request: HttpRequest) -> HttpAnswer:
        """Send once.

        Raises:
            UnavailableError: as ``Sender.send``.
            MisuseError: BAD_ARGUMENT when the server's address is none.
        """
        return (self._given or self._opened.get(server) or self._open(server)).send(request)

    def pause(self, seconds: float) -> None:
        """Sleep."""
        self._sleep(seconds)

    def close(self) -> None:
        """Close the connections opened here; a sender that was given stays its owner's."""
        for sender in self._opened.values():
            sender.close()

    def _open(self, server: str) -> Sender:
        # Late: httpx takes half of the time that importing all of this takes.
        from wallet_sdk.transport import HttpxSender

        opened = HttpxSender(server, clock=self._clock)
        # No lock, which a fork might catch held: of two threads that come here together one closes its own.
        kept = self._opened.setdefault(server, opened)
        if kept is not opened:
            opened.close()
        return kept
