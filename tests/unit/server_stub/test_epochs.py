"""A ledger that was put back hands out nothing twice, and nobody who knows what it has forgotten is misled by it."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from server_stub.backup import back_up, restore
from server_stub.config import KEYS_FOLDER
from server_stub.epochs import newest_epoch
from server_stub.keys import load_key
from server_stub.service.administration import MerchantDetails, add_merchant
from server_stub.service.revoking import revoke_by_hand
from server_stub.service.rotation import rotate
from server_stub.store.tables.payments import PAYMENTS
from tests.unit.server_stub.harness import House, TestTerminal, TestWallet, opened_house
from tests.unit.server_stub.test_denials import asked, seen_by_a_program
from wallet_sdk.protocol import api
from wallet_sdk.protocol.messages import Role
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.trust import verify_bundle

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True

#: From the backup until it was put back.
LOST_S: Final = 3_600


@pytest.fixture
def empty(request: pytest.FixtureRequest, house: House) -> Callable[[], str]:
    """Makes an empty database of the same kind, "" for a file."""
    if not house.desk.operator.config.database:
        return lambda: ""
    new: Callable[[], str] = request.getfixturevalue("postgres").new_database
    return new


@contextmanager
def put_back(house: House, backup: Path, folder: Path, database: str) -> Generator[House]:
    """The house as its backup knows it, an hour later, with its keys."""
    house.clock.advance(LOST_S)
    restore(folder, backup, now_s=house.clock.now_ms() // 1000, database=database)
    shutil.copytree(house.folder / KEYS_FOLDER, folder / KEYS_FOLDER)
    with opened_house(folder, seed=2) as again:
        again.clock.advance(house.clock.now_ms() // 1000 - again.clock.now_ms() // 1000)
        again.merchant_id = house.merchant_id
        yield again


def save(house: House, folder: Path) -> Path:
    """A backup of now."""
    back_up(house.folder, folder, made_at_s=house.clock.now_ms() // 1000)
    return folder


def test_no_number_is_handed_out_twice(house: House, tmp_path: Path, empty: Callable[[], str]) -> None:
    """Merchants, terminals, wallets, payments: whoever came before the loss keeps its number. (R-131)"""
    house.terminal()
    backup = save(house, tmp_path / "backup")
    between = house.terminal()
    pay_once(between, house.wallet())
    lost = {("terminal", between.message.terminal_id), ("wallet", wallet_number(house)), ("shop", add_shop(house))}
    lost_rows = payment_numbers(house)
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        after, payer = again.terminal(), again.wallet()
        pay_once(after, payer)
        found = {("terminal", after.message.terminal_id), ("wallet", wallet_number(again)), ("shop", add_shop(again))}
        assert not found & lost
        assert not payment_numbers(again) & lost_rows
        again.assert_clean()


def test_a_ledger_that_was_never_restored_counts_as_ever(house: House) -> None:
    """The first numbers are those that they always were."""
    assert house.merchant_id == 1001
    assert house.terminal().message.terminal_id == 2001
    assert newest_epoch(house.desk.operator.store) is None
    assert asked(house, 0) == api.DenylistAnswer(number=0, newest=0, denylist="")


def test_whoever_saw_a_list_that_was_lost_misses_nothing(
    house: House, tmp_path: Path, empty: Callable[[], str]
) -> None:
    """A device of before, one of between and one of after know the same, and the one of between no less than before."""
    deny(house, b"before--")
    backup = save(house, tmp_path / "backup")
    of_before = seen_by_a_program(house)
    for key in (b"between1", b"between2", b"between3"):
        deny(house, key)
    of_between = seen_by_a_program(house)
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        assert seen_by_a_program(again, of_between).key_ids == of_between.key_ids
        for key in (b"after--1", b"after--2"):
            deny(again, key)
        known = {b"before--", b"after--1", b"after--2"}
        assert seen_by_a_program(again).key_ids == known
        assert seen_by_a_program(again, of_before).key_ids == known
        assert seen_by_a_program(again, of_between).key_ids == known | of_between.key_ids
        again.assert_clean()


def test_a_list_of_a_lost_life_is_no_riddle_to_a_ledger_that_denies_nothing(
    house: House, tmp_path: Path, empty: Callable[[], str]
) -> None:
    """Its newest list is empty, and above every one that was seen."""
    backup = save(house, tmp_path / "backup")
    deny(house, b"between1")
    of_between = seen_by_a_program(house)
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        state = seen_by_a_program(again, of_between)
        assert state.key_ids == {b"between1"}
        assert seen_by_a_program(again, state) == state
        deny(again, b"after--1")
        assert seen_by_a_program(again, state).key_ids == {b"between1", b"after--1"}


def test_no_event_number_comes_twice(house: House, tmp_path: Path, empty: Callable[[], str]) -> None:
    """A reader who has read up to one of the lost events goes on from there, and meets new numbers alone."""
    key = house.new_key(house.merchant_id)
    terminal, wallet = house.terminal(), house.wallet()
    pay_once(terminal, wallet)
    assert [one["number"] for one in events(house, key)] == [1]
    backup = save(house, tmp_path / "backup")
    pay_once(terminal, wallet)
    pay_once(terminal, wallet)
    lost = events(house, key, after=1)
    assert [one["number"] for one in lost] == [2, 3]
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        terminal.call = wallet.call = again.call
        request = terminal.request()
        terminal.capture((request, wallet.intent(request)))
        told = events(again, key, after=3)
        epoch = newest_epoch(again.desk.operator.store)
        assert epoch is not None
        assert [one["number"] for one in told] == [epoch.number + 1]
        assert not {one["id"] for one in told} & {one["id"] for one in lost}
        again.assert_clean()


def test_a_bundle_that_comes_after_a_restore_is_newer_than_every_lost_one(
    house: House, tmp_path: Path, empty: Callable[[], str]
) -> None:
    """A device that took a bundle between takes the next one that the root signs."""
    backup = save(house, tmp_path / "backup")
    taken = rotated(house)
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        newest = rotated(again)
        trust = verify_bundle(taken, root_key=house.desk.operator.trust.root_key)
        assert verify_bundle(newest, root_key=trust.root_key, newest=trust).bundle.envelope == newest


def test_a_second_restore_of_one_backup_begins_above_the_first(
    house: House, tmp_path: Path, empty: Callable[[], str]
) -> None:
    """The first restored life is lost as well: its numbers are not handed out again, in the same second neither."""
    deny(house, b"before--")
    backup = save(house, tmp_path / "backup")
    with put_back(house, backup, tmp_path / "first", empty()) as first:
        lost = {first.terminal().message.terminal_id, first.terminal().message.terminal_id}
        again_saved = save(first, tmp_path / "again")
    with put_back(house, backup, tmp_path / "second", empty()) as second:
        assert second.terminal().message.terminal_id not in lost
        second.assert_clean()
    epoch = restore(tmp_path / "third", again_saved, database=empty())
    assert epoch.number > max(lost)


def deny(house: House, key_id: bytes) -> None:
    """By hand."""
    revoke_by_hand(house.desk.operator.store, "key", key_id, reason="lost", at_s=house.clock.now_ms() // 1000)


def add_shop(house: House) -> int:
    """The number of another merchant."""
    details = MerchantDetails(name="Bar", city="Porto", country="PT", mcc=5813, currencies=(Currency.EUR,))
    return int(add_merchant(house.desk.operator.store, details).merchant_id)


def wallet_number(house: House) -> int:
    """The newest wallet's."""
    with house.desk.operator.store.reading() as reader:
        return int(reader.rows("SELECT max(id) FROM wallets")[0][0])


def payment_numbers(house: House) -> set[int]:
    """As the ledger numbers its rows."""
    with house.desk.operator.store.reading() as reader:
        return {payment.number for payment in reader.list_all(PAYMENTS)}


def pay_once(terminal: TestTerminal, wallet: TestWallet) -> None:
    """Offline, claimed."""
    request = terminal.request(100)
    assert terminal.capture((request, wallet.intent(request)))[0]["state"] == "CAPTURED"


def events(house: House, key: str, *, after: int = 0) -> list[dict[str, Any]]:
    """As the merchant's program reads them."""
    found: list[dict[str, Any]] = house.ask("GET", f"/v1/events?after={after}", key).ok()["events"]
    return found


def rotated(house: House) -> bytes:
    """The bundle after a rotation of the receipts' key."""
    made = rotate(
        house.folder / KEYS_FOLDER,
        house.desk.operator.store,
        roles=[Role.RECEIPT],
        root=load_key(house.folder / KEYS_FOLDER, "root"),
        random=house.random,
        now_s=house.clock.now_ms() // 1000,
        start_in_s=0,
    )
    return made.bundle.envelope
