"""The audit finds what was damaged: each kind of damage is planted in a ledger that was clean."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from server_stub.audit import Finding, audit_view
from server_stub.audit.rows import ROW_LAW
from server_stub.config import ServerConfig
from server_stub.demo.database import LocalPostgres
from server_stub.faults import Faults
from server_stub.fees import FeePolicy
from server_stub.service.administration import set_fees
from server_stub.service.events import number_all
from server_stub.store.postgres import PostgresSession
from server_stub.store.reader import Reader
from server_stub.store.sqlite import SqliteStore
from tests.unit.server_stub.harness import House, opened_house
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.money import Currency

DAMAGE = {
    "a balance is raised": "UPDATE accounts SET balance = balance + 1 WHERE kind = 4",
    "money is moved without an entry": (
        "UPDATE accounts SET balance = balance + CASE kind WHEN 4 THEN 1 ELSE -1 END WHERE kind IN (1, 4)"
    ),
    "a posting is gone": "DELETE FROM postings WHERE entry_number = (SELECT min(number) FROM entries) AND line = 1",
    "an entry is gone": "DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)",
    "an entry's postings are gone": "DELETE FROM postings WHERE entry_number = (SELECT max(number) FROM entries)",
    "a posting has another amount": "UPDATE postings SET amount_minor = amount_minor + 1 WHERE line = 1",
    "a posting has another currency": "UPDATE postings SET currency = 392",
    "a payment is gone": "DELETE FROM payments",
    "a payment has another amount": "UPDATE payments SET amount_minor = amount_minor + 1",
    "a payment is of another consent": "UPDATE payments SET number = number + 99",
    "a consent was declined after all": "UPDATE consents SET state = 10",
    "a counter is forgotten": "DELETE FROM spent_counters WHERE counter = 1",
    "a counter is paid twice": "UPDATE consents SET counter = 1",
    "a token's total is lowered": "UPDATE tokens SET total_minor = 100",
    "a paid request is closed": "UPDATE answered_requests SET closing = x'00', closed_at_s = 0",
    "a request is paid by another payment": "UPDATE answered_requests SET payment_number = payment_number + 99",
    "a request forgets its payment": "DELETE FROM answered_requests",
    "a consent is gone": "DELETE FROM consents",
    "a token is gone": "DELETE FROM tokens",
    "a payment is another wallet's": "UPDATE payments SET wallet_id = wallet_id + 1",
    "a floor is lowered": "UPDATE accounts SET floor = -5 WHERE kind = 2",
    "a token is closed too low": "UPDATE tokens SET standing = 2, spent_minor = 0, closing = x'00'",
    "an event is gone": "DELETE FROM events WHERE number = 1",
    "an event is another one": "UPDATE events SET kind = 'payment.declined'",
    "an event is of nobody": "UPDATE events SET merchant_id = 1, number = NULL WHERE number = 2",
    "an event too many": "INSERT INTO events VALUES (1, 1001, 'payment.captured', 0, x'7b7d', NULL, NULL)",
    "an event's number is skipped": "UPDATE events SET number = 3 WHERE number = 2",
    "a counter of events is behind": "UPDATE event_counts SET last_number = 1",
    "a terminal is gone": "DELETE FROM terminals",
    "a merchant is blocked by nobody": "UPDATE merchants SET blocked_at_s = 1",
    "a block of a merchant that he was not told of": (
        "INSERT INTO standing_changes SELECT 1, id, 2, 0, '', '', NULL FROM merchants LIMIT 1"
    ),
}


MONEY_DAMAGE = {
    "a fee is forgotten": "UPDATE payments SET fee_minor = 0 WHERE fee_minor > 0",
    "a fee is invented": "UPDATE payments SET fee_minor = fee_minor + 1",
    "a refund is forgotten": "DELETE FROM refunds",
    "a payment forgets its refund": "UPDATE payments SET refunded_minor = 0",
    "a refund is larger": "UPDATE refunds SET amount_minor = amount_minor + 1",
    "a refund is of another payment": "UPDATE refunds SET payment_number = payment_number + 1",
    "a refund went to the operator": "UPDATE refunds SET to_loss_minor = 1",
    "a refund has another cause": "UPDATE refunds SET digest = x'00'",
    "a hold is forgotten": "DELETE FROM holds WHERE ended_at_s IS NULL",
    "a hold was larger": "UPDATE holds SET authorized_minor = authorized_minor + 1 WHERE ended_at_s IS NULL",
    "an open hold is called ended": "UPDATE holds SET ended_at_s = 0, end_entry = 1 WHERE ended_at_s IS NULL",
    "an ended hold is called open": "UPDATE holds SET ended_at_s = NULL, end_entry = NULL",
    "a held payment is called captured": "UPDATE payments SET state = 3 WHERE state = 2",
    "a captured payment is called expired": (
        "UPDATE payments SET state = 12 WHERE number IN (SELECT payment_number FROM holds) AND state = 3"
    ),
    "a hold ended by another entry": "UPDATE holds SET end_entry = end_entry - 1 WHERE ended_at_s IS NOT NULL",
    "a payment was borne by the operator": "UPDATE payments SET borne_minor = 1",
    "a shortfall is invented": (
        "INSERT INTO shortfalls SELECT t.id, m.id, 5, NULL FROM tokens t CROSS JOIN terminals m LIMIT 1"
    ),
    "a loss is invented": "INSERT INTO borne_payments SELECT number, 1001, 0, 0, NULL FROM payments LIMIT 1",
    "a budget is drawn on by nobody": "INSERT INTO loss_budgets VALUES (1, 3001, 978, 0, 5, 10, NULL)",
    "a denial is taken back": "INSERT INTO denials VALUES (2, 3, x'00', '', 0, NULL, NULL)",
    "a refusal for risk without a reason": "UPDATE consents SET error_code = 2034 WHERE error_code = 0",
    "a reason without a refusal": (
        "INSERT INTO risk_decisions SELECT digest, 0, 'day_cap', '[]', NULL FROM consents LIMIT 1"
    ),
}


def plain_ledger(house: House) -> None:
    """Two offline payments, and their events numbered."""
    terminal, wallet = house.terminal(), house.wallet()
    first, second = terminal.request(), terminal.request()
    terminal.capture((first, wallet.intent(first)), (second, wallet.intent(second)))
    number_all(house.desk.operator, house.merchant_id)
    house.assert_clean()


def ledger_with_holds(house: House) -> None:
    """A hold of each kind, a fee and a refund."""
    set_fees(house.desk.operator.store, house.merchant_id, Currency.EUR, FeePolicy(basis_points=100))
    terminal, wallet = house.terminal(), house.wallet()
    held, taken, voided, plain = (*(terminal.request(1_000, hold_h=1) for _ in range(3)), terminal.request(1_000))
    for request in (held, taken, voided, plain):
        wallet.pay(request)
    terminal.end_hold(taken, 600).ok()
    terminal.end_hold(voided, 0).ok()
    terminal.send_refund(terminal.refund(plain, 400)).ok()
    house.assert_clean()


@pytest.mark.parametrize("what", DAMAGE)
def test_planted_damage_is_found(house: House, what: str) -> None:
    """Clean before, a finding after."""
    plain_ledger(house)
    assert findings_after(house.ledger, DAMAGE[what], house)


@pytest.mark.parametrize("what", MONEY_DAMAGE)
def test_damage_to_holds_fees_and_refunds_is_found(house: House, what: str) -> None:
    """In a ledger with a hold of each kind, a fee and a refund."""
    ledger_with_holds(house)
    assert findings_after(house.ledger, MONEY_DAMAGE[what], house)


@pytest.mark.parametrize(("made", "damage"), [(plain_ledger, DAMAGE), (ledger_with_holds, MONEY_DAMAGE)])
def test_the_same_damage_is_found_on_postgresql(
    tmp_path: Path, postgres: LocalPostgres, made: Callable[[House], None], damage: dict[str, str]
) -> None:
    """Each in a transaction that the audit sees from inside and that is undone after it: one ledger is enough."""
    address = postgres.new_database()
    with opened_house(tmp_path / "server", config=ServerConfig(database=address)) as house:
        made(house)
        with psycopg.connect(address) as connection:
            view = Reader(PostgresSession(connection, Faults()))
            for what, statement in damage.items():
                assert not audit_view(view).findings, what
                for table in ("answered_requests", "payments", "refunds", "holds", "shortfalls", "denials"):
                    drop_checks(connection, table)
                connection.execute("SET session_replication_role = replica")  # nor are references looked at
                connection.execute(statement.replace("x'7b7d'", "'\\x7b7d'").replace("x'00'", "'\\x00'"))
                assert laws_broken(audit_view(view).findings), what
                connection.rollback()
        house.assert_clean()


def findings_after(ledger: Path, statement: str, house: House) -> tuple[Finding, ...]:
    """What the audit finds when somebody with the file has changed it."""
    connection = apsw.Connection(str(ledger))
    connection.execute(f"PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {statement};")
    connection.close()
    return laws_broken(house.audit().findings)


def laws_broken(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What is found without the rows' own checks, which whoever changes a row with thought writes anew, too."""
    return tuple(one for one in findings if one.law != ROW_LAW)


