"""A till without its window and with a full outbox, in front of a real server."""

import time
from dataclasses import dataclass
from pathlib import Path

from terminal_app.journal import Journal
from terminal_app.journal.events import ConsentAccepted, SaleOpened, Way
from terminal_app.outbox import Outbox
from terminal_app.sale import Credentials, Till, TillTime
from tests.bench.population import AMOUNT_MINOR, Claimed, Population
from tests.bench.served import Served, terminal_code
from tests.unit.server_stub.asking import Answer
from tests.unit.server_stub.harness import TestTerminal
from wallet_sdk.client import ApiClient
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.ports import HttpAnswer, HttpRequest, Sender
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.messages import AuthorizationMode, Receipt
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.system import SystemClock
from wallet_sdk.testing import SeededRandom
from wallet_sdk.transport import HttpxSender


class TimedSender:
    """Sends as the one inside does, and adds up how long the answers took."""

    def __init__(self, inner: Sender) -> None:
        self._inner = inner
        self.waited_s = 0.0

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send once; the clock runs until the whole answer is there."""
        start_s = time.perf_counter()
        try:
            return self._inner.send(request)
        finally:
            self.waited_s += time.perf_counter() - start_s

    def close(self) -> None:
        """Close the one inside."""
        self._inner.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A till with captures to flush, and its way to the server."""

    till: Till
    outbox: Outbox
    sender: TimedSender
    client: ApiClient


def filled_queue(folder: Path, server: Served, people: Population, *, seed: int, count: int) -> Queue:
    """A till that has joined the server's shop and accepted so many payments offline, all in its journal.

    They are written straight into the journal: accepting them one by one is another row's business.
    """
    clock, random = SystemClock(), SeededRandom(seed + 1)
    journal, keys = Journal(folder / "journal.sqlite"), MemoryKeyStore(random)
    till_time = TillTime(clock, journal)
    credentials = Credentials(journal, keys=keys, time=till_time, currency=Currency.EUR)
    till = Till(journal, credentials, time=till_time, random=random)
    sender = TimedSender(HttpxSender(server.url))
    client = ApiClient(sender, clock=clock, random=random)
    asked = credentials.begin_enrolment(terminal_code(server.folder)).envelope
    credentials.join(client.post_message(api.PATH_ENROL_TERMINAL, asked, api.TerminalEnrolled), server_url=server.url)
    (name,) = keys.names()
    terminal = TestTerminal(
        call=_no_network,
        clock=clock,
        random=random,
        signer=keys.signer(name),
        certificate=credentials.membership.certificate.envelope,
    )
    claims = people.payments(count, mode=AuthorizationMode.OFFLINE, terminals=[terminal])
    with journal.batch():
        for claimed in claims:
            _accept(journal, terminal, claimed)
    sender.waited_s = 0.0
    return Queue(till=till, outbox=Outbox(till, time=till_time, random=random), sender=sender, client=client)


def _accept(journal: Journal, terminal: TestTerminal, claimed: Claimed) -> None:
    request, intent = claimed
    request_id, at_s = request.message.request_id, request.message.issued_at_s
    receipt = Receipt(
        terminal_id=terminal.message.terminal_id,
        request_id=request_id,
        consent_digest=intent.digest,
        amount_minor=AMOUNT_MINOR,
        currency=Currency.EUR,
        state=State.AUTHORIZED,
        at_s=at_s,
    )
    journal.append(SaleOpened(request_id=request_id, request=request.envelope, way=Way.SHOW), at_s=at_s)
    accepted = ConsentAccepted(
        request_id=request_id, consent=intent.envelope, receipt=seal(receipt, terminal.signer).envelope
    )
    journal.append(accepted, at_s=at_s)


def _no_network(method: str, path: str, _body: bytes, _authorization: str) -> Answer:
    raise AssertionError(f"{method} {path}: only the till itself speaks to the server")
