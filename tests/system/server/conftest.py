"""Real server processes over loopback, with a folder that outlives each of them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx
import pytest

from server_stub.demo.database import LocalPostgres, local_postgres
from server_stub.faults import VARIABLE
from tests.unit.server_stub.asking import Answer, answer_of
from tests.unit.server_stub.harness import TestTerminal, TestWallet
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.system import SystemClock
from wallet_sdk.testing import SeededRandom

PATIENCE_S = 20


@dataclass(slots=True, kw_only=True)
class ServerFolder:
    """One server's folder; processes come and go on it."""

    folder: Path
    random: SeededRandom
    clock: SystemClock = field(default_factory=SystemClock)
    address: str = ""
    database: str = ""

    def command(self, *arguments: str, fault: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command of the server's program to its end."""
        return subprocess.run(
            [sys.executable, "-m", "server_stub", "--data", str(self.folder), *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            env={**os.environ, VARIABLE: fault},
        )

    def said(self, *arguments: str) -> str:
        """What a command that goes well prints."""
        done = self.command(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def serving(self, *arguments: str, fault: str = "", workers: int = 1) -> Generator["subprocess.Popen[str]"]:
        """A running server that listens; killed at the end if it still runs."""
        environment = {**os.environ, VARIABLE: fault}
        options = ["--port", "0", "--workers", str(workers)]
        with subprocess.Popen(
            [sys.executable, "-m", "server_stub", "--data", str(self.folder), "serve", *options, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        ) as process:
            try:
                assert process.stdout is not None
                found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
                assert found, read_all(process.stderr)
                self.address = found[1]
                yield process
            finally:
                process.kill()

    def call(self, method: str, path: str, body: bytes, authorization: str) -> Answer:
        """One request to the server that runs now."""
        headers = {"authorization": authorization} if authorization else {}
        with httpx.Client(base_url=self.address, timeout=PATIENCE_S, trust_env=False) as client:
            return answer_of(client.request(method, path, content=body, headers=headers))

    def terminal(self) -> TestTerminal:
        """A terminal, enrolled with the server that runs now."""
        merchant = re.match(r"merchant (\d+)", self.said("merchant", "add", "--name", "Café", "--country", "pt"))
        assert merchant
        terminal = TestTerminal(call=self.call, clock=self.clock, random=self.random, signer=self._new_signer())
        terminal.enrol(self.said("activation-code", "terminal", "--merchant", merchant[1])).ok()
        return terminal

    def wallet(self) -> TestWallet:
        """A wallet with 100.00 and a token, enrolled with the server that runs now."""
        wallet = TestWallet(call=self.call, clock=self.clock, random=self.random, signer=self._new_signer())
        wallet.enrol(self.said("activation-code", "wallet", "--funds", "100.00")).ok()
        wallet.renew(5_000).ok()
        return wallet

    def assert_clean(self) -> str:
        """The audit finds nothing; returns its report."""
        done = self.command("audit")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _new_signer(self) -> SoftwareSigner:
        return SoftwareSigner(self.random.random_bytes(32))


def read_all(stream: IO[str] | None) -> str:
    """What a process has said on a stream that it has closed."""
    return "" if stream is None else stream.read()


def stop(process: "subprocess.Popen[str]") -> int:
    """End a server in good order; its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE_S)


@pytest.fixture
def server(tmp_path: Path, seed: int) -> ServerFolder:
    """A founded server that does not run yet."""
    made = ServerFolder(folder=tmp_path / "server", random=SeededRandom(seed))
    made.said("init")
    return made


@pytest.fixture(scope="session")
def durable_postgres() -> Generator[LocalPostgres]:
    """A PostgreSQL that keeps what it has said it keeps."""
    with local_postgres() as server:
        yield server


@pytest.fixture
def everywhere(request: pytest.FixtureRequest, tmp_path: Path, seed: int) -> ServerFolder:
    """A founded server on the database that the test names, PostgreSQL when it names none."""
    database = getattr(request, "param", "postgres")
    address = request.getfixturevalue("durable_postgres").new_database() if database == "postgres" else ""
    made = ServerFolder(folder=tmp_path / "server", random=SeededRandom(seed), database=address)
    made.said("init", "--database", address)
    return made
