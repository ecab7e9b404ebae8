"""A payment of a printed code: the payer says how much, and the issuer is asked; nothing else is possible (R-109).

A print is paid many times, and each payment has an id of its own: the first bytes of its intent's digest. So the same
intent again is the same payment, as everywhere.
"""

from dataclasses import dataclass

from server_stub.service.claims import Memory, Refusal, VerifiedClaim
from server_stub.service.operator import Operator
from server_stub.service.standing import check_open
from server_stub.service.verification import check_valid_at
from server_stub.store.records import ConsentMode
from server_stub.store.records_printed import PrintedCode
from server_stub.store.tables.parties import MERCHANTS, TERMINALS
from server_stub.store.tables.printed import STATIC_CODES
from wallet_sdk.protocol import limits, rules
from wallet_sdk.protocol.envelope import Sealed, open_unverified, peek_type
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import Digest, MerchantId, RequestId
from wallet_sdk.protocol.messages import Liability, MessageType, PaymentIntent, PaymentRequest, PaymentToken, StaticCode
from wallet_sdk.protocol.trust import verify_static_code


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedClaim:
    """A claim, and whose code it pays."""

    claim: VerifiedClaim
    merchant_id: MerchantId


def payment_id_of(digest: Digest) -> RequestId:
    """The id of one payment of a printed code."""
    return RequestId(bytes(digest[: limits.REQUEST_ID_BYTES]))


def is_printed_code(envelope: bytes) -> bool:
    """Whether it says that it is one; nothing is verified by this."""
    try:
        return peek_type(envelope) is MessageType.STATIC_CODE
    except MalformedMessageError:
        return False


def claim_of_printed_code(operator: Operator, *, intent: bytes, code: bytes) -> PrintedClaim:
    """What a wallet sends that has scanned a print: every signature is checked, and the code is one of ours.

    Raises:
        MalformedMessageError, RuleViolationError: nothing may be stored.
    """
    start_s = open_unverified(code, StaticCode).message.not_before_s
    sealed = verify_static_code(code, operator.trust, at_s=start_s)
    consent, token = operator.verifier.intent(intent)
    printed = _printed(operator, sealed)
    now_s, consented = operator.now_s(), consent.message
    request = Sealed(
        message=PaymentRequest(
            request_id=payment_id_of(consent.digest),
            amount_minor=consented.amount_minor,
            currency=sealed.message.currency,
            issued_at_s=now_s,
            lifetime_s=limits.REQUEST_LIFETIME_S_MAX,
        ),
        envelope=sealed.envelope,
        digest=sealed.digest,
        key_id=sealed.key_id,
        embedded=None,
        signature=sealed.signature,
    )
    claim = VerifiedClaim(
        terminal_id=printed.terminal_id,
        request=request,
        consent=consent,
        token=token,
        amount_minor=consented.amount_minor,
        at_s=now_s,
        refusal=_refusal(operator, sealed, consented, token.message, printed=printed, now_s=now_s),
        liability=Liability.OPERATOR,
        mode=ConsentMode(consented.mode),
        start_minor=rules.start_of_sum(consented),
        cumulative_minor=consented.cumulative_minor,
        is_printed=True,
    )
    return PrintedClaim(claim=claim, merchant_id=printed.merchant_id)


def _printed(operator: Operator, sealed: Sealed[StaticCode]) -> PrintedCode:
    """The code as this server has issued it.

    Raises:
        RuleViolationError: REVOKED when it has not, or its terminal is blocked; MERCHANT_BLOCKED.
    """
    with operator.store.reading() as reader:
        printed = reader.find(STATIC_CODES, sealed.message.code_id)
        terminal = None if printed is None else reader.find(TERMINALS, printed.terminal_id)
        merchant = None if printed is None else reader.find(MERCHANTS, printed.merchant_id)
    if printed is None or terminal is None or merchant is None or printed.envelope != sealed.envelope:
        raise RuleViolationError(ErrorCode.REVOKED, "this ledger has not issued the code", param="code_id")
    if terminal.blocked_at_s is not None:
        raise RuleViolationError(ErrorCode.REVOKED, "the terminal of the code is blocked", param="code_id")
    check_open(merchant)
    return printed


def _refusal(
    operator: Operator,
    sealed: Sealed[StaticCode],
    intent: PaymentIntent,
    token: PaymentToken,
    *,
    printed: PrintedCode,
    now_s: int,
) -> Refusal | None:
    try:
        if intent.request_digest != sealed.digest:
            raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the intent answers another code", param="request_digest")
        check_valid_at(sealed.message, at_s=now_s)
        check_valid_at(token, at_s=now_s)
    except RuleViolationError as error:
        return Refusal(error=error, memory=Memory.FORGET)
    try:
        if printed.ended_at_s is not None:  # for ever, so the payer gets it signed
            raise RuleViolationError(ErrorCode.REVOKED, "its merchant has ended the code", param="code_id")
        rules.check_intent_answers_static(intent, token, code=sealed.message, code_digest=sealed.digest)
        if intent.counter > token.count_max:
            raise RuleViolationError(ErrorCode.OVER_COUNT_LIMIT, "the token's signatures are used up", param="counter")
    except RuleViolationError as error:
        return Refusal(error=error, memory=Memory.REMEMBER)
    played = None if operator.playground is None else operator.playground.refusal(intent.amount_minor)
    return None if played is None else Refusal(error=played, memory=Memory.REMEMBER)
