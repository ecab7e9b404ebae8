"""The HTTP adapter against real sockets that misbehave."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from wallet_sdk.ports import HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError
from wallet_sdk.transport import ANSWER_BYTES_MAX, HttpxSender, NetworkSwitch, SwitchableSender

READ = HttpRequest(method="GET", path="/healthz", timeout_s=5.0)


@contextmanager
def peer(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that takes one connection, reads one request head, and does as it is told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(timeout=10)
        listener.close()


def failure_of(sender: HttpxSender, request: HttpRequest = READ) -> UnavailableError:
    """What a send raises."""
    with pytest.raises(UnavailableError) as failed:
        sender.send(request)
    sender.close()
    return failed.value


def test_a_whole_answer_comes_back() -> None:
    """Number, body, media type without its parameters, and Retry-After."""
    head = b"HTTP/1.1 503 Busy\r\ncontent-type: Application/JSON; charset=utf-8\r\nretry-after: 7\r\n"
    with peer(lambda it: it.sendall(head + b"content-length: 2\r\n\r\n{}")) as url:
        sender = HttpxSender(url)
        answer = sender.send(READ)
        sender.close()
    assert (answer.http_status, answer.body, answer.content_type, answer.retry_after_s) == (
        503,
        b"{}",
        "application/json",
        7,
    )


def test_a_refused_connection_charges_nothing() -> None:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure_of(HttpxSender(f"http://127.0.0.1:{port}"))
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_UNREACHABLE, MoneyOutcome.NOT_CHARGED)


def test_a_name_that_nobody_has_charges_nothing() -> None:
    """Source: RFC 2606 (.invalid is nobody's)."""
    error = failure_of(HttpxSender("http://nobody.invalid"))
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_UNREACHABLE, MoneyOutcome.NOT_CHARGED)


def test_a_server_that_does_not_speak_tls_charges_nothing() -> None:
    """No byte of the request leaves before the handshake is done."""
    with peer(lambda it: it.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")) as url:
        error = failure_of(HttpxSender(url.replace("http://", "https://")))
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_UNREACHABLE, MoneyOutcome.NOT_CHARGED)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"this is no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["nothing", "cut", "not http", "bad chunk"],
)
def test_what_breaks_after_sending_is_unknown(answer: bytes) -> None:
    """The request may have been carried out."""
    with peer(lambda it: it.sendall(answer)) as url:
        error = failure_of(HttpxSender(url))
    assert error.code in {ErrorCode.NETWORK_TIMEOUT, ErrorCode.BAD_ANSWER}
    assert error.outcome is MoneyOutcome.UNKNOWN


def test_silence_is_a_timeout_and_unknown() -> None:
    """The peer reads and never answers."""
    done = threading.Event()
    with peer(lambda _: _wait(done)) as url:
        error = failure_of(HttpxSender(url), HttpRequest(method="GET", path="/", timeout_s=0.1))
        done.set()
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_TIMEOUT, MoneyOutcome.UNKNOWN)


def test_an_endless_answer_is_cut_off() -> None:
    """A hostile server cannot fill the memory."""

    def flood(connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (4 * ANSWER_BYTES_MAX))
        except OSError:
            return

    with peer(flood) as url:
        error = failure_of(HttpxSender(url))
    assert (error.code, error.outcome) == (ErrorCode.BAD_ANSWER, MoneyOutcome.UNKNOWN)


@pytest.mark.parametrize(
    "address", ["", "pay.example", "ftp://pay.example", "https://", "https://me:secret@pay.example"]
)
def test_an_address_is_checked_when_it_is_given(address: str) -> None:
    """And no password is kept in one."""
    with pytest.raises(MisuseError) as misuse:
        HttpxSender(address)
    assert misuse.value.code is ErrorCode.BAD_ARGUMENT


def test_a_closed_sender_sends_nothing() -> None:
    """Closing twice is fine, sending is refused before a byte leaves."""
    sender = HttpxSender("http://127.0.0.1:9")
    sender.close()
    error = failure_of(sender)
    assert (error.code, error.outcome) == (ErrorCode.SWITCHED_OFF, MoneyOutcome.NOT_CHARGED)


def test_the_switch_stops_every_send_before_a_byte_leaves() -> None:
    """Off, on again, and the inner sender only hears of the second."""
    with peer(lambda it: it.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as url:
        sender = SwitchableSender(HttpxSender(url))
        sender.switch(NetworkSwitch.OFF)
        with pytest.raises(UnavailableError) as failed:
            sender.send(READ)
        assert (failed.value.code, failed.value.outcome) == (ErrorCode.SWITCHED_OFF, MoneyOutcome.NOT_CHARGED)
        sender.switch(NetworkSwitch.ON)
        assert sender.send(READ).http_status == 200
        sender.close()


def _wait(done: threading.Event) -> None:
    done.wait(timeout=10)
