"""One verified claim against the ledger, inside the commit: its first answer, which is its answer for ever."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from server_stub.ledger import EntryKind, move
from server_stub.service import bearing, events, risking, telling
from server_stub.service.adopting import note_claim
from server_stub.service.claims import DECLINED, REJECTED, BrokenClaim, Memory, VerifiedClaim
from server_stub.service.fraud import open_case, suspicion_of
from server_stub.service.paying import Case, SettlingRules, pay, uncovered_minor_of
from server_stub.service.tokens import UNCLOSED
from server_stub.store.reader import Reader
from server_stub.store.records import (
    AnsweredRequest,
    Consent,
    ConsentMode,
    Payment,
    SpentCounter,
    Terminal,
    TokenStanding,
)
from server_stub.store.tables.parties import WALLETS
from server_stub.store.tables.payments import (
    ANSWERED_REQUESTS,
    CONSENT_DIGEST,
    CONSENTS,
    PAYMENTS,
    TOKENS,
)
from server_stub.store.writer import Writer
from wallet_sdk.protocol.envelope import open_unverified, peek_type
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, TillcodeError
from wallet_sdk.protocol.ids import Digest, MerchantId, RequestId, TerminalId, WalletId
from wallet_sdk.protocol.messages import MessageType, PaymentRequest
from wallet_sdk.protocol.states import State

#: Why an offline payment that nobody else speaks against is not taken: nobody covers it, or nobody may.
_REJECTED_FOR: Final = frozenset({ErrorCode.INSUFFICIENT_FUNDS, ErrorCode.RISK_REFUSED})


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a claim, a closure or a question.

    Attributes:
        error_code: why not; None when it took effect.
        paid: the payment that took effect under this request, if one did.
        refused: the consent that was declined for ever, when it is the answer.
        closed: the closed request, when that is the answer.
        refusal: set when the answer is not remembered.
    """

    terminal_id: TerminalId
    request_id: RequestId
    state: State
    error_code: ErrorCode | None = None
    consent_digest: Digest | None = None
    wallet_id: WalletId | None = None
    paid: Payment | None = None
    refused: Consent | None = None
    closed: AnsweredRequest | None = None
    refusal: TillcodeError | None = None


def settle(writer: Writer, claim: VerifiedClaim, merchant_id: MerchantId, rules: SettlingRules) -> Outcome:
    """Pay, decline or repeat; a claim that was answered before gets that answer and changes nothing."""
    around = writer.neighbours(claim.token.message.token_id, claim.consent.message.counter)
    known = _first_answer(writer, claim, around)
    if known is not None:
        return _repeated(writer, known, claim)
    if claim.refusal is not None and claim.refusal.memory is Memory.FORGET:
        return _forgotten(claim, claim.refusal.error)
    token = writer.find(TOKENS, claim.token.message.token_id)
    wallet = None if token is None else writer.find(WALLETS, token.wallet_id)
    if token is None or wallet is None or token.digest != claim.token.digest:
        note_claim(writer, claim)
        return _forgotten(claim, RuleViolationError(ErrorCode.REVOKED, "this ledger has not issued the token"))
    case = Case(claim=claim, token=token, wallet=wallet, merchant_id=merchant_id, rules=rules)
    suspicion = suspicion_of(writer, claim, token, around, bundle=rules.bundle)
    answered = writer.find(ANSWERED_REQUESTS, (claim.request.message.request_id, claim.terminal_id))
    paid = payment_of(writer, answered)
    try:
        _check_open(case, answered, paid)
        if suspicion is not None and claim.mode is not ConsentMode.OFFLINE:
            raise RuleViolationError(ErrorCode.DOUBLE_SPEND, suspicion.reason, param="counter")
        outcome = _pay(writer, case)
    except RuleViolationError as error:
        if suspicion is None:
            _give_back_dead(writer, case)
        state = REJECTED if _was_accepted_offline(claim, error) else DECLINED
        outcome = _declined(writer, case, state=state, code=error.code, paid=paid)
    if suspicion is not None:
        opened = open_case(writer, claim, token, suspicion)
        events.write(writer, telling.of_fraud(opened, claim, merchant_id=merchant_id))
    return outcome


