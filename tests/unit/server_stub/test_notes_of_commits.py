"""The notes of acknowledged commits themselves, and a replica that takes over from under a server that runs."""

import os
from pathlib import Path
from typing import Any

import pytest

from server_stub.backup import back_up
from server_stub.config import ServerConfig
from server_stub.demo.database import LocalPostgres
from server_stub.store.heads import NOTES_KEPT, Heads, Note, loss_of
from server_stub.store.opening import restore_store
from server_stub.store.writer import AddedRow
from tests.unit.server_stub.harness import opened_house
from tests.unit.server_stub.test_heads import pay
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.testing import FROZEN_NOW_S


def test_a_replica_that_was_behind_takes_over(postgres: LocalPostgres, tmp_path: Path) -> None:
    """A server that runs says that it is not ready, and writes nothing to it."""
    with opened_house(tmp_path / "server", config=ServerConfig(database=postgres.new_database())) as house:
        terminal, wallet = house.terminal(), house.wallet()
        pay(terminal, wallet, 2)
        back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
        pay(terminal, wallet, 3)
        replica = postgres.new_database()
        restore_store(tmp_path, tmp_path / "backup" / "ledger", database=replica).close()
        store: Any = house.desk.operator.store
        store._address = replica
        for connection in (store._writing, *store._readers):
            connection.close()
        assert house.ask("GET", "/readyz").code() is ErrorCode.STORAGE_CORRUPT
        with pytest.raises(UnavailableError, match="3 acknowledged commits with 3 payments"), store.writing():
            pass


def rows_up_to(last: int) -> Any:
    """A ledger that has the entries up to a number."""
    return lambda _query, values: [(1,)] if not values or values[0] <= last else []


def entry(number: int) -> AddedRow:
    """A commit with one payment."""
    return AddedRow(1, "entries", ("number",), (number,))


def heads_at(folder: Path, *numbers: int) -> Heads:
    """Notes of commits that have added these entries."""
    heads = Heads(folder)
    heads.check(lambda query, _values: [(0,)] if "count" in query else [(1,)])
    for number in numbers:
        heads.note(entry(number))
    return heads


def test_the_newest_are_kept(tmp_path: Path) -> None:
    """A ring: of more than it holds it is said that there are more."""
    heads = heads_at(tmp_path, *range(1, 2_000))
    some = loss_of(list(heads.noted()), rows_up_to(1_990))
    every = loss_of(list(heads.noted()), rows_up_to(0))
    assert some is not None
    assert every is not None
    assert (some.commits, some.payments, some.is_all) == (9, 9, False)
    assert (every.commits, every.is_all) == (NOTES_KEPT, True)
    assert str(every).startswith("at least 512 acknowledged commits")
    heads.close()


def test_each_process_has_a_file(tmp_path: Path) -> None:
    """And one that was left is taken again, with its numbers going on."""
    first, second = heads_at(tmp_path, 1, 2), heads_at(tmp_path, 3)
    assert len(list(tmp_path.iterdir())) == 2
    first.close()
    third = heads_at(tmp_path, 4)
    loss = loss_of(list(third.noted()), rows_up_to(2))
    assert loss is not None
    assert loss.commits == 2
    for heads in (second, third):
        heads.close()
        heads.close()


def test_a_torn_note_is_none(tmp_path: Path) -> None:
    """The machine went down while it was on its way to the disk."""
    heads = heads_at(tmp_path, 1, 2)
    path = tmp_path / "head-000"
    content = bytearray(path.read_bytes())
    content[3 * 256 + 8] ^= 0xFF
    path.write_bytes(content)
    assert [note.key for note in next(iter(heads.noted()))] == [(), (1,)]
    heads.close()


def test_a_disk_that_takes_no_note_costs_no_payment(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once."""
    heads = heads_at(tmp_path, 1)
    caplog.clear()
    os.close(heads._descriptor)
    for number in (2, 3):
        heads.note(entry(number))
    assert len(caplog.records) == 1
    heads._descriptor = -1


def test_a_settled_file_misses_nothing(tmp_path: Path) -> None:
    """Until the next note."""
    heads = heads_at(tmp_path, 1, 2)
    heads.settle()
    assert loss_of(list(heads.noted()), rows_up_to(0)) is None
    heads.note(entry(3))
    heads.note(entry(4))
    assert loss_of(list(heads.noted()), rows_up_to(3)) is not None
    heads.close()


def test_a_note_has_room_for_every_key(tmp_path: Path) -> None:
    """Two names of 64 characters are more than any key of our tables; what is longer is left out."""
    heads = heads_at(tmp_path)
    long = AddedRow(1_024, "a_table_with_a_name", ("one_column", "another_column"), ("x" * 64, b"y" * 64))
    heads.note(long)
    heads.note(long._replace(key=("x" * 256,)))
    (notes,) = heads.noted()
    assert notes[-1] == Note(2, *long)
    heads.close()
