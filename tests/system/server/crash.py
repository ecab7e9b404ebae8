"""Clients that pay without end and keep a journal of their own of what was acknowledged, while servers are killed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import httpx

from server_stub.audit import audit
from server_stub.bootstrap import opened_store
from server_stub.store.tables.payments import PAYMENTS
from tests.system.server.conftest import PATIENCE_S, ServerFolder
from tests.unit.server_stub.harness import OFFLINE, ONLINE, SealedConsent, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.messages import PaymentRequest

Claim = tuple[Sealed[PaymentRequest], SealedConsent]

CENT = 1
BATCH = 5


@dataclass(slots=True)
class Payer:
    """One till and one wallet. Request ids by what became of them, kept outside the server.

    ``refused`` came again so late that it had expired: it must never have been paid.
    """

    terminal: TestTerminal
    wallet: TestWallet
    acknowledged: set[bytes] = field(default_factory=set)
    asked: dict[bytes, Claim] = field(default_factory=dict)
    refused: set[bytes] = field(default_factory=set)

    def pay_until_cut(self, address: str, on_acknowledged: Callable[[], None]) -> None:
        """Online payments and batches in turn over one connection, until the connection breaks."""
        with httpx.Client(base_url=address, timeout=PATIENCE_S, trust_env=False) as client:
            turn = 0
            try:
                self._ask_again(client)
                while True:
                    claims = self._ask(BATCH if turn % 3 == 2 else 1, online=turn % 3 != 2)
                    self._send(client, claims)
                    on_acknowledged()
                    turn += 1
            except httpx.TransportError:
                return

    def ask_again(self, address: str) -> None:
        """Everything that was sent and not answered is asked again, and now it is answered."""
        with httpx.Client(base_url=address, timeout=PATIENCE_S, trust_env=False) as client:
            self._ask_again(client)

    def _ask_again(self, client: httpx.Client) -> None:
        answered = self.acknowledged | self.refused
        for claim in [claim for number, claim in self.asked.items() if number not in answered]:
            self._send(client, [claim])

    def _ask(self, count: int, *, online: bool) -> list[Claim]:
        claims: list[Claim] = []
        for _ in range(count):
            request = self.terminal.request(CENT)
            claims.append((request, self.wallet.intent(request, ONLINE if online else OFFLINE)))
            self.asked[request.message.request_id] = claims[-1]
        return claims

    def _send(self, client: httpx.Client, claims: list[Claim]) -> None:
        (request, intent), *more = claims
        if more or intent.message.mode is OFFLINE:  # type: ignore[union-attr]
            answer = client.post(api.PATH_CAPTURES, content=self.terminal.batch(*claims))
            states = [outcome["state"] for outcome in answer.json()["outcomes"]]
        else:
            body = api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(request.envelope))
            said = client.post(api.PATH_INTENTS, content=api.to_json(body)).json()
            if said.get("title") == "EXPIRED":
                self.refused.add(request.message.request_id)
                return
            states = [said["state"]]
        assert set(states) == {"CAPTURED"}, states
        self.acknowledged |= {asked.message.request_id for asked, _ in claims}


def pay_and_kill(server: ServerFolder, payers: list[Payer], *, rng: Random, workers: int = 1) -> None:
    """Let everybody pay, and kill the server with SIGKILL at a random moment soon after a random payment."""
    with server.serving(workers=workers) as process:
        left = rng.randrange(1, 12 * len(payers))
        lock = threading.Lock()

        def count_down() -> None:
            nonlocal left
            with lock:
                left -= 1
                if left == 0:
                    killer.start()

        killer = threading.Timer(rng.uniform(0.0, 0.01), process.kill)
        threads = [threading.Thread(target=payer.pay_until_cut, args=(server.address, count_down)) for payer in payers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a killed server leaves nobody waiting"
        killer.join()


def check_nothing_lost_or_doubled(server: ServerFolder, payers: list[Payer]) -> int:
    """The audit is clean, and every acknowledged payment is there once; returns how many payments there are."""
    with opened_store(server.folder) as store:
        findings = audit(store).findings
        assert not findings, findings
        with store.reading() as reader:
            paid = [payment.request_id for payment in reader.list_all(PAYMENTS)]
    assert len(paid) == len(set(paid)), "doubled"
    acknowledged = set().union(*(payer.acknowledged for payer in payers))
    asked = set().union(*(payer.asked for payer in payers))
    assert acknowledged <= set(paid), f"{len(acknowledged - set(paid))} acknowledged payments are lost"
    refused = set().union(*(payer.refused for payer in payers))
    assert not refused & set(paid), "what was refused as expired was paid all the same"
    assert set(paid) <= asked
    return len(paid)
