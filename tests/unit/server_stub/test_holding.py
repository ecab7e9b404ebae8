"""Holds in the service: authorized, then captured in part, voided or expired; once, whoever is faster."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from server_stub.fees import FeePolicy
from server_stub.ledger import AccountKind
from server_stub.service.administration import set_fees
from tests.unit.server_stub.harness import OFFLINE, ONLINE, House, TestTerminal, TestWallet, opened_house
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import HoldCapture, PaymentRequest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import check_receipt_answers, check_refusing_receipt
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_receipt

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True

HOUR_S = 3600


def hold(
    house: House, amount_minor: int = 1_000, *, hold_h: int = 24
) -> tuple[TestTerminal, TestWallet, Sealed[PaymentRequest]]:
    """One deposit that a payer has authorized."""
    terminal, wallet = house.terminal(), house.wallet(5_000, total_max_minor=0)
    request = terminal.request(amount_minor, hold_h=hold_h)
    assert wallet.pay(request)["state"] == "AUTHORIZED"
    return terminal, wallet, request


def held_minor(house: House) -> int:
    """What all payers have set aside."""
    return sum(minor for (kind, _), minor in house.balances().items() if kind is AccountKind.PAYER_HELD)


def test_a_hold_sets_money_aside_and_pays_nobody(house: House) -> None:
    """The operator's receipt says AUTHORIZED over the amount; the payer cannot spend it twice. (R-121)"""
    terminal, wallet, request = hold(house, 4_000)
    assert wallet.balance() == (1_000, 0)
    assert (held_minor(house), house.payable_minor()) == (4_000, 0)
    answer = terminal.read(api.payment_path(request.message.request_id)).ok()
    receipt = verify_receipt(api.from_base64url(answer["receipt"]), house.desk.operator.trust).message
    check_receipt_answers(receipt, request=request.message, terminal_id=terminal.message.terminal_id)
    assert receipt.state is State.AUTHORIZED
    again = terminal.request(1_001)
    assert wallet.pay(again)["error_code"] == ErrorCode.INSUFFICIENT_FUNDS
    house.assert_clean()


def test_a_part_is_captured_and_the_rest_released_at_once(house: House) -> None:
    """Both sides see CAPTURED over the part; the same message again is the same answer."""
    terminal, wallet, request = hold(house, 4_000)
    answer = terminal.end_hold(request, 1_500).ok()
    assert answer["state"] == "CAPTURED"
    receipt = verify_receipt(api.from_base64url(answer["receipt"]), house.desk.operator.trust).message
    check_receipt_answers(receipt, request=request.message, terminal_id=terminal.message.terminal_id)
    assert (receipt.state, receipt.amount_minor) == (State.CAPTURED, 1_500)
    assert wallet.balance() == (3_500, 0)
    assert (held_minor(house), house.payable_minor()) == (0, 1_500)
    assert terminal.end_hold(request, 1_500).ok() == answer
    assert terminal.read(api.payment_path(request.message.request_id)).ok() == answer
    house.assert_clean()


def test_the_payer_sees_how_his_hold_ended(house: House) -> None:
    """His first answer said AUTHORIZED; asked again it says what it has become, with the receipt of it."""
    terminal, wallet = house.terminal(), house.wallet(5_000, total_max_minor=0)
    request = terminal.request(1_000, hold_h=1)
    intent = wallet.intent(request, ONLINE)
    assert wallet.send(request.envelope, intent.envelope).ok()["state"] == "AUTHORIZED"
    terminal.end_hold(request, 0).ok()
    seen = wallet.read(api.consent_path(intent.digest)).ok()
    assert wallet.send(request.envelope, intent.envelope).ok() == seen
    receipt = verify_receipt(api.from_base64url(seen["receipt"]), house.desk.operator.trust).message
    check_refusing_receipt(
        receipt, request=request.message, terminal_id=terminal.message.terminal_id, consent_digest=intent.digest
    )
    assert seen["state"] == "VOIDED"
    assert wallet.balance() == (5_000, 0)


@pytest.mark.parametrize(
    ("amount_minor", "changes", "code"),
    [
        (1_001, {}, ErrorCode.AMOUNT_MISMATCH),
        (10, {"currency": Currency.JPY}, ErrorCode.CURRENCY_MISMATCH),
        (10, {"request_id": bytes(12)}, ErrorCode.UNKNOWN_PAYMENT),
    ],
)
def test_more_or_other_than_was_authorized_is_not_captured(
    house: House, amount_minor: int, changes: dict[str, Any], code: ErrorCode
) -> None:
    """And the hold stays as it was."""
    terminal, _, request = hold(house, 1_000)
    assert terminal.end_hold(request, amount_minor, **changes).code() is code
    assert held_minor(house) == 1_000
    other = house.terminal()
    assert other.end_hold(request, 10).code() is ErrorCode.UNKNOWN_PAYMENT
    house.assert_clean()


