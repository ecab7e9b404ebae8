"""One logic, two drivers."""

import asyncio
import threading

import pytest

from wallet_sdk import flow
from wallet_sdk.aio.driving import run_async
from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

ASKED = HttpRequest(method="GET", path="/")
ANSWER = HttpAnswer(http_status=200, body=b"yes", content_type="")


class Recorder:
    """Carries out commands for both drivers, and fails the first so many sends."""

    def __init__(self, *, failures: int = 0) -> None:
        self.failures = failures
        self.sent: list[tuple[str, HttpRequest]] = []
        self.paused_s: list[float] = []

    def send(self, server: str, request: HttpRequest) -> HttpAnswer:
        self.sent.append((server, request))
        if self.failures:
            self.failures -= 1
            raise UnavailableError(ErrorCode.NETWORK_TIMEOUT, "lost")
        return ANSWER

    def pause(self, seconds: float) -> None:
        self.paused_s.append(seconds)


class AsyncRecorder:
    """The same, for asyncio."""

    def __init__(self, inner: Recorder) -> None:
        self.inner = inner

    async def send(self, server: str, request: HttpRequest) -> HttpAnswer:
        return self.inner.send(server, request)

    async def pause(self, seconds: float) -> None:
        self.inner.pause(seconds)


async def patient() -> bytes:
    """Ask until there is an answer."""
    while True:
        try:
            return (await flow.Send(server="s", request=ASKED)).body
        except UnavailableError:
            await flow.Pause(seconds=0.5)


async def impatient() -> bytes:
    """Ask once."""
    return (await flow.Send(server="s", request=ASKED)).body


def drive(driven: str, steps: flow.Flow[bytes], recorder: Recorder) -> bytes:
    """Run a flow with one of the two drivers."""
    if driven == "thread":
        return flow.run(steps, recorder)
    return asyncio.run(run_async(steps, AsyncRecorder(recorder)))


@pytest.mark.parametrize("driven", ["thread", "loop"])
def test_an_error_of_the_network_is_raised_where_the_flow_waits(driven: str) -> None:
    """So a flow handles it in plain words; both drivers carry out the same commands."""
    recorder = Recorder(failures=2)
    assert drive(driven, patient(), recorder) == b"yes"
    assert recorder.paused_s == [0.5, 0.5]
    assert recorder.sent == [("s", ASKED)] * 3


@pytest.mark.parametrize("driven", ["thread", "loop"])
def test_what_a_flow_raises_comes_out(driven: str) -> None:
    """The error itself, not another."""
    with pytest.raises(UnavailableError) as failed:
        drive(driven, impatient(), Recorder(failures=1))
    assert failed.value.code is ErrorCode.NETWORK_TIMEOUT


def test_a_cancelled_flow_finishes_its_step_first() -> None:
    """A step writes to disk; it is never left in the middle, and nothing of it is left behind."""
    entered, leave = threading.Event(), threading.Event()
    ended: list[str] = []

    async def slow() -> None:
        entered.set()
        leave.wait(timeout=10)
        ended.append("step")
        await flow.Send(server="s", request=ASKED)
        ended.append("never")

    async def cancelled() -> None:
        task = asyncio.create_task(run_async(slow(), AsyncRecorder(Recorder())))
        await asyncio.to_thread(entered.wait, 10)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, leave.set)
        asyncio.get_running_loop().call_later(0.01, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ended == ["step"]


def test_a_flow_cancelled_on_the_network_ends_where_it_waits() -> None:
    """Its own clean-up runs; it is told nothing about the money, as in a crash."""
    ended: list[str] = []

    async def waiting() -> None:
        try:
            await flow.Send(server="s", request=ASKED)
        except UnavailableError:
            ended.append("told")
        finally:
            ended.append("cleaned")

    class Silent(AsyncRecorder):
        """Never answers."""

        async def send(self, server: str, request: HttpRequest) -> HttpAnswer:
            sending.set()
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

    sending = asyncio.Event()

    async def cancelled() -> None:
        task = asyncio.create_task(run_async(waiting(), Silent(Recorder())))
        await sending.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ended == ["cleaned"]
