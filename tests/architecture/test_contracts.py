"""The import contracts of pyproject.toml hold, and really are able to break."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ["wallet_sdk", "terminal_app", "server_stub"]
LINT = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run lint-imports on the tree at root, which is imported in preference to the installed one."""
    return subprocess.run(LINT, cwd=root, capture_output=True, text=True, check=False)


def test_imports_go_one_way_only() -> None:
    """Every import goes down its layer, and every module has its place in one."""
    run = lint(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


def copy_with(tmp_path: Path, name: str, source: str) -> Path:
    """Copy the packages to tmp_path, and add one line to one module of the copy (or make the module)."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / name).open("a") as module:
        module.write(f"\n{source}\n")
    return tmp_path


def broken_by(tmp_path: Path, name: str, source: str) -> str:
    """The report on a copy of the tree in which the line was planted, which must be a bad one."""
    run = lint(copy_with(tmp_path, name, source))
    assert run.returncode != 0, run.stdout
    return run.stdout + run.stderr


def test_the_protocol_may_not_ask_for_the_time(tmp_path: Path) -> None:
    """A clock planted in the protocol is found."""
    assert "wallet_sdk.protocol.money -> time" in broken_by(tmp_path, "wallet_sdk/protocol/money.py", "import time")


def test_the_server_may_not_reach_into_the_wallet(tmp_path: Path) -> None:
    """The server that imports more of the SDK than the protocol is found."""
    report = broken_by(tmp_path, "server_stub/service.py", "import wallet_sdk.screen")
    assert "server_stub.service -> wallet_sdk.screen" in report


def test_a_module_without_a_place_is_found(tmp_path: Path) -> None:
    """Deny by default: a new module must be given its layer before the check passes."""
    assert "stranger" in broken_by(tmp_path, "wallet_sdk/protocol/stranger.py", '"""New."""')
