"""Refunds happen once, are never called done or failed before the server has said so, and stay within their bounds."""

import pytest

from terminal_app.core import Lane
from terminal_app.journal import RefundRecord, Tally
from terminal_app.journal.office_events import RefundAsked
from terminal_app.reports import search
from terminal_app.reports.search import HistoryQuery
from terminal_app.screen_model import NetworkSwitch
from tests.unit.terminal_app.fake_server import Road
from tests.unit.terminal_app.people import sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError, TillcodeError
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.messages import Receipt
from wallet_sdk.protocol.states import State

CAP_MINOR = 10_000


def ask(shop: Shop, request_id: RequestId, amount_minor: int, *, cap_minor: int = CAP_MINOR) -> RefundRecord:
    """A cashier gives money back."""
    return shop.till.refunds.ask(request_id, amount_minor=amount_minor, reason="cold soup", cap_minor=cap_minor)


def send(shop: Shop) -> None:
    """Let the outbox do what it has."""
    shop.outbox.send_now()
    shop.core.tick()
    shop.run()


def state_of(shop: Shop, record: RefundRecord) -> State:
    """What the till knows of a refund."""
    return shop.till.refunds.record(record.refund.message.refund_id).state


def refusal_of(shop: Shop, request_id: RequestId, amount_minor: int, *, cap_minor: int = CAP_MINOR) -> ErrorCode:
    """Why a refund is not even asked; nothing was written."""
    length = shop.journal.length
    with pytest.raises(TillcodeError) as caught:
        ask(shop, request_id, amount_minor, cap_minor=cap_minor)
    assert shop.journal.length == length
    return caught.value.code


def test_a_refund_is_unknown_until_the_operator_has_signed_it(shop: Shop) -> None:
    """Asked, sent, answered; the history and the day's report know it."""
    sale = sell(shop, 1_250)
    record = ask(shop, sale, 400)
    assert (record.state, record.is_open, record.refund.message.reason) == (State.UNKNOWN, True, "cold soup")
    send(shop)
    assert state_of(shop, record) is State.CAPTURED
    assert [one.message.amount_minor for one in shop.server.refunds.values()] == [400]
    entry = search(shop.till.views.history.values(), HistoryQuery())[0]
    assert (entry.refunded_minor, entry.refundable_minor) == (400, 850)
    totals = shop.till.views.office.period.totals
    assert (totals.refunded, totals.takings_minor) == (Tally(count=1, sum_minor=400), 850)


def test_it_is_in_the_journal_before_it_is_sent(shop: Shop) -> None:
    """And the same message is sent again after a crash: one id, one effect."""
    sale = sell(shop, 1_250)
    record = ask(shop, sale, 1_250)
    assert not shop.server.refunds
    assert any(isinstance(event, RefundAsked) for event, _ in shop.journal.events())
    shop.restart()
    assert shop.till.refunds.record(record.refund.message.refund_id).refund == record.refund
    shop.wait(2)
    assert state_of(shop, record) is State.CAPTURED
    assert len(shop.server.refunds) == 1


@pytest.mark.parametrize("road", [Road.LOST_BEFORE, Road.LOST_AFTER, Road.GARBLED, Road.DOWN])
def test_a_lost_answer_leaves_it_open_until_it_is_known(shop: Shop, road: Road) -> None:
    """Never "failed", never twice."""
    record = ask(shop, sell(shop, 1_250), 500)
    shop.server.road = road
    send(shop)
    assert state_of(shop, record) is State.UNKNOWN
    assert shop.till.views.office.refunded_minor(record.refund.message.request_id) == 500
    shop.server.road = Road.CLEAR
    shop.wait(5)
    assert state_of(shop, record) is State.CAPTURED
    assert [one.message.amount_minor for one in shop.server.refunds.values()] == [500]


def test_a_refusal_gives_the_amount_free_again(shop: Shop) -> None:
    """Nothing went back, and the sale can be given back another way."""
    sale = sell(shop, 1_250)
    shop.server.refuse_refunds = ErrorCode.BAD_TRANSITION
    record = ask(shop, sale, 1_250)
    send(shop)
    assert state_of(shop, record) is State.DECLINED
    assert shop.till.refunds.record(record.refund.message.refund_id).error_code == ErrorCode.BAD_TRANSITION
    shop.server.refuse_refunds = None
    again = ask(shop, sale, 1_250)
    send(shop)
    assert state_of(shop, again) is State.CAPTURED
    assert shop.till.views.office.period.totals.refunded == Tally(count=1, sum_minor=1_250)


