"""What the till believes: the operator's lists of what is revoked, and no refusal that the operator has not signed."""

from dataclasses import replace

import pytest

from terminal_app.core import Place
from terminal_app.outbox import REFRESH_MS
from terminal_app.screen_model import NetworkSwitch, NextSale, ScanAnswer, ScanCustomer, SendNow
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.ids import Digest, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages import Receipt
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.states import State

DAY_S = 24 * 3600


def refresh(shop: Shop) -> None:
    """An hour later the till asks what is new."""
    shop.clock.advance(REFRESH_MS // 1000)
    shop.core.tick()
    shop.run()


def known(shop: Shop) -> tuple[int, int]:
    """Number of the last list taken, and how many tokens are revoked."""
    denied = shop.credentials.trust.denied
    return denied.number, len(denied.token_ids)


def test_a_revoked_token_is_refused_offline_also_after_a_restart(shop: Shop) -> None:
    """The list is in the journal: a restart is no rollback. (R-55, R-56)"""
    token = shop.token()
    shop.server.revoke(tokens=(token.message.token_id,))
    refresh(shop)
    for _ in range(2):
        shop.go_offline()
        request = shop.show_code()
        shop.do(ScanAnswer())
        shop.scan(shop.answer(request, token=token).envelope)
        assert (shop.refusal, shop.sale.is_open) == (ErrorCode.REVOKED, True)
        shop.restart()
        shop.do(NextSale())
    assert known(shop) == (1, 1)


def test_a_till_that_was_away_for_days_takes_every_list_in_its_sequence(shop: Shop) -> None:
    """Five lists while nobody could be asked, all there after the first minute with a network. (R-51)"""
    shop.go_offline()
    shop.clock.advance(5 * DAY_S)
    for number in range(5):
        shop.server.revoke(tokens=(TokenId(bytes(11) + bytes([number])),))
    shop.switch(NetworkSwitch.ON)
    refresh(shop)
    assert known(shop) == (5, 5)
    refresh(shop)
    assert known(shop) == (5, 5)


def test_a_gap_between_lists_is_filled_by_a_full_one(shop: Shop) -> None:
    """A delta on a list that this till has not seen tells it to ask for all of them. (R-53)"""
    shop.server.revoke(tokens=(TokenId(bytes(12)),))
    refresh(shop)
    for number in (1, 2, 3):
        shop.server.revoke(tokens=(TokenId(bytes(11) + bytes([number])),))
    shop.server.forgotten = 2
    refresh(shop)
    shop.wait(2)
    assert known(shop) == (4, 4)


def test_an_unsigned_closing_is_not_believed(shop: Shop) -> None:
    """Whoever stands between could write it: the sale stays unknown until the operator has signed. (R-122)"""
    shop.server.unsigned = True
    sale = shop.till.open_request(amount_minor=10)
    shop.restart()
    shop.do(SendNow())
    shop.run()
    assert shop.till.views.sale(sale.request_id).state is State.UNKNOWN
    shop.server.unsigned = False
    shop.do(SendNow())
    shop.run()
    assert shop.till.views.sale(sale.request_id).state is State.CANCELED


def test_an_unsigned_decline_of_a_customers_code_asks_for_a_closing(shop: Shop) -> None:
    """Nobody is told "not paid" on somebody's word: the closing is signed, or the sale was paid after all. (R-122)"""
    shop.server.decline, shop.server.unsigned = ErrorCode.INSUFFICIENT_FUNDS, True
    shop.do(ScanCustomer(amount_minor=1250))
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.run()
    assert (shop.sale.state, shop.sale.awaits_closure) == (State.UNKNOWN, True)
    assert shop.sale.error_code == ErrorCode.INSUFFICIENT_FUNDS
    shop.server.unsigned = False
    shop.do(SendNow())
    shop.run()
    assert (shop.sale.state, shop.place) == (State.DECLINED, Place.RESULT)


def test_an_unsigned_refusal_of_an_accepted_payment_leaves_it_in_the_queue(shop: Shop) -> None:
    """Goods were given. It is claimed again, and only the operator's signed word ends it. (R-122)"""
    shop.go_offline()
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)
    assert shop.sale.is_stored
    shop.server.decline, shop.server.unsigned = ErrorCode.INSUFFICIENT_FUNDS, True
    shop.switch(NetworkSwitch.ON)
    held = shop.till.views.sale(request.message.request_id)
    assert (held.is_stored, held.held_code) == (True, ErrorCode.INSUFFICIENT_FUNDS)
    shop.server.unsigned = False
    shop.do(SendNow())
    shop.run()
    after = shop.till.views.sale(request.message.request_id)
    assert (after.is_stored, after.is_disputed) == (False, True)


@pytest.mark.parametrize("forged", ["another sale's", "a thief's", "one consent's"])
def test_a_closing_that_does_not_hold_changes_nothing(shop: Shop, forged: str) -> None:
    """Another request's, another signer's, or of one consent where the request is meant. (R-104, R-122)"""
    sale = shop.till.open_request(amount_minor=10)
    shop.restart()
    good = Receipt(
        terminal_id=TerminalId(2001),
        request_id=sale.request_id,
        amount_minor=10,
        currency=Currency.EUR,
        state=State.CANCELED,
        at_s=shop.scheme.now_s,
    )
    changed, signer = {
        "another sale's": (replace(good, request_id=RequestId(bytes(12))), shop.scheme.receipt_signer),
        "a thief's": (good, shop.scheme.new_signer()),
        "one consent's": (replace(good, consent_digest=Digest(bytes(32))), shop.scheme.receipt_signer),
    }[forged]

    def answer(receipt: Receipt, by: SoftwareSigner) -> api.PaymentAnswer:
        return api.PaymentAnswer(
            request_id=api.to_base64url(sale.request_id),
            state=State.CANCELED.name,
            receipt=api.to_base64url(seal(receipt, by).envelope),
        )

    with pytest.raises(UnavailableError) as refused:
        shop.till.take_closure_answer(sale.request_id, answer(changed, signer))
    assert refused.value.code is ErrorCode.BAD_ANSWER
    assert shop.till.views.sale(sale.request_id).state is State.UNKNOWN
    after = shop.till.take_closure_answer(sale.request_id, answer(good, shop.scheme.receipt_signer))
    assert after.state is State.CANCELED
