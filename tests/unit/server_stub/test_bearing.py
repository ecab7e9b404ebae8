"""What the operator bears: within its budgets, of nobody who is known, and fairly to merchants who are honest."""

import asyncio
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import msgspec
import psycopg
import pytest

from server_stub.config import LEDGER_FILE, LossLimits, ServerConfig, TerminalLimits, TokenLimits
from server_stub.ledger import AccountKind
from server_stub.service.administration import MerchantDetails, add_merchant, terminal_code
from server_stub.service.replacing import replacing_terminal_code
from server_stub.store.migrations import known_migrations
from server_stub.store.records_bearing import BudgetKind
from server_stub.store.table import Table
from server_stub.store.tables.bearing import BORNE_PAYMENTS, LOSS_BUDGETS
from tests.unit.server_stub.harness import NEVER_S, House, TestTerminal, TestWallet, opened_house
from tests.unit.server_stub.test_two_processes import sent
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import NO_ENVELOPE, CertificateRequest, PaymentIntent, PaymentRequest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import check_refusing_receipt
from wallet_sdk.protocol.trust import verify_receipt

ON_EVERY_DATABASE = True
DAY_S = 24 * 3600
#: Makes a ledger as it was before there were budgets.
AS_BEFORE = (
    "DROP TABLE loss_budgets",
    "DROP TABLE borne_payments",
    "DROP INDEX terminals_of",
    "ALTER TABLE terminals DROP COLUMN enrolled_at_s",
    "DELETE FROM migrations WHERE name LIKE '%loss_budgets%'",
)
DEFAULTS = LossLimits()

Claim = tuple[Sealed[PaymentRequest], Sealed[PaymentIntent]]
Opened = Callable[..., House]


@pytest.fixture
def opened(address: str, tmp_path: Path) -> Generator[Opened]:
    """Opens the house with other settings."""
    houses: list[Any] = []

    def open_with(**changes: Any) -> House:
        houses.append(opened_house(tmp_path / "changed", config=ServerConfig(database=address, **changes)))
        opened: House = houses[-1].__enter__()
        return opened

    yield open_with
    for one in houses:
        one.__exit__(None, None, None)


def twins(
    wallet: TestWallet, tills: Sequence[TestTerminal], amount_minor: int = 5_000
) -> list[tuple[TestTerminal, Claim]]:
    """One signature's counter used at each till: the first is covered by escrow, as far as that goes."""
    made = []
    for till in tills:
        request = till.request(amount_minor)
        made.append((till, (request, wallet.intent(request, counter=1, cumulative_minor=amount_minor))))
    return made


def captured(claims: Sequence[tuple[TestTerminal, Claim]]) -> list[str]:
    """Each till claims by itself; the states."""
    return [till.capture(claim)[0]["state"] for till, claim in claims]


def lost_minor(house: House) -> int:
    """What the operator has lost."""
    return -house.balances().get((AccountKind.FRAUD_LOSS, ""), 0)


def other_shop(house: House) -> TestTerminal:
    """A till of another merchant."""
    details = MerchantDetails(name="Other", city="Porto", country="PT", mcc=5812, currencies=(Currency.EUR,))
    return house.terminal(add_merchant(house.desk.operator.store, details).merchant_id)


def test_the_recipe_that_drew_2350_from_50_now_draws_the_budget(house: House) -> None:
    """Four tokens, six tills of which three are enrolled after the cases opened, 48 contradicting claims. (R-134)"""
    wallet, phones = house.wallet(5_000), list[TestWallet]()
    for _ in range(4):
        phones.append(replace(wallet))
        wallet.renew(5_000).ok()  # closed at nothing, so that the same 50.00 go into the next token
    early = [house.terminal() for _ in range(3)]
    claims = [one for phone in phones for one in twins(phone, early * 2)]
    house.clock.advance(60)
    states = captured(claims)
    late = [house.terminal() for _ in range(3)]
    states += captured([one for phone in phones for one in twins(phone, late * 2)])
    assert len(states) == 48
    assert lost_minor(house) <= DEFAULTS.young_day_max_minor
    assert house.payable_minor() <= 5_000 + DEFAULTS.young_day_max_minor
    assert set(states[24:]) == {"REJECTED"}
    house.assert_clean()


