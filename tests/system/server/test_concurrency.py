"""Sixty-four clients with colliding ids: each id has one effect, one answer, and the total never changes."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import httpx
import pytest

from server_stub.audit import audit
from server_stub.bootstrap import opened_store
from server_stub.store.tables.parties import ACCOUNTS
from tests.system.server.conftest import PATIENCE_S, ServerFolder
from tests.unit.server_stub.harness import ONLINE
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.system import SystemClock

CLIENTS = 64
REQUESTS = 60
PAYERS = 4


@dataclass(frozen=True, slots=True)
class Try:
    """One post and its whole answer, with the moments between which the server had it."""

    body: bytes
    request_id: str
    started_ms: int
    ended_ms: int
    state: str
    error_code: int
    receipt: str


@dataclass(slots=True)
class History:
    """What all clients have seen."""

    tries: list[Try] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    totals: set[int] = field(default_factory=set)
    reads: int = 0


@pytest.mark.parametrize("everywhere", ["sqlite", "postgres"], indirect=True)
def test_sixty_four_clients_collide(everywhere: ServerFolder, rng: Random) -> None:
    """The short form, on two workers."""
    check(collide(everywhere, rng, seconds=2.0))


@pytest.mark.soak
@pytest.mark.parametrize("everywhere", ["sqlite", "postgres"], indirect=True)
def test_sixty_four_clients_collide_for_half_a_minute(
    everywhere: ServerFolder, rng: Random, capsys: pytest.CaptureFixture[str]
) -> None:
    """The long form prints what it saw."""
    history = collide(everywhere, rng, seconds=30.0)
    check(history)
    with capsys.disabled():
        print(f"\n{everywhere.database or 'sqlite'}: {len(history.tries)} answers, {history.reads} totals read")


def collide(server: ServerFolder, rng: Random, *, seconds: float) -> History:
    """Every request is consented to by every payer; the clients send these consents in any sequence, over and over."""
    history = History()
    with server.serving(workers=2):
        terminal = server.terminal()
        wallets = [server.wallet() for _ in range(PAYERS)]
        bodies = []
        for request in [terminal.request(10) for _ in range(REQUESTS)]:
            for wallet in wallets:
                pair = api.IntentBody(
                    intent=api.to_base64url(wallet.intent(request, ONLINE).envelope),
                    request=api.to_base64url(request.envelope),
                )
                bodies.append((api.to_json(pair), api.to_base64url(request.message.request_id)))
        ended = threading.Event()
        seeds = [rng.getrandbits(32) for _ in range(CLIENTS)]
        clients = [threading.Thread(target=_send, args=(server, bodies, seed, ended, history)) for seed in seeds]
        reader = threading.Thread(target=_read, args=(server, ended, history))
        for thread in (*clients, reader):
            thread.start()
        ended.wait(seconds)
        ended.set()
        for thread in (*clients, reader):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
    assert not history.failures, history.failures[:3]
    with opened_store(server.folder) as store:
        report = audit(store)
    assert not report.findings, report.findings
    paid = {one.request_id for one in history.tries if one.state == "CAPTURED"}
    assert report.payments == len(paid), "each id has one effect"
    return history


def check(history: History) -> None:
    """One answer for each consent, one payer for each request, and nobody is told otherwise later."""
    answers = defaultdict(set)
    payers = defaultdict(set)
    for one in history.tries:
        answers[one.body].add((one.state, one.error_code, one.receipt))
        if one.error_code == 0:
            payers[one.request_id].add(one.body)
    assert all(len(seen) == 1 for seen in answers.values()), "the first answer is the answer for ever"
    assert all(len(bodies) == 1 for bodies in payers.values()), "a request is paid by one consent"
    first_ms = {
        request_id: min(one.ended_ms for one in history.tries if one.body in bodies and one.error_code == 0)
        for request_id, bodies in payers.items()
    }
    late = [one for one in history.tries if one.started_ms > first_ms.get(one.request_id, one.started_ms)]
    assert late, "some came after their request was paid"
    assert all(one.error_code in {0, ErrorCode.ALREADY_PAID} for one in late), "what is paid stays paid"
    assert history.totals == {0}
    assert history.reads > 0


def _send(
    server: ServerFolder, bodies: list[tuple[bytes, str]], seed: int, ended: threading.Event, history: History
) -> None:
    clock, chance = SystemClock(), _Chance(seed)
    try:
        with httpx.Client(base_url=server.address, timeout=PATIENCE_S, trust_env=False) as client:
            while not ended.is_set():
                body, request_id = bodies[chance.below(len(bodies))]
                started_ms = clock.monotonic_ms()
                answer = client.post(api.PATH_INTENTS, content=body)
                assert answer.status_code == 200, answer.text
                said = answer.json()
                one = Try(
                    body,
                    request_id,
                    started_ms,
                    clock.monotonic_ms(),
                    said["state"],
                    said["error_code"],
                    said["receipt"],
                )
                history.tries.append(one)
    except (httpx.HTTPError, AssertionError, KeyError) as error:
        history.failures.append(error)


def _read(server: ServerFolder, ended: threading.Event, history: History) -> None:
    """The sum of all balances, in one view after the other."""
    with opened_store(server.folder) as store:
        while not ended.is_set():
            with store.reading() as reader:
                history.totals.add(sum(account.balance_minor for account in reader.list_all(ACCOUNTS)))
            history.reads += 1


class _Chance:
    """A small generator of one thread's own. Source: Marsaglia, Xorshift RNGs (2003), section 4."""

    def __init__(self, seed: int) -> None:
        self._state = seed or 1

    def below(self, bound: int) -> int:
        """A number in 0 .. bound - 1."""
        self._state ^= self._state << 13 & 0xFFFFFFFF
        self._state ^= self._state >> 17
        self._state ^= self._state << 5 & 0xFFFFFFFF
        return self._state % bound
