"""A till is taken over: by whom, when, who hears of it, and what its new device may give back."""

from collections.abc import Callable
from typing import Any

import pytest

from server_stub.store.callers import MERCHANT_SCOPES, Scope
from server_stub.store.tables.replacing import REPLACINGS
from tests.unit.server_stub.asking import Answer
from tests.unit.server_stub.harness import House, TestTerminal
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import PaymentRequest

ON_EVERY_DATABASE = True

HOUR_S = 3_600
#: The server's setting, written a second time.
DELAY_S = 24 * HOUR_S


def new_till(house: House) -> TestTerminal:
    """Another till."""
    return TestTerminal(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())


def ask_code(house: House, till: TestTerminal, *scopes: Scope) -> Answer:
    """What a merchant's key gets that wants to take a till over."""
    path = f"/v1/terminals/{till.message.terminal_id}/activation-codes"
    return house.ask("POST", path, house.new_key(house.merchant_id, *(scopes or (Scope.DEVICES_REPLACE,))))


def at_once(house: House, till: TestTerminal) -> TestTerminal:
    """Another device for a till, let in by the operator without a delay."""
    path = f"/v1/merchants/{house.merchant_id}/terminals/{till.message.terminal_id}/activation-codes"
    code = house.ask("POST", path, house.new_key(None, Scope.OPERATOR_WRITE)).ok()["code"]
    house.clock.advance(3)
    new = new_till(house)
    new.enrol(code).ok()
    house.clock.advance(3)
    return new


def approve(house: House, request: Sealed[PaymentRequest], amount_minor: int, *scopes: Scope) -> Answer:
    """A merchant's word that a payment of before may be given back."""
    path = f"{api.payment_path(request.message.request_id)}/refund-approval"
    key = house.new_key(house.merchant_id, *(scopes or (Scope.REFUNDS_APPROVE,)))
    return house.ask("POST", path, key, {"amount_minor": amount_minor})


def test_looking_after_devices_is_not_taking_them_over(house: House) -> None:
    """Every scope but the one: the till goes on, and a new one is let in at once, as before."""
    till, wallet = house.terminal(), house.wallet()
    others = tuple(scope for scope in MERCHANT_SCOPES if scope is not Scope.DEVICES_REPLACE)
    assert ask_code(house, till, *others).code() is ErrorCode.NOT_AUTHORIZED
    assert wallet.pay(till.request(100))["state"] == "CAPTURED"
    code = house.ask("POST", "/v1/activation-codes", house.new_key(house.merchant_id, Scope.DEVICES_WRITE)).ok()
    new_till(house).enrol(code["code"]).ok()


def test_a_take_over_waits_and_its_merchant_hears_of_it(house: House) -> None:
    """A day in which somebody can see that this is not his doing; the code says from when on it works."""
    till, wallet = house.terminal(), house.wallet()
    made = ask_code(house, till).ok()
    assert made["not_before_s"] == till.now_s() + DELAY_S
    new = new_till(house)
    assert new.enrol(made["code"]).code() is ErrorCode.NOT_YET_VALID
    house.clock.advance(DELAY_S - 1)
    assert new.enrol(made["code"]).code() is ErrorCode.NOT_YET_VALID
    house.clock.advance(1)
    new.enrol(made["code"]).ok()
    new.enrol(made["code"]).ok()
    house.clock.advance(3)
    assert new.message.terminal_id == till.message.terminal_id
    wallet.renew(1_000).ok()
    assert wallet.pay(new.request(100))["state"] == "CAPTURED"
    told = house.ask("GET", "/v1/events", house.new_key(house.merchant_id)).ok()["events"]
    about = {"terminal_id": till.message.terminal_id}
    assert [(one["type"], one["data"]) for one in told if one["type"].startswith("terminal")] == [
        ("terminal.replacing", about | {"not_before_s": made["not_before_s"]}),
        ("terminal.replaced", about),
    ]
    house.assert_clean()


