"""Rows of the terminal's window, drawn into memory: cold start to the keypad, and what it costs to do nothing."""

import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

from tests.bench.measure import Row, Run
from tests.bench.population import populate
from tests.bench.served import ROOT, Served, served, terminal_code, used_by, wait_out

Process = subprocess.Popen[str]

_STARTS: Final = 5
_SETTLING_S: Final = 2.0
_IDLE_S: Final = 5.0
_STOP_S: Final = 20


def terminal_window(run: Run) -> list[Row]:
    """Process start to a drawn keypad, and frames, CPU and memory while nobody touches it."""
    home, folder = run.folder / "till", run.folder / "server"
    populate(folder, seed=run.seed, wallet_count=1)
    with served(folder) as server:
        _until_keypad_s(home, server, "--activation-code", terminal_code(folder))
        starts_s = [_until_keypad_s(home, server) for _ in range(_STARTS)]
        idle = _idle(home, server)
    started = Row(
        name="terminal_start_s",
        value=statistics.median(starts_s),
        bar="< 1.5",
        parts={"fastest_s": min(starts_s), "slowest_s": max(starts_s), "kivy_import_s": _kivy_import_s()},
    )
    return [started, *idle]


def _until_keypad_s(home: Path, server: Served, *more: str) -> float:
    """Seconds from starting the process until the robot's eye sees the keypad, which it does after a drawn frame."""
    start_s = time.perf_counter()
    with _running("terminal_app", home, server, "--robot", *more) as terminal:
        answer = json.loads(_asked(terminal, "wait keypad 20"))
        taken_s = time.perf_counter() - start_s
        assert answer.get("ok"), answer
        _asked(terminal, "quit")
    return taken_s


def _idle(home: Path, server: Served) -> list[Row]:
    with _running("tests.bench.watched_terminal", home, server) as terminal:
        wait_out(terminal, _SETTLING_S)
        first, before = int(_asked(terminal, "frames")), used_by(terminal.pid)
        wait_out(terminal, _IDLE_S)
        after, drawn = used_by(terminal.pid), int(_asked(terminal, "frames")) - first
        assert int(_asked(terminal, "draw")) > first + drawn, "the counter sees a frame when there is one"
    cpu_share = (after.cpu_s - before.cpu_s) / _IDLE_S
    return [
        Row(name="terminal_idle_frames_s", value=drawn / _IDLE_S, bar="<= 0"),
        Row(name="terminal_idle_cpu", value=cpu_share, bar="< 0.02"),
        Row(name="terminal_idle_mib", value=after.resident_mib, bar="< 170"),
    ]


@contextlib.contextmanager
def _running(module: str, home: Path, server: Served, *more: str) -> Generator[Process]:
    terminal = subprocess.Popen(
        [sys.executable, "-m", module, "--home", str(home), "--server", server.url, "--offscreen", *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    try:
        yield terminal
    finally:
        terminal.terminate()
        terminal.communicate(timeout=_STOP_S)


def _asked(terminal: Process, line: str) -> str:
    assert terminal.stdin is not None
    assert terminal.stdout is not None
    terminal.stdin.write(line + "\n")
    terminal.stdin.flush()
    return terminal.stdout.readline()


def _kivy_import_s() -> float:
    """What of the start is Kivy's own window, in a process that does nothing else."""
    source = "import time; s = time.perf_counter(); from kivy.core.window import Window; print(time.perf_counter() - s)"
    surroundings = {"SDL_VIDEODRIVER": "offscreen", "KIVY_NO_ARGS": "1", "KIVY_NO_FILELOG": "1"}
    surroundings |= {"KIVY_HOME": str(ROOT / ".cache" / "kivy"), "PATH": "", "KIVY_NO_CONSOLELOG": "1"}
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, env=surroundings)
    return float(done.stdout.split()[-1])
