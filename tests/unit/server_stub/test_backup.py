"""A backup is of one moment, is refused when a byte of it is off, and comes back clean."""

import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from server_stub.backup import MANIFEST, back_up, restore
from server_stub.bootstrap import opened_store
from server_stub.config import CONFIG_FILE, KEYS_FOLDER, LEDGER_FILE, read_config, write_config
from server_stub.risk.file import RISK_FILE
from server_stub.store.tables.clock import ACKNOWLEDGEMENTS
from server_stub.store.tables.payments import PAYMENTS
from tests.unit.server_stub.harness import House, opened_house
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.testing import FROZEN_NOW_S

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


@pytest.fixture
def empty(request: pytest.FixtureRequest, house: House) -> str:
    """The address of an empty database of the same kind, "" for a file."""
    return request.getfixturevalue("postgres").new_database() if house.desk.operator.config.database else ""


def test_a_backup_while_payments_come_in_is_of_one_moment(house: House, tmp_path: Path, empty: str) -> None:
    """Whatever is in it is whole: the audit of what is restored is clean, and all that came before is there."""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=5_000)
    claims = [(request, wallet.intent(request)) for request in (terminal.request(1) for _ in range(300))]
    terminal.capture(*claims[:10])
    started = threading.Event()

    def pay() -> None:
        for claim in claims[10:60]:
            terminal.capture(claim)
            started.set()

    payer = threading.Thread(target=pay)
    payer.start()
    assert started.wait(20)
    back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    payer.join()
    restore(tmp_path / "restored", tmp_path / "backup", database=empty)
    with opened_store(tmp_path / "restored") as store, store.reading() as reader:
        assert 11 <= reader.count("payments") <= 60


def test_risk_rules_come_back_with_the_ledger(house: House, tmp_path: Path, empty: str) -> None:
    """A server that forgot them would refuse nothing; and they must be what was backed up."""
    rules = '[[cap]]\nname = "small"\ncurrency = "EUR"\npayment_max_minor = 1\n'
    (house.folder / RISK_FILE).write_text(rules)
    back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    restore(tmp_path / "restored", tmp_path / "backup", database=empty)
    assert (tmp_path / "restored" / RISK_FILE).read_text() == rules
    (tmp_path / "backup" / RISK_FILE).write_text(rules.replace("1", "9"))
    with pytest.raises(UnavailableError, match=r"risk\.toml is not what was backed up"):
        restore(tmp_path / "another", tmp_path / "backup", database=empty)
    assert not (tmp_path / "another").exists()


def test_a_backup_that_fails_leaves_no_folder(house: House, tmp_path: Path) -> None:
    """A file that cannot be copied, a database that is away: the next try may have the same name."""
    config = read_config(house.folder / CONFIG_FILE)
    (house.folder / RISK_FILE).mkdir()
    with pytest.raises(UnavailableError, match="Is a directory"):
        back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    assert not (tmp_path / "backup").exists()
    (house.folder / RISK_FILE).rmdir()
    write_config(house.folder / CONFIG_FILE, replace(config, database="postgresql://nobody@127.0.0.1:1/none"))
    with pytest.raises(UnavailableError, match="connection"):
        back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    assert not (tmp_path / "backup").exists()
    write_config(house.folder / CONFIG_FILE, config)
    assert back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S).files