def test_beyond_the_budget_a_merchant_gets_a_signed_refusal_and_the_reason(opened: Opened) -> None:
    """INSUFFICIENT_FUNDS as before, so that old tills know it; the reason is for whoever asks as the merchant."""
    house = opened(losses=replace(DEFAULTS, wallet_max_minor=5_000))
    till, wallet = house.terminal(), house.wallet(total_max_minor=5_000)
    claims = twins(wallet, [till] * 3)
    house.clock.advance(60)
    outcomes = [till.capture(claim)[0] for _, claim in claims]
    assert [one["state"] for one in outcomes] == ["CAPTURED", "CAPTURED", "REJECTED"]
    assert (outcomes[2]["error_code"], outcomes[2]["reason"]) == (ErrorCode.INSUFFICIENT_FUNDS, "wallet_budget")
    receipt = verify_receipt(api.from_base64url(outcomes[2]["receipt"]), house.desk.operator.trust).message
    request, intent = claims[2][1]
    check_refusing_receipt(
        receipt,
        request=request.message,
        terminal_id=till.message.terminal_id,
        consent_digest=intent.digest,
    )
    assert till.capture(claims[2][1])[0] == outcomes[2], "the same again gets the same answer"
    house.assert_clean()


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (replace(DEFAULTS, merchant_day_max_minor=5_000), "merchant_budget"),
        (replace(DEFAULTS, young_day_max_minor=5_000), "young_terminal_budget"),
        (replace(DEFAULTS, day_max_minor=5_000), "day_budget"),
    ],
)
def test_each_budget_of_a_day_binds_and_is_whole_again_the_next(
    opened: Opened, limits: LossLimits, reason: str
) -> None:
    """Another payer cheats at the same merchant: not on this day, but on the next."""
    house = opened(losses=limits)
    tills = [house.terminal() for _ in range(2)]
    for _ in range(2):
        one, two = house.wallet(5_000), house.wallet(5_000)
        first, second = twins(one, tills), twins(two, tills)
        house.clock.advance(60)
        assert captured(first) == ["CAPTURED", "CAPTURED"]
        outcomes = [till.capture(claim)[0] for till, claim in second]
        assert (outcomes[1]["state"], outcomes[1]["reason"]) == ("REJECTED", reason)
        house.clock.advance(DAY_S)
    assert lost_minor(house) == 10_000
    house.assert_clean()


def test_an_old_till_may_bear_more_than_a_young_one(house: House) -> None:
    """After a week a till is no longer young; a new device makes it young again."""
    tills = [house.terminal() for _ in range(5)]
    house.clock.advance(8 * DAY_S)
    for till in tills:
        renew_certificate(house, till)
    claims = twins(house.wallet(5_000), tills)
    house.clock.advance(60)
    assert captured(claims) == ["CAPTURED"] * 5
    assert lost_minor(house) == 20_000 > DEFAULTS.young_day_max_minor
    house.clock.advance(DAY_S)
    replaced = [another_device(house, till) for till in tills]
    claims = twins(house.wallet(5_000), replaced)
    house.clock.advance(60)
    assert captured(claims) == ["CAPTURED"] * 3 + ["REJECTED"] * 2
    house.assert_clean()


def test_nothing_is_borne_of_what_was_accepted_after_the_case_opened(house: House) -> None:
    """Nor at a till that was enrolled after it, whatever time its request states. (R-135)"""
    tills, wallet = [house.terminal(), house.terminal()], house.wallet(5_000)
    claims = twins(wallet, tills)
    house.clock.advance(60)
    assert captured(claims) == ["CAPTURED", "CAPTURED"]
    house.clock.advance(1)
    late = twins(wallet, tills)
    new = twins(wallet, [house.terminal()])
    back = replace(new[0][1][0].message, issued_at_s=wallet.now_s() - 200)  # before the case, within the clocks' skew
    request = seal(back, new[0][0].signer, embedded=new[0][0].certificate)
    new = [(new[0][0], (request, wallet.intent(request, counter=1, cumulative_minor=5_000)))]
    outcomes = [till.capture(claim)[0] for till, claim in late + new]
    assert [one["reason"] for one in outcomes] == ["case_open", "case_open", "terminal_after_case"]
    assert lost_minor(house) == 5_000
    house.assert_clean()


