"""The server's answers, checked before anything believes them.

"Paid" and "closed unpaid" count only with the operator's receipt. A refusal without one says that this claim was not
taken now, and no more: whoever stands between could have written it.
"""

from dataclasses import dataclass

from terminal_app.journal import Sale
from wallet_sdk.protocol.api import CaptureAnswer, PaymentAnswer, from_base64url
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MoneyOutcome,
    RuleViolationError,
    TillcodeError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import Digest, Envelope
from wallet_sdk.protocol.messages import NO_DIGEST, BatchReceipt, Receipt, TerminalCertificate
from wallet_sdk.protocol.rules import check_closing_receipt, check_refusing_receipt
from wallet_sdk.protocol.states import CLOSED_UNPAID, State
from wallet_sdk.protocol.trust import TrustStore, verify_batch_receipt, verify_receipt

_NOT_YET = frozenset({State.REQUESTED, State.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAnswer:
    """What became of a sale.

    Attributes:
        receipt: verified; empty when the state is not a paid one, or a batch's receipt stands for it.
        word: the operator's verified receipt of whatever became of it, for ever; empty when nothing was signed, or a
            batch's receipt stands for it.
        is_together: whether a batch's receipt says that it is paid.
    """

    state: State
    error_code: int
    receipt: Envelope
    word: Envelope
    is_together: bool = False

    @property
    def is_paid(self) -> bool:
        return bool(self.receipt) or self.is_together

    @property
    def is_open(self) -> bool:
        """Whether the server has not decided yet."""
        return self.state in _NOT_YET

    @property
    def is_for_ever(self) -> bool:
        """Whether the operator has signed what became of it."""
        return bool(self.word) or self.is_together


def read_batch_receipt(
    answer: CaptureAnswer, *, certificate: TerminalCertificate, trust: TrustStore
) -> Sealed[BatchReceipt]:
    """Check the one receipt that stands for many.

    Raises:
        UnavailableError: BAD_ANSWER, outcome unknown: not the operator's, or for another terminal.
    """
    try:
        sealed = verify_batch_receipt(from_base64url(answer.receipt), trust)
        if sealed.message.terminal_id != certificate.terminal_id:
            raise RuleViolationError(ErrorCode.WRONG_TERMINAL, "a receipt of another terminal", param="terminal_id")
    except TillcodeError as error:
        raise _does_not_hold(error) from error
    return sealed


def read_answer(
    answer: PaymentAnswer, *, sale: Sale, trust: TrustStore, paid_together: frozenset[Digest] = frozenset()
) -> VerifiedAnswer:
    """Check an answer about a sale. ``paid_together``: what a verified receipt of its batch says is paid.

    Raises:
        UnavailableError: BAD_ANSWER, outcome unknown: about another sale, paid or closed without a good receipt.
    """
    is_together = False
    try:
        if from_base64url(answer.request_id) != sale.request_id:
            raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the answer is about another request")
        state = State[answer.state]
        receipt = word = Envelope(b"")
        if state.is_paid and not answer.receipt and sale.is_stored and sale.consent_digest in paid_together:
            is_together = True
        elif state.is_paid:
            sealed = check_receipt(from_base64url(answer.receipt), sale=sale, trust=trust)
            _check_same_consent(answer, sealed.message, sale)
            receipt = word = sealed.envelope
        elif state in CLOSED_UNPAID or answer.receipt:
            word = _check_word(from_base64url(answer.receipt), state, sale=sale, trust=trust)
    except (TillcodeError, KeyError) as error:
        raise _does_not_hold(error) from error
    return VerifiedAnswer(
        state=state, error_code=answer.error_code, receipt=receipt, word=word, is_together=is_together
    )


def _does_not_hold(error: Exception) -> UnavailableError:
    return UnavailableError(
        ErrorCode.BAD_ANSWER, f"the server's answer does not hold: {error}", outcome=MoneyOutcome.UNKNOWN
    )


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


def _check_word(envelope: bytes, state: State, *, sale: Sale, trust: TrustStore) -> Envelope:
    """The operator's receipt that the request was closed unpaid, or that this consent costs nothing."""
    sealed = verify_receipt(envelope, trust)
    request, terminal_id = sale.request.message, sale.terminal_id
    if state in CLOSED_UNPAID:
        check_closing_receipt(sealed.message, request=request, terminal_id=terminal_id)
    else:
        digest = sale.consent_digest or NO_DIGEST
        check_refusing_receipt(sealed.message, request=request, terminal_id=terminal_id, consent_digest=digest)
    if sealed.message.state is not state:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, "answer and receipt disagree", param="state")
    return sealed.envelope


def _check_same_consent(answer: PaymentAnswer, receipt: Receipt, sale: Sale) -> None:
    """A claim is paid by its own consent; another payer's is said so, and that one was not charged twice."""
    own = sale.consent_digest in {None, receipt.consent_digest}
    if not own and answer.error_code != ErrorCode.ALREADY_PAID and sale.accepted_at_s is not None:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "the receipt is for another consent", param="receipt")
