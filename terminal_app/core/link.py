"""The way to the server, with a switch."""

import time
from collections.abc import Callable
from typing import Final

from wallet_sdk.client import ApiClient
from wallet_sdk.ports import Clock, HttpAnswer, HttpRequest, Random, Sender
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.transport import NetworkSwitch, SwitchableSender

MINUTE_S: Final = 60


class ServerLink:
    """One server at a time. The core's thread connects and switches; other threads only take the client."""

    def __init__(
        self,
        open_sender: Callable[[str], Sender],
        *,
        clock: Clock,
        random: Random,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`open_sender` makes a sender for a server's address and raises MisuseError for one that is none."""
        self._open_sender = open_sender
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._sender: SwitchableSender | None = None
        self._client: ApiClient | None = None
        self._position = NetworkSwitch.ON
        self._clock_off_s: int | None = None

    @property
    def clock_off_s(self) -> int | None:
        """How far this till's clock is ahead of the server's, in seconds, by its newest answer; None before the first.

        It is right to a second or so, and unsigned: for a word on the screen, never for a decision.
        """
        return self._clock_off_s

    @property
    def position(self) -> NetworkSwitch:
        """Where the switch stands."""
        return self._position

    @property
    def client(self) -> ApiClient:
        """The client of the connected server.

        Raises:
            MisuseError: NOT_ENROLLED before `connect`.
        """
        if self._client is None:
            raise MisuseError(ErrorCode.NOT_ENROLLED, "no server has been named yet")
        return self._client

    def connect(self, server_url: str) -> None:
        """Use this server from now on; nothing is sent yet.

        Raises:
            MisuseError: BAD_ARGUMENT for an address that is none; the link is as it was.
        """
        sender = SwitchableSender(_ComparingSender(self._open_sender(server_url), clock=self._clock, tell=self._note))
        sender.switch(self._position)
        self.close()
        self._sender, self._clock_off_s = sender, None
        self._client = ApiClient(sender, clock=self._clock, random=self._random, sleep=self._sleep)

    def switch(self, position: NetworkSwitch) -> None:
        """Let the terminal use its network, or keep every byte from leaving."""
        self._position = position
        if self._sender is not None:
            self._sender.switch(position)

    def close(self) -> None:
        """Give back connections; may be called twice."""
        if self._sender is not None:
            self._sender.close()

    def _note(self, clock_off_s: int) -> None:
        self._clock_off_s = clock_off_s


class _ComparingSender:
    """A sender that tells, for each answer with a date, how far our clock is ahead of the server's."""

    def __init__(self, inner: Sender, *, clock: Clock, tell: Callable[[int], None]) -> None:
        self._inner = inner
        self._clock = clock
        self._tell = tell

    def send(self, request: HttpRequest) -> HttpAnswer:
        asked_at_ms = self._clock.now_ms()
        answer = self._inner.send(request)
        if answer.date_s:
            half_way_ms = (asked_at_ms + self._clock.now_ms()) // 2  # the server looked at its clock between the two
            self._tell(half_way_ms // 1000 - answer.date_s)
        return answer

    def close(self) -> None:
        self._inner.close()


def told_off_s(clock_off_s: int | None) -> int:
    """What the screen says of a clock, in whole minutes as seconds; 0 for a good or an unknown one.

    Good is what a customer's code bears with, the shortest-lived of all. A second more or less is no news.
    """
    if clock_off_s is None or abs(clock_off_s) <= limits.CODE_SKEW_S_MAX:
        return 0
    return round(clock_off_s / MINUTE_S) * MINUTE_S


def switched_off() -> UnavailableError:
    """What a call comes to that was under way when the switch was turned off."""
    return UnavailableError(ErrorCode.SWITCHED_OFF, "the network is switched off here")
