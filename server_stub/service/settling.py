"""One verified claim against the ledger, inside the commit: its first answer, which is its answer for ever."""

from dataclasses import dataclass

from server_stub.ledger import AccountId, AccountKind, EntryKind, move
from server_stub.service.claims import DECLINED, PAID, REJECTED, BrokenClaim, Memory, VerifiedClaim
from server_stub.service.fraud import open_case, suspicion_of
from server_stub.store.base import (
    Consent,
    ConsentMode,
    Payment,
    Reader,
    SpentCounter,
    Terminal,
    Token,
    TokenStanding,
    Wallet,
    Writer,
)
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, TillcodeError
from wallet_sdk.protocol.ids import Digest, Envelope, MerchantId, RequestId, TerminalId, WalletId
from wallet_sdk.protocol.messages import Liability, PaymentRequest
from wallet_sdk.protocol.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a claim, a closure or a question.

    Attributes:
        error_code: why not; None when it took effect.
        paid: the payment that took effect under this request, if one did.
        refusal: set when the answer is not remembered.
    """

    terminal_id: TerminalId
    request_id: RequestId
    state: State
    error_code: ErrorCode | None = None
    consent_digest: Digest | None = None
    wallet_id: WalletId | None = None
    paid: Payment | None = None
    refusal: TillcodeError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlingRules:
    """The operator's choices, and the bundle that goes into proofs.

    Attributes:
        uncovered: who bears what no escrow covers.
        shortfall_max_minor: the most the operator bears at one terminal under one token: the share of a token
            that a terminal may accept offline. Without it, a merchant and a wallet that work together could sign
            any number of contradicting intents and have each of them paid.
    """

    uncovered: Liability
    shortfall_max_minor: int
    bundle: Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    claim: VerifiedClaim
    token: Token
    wallet: Wallet


def settle(writer: Writer, claim: VerifiedClaim, merchant_id: MerchantId, rules: SettlingRules) -> Outcome:
    """Pay, decline or repeat; a claim that was answered before gets that answer and changes nothing."""
    known = writer.consent(claim.consent.digest)
    if known is not None:
        return _repeated(writer, known, claim)
    if claim.refusal is not None and claim.refusal.memory is Memory.FORGET:
        return _forgotten(claim, claim.refusal.error)
    token = writer.token(claim.token.message.token_id)
    wallet = None if token is None else writer.wallet(token.wallet_id)
    if token is None or wallet is None or token.digest != claim.token.digest:
        return _forgotten(claim, RuleViolationError(ErrorCode.REVOKED, "this ledger has not issued the token"))
    case = _Case(claim=claim, token=token, wallet=wallet)
    suspicion = suspicion_of(writer, claim, token, bundle=rules.bundle)
    paid = writer.payment(claim.terminal_id, claim.request.message.request_id)
    try:
        _check_open(writer, case, paid)
        if suspicion is not None and claim.mode is not ConsentMode.OFFLINE:
            raise RuleViolationError(ErrorCode.DOUBLE_SPEND, suspicion.reason, param="counter")
        outcome = _pay(writer, case, merchant_id, rules)
    except RuleViolationError as error:
        if suspicion is None:
            _give_back_dead(writer, case)
        state = REJECTED if _was_accepted_offline(claim, error) else DECLINED
        outcome = _declined(writer, case, state=state, code=error.code, paid=paid)
    if suspicion is not None:
        open_case(writer, claim, token, suspicion)
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
        paid = reader.payment(known.terminal_id, known.request_id)
    return Outcome(
        terminal_id=known.terminal_id,
        request_id=known.request_id,
        state=known.state,
        error_code=known.error_code,
        consent_digest=known.digest,
        wallet_id=known.wallet_id,
        paid=paid,
    )


def _repeated(writer: Writer, known: Consent, claim: VerifiedClaim) -> Outcome:
    """An intent is bound to its request, a code is not: on another request it is a second use."""
    first_request = open_unverified(known.request, PaymentRequest)
    if first_request.digest != claim.request.digest:
        if claim.mode is not ConsentMode.CODE:
            return _forgotten(claim, RuleViolationError(ErrorCode.WRONG_REQUEST, "the intent answers another request"))
        return _forgotten(claim, RuleViolationError(ErrorCode.COUNTER_REUSED, "the code was used before"))
    return outcome_of_consent(writer, known)


def _forgotten(claim: VerifiedClaim, error: TillcodeError) -> Outcome:
    return Outcome(
        terminal_id=claim.terminal_id,
        request_id=claim.request.message.request_id,
        state=DECLINED,
        error_code=error.code,
        consent_digest=claim.consent.digest,
        refusal=error,
    )


def _check_open(writer: Writer, case: _Case, paid: Payment | None) -> None:
    """Everything but the money: the request, the rules seen before, the wallet and the token."""
    claim = case.claim
    if paid is not None:
        if paid.request_digest != claim.request.digest:
            raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "the id was paid with other content")
        raise RuleViolationError(ErrorCode.ALREADY_PAID, "the request was paid by another consent")
    if writer.closure(claim.terminal_id, claim.request.message.request_id) is not None:
        raise RuleViolationError(ErrorCode.REQUEST_NOT_OPEN, "its terminal has closed the request")
    if claim.refusal is not None:
        raise claim.refusal.error
    if claim.mode is ConsentMode.OFFLINE:
        return  # the terminal has given the goods; the operator's policy decides
    if case.wallet.blocked_at_s is not None:
        raise RuleViolationError(ErrorCode.REVOKED, "the wallet is blocked")
    if case.token.standing is not TokenStanding.OPEN:
        raise RuleViolationError(ErrorCode.TOKEN_CLOSED, "the token is closed")


def _pay(writer: Writer, case: _Case, merchant_id: MerchantId, rules: SettlingRules) -> Outcome:
    claim, currency = case.claim, case.token.currency
    payable = writer.open_account(kind=AccountKind.MERCHANT_PAYABLE, holder=str(merchant_id), currency=currency)
    amounts_minor = {payable: claim.amount_minor}
    if claim.mode is ConsentMode.OFFLINE:
        covered_minor = min(claim.amount_minor, writer.balance_minor(case.token.account_id))
        uncovered_minor = claim.amount_minor - covered_minor
        amounts_minor[case.token.account_id] = -covered_minor
        if uncovered_minor:
            amounts_minor[_bear(writer, case, uncovered_minor, rules)] = -uncovered_minor
    else:
        amounts_minor[case.wallet.account_id] = -claim.amount_minor
    entry = move(
        kind=EntryKind.CAPTURE,
        reference=claim.consent.digest,
        at_s=claim.at_s,
        currency=currency,
        amounts_minor=amounts_minor,
    )
    number = writer.post(entry)
    _remember(writer, case, state=PAID, code=None)
    payment = Payment(
        terminal_id=claim.terminal_id,
        request_id=claim.request.message.request_id,
        request_digest=claim.request.digest,
        consent_digest=claim.consent.digest,
        wallet_id=case.wallet.wallet_id,
        amount_minor=claim.amount_minor,
        currency=currency,
        state=PAID,
        receipt=claim.receipt,
    )
    writer.add_payment(payment, entry_number=number)
    return _outcome(case, state=PAID, code=None, paid=payment)


def _bear(writer: Writer, case: _Case, uncovered_minor: int, rules: SettlingRules) -> AccountId:
    """The account that bears what no escrow covers, within the operator's policy and bound."""
    if rules.uncovered is Liability.MERCHANT:
        raise RuleViolationError(ErrorCode.INSUFFICIENT_FUNDS, "the escrow does not cover it")
    token_id, terminal_id = case.token.token_id, case.claim.terminal_id
    if writer.shortfall_minor(token_id, terminal_id) + uncovered_minor > rules.shortfall_max_minor:
        raise RuleViolationError(
            ErrorCode.INSUFFICIENT_FUNDS,
            "the escrow does not cover it, and the terminal is over its share of the token",
        )
    writer.add_shortfall(token_id, terminal_id, uncovered_minor)
    return writer.open_account(kind=AccountKind.FRAUD_LOSS, holder="", currency=case.token.currency)