def broken(claim: BrokenClaim, terminal: Terminal) -> Outcome:
    """The answer to a claim that was not verified: nothing is stored."""
    return Outcome(
        terminal_id=terminal.terminal_id,
        request_id=claim.request_id,
        state=DECLINED,
        error_code=claim.error.code,
        refusal=claim.error,
    )


def outcome_of_consent(reader: Reader, known: Consent) -> Outcome:
    """The first answer to a consent, read again."""
    paid = None
    if known.error_code in {None, ErrorCode.ALREADY_PAID}:
        paid = payment_of(reader, reader.find(ANSWERED_REQUESTS, (known.request_id, known.terminal_id)))
    return Outcome(
        terminal_id=known.terminal_id,
        request_id=known.request_id,
        state=known.state,
        error_code=known.error_code,
        consent_digest=known.digest,
        wallet_id=known.wallet_id,
        paid=paid,
        refused=known if known.error_code is not None else None,
    )


def payment_of(reader: Reader, answered: AnsweredRequest | None) -> Payment | None:
    """The payment that a request was answered with, None when it was closed or is open."""
    if answered is None or answered.payment_number is None:
        return None
    return reader.find(PAYMENTS, answered.payment_number)


def _first_answer(writer: Writer, claim: VerifiedClaim, around: Sequence[SpentCounter]) -> Consent | None:
    """Who was answered has its counter's place or was second to it: at an empty place there is nobody to find."""
    if not around or around[0].counter != claim.consent.message.counter:
        return None
    return writer.find_by(CONSENTS, CONSENT_DIGEST, claim.consent.digest)


def _repeated(writer: Writer, known: Consent, claim: VerifiedClaim) -> Outcome:
    """An intent is bound to its request, a code is not: on another request it is a second use."""
    if not _is_of(known, claim):
        if claim.mode is not ConsentMode.CODE:
            return _forgotten(claim, RuleViolationError(ErrorCode.WRONG_REQUEST, "the intent answers another request"))
        return _forgotten(claim, RuleViolationError(ErrorCode.COUNTER_REUSED, "the code was used before"))
    return outcome_of_consent(writer, known)


def _is_of(known: Consent, claim: VerifiedClaim) -> bool:
    """Whether a consent was answered for the very request that it is claimed with now."""
    if known.request == claim.request.envelope:
        return True
    is_request = peek_type(known.request) is MessageType.PAYMENT_REQUEST
    return is_request and open_unverified(known.request, PaymentRequest).digest == claim.request.digest


def _forgotten(claim: VerifiedClaim, error: TillcodeError) -> Outcome:
    return Outcome(
        terminal_id=claim.terminal_id,
        request_id=claim.request.message.request_id,
        state=DECLINED,
        error_code=error.code,
        consent_digest=claim.consent.digest,
        refusal=error,
    )


def _check_open(case: Case, answered: AnsweredRequest | None, paid: Payment | None) -> None:
    """Everything but the money: the request, the rules seen before, the wallet and the token."""
    claim = case.claim
    if paid is not None:
        if paid.request_digest != claim.request.digest:
            raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "the id was paid with other content")
        raise RuleViolationError(ErrorCode.ALREADY_PAID, "the request was paid by another consent")
    if answered is not None:
        raise RuleViolationError(ErrorCode.REQUEST_NOT_OPEN, "its terminal has closed the request")
    if claim.refusal is not None:
        raise claim.refusal.error
    if claim.mode is not ConsentMode.OFFLINE:  # offline the terminal has given the goods; the policy decides
        _check_may_spend(case)


def _check_may_spend(case: Case) -> None:
    """Wallet and token, for what the issuer authorizes now."""
    if case.wallet.blocked_at_s is not None:
        raise RuleViolationError(ErrorCode.REVOKED, "the wallet is blocked")
    if case.token.standing is TokenStanding.REVOKED:
        raise RuleViolationError(ErrorCode.REVOKED, "the token is revoked")
    if case.token.standing is not TokenStanding.OPEN:
        raise RuleViolationError(ErrorCode.TOKEN_CLOSED, "the token is closed")


