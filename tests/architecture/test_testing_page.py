"""docs/testing.md names tests; each of them is where the page says, and is a test that runs."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "testing.md"
#: A line of a table whose last column is a file of tests.
_ROW = re.compile(r"^\|.*\| (tests/[\w/]+\.py) \|$", re.MULTILINE)
_NAME = re.compile(r"`(test_\w+)`")


def test_every_test_that_the_page_names_is_there() -> None:
    """A test that was renamed or taken out leaves a promise without a proof."""
    rows = [(match[1], _NAME.findall(match[0])) for match in _ROW.finditer(PAGE.read_text())]
    assert len(rows) >= 10
    for file, names in rows:
        text = (ROOT / file).read_text()
        assert names, f"{file}: no test is named"
        for name in names:
            assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), f"{file} has no {name}"