def test_honest_merchants_are_paid_below_the_budget(house: House) -> None:
    """One customer with a copied phone at five merchants that were offline; each hands in when it comes back."""
    shops, wallet = [other_shop(house) for _ in range(5)], house.wallet(5_000)
    claims = twins(wallet, shops)
    for till, claim in claims:
        house.clock.advance(3_600)  # by then the case is open and the wallet revoked
        assert till.capture(claim)[0]["state"] == "CAPTURED"
    assert lost_minor(house) == 4 * 5_000 == DEFAULTS.wallet_max_minor
    house.assert_clean()


def test_one_cheating_customer_and_one_merchant_leave_the_budget_of_the_others(house: House) -> None:
    """They use up what is theirs; others are paid all that is covered, and what another cheat has signed."""
    crook, cheats = house.terminal(), [house.wallet(5_000) for _ in range(4)]
    claims = [one for cheat in cheats for one in twins(cheat, [crook] * 4)]
    honest, payer, cheat = [other_shop(house), other_shop(house)], house.wallet(5_000), house.wallet(5_000)
    request = honest[0].request(5_000)
    covered = payer.intent(request)
    claimed = twins(cheat, honest)
    house.clock.advance(60)
    assert "REJECTED" in captured(claims)
    assert captured(claimed) == ["CAPTURED", "CAPTURED"]
    assert honest[0].capture((request, covered))[0]["state"] == "CAPTURED"
    house.assert_clean()


def test_a_refund_gives_the_loss_back_but_no_budget(house: House) -> None:
    """Otherwise capture and refund in turn would make it endless."""
    tills, wallet = [house.terminal() for _ in range(4)], house.wallet(5_000)
    claims = twins(wallet, tills)
    house.clock.advance(60)
    assert captured(claims) == ["CAPTURED"] * 3 + ["REJECTED"]
    for till, (request, _) in claims[1:3]:
        till.send_refund(till.refund(request, 5_000)).ok()
    assert lost_minor(house) == 0
    again = twins(wallet, tills[:1])
    assert captured(again) == ["REJECTED"]
    house.assert_clean()


def test_a_wallet_has_few_open_tokens_and_gets_few_in_a_day(opened: Opened) -> None:
    """A closed one makes room for the next; a lost one does when its life is over. (R-136)"""
    house = opened(tokens=TokenLimits(open_max=2, day_max=4))
    wallet = house.wallet(total_max_minor=100)
    wallet.renew(100, closing=NO_ENVELOPE).ok()
    assert wallet.renew(100, closing=NO_ENVELOPE).code() is ErrorCode.OVER_COUNT_LIMIT
    wallet.renew(100).ok()
    wallet.renew(100).ok()
    assert wallet.renew(100).code() is ErrorCode.OVER_COUNT_LIMIT
    house.clock.advance(3 * DAY_S + 1)
    wallet.renew(100, closing=NO_ENVELOPE).ok()
    house.assert_clean()


def test_a_merchant_has_so_many_terminals_and_a_revoked_one_makes_room(opened: Opened) -> None:
    """The shop's own key lets them in, so their number is the operator's to say. (R-136)"""
    house = opened(terminals=TerminalLimits(per_merchant_max=2))
    house.terminal()
    lost = house.terminal()
    device = TestTerminal(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())
    code = terminal_code(house.desk.operator.store, house.merchant_id, random=house.random, expires_at_s=NEVER_S)
    assert device.enrol(code).code() is ErrorCode.OVER_COUNT_LIMIT
    other_shop(house)
    another_device(house, lost)
    assert device.enrol(code).code() is ErrorCode.OVER_COUNT_LIMIT
    key = house.new_key(house.merchant_id)
    house.ask("POST", f"/v1/terminals/{lost.message.terminal_id}/block", key, {"reason": "lost"}).ok()
    device.enrol(code).ok()
    house.assert_clean()


def test_two_servers_share_one_budget(house: House) -> None:
    """Many wallets' contradictions at both at once: together they draw no more than one merchant's day."""
    tills = [house.terminal() for _ in range(4)]
    wallets = [house.wallet(5_000) for _ in range(4)]
    claims = [one for wallet in wallets for one in twins(wallet, tills)]
    house.clock.advance(60)
    with opened_house(house.folder, seed=2) as second:
        second.clock.advance(60)
        bodies = [
            ((house, second)[number % 2], api.PATH_CAPTURES, till.batch(claim))
            for number, (till, claim) in enumerate(claims)
        ]
        answers = asyncio.run(sent(bodies))
    assert {answer.http_status for answer in answers} == {200}
    assert lost_minor(house) == DEFAULTS.young_day_max_minor
    house.assert_clean()


