"""Every rule at both sides of every bound."""

from dataclasses import replace

import pytest

from tests.unit.wallet_sdk.protocol.samples import DIGEST, NOW_S, OTHER_ID, code_raised, example
from wallet_sdk.protocol import messages, rules
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Counter, Digest, MerchantId, TerminalId
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentIntent
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import OfflineFacts, OfflineLimits
from wallet_sdk.protocol.states import State

SKEW_S = 300
CODE_SKEW_S = 30
REQUEST = replace(example(messages.PaymentRequest), hold_h=0)
DEPOSIT = replace(REQUEST, hold_h=12)
TOKEN = example(messages.PaymentToken)
INTENT = example(messages.PaymentIntent)
CODE = example(messages.PaymentCode)
RECEIPT = replace(example(messages.Receipt), refund_id=messages.NO_ID)
CERTIFICATE = example(messages.TerminalCertificate)

LIMIT = OfflineLimits(
    payment_max_minor=5_000,
    stored_max_minor=20_000,
    stored_count_max=10,
    stored_age_max_s=86_400,
    token_stored_max_minor=8_000,
)
NOTHING = OfflineFacts(stored_minor=0, stored_count=0, stored_age_s=0, token_stored_minor=0, token_intents=())


def intent(
    *, counter: int = 1, amount: int = 100, total: int = 100, mode: AuthorizationMode = AuthorizationMode.OFFLINE
) -> PaymentIntent:
    """An intent by its numbers."""
    return PaymentIntent(
        counter=Counter(counter), amount_minor=amount, cumulative_minor=total, request_digest=DIGEST, mode=mode
    )


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (NOW_S - SKEW_S - 1, ErrorCode.NOT_YET_VALID),
        (NOW_S - SKEW_S, None),
        (NOW_S + 120, None),
        (NOW_S + 120 + SKEW_S - 1, None),
        (NOW_S + 120 + SKEW_S, ErrorCode.EXPIRED),
        (NOW_S + 86_400, ErrorCode.EXPIRED),
        (NOW_S - 86_400, ErrorCode.NOT_YET_VALID),
    ],
)
def test_requests_are_fresh_from_second_to_second(at_s: int, code: ErrorCode | None) -> None:
    """Clocks may differ by five minutes in each direction and no more. (R-58)"""
    if code is None:
        rules.check_request_fresh(REQUEST, at_s=at_s)
    else:
        assert code_raised(lambda: rules.check_request_fresh(REQUEST, at_s=at_s)) is code


def test_codes_are_fresh_from_second_to_second() -> None:
    """Codes from the future are refused as old ones are. (R-85)"""
    for at_s in (NOW_S - CODE_SKEW_S, NOW_S, NOW_S + 60 + CODE_SKEW_S - 1):
        rules.check_code_fresh(CODE, at_s=at_s)
    early, late = NOW_S - CODE_SKEW_S - 1, NOW_S + 60 + CODE_SKEW_S
    assert code_raised(lambda: rules.check_code_fresh(CODE, at_s=early)) is ErrorCode.NOT_YET_VALID
    assert code_raised(lambda: rules.check_code_fresh(CODE, at_s=late)) is ErrorCode.EXPIRED


def test_a_claim_is_the_terminals_own() -> None:
    """Both numbers count: the same terminal number of another merchant is another terminal. (R-35)"""
    rules.check_same_terminal(CERTIFICATE, merchant_id=MerchantId(1001), terminal_id=TerminalId(2001))
    for merchant, terminal in ((1001, 2002), (1002, 2001), (2001, 1001)):
        code = code_raised(
            lambda merchant=merchant, terminal=terminal: rules.check_same_terminal(  # type: ignore[misc]
                CERTIFICATE, merchant_id=MerchantId(merchant), terminal_id=TerminalId(terminal)
            )
        )
        assert code is ErrorCode.WRONG_TERMINAL


def answers(consent: PaymentIntent, request: messages.PaymentRequest = REQUEST, digest: Digest = DIGEST) -> None:
    """Check an intent against the example's request and token."""
    rules.check_intent_answers(consent, TOKEN, request=request, request_digest=digest)


