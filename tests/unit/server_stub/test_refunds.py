"""Refunds: from the merchant, never more than was captured, each id once and for ever."""

import asyncio
from typing import Any

import pytest

from server_stub.audit.funding import FUNDING_LAW
from server_stub.ledger import AccountKind
from server_stub.service import reads
from tests.unit.server_stub.harness import House, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import PaymentRequest, Refund
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import check_refund_receipt
from wallet_sdk.protocol.trust import verify_refund_receipt

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


def paid(house: House, amount_minor: int = 1_000) -> tuple[TestTerminal, Sealed[PaymentRequest]]:
    """One payment online."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request(amount_minor)
    assert wallet.pay(request)["state"] == "CAPTURED"
    return terminal, request


def list_refunds(wallet: TestWallet, *, since_s: int = 0) -> dict[str, Any]:
    """One answer to a wallet that asks what came back."""
    return wallet.read(api.PATH_REFUNDS, query=f"?since={since_s}").ok()


def test_a_refund_goes_from_merchant_to_payer_with_a_signed_receipt(house: House) -> None:
    """A part; the payment says how much of it went back; the receipt holds by the protocol's own rules. (R-106)"""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=0)
    request = terminal.request(1_000)
    wallet.pay(request)
    refund = terminal.refund(request, 400)
    answer = terminal.send_refund(refund).ok()
    assert (answer["amount_minor"], answer["currency"]) == (400, "EUR")
    receipt = verify_refund_receipt(api.from_base64url(answer["receipt"]), house.desk.operator.trust).message
    check_refund_receipt(receipt, refund=refund.message, terminal_id=terminal.message.terminal_id)
    assert wallet.balance() == (9_400, 0)
    assert house.payable_minor() == 600
    read = terminal.read(api.payment_path(request.message.request_id)).ok()
    assert (read["state"], read["refunded_minor"]) == ("CAPTURED", 400)
    house.assert_clean()


def test_refunds_come_to_the_captured_amount_at_most(house: House) -> None:
    """In any parts; one cent more is refused and changes nothing."""
    terminal, request = paid(house)
    for part_minor in (400, 599):
        terminal.send_refund(terminal.refund(request, part_minor)).ok()
    before = house.balances()
    assert terminal.send_refund(terminal.refund(request, 2)).code() is ErrorCode.AMOUNT_MISMATCH
    assert house.balances() == before
    terminal.send_refund(terminal.refund(request, 1)).ok()
    assert terminal.send_refund(terminal.refund(request, 1)).code() is ErrorCode.AMOUNT_MISMATCH
    assert house.payable_minor() == 0
    house.assert_clean()


def test_the_same_refund_again_is_the_first_answer_for_ever(house: House) -> None:
    """Byte for byte, later too; another content under its id is a conflict and has no effect. (R-123)"""
    terminal, request = paid(house)
    refund = terminal.refund(request, 400)
    first = terminal.send_refund(refund).body
    house.clock.advance(40 * 24 * 3600)
    assert terminal.send_refund(refund).body == first
    other = terminal.refund(request, 401, refund_id=refund.message.refund_id)
    assert terminal.send_refund(other).code() is ErrorCode.CONTENT_CONFLICT
    assert house.payable_minor() == 600
    house.assert_clean()


def test_a_wallet_lists_what_came_back_to_it(house: House) -> None:
    """Its own and nobody else's, from a second on; each says what has gone back of its payment in all."""
    terminal, wallet, other = house.terminal(), house.wallet(), house.wallet()
    first, second = terminal.request(1_000), terminal.request(500)
    for request in (first, second):
        wallet.pay(request)
    assert list_refunds(wallet) == {"refunds": [], "has_more": False}
    other.pay(foreign := terminal.request(700))
    start_s = house.clock.now_ms() // 1000
    for request, part_minor in ((first, 100), (second, 500), (first, 1), (foreign, 700)):
        terminal.send_refund(terminal.refund(request, part_minor)).ok()
        house.clock.advance(1)
    listed = list_refunds(wallet)["refunds"]
    assert [(one["refunded_minor"], one["at_s"] - start_s) for one in listed] == [(101, 0), (500, 1), (101, 2)]
    assert list_refunds(wallet, since_s=start_s + 2)["refunds"] == listed[2:]
    assert [one["refunded_minor"] for one in list_refunds(other)["refunds"]] == [700]
    assert terminal.read(api.PATH_REFUNDS).code() is ErrorCode.NOT_AUTHORIZED


