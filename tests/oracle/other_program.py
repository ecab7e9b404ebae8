"""Runs a script on the packages of .cache/oracle alone, in a process that sees none of ours."""

import subprocess
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_PACKAGES = _HERE.parents[1] / ".cache" / "oracle"


def answer_of(script: str, question: str) -> str:
    """What a script of this folder writes when it reads this; without its packages the test fails."""
    if not (_PACKAGES / ".tillcode-stamp").is_file():
        pytest.fail("the oracle is not there: run deploy/setup.sh oracle (make test does; it needs the network once)")
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-P", str(_HERE / script)],
        input=question,
        env={"PYTHONPATH": str(_PACKAGES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
