"""Mutation testing of wallet_sdk.protocol, in a copy of the tree: make mutants; ARGS="rules trust" takes these modules.

First mutmut, which forks a process for each mutant and runs the tests that touch its function. A function that runs
when its module is imported has already run by then, and a cache may remember the original; so whatever survived is
looked at once more in a process of its own, with all the tests.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.mutants import judge

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ROOT / ".cache" / "mutants"
COPY: Final = ROOT / ".cache" / "mutated"
PARTS: Final = ("wallet_sdk", "tests", "pyproject.toml")
#: Those that notice most come first, so that a second look is short.
FIRST: Final = (
    "test_field_names.py",
    "test_codec.py",
    "test_fields.py",
    "test_survivors.py",
    "test_states.py",
    "test_cbor.py",
    "test_envelope.py",
)
TESTS: Final = ("tests/unit/wallet_sdk/protocol", "tests/vectors/test_tc1.py", "tests/property/test_quick.py")
KILLED_LATE: Final = 100


def copy_tree() -> None:
    """A fresh copy of what is needed, and of nothing that was cached."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, COPY / part, ignore=shutil.ignore_patterns("__pycache__", "qr_images"))
        else:
            shutil.copy(ROOT / part, COPY / part)


def environment(**more: str) -> dict[str, str]:
    """Ours, with mutmut in sight."""
    return os.environ | {"PYTHONPATH": str(PACKAGES)} | more


def choose(modules: list[str]) -> None:
    """Mutate these modules only, by the copy's own configuration."""
    path = COPY / "pyproject.toml"
    chosen = ", ".join(f'"{judge.PROTOCOL}/{module}.py"' for module in modules)
    path.write_text(path.read_text().replace(f'only_mutate = ["{judge.PROTOCOL}/*"]', f"only_mutate = [{chosen}]"))


def check_names() -> None:
    """mutmut runs pytest many times in one process; a test that is not found the second time would look like a kill."""
    asked = [sys.executable, "-m", "tests.mutants.twice", *judge.SELECTION, *TESTS]
    if subprocess.run(asked, cwd=COPY, env=environment(), check=False).returncode:
        sys.exit("pytest does not find a test by its own name the second time: give it a plain id")


def mutate() -> None:
    """Let mutmut make the mutants and run the tests of each; its own exit code says nothing."""
    children = str(os.cpu_count() or 1)
    subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", children], cwd=COPY, env=environment(), check=False
    )


def second_look(keys: list[str]) -> dict[str, int]:
    """Exit code of all the tests under each of these mutants, each in a process of its own."""
    tests = [*(f"{TESTS[0]}/{name}" for name in FIRST), *TESTS]

    def look(key: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--seed=1", *judge.SELECTION, *tests],
            cwd=COPY / "mutants",
            env=environment(MUTANT_UNDER_TEST=key),
            capture_output=True,
            check=False,
        ).returncode

    if look("none") != 0:
        sys.exit("the tests fail in the copy without any mutant, so they can say nothing about one")
    print(f"second look at {len(keys)} mutants", file=sys.stderr, flush=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(keys, pool.map(look, keys), strict=True))


def record(found: dict[str, int]) -> None:
    """Write what the second look found where mutmut keeps the first."""
    for meta in (COPY / "mutants" / judge.PROTOCOL).rglob("*.py.meta"):
        content = json.loads(meta.read_text())
        for key in content["exit_code_by_key"]:
            if found.get(key):
                content["exit_code_by_key"][key] = KILLED_LATE
        meta.write_text(json.dumps(content))


def main() -> int:
    """Copy, mutate, look again, judge."""
    copy_tree()
    if sys.argv[1:]:
        choose(sys.argv[1:])
    check_names()
    mutate()
    record(second_look(judge.doubtful(COPY / "mutants")))
    return judge.main([str(COPY / "mutants")])


if __name__ == "__main__":
    sys.exit(main())
