"""A program in a process of its own, and what the kernel says it has used."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_STOP_S: Final = 120
ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """CPU of a process and of those it has waited for, and the memory it holds now."""

    cpu_s: float
    resident_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that listens."""

    process: "subprocess.Popen[str]"
    folder: Path
    port: int
    start_s: float
    #: Processes beside the server's own that work for it, a database's.
    beside: Sequence[int] = ()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def used(self) -> Used:
        """What it, its workers and what stands beside it have used until now."""
        all_used = [used_by(process) for root in (self.process.pid, *self.beside) for process in tree_of(root)]
        return Used(cpu_s=sum(one.cpu_s for one in all_used), resident_mib=sum(one.resident_mib for one in all_used))


def used_by(pid: int) -> Used:
    """What one process has used until now. Source: proc(5), /proc/pid/stat fields 14 to 17 and /proc/pid/statm."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    ticks = sum(int(field) for field in fields[11:15])
    resident_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Used(cpu_s=ticks / _TICKS_S, resident_mib=resident_pages * _PAGE_BYTES / 2**20)


def tree_of(pid: int) -> list[int]:
    """A process and all that it has started and that still run."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(further for child in children for further in tree_of(int(child)))]


@contextlib.contextmanager
def served(folder: Path, *, workers: int = 1, beside: Sequence[int] = ()) -> Generator[Served]:
    """A real `tillcode-server serve` on a free port of the loopback, until the block ends."""
    start_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "server_stub", "--data", str(folder), "serve", "--port", "0", "--workers", str(workers)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "listening on" in line, "the server has not started; its error stands above"
        yield Served(
            process=process,
            folder=folder,
            port=int(line.rpartition(":")[2]),
            start_s=time.perf_counter() - start_s,
            beside=beside,
        )
    finally:
        process.terminate()
        process.wait(timeout=_STOP_S)
        process.stdout.close()


def wait_out(process: "subprocess.Popen[str]", seconds: float) -> None:
    """Let a program be idle for a while; it must not end meanwhile."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        raise AssertionError(f"it ended with {process.wait(timeout=seconds)}")


def terminal_code(folder: Path) -> str:
    """A new merchant, and a one-time code for its till, by the operator's own command line."""
    added = _command(folder, "merchant", "add", "--name", "Mole", "--city", "Lisboa", "--country", "PT")
    return _command(folder, "activation-code", "terminal", "--merchant", added.split()[1].rstrip(":")).strip()


def _command(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "server_stub", "--data", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