def test_a_refusal_that_says_nothing_about_an_earlier_try_is_not_final(shop: Shop) -> None:
    """The first try took effect, its answer was lost; then the server does not know our key: still open, then known."""
    record = ask(shop, sell(shop, 1_250), 500)
    shop.server.road = Road.LOST_AFTER
    send(shop)
    shop.server.road = Road.CLEAR
    shop.server.refuse = ErrorCode.UNKNOWN_SIGNER
    send(shop)
    assert state_of(shop, record) is State.UNKNOWN
    shop.server.refuse = None
    shop.wait(70)
    assert state_of(shop, record) is State.CAPTURED


def test_a_receipt_of_another_refund_is_not_believed(shop: Shop) -> None:
    """The operator's own signature, over less."""
    record = ask(shop, sell(shop, 1_250), 500)
    refund = record.refund.message
    receipt = Receipt(
        terminal_id=shop.credentials.membership.certificate.message.terminal_id,
        request_id=refund.request_id,
        amount_minor=100,
        currency=refund.currency,
        state=State.CAPTURED,
        at_s=shop.scheme.now_s,
        refund_id=refund.refund_id,
    )
    shop.server.refunds[refund.refund_id] = seal(receipt, shop.scheme.receipt_signer)
    send(shop)
    assert state_of(shop, record) is State.UNKNOWN


def test_no_more_goes_back_than_came_in(shop: Shop) -> None:
    """Open refunds count: two cashiers cannot give the same sale back."""
    sale = sell(shop, 1_250)
    ask(shop, sale, 1_000)
    assert refusal_of(shop, sale, 251) is ErrorCode.OVER_REFUNDABLE
    ask(shop, sale, 250)
    assert refusal_of(shop, sale, 1) is ErrorCode.OVER_REFUNDABLE


def test_the_role_bounds_a_refund(shop: Shop) -> None:
    """To the cent."""
    sale = sell(shop, 1_250)
    assert refusal_of(shop, sale, 1_001, cap_minor=1_000) is ErrorCode.ROLE_FORBIDS
    assert ask(shop, sale, 1_000, cap_minor=1_000).is_open


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_nothing_is_no_refund(shop: Shop, amount_minor: int) -> None:
    """Nor less."""
    assert refusal_of(shop, sell(shop, 1_250), amount_minor) is ErrorCode.BAD_ARGUMENT


def test_a_reason_that_no_message_can_hold_is_refused(shop: Shop) -> None:
    """By the protocol's own bound."""
    sale = sell(shop, 1_250)
    with pytest.raises(MisuseError):
        shop.till.refunds.ask(sale, amount_minor=1, reason="x" * 1_000, cap_minor=CAP_MINOR)


def test_only_what_the_server_has_confirmed_is_given_back(shop: Shop) -> None:
    """What waits in the queue may still be refused; then it would be given back without having come in."""
    shop.go_offline()
    sale = sell(shop, 700)
    assert refusal_of(shop, sale, 700) is ErrorCode.REQUEST_NOT_OPEN
    assert refusal_of(shop, RequestId(b"no such sale"), 1) is ErrorCode.UNKNOWN_PAYMENT
    shop.switch(NetworkSwitch.ON)
    shop.wait(3)
    assert ask(shop, sale, 700).is_open


def test_an_old_sale_that_left_memory_can_be_given_back(shop: Shop) -> None:
    """It is read from the file."""
    sale = sell(shop, 1_250)
    del shop.till.views.history[sale]
    record = ask(shop, sale, 1_250)
    send(shop)
    assert state_of(shop, record) is State.CAPTURED
    assert refusal_of(shop, sale, 1) is ErrorCode.OVER_REFUNDABLE


def test_a_refund_that_gets_nowhere_does_not_hold_up_sales(shop: Shop) -> None:
    """Captures go first, and go on going."""
    record = ask(shop, sell(shop, 1_250), 500)
    shop.server.refuse_refunds = ErrorCode.UNKNOWN_SIGNER
    send(shop)
    shop.go_offline()
    other = sell(shop, 300)
    shop.switch(NetworkSwitch.ON)
    shop.run(Lane.OUTBOX)
    assert shop.till.views.sales[other].state is State.CAPTURED
    assert state_of(shop, record) is State.UNKNOWN


def test_an_answered_refund_cannot_be_answered_again(shop: Shop) -> None:
    """The journal refuses; the till passes over a late answer."""
    record = ask(shop, sell(shop, 1_250), 500)
    send(shop)
    refund_id = record.refund.message.refund_id
    length = shop.journal.length
    late = RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "late")
    assert shop.till.refunds.take_refusal(refund_id, late).state is State.CAPTURED
    assert shop.journal.length == length
