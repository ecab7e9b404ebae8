"""The demo's programs as processes: each in a group of its own, with a log, and never left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from server_stub.workers import die_with_parent

STOP_TIMEOUT_S: Final = 3.0
COMMAND_TIMEOUT_S: Final = 60.0
LOG_TAIL_LINES: Final = 25
#: What Kivy says about itself at every start.
_NOISE: Final = (" kivy INFO ", " INFO kivy ")


class DemoFailedError(Exception):
    """The demo did not go as told; the message says at which step and why."""


class Program:
    """One running program: its process group, and the file its output goes to."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        log: Path,
        stdin: int,
        stdout: int | IO[bytes],
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._log_file = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", *arguments],
            stdin=stdin,
            stdout=self._log_file if stdout is subprocess.STDOUT else stdout,
            stderr=self._log_file,
            env={**environment(), **(extra or {})},
            start_new_session=True,
            # Should the demo itself be killed, its children die with it.
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, prepared beforehand; no lock is taken
        )

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process itself."""
        return self._process

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """End the whole group: asked first, killed when it does not listen. May be called twice."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.is_running:
                break
            self._signal_group(number)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                continue
        self._signal_group(signal.SIGKILL)  # what it may have started and left behind
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._log_file.close()

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


def run_to_end(arguments: Sequence[str], *, log: Path, extra: Mapping[str, str] | None = None) -> str:
    """Run one of our command lines to its end and give what it printed.

    Raises:
        DemoFailedError: it failed, or took longer than COMMAND_TIMEOUT_S.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            env={**environment(), **(extra or {})},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DemoFailedError(f"`{' '.join(arguments[:3])}` took longer than {COMMAND_TIMEOUT_S:.0f} s") from error
    with log.open("a") as file:
        file.write(f"$ {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise DemoFailedError(f"`{' '.join(arguments[:3])}` ended with {done.returncode}: {said}")
    return done.stdout


def environment() -> dict[str, str]:
    """The children's environment: ours, unbuffered, so that logs are whole when something breaks."""
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def tail_of(log: Path) -> str:
    """The last lines of a log."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    telling = [line for line in lines if not any(noise in line for noise in _NOISE)]
    return "\n".join(telling[-LOG_TAIL_LINES:]) or "(nothing)"
