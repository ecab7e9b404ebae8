"""A check that finds nothing proves nothing: here each one must find the bug planted for it."""

from pathlib import Path

import pytest

from tests.architecture import tidy

LONG_FUNCTION = "def pay() -> None:\n" + "    pass\n" * tidy.FUNCTION_LINES_MAX
HOUSE = "from tests.unit.server_stub.harness import House\n"
MACHINE_PATH = "/" + "work" + "/tillcode"

PLANTED: list[tuple[tidy.Check, str, int]] = [
    (tidy.too_long_file, "a = 1\n" * (tidy.FILE_LINES_MAX + 1), tidy.FILE_LINES_MAX + 1),
    (tidy.too_long_functions, "\n" + LONG_FUNCTION, 2),
    (tidy.missing_docstring, "a = 1\n", 1),
    (tidy.banned_words, "def pay(*, order_id: int) -> None: ...\n", 1),
    (tidy.banned_words, "class Payment:\n    UserName: str\n", 2),
    (tidy.banned_words, "PAYMENT_STATUSES = 1\n", 1),
    (tidy.bare_exceptions, "def pay() -> None:\n    raise Exception('no')\n", 2),
    (tidy.blind_excepts, "try:\n    a = 1\nexcept (ValueError, Exception):\n    pass\n", 3),
    (tidy.blind_excepts, "try:\n    a = 1\nexcept:\n    pass\n", 3),
    (tidy.tests_without_a_sentence, "def test_pay() -> None:\n    assert pay()\n", 1),
    (tidy.sleeps_and_patches, "import time\ntime.sleep(1)\n", 2),
    (tidy.sleeps_and_patches, "mock.patch('a.b')\n", 1),
    (tidy.two_clocks, "from server_stub.__main__ import main\n", 1),
    (tidy.two_clocks, HOUSE + "from wallet_sdk.system import SystemClock\n", 2),
    (tidy.machine_addresses, f"\nHOME = '{MACHINE_PATH}'\n", 2),
]

INNOCENT: list[tuple[tidy.Check, str]] = [
    (tidy.too_long_file, "a = 1\n" * tidy.FILE_LINES_MAX),
    (tidy.too_long_functions, "def pay() -> None:\n" + "    pass\n" * (tidy.FUNCTION_LINES_MAX - 1)),
    (tidy.banned_words, "BYTE_ORDER = 1\nborder = 2\n_order = 3\n\n\ndef _pay(data: int) -> None:\n    order = data\n"),
    (tidy.bare_exceptions, "raise ValueError('no')\n"),
    (tidy.blind_excepts, "try:\n    a = 1\nexcept (ValueError, KeyError):\n    pass\n"),
    (tidy.sleeps_and_patches, "monkeypatch.setattr(clock, 'now', 1)\n"),
    (tidy.two_clocks, "from server_stub.__main__ import run\nfrom wallet_sdk.system import SystemClock\n"),
    (tidy.two_clocks, HOUSE + "from wallet_sdk.testing import FrozenClock\n"),
    (tidy.machine_addresses, "https://example.org" + MACHINE_PATH + "\n"),
]


@pytest.mark.parametrize(("check", "source", "line"), PLANTED)
def test_a_planted_bug_is_found_at_its_line(check: tidy.Check, source: str, line: int, tmp_path: Path) -> None:
    """Each check finds the bug planted for it once, and names its file and line."""
    planted = tmp_path / "payment.py"
    planted.write_text(source)
    (finding,) = check(planted)
    assert str(finding).startswith(f"{planted}:{line}: ")


@pytest.mark.parametrize(("check", "source"), INNOCENT)
def test_what_is_allowed_is_not_found(check: tidy.Check, source: str, tmp_path: Path) -> None:
    """A check that cries wolf would soon be switched off: just inside the rule, nothing is found."""
    innocent = tmp_path / "payment.py"
    innocent.write_text(source)
    assert check(innocent) == []


def test_a_module_with_a_banned_name_is_found(tmp_path: Path) -> None:
    """The name of a module is a name as well."""
    planted = tmp_path / "payment_utils.py"
    planted.write_text("")
    assert [finding.line for finding in tidy.banned_words(planted)] == [1]


def test_files_are_found_where_there_is_no_git(tmp_path: Path) -> None:
    """An unpacked archive has no git, and is searched all the same."""
    (tmp_path / "notes.txt").write_text(MACHINE_PATH + "/a\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pip.txt").write_text(MACHINE_PATH + "/a\n")
    assert [path.name for path in tidy.tree_files(tmp_path)] == ["notes.txt"]
