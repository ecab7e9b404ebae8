"""More calls at once than a sender has connections: an error of its own, and nothing is sent."""

import asyncio
import socket
import threading
from collections.abc import Callable

import pytest

from tests.unit.wallet_sdk.test_transport import peer
from wallet_sdk.ports import HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError
from wallet_sdk.transport import AsyncHttpxSender, HttpxSender

SendPair = Callable[[str, threading.Event, threading.Event], UnavailableError]
LONG = HttpRequest(method="GET", path="/", timeout_s=10.0)
SHORT = HttpRequest(method="GET", path="/", timeout_s=0.3)


def pair_by_thread(url: str, taken: threading.Event, done: threading.Event) -> UnavailableError:
    """Two calls over one connection, from two threads; what the second one raises."""
    sender = HttpxSender(url, connections_max=1)

    def hold() -> None:
        with pytest.raises(UnavailableError):
            sender.send(LONG)

    holding = threading.Thread(target=hold, daemon=True)
    holding.start()
    taken.wait(timeout=10)
    with pytest.raises(UnavailableError) as failed:
        sender.send(SHORT)
    done.set()
    holding.join(timeout=10)
    sender.close()
    return failed.value


def pair_by_asyncio(url: str, taken: threading.Event, done: threading.Event) -> UnavailableError:
    """The same, from two tasks."""

    async def exchange() -> UnavailableError:
        sender = AsyncHttpxSender(url, connections_max=1)
        holding = asyncio.create_task(sender.send(LONG))
        await asyncio.to_thread(taken.wait, 10)
        with pytest.raises(UnavailableError) as failed:
            await sender.send(SHORT)
        done.set()
        with pytest.raises(UnavailableError):
            await holding
        await sender.close()
        return failed.value

    return asyncio.run(exchange())


@pytest.fixture(params=[pair_by_thread, pair_by_asyncio])
def send_pair(request: pytest.FixtureRequest) -> SendPair:
    """Each of the two."""
    chosen: SendPair = request.param
    return chosen


def test_a_full_pool_is_not_a_network_that_is_down(send_pair: SendPair) -> None:
    """The one connection waits for an answer; the second call finds no free one in its time, and says that."""
    taken, done = threading.Event(), threading.Event()

    def hold(_connection: socket.socket) -> None:
        taken.set()
        done.wait(timeout=10)

    with peer(hold) as url:
        error = send_pair(url, taken, done)
    assert (error.code, error.outcome) == (ErrorCode.NO_FREE_CONNECTION, MoneyOutcome.NOT_CHARGED)
    assert error.safe_to_retry


@pytest.mark.parametrize("wrong", [0, 501, 1.5, True, "9"])
def test_a_number_of_connections_that_is_none_is_refused(wrong: int) -> None:
    """Both senders say which argument it was."""
    for sender in (HttpxSender, AsyncHttpxSender):
        with pytest.raises(MisuseError) as misuse:
            sender("http://127.0.0.1:9", connections_max=wrong)
        assert misuse.value.param == "connections_max"