def test_another_code_ends_the_one_before(house: House) -> None:
    """Whoever finds that a code is not his makes another, and the first lets nobody in."""
    till = house.terminal()
    theirs, ours = ask_code(house, till).ok()["code"], ask_code(house, till).ok()["code"]
    house.clock.advance(DELAY_S)
    assert new_till(house).enrol(theirs).code() is ErrorCode.UNKNOWN_ACTIVATION_CODE
    new_till(house).enrol(ours).ok()
    house.assert_clean()


def test_the_operator_lets_a_device_in_at_once(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """Over the interface, for this merchant's till alone, and on his own machine."""
    till, other = house.terminal(), house.terminal()
    at_once(house, till)
    path = f"/v1/merchants/{house.merchant_id + 1}/terminals/{other.message.terminal_id}/activation-codes"
    assert house.ask("POST", path, house.new_key(None)).code() is ErrorCode.UNKNOWN_RESOURCE
    command = ["activation-code", "terminal", "--replace"]
    assert house.command(*command, str(other.message.terminal_id)) == 0
    said = capsys.readouterr()
    assert "works from" in said.err
    assert new_till(house).enrol(said.out.strip()).code() is not None
    assert house.command(*command, str(other.message.terminal_id), "--at-once") == 0
    new_till(house).enrol(capsys.readouterr().out.strip()).ok()
    with house.desk.operator.store.reading() as reader:
        made_by = [one.made_by for one in reader.list_all(REPLACINGS) if one.made_by]
    assert made_by[1:] == ["command line", "command line"]
    house.assert_clean()


def test_a_new_device_gives_back_nothing_that_was_paid_before_it(house: House) -> None:
    """Until its merchant approves, for so much of that one payment; what was paid to the device itself is its own."""
    till, wallet = house.terminal(), house.wallet()
    before, other = till.request(500), till.request(300)
    for request in (before, other):
        wallet.pay(request)
    house.clock.advance(1)
    new = at_once(house, till)
    own = new.request(200)
    wallet.pay(own)
    new.send_refund(new.refund(own, 200)).ok()
    refund = new.refund(before, 400)
    assert new.send_refund(refund).code() is ErrorCode.NOT_AUTHORIZED
    assert approve(house, before, 400).ok()["amount_minor"] == 400
    for _ in range(2):
        new.send_refund(refund).ok()
    assert new.send_refund(new.refund(before, 1)).code() is ErrorCode.NOT_AUTHORIZED
    assert new.send_refund(new.refund(other, 1)).code() is ErrorCode.NOT_AUTHORIZED
    approve(house, before, 500).ok()
    new.send_refund(new.refund(before, 100)).ok()
    house.assert_clean()


def test_a_refund_made_before_the_change_keeps_its_answer(house: House) -> None:
    """The old device's refund is done; what is left of the payment waits for an approval all the same."""
    till, wallet = house.terminal(), house.wallet()
    paid = till.request(500)
    wallet.pay(paid)
    till.send_refund(till.refund(paid, 200)).ok()
    house.clock.advance(1)
    new = at_once(house, till)
    assert new.send_refund(new.refund(paid, 300)).code() is ErrorCode.NOT_AUTHORIZED
    approve(house, paid, 300).ok()
    assert new.send_refund(new.refund(paid, 300)).code() is ErrorCode.NOT_AUTHORIZED, "200 of them are gone"
    approve(house, paid, 500).ok()
    new.send_refund(new.refund(paid, 300)).ok()
    house.assert_clean()


WRONG: dict[str, Callable[[House, Sealed[PaymentRequest]], Answer]] = {
    "another scope": lambda house, paid: approve(
        house, paid, 1, *(scope for scope in MERCHANT_SCOPES if scope is not Scope.REFUNDS_APPROVE)
    ),
    "more than was paid": lambda house, paid: approve(house, paid, 501),
}
CODES: dict[str, Any] = {
    "another scope": ErrorCode.NOT_AUTHORIZED,
    "more than was paid": ErrorCode.AMOUNT_MISMATCH,
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_not_approved(house: House, what: str) -> None:
    """A refund is approved by who may, for what was paid at most."""
    till, wallet = house.terminal(), house.wallet()
    paid = till.request(500)
    wallet.pay(paid)
    assert WRONG[what](house, paid).code() is CODES[what]
    house.assert_clean()
