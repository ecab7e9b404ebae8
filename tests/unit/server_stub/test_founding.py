"""Keys, settings and fault points: what stands in the server's folder, and what is refused."""

from pathlib import Path

import pytest

from server_stub.config import (
    CONFIG_FILE,
    KEYS_FOLDER,
    PaymentPolicy,
    RequestLimits,
    ServerConfig,
    TokenLimits,
    WebhookPolicy,
    read_config,
    write_config,
)
from server_stub.faults import FaultPoint, Faults, armed_point
from server_stub.keys import load_key, load_signers
from server_stub.service.administration import MerchantDetails, add_merchant, found, terminal_code
from server_stub.webhooks.guard import Reach
from tests.unit.server_stub.harness import NEVER_S, House
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.ids import MerchantId
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.money import Currency
from wallet_sdk.testing import FROZEN_NOW_S, SeededRandom


def test_keys_are_readable_by_their_owner_only(house: House) -> None:
    """Directory 0700, files 0600, hex inside; serving does not need the root."""
    folder = house.folder / KEYS_FOLDER
    assert folder.stat().st_mode & 0o777 == 0o700
    names = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    roles = ["terminal-ca.key", "token-issuer.key", "receipt.key", "denylist.key"]
    assert names == dict.fromkeys(["root.key", *roles], 0o600)
    (folder / "root.key").unlink()
    again = load_signers(folder, house.desk.operator.trust.bundle.message)
    assert again.receipt.at(FROZEN_NOW_S).public_key == load_key(folder, "receipt").public_key


def test_founding_overwrites_nothing(house: House) -> None:
    """A second init is refused and leaves every file as it was."""
    before = {path: path.read_bytes() for path in house.folder.rglob("*.key")}
    with pytest.raises(MisuseError) as caught:
        found(house.folder, config=ServerConfig(), random=SeededRandom(2), now_s=FROZEN_NOW_S)
    assert caught.value.code is ErrorCode.ALREADY_ENROLLED
    assert {path: path.read_bytes() for path in house.folder.rglob("*.key")} == before


def test_a_torn_or_missing_key_is_said_so(house: House) -> None:
    """Each by its own code, naming the file."""
    folder = house.folder / KEYS_FOLDER
    (folder / "receipt.key").write_text("zz")
    with pytest.raises(UnavailableError, match=r"receipt\.key") as torn:
        load_signers(folder, house.desk.operator.trust.bundle.message)
    assert torn.value.code is ErrorCode.STORAGE_CORRUPT
    with pytest.raises(MisuseError, match=r"other\.key") as missing:
        load_key(folder, "other")
    assert missing.value.code is ErrorCode.NOT_INITIALISED


def test_settings_survive_writing_and_reading(tmp_path: Path) -> None:
    """Every setting, those that are no default too."""
    config = ServerConfig(
        tokens=TokenLimits(payment_max_minor=1, count_max=2),
        payments=PaymentPolicy(uncovered=Liability.MERCHANT, online_late_s_max=0),
        limits=RequestLimits(address_per_s=0, key_burst=7),
        webhooks=WebhookPolicy(reach=Reach.LOOPBACK_TOO),
        activation_lifetime_h=1,
    )
    write_config(tmp_path / CONFIG_FILE, config)
    assert read_config(tmp_path / CONFIG_FILE) == config


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "surprise = 1",
        "tokens = 5",
        "[tokens]\nlifetime_h = 73",
        "[tokens]\nlifetime_h = 0",
        "[tokens]\npayment_max_minor = 1.5",
        "[tokens]\npayment_max_minor = true",
        "[terminals]\nunknown = 1",
        '[payments]\nuncovered = "NOBODY"',
        '[webhooks]\nreach = "EVERYWHERE"',
        "[limits]\naddress_per_s = -1",
        "[limits]\nin_flight_max = 0",
        "[payments]\nuncovered = [1]",
        "[payments]\nonline_late_s_max = 301",
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    """A person's typing error is one line, never a trace."""
    path = tmp_path / CONFIG_FILE
    path.write_text(text)
    with pytest.raises(MisuseError) as caught:
        read_config(path)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT
    assert str(path) in caught.value.message


def test_a_key_that_cannot_be_read_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    """Such as a folder of that name, or a file of another account."""
    (tmp_path / "receipt.key").mkdir()
    with pytest.raises(UnavailableError, match="cannot be read: Is a directory") as caught:
        load_key(tmp_path, "receipt")
    assert caught.value.code is ErrorCode.STORAGE_FAILED


def test_settings_that_cannot_be_read_are_told_from_wrong_ones(tmp_path: Path) -> None:
    """Such as a folder of that name."""
    (tmp_path / CONFIG_FILE).mkdir()
    with pytest.raises(MisuseError, match="cannot be read: Is a directory") as caught:
        read_config(tmp_path / CONFIG_FILE)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


def test_without_settings_nothing_is_served(tmp_path: Path) -> None:
    """The message says what to do."""
    with pytest.raises(MisuseError, match="init") as caught:
        read_config(tmp_path / CONFIG_FILE)
    assert caught.value.code is ErrorCode.NOT_INITIALISED


def test_a_merchant_that_no_certificate_could_carry_is_refused(house: House) -> None:
    """Name and city share 32 bytes; a country has two capital letters."""
    store = house.desk.operator.store
    good = MerchantDetails(name="N" * 20, city="C" * 12, country="PT", mcc=1, currencies=(Currency.EUR,))
    assert add_merchant(store, good).merchant_id == house.merchant_id + 1
    for name, city, country in (("N" * 20, "C" * 13, "PT"), ("N", "C", "pt"), ("", "C", "PT")):
        bad = MerchantDetails(name=name, city=city, country=country, mcc=1, currencies=(Currency.EUR,))
        with pytest.raises(MisuseError) as caught:
            add_merchant(store, bad)
        assert caught.value.code is ErrorCode.BAD_ARGUMENT
    with pytest.raises(MisuseError):
        terminal_code(store, MerchantId(7), random=house.random, expires_at_s=NEVER_S)


def test_fault_points_are_named_and_silent_until_armed(capsys: pytest.CaptureFixture[str]) -> None:
    """An unset variable arms nothing, a wrong one is refused, an armed one is announced loudly."""
    assert armed_point("") is None
    assert armed_point("committer.after_commit") is FaultPoint.AFTER_COMMIT
    with pytest.raises(MisuseError, match=r"committer\.before_commit"):
        armed_point("nowhere")
    Faults().announce()
    assert capsys.readouterr().err == ""
    armed = Faults(FaultPoint.BEFORE_COMMIT)
    armed.announce()
    armed.reach(FaultPoint.AFTER_COMMIT)
    assert "kills itself at committer.before_commit" in capsys.readouterr().err
