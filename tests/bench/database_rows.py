"""Rows of the databases: the same payments on PostgreSQL, with pgbench beside, and on a ledger that has grown."""

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from server_stub.config import LEDGER_FILE
from server_stub.demo.database import DATABASE, LocalPostgres, local_postgres
from server_stub.store.numbers import BLOCK
from tests.bench.measure import Row, Run
from tests.bench.population import populate
from tests.bench.served import served
from tests.bench.server_rows import (
    ROUNDS,
    WORKERS,
    Taken,
    batch_round,
    median_of,
    online_round,
    parts_of,
    share_of,
    warm_up,
)

_PGBENCH_CLIENTS: Final = 32
_PGBENCH_S: Final = 8
#: What has happened before, at full scale. The design asks for 1,000,000 wallets and 10,000,000 payments, which is
#: twelve gigabytes and an hour of writing: a tenth of it is what fits into a run.
_PAST_WALLETS: Final = 100_000
_PAST_PAYMENTS: Final = 1_000_000
_SERVER: Final = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}


def postgres(run: Run) -> list[Row]:
    """Batches and single payments on a PostgreSQL of our own, and TPC-B on the same server in the same run."""
    with local_postgres(**_SERVER) as database:
        tps = _pgbench_tps(database)
        folder = run.folder / "server"
        people = populate(folder, seed=run.seed, database=database.address())
        with served(folder, workers=WORKERS, beside=[database.process_id]) as server:
            warm_up(server, people)
            batches = [batch_round(server, people, run.sized(8_192)) for _ in range(ROUNDS)]
            singles = [online_round(server, people, run.sized(4_096)) for _ in range(ROUNDS)]
    batch_parts = {**parts_of(batches, verifications=1), "workers": WORKERS}
    ratio_parts = {"payments_per_s": batch_parts["payments_per_s"], "pgbench_tps": tps, "clients": _PGBENCH_CLIENTS}
    return [
        Row(name="batch_postgres", value=share_of(batches, verifications=1), bar=">= 0.4", parts=batch_parts),
        Row(
            name="batch_postgres_vs_pgbench",
            value=batch_parts["payments_per_s"] / tps,
            bar=">= 3",
            parts=ratio_parts,
        ),
        Row(
            name="online_postgres",
            value=share_of(singles, verifications=2),
            bar=">= 0.45",
            parts={**parts_of(singles, verifications=2), "workers": WORKERS},
        ),
    ]


def growth(run: Run) -> list[Row]:
    """Batches a second on a SQLite ledger with many past payments, over the same on a new one. CPU stands beside."""
    past_payments = int(_PAST_PAYMENTS * run.scale)
    past_wallets = int(_PAST_WALLETS * run.scale)
    new = _rounds(run, run.folder / "new", past_wallets=0, past_payments=0)
    grown = _rounds(run, run.folder / "grown", past_wallets=past_wallets, past_payments=past_payments)
    parts = {
        "new_per_s": median_of(new, lambda taken: taken.payments_per_s),
        "grown_per_s": median_of(grown, lambda taken: taken.payments_per_s),
        "new_cpu_us": median_of(new, lambda taken: taken.server_us),
        "grown_cpu_us": median_of(grown, lambda taken: taken.server_us),
        "past_payments": past_payments,
        "past_wallets": past_wallets,
        "ledger_mib": (run.folder / "grown" / LEDGER_FILE).stat().st_size / 2**20,
    }
    return [Row(name="growth", value=parts["grown_per_s"] / parts["new_per_s"], bar=">= 0.7", parts=parts)]


def _rounds(run: Run, folder: Path, *, past_wallets: int, past_payments: int) -> Sequence[Taken]:
    people = populate(folder, seed=run.seed)
    if past_payments:
        _add_past(folder / LEDGER_FILE, wallets=past_wallets, payments=past_payments)
    with served(folder) as server:
        warm_up(server, people)
        return [batch_round(server, people, run.sized(4_096)) for _ in range(ROUNDS)]


def _add_past(ledger: Path, *, wallets: int, payments: int) -> None:
    """Rows as payments leave them, of the same sizes, in the same tables and indexes; numbers far above ours."""
    connection = sqlite3.connect(ledger, isolation_level=None)
    start = 10**12
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -400000")
    connection.execute("BEGIN")
    series = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
    for kind in (2, 3):
        account = f"{start * kind} + i, {kind}, 'past' || i, 978, 0, 0"
        columns = "id, kind, holder, currency, balance, floor"
        connection.execute(f"{series.format(wallets)} INSERT INTO accounts ({columns}) SELECT {account} FROM n")  # noqa: S608 - numbers of ours
    token, request = f"CAST(printf('%012d', i % {wallets}) AS BLOB)", "CAST(printf('%012d', i) AS BLOB)"
    number = f"{start} + i"
    for table, values in (
        (
            (
                "consents (number, digest, wallet_id, token_id, counter, terminal_id, request_id, state, error_code,"
                " at_s, request, envelope)"
            ),
            (
                f"{number}, randomblob(32), 1, {token}, i / {wallets} + 1, 1, {request}, 3, 0, 1,"
                " randomblob(300), randomblob(290)"
            ),
        ),
        (
            (
                "payments (number, terminal_id, request_id, request_digest, consent_digest, wallet_id, amount_minor,"
                " currency, state, at_s, liability)"
            ),
            f"{number}, 1, {request}, randomblob(32), randomblob(32), 1, 120, 978, 3, 1, 1",
        ),
        ("entries (number, kind, reference, at_s)", f"{number}, 4, randomblob(32), 1"),
        (
            "spent_counters (token_id, counter, mode, start_minor, cumulative_minor, consent_number)",
            f"{token}, i / {wallets} + 1, 2, i, i + 1, {number}",
        ),
        ("answered_requests (request_id, terminal_id, payment_number)", f"{request}, 1, {number}"),
        (
            "postings (entry_number, line, account_id, currency, amount_minor)",
            f"{number}, 1, {start} * 2 + i % {wallets}, 978, -1",
        ),
    ):
        connection.execute(f"{series.format(payments)} INSERT INTO {table} SELECT {values} FROM n")  # noqa: S608 - numbers of ours
    # A ledger that has grown was sealed as it grew: whoever measures payments does not want to see a backlog sealed.
    ends = (*range(start + BLOCK, start + payments, BLOCK), start + payments)
    last = {(number - 1) // BLOCK: number for number in ends}
    connection.executemany("INSERT INTO sealed_blocks (block, last) VALUES (?, ?)", last.items())
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _pgbench_tps(database: LocalPostgres) -> float:
    """TPC-B as pgbench does it, with prepared statements."""
    address = ("-h", str(database.folder), "-U", DATABASE)
    name = "pgbench"
    database.run("createdb", *address, name)
    database.run("pgbench", *address, "-i", "-s", "20", "-q", name)
    clients = ("-c", str(_PGBENCH_CLIENTS), "-j", "2", "-T", str(_PGBENCH_S), "-M", "prepared")
    said = database.run("pgbench", *address, *clients, name)
    found = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    assert found, said
    return float(found[1])
