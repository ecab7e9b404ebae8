"""Rules that a verified message must still pass, as pure checks against facts. Each returns None or raises.

Facts are what the checking side knows by itself: its clock, its own open request, its own counts. The
messages come verified from trust.py. Amounts are minor units of the message's currency.
"""

from dataclasses import dataclass
from typing import Final

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Digest, MerchantId, TerminalId
from wallet_sdk.protocol.messages import (
    AuthorizationMode,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    Receipt,
    Refund,
    StaticCode,
    TerminalCertificate,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import CLOSED_UNPAID, State

#: States in which one consent has cost its payer nothing and never will.
_NOT_CHARGED: Final = CLOSED_UNPAID | {State.DECLINED, State.VOIDED, State.REJECTED}
#: States in which a refund has left the merchant: the operator holds it or the payer has it.
_PAID_BACK: Final = frozenset({State.CAPTURED, State.CLEARED, State.SETTLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineLimits:
    """What a terminal accepts without the network: its own bound on its own risk.

    Attributes:
        payment_max_minor: one payment at most (the floor limit).
        stored_max_minor: all accepted and not yet captured payments together.
        stored_count_max: how many of them.
        stored_age_max_s: age of the oldest of them, after which nothing more is accepted offline.
        token_stored_max_minor: one token's share of the stored sum.
    """

    payment_max_minor: int
    stored_max_minor: int
    stored_count_max: int
    stored_age_max_s: int
    token_stored_max_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineFacts:
    """What the terminal knows when an intent arrives offline.

    Attributes:
        stored_minor: sum accepted and not yet captured.
        stored_count: how many.
        stored_age_s: age of the oldest, 0 when there is none.
        token_stored_minor: the part of ``stored_minor`` under this token.
        token_intents: every intent accepted here under this token, captured or not.
    """

    stored_minor: int
    stored_count: int
    stored_age_s: int
    token_stored_minor: int
    token_intents: tuple[PaymentIntent, ...]


def check_request_fresh(request: PaymentRequest, *, at_s: int) -> None:
    """The payer's check of time, forgiving a difference of clocks.

    Raises:
        RuleViolationError: NOT_YET_VALID or EXPIRED.
    """
    _check_fresh(issued_at_s=request.issued_at_s, expires_at_s=request.expires_at_s, at_s=at_s, what="request")


def check_code_fresh(code: PaymentCode, *, at_s: int) -> None:
    """Time of a customer-presented code, forgiving a small difference of clocks: it is a bearer instrument.

    Raises:
        RuleViolationError: NOT_YET_VALID or EXPIRED.
    """
    _check_fresh(
        issued_at_s=code.issued_at_s,
        expires_at_s=code.expires_at_s,
        at_s=at_s,
        what="code",
        skew_s=limits.CODE_SKEW_S_MAX,
    )


def check_same_terminal(certificate: TerminalCertificate, *, merchant_id: MerchantId, terminal_id: TerminalId) -> None:
    """A claim must carry the claiming terminal's own request.

    Raises:
        RuleViolationError: WRONG_TERMINAL.
    """
    if (certificate.merchant_id, certificate.terminal_id) != (merchant_id, terminal_id):
        raise RuleViolationError(ErrorCode.WRONG_TERMINAL, "the request is another terminal's", param="terminal_id")


def check_intent_answers(
    intent: PaymentIntent, token: PaymentToken, *, request: PaymentRequest, request_digest: Digest
) -> None:
    """The intent consents to exactly this request, in its currency and amount.

    Raises:
        RuleViolationError: WRONG_REQUEST, CURRENCY_MISMATCH, ONLINE_ONLY, AMOUNT_MISMATCH or BAD_CUMULATIVE.
    """
    if intent.request_digest != request_digest:
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the intent answers another request", param="request_digest")
    if token.currency is not request.currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "token and request differ in currency", param="currency")
    if request.hold_h and intent.mode is not AuthorizationMode.ONLINE:
        raise RuleViolationError(ErrorCode.ONLINE_ONLY, "a deposit is held by the issuer", param="mode")
    if not request.amount_minor <= intent.amount_minor <= request.amount_minor + request.tip_max_minor:
        raise RuleViolationError(
            ErrorCode.AMOUNT_MISMATCH,
            f"asked {request.amount_minor}, consented {intent.amount_minor} minor units",
            param="amount_minor",
        )
    if intent.mode is AuthorizationMode.OFFLINE and intent.cumulative_minor < intent.amount_minor:
        raise RuleViolationError(
            ErrorCode.BAD_CUMULATIVE, "the sum is smaller than its last part", param="cumulative_minor"
        )


def check_receipt_answers(receipt: Receipt, *, request: PaymentRequest, terminal_id: TerminalId) -> None:
    """The operator's receipt says that exactly this request of this terminal is paid: the proof a payer shows.

    Raises:
        RuleViolationError: WRONG_TERMINAL, WRONG_REQUEST, CURRENCY_MISMATCH, AMOUNT_MISMATCH or BAD_TRANSITION when
            the receipt is of a payment that was not made.
    """
    _check_receipt_subject(receipt, request=request, terminal_id=terminal_id)
    # Of a deposit a part may have been taken.  R-121
    part = bool(request.hold_h) and receipt.state is not State.AUTHORIZED
    least_minor = 1 if part else request.amount_minor
    if not least_minor <= receipt.amount_minor <= request.amount_minor + request.tip_max_minor:
        raise RuleViolationError(ErrorCode.AMOUNT_MISMATCH, "receipt and request differ", param="amount_minor")
    if not receipt.state.is_paid:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, f"the payment is {receipt.state.name}", param="state")


def check_closing_receipt(receipt: Receipt, *, request: PaymentRequest, terminal_id: TerminalId) -> None:
    """The operator's receipt says that this request was closed unpaid: nobody has paid it, and nobody ever can.

    That one payer's consent was refused is not enough, because another payer's may be taken.

    Raises:
        RuleViolationError: WRONG_TERMINAL, WRONG_REQUEST, CURRENCY_MISMATCH, AMOUNT_MISMATCH or BAD_TRANSITION.
    """
    _check_receipt_subject(receipt, request=request, terminal_id=terminal_id)
    if receipt.consent_digest:
        raise RuleViolationError(
            ErrorCode.WRONG_REQUEST, "the receipt is of one consent, not of the request", param="consent_digest"
        )
    if receipt.amount_minor != request.amount_minor:
        raise RuleViolationError(ErrorCode.AMOUNT_MISMATCH, "receipt and request differ", param="amount_minor")
    if receipt.state not in CLOSED_UNPAID:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, f"the payment is {receipt.state.name}", param="state")


