"""What was acknowledged is missed when the ledger no longer has it: an older file in its place, an older replica."""

import shutil
from pathlib import Path

import pytest

from server_stub.backup import back_up, restore
from server_stub.bootstrap import acknowledge_loss, opened_store
from server_stub.config import CONFIG_FILE, HEADS_FOLDER, KEYS_FOLDER, LEDGER_FILE, read_config, write_config
from server_stub.store.opening import restore_store
from server_stub.store.tables.clock import ACKNOWLEDGEMENTS
from tests.unit.server_stub.harness import House, TestTerminal, TestWallet, opened_house
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.testing import FROZEN_NOW_S

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


@pytest.fixture
def empty(request: pytest.FixtureRequest, address: str) -> str:
    """The address of an empty database of the same kind, "" for a file."""
    return request.getfixturevalue("postgres").new_database() if address else ""


def pay(terminal: TestTerminal, wallet: TestWallet, count: int) -> None:
    """So many payments, each in a commit of its own."""
    for _ in range(count):
        request = terminal.request(1)
        assert terminal.capture((request, wallet.intent(request)))[0]["state"] == "CAPTURED"


def put_back(folder: Path, backup: Path, empty: str) -> None:
    """An older ledger in the place of the newer one, without a word to anybody: a copied file, a replica."""
    if not empty:
        for suffix in ("", "-wal", "-shm"):
            (folder / f"{LEDGER_FILE}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(backup / "ledger" / "ledger.sqlite", folder / LEDGER_FILE)
        return
    restore_store(folder, backup / "ledger", database=empty).close()
    config = read_config(folder / CONFIG_FILE)
    write_config(folder / CONFIG_FILE, type(config)(database=empty))


@pytest.fixture
def behind(house: House, tmp_path: Path, empty: str) -> Path:
    """A folder whose ledger is three payments behind what was acknowledged."""
    terminal, wallet = house.terminal(), house.wallet()
    pay(terminal, wallet, 2)
    back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    pay(terminal, wallet, 3)
    copied = tmp_path / "copied"
    shutil.copytree(house.folder, copied)
    put_back(copied, tmp_path / "backup", empty)
    return copied


def test_an_older_ledger_is_not_served(behind: Path) -> None:
    """Neither served nor written to by a command; looked at, audited and backed up it can be."""
    said = "^STORAGE_CORRUPT .* 3 acknowledged commits with 3 payments are not in the ledger"
    with pytest.raises(UnavailableError, match=said), opened_house(behind):
        pass
    with opened_store(behind) as store:
        with pytest.raises(UnavailableError, match=said), store.writing():
            pass
        assert any("3 acknowledged commits with 3 payments" in flaw for flaw in store.losses())
    back_up(behind, behind / "damaged", made_at_s=FROZEN_NOW_S)


def test_a_person_goes_on_without_what_is_lost(behind: Path) -> None:
    """By the name of this very loss, and the ledger remembers it; the next loss has another name."""
    with opened_store(behind) as store:
        loss = store.loss()
        assert loss is not None
    with pytest.raises(MisuseError, match="no loss of the name"):
        acknowledge_loss(behind, name="00000000", at_s=FROZEN_NOW_S)
    acknowledge_loss(behind, name=loss.name, at_s=FROZEN_NOW_S)
    with opened_house(behind, seed=2) as house:
        pay(house.terminal(), house.wallet(), 1)
        house.assert_clean()
        with house.desk.operator.store.reading() as reader:
            (noted,) = reader.list_all(ACKNOWLEDGEMENTS)
    assert (noted.name, noted.what) == (loss.name, str(loss))


def test_a_restore_says_what_came_after_the_backup(house: House, tmp_path: Path, empty: str) -> None:
    """Into the folder of the lost ledger: its notes count what the backup does not have, and are then at peace."""
    terminal, wallet = house.terminal(), house.wallet()
    pay(terminal, wallet, 2)
    back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    pay(terminal, wallet, 3)
    folder = tmp_path / "restored"
    folder.mkdir()
    for name in (HEADS_FOLDER, KEYS_FOLDER):
        shutil.copytree(house.folder / name, folder / name)
    told: list[str] = []
    restore(folder, tmp_path / "backup", database=empty, now_s=FROZEN_NOW_S, tell=told.append)
    (line,) = told
    assert line.startswith("3 acknowledged commits with 3 payments are not in the ledger: they came after the backup")
    with opened_house(folder, seed=2) as again:
        pay(again.terminal(), again.wallet(), 1)


def test_a_ledger_without_notes_begins_them(house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As older versions have left it: said once, and watched from then on."""
    pay(house.terminal(), house.wallet(), 1)
    copied = tmp_path / "copied"
    house.desk.operator.committer.close()
    shutil.copytree(house.folder, copied)
    shutil.rmtree(copied / HEADS_FOLDER)
    for _ in range(2):
        with opened_house(copied):
            pass
    assert sum("they begin now" in record.message for record in caplog.records) == 1


def test_notes_in_another_place(house: House, tmp_path: Path, address: str) -> None:
    """On another disk, which an older copy of the whole folder does not take back with it."""
    config = read_config(house.folder / CONFIG_FILE)
    elsewhere = tmp_path / "another disk"
    write_config(house.folder / CONFIG_FILE, type(config)(database=address, heads=str(elsewhere)))
    with opened_store(house.folder) as store, store.writing() as writer:
        writer.rows("SELECT 1")
    assert [path.name for path in elsewhere.iterdir()] == ["head-000"]


def test_notes_that_cannot_be_kept_are_an_error_at_the_start(house: House, tmp_path: Path, address: str) -> None:
    """Told by name, before anything is written."""
    config = read_config(house.folder / CONFIG_FILE)
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    write_config(house.folder / CONFIG_FILE, type(config)(database=address, heads=str(blocked)))
    with opened_store(house.folder) as store, pytest.raises(UnavailableError, match="File exists") as caught:
        store.check_whole()
    assert caught.value.code is ErrorCode.STORAGE_FAILED
