"""A wallet process that kills itself at a chosen step of a payment: no clean-up, no flush, as a dead battery."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from wallet_sdk import (
    Clock,
    EncryptedFileKeyStore,
    HttpAnswer,
    HttpRequest,
    HttpxSender,
    Outcome,
    PayMode,
    SqliteWalletStore,
    SystemClock,
    Wallet,
)
from wallet_sdk.protocol import api
from wallet_sdk.protocol.ids import Digest, Envelope, TokenId
from wallet_sdk.store import NO_RECEIPT, ConsentRecord, Reservation
from wallet_sdk.testing import FrozenClock

PASSPHRASE = "correct horse"
#: In the sequence of a payment online; offline there is nothing to send.
STEPS = (
    "before reserve",
    "after reserve",
    "before store",
    "after store",
    "before send",
    "after send",
    "after answer",
    "before outcome",
    "after outcome",
)
OFFLINE_STEPS = STEPS[:4]


class Deadly:
    """Kills this process when the chosen step comes."""

    def __init__(self, step: str) -> None:
        self.step = step

    def at(self, step: str) -> None:
        """Die here, or go on."""
        if step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


class DeadlyStore(SqliteWalletStore):
    """Dies around its writes."""

    deadly: Deadly

    def reserve_counter(
        self, token_id: TokenId, *, spend_minor: int, check: Callable[[Reservation], None]
    ) -> Reservation:
        self.deadly.at("before reserve")
        reservation = super().reserve_counter(token_id, spend_minor=spend_minor, check=check)
        self.deadly.at("after reserve")
        return reservation

    def add_consent(self, record: ConsentRecord) -> None:
        self.deadly.at("before store")
        super().add_consent(record)
        self.deadly.at("after store")

    def record_outcome(
        self, digest: Digest, outcome: Outcome, *, error_code: int = 0, receipt: Envelope = NO_RECEIPT
    ) -> None:
        self.deadly.at("before outcome")
        super().record_outcome(digest, outcome, error_code=error_code, receipt=receipt)
        self.deadly.at("after outcome")


class DeadlySender:
    """Dies around the intent."""

    def __init__(self, url: str, deadly: Deadly) -> None:
        self.inner = HttpxSender(url)
        self.address = url.rpartition("/")[2].split(":")
        self.deadly = deadly

    def send(self, request: HttpRequest) -> HttpAnswer:
        if request.path != api.PATH_INTENTS:
            return self.inner.send(request)
        self.deadly.at("before send")
        if self.deadly.step == "after send":
            self.send_and_die(request)
        answer = self.inner.send(request)
        self.deadly.at("after answer")
        return answer

    def send_and_die(self, request: HttpRequest) -> None:
        """The request is on its way, and nobody will read what comes back."""
        head = f"POST {request.path} HTTP/1.1\r\nhost: test\r\ncontent-type: {request.content_type}\r\n"
        with socket.create_connection((self.address[0], int(self.address[1]))) as connection:
            connection.sendall(f"{head}content-length: {len(request.body)}\r\n\r\n".encode() + request.body)
            # The peer has taken it before anything comes back, however little that is.
            connection.recv(1)
            self.deadly.at("after send")

    def close(self) -> None:
        self.inner.close()


def main(folder: str, url: str, step: str, mode: str, time: str) -> None:
    """Pay the request on standard input, and die on the way."""
    clock: Clock = SystemClock() if time == "now" else FrozenClock()
    store = DeadlyStore(Path(folder) / "wallet.sqlite")
    store.deadly = Deadly(step)
    keys = EncryptedFileKeyStore(Path(folder) / "wallet.keys", PASSPHRASE)
    wallet = Wallet.open(store=store, keys=keys, sender=DeadlySender(url, store.deadly), clock=clock)
    wallet.scan(sys.stdin.read()).pay(PayMode(mode))


if __name__ == "__main__":
    main(*sys.argv[1:])
