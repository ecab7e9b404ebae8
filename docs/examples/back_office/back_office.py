"""A back office that receives webhooks: verified, written down once, answered at once.

    python docs/examples/back_office/back_office.py --secret whsec_... --port 9000

It stands on the standard library and this SDK. It keeps a small book: what was captured, each day. Which event is
missing, it knows from the numbers.
"""

import argparse
import sqlite3
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import assert_never

from wallet_sdk import Clock, SystemClock, TillcodeError
from wallet_sdk.webhooks import (
    BODY_BYTES_MAX,
    Event,
    FraudCaseOpened,
    MerchantBlocked,
    MerchantUnblocked,
    OtherEvent,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentClosed,
    PaymentDeclined,
    PaymentExpired,
    PaymentRejected,
    PaymentVoided,
    RefundSettled,
    TerminalReplaced,
    TerminalReplacing,
    verify_webhook,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (event_id TEXT PRIMARY KEY, number INTEGER, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS takings (day TEXT, currency TEXT, minor INTEGER NOT NULL, PRIMARY KEY (day, currency));
"""


class Book:
    """What happened, each event once."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._database.close()

    def note(self, event: Event) -> None:
        """Write an event down, with its effect, in one database transaction. A second delivery changes nothing."""
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            added = self._database.execute(
                "INSERT OR IGNORE INTO event VALUES (?, ?, ?)", (event.event_id, event.number, note_of(event))
            )
            if added.rowcount and isinstance(event, PaymentCaptured | RefundSettled):
                sign = 1 if isinstance(event, PaymentCaptured) else -1
                day = datetime.fromtimestamp(event.at_s, tz=UTC).date().isoformat()
                self._database.execute(
                    "INSERT INTO takings VALUES (?, ?, ?)"
                    " ON CONFLICT (day, currency) DO UPDATE SET minor = minor + excluded.minor",
                    (day, event.amount.currency.name, sign * event.amount.minor),
                )

    def takings(self) -> dict[tuple[str, str], int]:
        """Captured less given back, in minor units, by day and currency."""
        with self._lock:
            rows = self._database.execute("SELECT day, currency, minor FROM takings ORDER BY day").fetchall()
        return {(day, currency): minor for day, currency, minor in rows}

    def missing(self) -> list[int]:
        """Numbers of events that have not come: ask the server for them (GET /v1/events?after=NUMBER)."""
        with self._lock:
            rows = self._database.execute("SELECT number FROM event WHERE number IS NOT NULL").fetchall()
        have = {number for (number,) in rows}
        return sorted(set(range(1, max(have, default=0) + 1)) - have)

    def notes(self) -> list[str]:
        """Everything, in the sequence of the numbers."""
        with self._lock:
            return [note for (note,) in self._database.execute("SELECT note FROM event ORDER BY number")]


ABOUT_SHOP = {
    MerchantBlocked: "BLOCKED by the operator: call them",
    MerchantUnblocked: "no longer blocked",
    TerminalReplacing: "a terminal is about to go to another device: was that us?",
    TerminalReplaced: "a terminal has another device",
}


def note_of(event: Event) -> str:
    """One line for people. The type checker sees that no kind is forgotten."""
    match event:
        case PaymentCaptured():
            return f"captured {event.amount}"
        case PaymentAuthorized():
            return f"held {event.amount}"
        case PaymentDeclined() | PaymentRejected():
            return f"{event.state.lower()} {event.amount}: {reason_of(event)}"
        case RefundSettled():
            return f"gave back {event.amount}"
        case PaymentClosed() | PaymentVoided() | PaymentExpired():
            return f"ended unpaid: {event.state.lower()}"
        case FraudCaseOpened():
            return f"double spend proven: {event.reason}"
        case MerchantBlocked() | MerchantUnblocked() | TerminalReplacing() | TerminalReplaced() | OtherEvent():
            return event.kind if isinstance(event, OtherEvent) else ABOUT_SHOP[type(event)]
        case _:
            assert_never(event)


def reason_of(event: PaymentDeclined | PaymentRejected) -> str:
    """Why it was refused."""
    return event.error_code.name if event.error_code else "for a reason newer than this program"


class Receiver(ThreadingHTTPServer):
    """Listens for deliveries."""

    def __init__(self, port: int, book: Book, *, secrets: list[str], clock: Clock) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.book = book
        self.secrets = secrets
        self.clock = clock


class Handler(BaseHTTPRequestHandler):
    """One delivery."""

    def do_POST(self) -> None:
        receiver = self.server
        assert isinstance(receiver, Receiver)
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        try:
            event = verify_webhook(dict(self.headers.items()), body, secrets=receiver.secrets, clock=receiver.clock)
        except TillcodeError as error:
            self.log_message("refused: %s", error)
            self._answer(400)
            return
        # Written down before it is answered: what gets 2xx is never sent again.
        receiver.book.note(event)
        self._answer(204)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (the library's name)
        """Say nothing of what went well."""

    def _answer(self, number: int) -> None:
        self.send_response(number)
        self.send_header("content-length", "0")
        self.end_headers()


def main() -> None:
    """Receive until stopped."""
    parser = argparse.ArgumentParser(description="A back office that receives webhooks.")
    parser.add_argument("--secret", action="append", required=True, help="twice while it is being changed")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--book", type=Path, default=Path("book.sqlite"))
    chosen = parser.parse_args()
    book = Book(chosen.book)
    with Receiver(chosen.port, book, secrets=chosen.secret, clock=SystemClock()) as receiver:
        print(f"receiving on http://127.0.0.1:{receiver.server_address[1]}", flush=True)
        try:
            receiver.serve_forever()
        except KeyboardInterrupt:
            print(book.takings())
    book.close()


if __name__ == "__main__":
    main()
