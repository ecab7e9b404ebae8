"""One logic, two drivers: what a wallet does is written once, and run by a thread or by asyncio.

A flow is a coroutine that never waits by itself. Where it needs the network or time it awaits a command, and its
driver carries that out:

    answer = await Send(server=..., request=...)      the driver sends it, and resumes the flow with the answer,
    await Pause(seconds=...)                           or throws the sender's error in at this very line

``run`` drives it in the calling thread; ``wallet_sdk.aio.driving`` drives it on an event loop.
"""

from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol.errors import TillcodeError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send a request once to a server."""

    server: str
    request: HttpRequest

    def __await__(self) -> Generator["Command", HttpAnswer | None, HttpAnswer]:
        answer = yield self
        assert answer is not None, "a driver answers a Send"
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Let time pass."""

    seconds: float

    def __await__(self) -> Generator["Command", HttpAnswer | None, None]:
        yield self


Command = Send | Pause
Flow = Coroutine[Command, HttpAnswer | None, T]


class Driver(Protocol):
    """Carries out commands in the calling thread."""

    def send(self, server: str, request: HttpRequest) -> HttpAnswer:
        """Send once, as ``Sender.send``."""
        ...

    def pause(self, seconds: float) -> None:
        """Sleep."""
        ...


def run(flow: Coroutine[Any, Any, T], driver: Driver) -> T:
    """Drive a flow to its end. Returns and raises what the flow does."""
    steps = Steps(flow)
    try:
        while not isinstance(stop := steps.next(), Done):
            try:
                steps.answer(_carry_out(stop, driver))
            except TillcodeError as error:
                steps.fail(error)
        return stop.value
    finally:
        flow.close()


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """A flow's end, as a value: a StopIteration cannot cross from a worker thread."""

    value: T


class Steps(Generic[T]):
    """A flow, taken from one command to the next."""

    def __init__(self, flow: Coroutine[Any, Any, T]) -> None:
        self.flow = flow
        self._answer: HttpAnswer | None = None
        self._error: TillcodeError | None = None

    def answer(self, answer: HttpAnswer | None) -> None:
        """What the next step resumes with."""
        self._answer, self._error = answer, None

    def fail(self, error: TillcodeError) -> None:
        """What the next step finds raised where it waited."""
        self._answer, self._error = None, error

    def next(self) -> Done[T] | Command:
        """Run to the next command, or to the end."""
        try:
            command: Command = self.flow.throw(self._error) if self._error else self.flow.send(self._answer)
        except StopIteration as done:
            return Done(done.value)
        return command


def _carry_out(command: Command, driver: Driver) -> HttpAnswer | None:
    if isinstance(command, Send):
        return driver.send(command.server, command.request)
    driver.pause(command.seconds)
    return None
