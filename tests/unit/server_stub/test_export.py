"""``tillcode-server export``: a ledger with everything in it, before an accounting program of others."""

import json
from pathlib import Path

import pytest

from server_stub.fees import FeePolicy
from server_stub.service.administration import set_fees
from tests.oracle.other_program import answer_of
from tests.unit.server_stub.harness import OFFLINE, House
from wallet_sdk.protocol.money import Currency

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


def live(house: House) -> None:
    """Every kind of movement in two currencies: fees, holds, refunds, returns, a fraud case."""
    set_fees(house.desk.operator.store, house.merchant_id, Currency.EUR, FeePolicy(basis_points=250))
    terminal, wallet, yen = house.terminal(), house.wallet(20_000), house.wallet(50_000, currency=Currency.JPY)
    plain, deposit, voided, bought = (
        terminal.request(1_000),
        terminal.request(900, hold_h=1),
        terminal.request(800, hold_h=1),
        terminal.request(700, currency=Currency.JPY),
    )
    for payer, request in ((wallet, plain), (wallet, deposit), (wallet, voided), (yen, bought)):
        payer.pay(request)
    terminal.end_hold(deposit, 500).ok()
    house.clock.advance(3_600)
    house.look()
    terminal.send_refund(terminal.refund(plain, 300)).ok()
    wallet.renew().ok()
    for one in (house.terminal(), house.terminal()):
        request = one.request(5_000)
        one.capture((request, wallet.intent(request, OFFLINE, counter=1, cumulative_minor=5_000)))
    house.assert_clean()


def test_beancount_accepts_the_exported_ledger(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No error, every entry a transaction, every account asserted; nothing is written over."""
    live(house)
    path = tmp_path / "books.beancount"
    assert house.command("export", str(path)) == 0
    assert f"are in {path}, as Beancount reads it" in capsys.readouterr().out
    found = json.loads(answer_of("beancount_oracle.py", path.read_text()))
    assert found["errors"] == []
    report = house.audit()
    assert (found["counts"]["Transaction"], found["counts"]["Balance"]) == (report.entries, report.accounts)
    assert found["balances"]["Income:Fees EUR"] == "-2.88", "2.5 % of 10.00, 5.00 and twice 50.00, each rounded half up"
    assert found["balances"]["Expenses:FraudLoss EUR"] == "50.00"
    assert house.command("export", str(path)) == 1
    assert "exists; it is never overwritten" in capsys.readouterr().err


def test_the_journal_can_be_piped(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file it goes to standard output."""
    house.wallet()
    assert house.command("export") == 0
    said = capsys.readouterr().out
    assert said.startswith('option "title" "Tillcode settlement ledger"\n')
    assert '* "FUND" "entry ' in said
