"""A fresh server for each test that asks for one."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.unit.server_stub.harness import House, opened_house


@pytest.fixture
def house(tmp_path: Path) -> Generator[House]:
    """A server in this process with one merchant."""
    with opened_house(tmp_path / "server") as opened:
        yield opened