def test_a_long_list_of_refunds_comes_in_pages_that_cut_no_second(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of one second in pages of two: the page is longer; the next goes on with the second after."""
    monkeypatch.setattr(reads, "REFUNDS_MAX", 2)
    terminal, wallet = house.terminal(), house.wallet()
    wallet.pay(request := terminal.request(1_000))
    for pause_s in (1, 0, 0, 1, 1):
        house.clock.advance(pause_s)
        terminal.send_refund(terminal.refund(request, 1)).ok()
    first = list_refunds(wallet)
    ages = [one["at_s"] - first["refunds"][0]["at_s"] for one in first["refunds"]]
    assert (ages, first["has_more"]) == ([0, 0, 0], True)
    second = list_refunds(wallet, since_s=first["refunds"][-1]["at_s"] + 1)
    assert (len(second["refunds"]), second["has_more"]) == (2, True)
    assert list_refunds(wallet, since_s=second["refunds"][-1]["at_s"] + 1) == {"refunds": [], "has_more": False}


@pytest.mark.parametrize("length", [1, 3])
def test_refunds_of_two_terminals_may_share_an_id(house: House, length: int) -> None:
    """Ids are the terminal's own choice, so they are told apart by it."""
    for _ in range(length):
        terminal, request = paid(house)
        refund_id = request.message.request_id[:4] + bytes(8)
        terminal.send_refund(terminal.refund(request, 10, refund_id=refund_id)).ok()
    assert house.payable_minor() == 990 * length
    house.assert_clean()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"request_id": bytes(12)}, ErrorCode.UNKNOWN_PAYMENT),
        ({"currency": Currency.JPY}, ErrorCode.CURRENCY_MISMATCH),
    ],
)
def test_a_refund_of_something_else_is_refused(house: House, changes: dict[str, Any], code: ErrorCode) -> None:
    """No such payment, or not in this currency."""
    terminal, request = paid(house)
    assert terminal.send_refund(terminal.refund(request, 10, **changes)).code() is code
    assert house.payable_minor() == 1_000


def test_a_terminal_gives_back_only_its_own_payments(house: House) -> None:
    """Another one's payment is unknown to it, and an unpaid or closed request is no payment."""
    terminal, request = paid(house)
    other = house.terminal()
    assert other.send_refund(other.refund(request, 10)).code() is ErrorCode.UNKNOWN_PAYMENT
    unpaid, closed = terminal.request(), terminal.request()
    terminal.close(closed)
    for one in (unpaid, closed):
        assert terminal.send_refund(terminal.refund(one, 10)).code() is ErrorCode.UNKNOWN_PAYMENT
    house.assert_clean()


def test_a_merchant_never_falls_below_its_floor(house: House) -> None:
    """What has left the merchant's account cannot be given back; the same refund may be tried again later."""
    terminal, request = paid(house)
    first, second = terminal.refund(request, 900), terminal.refund(request, 100)
    other_terminal, other = paid(house, 50)
    with house.desk.operator.store.writing() as writer:  # the merchant is paid out: what settlement will do
        from server_stub.ledger import EntryKind, move

        payable = writer.open_account(
            kind=AccountKind.MERCHANT_PAYABLE, holder=str(house.merchant_id), currency=Currency.EUR
        )
        funding = writer.open_account(kind=AccountKind.FUNDING, holder="", currency=Currency.EUR)
        paid_out = move(
            kind=EntryKind.FUND,
            reference=b"payout",
            at_s=0,
            currency=Currency.EUR,
            amounts_minor={payable: -950, funding: 950},
        )
        writer.post(paid_out)
    assert terminal.send_refund(first).code() is ErrorCode.INSUFFICIENT_FUNDS
    terminal.send_refund(second).ok()
    assert house.payable_minor() == 0
    assert other_terminal.send_refund(other_terminal.refund(other, 1)).code() is ErrorCode.INSUFFICIENT_FUNDS
    assert FUNDING_LAW in {one.law for one in house.audit().findings}, "nobody has signed for what was paid out"


def test_a_hundred_refunds_at_once_give_back_no_more_than_was_captured(house: House) -> None:
    """Races of different refunds, each sent twice: what is accepted comes to the amount at most, each once."""
    terminal, request = paid(house, 1_000)
    refunds = [terminal.refund(request, 30) for _ in range(50)]

    async def race(many: list[Sealed[Refund]]) -> list[Any]:
        return await asyncio.gather(*(house.acall("POST", api.PATH_REFUNDS, one.envelope) for one in many))

    answers = asyncio.run(race(refunds + refunds))
    taken = [answer.content["refund_id"] for answer in answers if answer.http_status == 200]
    refused = {answer.code() for answer in answers if answer.http_status != 200}
    assert len(set(taken)) == 33
    assert len(taken) == 66, "each of them the same twice"
    assert refused == {ErrorCode.AMOUNT_MISMATCH}
    assert house.payable_minor() == 10
    house.assert_clean()


def test_what_the_operator_bore_goes_back_to_the_operator_first(house: House) -> None:
    """A cloned wallet overspent; the merchant refunds: the operator's loss is made good before the payer gets any."""
    terminals, wallet = [house.terminal(), house.terminal()], house.wallet(total_max_minor=1_000)
    requests = [terminal.request(1_000) for terminal in terminals]
    for terminal, request in zip(terminals, requests, strict=True):
        intent = wallet.intent(request, counter=1, cumulative_minor=1_000)
        assert terminal.capture((request, intent))[0]["state"] == "CAPTURED"
    loss = (AccountKind.FRAUD_LOSS, "")
    assert house.balances()[loss] == -1_000
    before_minor = house.balances()[(AccountKind.PAYER_AVAILABLE, str(3001))]
    second = terminals[1]
    second.send_refund(second.refund(requests[1], 600)).ok()
    assert house.balances()[loss] == -400
    house.assert_clean()
    second.send_refund(second.refund(requests[1], 400)).ok()
    assert house.balances()[loss] == 0
    assert house.balances()[(AccountKind.PAYER_AVAILABLE, str(3001))] == before_minor
    terminals[0].send_refund(terminals[0].refund(requests[0], 1_000)).ok()
    assert house.balances()[(AccountKind.PAYER_AVAILABLE, str(3001))] == before_minor + 1_000
    house.assert_clean()
