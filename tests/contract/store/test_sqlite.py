"""What is SQLite's own: one file, made once, with the settings that the promises rest on."""

import sqlite3
from pathlib import Path

import pytest

from server_stub.store.sqlite import SqliteStore
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """An older program must not write what it does not know."""
    path = tmp_path / "ledger.sqlite"
    SqliteStore.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO migrations VALUES (9999, 'later', 'x')")
    connection.commit()
    connection.close()
    with pytest.raises(UnavailableError) as caught:
        SqliteStore(path)
    assert caught.value.code is ErrorCode.STORAGE_NEWER


def test_a_changed_migration_or_a_torn_file_is_corrupt(tmp_path: Path) -> None:
    """The checksum of what was applied must be ours."""
    path, torn = tmp_path / "ledger.sqlite", tmp_path / "torn.sqlite"
    SqliteStore.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE migrations SET checksum = 'x'")
    connection.commit()
    connection.close()
    torn.write_bytes(b"not a database" * 100)
    for bad in (path, torn):
        with pytest.raises(UnavailableError) as caught:
            SqliteStore(bad)
        assert caught.value.code is ErrorCode.STORAGE_CORRUPT


def test_a_file_is_made_once_and_opened_only_if_it_is_there(tmp_path: Path) -> None:
    """Nothing is overwritten, and a typing error in a path makes no empty ledger."""
    path = tmp_path / "ledger.sqlite"
    with pytest.raises(MisuseError) as missing:
        SqliteStore(path)
    assert missing.value.code is ErrorCode.NOT_INITIALISED
    assert not path.exists()
    SqliteStore.create(path).close()
    with pytest.raises(MisuseError) as there:
        SqliteStore.create(path)
    assert there.value.code is ErrorCode.ALREADY_ENROLLED


def test_commits_are_durable_by_setting(tmp_path: Path) -> None:
    """WAL and FULL, foreign keys on: the settings that the promises rest on."""
    store = SqliteStore.create(tmp_path / "ledger.sqlite")
    with store.writing():
        ask = store._writing.execute
        found = [ask(f"PRAGMA {name}").fetchall()[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    store.close()
    assert found == ["wal", 2, 1]