@pytest.mark.parametrize("amount", [1250, 1251, 1350])
def test_an_intent_pays_the_amount_and_no_more_than_the_tip(amount: int) -> None:
    """From what was asked to what was asked and the largest tip."""
    answers(replace(INTENT, amount_minor=amount))


@pytest.mark.parametrize("amount", [1, 1249, 1351, 2**32 - 1])
def test_other_amounts_are_refused(amount: int) -> None:
    """Neither a cent less nor a cent more. (R-67)"""
    consent = replace(INTENT, amount_minor=amount, cumulative_minor=2**32 - 1)
    assert code_raised(lambda: answers(consent)) is ErrorCode.AMOUNT_MISMATCH
    untipped = replace(REQUEST, tip_max_minor=0)
    assert code_raised(lambda: answers(replace(INTENT, amount_minor=1251), untipped)) is ErrorCode.AMOUNT_MISMATCH


def test_an_intent_answers_one_request() -> None:
    """By digest, so certificate, amount, time and reference are all bound. (R-67)"""
    other = Digest(bytes(32))
    assert code_raised(lambda: answers(INTENT, digest=other)) is ErrorCode.WRONG_REQUEST
    yen = replace(REQUEST, currency=Currency.JPY)
    assert code_raised(lambda: answers(INTENT, yen)) is ErrorCode.CURRENCY_MISMATCH


def test_a_deposit_is_held_by_the_issuer_alone() -> None:
    """Nobody holds money offline. (R-119)"""
    answers(replace(INTENT, mode=AuthorizationMode.ONLINE), DEPOSIT)
    with pytest.raises(RuleViolationError) as refused:
        answers(INTENT, DEPOSIT)
    assert (refused.value.code, refused.value.param) == (ErrorCode.ONLINE_ONLY, "mode")


@pytest.mark.parametrize(
    ("request_", "state", "amount", "refused"),
    [
        (DEPOSIT, State.AUTHORIZED, 1250, None),
        (DEPOSIT, State.AUTHORIZED, 1249, ErrorCode.AMOUNT_MISMATCH),
        (DEPOSIT, State.CAPTURED, 1, None),
        (DEPOSIT, State.SETTLED, 1350, None),
        (DEPOSIT, State.CAPTURED, 1351, ErrorCode.AMOUNT_MISMATCH),
        (DEPOSIT, State.VOIDED, 1250, ErrorCode.BAD_TRANSITION),
        (DEPOSIT, State.EXPIRED, 1250, ErrorCode.BAD_TRANSITION),
        (REQUEST, State.CAPTURED, 1249, ErrorCode.AMOUNT_MISMATCH),
    ],
)
def test_of_a_deposit_a_part_is_taken(
    request_: messages.PaymentRequest, state: State, amount: int, refused: ErrorCode | None
) -> None:
    """The whole is held, any part of it captured; no other request is paid in part. (R-121)"""
    receipt = replace(RECEIPT, request_id=request_.request_id, state=state, amount_minor=amount)

    def call() -> None:
        rules.check_receipt_answers(receipt, request=request_, terminal_id=receipt.terminal_id)

    if refused is None:
        call()
    else:
        assert code_raised(call) is refused


def test_a_sum_is_not_smaller_than_its_last_part() -> None:
    """Offline; an online intent adds nothing to the sum."""
    answers(replace(INTENT, cumulative_minor=1250))
    short = replace(INTENT, cumulative_minor=1249)
    assert code_raised(lambda: answers(short)) is ErrorCode.BAD_CUMULATIVE
    answers(replace(short, mode=AuthorizationMode.ONLINE, cumulative_minor=0))


def test_a_code_covers_up_to_its_ceiling() -> None:
    """In its token's currency. (R-69)"""
    rules.check_code_covers(CODE, TOKEN, amount_minor=5_000, currency=Currency.EUR)
    over = code_raised(lambda: rules.check_code_covers(CODE, TOKEN, amount_minor=5_001, currency=Currency.EUR))
    yen = code_raised(lambda: rules.check_code_covers(CODE, TOKEN, amount_minor=1, currency=Currency.JPY))
    assert (over, yen) == (ErrorCode.OVER_CEILING, ErrorCode.CURRENCY_MISMATCH)


