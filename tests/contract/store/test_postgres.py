"""What is PostgreSQL's own: several processes write at once, and whoever comes second decides anew."""

from collections.abc import Generator

import psycopg
import pytest
from msgspec.structs import replace
from psycopg import errors

from server_stub.ledger import AccountId, AccountKind, EntryKind, move
from server_stub.store.postgres import PostgresStore
from server_stub.store.postgres_errors import before_commit
from server_stub.store.records_money import Hold
from server_stub.store.session import ConflictError
from server_stub.store.tables.money import HOLDS
from server_stub.store.tables.parties import ACCOUNT_NAME, ACCOUNTS
from server_stub.store.writer import Writer
from tests.contract.store.samples import EUR, fill
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

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


def test_who_comes_second_says_nothing_on_stderr(
    stores: tuple[PostgresStore, PostgresStore], caplog: pytest.LogCaptureFixture
) -> None:
    """psycopg logs what a pipeline meets behind a refused statement; it is decided anew, and nobody's worry."""
    first, second = stores

    def add_both() -> None:
        with first.writing() as slower:
            slower.add(HOLDS, HOLD)
            slower.open_account(kind=AccountKind.MERCHANT_PAYABLE, holder="1001", currency=EUR)
            with second.writing() as faster:
                faster.add(HOLDS, HOLD)

    with pytest.raises(ConflictError):
        add_both()
    assert [record.getMessage() for record in caplog.records] == []


def test_a_database_of_another_encoding_is_refused_before_a_table_is_made(
    request: pytest.FixtureRequest,
) -> None:
    """SQL_ASCII takes any bytes and gives them back as none of ours: "migration 0001 is not the one" was said of it."""
    server = request.getfixturevalue("postgres")
    with psycopg.connect(server.address(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    address = server.address("bytes")
    with pytest.raises(UnavailableError, match="the database's encoding is SQL_ASCII, a ledger's must be UTF8"):
        PostgresStore.create(address)
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.parametrize("kind", [errors.DuplicatePreparedStatement, errors.InvalidSqlStatementName])
def test_a_pooler_in_transaction_mode_is_named(kind: type[psycopg.Error]) -> None:
    """Not called a bug of ours: what to change is said."""
    refused = before_commit(kind('prepared statement "_pg3_0" already exists'))
    assert isinstance(refused, UnavailableError)
    assert (refused.code, "pool_mode" in refused.message) == (ErrorCode.STORAGE_FAILED, True)


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