def drop_checks(connection: "psycopg.Connection[Any]", table: str) -> None:
    """Whoever damages a ledger does not stop at its constraints; here it is undone with the damage."""
    checks = connection.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass", (table,)
    ).fetchall()
    for (name,) in checks:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def test_a_fraud_case_must_have_its_consequences(house: House) -> None:
    """Whoever unblocks a wallet by hand leaves a trace."""
    terminal, wallet = house.terminal(), house.wallet()
    requests = [terminal.request(10), terminal.request(20)]
    terminal.capture(*((one, wallet.intent(one, counter=1, cumulative_minor=20)) for one in requests))
    house.assert_clean()
    connection = apsw.Connection(str(house.ledger))
    connection.execute("UPDATE wallets SET blocked_at_s = NULL")
    connection.close()
    (finding,) = laws_broken(house.audit().findings)
    assert finding.law == "each fraud case has closed its token and blocked its wallet, until that got another device"


def test_a_missing_or_torn_file_is_told_apart_from_a_clean_one(tmp_path: Path) -> None:
    """No file is the caller's mistake, a file that is no ledger is corrupt."""
    with pytest.raises(MisuseError) as missing:
        SqliteStore(tmp_path / "none.sqlite")
    assert missing.value.code is ErrorCode.NOT_INITIALISED
    torn = tmp_path / "torn.sqlite"
    torn.write_bytes(b"not a database" * 1000)
    with pytest.raises(UnavailableError) as corrupt:
        SqliteStore(torn)
    assert corrupt.value.code is ErrorCode.STORAGE_CORRUPT