def test_the_token_bounds_payment_total_and_count() -> None:
    """At each bound it is allowed, one above it is not. (R-72)"""
    rules.check_token_allows(intent(counter=1_000, amount=5_000, total=20_000), TOKEN)
    for refused, code in (
        (intent(amount=5_001, total=5_001), ErrorCode.OVER_PAYMENT_LIMIT),
        (intent(amount=100, total=20_001), ErrorCode.OVER_TOKEN_LIMIT),
        (intent(counter=1_001), ErrorCode.OVER_COUNT_LIMIT),
        (intent(mode=AuthorizationMode.ONLINE), ErrorCode.ONLINE_ONLY),
    ):
        assert code_raised(lambda refused=refused: rules.check_token_allows(refused, TOKEN)) is code  # type: ignore[misc]


def test_a_token_without_allowance_pays_nothing_offline() -> None:
    """Zero is zero."""
    empty = replace(TOKEN, payment_max_minor=0, total_max_minor=0)
    code = code_raised(lambda: rules.check_token_allows(intent(amount=1, total=1), empty))
    assert code is ErrorCode.OVER_PAYMENT_LIMIT


def refused_bound(consent: PaymentIntent, facts: OfflineFacts) -> str | None:
    """Which of the terminal's bounds refuses, None when none does."""
    try:
        rules.check_terminal_allows(consent, limit=LIMIT, facts=facts)
    except RuleViolationError as error:
        return error.param
    return None


@pytest.mark.parametrize(
    ("amount", "facts", "bound"),
    [
        (5_000, NOTHING, None),
        (5_001, NOTHING, "payment_max_minor"),
        (100, replace(NOTHING, stored_minor=19_900), None),
        (101, replace(NOTHING, stored_minor=19_900), "stored_max_minor"),
        (100, replace(NOTHING, stored_count=9), None),
        (100, replace(NOTHING, stored_count=10), "stored_count_max"),
        (100, replace(NOTHING, stored_age_s=86_400), None),
        (100, replace(NOTHING, stored_age_s=86_401), "stored_age_max_s"),
        (100, replace(NOTHING, token_stored_minor=7_900), None),
        (101, replace(NOTHING, token_stored_minor=7_900), "token_stored_max_minor"),
    ],
)
def test_the_terminal_bounds_its_own_risk(amount: int, facts: OfflineFacts, bound: str | None) -> None:
    """Floor limit, sum, count, age and one token's share: at the bound yes, above it no. (R-73)"""
    assert refused_bound(intent(amount=amount, total=amount), facts) == bound


def test_a_counter_is_spent_once_at_a_terminal() -> None:
    """Whatever else the second intent says. (R-74)"""
    facts = replace(NOTHING, token_intents=(intent(counter=1), intent(counter=2, total=200)))
    again = intent(counter=2, amount=100, total=300)
    code = code_raised(lambda: rules.check_terminal_allows(again, limit=LIMIT, facts=facts))
    assert code is ErrorCode.COUNTER_REUSED
    rules.check_terminal_allows(intent(counter=3, total=300), limit=LIMIT, facts=facts)


@pytest.mark.parametrize(
    ("consent", "honest"),
    [
        (intent(counter=6, amount=100, total=600), 1),  # starts where the last one ended
        (intent(counter=9, amount=100, total=900), 1),  # has paid elsewhere in between
        (intent(counter=6, amount=100, total=599), 0),  # starts one below: a rolled-back wallet
        (intent(counter=6, amount=100, total=100), 0),
        (intent(counter=4, amount=100, total=400), 1),  # an older one, shown late
        (intent(counter=4, amount=100, total=401), 0),  # then the later one had started too low
    ],
)
def test_a_sum_that_fell_is_refused_at_once(consent: PaymentIntent, honest: int) -> None:
    """A terminal that holds both halves of a proof does not accept the second one. (R-74)"""
    facts = replace(NOTHING, token_intents=(intent(counter=5, amount=100, total=500),))
    if honest:
        rules.check_terminal_allows(consent, limit=LIMIT, facts=facts)
    else:
        code = code_raised(lambda: rules.check_terminal_allows(consent, limit=LIMIT, facts=facts))
        assert code is ErrorCode.DOUBLE_SPEND