def test_the_audit_holds_each_budget_against_the_postings(house: House) -> None:
    """A budget that is lowered, raised or forgotten, and a payment that was borne in silence."""
    claims = twins(house.wallet(5_000), [house.terminal() for _ in range(3)])
    elsewhere = other_shop(house).message.merchant_id
    house.clock.advance(60)
    captured(claims[:2])
    house.clock.advance(600)
    captured(claims[2:])
    house.assert_clean()
    with house.desk.operator.store.reading() as reader:
        budgets, borne = reader.list_all(LOSS_BUDGETS), reader.list_all(BORNE_PAYMENTS)
    assert {budget.kind for budget in budgets} == set(BudgetKind)
    damaged: list[tuple[Table[Any, Any], Any, dict[str, Any]]] = [
        (LOSS_BUDGETS, budget, {"amount_minor": amount_minor}) for budget in budgets for amount_minor in (9_998, 9_999)
    ]
    late = {"made_at_s": house.desk.operator.now_s()}
    damaged += [(BORNE_PAYMENTS, borne[1], one) for one in ({"is_young": False}, {"merchant_id": elsewhere}, late)]
    for table, record, fields in damaged:
        change(house, table, msgspec.structs.replace(record, **fields))
        assert house.audit().findings, fields
        change(house, table, record)
    house.assert_clean()


def test_what_was_borne_before_there_were_budgets_counts(address: str, tmp_path: Path) -> None:
    """An old ledger is brought up to date: the wallet has drawn what it has drawn, and the audit is clean."""
    config = ServerConfig(database=address)
    with opened_house(tmp_path / "server", config=config) as house:
        tills = [house.terminal() for _ in range(4)]
        claims = twins(house.wallet(5_000), tills)
        house.clock.advance(60)
        assert captured(claims[:3]) == ["CAPTURED"] * 3
        wanted = {kind: 10_000 for kind in BudgetKind if kind is not BudgetKind.YOUNG_TERMINALS}
    for statement in (*as_before_row_checks("postgres" if address else "sqlite"), *AS_BEFORE):
        if address:
            with psycopg.connect(address) as database:
                database.execute(statement)
        else:
            connection = apsw.Connection(str(tmp_path / "server" / LEDGER_FILE))
            connection.execute(statement)
            connection.close()
    with opened_house(tmp_path / "server") as house:
        with house.desk.operator.store.reading() as reader:
            budgets = reader.list_all(LOSS_BUDGETS)
        assert {budget.kind: budget.amount_minor for budget in budgets} == wanted
        assert [budget.max_minor for budget in budgets] == [10_000] * 3
        house.assert_clean()


def as_before_row_checks(dialect: str) -> list[str]:
    """What undoes the migration that gave each row its check: it came after the budgets."""
    (migration,) = (one for one in known_migrations(dialect) if one.name.endswith("_row_checks.sql"))
    added = re.findall(r"^ALTER TABLE (\w+) ADD COLUMN (\w+)", migration.text, re.MULTILINE)
    made = re.findall(r"^CREATE TABLE (\w+)", migration.text, re.MULTILINE)
    return [
        *(f"ALTER TABLE {table} DROP COLUMN {column}" for table, column in added),
        *(f"DROP TABLE {table}" for table in made),
        f"DELETE FROM migrations WHERE number = {migration.number}",  # noqa: S608 - a number of ours
    ]


def change(house: House, table: Table[Any, Any], record: Any) -> None:
    """Put a record in another's place, behind the server's back."""
    with house.desk.operator.store.writing() as writer:
        writer.find(table, table.key_of(record))
        writer.change(table, record)


def renew_certificate(house: House, till: TestTerminal) -> None:
    """A fresh certificate for a till."""
    asked = seal(CertificateRequest(made_at_s=till.now_s()), till.signer).envelope
    answer = house.call("POST", api.PATH_CERTIFICATES, asked, "").ok()
    till.certificate = Envelope(api.from_base64url(answer["certificate"]))


def another_device(house: House, till: TestTerminal) -> TestTerminal:
    """Another device under the same number."""
    code = replacing_terminal_code(
        house.desk.operator.store,
        till.message.terminal_id,
        random=house.random,
        not_before_s=0,
        expires_at_s=NEVER_S,
        at_s=house.desk.operator.now_s(),
    )
    device = TestTerminal(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())
    device.enrol(code).ok()
    return device
