"""A wallet's files put back from a backup: noticed, explained, no money lost, and nothing signed twice."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.wallet_sdk.fakes import FakeServer
from wallet_sdk import (
    EncryptedFileKeyStore,
    MisuseError,
    Outcome,
    PayMode,
    Recovery,
    SqliteWalletStore,
    UnavailableError,
    Wallet,
)
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome
from wallet_sdk.protocol.messages import PaymentIntent
from wallet_sdk.testing import FrozenClock, Scheme

PASSPHRASE = "correct horse"
PutBack = Callable[["Home", Path], None]


@dataclass(slots=True)
class Home:
    """A wallet's folder and its server."""

    folder: Path
    clock: FrozenClock
    server: FakeServer

    def wallet(self) -> Wallet:
        """The wallet as a new process opens it."""
        keys = EncryptedFileKeyStore(self.folder / "wallet.keys", PASSPHRASE)
        store = SqliteWalletStore(self.folder / "wallet.sqlite")
        return Wallet.open(store=store, keys=keys, sender=self.server, clock=self.clock)

    def text(self, amount_minor: int = 500) -> str:
        """A request of the terminal."""
        self.server.scheme.now_s = self.clock.now_ms() // 1000
        return qr.to_text(self.server.scheme.request(amount_minor=amount_minor).envelope)

    def pay_offline(self, count: int) -> list[str]:
        """Pay so often, each in a process of its own as far as files go; the intents shown."""
        shown = []
        for _ in range(count):
            with self.wallet() as wallet:
                payment = wallet.scan(self.text()).pay(PayMode.OFFLINE)
                assert payment.qr is not None
                shown.append(payment.qr.text)
        return shown

    def backup(self, name: str) -> Path:
        """Copy all files, while nobody uses them."""
        copy = self.folder.parent / name
        shutil.copytree(self.folder, copy, copy_function=shutil.copy2)
        return copy


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An enrolled wallet that has paid twice offline."""
    clock = FrozenClock()
    home = Home(folder=tmp_path / "home", clock=clock, server=FakeServer(scheme=Scheme(), clock=clock))
    with home.wallet() as wallet:
        wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    home.pay_offline(2)
    return home


def the_store_alone(home: Home, backup: Path) -> None:
    """What a careful person does who knows which file matters."""
    for beside in ("-wal", "-shm"):
        (home.folder / f"wallet.sqlite{beside}").unlink(missing_ok=True)
    shutil.copy2(backup / "wallet.sqlite", home.folder / "wallet.sqlite")


def every_file_in_place(home: Home, backup: Path) -> None:
    """``cp -p backup/* home/``: names, inodes, contents and times are those of the backup."""
    for path in backup.iterdir():
        shutil.copy2(path, home.folder / path.name)


def the_folder_moved_in(home: Home, backup: Path) -> None:
    """The old folder is thrown away, the copy takes its name."""
    shutil.rmtree(home.folder)
    backup.rename(home.folder)


def without_its_mark(home: Home, backup: Path) -> None:
    """Somebody has read that a file called mark is in the way."""
    every_file_in_place(home, backup)
    (home.folder / "wallet.sqlite.mark").unlink()


WAYS = [the_store_alone, every_file_in_place, the_folder_moved_in, without_its_mark]


@pytest.mark.parametrize("put_back", WAYS)
@pytest.mark.parametrize("paid_since", [1, 3])
def test_a_store_put_back_spends_nothing_until_it_has_synced(home: Home, put_back: PutBack, paid_since: int) -> None:
    """It says why, charges nothing, and shows no allowance that it cannot spend; a sync makes it good again."""
    backup = home.backup("backup")
    signed = home.pay_offline(paid_since)
    put_back(home, backup)
    with home.wallet() as wallet:
        for act in (
            lambda: wallet.scan(home.text()).pay(PayMode.OFFLINE),
            lambda: wallet.scan(home.text()).pay(PayMode.ONLINE),
            wallet.present_code,
        ):
            with pytest.raises(UnavailableError) as refused:
                act()
            error = refused.value
            assert (error.code, error.outcome) == (ErrorCode.STORAGE_ROLLED_BACK, MoneyOutcome.NOT_CHARGED)
            assert "sync" in error.message
        assert wallet.balance().offline_left.minor == 0
        report = wallet.sync()
        assert report.recovery is Recovery.ABANDONED
        assert report.balance.offline_left.minor == 20_000
    signed += home.pay_offline(2)
    intents = [open_unverified(qr.from_text(text), PaymentIntent) for text in signed]
    under = {(intent.embedded, intent.message.counter) for intent in intents}
    assert len(under) == len(intents)
    # The abandoned token was not closed at a sum that is too small: that would be evidence against its owner.
    assert home.server.closed_at_minor == {}


def test_a_copy_beside_the_first_spends_nothing_either(home: Home, tmp_path: Path) -> None:
    """Two wallets of one account: the copy must ask for a token of its own, and the first one goes on."""
    copy = Home(folder=home.backup("copy"), clock=home.clock, server=home.server)
    with copy.wallet() as wallet, pytest.raises(UnavailableError) as refused:
        wallet.scan(copy.text()).pay(PayMode.OFFLINE)
    assert refused.value.code is ErrorCode.STORAGE_ROLLED_BACK
    assert len(home.pay_offline(1)) == 1


def test_what_is_moved_and_not_copied_is_the_same_wallet(home: Home) -> None:
    """A folder that gets another name, and is renamed back, has forgotten nothing."""
    elsewhere = home.folder.with_name("elsewhere")
    home.folder.rename(elsewhere)
    moved = Home(folder=elsewhere, clock=home.clock, server=home.server)
    assert len(moved.pay_offline(2)) == 2


def test_a_whole_disk_put_back_is_noticed_by_the_issuer(home: Home) -> None:
    """Nothing local can tell. The issuer knows more of the token than the wallet does, and says so: a fresh token."""
    with home.wallet() as wallet:
        home.server.refuse_closings_with = ErrorCode.BAD_CUMULATIVE
        changed = wallet.change_allowance(allowance_minor=8_000)
        assert changed.offline_left.minor == 8_000
    assert len(home.pay_offline(1)) == 1
    assert home.server.closed_at_minor == {}


def test_money_of_an_abandoned_payment_is_not_lost(home: Home) -> None:
    """The intent that the store has forgotten is claimed and paid as ever."""
    backup = home.backup("backup")
    text = home.text()
    with home.wallet() as wallet:
        payment = wallet.scan(text).pay(PayMode.OFFLINE)
    assert payment.qr is not None
    every_file_in_place(home, backup)
    home.server.capture(qr.from_text(payment.qr.text), qr.from_text(text))
    with home.wallet() as wallet:
        wallet.sync()
        assert wallet.scan(home.text()).pay().outcome is Outcome.SETTLED
    assert home.server.available_minor == 100_000 - 500 - 500


def test_a_wrong_passphrase_and_damaged_files_are_told_apart(home: Home) -> None:
    """Each with its own code and the file that is meant; nothing is overwritten."""
    keys = home.folder / "wallet.keys"
    with pytest.raises(MisuseError) as misuse:
        EncryptedFileKeyStore(keys, "wrong horse")
    assert misuse.value.code is ErrorCode.WRONG_PASSPHRASE
    for path in (keys, home.folder / "wallet.sqlite"):
        good = path.read_bytes()
        path.write_bytes(bytes(len(good)))
        with pytest.raises(UnavailableError) as damaged:
            home.wallet()
        assert damaged.value.code is ErrorCode.STORAGE_CORRUPT
        assert damaged.value.param == path.name
        path.write_bytes(good)
    assert len(home.pay_offline(1)) == 1
