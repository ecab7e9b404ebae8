"""A sandbox that listens, founded and served as the pages say, and the code blocks of those pages."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wallet_sdk.protocol.ids import PublicKeyBytes

#: What the pages call the server.
ADDRESS = "http://127.0.0.1:8080"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A sandbox that listens. ``papers`` is what ``init`` printed."""

    folder: Path
    url: str
    papers: str

    def printed_code(self, kind: str) -> str:
        """The first code for a kind of device that ``init`` printed."""
        found = re.search(rf"{kind} code: (\S+)", self.papers)
        assert found is not None
        return found.group(1)

    def new_code(self, kind: str) -> str:
        """One more activation code."""
        extra = ["--merchant", "1001"] if kind == "terminal" else ["--funds", "100.00"]
        return _server(self.folder, "activation-code", kind, *extra).strip()

    def audit(self) -> str:
        """What the server's audit says of its ledger."""
        return _server(self.folder, "audit")

    @property
    def root_key(self) -> PublicKeyBytes:
        """As ``init`` printed it."""
        found = re.search(r"root key: ([0-9a-f]{66})", self.papers)
        assert found is not None
        return PublicKeyBytes(bytes.fromhex(found.group(1)))


@contextmanager
def serving_sandbox(folder: Path) -> Iterator[Play]:
    """Found a sandbox, and serve it on a port of its own."""
    papers = _server(folder, "init", "--sandbox")
    command = [sys.executable, "-m", "server_stub", "--data", str(folder), "serve", "--sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        try:
            yield Play(folder=folder, url=serving.stdout.readline().split()[-1], papers=papers)
        finally:
            serving.terminate()


def blocks_of(page: Path) -> list[str]:
    """The Python of a page, block by block."""
    return _BLOCK.findall(page.read_text())


def _server(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "server_stub", "--data", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
