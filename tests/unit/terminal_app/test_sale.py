"""What a till takes and what it refuses; a refusal leaves the journal exactly as it was."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from terminal_app.journal.events import CloseReason
from terminal_app.sale import NextStep, Reach
from terminal_app.screen_model import NextSale, ScanAnswer
from tests.unit.terminal_app.fake_server import LIMITS
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import Envelope, TerminalId
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentRequest, Receipt
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import Scheme

Shown = Callable[[Shop, Sealed[PaymentRequest]], Envelope]


def spoiled(envelope: Envelope) -> Envelope:
    """The same with one bit of the signature changed."""
    return Envelope(envelope[:-1] + bytes([envelope[-1] ^ 1]))


def other_scheme(shop: Shop, request: Sealed[PaymentRequest]) -> Envelope:
    """A whole scheme of the payer's own making."""
    scheme = Scheme(seed=99, now_s=shop.scheme.now_s)
    return scheme.intent(token=scheme.token().envelope, request_digest=request.digest).envelope


def receipt_of(shop: Shop, request: Sealed[PaymentRequest], **changes: object) -> Envelope:
    """An operator's receipt, with some fields changed."""
    good = shop.server.pay_online(request).message
    return seal(replace(good, **changes), shop.scheme.receipt_signer).envelope  # type: ignore[arg-type]