def check_refusing_receipt(
    receipt: Receipt, *, request: PaymentRequest, terminal_id: TerminalId, consent_digest: Digest
) -> None:
    """The operator's receipt says that this one consent to the request did not, and will not, charge its payer.

    Raises:
        RuleViolationError: WRONG_TERMINAL, WRONG_REQUEST, CURRENCY_MISMATCH or BAD_TRANSITION.
    """
    _check_receipt_subject(receipt, request=request, terminal_id=terminal_id)
    if receipt.consent_digest != consent_digest:
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the receipt is of another consent", param="consent_digest")
    if receipt.state not in _NOT_CHARGED:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, f"the payment is {receipt.state.name}", param="state")


def check_refund_receipt(receipt: Receipt, *, refund: Refund, terminal_id: TerminalId) -> None:
    """The operator's receipt says that exactly this refund of this terminal went back to the payer.

    Raises:
        RuleViolationError: WRONG_TERMINAL, WRONG_REQUEST, CURRENCY_MISMATCH, AMOUNT_MISMATCH or BAD_TRANSITION.
    """
    if receipt.terminal_id != terminal_id:
        raise RuleViolationError(ErrorCode.WRONG_TERMINAL, "the receipt is another terminal's", param="terminal_id")
    if (receipt.refund_id, receipt.request_id) != (refund.refund_id, refund.request_id):
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the receipt is of another refund", param="refund_id")
    if receipt.currency is not refund.currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "receipt and refund differ", param="currency")
    if receipt.amount_minor != refund.amount_minor:
        raise RuleViolationError(ErrorCode.AMOUNT_MISMATCH, "receipt and refund differ", param="amount_minor")
    if receipt.state not in _PAID_BACK:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, f"the refund is {receipt.state.name}", param="state")


def check_intent_answers_static(
    intent: PaymentIntent, token: PaymentToken, *, code: StaticCode, code_digest: Digest
) -> None:
    """The intent consents to pay this printed code, through the issuer only and under its cap.

    Raises:
        RuleViolationError: WRONG_REQUEST, CURRENCY_MISMATCH, ONLINE_ONLY or OVER_CEILING.
    """
    if intent.request_digest != code_digest:
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the intent answers another code", param="request_digest")
    if token.currency is not code.currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "token and code differ in currency", param="currency")
    if intent.mode is not AuthorizationMode.ONLINE:
        raise RuleViolationError(ErrorCode.ONLINE_ONLY, "a printed code is paid through the issuer", param="mode")
    if intent.amount_minor > code.payment_max_minor:
        raise RuleViolationError(
            ErrorCode.OVER_CEILING,
            f"{intent.amount_minor} is over the code's {code.payment_max_minor}",
            param="amount_minor",
        )


