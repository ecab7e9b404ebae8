"""Answers that say "not paid" are signed too, where they hold for ever: a till need not believe unsigned JSON."""

import pytest

from tests.unit.server_stub.harness import OFFLINE, ONLINE, House
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import Receipt
from wallet_sdk.protocol.rules import check_closing_receipt, check_refusing_receipt
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_receipt

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


def receipt_of(house: House, text: str) -> Receipt:
    """The operator's receipt in an answer, verified."""
    sealed: Sealed[Receipt] = verify_receipt(api.from_base64url(text), house.desk.operator.trust)
    return sealed.message


def test_a_closed_request_has_a_signed_receipt(house: House) -> None:
    """When the terminal hands the request in; the same again, and read later, by the protocol's own rule. (R-104)"""
    terminal = house.terminal()
    request = terminal.request(700)
    answer = terminal.close_signed(request).ok()
    receipt = receipt_of(house, answer["receipt"])
    check_closing_receipt(receipt, request=request.message, terminal_id=terminal.message.terminal_id)
    house.clock.advance(5)
    assert terminal.close_signed(request).ok() == answer
    assert terminal.close(request) == answer
    assert terminal.read(api.payment_path(request.message.request_id)).ok() == answer


def test_a_closure_without_its_request_is_answered_unsigned(house: House) -> None:
    """The operator has never seen the request, so it cannot say what it asked for."""
    terminal = house.terminal()
    request = terminal.request(700)
    assert terminal.close(request)["receipt"] == ""
    assert terminal.close_signed(request).ok()["receipt"] == "", "the first answer, for ever"


def test_a_closure_with_another_request_is_refused(house: House) -> None:
    """Another id, or another terminal's request: nothing is closed."""
    terminal, other = house.terminal(), house.terminal()
    request, second = terminal.request(), terminal.request()
    closing = terminal.closing(request)
    assert terminal.close_signed(second, closing=closing).code() is ErrorCode.WRONG_REQUEST
    foreign = other.request(request_id=request.message.request_id)
    assert terminal.close_signed(foreign, closing=closing).code() is ErrorCode.BAD_SIGNATURE
    assert terminal.read(api.payment_path(request.message.request_id)).ok()["state"] == "REQUESTED"


def test_a_paid_request_stays_paid_when_it_is_closed(house: House) -> None:
    """The answer is the payment's receipt, not a closing."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    paid = wallet.pay(request)
    assert terminal.close_signed(request).ok()["receipt"] == paid["receipt"]


@pytest.mark.parametrize("mode", [ONLINE, OFFLINE])
def test_a_consent_declined_for_ever_has_a_signed_receipt(house: House, mode: object) -> None:
    """Its terminal, its payer, and whoever asks again later get the same one. (R-105)"""
    terminal, wallet = house.terminal(), house.wallet(100, total_max_minor=50)
    request = terminal.request(5_000)
    intent = wallet.intent(request, ONLINE if mode is ONLINE else OFFLINE)
    outcome = terminal.capture((request, intent))[0]
    receipt = receipt_of(house, outcome["receipt"])
    check_refusing_receipt(
        receipt, request=request.message, terminal_id=terminal.message.terminal_id, consent_digest=intent.digest
    )
    assert receipt.state is State.DECLINED
    assert terminal.capture((request, intent))[0] == outcome
    assert wallet.read(api.consent_path(intent.digest)).ok()["receipt"] == outcome["receipt"]


def test_a_refusal_that_may_change_is_never_signed(house: House) -> None:
    """A late code may be a fast clock: nothing is remembered, so nothing is promised. (R-125)"""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    code = wallet.code()
    house.clock.advance(300)
    outcome = terminal.capture((request, code))[0]
    assert (outcome["error_code"], outcome["receipt"]) == (ErrorCode.EXPIRED, "")
