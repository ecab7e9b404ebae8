"""`make bench`: measurements, each taken in one run and printed with its parts. Nothing here passes or fails.

make bench
make bench ROWS="sdk_scan_ms batch_sqlite"
make bench ARGS="--scale 0.2 --seed 7"
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import apsw
from cryptography.hazmat.backends.openssl import backend

from tests.bench import database_rows, decoder_rows, protocol_rows, sdk_rows, server_rows, terminal_rows, window_rows
from tests.bench.measure import Row, Run
from tests.bench.served import ROOT

Measurement = Callable[[Run], list[Row]]

#: Name -> what measures it. One measurement may give several rows; each of their names calls it.
MEASUREMENTS: Final[dict[str, Measurement]] = {
    "codec_us": protocol_rows.codec_us,
    "request_verify_ratio": protocol_rows.request_verify_ratio,
    "base45_us": protocol_rows.base45_us,
    "qr_matrix_ms": protocol_rows.qr_matrix_ms,
    "sdk_import_ms": sdk_rows.sdk_import_ms,
    "sdk_scan_ms": sdk_rows.sdk_scan_ms,
    "sdk_intent_ms": sdk_rows.sdk_intent_ms,
    "server_start_s": server_rows.server_start_and_idle,
    "server_idle_mib": server_rows.server_start_and_idle,
    "batch_sqlite": server_rows.batch_sqlite,
    "online_sqlite": server_rows.online_sqlite,
    "online_p99": server_rows.online_sqlite,
    "hot_merchant": server_rows.hot_merchant,
    "batch_postgres": database_rows.postgres,
    "batch_postgres_vs_pgbench": database_rows.postgres,
    "online_postgres": database_rows.postgres,
    "growth": database_rows.growth,
    "terminal_accept_ms": terminal_rows.terminal_accept_ms,
    "terminal_show_ms": terminal_rows.terminal_show_ms,
    "outbox_flush": terminal_rows.outbox_flush,
    "terminal_year_s": terminal_rows.terminal_year_s,
    "terminal_start_s": window_rows.terminal_window,
    "terminal_idle": window_rows.terminal_window,
    "decoder_share": decoder_rows.decoder,
    "decoder_time": decoder_rows.decoder,
    "decoder_degraded_share": decoder_rows.decoder,
    "decoder_degraded_time": decoder_rows.decoder,
    "decoder_hostile_ms": decoder_rows.decoder_hostile_ms,
}
_RESULTS: Final = Path("bench-results/latest.json")
_PACKAGES: Final = (
    "cryptography",
    "cbor2",
    "httptools",
    "kivy",
    "msgspec",
    "starlette",
    "uvicorn",
    "uvloop",
    "zxing-cpp",
)


def keep_bytecode() -> None:
    """Have the programs that are measured start from bytecode, as installed ones do, whatever the shell here says."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / ".cache" / "bench-bytecode")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen rows, print them, and write them down."""
    chosen = _parser().parse_args(arguments)
    names = chosen.rows or list(MEASUREMENTS)
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"there is no row {unknown[0]}; there are: {' '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    print(_surroundings(chosen.seed))
    keep_bytecode()
    if os.getloadavg()[0] > (os.cpu_count() or 1) / 2:
        print(f"The machine is busy (load {os.getloadavg()[0]:.2f}): rows of wall-clock time suffer.\n")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="tillcode-bench-") as folder:
        for number, measurement in enumerate(dict.fromkeys(MEASUREMENTS[name] for name in names)):
            own = Path(folder) / str(number)
            own.mkdir()
            start_s = time.monotonic()
            measured = measurement(Run(seed=chosen.seed, folder=own, scale=chosen.scale))
            for row in measured:
                print(_told(row))
            print(f"    ({measurement.__name__}: {time.monotonic() - start_s:.1f} s, load {os.getloadavg()[0]:.2f})\n")
            rows += measured
    _write(rows, seed=chosen.seed)
    print(_table(rows))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure. The design's bars stand beside.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="seed of keys, ids and amounts (default: 1)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="size of the large rows: 0.1 is a tenth of the payments"
    )
    return parser


def _surroundings(seed: int) -> str:
    libraries = " ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"seed {seed} · {os.cpu_count()} cores, {platform.machine()}, {_processor()}"
        f" · Python {platform.python_version()} · {backend.openssl_version_text()}"
        f" · SQLite {apsw.sqlite_lib_version()}\n{libraries}\n"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith(("model name", "Model"))), "")


def _told(row: Row) -> str:
    parts = "".join(f"\n    {name:<34}{_figure(value):>12}" for name, value in row.parts.items())
    return f"{row.name} = {_figure(row.value)}   (bar {row.bar or 'none'}){parts}"


def _table(rows: Sequence[Row]) -> str:
    lines = [f"| {'row':<22} | {'value':>10} | {'bar':>8} |     |", f"|{'-' * 24}|{'-' * 11}:|{'-' * 9}:|-----|"]
    for row in rows:
        mark = ("yes" if row.meets_bar else "no") if row.bar else ""
        lines.append(f"| {row.name:<22} | {_figure(row.value):>10} | {row.bar or 'none':>8} | {mark:<3} |")
    return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _write(rows: Sequence[Row], *, seed: int) -> None:
    _RESULTS.parent.mkdir(exist_ok=True)
    content = [{"row": row.name, "value": row.value, "bar": row.bar, "parts": row.parts, "seed": seed} for row in rows]
    _RESULTS.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
