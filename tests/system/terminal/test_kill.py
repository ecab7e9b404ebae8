"""kill -9 at the moment of ACCEPTED OFFLINE: the payment is on the disk, and it settles after the restart."""

import signal
import subprocess
import sys
from pathlib import Path

from terminal_app.screen_model import ScreenName
from tests.system.terminal.till_run import TillRun, scheme_now, server_for

ROOT = Path(__file__).parents[3]


def test_a_killed_till_has_lost_nothing_it_accepted(tmp_path: Path) -> None:
    """The screen said ACCEPTED OFFLINE; the process dies without a word; the next one sends the payment."""
    home = tmp_path / "home"
    command = [sys.executable, "-m", "tests.system.terminal.till_run", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == ScreenName.ACCEPTED_OFFLINE.value
        process.kill()
        assert process.wait() == -signal.SIGKILL
    scheme = scheme_now()
    server = server_for(home, scheme)
    run = TillRun(home, server=server)
    try:
        stored = run.wait_for(lambda model: model.bar.queue_count == 1)
        assert (stored.name, stored.bar.queue_total) == (ScreenName.KEYPAD, "12.50 EUR")
        run.wait_for(lambda model: model.bar.queue_count == 0)
    finally:
        run.terminal.stop()
    assert [receipt.message.amount_minor for receipt in server.receipts.values()] == [1250]


def test_keys_and_journal_are_for_this_account_only(tmp_path: Path) -> None:
    """What the till keeps is readable by nobody else."""
    home = tmp_path / "home"
    scheme = scheme_now()
    from tests.unit.terminal_app.fake_server import FakeServer

    run = TillRun(home, server=FakeServer(scheme=scheme))
    run.terminal.stop()
    for name in ("journal.sqlite", "keys", "secret"):
        assert (home / name).stat().st_mode & 0o077 == 0
