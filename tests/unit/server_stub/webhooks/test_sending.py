"""One try against real sockets: slow, broken, redirecting, gone; and TLS to a checked number by its name."""

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from server_stub.webhooks.guard import Reach
from server_stub.webhooks.schedule import Try, TryOutcome
from server_stub.webhooks.sending import HttpPoster
from wallet_sdk.testing import FROZEN_NOW_S, FrozenClock

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BODY = b'{"number":1}'


def answering(head: bytes) -> Talk:
    """A receiver that reads a whole request and answers with these bytes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(BODY)
        writer.write(head)
        await writer.drain()

    return talk


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A receiver that never answers."""
    await reader.read()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A receiver whose headers never end, though something comes all the time."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    closed = asyncio.ensure_future(reader.readuntil(b"never"))
    while not closed.done():
        writer.write(b"x: y\r\n")
        await asyncio.wait([closed], timeout=0.01)
    assert isinstance(closed.exception(), asyncio.IncompleteReadError | ConnectionError)


async def hanging_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A receiver that closes without a word."""


@contextlib.asynccontextmanager
async def receiver(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """The port of a receiver on this machine; at the end all its connections are closed."""
    begun: set[asyncio.Task[None]] = set()

    async def talked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        begun.add(task)
        with (
            contextlib.closing(writer),
            contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError),
        ):
            await talk(reader, writer)

    server = await asyncio.start_server(talked, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
        if begun:
            await asyncio.wait(begun, timeout=5)


def tried(talk: Talk, *, url: str = "http://localhost:{port}/hook", reach: Reach = Reach.LOOPBACK_TOO) -> Try:
    """One try at a receiver on this machine."""

    async def run() -> Try:
        async with receiver(talk) as port:
            poster = HttpPoster(
                clock=FrozenClock(), reach=reach, resolver=lambda _host, _port: ["127.0.0.1"], try_s_max=0.3
            )
            return await poster.post(url.format(port=port), headers={"webhook-id": "msg_1"}, body=BODY)

    return asyncio.run(run())


@pytest.mark.parametrize("http_status", [200, 204, 301, 307, 400, 404, 410, 429, 500, 503])
def test_the_number_of_the_answer_is_what_counts(http_status: int) -> None:
    """Whatever it says; the body is not waited for."""
    head = b"HTTP/1.1 %d Something\r\ncontent-length: 999\r\n\r\n" % http_status
    assert tried(answering(head)) == Try(outcome=TryOutcome.ANSWERED, at_s=FROZEN_NOW_S, http_status=http_status)


def test_when_a_receiver_wants_to_be_asked_again_is_read() -> None:
    """A 503 with Retry-After: 120 was tried again after 4 s."""
    head = b"HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n"
    assert tried(answering(head)).retry_after_s == 120


def test_a_redirect_is_not_followed() -> None:
    """Not even to the same receiver: it is asked once."""
    asked = []

    async def redirecting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        await answering(b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")(reader, writer)

    assert tried(redirecting).http_status == 302
    assert asked == [b"POST /hook HTTP/1.1\r\n"]


@pytest.mark.parametrize("talk", [silent, dripping])
def test_a_slow_receiver_is_given_up(talk: Talk) -> None:
    """A time for everything, not for each byte."""
    assert tried(talk).outcome is TryOutcome.TIMED_OUT


def test_a_receiver_that_hangs_up_or_talks_nonsense_is_unreachable() -> None:
    """No exception ever leaves a try."""
    assert tried(hanging_up).outcome is TryOutcome.UNREACHABLE
    assert tried(answering(b"SSH-2.0-OpenSSH\r\n\r\n")).outcome is TryOutcome.UNREACHABLE
    assert tried(silent, url="http://localhost:1/").outcome is TryOutcome.UNREACHABLE


def test_a_private_address_is_refused_before_a_connection() -> None:
    """The receiver never hears of it."""
    heard = []

    async def listening(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        heard.append(1)

    assert tried(listening, url="https://localhost:{port}/", reach=Reach.PUBLIC).outcome is TryOutcome.REFUSED_ADDRESS
    assert heard == []


def test_the_certificate_must_be_the_names_though_the_connection_goes_to_a_number(tmp_path: Path) -> None:
    """SNI and verification are by name: another name with the same address is not believed."""
    served, trusted = made_certificate(tmp_path, name="shop.example")

    async def run(host: str) -> Try:
        async with receiver(answering(b"HTTP/1.1 204 No Content\r\n\r\n"), served) as port:
            poster = HttpPoster(
                clock=FrozenClock(),
                reach=Reach.LOOPBACK_TOO,
                resolver=lambda _host, _port: ["127.0.0.1"],
                tls=trusted,
                try_s_max=2,
            )
            return await poster.post(f"https://{host}:{port}/", headers={}, body=BODY)

    assert asyncio.run(run("shop.example")).http_status == 204
    assert asyncio.run(run("other.example")).outcome is TryOutcome.UNREACHABLE


def made_certificate(folder: Path, *, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for a name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(pem)
    trusted = ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode())
    return served, trusted
