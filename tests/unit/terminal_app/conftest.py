"""A shop that has joined, for the tests of the terminal."""

from pathlib import Path

import pytest

from tests.unit.terminal_app.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A till on the keypad, online."""
    return Shop(tmp_path).enrol()