def receipt_answers(receipt: messages.Receipt) -> None:
    """Check a receipt against the example's request of terminal 2001."""
    rules.check_receipt_answers(receipt, request=REQUEST, terminal_id=TerminalId(2001))


@pytest.mark.parametrize("state", [State.AUTHORIZED, State.CAPTURED, State.CLEARED, State.SETTLED])
@pytest.mark.parametrize("amount", [1250, 1350])
def test_a_receipt_proves_payment_of_its_request(state: State, amount: int) -> None:
    """With or without the tip, in every paid state."""
    receipt_answers(replace(RECEIPT, state=state, amount_minor=amount))


@pytest.mark.parametrize(
    ("receipt", "code"),
    [
        (replace(RECEIPT, terminal_id=TerminalId(2002)), ErrorCode.WRONG_TERMINAL),
        (replace(RECEIPT, request_id=OTHER_ID), ErrorCode.WRONG_REQUEST),
        (replace(RECEIPT, currency=Currency.JPY), ErrorCode.CURRENCY_MISMATCH),
        (replace(RECEIPT, amount_minor=1249), ErrorCode.AMOUNT_MISMATCH),
        (replace(RECEIPT, amount_minor=1351), ErrorCode.AMOUNT_MISMATCH),
        *[
            (replace(RECEIPT, state=state), ErrorCode.BAD_TRANSITION)
            for state in State
            if state not in {State.AUTHORIZED, State.CAPTURED, State.CLEARED, State.SETTLED}
        ],
    ],
)
def test_a_receipt_of_anything_else_proves_nothing(receipt: messages.Receipt, code: ErrorCode) -> None:
    """Least of all one that another terminal earned under a copied request id. (R-36, R-103)"""
    assert code_raised(lambda: receipt_answers(receipt)) is code


CLOSED = replace(RECEIPT, consent_digest=messages.NO_DIGEST, state=State.CANCELED)
TILL = TerminalId(2001)


@pytest.mark.parametrize("state", [State.CANCELED, State.EXPIRED])
def test_a_closing_receipt_says_that_nobody_paid(state: State) -> None:
    """And nobody ever will: it is of the request and not of one payer's try."""
    rules.check_closing_receipt(replace(CLOSED, state=state), request=REQUEST, terminal_id=TILL)


@pytest.mark.parametrize(
    ("receipt", "code"),
    [
        (replace(CLOSED, terminal_id=TerminalId(2002)), ErrorCode.WRONG_TERMINAL),
        (replace(CLOSED, request_id=OTHER_ID), ErrorCode.WRONG_REQUEST),
        (replace(CLOSED, refund_id=OTHER_ID), ErrorCode.WRONG_REQUEST),
        (replace(CLOSED, consent_digest=DIGEST), ErrorCode.WRONG_REQUEST),
        (replace(CLOSED, currency=Currency.JPY), ErrorCode.CURRENCY_MISMATCH),
        (replace(CLOSED, amount_minor=1249), ErrorCode.AMOUNT_MISMATCH),
        (replace(CLOSED, amount_minor=1350), ErrorCode.AMOUNT_MISMATCH),
        *[
            (replace(CLOSED, state=state), ErrorCode.BAD_TRANSITION)
            for state in State
            if state not in {State.CANCELED, State.EXPIRED}
        ],
    ],
)
def test_no_other_receipt_closes_a_request(receipt: messages.Receipt, code: ErrorCode) -> None:
    """A payer who was declined may be followed by one who pays. (R-104)"""
    raised = code_raised(lambda: rules.check_closing_receipt(receipt, request=REQUEST, terminal_id=TILL))
    assert raised is code


