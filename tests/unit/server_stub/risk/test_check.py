"""``tillcode-server risk check``: clear words, and an exit code that a script can use."""

from pathlib import Path

import pytest

from server_stub.__main__ import run
from wallet_sdk.testing import FrozenClock, SeededRandom

GOOD = '[[velocity]]\nname = "fast"\nby = "device"\nwindow_s = 60\ncount_max = 5\n'


def check(path: Path) -> int:
    """Run the command."""
    return run(["risk", "check", str(path)], clock=FrozenClock(), random=SeededRandom(1))


def test_a_good_file_is_listed_rule_by_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is in force and what only watches."""
    path = tmp_path / "risk.toml"
    path.write_text(GOOD + '[[denylist]]\nname = "revoked"\nmode = "shadow"\n')
    assert check(path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "shadow   Denied           revoked",
        "enforce  Velocity         fast",
        "2 rules, 0 places: good",
    ]


def test_a_mistake_is_named_on_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The word, the file, the rule, and what would be right; a missing file is a mistake too."""
    path = tmp_path / "risk.toml"
    path.write_text(GOOD.replace("60", "6"))
    assert check(path) == 1
    said = f"tillcode-server: window_s: {path}: velocity 1: a whole number in 12 .. 2678400 is expected\n"
    assert capsys.readouterr().err == said
    assert check(tmp_path / "none.toml") == 1
    assert "is missing" in capsys.readouterr().err
