"""The HTTP adapters, for threads and for asyncio, against real sockets that misbehave."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError
from wallet_sdk.transport import (
    ANSWER_BYTES_MAX,
    AsyncHttpxSender,
    AsyncSwitchableSender,
    HttpxSender,
    NetworkSwitch,
    SwitchableSender,
)

READ = HttpRequest(method="GET", path="/healthz", timeout_s=5.0)
#: Enough for a second and more of drops; a sender with a limit is gone long before.
DROPS_MAX = 400
DROP_EVERY_S = 0.01

Send = Callable[[str, HttpRequest], HttpAnswer]


def by_thread(url: str, request: HttpRequest) -> HttpAnswer:
    """Send with the sender for threads."""
    sender = HttpxSender(url)
    try:
        return sender.send(request)
    finally:
        sender.close()


def by_asyncio(url: str, request: HttpRequest) -> HttpAnswer:
    """Send with the sender for asyncio."""

    async def exchange() -> HttpAnswer:
        sender = AsyncHttpxSender(url)
        try:
            return await sender.send(request)
        finally:
            await sender.close()

    return asyncio.run(exchange())


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """The first send imports what it needs; that must not eat the half second of a test on a busy machine."""
    for send in (by_thread, by_asyncio):
        with pytest.raises(UnavailableError):
            send("http://127.0.0.1:9", READ)


@pytest.fixture(params=[by_thread, by_asyncio])
def send(request: pytest.FixtureRequest) -> Send:
    """Each of the two."""
    chosen: Send = request.param
    return chosen


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


def failure_of(send: Send, url: str, request: HttpRequest = READ) -> UnavailableError:
    """What a send raises."""
    with pytest.raises(UnavailableError) as failed:
        send(url, request)
    return failed.value


class Dripping:
    """A peer that sends one byte at a time, until it has sent all or is left alone."""

    def __init__(self, head: bytes, drop: bytes) -> None:
        self.head = head
        self.drop = drop
        self.drops = 0
        self.clock = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.sendall(self.head)
            while self.drops < DROPS_MAX:
                connection.sendall(self.drop)
                self.drops += 1
                self.clock.wait(DROP_EVERY_S)
            connection.sendall(b"\r\n\r\n")
        except OSError:
            return


def test_a_whole_answer_comes_back(send: Send) -> None:
    """Number, body, media type without its parameters, Retry-After, and the server's name for the request."""
    head = (
        b"HTTP/1.1 503 Busy\r\ncontent-type: Application/JSON; charset=utf-8\r\nretry-after: 7\r\nx-request-id: r-1\r\n"
    )
    with peer(lambda it: it.sendall(head + b"content-length: 2\r\n\r\n{}")) as url:
        answer = send(url, READ)
    assert answer == HttpAnswer(
        http_status=503, body=b"{}", content_type="application/json", retry_after_s=7, call_id="r-1"
    )


@pytest.mark.parametrize(
    ("header", "date_s"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Sun, 06 Nov 1994 99:49:37 GMT", 0),
        ("yesterday", 0),
        ("Thu, 01 Jan 1960 00:00:00 GMT", 0),
    ],
)
def test_the_servers_date_is_read_or_left_out(send: Send, header: str, date_s: int) -> None:
    """A till that compares its clock with it must not end by it."""
    head = f"HTTP/1.1 200 OK\r\ndate: {header}\r\ncontent-length: 0\r\n\r\n".encode()
    with peer(lambda it: it.sendall(head)) as url:
        assert send(url, READ).date_s == date_s


@pytest.mark.parametrize("name", ["", "x" * 65, "two\twords"])
def test_a_request_id_that_is_none_is_left_out(send: Send, name: str) -> None:
    """It goes into logs and onto screens."""
    head = f"HTTP/1.1 200 OK\r\nx-request-id: {name}\r\ncontent-length: 0\r\n\r\n".encode()
    with peer(lambda it: it.sendall(head)) as url:
        assert send(url, READ).call_id == ""


