"""The program itself, offscreen, by its robot finger: it starts, shows its first screen, and ends."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.terminal_app.people import sell
from tests.unit.terminal_app.shop import Shop

ROOT = Path(__file__).parents[3]
#: Packages of the server, of devices that are not there, and of development.
OTHERS = [
    *("apsw", "click", "escpos", "fpdf", "gpiozero", "http_message_signatures", "httptools", "hypothesis", "msgspec"),
    *("prometheus_client", "psycopg", "pytest", "rich", "serial", "starlette", "uvicorn", "uvloop"),
]


def run_program(home: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Start the terminal and give it its robot's lines."""
    command = [sys.executable, "-m", "terminal_app", "--home", str(home), *arguments]
    return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, text=True, check=False, timeout=60)


def test_a_new_till_asks_to_be_enrolled(tmp_path: Path) -> None:
    """A first start in an empty home shows the form; `quit` ends the program with 0."""
    run = run_program(tmp_path, "--offscreen", "--robot", stdin="wait enrol 20\nlook\nquit\n")
    assert run.returncode == 0, run.stderr
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert answers
    assert "enrol" in json.dumps(answers)


@pytest.mark.parametrize(("flag", "text"), [("--size", "huge"), ("--camera", "usb:0")])
def test_a_bad_setting_ends_the_program_with_its_name(tmp_path: Path, flag: str, text: str) -> None:
    """Exit code 2 and one line that says which setting, before any window."""
    run = run_program(tmp_path, flag, text)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert flag.removeprefix("--") in line


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """Such as a file where a folder belongs; exit code 2, one line."""
    (tmp_path / "till").mkdir()
    (tmp_path / "till" / "kivy").touch()
    run = run_program(tmp_path / "till", "--offscreen")
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert f"{tmp_path / 'till'} cannot be written to" in line


def test_a_till_with_something_unsent_says_so_to_the_script_that_would_replace_it(tmp_path: Path) -> None:
    """Exit code 3 while a payment waits, 0 when none does; a running till, or a folder without one, is an error."""
    empty = run_program(tmp_path / "nothing", "--check-unsent")
    assert (empty.returncode, (tmp_path / "nothing").exists()) == (2, False)
    assert f"no till has run in {tmp_path / 'nothing'}" in empty.stderr
    shop = Shop(tmp_path / "till").enrol()
    shop.go_offline()
    sell(shop, 700)
    busy = run_program(tmp_path / "till", "--check-unsent")
    assert busy.returncode == 2
    assert "STORAGE_FAILED" in busy.stderr
    shop.journal.close()
    waiting = run_program(tmp_path / "till", "--check-unsent")
    assert (waiting.returncode, waiting.stdout) == (3, "unsent payments: 1, other unanswered messages: 0\n")
    shop._build()
    shop.core.start()
    shop.wait(3)
    shop.journal.close()
    assert run_program(tmp_path / "till", "--check-unsent").returncode == 0


def test_a_till_that_is_interrupted_ends_without_a_trace(tmp_path: Path) -> None:
    """Ctrl-C in the window it was started from."""
    command = [sys.executable, "-m", "terminal_app", "--home", str(tmp_path), "--offscreen", "--robot"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("wait enrol 20\n")
        program.stdin.flush()
        assert json.loads(program.stdout.readline())["ok"] is True
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=30)
    assert (program.returncode, "Traceback" in said) == (130, False)


def test_the_till_starts_without_what_only_others_need(tmp_path: Path) -> None:
    """They stand beside it here, and not in a shop."""
    program = f"""
import sys
sys.modules.update(dict.fromkeys({OTHERS!r}))
from terminal_app.__main__ import main
sys.exit(main(["--home", {str(tmp_path)!r}, "--offscreen", "--robot"]))
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        input="wait enrol 20\nquit\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[0])["ok"] is True
