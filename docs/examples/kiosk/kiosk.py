"""A kiosk that sells day passes, also when the network is down: a till without staff, on this SDK alone.

It enrols as a terminal, shows a request, reads what the customer's wallet shows, checks it with what it knows, writes
it down, and only then opens the gate. A queue carries the claims to the server when there is a network:

    python docs/examples/kiosk/kiosk.py enrol --server http://127.0.0.1:8080 --code TERMINAL-CODE
    python docs/examples/kiosk/kiosk.py sell 450
    python docs/examples/kiosk/kiosk.py flush

What it leaves out, and `terminal_app` has: a screen, a camera, roles, refunds, closing of requests, and a second copy
of its journal.
"""

import argparse
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wallet_sdk import (
    ApiClient,
    Clock,
    Currency,
    EncryptedFileKeyStore,
    HttpxSender,
    KeyStore,
    QrCode,
    Random,
    Sender,
    SystemClock,
    SystemRandom,
    TillcodeError,
    UnavailableError,
)
from wallet_sdk.protocol import api, limits, qr
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, RequestId, time_ordered_id
from wallet_sdk.protocol.messages import CaptureBatch, Claim, Enrolment, PaymentRequest
from wallet_sdk.protocol.rules import check_intent_answers, check_token_allows
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import TrustStore, verify_bundle, verify_intent, verify_request

DEVICE = "kiosk"
PASSPHRASE_FILE = "passphrase"  # noqa: S105 (the name of a file)
#: What the kiosk takes without asking anybody: more than this waits for the network.
OFFLINE_MINOR_MAX = 2_000
UNSETTLED_MINOR_MAX = 50_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS kiosk (server TEXT, bundle BLOB, root_key BLOB, certificate BLOB);
CREATE TABLE IF NOT EXISTS sale (
    request BLOB PRIMARY KEY, consent BLOB NOT NULL, token_id BLOB NOT NULL, counter INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL, state TEXT NOT NULL, UNIQUE (token_id, counter));
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A customer who may pass. ``check_words`` stand on the customer's screen too."""

    amount_minor: int
    token_id: bytes
    counter: int