REFUSALS: dict[str, tuple[ErrorCode, Shown]] = {
    "spoiled signature": (ErrorCode.BAD_SIGNATURE, lambda shop, request: spoiled(shop.answer(request).envelope)),
    "another scheme": (ErrorCode.UNKNOWN_SIGNER, other_scheme),
    "another request": (ErrorCode.WRONG_REQUEST, lambda shop, _: shop.answer(shop.scheme.request()).envelope),
    "less than asked": (
        ErrorCode.AMOUNT_MISMATCH,
        lambda shop, request: shop.answer(request, amount_minor=1249).envelope,
    ),
    "more than asked": (
        ErrorCode.AMOUNT_MISMATCH,
        lambda shop, request: shop.answer(request, amount_minor=1251).envelope,
    ),
    "sum below its part": (
        ErrorCode.BAD_CUMULATIVE,
        lambda shop, request: shop.answer(request, cumulative_minor=1000).envelope,
    ),
    "online only": (
        ErrorCode.ONLINE_ONLY,
        lambda shop, request: shop.answer(request, cumulative_minor=0, mode=AuthorizationMode.ONLINE).envelope,
    ),
    "over the token's payment": (
        ErrorCode.OVER_PAYMENT_LIMIT,
        lambda shop, request: shop.answer(request, token=shop.token(payment_max_minor=1249)).envelope,
    ),
    "over the token's total": (
        ErrorCode.OVER_TOKEN_LIMIT,
        lambda shop, request: (
            shop.answer(request, token=shop.token(total_max_minor=5000), cumulative_minor=5001).envelope
        ),
    ),
    "over the token's count": (
        ErrorCode.OVER_COUNT_LIMIT,
        lambda shop, request: shop.answer(request, token=shop.token(count_max=5), counter=6).envelope,
    ),
    "payment code offline": (
        ErrorCode.ONLINE_ONLY,
        lambda shop, _: shop.scheme.code(token=shop.token().envelope).envelope,
    ),
    "code below the amount": (
        ErrorCode.OVER_CEILING,
        lambda shop, _: shop.scheme.code(token=shop.token().envelope, ceiling_minor=1249).envelope,
    ),
    "our own code": (ErrorCode.WRONG_MESSAGE_TYPE, lambda _, request: request.envelope),
    "receipt of another sale": (
        ErrorCode.WRONG_REQUEST,
        lambda shop, _: shop.server.pay_online(shop.scheme.request()).envelope,
    ),
    "receipt of another till": (
        ErrorCode.WRONG_REQUEST,
        lambda shop, request: receipt_of(shop, request, terminal_id=TerminalId(7)),
    ),
    "receipt over less": (
        ErrorCode.AMOUNT_MISMATCH,
        lambda shop, request: receipt_of(shop, request, amount_minor=1),
    ),
    "receipt that says declined": (
        ErrorCode.BAD_TRANSITION,
        lambda shop, request: receipt_of(shop, request, state=State.DECLINED),
    ),
    "receipt by a terminal": (
        ErrorCode.UNKNOWN_SIGNER,
        lambda shop, request: seal(shop.server.pay_online(request).message, shop.scheme.terminal).envelope,
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_leaves_the_journal_unchanged(shop: Shop, name: str) -> None:
    """Every refusal has its own code, and nothing of it is written, in the file or in memory. (R-71)"""
    code, make = REFUSALS[name]
    shop.go_offline()
    request = shop.show_code()
    text = qr.to_text(make(shop, request))
    length, sale = shop.journal.length, shop.sale
    with pytest.raises(TillcodeError) as caught:
        shop.till.accept_scan(text, reach=Reach.OFFLINE)
    assert caught.value.code is code
    assert (shop.journal.length, shop.sale) == (length, sale)
    taken = shop.till.accept_scan(qr.to_text(shop.answer(request).envelope), reach=Reach.OFFLINE)
    assert (taken.sale.is_stored, taken.step) == (True, NextStep.SHOW)


@pytest.mark.parametrize("text", ["", "https://example.com", "TC1:", "TC1:%%%", "TC2:ABC", "TC1:" + "A" * 5000])
def test_what_is_no_code_of_ours_is_refused(shop: Shop, text: str) -> None:
    """Any text before the camera is an error of the tree, never a crash."""
    shop.show_code()
    length = shop.journal.length
    with pytest.raises(TillcodeError):
        shop.till.accept_scan(text, reach=Reach.ONLINE)
    assert shop.journal.length == length


def test_the_same_intent_twice_is_one_payment(shop: Shop) -> None:
    """The same outcome, one item in the queue, nothing written the second time. (R-76)"""
    shop.go_offline()
    intent = shop.answer(shop.show_code())
    shop.do(ScanAnswer())
    shop.scan(intent.envelope)
    length, sale = shop.journal.length, shop.sale
    again = shop.till.accept_scan(qr.to_text(intent.envelope), reach=Reach.OFFLINE)
    assert (again.sale, again.step, shop.journal.length) == (sale, NextStep.SHOW, length)
    assert shop.snapshot.stored_count == 1


def test_an_old_intent_does_not_pay_a_new_sale(shop: Shop) -> None:
    """A screenshot of the last payment, shown for the next sale over the same amount. (R-76)"""
    shop.go_offline()
    intent = shop.answer(shop.show_code())
    shop.do(ScanAnswer())
    shop.scan(intent.envelope)
    shop.do(NextSale())
    shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(intent.envelope)
    assert shop.refusal is ErrorCode.WRONG_REQUEST
    assert shop.sale.is_open


def test_a_counter_is_spent_once_here(shop: Shop) -> None:
    """A cloned phone that signs the same counter again at this till is caught at this till."""
    shop.go_offline()
    token = shop.token()
    shop.do(ScanAnswer())
    for expected in (None, ErrorCode.COUNTER_REUSED):
        request = shop.show_code()
        shop.do(ScanAnswer())
        shop.scan(shop.answer(request, token=token, counter=1).envelope)
        assert shop.refusal is expected
        shop.do(NextSale())


def test_a_sum_that_fell_is_a_double_spend(shop: Shop) -> None:
    """A later counter that starts from a smaller sum contradicts what the device signed before."""
    shop.go_offline()
    token = shop.token()
    for counter, cumulative_minor, expected in ((5, 5000, None), (6, 1250, ErrorCode.DOUBLE_SPEND)):
        request = shop.show_code()
        shop.do(ScanAnswer())
        shop.scan(shop.answer(request, token=token, counter=counter, cumulative_minor=cumulative_minor).envelope)
        assert shop.refusal is expected
        shop.do(NextSale())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payment_max_minor", 999),
        ("stored_max_minor", 2999),
        ("stored_count_max", 2),
        ("token_stored_max_minor", 2999),
        ("stored_age_max_s", 3599),
    ],
)
def test_each_limit_of_the_till_is_kept_and_named(shop: Shop, name: str, value: int) -> None:
    """Two payments of 10.00, an hour, and a third: refused by exactly this limit, taken without it."""
    for limits, expected in ((LIMITS, None), (replace(LIMITS, **{name: value}), name)):
        till = Shop(shop.folder / f"{name}-{expected}", limits=limits).enrol()
        till.go_offline()
        token = till.token()
        refusal = None
        for counter in (1, 2, 3):
            if counter == 3:
                till.clock.advance(3600)
            request = till.show_code(1000)
            till.do(ScanAnswer())
            till.scan(till.answer(request, token=token, counter=counter, cumulative_minor=1000 * counter).envelope)
            refusal = till.snapshot.refusal
            if refusal is not None:
                break
            till.do(NextSale())
        assert (refusal.param if refusal is not None else None) == expected
        if refusal is not None:
            assert refusal.code is ErrorCode.OVER_TERMINAL_LIMIT