def test_what_is_restored_goes_on(house: House, tmp_path: Path, empty: str) -> None:
    """Answers are the same as before, and new payments get numbers that nobody had."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    claim = (request, wallet.intent(request))
    outcomes = terminal.capture(claim)
    back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    restore(tmp_path / "restored", tmp_path / "backup", database=empty)
    shutil.copytree(house.folder / KEYS_FOLDER, tmp_path / "restored" / KEYS_FOLDER)
    with opened_house(tmp_path / "restored") as again:
        terminal.call = wallet.call = again.call
        another = terminal.request()
        assert terminal.capture((another, wallet.intent(another)))[0]["state"] == "CAPTURED"
        assert terminal.capture(claim) == outcomes
        again.assert_clean()
        with again.desk.operator.store.reading() as reader:
            assert len({payment.number for payment in reader.list_all(PAYMENTS)}) == 2


def test_a_backup_that_is_off_by_a_byte_is_refused(house: House, tmp_path: Path, empty: str) -> None:
    """So are one without its manifest, a second one into the same folder, and a restore over a ledger."""
    target = tmp_path / "backup"
    back_up(house.folder, target, made_at_s=FROZEN_NOW_S)
    with pytest.raises(MisuseError) as there:
        back_up(house.folder, target, made_at_s=FROZEN_NOW_S)
    assert there.value.code is ErrorCode.ALREADY_ENROLLED
    with pytest.raises(MisuseError) as over:
        restore(house.folder, target)
    assert over.value.code is ErrorCode.ALREADY_ENROLLED
    file = max((path for path in (target / "ledger").iterdir()), key=lambda path: path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(UnavailableError) as torn:
        restore(tmp_path / "restored", target, database=empty)
    assert torn.value.code is ErrorCode.STORAGE_CORRUPT
    (target / MANIFEST).unlink()
    with pytest.raises(MisuseError) as unfinished:
        restore(tmp_path / "restored", target, database=empty)
    assert unfinished.value.code is ErrorCode.NOT_INITIALISED


def test_what_the_audit_finds_wrong_is_not_left_where_it_could_be_served(
    house: House, tmp_path: Path, empty: str
) -> None:
    """Refused with the law that is broken; the folder has nothing to serve, and still what a person had laid aside."""
    house.wallet()
    with house.desk.operator.store.writing() as writer:
        writer.rows("UPDATE accounts SET balance = balance + 1 WHERE kind = 1 RETURNING id")
    back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    aside = tmp_path / "restored" / f"{LEDGER_FILE}.damaged"
    aside.parent.mkdir()
    aside.write_text("the only copy")
    with pytest.raises(UnavailableError, match="balance") as caught:
        restore(tmp_path / "restored", tmp_path / "backup", database=empty)
    assert caught.value.code is ErrorCode.STORAGE_CORRUPT
    assert list((tmp_path / "restored").iterdir()) == [aside]
    restore(tmp_path / "restored", tmp_path / "backup", database=empty, acknowledged=names_in(str(caught.value)))


def names_in(refusal: str) -> list[str]:
    """The names of the findings that a refusal tells."""
    return re.findall(r"--acknowledge ([0-9a-f]{8})", refusal)


def test_a_finding_that_a_person_knows_does_not_end_every_later_backup(
    house: House, tmp_path: Path, empty: str
) -> None:
    """He names it, and nothing else is let through with it; what he did stands in the ledger, and in its backups."""
    house.wallet()
    with house.desk.operator.store.writing() as writer:
        writer.rows("UPDATE accounts SET balance = balance + 1 WHERE kind = 1 RETURNING id")
    back_up(house.folder, tmp_path / "backup", made_at_s=FROZEN_NOW_S)
    with pytest.raises(UnavailableError, match="what was restored is not clean") as caught:
        restore(tmp_path / "restored", tmp_path / "backup", database=empty)
    names = names_in(str(caught.value))
    assert len(names) == 2  # the balance is not the sum of its postings, and the currency's sum is not zero
    with pytest.raises(UnavailableError):
        restore(tmp_path / "restored", tmp_path / "backup", database=empty, acknowledged=names[:1])
    with pytest.raises(MisuseError, match="there is no finding 00000000"):
        restore(tmp_path / "restored", tmp_path / "backup", database=empty, acknowledged=[*names, "00000000"])
    restore(tmp_path / "restored", tmp_path / "backup", database=empty, now_s=FROZEN_NOW_S, acknowledged=names)
    with opened_store(tmp_path / "restored") as store, store.reading() as reader:
        assert [one.name for one in reader.list_all(ACKNOWLEDGEMENTS)] == names


@pytest.mark.parametrize(
    ("made_at_s", "said"),
    [
        (FROZEN_NOW_S - 40 * 86_400, "before its ledger's newest time"),
        (FROZEN_NOW_S + 40 * 86_400, "calls later"),
    ],
)
def test_a_backup_from_a_wrong_clock_is_told(
    house: House, tmp_path: Path, empty: str, made_at_s: int, said: str
) -> None:
    """Its time says which backup is the newest; restored all the same when a person knows of it."""
    house.wallet()
    back_up(house.folder, tmp_path / "backup", made_at_s=made_at_s)
    with pytest.raises(UnavailableError, match=said) as caught:
        restore(tmp_path / "restored", tmp_path / "backup", database=empty, now_s=FROZEN_NOW_S)
    names = names_in(str(caught.value))
    restore(tmp_path / "restored", tmp_path / "backup", database=empty, now_s=FROZEN_NOW_S, acknowledged=names)
