"""Every numbered rule of the protocol stands in the page, in the code that enforces it and in a test that proves it."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.generate_docs import PAGES
from tests.architecture.protocol_tables import ROOT, RULES, rules_text
from tests.architecture.tidy import python_files

#: A reference of a sale may look alike ("R-1", "R-0042"); it stands right after a quotation mark.
_NUMBER = re.compile(r"(?<![\w\"'])R-([1-9]\d*)\b")
ENFORCERS = ("wallet_sdk", "terminal_app", "server_stub")


def numbers_in(paths: Iterable[Path]) -> dict[int, list[str]]:
    """Where each number occurs."""
    found: dict[int, list[str]] = {}
    for path in paths:
        for number in _NUMBER.findall(path.read_text()):
            found.setdefault(int(number), []).append(str(path.relative_to(ROOT)))
    return found


def sources(folders: Iterable[str]) -> list[Path]:
    """Python files below the folders, the machinery of the documents apart."""
    return [path for path in python_files(ROOT / name for name in folders) if path.parent.name != "architecture"]


def test_no_number_is_given_twice() -> None:
    """A number names one rule, and the numbers run without a gap."""
    given = [int(number) for number in re.findall(r"^\*\*R-(\d+)\.\*\*", RULES.read_text(), re.MULTILINE)]
    assert [number for number, times in Counter(given).items() if times > 1] == []
    assert given == list(range(1, len(given) + 1))
    assert set(rules_text()) == set(given), "a rule that is no paragraph of its own"


def test_every_rule_is_enforced_somewhere() -> None:
    """Each number stands in the code."""
    assert sorted(set(rules_text()) - set(numbers_in(sources(ENFORCERS)))) == []


def test_every_rule_is_proved_somewhere() -> None:
    """Each number stands in a test."""
    assert sorted(set(rules_text()) - set(numbers_in(sources(["tests"])))) == []


def test_no_number_is_used_that_names_no_rule() -> None:
    """Neither code, tests nor pages speak of a rule that is not there."""
    used = numbers_in([*sources([*ENFORCERS, "tests"]), *PAGES, ROOT / "docs" / "protocol.cddl"])
    assert {number: places for number, places in used.items() if number not in rules_text()} == {}


def test_every_error_that_a_rule_names_exists() -> None:
    """A word in capitals with an underscore is an error code, a role, or a name of the wire that the code has."""
    known = "\n".join(
        (ROOT / "wallet_sdk" / "protocol" / name).read_text() for name in ("errors.py", "messages/kinds.py")
    )
    named = {word for text in rules_text().values() for word in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text)}
    assert sorted(word for word in named if not re.search(rf"^    {word} = ", known, re.MULTILINE)) == []