class Kiosk:
    """One kiosk: its keys, its journal, its queue."""

    def __init__(
        self, folder: Path, keys: KeyStore, *, clock: Clock, random: Random, connect: Callable[[str], Sender]
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._random = random
        self._connect = connect
        folder.mkdir(parents=True, exist_ok=True)
        self._journal = sqlite3.connect(folder / "kiosk.sqlite", isolation_level=None)
        self._journal.execute("PRAGMA journal_mode = WAL")
        self._journal.execute("PRAGMA synchronous = FULL")  # what is accepted is on the disk
        self._journal.executescript(SCHEMA)

    def close(self) -> None:
        """Give the journal back."""
        self._journal.close()

    def enrol(self, *, server: str, activation_code: str) -> None:
        """Let the operator certify this kiosk, once."""
        if DEVICE not in self._keys.names():
            self._keys.create(DEVICE)
        signer = self._keys.signer(DEVICE)
        enrolment = Enrolment(activation_code=activation_code, public_key=signer.public_key, made_at_s=self._now_s())
        client = self._client(server)
        answer = client.post_message(api.PATH_ENROL_TERMINAL, seal(enrolment, signer).envelope, api.TerminalEnrolled)
        client.close()
        members = (answer.bundle, answer.root_key, answer.certificate)
        self._journal.execute("DELETE FROM kiosk")
        self._journal.execute(
            "INSERT INTO kiosk VALUES (?, ?, ?, ?)", (server, *(api.from_base64url(member) for member in members))
        )

    def ask(self, *, amount_minor: int) -> Sealed[PaymentRequest]:
        """A request for one customer, good for two minutes. Needs no network."""
        request = PaymentRequest(
            request_id=RequestId(time_ordered_id(self._clock.now_ms(), self._random.random_bytes(6))),
            amount_minor=amount_minor,
            currency=Currency.EUR,
            issued_at_s=self._now_s(),
            lifetime_s=limits.REQUEST_LIFETIME_S_MAX,
            reference="day pass",
        )
        certificate = Envelope(self._enrolled()[3])
        return seal(request, self._keys.signer(DEVICE), embedded=certificate)

    def accept(self, asked: Sealed[PaymentRequest], shown: str) -> Accepted:
        """Check what the wallet shows, with what the kiosk knows alone, and write it down. Then open the gate.

        Raises:
            MalformedMessageError: the code is no consent.
            RuleViolationError: it answers something else, is not covered, was shown before, or is too much.
        """
        trust = self._trust()
        verified = verify_intent(qr.from_text(shown), trust, at_s=self._now_s())
        ours = verify_request(asked.envelope, trust, at_s=self._now_s()).request
        intent, token = verified.intent.message, verified.token.message
        check_intent_answers(intent, token, request=ours.message, request_digest=ours.digest)
        check_token_allows(intent, token)
        waiting = self._waiting_minor()
        if intent.amount_minor > OFFLINE_MINOR_MAX or waiting + intent.amount_minor > UNSETTLED_MINOR_MAX:
            raise RuleViolationError(ErrorCode.OVER_TERMINAL_LIMIT, "more than this kiosk takes without the network")
        try:
            self._journal.execute(
                "INSERT INTO sale VALUES (?, ?, ?, ?, ?, 'WAITING')",
                (asked.envelope, verified.intent.envelope, token.token_id, intent.counter, intent.amount_minor),
            )
        except sqlite3.IntegrityError as error:
            raise RuleViolationError(ErrorCode.COUNTER_REUSED, "this code was used here before") from error
        return Accepted(amount_minor=intent.amount_minor, token_id=token.token_id, counter=intent.counter)

    def flush(self) -> dict[str, int]:
        """Claim what is waiting, and write down what became of it. How many sales ended in each state.

        Raises:
            UnavailableError: the server cannot be asked now; everything is still waiting.
        """
        waiting = self._journal.execute(
            "SELECT request, consent FROM sale WHERE state = 'WAITING' LIMIT ?", (limits.BATCH_CLAIMS_MAX,)
        ).fetchall()
        if not waiting:
            return {}
        claims = tuple(Claim(request=Envelope(request), consent=Envelope(consent)) for request, consent in waiting)
        batch = seal(CaptureBatch(made_at_s=self._now_s(), claims=claims), self._keys.signer(DEVICE))
        client = self._client(self._enrolled()[0])
        try:
            # The same claims may be sent any number of times: each is paid once.
            answer = client.post_message(api.PATH_CAPTURES, batch.envelope, api.CaptureAnswer)
        finally:
            client.close()
        ended: dict[str, int] = {}
        for (request, _), outcome in zip(waiting, answer.outcomes, strict=True):
            if State[outcome.state] is State.REQUESTED:
                continue
            self._journal.execute("UPDATE sale SET state = ? WHERE request = ?", (outcome.state, request))
            ended[outcome.state] = ended.get(outcome.state, 0) + 1
        return ended

    def _enrolled(self) -> tuple[str, bytes, bytes, bytes]:
        row: tuple[str, bytes, bytes, bytes] | None = self._journal.execute("SELECT * FROM kiosk").fetchone()
        if row is None:
            raise SystemExit("enrol this kiosk first")
        return row

    def _trust(self) -> TrustStore:
        _, bundle, root_key, _ = self._enrolled()
        return verify_bundle(bundle, root_key=type(self._keys.signer(DEVICE).public_key)(root_key))

    def _waiting_minor(self) -> int:
        found = self._journal.execute("SELECT COALESCE(SUM(amount_minor), 0) FROM sale WHERE state = 'WAITING'")
        minor: int = found.fetchone()[0]
        return minor

    def _client(self, server: str) -> ApiClient:
        return ApiClient(self._connect(server), clock=self._clock, random=self._random)

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000


def main() -> int:
    """The kiosk on a terminal: its code is drawn as text, the customer's is typed or pasted."""
    parser = argparse.ArgumentParser(description="A kiosk that takes offline payments.")
    parser.add_argument("--home", type=Path, default=Path("kiosk-home"))
    words = parser.add_subparsers(dest="word", required=True)
    enrol = words.add_parser("enrol")
    enrol.add_argument("--server", required=True)
    enrol.add_argument("--code", required=True)
    words.add_parser("sell").add_argument("amount_minor", type=int)
    words.add_parser("flush")
    chosen = parser.parse_args()
    keys = EncryptedFileKeyStore(chosen.home / "kiosk.keys", passphrase_of(chosen.home))
    kiosk = Kiosk(chosen.home, keys, clock=SystemClock(), random=SystemRandom(), connect=HttpxSender)
    try:
        if chosen.word == "enrol":
            kiosk.enrol(server=chosen.server, activation_code=chosen.code)
            print("enrolled")
        elif chosen.word == "sell":
            asked = kiosk.ask(amount_minor=chosen.amount_minor)
            print(QrCode(text=qr.to_text(asked.envelope)).terminal_text)
            accepted = kiosk.accept(asked, input("Code of the customer: ").strip())
            print(f"ACCEPTED {accepted.amount_minor / 100:.2f} EUR: the gate is open")
        else:
            print(kiosk.flush() or "nothing waits")
    except UnavailableError as error:
        print(f"not now: {error}", file=sys.stderr)
        return 3
    except TillcodeError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    finally:
        kiosk.close()
    return 0


def passphrase_of(home: Path) -> str:
    """A kiosk has nobody to type one: it lies in a file that only this program reads. A secure element is better."""
    path = home / PASSPHRASE_FILE
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(SystemRandom().random_bytes(24).hex())
    return path.read_text()


if __name__ == "__main__":
    sys.exit(main())
