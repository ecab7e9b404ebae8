"""The signed hash chain: sealed behind the commits, and any touch of what is sealed is found by the audit."""

from pathlib import Path

import apsw
import pytest

from server_stub.audit import audit
from server_stub.audit.chain import CHAIN_LAW
from server_stub.audit.evidence import EVIDENCE_LAW
from server_stub.service.sealing import prepare_seal
from server_stub.store.numbers import BLOCK
from server_stub.store.tables.trust import SEALS
from tests.unit.server_stub.harness import House, opened_house


def pay_some(house: House, count: int = 4) -> None:
    """Payments of one wallet at one terminal."""
    terminal, wallet = house.terminal(), house.wallet()
    for number in range(count):
        wallet.pay(terminal.request(100 + number))


def damage(house: House, statement: str) -> None:
    """What somebody does who can write the file."""
    connection = apsw.Connection(str(house.ledger))
    connection.execute(f"PRAGMA foreign_keys = OFF; {statement};")
    connection.close()


def test_everything_committed_is_sealed_at_the_next_look(house: House) -> None:
    """The audit says how many; another look seals nothing twice."""
    pay_some(house)
    assert house.audit().sealed == 0
    house.look()
    report = house.audit()
    assert report.sealed == report.entries == 6
    house.look()
    with house.desk.operator.store.reading() as reader:
        assert reader.count("seals") == 1
    pay_some(house)
    assert house.audit().sealed == 6
    house.look()
    assert house.audit().sealed == house.audit().entries == 12
    house.assert_clean()


DAMAGE = {
    "an amount, both lines": "UPDATE postings SET amount_minor = amount_minor * 2 WHERE entry_number ="
    " (SELECT max(number) FROM entries)",
    "a time": "UPDATE entries SET at_s = at_s + 1 WHERE number = (SELECT min(number) FROM entries)",
    "a cause": "UPDATE entries SET reference = x'00' WHERE number = (SELECT max(number) FROM entries)",
    "an entry left out": "DELETE FROM postings WHERE entry_number = (SELECT max(number) FROM entries);"
    " DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)",
    "an entry put in": "INSERT INTO entries SELECT min(number) - 1, 1, x'', 0 FROM entries WHERE number > 1",
    "a signature": "UPDATE seals SET signature = zeroblob(64)",
    "a hash": "UPDATE seals SET last_hash = zeroblob(32)",
    "a count": "UPDATE seals SET entries = entries + 1",
    "a signer": "UPDATE seals SET key_id = zeroblob(8)",
    "the newest seal left out": "DELETE FROM seals WHERE id = (SELECT max(id) FROM seals)",
    "the first seal left out": "DELETE FROM seals WHERE id = 1",
    "a run left out": "UPDATE seals SET after = last",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_touch_of_what_is_sealed_is_found(house: House, what: str) -> None:
    """Also when everything else still adds up."""
    for _ in range(2):
        pay_some(house)
        house.look()
    house.assert_clean()
    damage(house, DAMAGE[what])
    assert CHAIN_LAW in {finding.law for finding in house.audit().findings}


def test_two_sealers_seal_each_entry_once(house: House) -> None:
    """Both have hashed the same run; the second one finds it sealed and gives up."""
    pay_some(house)
    first, second = prepare_seal(house.desk.operator), prepare_seal(house.desk.operator)
    assert first is not None
    assert second is not None
    committer = house.desk.operator.committer
    assert committer.submit(first).result() is not None
    assert committer.submit(second).result() is None
    house.assert_clean()


def test_each_process_has_its_own_block_of_numbers_and_all_are_sealed(tmp_path: Path) -> None:
    """Numbers of an older block may still come when a newer one is sealed already: the chain follows each block."""
    folder = tmp_path / "server"
    with opened_house(folder) as house:
        pay_some(house)
        with opened_house(folder, seed=2) as second:
            pay_some(second)
            house.look()
            pay_some(house)
            second.look()
            pay_some(second)
            house.look()
        house.look()
        report = house.audit()
        with house.desk.operator.store.reading() as reader:
            blocks = {seal.block for seal in reader.list_all(SEALS)}
            highest = reader.rows("SELECT max(number) FROM entries")[0][0]
        assert len(blocks) >= 2
        assert highest > BLOCK
        assert report.sealed == report.entries == 24
        house.assert_clean()


def test_a_ledger_written_anew_is_found_out_by_the_root_key(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """By its own word it is whole; the root key that its owner wrote down is not the one it stands on."""
    pay_some(house)
    house.look()
    own = house.desk.operator.trust.root_key
    other = house.new_signer().public_key
    assert not audit(house.desk.operator.store, root_key=own).findings
    found = {one.law: one.what for one in audit(house.desk.operator.store, root_key=other).findings}
    assert {CHAIN_LAW, EVIDENCE_LAW} <= set(found)
    assert "not of this root key" in found[CHAIN_LAW]
    assert house.command("audit", "--root-key", own.hex()) == 0
    assert house.command("audit", "--root-key", other.hex()) == 1
    assert "BROKEN  the hash chain" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        house.command("audit", "--root-key", "00" * 33)


def test_blocks_of_which_nothing_was_used_are_passed_over(tmp_path: Path) -> None:
    """A million of them lie between two entries, and a look asks the database a handful of times."""
    folder = tmp_path / "server"
    with opened_house(folder) as house:
        pay_some(house)
        damage(house, "UPDATE numbers SET next = next + 1000000000000, mirror = mirror - 1000000000000")
        with opened_house(folder, seed=2) as second:
            pay_some(second)
            second.look()
        report = house.audit()
        assert report.sealed == report.entries == 12
        with house.desk.operator.store.reading() as reader:
            first, last = (seal.block for seal in reader.list_all(SEALS))
        assert last - first == 1_000_001
        house.assert_clean()
