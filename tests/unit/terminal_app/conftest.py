"""A shop that has joined, for the tests of the terminal."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.unit.terminal_app.shop import Shop


@pytest.fixture(autouse=True)
def closed_journals() -> Generator[None]:
    """Every shop's journal is closed when its test ends."""
    yield
    while Shop.opened:
        Shop.opened.pop().close()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A till on the keypad, online."""
    return Shop(tmp_path).enrol()
