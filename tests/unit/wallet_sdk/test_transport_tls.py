"""The HTTP adapters over real TLS: the certificate is checked, everything is encrypted, the time limit holds."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, UnavailableError
from wallet_sdk.system import SystemClock
from wallet_sdk.transport import AsyncHttpxSender, HttpxSender

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
Send = Callable[[str, HttpRequest, ssl.SSLContext | None], HttpAnswer]


def by_thread(url: str, request: HttpRequest, tls: ssl.SSLContext | None) -> HttpAnswer:
    """Send with the sender for threads."""
    sender = HttpxSender(url, tls=tls)
    try:
        return sender.send(request)
    finally:
        sender.close()


def by_asyncio(url: str, request: HttpRequest, tls: ssl.SSLContext | None) -> HttpAnswer:
    """Send with the sender for asyncio."""

    async def exchange() -> HttpAnswer:
        sender = AsyncHttpxSender(url, tls=tls)
        try:
            return await sender.send(request)
        finally:
            await sender.close()

    return asyncio.run(exchange())


@pytest.fixture(params=[by_thread, by_asyncio])
def send(request: pytest.FixtureRequest) -> Send:
    """Each of the two."""
    chosen: Send = request.param
    return chosen


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.fromtimestamp(SystemClock().now_ms() // 1000, tz=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


class Server:
    """Takes one connection over TLS, reads a whole request, and answers; ``seen`` is what came over the wire."""

    def __init__(self, certificate: Path, *, drip: threading.Event | None = None) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.drip = drip
        self.body = b""
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        raw, _ = self.listener.accept()
        try:
            with self.context.wrap_socket(raw, server_side=True) as connection:
                self._answer(connection)
        except OSError:
            raw.close()

    def _answer(self, connection: ssl.SSLSocket) -> None:
        head, _, self.body = self._until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        while len(self.body) < length:
            self.body += connection.recv(65_536)
        if self.drip is None:
            connection.sendall(ANSWER)
            return
        for number in range(len(ANSWER) - 1):
            connection.sendall(ANSWER[number : number + 1])
            self.drip.wait(0.05)

    @staticmethod
    def _until(connection: ssl.SSLSocket, mark: bytes) -> bytes:
        read = b""
        while mark not in read:
            read += connection.recv(65_536)
        return read

    def close(self) -> None:
        """Wait for the one connection to end."""
        self.thread.join(timeout=10)
        self.listener.close()


def test_a_large_request_goes_out_whole_and_an_answer_comes_back(send: Send, certificate: Path) -> None:
    """Under a certificate that is trusted because it was given."""
    server = Server(certificate)
    body = bytes(range(256)) * 4_096
    request = HttpRequest(method="POST", path="/v1/captures", body=body, timeout_s=10)
    answer = send(server.url, request, ssl.create_default_context(cafile=certificate))
    server.close()
    assert (answer.http_status, answer.body) == (200, b"{}")
    assert server.body == body


def test_a_certificate_that_nobody_vouches_for_is_refused_before_a_byte_leaves(send: Send, certificate: Path) -> None:
    """Public authorities do not know it."""
    server = Server(certificate)
    with pytest.raises(UnavailableError) as refused:
        send(server.url, HttpRequest(method="POST", path="/", body=b"secret", timeout_s=5), None)
    server.close()
    assert (refused.value.code, refused.value.outcome) == (ErrorCode.TLS_FAILED, MoneyOutcome.NOT_CHARGED)
    assert server.body == b""


def test_drops_over_tls_do_not_outlive_the_limit_either(send: Send, certificate: Path) -> None:
    """The limit lies below the encryption."""
    done = threading.Event()
    server = Server(certificate, drip=done)
    tls = ssl.create_default_context(cafile=certificate)
    with pytest.raises(UnavailableError) as late:
        send(server.url, HttpRequest(method="GET", path="/", timeout_s=0.8), tls)
    done.set()
    server.close()
    assert (late.value.code, late.value.outcome) == (ErrorCode.NETWORK_TIMEOUT, MoneyOutcome.UNKNOWN)
