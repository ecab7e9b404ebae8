"""What the pages tell people to type works as it stands."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.server.conftest import PATIENCE_S

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        number: int = bound.getsockname()[1]
    return number


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page is written for curl, which is not here")
@pytest.mark.parametrize("page", ["http-api.md"])
def test_every_line_of_a_page_runs(page: str, tmp_path: Path) -> None:
    """In one shell, one after the other, each with success; what stands below a line is what it says."""
    text = (ROOT / "docs" / page).read_text()
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    typed = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    shown = [line for block in blocks for line in block.splitlines() if not line.startswith("$ ")]
    port = str(free_port())
    script = "\n".join(
        ["set -eu", *(line.replace(":8080", f":{port}").replace("8080 &", f"{port} &") for line in typed)]
    )
    script = re.sub(r"curl -s", "echo; curl -s --fail-with-body --max-time 10", script)
    # The page shows one refusal, which must not end the script.
    script = re.sub(r"(curl .*v1/balance)$", r"\1 || test $? = 22", script, flags=re.MULTILINE)
    with subprocess.Popen(
        ["/bin/sh", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            assert shell.wait(6 * PATIENCE_S) == 0, shell.stderr and shell.stderr.read()
        finally:
            os.killpg(shell.pid, signal.SIGTERM)
        assert shell.stdout is not None
        said = shell.stdout.read()
    assert len(typed) > 12
    for line in shown:
        assert line.removesuffix(", ...}") in said, line
