"""The protocol's pages say what the code says: generated parts are current, and every test they name exists."""

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.generate_docs import CDDL, PAGES, REFERENCE, REGIONS, current, regions_of
from tests.architecture.protocol_tables import ROOT
from tests.architecture.tidy import python_files
from tests.unit.wallet_sdk.protocol.samples import ROWS
from wallet_sdk.protocol import api
from wallet_sdk.protocol.messages import TYPE_OF_MESSAGE

THREATS = ROOT / "docs" / "protocol" / "threats.md"


@pytest.mark.parametrize("path", [CDDL, REFERENCE, *PAGES], ids=lambda path: path.name)
def test_generated_parts_are_current(path: Path) -> None:
    """When this fails: python -m tests.architecture.generate_docs."""
    assert path.read_text() == current(path)


def test_every_table_is_shown_once() -> None:
    """Nothing is generated that no page shows."""
    assert sorted(name for page in PAGES for name in regions_of(page)) == sorted(REGIONS)


def test_the_cddl_agrees_with_the_table_written_by_hand() -> None:
    """Keys, and which of them may be absent: drawn from the codec here, written down a second time in samples.py."""
    drawn = {}
    for name, body in re.findall(r"^(\w+) = \{\n(.*?)^\}", CDDL.read_text(), re.MULTILINE | re.DOTALL):
        for mark, key in re.findall(r"^  (\?? ?)(\d+):", body, re.MULTILINE):
            drawn[name, int(key)] = bool(mark.strip())
    types = {message.__name__: number for message, number in TYPE_OF_MESSAGE.items()}
    assert {name for name, _ in drawn} == set(types)
    by_hand = {(row.message.__name__, row.key): row.default is not ... for row in ROWS}
    assert {place: absent for place, absent in drawn.items() if place[1] != 0} == by_hand
    assert not any(absent for (_, key), absent in drawn.items() if key == 0)


def test_every_path_is_in_the_table() -> None:
    """The table of paths has those that api.py has."""
    paths = {value for name, value in vars(api).items() if name.startswith("PATH_")}
    listed = set(
        re.findall(r"^\| `(/[^`{]*?)/?(?:\{[^`]*)?` \|", (THREATS.parent / "tables.md").read_text(), re.MULTILINE)
    )
    assert listed == paths


def test_every_test_that_a_page_names_exists() -> None:
    """A counter-measure without its test would be a promise."""
    defined = {
        node.name
        for path in python_files([ROOT / "tests"])
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    named = {name for page in PAGES for name in re.findall(r"`(test_\w+)`", page.read_text())}
    assert len(named) > 40
    assert sorted(named - defined) == []


def test_every_attack_has_its_test() -> None:
    """Each row of the threat table names at least one."""
    rows = [line for line in THREATS.read_text().splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    heads = [line for line in rows if line.startswith(("| attack", "| bug"))]
    assert len(heads) == 2
    assert [line for line in rows if line not in heads and "`test_" not in line] == []
