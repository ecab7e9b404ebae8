"""The server's answers, checked before anything believes them: "paid" counts only with the operator's receipt."""

from dataclasses import dataclass

from terminal_app.journal import Sale
from wallet_sdk.protocol.api import PaymentAnswer, from_base64url
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MoneyOutcome,
    RuleViolationError,
    TillcodeError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import Receipt
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import TrustStore, verify_receipt

_NOT_YET = frozenset({State.REQUESTED, State.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAnswer:
    """What became of a sale. `receipt` is verified and is empty exactly when the state is not a paid one."""

    state: State
    error_code: int
    receipt: Envelope

    @property
    def is_paid(self) -> bool:
        return bool(self.receipt)

    @property
    def is_open(self) -> bool:
        """Whether the server has not decided yet."""
        return self.state in _NOT_YET


def read_answer(answer: PaymentAnswer, *, sale: Sale, trust: TrustStore) -> VerifiedAnswer:
    """Check an answer about a sale.

    Raises:
        UnavailableError: BAD_ANSWER, outcome unknown: about another sale, or paid without a good receipt.
    """
    try:
        if from_base64url(answer.request_id) != sale.request_id:
            raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the answer is about another request")
        state = State[answer.state]
        receipt = Envelope(b"")
        if state.is_paid:
            sealed = check_receipt(from_base64url(answer.receipt), sale=sale, trust=trust)
            _check_same_consent(answer, sealed.message, sale)
            receipt = sealed.envelope
    except (TillcodeError, KeyError) as error:
        raise UnavailableError(
            ErrorCode.BAD_ANSWER, f"the server's answer does not hold: {error}", outcome=MoneyOutcome.UNKNOWN
        ) from error
    return VerifiedAnswer(state=state, error_code=answer.error_code, receipt=receipt)


def check_receipt(envelope: bytes, *, sale: Sale, trust: TrustStore) -> Sealed[Receipt]:
    """Verify that the operator says: this very request is paid, in full.

    Raises:
        MalformedMessageError, RuleViolationError: WRONG_REQUEST, CURRENCY_MISMATCH, AMOUNT_MISMATCH, BAD_SIGNATURE ...
    """
    sealed = verify_receipt(envelope, trust)
    receipt, request = sealed.message, sale.request.message
    if (receipt.terminal_id, receipt.request_id) != (sale.terminal_id, request.request_id):
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "a receipt of another sale", param="request_id")
    if receipt.currency is not request.currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "a receipt in another currency", param="currency")
    if not request.amount_minor <= receipt.amount_minor <= request.amount_minor + request.tip_max_minor:
        raise RuleViolationError(ErrorCode.AMOUNT_MISMATCH, "a receipt over another amount", param="amount_minor")
    if not receipt.state.is_paid:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, f"the receipt says {receipt.state.name}", param="state")
    return sealed


def _check_same_consent(answer: PaymentAnswer, receipt: Receipt, sale: Sale) -> None:
    """A claim is paid by its own consent; another payer's is said so, and that one was not charged twice."""
    own = sale.consent_digest in {None, receipt.consent_digest}
    if not own and answer.error_code != ErrorCode.ALREADY_PAID and sale.accepted_at_s is not None:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "the receipt is for another consent", param="receipt")