def _declined(writer: Writer, case: _Case, *, state: State, code: ErrorCode, paid: Payment | None) -> Outcome:
    _remember(writer, case, state=state, code=code)
    return _outcome(case, state=state, code=code, paid=paid if code is ErrorCode.ALREADY_PAID else None)


def _was_accepted_offline(claim: VerifiedClaim, error: RuleViolationError) -> bool:
    return claim.mode is ConsentMode.OFFLINE and error.code is ErrorCode.INSUFFICIENT_FUNDS


def _outcome(case: _Case, *, state: State, code: ErrorCode | None, paid: Payment | None) -> Outcome:
    return Outcome(
        terminal_id=case.claim.terminal_id,
        request_id=case.claim.request.message.request_id,
        state=state,
        error_code=code,
        consent_digest=case.claim.consent.digest,
        wallet_id=case.wallet.wallet_id,
        paid=paid,
    )


def _remember(writer: Writer, case: _Case, *, state: State, code: ErrorCode | None) -> None:
    claim = case.claim
    consent = Consent(
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
        consent_digest=consent.digest,
    )
    writer.add_consent(consent, spent)


def _give_back_dead(writer: Writer, case: _Case) -> None:
    """An offline consent that is declined for ever will never be claimed: its reserve is the payer's again."""
    claim, token = case.claim, case.token
    if claim.mode is not ConsentMode.OFFLINE or case.wallet.blocked_at_s is not None:
        return
    if claim.start_minor < 0:
        return  # its sum never held its amount, so it has reserved nothing
    if token.standing is TokenStanding.OPEN:
        writer.add_dead(token.token_id, claim.amount_minor)
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
