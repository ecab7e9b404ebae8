"""Entries that somebody with SQL has written before the sealer came: all sums are right, and the audit names them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from server_stub.audit.owners import OWNER_LAWS
from server_stub.config import ServerConfig
from server_stub.demo.database import LocalPostgres
from server_stub.ledger import AccountKind, EntryKind
from tests.unit.server_stub.harness import House, opened_house
from wallet_sdk.testing import FROZEN_NOW_S

AMOUNT_MINOR = 5
#: Kind of entry, the kinds of account that it takes from and gives to; "other" is the second wallet's.
FORGED = {
    "a merchant's money is released to a wallet": (EntryKind.RELEASE, "payable", "available"),
    "a token returns the merchant's money": (EntryKind.TOKEN_RETURN, "payable", "available"),
    "a token's money goes to another wallet": (EntryKind.RELEASE, "escrow", "other"),
    "a wallet's money is returned to another": (EntryKind.TOKEN_RETURN, "available", "other"),
    "a wallet's free money is issued to another": (EntryKind.TOKEN_ISSUE, "available", "other"),
    "a token gives back before it is closed": (EntryKind.TOKEN_RETURN, "escrow", "available"),
}
_KINDS = {
    "payable": AccountKind.MERCHANT_PAYABLE,
    "available": AccountKind.PAYER_AVAILABLE,
    "escrow": AccountKind.PAYER_ESCROW,
    "other": AccountKind.PAYER_AVAILABLE,
}
Run = Callable[[str], Any]


def forge(run: Run, kind: EntryKind, source: str, target: str) -> None:
    """One entry under the first token's name, its postings and balances; numbers and row checks stay as they are."""
    number = "(SELECT max(number) FROM entries)"
    run(
        f"INSERT INTO entries (number, kind, reference, at_s) SELECT {number} + 1, {kind:d}, reference, {FROZEN_NOW_S}"  # noqa: S608 - numbers and names of ours
        f" FROM entries WHERE number = (SELECT min(number) FROM entries WHERE kind = {EntryKind.TOKEN_ISSUE:d})"
    )
    for line, (name, minor) in enumerate(((source, -AMOUNT_MINOR), (target, AMOUNT_MINOR)), start=1):
        wanted = "max" if name == "other" else "min"
        account = f"(SELECT {wanted}(id) FROM accounts WHERE kind = {_KINDS[name]:d} AND currency = 978)"  # noqa: S608 - numbers and names of ours
        run(
            "INSERT INTO postings (entry_number, line, account_id, currency, amount_minor)"  # noqa: S608 - numbers and names of ours
            f" VALUES ({number}, {line}, {account}, 978, {minor})"
        )
        run(f"UPDATE accounts SET balance = balance + ({minor}) WHERE id = {account}")  # noqa: S608 - numbers and names of ours


def two_wallets(house: House) -> None:
    """One that has paid, and one that gets what is not its own."""
    terminal, wallet = house.terminal(), house.wallet()
    wallet.pay(terminal.request())
    house.wallet()
    house.assert_clean()


def broken(house: House) -> set[str]:
    """The laws of owners that the sealed ledger breaks."""
    house.look()
    return {one.law for one in house.audit().findings} & {law.text for law in OWNER_LAWS}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_entry_is_found_though_it_was_sealed(house: House, what: str) -> None:
    """The server seals whatever stands there; what an entry may do is another law."""
    two_wallets(house)
    connection = apsw.Connection(str(house.ledger))
    forge(connection.execute, *FORGED[what])
    connection.close()
    assert broken(house)


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_entry_is_found_on_postgresql(tmp_path: Path, postgres: LocalPostgres, what: str) -> None:
    """The same there."""
    address = postgres.new_database()
    with opened_house(tmp_path / "server", config=ServerConfig(database=address)) as house:
        two_wallets(house)
        with psycopg.connect(address) as connection:
            forge(lambda statement: connection.execute(statement.encode()), *FORGED[what])
        assert broken(house)
