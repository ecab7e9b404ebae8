"""What is installed is what was tested: exact versions, and the digest of every file."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
_LOCKED = re.compile(r"^([\w.-]+)==([^\s;]+)[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    """Names, as PEP 503 writes them, and versions."""
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in _PIN.findall(text)}


def test_the_lock_is_the_constraints_with_the_digest_of_every_file() -> None:
    """Two files that people read and pip checks; `make lock` makes the one of the other."""
    locked = (ROOT / "requirements.lock").read_text()
    assert pins(locked) == pins((ROOT / "constraints.txt").read_text())
    assert {name for name, _, _ in _LOCKED.findall(locked)} == {name for name, _ in _PIN.findall(locked)}


def test_what_packages_of_ours_need_at_run_time_is_pinned_too() -> None:
    """python-escpos asks for setuptools, and pip itself decides what is installed."""
    assert {"pip", "setuptools", "hatchling"} <= pins((ROOT / "constraints.txt").read_text()).keys()