def test_a_closing_is_no_payment() -> None:
    """Nor is a refund, whatever its amount."""
    assert code_raised(lambda: receipt_answers(CLOSED)) is ErrorCode.BAD_TRANSITION
    assert code_raised(lambda: receipt_answers(replace(RECEIPT, refund_id=OTHER_ID))) is ErrorCode.WRONG_REQUEST


@pytest.mark.parametrize("state", State)
def test_a_refusing_receipt_is_of_one_consent(state: State) -> None:
    """It says that this consent cost nothing, and only in the states in which it never will. (R-105)"""
    receipt = replace(RECEIPT, state=state)

    def refused(digest: Digest = DIGEST, terminal: TerminalId = TILL) -> None:
        rules.check_refusing_receipt(receipt, request=REQUEST, terminal_id=terminal, consent_digest=digest)

    if state in {State.DECLINED, State.CANCELED, State.EXPIRED, State.VOIDED, State.REJECTED}:
        refused()
    else:
        assert code_raised(refused) is ErrorCode.BAD_TRANSITION
    assert code_raised(lambda: refused(digest=Digest(bytes(32)))) is ErrorCode.WRONG_REQUEST
    assert code_raised(lambda: refused(terminal=TerminalId(2002))) is ErrorCode.WRONG_TERMINAL


REFUND = example(messages.Refund)
REFUNDED = replace(RECEIPT, consent_digest=messages.NO_DIGEST, refund_id=OTHER_ID)


@pytest.mark.parametrize(
    ("receipt", "code"),
    [
        (REFUNDED, None),
        (replace(REFUNDED, state=State.SETTLED), None),
        (replace(REFUNDED, terminal_id=TerminalId(2002)), ErrorCode.WRONG_TERMINAL),
        (replace(REFUNDED, request_id=OTHER_ID), ErrorCode.WRONG_REQUEST),
        (replace(REFUNDED, refund_id=messages.NO_ID), ErrorCode.WRONG_REQUEST),
        (replace(REFUNDED, currency=Currency.JPY), ErrorCode.CURRENCY_MISMATCH),
        (replace(REFUNDED, amount_minor=1251), ErrorCode.AMOUNT_MISMATCH),
        (replace(REFUNDED, state=State.AUTHORIZED), ErrorCode.BAD_TRANSITION),
        (replace(REFUNDED, state=State.DECLINED), ErrorCode.BAD_TRANSITION),
    ],
)
def test_a_refund_receipt_is_of_one_refund(receipt: messages.Receipt, code: ErrorCode | None) -> None:
    """Refund, payment, terminal and amount; a refund that was declined is none. (R-106)"""
    if code is None:
        rules.check_refund_receipt(receipt, refund=REFUND, terminal_id=TILL)
    else:
        assert code_raised(lambda: rules.check_refund_receipt(receipt, refund=REFUND, terminal_id=TILL)) is code


@pytest.mark.parametrize(
    ("consent", "code"),
    [
        (intent(amount=1, mode=AuthorizationMode.ONLINE), None),
        (intent(amount=2_000, mode=AuthorizationMode.ONLINE), None),
        (intent(amount=2_001, mode=AuthorizationMode.ONLINE), ErrorCode.OVER_CEILING),
        (intent(amount=1, mode=AuthorizationMode.OFFLINE), ErrorCode.ONLINE_ONLY),
    ],
)
def test_a_printed_code_is_paid_online_under_its_cap(consent: PaymentIntent, code: ErrorCode | None) -> None:
    """In its currency, by a consent to this very print. (R-109)"""
    printed = example(messages.StaticCode)

    def answer(digest: Digest = DIGEST, currency: Currency = Currency.EUR) -> None:
        rules.check_intent_answers_static(consent, TOKEN, code=replace(printed, currency=currency), code_digest=digest)

    if code is None:
        answer()
    else:
        assert code_raised(answer) is code
    assert code_raised(lambda: answer(digest=Digest(bytes(32)))) is ErrorCode.WRONG_REQUEST
    assert code_raised(lambda: answer(currency=Currency.JPY)) is ErrorCode.CURRENCY_MISMATCH