def test_the_request_carries_its_name_and_what_it_needs(send: Send) -> None:
    """And nothing that is empty."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        answering = threading.Thread(target=_hear, args=(listener, heard), daemon=True)
        answering.start()
        send(url, HttpRequest(method="POST", path="/v1/tokens", body=b"x", authorization="TC1 y", call_id="abc"))
        answering.join(timeout=10)
    head = heard[0].lower()
    assert b"post /v1/tokens http/1.1" in head
    assert b"x-request-id: abc\r\n" in head
    assert b"authorization: tc1 y\r\n" in head
    assert b"content-type" not in head


def test_what_is_shown_of_a_request_has_no_secret() -> None:
    """A log line of it gives nothing away: neither who asks, nor what."""
    request = HttpRequest(method="POST", path="/v1/intents", body=b"signed-bytes", authorization="TC1 secret-word")
    shown = repr(request) + repr(HttpAnswer(http_status=201, body=b"secret-key", content_type="application/json"))
    assert "/v1/intents" in shown
    assert not [secret for secret in ("signed-bytes", "secret-word", "secret-key") if secret in shown]


def test_a_refused_connection_charges_nothing(send: Send) -> None:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure_of(send, f"http://127.0.0.1:{port}")
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_UNREACHABLE, MoneyOutcome.NOT_CHARGED)


def test_a_name_that_nobody_has_charges_nothing(send: Send) -> None:
    """Source: RFC 2606 (.invalid is nobody's)."""
    error = failure_of(send, "http://nobody.invalid")
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_UNREACHABLE, MoneyOutcome.NOT_CHARGED)


def test_a_server_that_does_not_speak_tls_charges_nothing(send: Send) -> None:
    """No byte of the request leaves before the handshake is done."""
    with peer(lambda it: it.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")) as url:
        error = failure_of(send, url.replace("http://", "https://"))
    assert (error.code, error.outcome, error.safe_to_retry) == (ErrorCode.TLS_FAILED, MoneyOutcome.NOT_CHARGED, False)


def test_a_handshake_that_does_not_come_charges_nothing(send: Send) -> None:
    """The peer takes the connection and says nothing."""
    done = threading.Event()
    with peer(lambda _: _wait(done)) as url:
        quick = HttpRequest(method="GET", path="/", timeout_s=0.2)
        error = failure_of(send, url.replace("http://", "https://"), quick)
        done.set()
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
def test_what_breaks_after_sending_is_unknown(send: Send, answer: bytes) -> None:
    """The request may have been carried out."""
    with peer(lambda it: it.sendall(answer)) as url:
        error = failure_of(send, url)
    assert error.code in {ErrorCode.NETWORK_TIMEOUT, ErrorCode.BAD_ANSWER}
    assert error.outcome is MoneyOutcome.UNKNOWN


def test_silence_is_a_timeout_and_unknown(send: Send) -> None:
    """The peer reads and never answers."""
    done = threading.Event()
    with peer(lambda _: _wait(done)) as url:
        error = failure_of(send, url, HttpRequest(method="GET", path="/", timeout_s=0.5))
        done.set()
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_TIMEOUT, MoneyOutcome.UNKNOWN)


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"", b"H"), (b"HTTP/1.1 200 OK\r\nx-slow: ", b"y"), (b"HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n", b"z")],
    ids=["first line", "headers", "body"],
)
def test_drops_do_not_outlive_the_limit(send: Send, head: bytes, drop: bytes) -> None:
    """Each byte comes in time, the whole does not: nobody is held at the counter by that."""
    dripping = Dripping(head, drop)
    with peer(dripping) as url:
        error = failure_of(send, url, HttpRequest(method="GET", path="/", timeout_s=0.5))
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_TIMEOUT, MoneyOutcome.UNKNOWN)
    assert dripping.drops < DROPS_MAX


def test_a_peer_that_reads_in_sips_does_not_outlive_the_limit(send: Send) -> None:
    """A long batch goes out no slower than the call allows."""
    done = threading.Event()

    def sip(connection: socket.socket) -> None:
        for _ in range(DROPS_MAX):
            if not connection.recv(1) or done.wait(DROP_EVERY_S):
                return

    with peer(sip) as url:
        large = HttpRequest(method="POST", path="/", body=b"x" * 16_000_000, timeout_s=0.6)
        error = failure_of(send, url, large)
        done.set()
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_TIMEOUT, MoneyOutcome.UNKNOWN)


