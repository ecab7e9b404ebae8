"""Rows of the server: a real process over real HTTP, with an anatomy of one payment taken in this process beside it."""

import asyncio
import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.anatomy import anatomy_of_batch, anatomy_of_intent
from tests.bench.load import Load, http_request, post_all
from tests.bench.measure import Row, Run, verify_us
from tests.bench.population import Population, batch_bodies, intent_body, populate
from tests.bench.served import Served, served, wait_out
from wallet_sdk.protocol import api
from wallet_sdk.protocol.messages import AuthorizationMode

_STARTS: Final = 5
#: Processes of the server in the rows of throughput: one for each core.
WORKERS: Final = 2
ROUNDS: Final = 3
#: Claims in one batch and batches under way at once: enough to keep both cores busy.
_BATCH_CLAIMS: Final = 512
_BATCH_CONNECTIONS: Final = 4
_ONLINE_CONNECTIONS: Final = 64
_SPREAD_MERCHANTS: Final = 2_000
_CAPTURED: Final = b'"state":"CAPTURED"'
_IDLE_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One round of payments."""

    payments_per_s: float
    server_us: float
    verify_us: float


def server_start_and_idle(run: Run) -> list[Row]:
    """Process start to the first answer, and the memory it then holds; CPU while nothing happens stands beside."""
    populate(run.folder / "server", seed=run.seed, wallet_count=1)
    starts_s, listens_s, idle_mib, idle_share = [], [], [], []
    for _ in range(_STARTS):
        with served(run.folder / "server") as server:
            listens_s.append(server.start_s)
            starts_s.append(server.start_s + asyncio.run(_health_s(server.port)))
            before = server.used()
            idle_mib.append(before.resident_mib)
    with served(run.folder / "server") as server:
        before = server.used()
        wait_out(server.process, _IDLE_S)
        idle_share.append((server.used().cpu_s - before.cpu_s) / _IDLE_S)
    parts = {"listening_s": statistics.median(listens_s), "idle_cpu_share": idle_share[0]}
    return [
        Row(name="server_start_s", value=statistics.median(starts_s), bar="< 0.6", parts=parts),
        Row(name="server_idle_mib", value=statistics.median(idle_mib), bar="< 60"),
    ]


def batch_sqlite(run: Run) -> list[Row]:
    """Captures in batches: one wallet signature verified each, double entry durable. Value: the share of verifying."""
    folder, count = run.folder / "server", run.sized(8_192)
    people = populate(folder, seed=run.seed)
    copy = _copied(folder)
    with served(folder, workers=WORKERS) as server:
        warm_up(server, people)
        rounds = [batch_round(server, people, count) for _ in range(ROUNDS)]
    parts = {**parts_of(rounds, verifications=1), "workers": WORKERS}
    parts |= anatomy_of_batch(copy, people, claim_count=_BATCH_CLAIMS, seed=run.seed)
    parts["http_and_rest_us"] = parts["server_cpu_us"] - parts["anatomy_sum_us"]
    return [Row(name="batch_sqlite", value=share_of(rounds, verifications=1), bar=">= 0.5", parts=parts)]


def online_sqlite(run: Run) -> list[Row]:
    """Single payments on 64 connections, two verifications each; then the latency at half of that load."""
    folder, count = run.folder / "server", run.sized(4_096)
    people = populate(folder, seed=run.seed, merchant_count=50)
    copy = _copied(folder)
    with served(folder, workers=WORKERS) as server:
        for _ in range(WORKERS):
            warm_up(server, people)
        unloaded = _post_intents(server, people, count=min(300, count), connections=1)
        rounds = [online_round(server, people, count) for _ in range(ROUNDS)]
        rate_per_s = statistics.median(taken.payments_per_s for taken in rounds) / 2
        half = _post_intents(
            server, people, count=int(rate_per_s * 4), connections=_ONLINE_CONNECTIONS, rate_per_s=rate_per_s
        )
    parts = {**parts_of(rounds, verifications=2), "workers": WORKERS}
    parts |= anatomy_of_intent(copy, people, seed=run.seed)
    parts["http_and_rest_us"] = parts["server_cpu_us"] - parts["anatomy_sum_us"]
    latencies = {
        "unloaded_p50_ms": unloaded.latency_ms(0.5),
        "half_load_p50_ms": half.latency_ms(0.5),
        "half_load_p99_ms": half.latency_ms(0.99),
        "half_load_per_s": rate_per_s,
    }
    ratio = latencies["half_load_p99_ms"] / latencies["unloaded_p50_ms"]
    return [
        Row(name="online_sqlite", value=share_of(rounds, verifications=2), bar=">= 0.45", parts=parts),
        Row(name="online_p99", value=ratio, bar="<= 10", parts=latencies),
    ]


def hot_merchant(run: Run) -> list[Row]:
    """Online payments a second when one merchant takes them all, over the same spread on many merchants.

    Server CPU a payment stands beside. The merchants are fewer than the design's 10,000 and each is paid once before
    the clock starts, so that no certificate is verified for the first time: what is left is the ledger's hot row.
    """
    folder, count = run.folder / "server", run.sized(3_072)
    people = populate(folder, seed=run.seed, merchant_count=_SPREAD_MERCHANTS)
    hot, spread = people.terminals[:1], people.terminals
    hot_rounds, spread_rounds = [], []
    with served(folder) as server:
        _post_intents(server, people, count=_SPREAD_MERCHANTS, connections=_ONLINE_CONNECTIONS)
        for _ in range(ROUNDS):
            hot_rounds.append(online_round(server, Population(terminals=hot, wallets=people.wallets), count))
            spread_rounds.append(online_round(server, Population(terminals=spread, wallets=people.wallets), count))
    parts = {
        "hot_per_s": median_of(hot_rounds, lambda taken: taken.payments_per_s),
        "spread_per_s": median_of(spread_rounds, lambda taken: taken.payments_per_s),
        "hot_cpu_us": median_of(hot_rounds, lambda taken: taken.server_us),
        "spread_cpu_us": median_of(spread_rounds, lambda taken: taken.server_us),
        "merchants": _SPREAD_MERCHANTS,
    }
    return [Row(name="hot_merchant", value=parts["hot_per_s"] / parts["spread_per_s"], bar=">= 0.9", parts=parts)]


def batch_round(server: Served, people: Population, count: int) -> Taken:
    """So many offline payments to one till, captured in batches."""
    terminal = people.terminals[0]
    claims = people.payments(count, mode=AuthorizationMode.OFFLINE, terminals=[terminal])
    requests = [
        http_request(api.PATH_CAPTURES, body, content_type=api.COSE)
        for body in batch_bodies(claims, terminal, claim_count=_BATCH_CLAIMS)
    ]
    return _timed(server, count, lambda: post_all(server.port, requests, connections=_BATCH_CONNECTIONS))


def online_round(server: Served, people: Population, count: int) -> Taken:
    """So many single payments."""
    requests = _intent_requests(people, count)
    return _timed(server, count, lambda: post_all(server.port, requests, connections=_ONLINE_CONNECTIONS))


def _timed(server: Served, count: int, load: Callable[[], Load]) -> Taken:
    """The yardstick is taken right before and right after, on the same cores."""
    before_us, before = verify_us(), server.used()
    done = load()
    after = server.used()
    paid = sum(answer.count(_CAPTURED) for answer in done.answers)
    assert paid == count, f"{count - paid} payments of {count} were not captured: {done.answers[0][:300]!r}"
    return Taken(
        payments_per_s=count / done.wall_s,
        server_us=(after.cpu_s - before.cpu_s) / count * 1e6,
        verify_us=(before_us + verify_us()) / 2,
    )


def _post_intents(
    server: Served, people: Population, *, count: int, connections: int, rate_per_s: float | None = None
) -> Load:
    requests = _intent_requests(people, count)
    return post_all(server.port, requests, connections=connections, rate_per_s=rate_per_s)


def _intent_requests(people: Population, count: int) -> list[bytes]:
    claims = people.payments(count, mode=AuthorizationMode.ONLINE)
    return [http_request(api.PATH_INTENTS, intent_body(claim), content_type=api.JSON) for claim in claims]


def warm_up(server: Served, people: Population) -> None:
    """Every wallet and till is seen once: certificates and tokens are verified once in their lives, not a payment."""
    count = max(len(people.wallets), len(people.terminals))
    _post_intents(server, people, count=count, connections=_ONLINE_CONNECTIONS)


async def _health_s(port: int) -> float:
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {api.PATH_HEALTH} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    return loop.time() - start_s


def _copied(folder: Path) -> Path:
    copy = folder.with_name("anatomy")
    shutil.copytree(folder, copy)
    return copy


def share_of(rounds: Sequence[Taken], *, verifications: int) -> float:
    """CPU that the verifications alone cost, over the CPU that the server spends."""
    return median_of(rounds, lambda taken: verifications * taken.verify_us / taken.server_us)


def parts_of(rounds: Sequence[Taken], *, verifications: int) -> dict[str, float]:
    """What the share is made of."""
    return {
        "payments_per_s": median_of(rounds, lambda taken: taken.payments_per_s),
        "server_cpu_us": median_of(rounds, lambda taken: taken.server_us),
        "crypto_verify_us": median_of(rounds, lambda taken: taken.verify_us),
        "verifications": verifications,
    }


def median_of(rounds: Sequence[Taken], figure: Callable[[Taken], float]) -> float:
    """One figure's median over the rounds."""
    return statistics.median(map(figure, rounds))
