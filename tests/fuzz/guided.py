"""Fuzzing guided by coverage, with atheris (libFuzzer): make fuzz TARGET=envelope RUNS=100000

Without TARGET every target has its RUNS in turn. What libFuzzer found worth keeping stays in .cache/fuzz-corpus; an
input that fails is written to .cache/fuzz-crash-TARGET-..., and its name is printed.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["wallet_sdk.protocol"]):
    from tests.fuzz.mutator import INPUT_BYTES_MAX
    from tests.fuzz.targets import TARGETS, corpus

CACHE: Final = Path(__file__).parents[2] / ".cache"
TIMEOUT_S: Final = 5
MEMORY_MB: Final = 1024


def plant(name: str) -> Path:
    """The folder a target begins with: what an earlier run kept, and the published vectors."""
    folder = CACHE / "fuzz-corpus" / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(corpus()[name]):
        (folder / f"vector-{number}").write_bytes(content)
    return folder


def run(name: str, runs: int) -> None:
    """Fuzz one target in this process, which libFuzzer ends."""
    target = TARGETS[name]
    options = [
        f"-runs={runs}",
        f"-max_len={INPUT_BYTES_MAX}",
        f"-timeout={TIMEOUT_S}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={CACHE}/fuzz-crash-{name}-",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(plant(name))], target)
    atheris.Fuzz()


def main() -> int:
    """`guided RUNS TARGET` fuzzes one; `guided RUNS` all, each in a process of its own, and goes on after a failure."""
    runs, names = int(sys.argv[1]), sys.argv[2:]
    if len(names) == 1:
        run(names[0], runs)
        return 0
    failed = [
        name
        for name in TARGETS
        if subprocess.run([sys.executable, "-m", "tests.fuzz.guided", str(runs), name], check=False).returncode
    ]
    print("failed:", ", ".join(failed) or "none")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