def test_an_endless_answer_is_cut_off(send: Send) -> None:
    """A hostile server cannot fill the memory."""

    def flood(connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (4 * ANSWER_BYTES_MAX))
        except OSError:
            return

    with peer(flood) as url:
        error = failure_of(send, url)
    assert (error.code, error.outcome) == (ErrorCode.BAD_ANSWER, MoneyOutcome.UNKNOWN)


@pytest.mark.parametrize(
    "address", ["", "pay.example", "ftp://pay.example", "https://", "https://me:secret@pay.example", "http://["]
)
@pytest.mark.parametrize("sender", [HttpxSender, AsyncHttpxSender])
def test_an_address_is_checked_when_it_is_given(
    sender: type[HttpxSender] | type[AsyncHttpxSender], address: str
) -> None:
    """And no password is kept in one."""
    with pytest.raises(MisuseError) as misuse:
        sender(address)
    assert misuse.value.code is ErrorCode.BAD_ARGUMENT


def test_a_closed_sender_sends_nothing() -> None:
    """Closing twice is fine, sending is refused before a byte leaves."""
    sender = HttpxSender("http://127.0.0.1:9")
    sender.close()
    sender.close()
    with pytest.raises(UnavailableError) as failed:
        sender.send(READ)
    assert (failed.value.code, failed.value.outcome) == (ErrorCode.SWITCHED_OFF, MoneyOutcome.NOT_CHARGED)


def test_a_sender_closed_on_a_loop_sends_nothing_there() -> None:
    """As for threads."""

    async def closed() -> UnavailableError:
        sender = AsyncHttpxSender("http://127.0.0.1:9")
        await sender.close()
        await sender.close()
        with pytest.raises(UnavailableError) as failed:
            await sender.send(READ)
        return failed.value

    error = asyncio.run(closed())
    assert (error.code, error.outcome) == (ErrorCode.SWITCHED_OFF, MoneyOutcome.NOT_CHARGED)


def test_a_proxy_is_asked_with_its_name_and_password() -> None:
    """It gets the whole address; the server's own headers do not hold the password."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = f"http://clerk:secret@127.0.0.1:{listener.getsockname()[1]}"
        answering = threading.Thread(target=_hear, args=(listener, heard), daemon=True)
        answering.start()
        sender = HttpxSender("http://pay.test", proxy=proxy)
        assert sender.send(READ).http_status == 200
        sender.close()
        answering.join(timeout=10)
    assert b"GET http://pay.test/healthz HTTP/1.1\r\n" in heard[0]
    assert b"Proxy-Authorization: Basic Y2xlcms6c2VjcmV0\r\n" in heard[0]


@pytest.mark.parametrize("proxy", ["", "nonsense", "ftp://127.0.0.1", "https://127.0.0.1", "socks5://127.0.0.1"])
@pytest.mark.parametrize("sender", [HttpxSender, AsyncHttpxSender])
def test_a_proxy_that_is_none_is_refused_when_it_is_given(
    sender: type[HttpxSender] | type[AsyncHttpxSender], proxy: str
) -> None:
    """Not when the first payment is sent."""
    with pytest.raises(MisuseError) as misuse:
        sender("http://pay.test", proxy=proxy)
    assert (misuse.value.code, misuse.value.param) == (ErrorCode.BAD_ARGUMENT, "proxy")


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


def test_the_switch_for_asyncio_does_the_same() -> None:
    """Off, and on again."""

    async def exchange(url: str) -> int:
        sender = AsyncSwitchableSender(AsyncHttpxSender(url))
        sender.switch(NetworkSwitch.OFF)
        with pytest.raises(UnavailableError) as failed:
            await sender.send(READ)
        assert failed.value.code is ErrorCode.SWITCHED_OFF
        sender.switch(NetworkSwitch.ON)
        answer = await sender.send(READ)
        await sender.close()
        return answer.http_status

    with peer(lambda it: it.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")) as url:
        assert asyncio.run(exchange(url)) == 200


def _wait(done: threading.Event) -> None:
    done.wait(timeout=10)


def _hear(listener: socket.socket, heard: list[bytes]) -> None:
    connection, _ = listener.accept()
    with connection:
        heard.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