def test_a_clock_set_back_makes_nothing_younger(shop: Shop) -> None:
    """The age of what is stored does not fall with the wall clock, over a restart neither; and sales go on."""
    till = Shop(shop.folder / "young", limits=replace(LIMITS, stored_age_max_s=3600)).enrol()
    till.go_offline()
    token = till.token()
    request = till.show_code()
    till.do(ScanAnswer())
    till.scan(till.answer(request, token=token, counter=1).envelope)
    till.do(NextSale())
    till.clock.jump(-86_400)
    till.restart()
    till.go_offline()
    request = till.show_code()
    assert request.message.issued_at_s >= till.scheme.now_s, "never before the operator's own signed time"
    till.clock.advance(1)
    till.do(ScanAnswer())
    till.scan(till.answer(request, token=token, counter=2, cumulative_minor=2500).envelope)
    assert till.sale.is_stored
    till.do(NextSale())
    till.clock.advance(3600)
    request = till.show_code()
    till.do(ScanAnswer())
    till.scan(till.answer(request, token=token, counter=3, cumulative_minor=3750).envelope)
    refusal = till.snapshot.refusal
    assert refusal is not None
    assert refusal.param == "stored_age_max_s"


def test_an_answer_after_the_time_is_refused(shop: Shop) -> None:
    """The request has run out by the till's running clock, whatever the wall clock says. (R-68)"""
    shop.go_offline()
    request = shop.show_code()
    shop.clock.running_ms += 120_000
    with pytest.raises(TillcodeError) as caught:
        shop.till.accept_scan(qr.to_text(shop.answer(request).envelope), reach=Reach.OFFLINE)
    assert caught.value.code is ErrorCode.EXPIRED


def test_a_closed_request_takes_no_answer(shop: Shop) -> None:
    """Once the closure is journaled, an intent comes too late."""
    shop.go_offline()
    request = shop.show_code()
    shop.till.give_up(request.message.request_id, CloseReason.CANCELLED)
    with pytest.raises(TillcodeError) as caught:
        shop.till.accept_scan(qr.to_text(shop.answer(request).envelope), reach=Reach.OFFLINE)
    assert caught.value.code is ErrorCode.REQUEST_NOT_OPEN


def test_a_till_without_a_shop_sells_nothing(shop: Shop) -> None:
    """Before enrolment every use case says so."""
    till = Shop(shop.folder / "new")
    with pytest.raises(MisuseError) as caught:
        till.till.open_request(amount_minor=100)
    assert caught.value.code is ErrorCode.NOT_ENROLLED


def test_an_expired_certificate_opens_no_sale(shop: Shop) -> None:
    """No wallet would take such a request; better to say so at the till."""
    shop.clock.advance(24 * 3600)
    with pytest.raises(TillcodeError) as caught:
        shop.till.open_request(amount_minor=100)
    assert (caught.value.code, caught.value.param) == (ErrorCode.EXPIRED, "certificate")


@pytest.mark.parametrize("change", ["other request", "no receipt", "no state", "unsigned"])
def test_paid_without_a_good_receipt_is_no_answer(shop: Shop, change: str) -> None:
    """The server's bare word, or another sale's receipt, moves nothing. (R-77)"""
    request = shop.show_code()
    receipt = shop.server.pay_online(request)
    answer = api.PaymentAnswer(
        request_id=api.to_base64url(request.message.request_id),
        state="CAPTURED",
        receipt=api.to_base64url(receipt.envelope),
    )
    bad = {
        "other request": replace(answer, request_id=api.to_base64url(b"x" * 12)),
        "no receipt": replace(answer, receipt=""),
        "no state": replace(answer, state="GONE"),
        "unsigned": replace(answer, receipt=api.to_base64url(spoiled(receipt.envelope))),
    }[change]
    length = shop.journal.length
    with pytest.raises(UnavailableError) as caught:
        shop.till.take_payment_answer(request.message.request_id, bad)
    assert (caught.value.code, shop.journal.length) == (ErrorCode.BAD_ANSWER, length)
    assert shop.till.take_payment_answer(request.message.request_id, answer).state is State.CAPTURED


def test_another_payers_receipt_does_not_settle_a_stored_payment(shop: Shop) -> None:
    """Goods were given for our payer's intent: only the answer to that claim empties the queue."""
    shop.go_offline()
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)
    with pytest.raises(TillcodeError) as caught:
        shop.till.accept_scan(qr.to_text(shop.server.pay_online(request).envelope), reach=Reach.OFFLINE)
    assert caught.value.code is ErrorCode.ALREADY_PAID
    assert isinstance(shop.server.receipts[request.message.request_id].message, Receipt)
    assert shop.sale.is_stored
