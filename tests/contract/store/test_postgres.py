"""What is PostgreSQL's own: several processes write at once, and whoever comes second decides anew."""

from collections.abc import Generator

import psycopg
import pytest
from msgspec.structs import replace

from server_stub.ledger import AccountId, AccountKind, EntryKind, move
from server_stub.store.postgres import PostgresStore
from server_stub.store.records_money import Hold
from server_stub.store.session import ConflictError
from server_stub.store.tables.money import HOLDS
from server_stub.store.tables.parties import ACCOUNT_NAME, ACCOUNTS
from server_stub.store.writer import Writer
from tests.contract.store.samples import EUR, fill

HOLD = Hold(payment_number=1, authorized_minor=5, expires_at_s=9)


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """An empty database's."""
    made: str = request.getfixturevalue("postgres").new_database()
    return made


@pytest.fixture
def stores(address: str) -> Generator[tuple[PostgresStore, PostgresStore]]:
    """Two processes' stores on one ledger."""
    first = PostgresStore.create(address)
    second = PostgresStore(address)
    yield first, second
    first.close()
    second.close()


def pay(writer: Writer, payer: AccountId, payee: AccountId, amount_minor: int) -> None:
    """Move an amount, which the balance that was read allows."""
    amounts = {payee: amount_minor, payer: -amount_minor}
    writer.post(move(kind=EntryKind.CAPTURE, reference=b"", at_s=2, currency=EUR, amounts_minor=amounts))


def test_a_balance_is_spent_once_whoever_has_read_it(stores: tuple[PostgresStore, PostgresStore]) -> None:
    """Both have read 700, both move 500: the second one's commit does not happen, nor anything that was in it."""
    first, second = stores
    with first.writing() as writer:
        payer = fill(writer).account_id
        payee = writer.open_account(kind=AccountKind.MERCHANT_PAYABLE, holder="1001", currency=EUR)

    def be_slower() -> None:
        with first.writing() as slower:
            pay(slower, payer, payee, 500)
            slower.add(HOLDS, HOLD)
            with second.writing() as faster:
                pay(faster, payer, payee, 500)

    with pytest.raises(ConflictError):
        be_slower()
    with second.reading() as reader:
        assert [reader.balance_minor(account) for account in (payer, payee)] == [200, 500]
        assert reader.find(HOLDS, HOLD.payment_number) is None
        assert reader.rows("SELECT count(*) FROM entries WHERE kind = ?", (int(EntryKind.CAPTURE),)) == [(1,)]
    with first.writing() as again:
        pay(again, payer, payee, 200)


def test_what_was_read_and_is_gone_cannot_be_changed(stores: tuple[PostgresStore, PostgresStore], address: str) -> None:
    """No row of ours is ever deleted; should one be missing all the same, nothing is committed."""
    store, _ = stores
    with store.writing() as writer:
        writer.add(HOLDS, HOLD)

    def change_what_is_taken_away() -> None:
        with store.writing() as writer:
            writer.change(HOLDS, replace(HOLD, expires_at_s=10))
            with psycopg.connect(address) as hand:
                hand.execute("SET lock_timeout = 5000")
                hand.execute("DELETE FROM holds")

    with pytest.raises(ConflictError):
        change_what_is_taken_away()


def test_a_key_that_both_add_is_the_first_ones(stores: tuple[PostgresStore, PostgresStore]) -> None:
    """The second one hears of it among the statements that were sent together, and its connection goes on."""
    first, second = stores

    def be_slower() -> None:
        with first.writing() as slower:
            slower.add(HOLDS, HOLD)
            slower.open_account(kind=AccountKind.FEES, holder="", currency=EUR)
            with second.writing() as faster:
                faster.add(HOLDS, replace(HOLD, expires_at_s=10))

    with pytest.raises(ConflictError):
        be_slower()
    with first.writing() as again:
        assert again.find(HOLDS, HOLD.payment_number) == replace(HOLD, expires_at_s=10)
        assert again.find_by(ACCOUNTS, ACCOUNT_NAME, (int(AccountKind.FEES), "", EUR.number)) is None
