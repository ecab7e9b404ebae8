"""Every table of the server's store has a column for its rows' checks, in both dialects."""

import re

import pytest

from server_stub.store.migrations import known_migrations
from server_stub.store.tables.every import EVERY_TABLE


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_every_table_has_room_for_checks(dialect: str) -> None:
    """A new table needs ``row_check`` (BLOB, bytea) as its last column, and a place in tables/every.py."""
    known = known_migrations(dialect)
    assert [one.number for one in known] == list(range(1, len(known) + 1)), "two migrations have one number"
    text = "\n".join(migration.text for migration in known)
    made = dict(re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", text, flags=re.DOTALL))
    added = set(re.findall(r"ALTER TABLE (\w+) ADD COLUMN row_check", text))
    missing = [one.name for one in EVERY_TABLE if one.name not in added and "row_check" not in made[one.name]]
    assert not missing, f"no row_check in {missing}"