def start_of_sum(intent: PaymentIntent) -> int:
    """The cumulative sum before this intent, in minor units."""
    spent_minor = intent.amount_minor if intent.mode is AuthorizationMode.OFFLINE else 0
    return intent.cumulative_minor - spent_minor


def check_code_covers(code: PaymentCode, token: PaymentToken, *, amount_minor: int, currency: Currency) -> None:
    """A customer-presented code covers the amount asked, in its currency.

    Raises:
        RuleViolationError: CURRENCY_MISMATCH or OVER_CEILING.
    """
    if token.currency is not currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "token and request differ in currency", param="currency")
    if amount_minor > code.ceiling_minor:
        raise RuleViolationError(
            ErrorCode.OVER_CEILING,
            f"{amount_minor} is over the code's ceiling {code.ceiling_minor}",
            param="amount_minor",
        )


def check_token_allows(intent: PaymentIntent, token: PaymentToken) -> None:
    """The issuer's limits for spending without the issuer: per payment, in total, by count.

    Raises:
        RuleViolationError: ONLINE_ONLY, OVER_PAYMENT_LIMIT, OVER_TOKEN_LIMIT or OVER_COUNT_LIMIT.
    """
    if intent.mode is not AuthorizationMode.OFFLINE:
        raise RuleViolationError(
            ErrorCode.ONLINE_ONLY, "the payer meant this for the issuer to authorize", param="mode"
        )
    if intent.amount_minor > token.payment_max_minor:
        raise RuleViolationError(
            ErrorCode.OVER_PAYMENT_LIMIT,
            f"{intent.amount_minor} is over {token.payment_max_minor} a payment",
            param="amount_minor",
        )
    if intent.cumulative_minor > token.total_max_minor:
        raise RuleViolationError(
            ErrorCode.OVER_TOKEN_LIMIT,
            f"{intent.cumulative_minor} is over the allowance of {token.total_max_minor}",
            param="cumulative_minor",
        )
    if intent.counter > token.count_max:
        raise RuleViolationError(
            ErrorCode.OVER_COUNT_LIMIT, f"counter {intent.counter} is over {token.count_max}", param="counter"
        )


def check_terminal_allows(intent: PaymentIntent, *, limit: OfflineLimits, facts: OfflineFacts) -> None:
    """The terminal's own bound on its own risk while nobody can be asked.

    Raises:
        RuleViolationError: OVER_TERMINAL_LIMIT naming the limit, COUNTER_REUSED, or DOUBLE_SPEND when the payer's
            sum starts below one that this terminal has already seen (a rolled-back or cloned wallet).
    """
    for seen in facts.token_intents:
        if seen.counter == intent.counter:
            raise RuleViolationError(ErrorCode.COUNTER_REUSED, "this counter was spent here before", param="counter")
        earlier, later = (seen, intent) if seen.counter < intent.counter else (intent, seen)
        if start_of_sum(later) < earlier.cumulative_minor:
            raise RuleViolationError(
                ErrorCode.DOUBLE_SPEND, "the device's sum fell between two payments here", param="cumulative_minor"
            )
    amount = intent.amount_minor
    bounds = (
        ("payment_max_minor", amount, limit.payment_max_minor),
        ("stored_max_minor", facts.stored_minor + amount, limit.stored_max_minor),
        ("stored_count_max", facts.stored_count + 1, limit.stored_count_max),
        ("stored_age_max_s", facts.stored_age_s, limit.stored_age_max_s),
        ("token_stored_max_minor", facts.token_stored_minor + amount, limit.token_stored_max_minor),
    )
    for name, value, bound in bounds:
        if value > bound:
            raise RuleViolationError(ErrorCode.OVER_TERMINAL_LIMIT, f"{name}: {value} is over {bound}", param=name)


def _check_receipt_subject(receipt: Receipt, *, request: PaymentRequest, terminal_id: TerminalId) -> None:
    if receipt.terminal_id != terminal_id:
        raise RuleViolationError(ErrorCode.WRONG_TERMINAL, "the receipt is another terminal's", param="terminal_id")
    if receipt.refund_id or receipt.request_id != request.request_id:
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the receipt is of something else", param="request_id")
    if receipt.currency is not request.currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "receipt and request differ", param="currency")


def _check_fresh(
    *, issued_at_s: int, expires_at_s: int, at_s: int, what: str, skew_s: int = limits.CLOCK_SKEW_S_MAX
) -> None:
    if issued_at_s > at_s + skew_s:
        raise RuleViolationError(ErrorCode.NOT_YET_VALID, f"the {what} comes from the future", param="issued_at_s")
    if at_s >= expires_at_s + skew_s:
        raise RuleViolationError(ErrorCode.EXPIRED, f"the {what} has expired", param="lifetime_s")
