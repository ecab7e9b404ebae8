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
import json
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
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes, RequestId, TokenId, time_ordered_id
from wallet_sdk.protocol.messages import (
    CaptureBatch,
    CertificateRequest,
    Claim,
    Enrolment,
    PaymentIntent,
    PaymentRequest,
    TerminalCertificate,
)
from wallet_sdk.protocol.rules import (
    OfflineFacts,
    OfflineLimits,
    check_intent_answers,
    check_terminal_allows,
    check_token_allows,
)
from wallet_sdk.protocol.trust import (
    TrustStore,
    verify_bundle,
    verify_certificate,
    verify_intent,
    verify_receipt,
    verify_request,
)

DEVICE = "kiosk"
PASSPHRASE_FILE = "passphrase"  # noqa: S105 (the name of a file)
#: A certificate lives a week: with less than this left a flush asks for the next one.
RENEW_BEFORE_S = 4 * 24 * 3600
SCHEMA = """
CREATE TABLE IF NOT EXISTS kiosk (server TEXT, bundle BLOB, root_key BLOB, certificate BLOB);
CREATE TABLE IF NOT EXISTS terms (offline_limits TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS asked (request BLOB PRIMARY KEY);
CREATE TABLE IF NOT EXISTS sale (
    request BLOB PRIMARY KEY, consent BLOB NOT NULL, token_id BLOB NOT NULL, counter INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL, state TEXT NOT NULL, UNIQUE (token_id, counter));
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A customer who may pass."""

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
        #: When each request of this process was shown, by the clock that nobody can set.
        self._shown_ms: dict[bytes, int] = {}
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
        self._keep(server, answer, root_key=api.from_base64url(answer.root_key))

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
        asked = seal(request, self._keys.signer(DEVICE), embedded=certificate)
        self._journal.execute("INSERT INTO asked VALUES (?)", (asked.envelope,))  # before anybody sees it
        self._shown_ms[asked.envelope] = self._clock.monotonic_ms()
        return asked

    def latest(self) -> Sealed[PaymentRequest] | None:
        """What was asked last, also by the process before this one: its customer may stand there with an answer."""
        row = self._journal.execute("SELECT request FROM asked ORDER BY rowid DESC LIMIT 1").fetchone()
        return None if row is None else open_unverified(row[0], PaymentRequest)

    def accept(self, asked: Sealed[PaymentRequest], shown: str) -> Accepted:
        """Check what the wallet shows, with what the kiosk knows alone, and write it down. Then open the gate.

        The same code for the same sale again is the same customer, and opens it again (R-76).

        Raises:
            MalformedMessageError: the code is no consent.
            RuleViolationError: it answers something else or comes too late, is not covered, was shown before, or is too
                much.
        """
        before = self._journal.execute("SELECT * FROM sale WHERE request = ?", (asked.envelope,)).fetchone()
        if before is not None:
            if before[1] != qr.from_text(shown):
                raise RuleViolationError(ErrorCode.REQUEST_NOT_OPEN, "this sale was answered by another code")
            return Accepted(amount_minor=before[4], token_id=before[2], counter=before[3])
        self._check_open(asked)
        trust = self._trust()
        verified = verify_intent(qr.from_text(shown), trust, at_s=self._now_s())
        ours = verify_request(asked.envelope, trust, at_s=self._now_s()).request
        intent, token = verified.intent.message, verified.token.message
        check_intent_answers(intent, token, request=ours.message, request_digest=ours.digest)
        check_token_allows(intent, token)
        check_terminal_allows(intent, limit=self._limits(), facts=self._facts(token.token_id))
        try:
            self._journal.execute(
                "INSERT INTO sale VALUES (?, ?, ?, ?, ?, 'WAITING')",
                (asked.envelope, verified.intent.envelope, token.token_id, intent.counter, intent.amount_minor),
            )
        except sqlite3.IntegrityError as error:
            raise RuleViolationError(ErrorCode.COUNTER_REUSED, "this code was used here before") from error
        return Accepted(amount_minor=intent.amount_minor, token_id=token.token_id, counter=intent.counter)

    def flush(self) -> dict[str, int]:
        """Claim what is waiting, and write down what the operator has signed of it. How many sales ended in each state.

        Also fetches the next certificate when the present one ends soon: call it once a day, whatever was sold.

        Raises:
            UnavailableError: the server cannot be asked now; everything is still waiting.
        """
        waiting = self._journal.execute(
            "SELECT request, consent FROM sale WHERE state = 'WAITING' LIMIT ?", (limits.BATCH_CLAIMS_MAX,)
        ).fetchall()
        if not waiting:
            self.renew()
            return {}
        claims = tuple(Claim(request=Envelope(request), consent=Envelope(consent)) for request, consent in waiting)
        batch = seal(CaptureBatch(made_at_s=self._now_s(), claims=claims), self._keys.signer(DEVICE))
        client = self._client(self._enrolled()[0])
        try:
            self._renew_if_due(client)
            # The same claims may be sent any number of times: each is paid once.
            answer = client.post_message(api.PATH_CAPTURES, batch.envelope, api.CaptureAnswer)
        finally:
            client.close()
        ended: dict[str, int] = {}
        for (request, consent), outcome in zip(waiting, answer.outcomes, strict=True):
            if not self._is_proven(outcome, open_unverified(consent, PaymentIntent).digest):
                continue  # nobody has signed it: claimed again
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
        return verify_bundle(bundle, root_key=PublicKeyBytes(root_key))

    def renew(self) -> None:
        """Ask for the next certificate when the present one ends soon.

        Raises:
            UnavailableError: the server cannot be asked now.
        """
        client = self._client(self._enrolled()[0])
        try:
            self._renew_if_due(client)
        finally:
            client.close()

    def _renew_if_due(self, client: ApiClient) -> None:
        server, _, root_key, certificate = self._enrolled()
        ends_s = open_unverified(certificate, TerminalCertificate).message.expires_at_s
        if ends_s - self._now_s() > RENEW_BEFORE_S:
            return
        asked = seal(CertificateRequest(made_at_s=self._now_s()), self._keys.signer(DEVICE))
        answer = client.post_message(api.PATH_CERTIFICATES, asked.envelope, api.TerminalEnrolled)
        self._keep(server, answer, root_key=root_key)

    def _keep(self, server: str, answer: api.TerminalEnrolled, *, root_key: bytes) -> None:
        """What the operator has certified, when it is signed under the root key that was shown at the enrolment."""
        bundle, certificate = api.from_base64url(answer.bundle), api.from_base64url(answer.certificate)
        trust = verify_bundle(bundle, root_key=PublicKeyBytes(root_key))
        verify_certificate(certificate, trust, at_s=self._now_s())
        self._journal.execute("BEGIN")
        self._journal.execute("DELETE FROM kiosk")
        self._journal.execute("INSERT INTO kiosk VALUES (?, ?, ?, ?)", (server, bundle, root_key, certificate))
        self._journal.execute("DELETE FROM terms")
        self._journal.execute("INSERT INTO terms VALUES (?)", (json.dumps(answer.offline_limits),))
        self._journal.execute("COMMIT")

    def _is_proven(self, outcome: api.PaymentAnswer, consent_digest: Digest) -> bool:
        try:
            receipt = verify_receipt(api.from_base64url(outcome.receipt), self._trust()).message
        except TillcodeError:
            return False
        return (receipt.consent_digest, receipt.state.name) == (consent_digest, outcome.state)

    def _check_open(self, asked: Sealed[PaymentRequest]) -> None:
        """By the clock that nobody can set (R-68); what was shown before a restart by the other one."""
        if self._journal.execute("SELECT 1 FROM asked WHERE request = ?", (asked.envelope,)).fetchone() is None:
            raise RuleViolationError(ErrorCode.REQUEST_NOT_OPEN, "this kiosk has not asked that")
        shown_ms = self._shown_ms.get(asked.envelope)
        age_s = self._now_s() - asked.message.issued_at_s
        if shown_ms is not None:
            age_s = (self._clock.monotonic_ms() - shown_ms) // 1000
        if not 0 <= age_s < asked.message.lifetime_s:
            raise RuleViolationError(ErrorCode.EXPIRED, "the request is too old", param="lifetime_s")

    def _limits(self) -> OfflineLimits:
        """What the operator lets this kiosk take without asking."""
        row = self._journal.execute("SELECT offline_limits FROM terms").fetchone()
        return OfflineLimits(**json.loads(row[0]))

    def _facts(self, token_id: TokenId) -> OfflineFacts:
        rows = self._journal.execute("SELECT request, consent, token_id, amount_minor, state FROM sale").fetchall()
        waiting = [row for row in rows if row[4] == "WAITING"]
        asked_s = [open_unverified(row[0], PaymentRequest).message.issued_at_s for row in waiting]
        return OfflineFacts(
            stored_minor=sum(row[3] for row in waiting),
            stored_count=len(waiting),
            stored_age_s=max(0, self._now_s() - min(asked_s)) if asked_s else 0,
            token_stored_minor=sum(row[3] for row in waiting if row[2] == token_id),
            token_intents=tuple(open_unverified(row[1], PaymentIntent).message for row in rows if row[2] == token_id),
        )

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