def _pay(writer: Writer, case: Case) -> Outcome:
    uncovered_minor = uncovered_minor_of(writer, case)
    risking.check(writer, case, uncovered_minor=uncovered_minor)
    bearing.check(writer, case, uncovered_minor=uncovered_minor)
    payment = pay(writer, case, uncovered_minor=uncovered_minor)
    risking.count(writer, case, payment)
    bearing.count(writer, case, payment)
    _remember(writer, case, state=payment.state, code=None, number=payment.number)
    answered = AnsweredRequest(
        terminal_id=payment.terminal_id, request_id=payment.request_id, payment_number=payment.number
    )
    writer.add(ANSWERED_REQUESTS, answered)
    return _outcome(case, state=payment.state, code=None, paid=payment)


def _declined(writer: Writer, case: Case, *, state: State, code: ErrorCode, paid: Payment | None) -> Outcome:
    refused = _remember(writer, case, state=state, code=code, number=writer.next_number())
    shown = paid if code is ErrorCode.ALREADY_PAID else None
    return _outcome(case, state=state, code=code, paid=shown, refused=refused)


def _was_accepted_offline(claim: VerifiedClaim, error: RuleViolationError) -> bool:
    return claim.mode is ConsentMode.OFFLINE and error.code in _REJECTED_FOR


def _outcome(
    case: Case, *, state: State, code: ErrorCode | None, paid: Payment | None, refused: Consent | None = None
) -> Outcome:
    return Outcome(
        terminal_id=case.claim.terminal_id,
        request_id=case.claim.request.message.request_id,
        state=state,
        error_code=code,
        consent_digest=case.claim.consent.digest,
        wallet_id=case.wallet.wallet_id,
        paid=paid,
        refused=refused,
    )


def _remember(writer: Writer, case: Case, *, state: State, code: ErrorCode | None, number: int) -> Consent:
    claim = case.claim
    consent = Consent(
        number=number,
        digest=claim.consent.digest,
        wallet_id=case.wallet.wallet_id,
        token_id=case.token.token_id,
        counter=claim.consent.message.counter,
        terminal_id=claim.terminal_id,
        request_id=claim.request.message.request_id,
        state=state,
        error_code=code,
        at_s=claim.at_s,
        request=claim.request.envelope,
        envelope=claim.consent.envelope,
    )
    spent = SpentCounter(
        token_id=consent.token_id,
        counter=consent.counter,
        mode=claim.mode,
        start_minor=claim.start_minor,
        cumulative_minor=claim.cumulative_minor,
        consent_number=number,
    )
    writer.add(CONSENTS, consent)
    told = telling.of_consent(
        consent, amount_minor=claim.amount_minor, currency=case.token.currency, merchant_id=case.merchant_id
    )
    events.write(writer, told)
    writer.add_spent_counter(spent)
    return consent


def _give_back_dead(writer: Writer, case: Case) -> None:
    """An offline consent that is declined for ever will never be claimed: its reserve is the payer's again."""
    claim, token = case.claim, case.token
    if claim.mode is not ConsentMode.OFFLINE or case.wallet.blocked_at_s is not None:
        return
    if claim.start_minor < 0:
        return  # its sum never held its amount, so it has reserved nothing
    if token.standing in UNCLOSED:
        writer.change(TOKENS, replace(token, dead_minor=token.dead_minor + claim.amount_minor))
        return
    released_minor = min(claim.amount_minor, writer.balance_minor(token.account_id))
    if released_minor:
        writer.post(
            move(
                kind=EntryKind.RELEASE,
                reference=claim.consent.digest,
                at_s=claim.at_s,
                currency=token.currency,
                amounts_minor={token.account_id: -released_minor, case.wallet.account_id: released_minor},
            )
        )