def test_a_hold_ends_once(house: House) -> None:
    """Another amount after the first is a conflict; no hold, nothing to end; a hold is not refunded. (R-124)"""
    terminal, wallet, request = hold(house)
    assert terminal.send_refund(terminal.refund(request, 10)).code() is ErrorCode.BAD_TRANSITION
    terminal.end_hold(request, 600).ok()
    assert terminal.end_hold(request, 601).code() is ErrorCode.CONTENT_CONFLICT
    assert terminal.end_hold(request, 0).code() is ErrorCode.CONTENT_CONFLICT
    plain = terminal.request(100)
    wallet.pay(plain)
    assert terminal.end_hold(plain, 100).code() is ErrorCode.UNKNOWN_PAYMENT
    terminal.send_refund(terminal.refund(request, 600)).ok()
    assert wallet.balance() == (4_900, 0)
    house.assert_clean()


def test_only_an_online_intent_answers_a_deposit(house: House) -> None:
    """An offline one and a code are declined for ever. (R-119)"""
    terminal, wallet = house.terminal(), house.wallet()
    offline, code = terminal.request(100, hold_h=1), terminal.request(100, hold_h=1)
    outcomes = terminal.capture((offline, wallet.intent(offline, OFFLINE)), (code, wallet.code()))
    assert [outcome["error_code"] for outcome in outcomes] == [ErrorCode.ONLINE_ONLY] * 2
    house.assert_clean()


def test_time_ends_a_hold_once_and_for_ever(house: House) -> None:
    """Not a second early; late or never looked at, nothing can be captured after its time."""
    terminal, wallet, request = hold(house, hold_h=24)
    house.clock.advance(24 * HOUR_S - 1)
    house.look()
    assert held_minor(house) == 1_000
    house.clock.advance(1)
    assert terminal.end_hold(request, 1_000).code() is ErrorCode.EXPIRED, "before any timer has looked"
    house.look()
    house.look()
    assert (held_minor(house), wallet.balance()) == (0, (5_000, 0))
    assert terminal.read(api.payment_path(request.message.request_id)).ok()["state"] == "EXPIRED"
    assert terminal.end_hold(request, 1_000).code() is ErrorCode.EXPIRED
    assert terminal.end_hold(request, 0).code() is ErrorCode.EXPIRED
    house.assert_clean()


def test_a_restart_forgets_no_hold(tmp_path: Path) -> None:
    """What is due stands in the ledger: the next process ends it, once."""
    folder = tmp_path / "server"
    with opened_house(folder) as house:
        hold(house, 700, hold_h=1)
    with opened_house(folder, seed=2) as house:
        house.look()
        assert held_minor(house) == 700
        house.clock.advance(HOUR_S)
        house.look()
        assert held_minor(house) == 0
        house.assert_clean()


def test_a_hundred_races_of_capture_against_expiry(house: House) -> None:
    """Both at the same moment, a hundred times: one of them wins, money is conserved, both sides say the same."""
    terminal, wallet = house.terminal(), house.wallet(100_000, total_max_minor=0)
    requests = [terminal.request(100 + number, hold_h=1) for number in range(100)]
    for request in requests:
        assert wallet.pay(request)["state"] == "AUTHORIZED"
    house.clock.advance(HOUR_S - 1)
    endings = [
        seal(
            HoldCapture(
                request_id=request.message.request_id,
                amount_minor=50,
                currency=Currency.EUR,
                made_at_s=terminal.now_s(),
            ),
            terminal.signer,
        ).envelope
        for request in requests
    ]

    async def race() -> list[Any]:
        async def capture(number: int, ending: bytes) -> Any:
            if number == 50:
                house.clock.advance(1)  # from here on they are too late, whatever the timer has done by then
            return await house.acall("POST", api.PATH_HOLD_CAPTURES, ending)

        captures = [capture(number, ending) for number, ending in enumerate(endings)]
        looks = [asyncio.to_thread(house.look) for _ in range(10)]
        return (await asyncio.gather(*captures, *looks))[: len(endings)]

    answers = asyncio.run(race())
    house.look()
    states = [terminal.read(api.payment_path(one.message.request_id)).ok()["state"] for one in requests]
    for answer, state in zip(answers, states, strict=True):
        assert state == ("CAPTURED" if answer.http_status == 200 else "EXPIRED")
    captured = states.count("CAPTURED")
    assert states.count("EXPIRED") == 100 - captured > 0
    assert house.payable_minor() == 50 * captured
    assert (held_minor(house), wallet.balance()[0]) == (0, 100_000 - 50 * captured)
    house.assert_clean()


def test_the_fee_is_of_what_was_captured(house: House) -> None:
    """Nothing for holding, and nothing when it is voided."""
    set_fees(house.desk.operator.store, house.merchant_id, Currency.EUR, FeePolicy(basis_points=1_000))
    terminal, _, request = hold(house, 1_000)
    assert (AccountKind.FEES, "") not in house.balances()
    terminal.end_hold(request, 500).ok()
    assert house.balances()[(AccountKind.FEES, "")] == 50
    assert house.payable_minor() == 450
    voiding, _, other = hold(house, 1_000)
    voiding.end_hold(other, 0).ok()
    assert house.balances()[(AccountKind.FEES, "")] == 50
    house.assert_clean()
