"""A consent and the request it answers, verified and judged as far as can be without the ledger.

What goes wrong here is of three kinds. A bad signature or message raises. A rule that a later try might pass, or
that says nothing about the consent itself (time, another request), is a refusal that is **not** remembered. A rule
that the consent will break for ever is a refusal that is remembered as its answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from msgspec import Struct

from server_stub.config import PaymentPolicy
from server_stub.ledger import AccountKind
from server_stub.service.operator import Operator
from server_stub.service.verification import SealedConsent, check_valid_at
from server_stub.store.records import ConsentMode, Terminal
from server_stub.store.table import Keys
from server_stub.store.tables.money import FEE_TERMS
from server_stub.store.tables.parties import ACCOUNT_NAME, ACCOUNTS
from server_stub.store.tables.payments import ANSWERED_REQUESTS, TOKENS
from wallet_sdk.protocol import limits, rules
from wallet_sdk.protocol.envelope import Sealed, open_unverified
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, TillcodeError
from wallet_sdk.protocol.evidence import start_of_sum
from wallet_sdk.protocol.ids import Envelope, MerchantId, RequestId, TerminalId
from wallet_sdk.protocol.messages import (
    AuthorizationMode,
    Claim,
    Liability,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    TerminalCertificate,
)
from wallet_sdk.protocol.states import Event, State, advance

#: A plain QR payment authorizes and captures in one step.
PAID: State = advance(advance(State.REQUESTED, Event.AUTHORIZE), Event.CAPTURE)
DECLINED: State = advance(State.REQUESTED, Event.DECLINE)
#: A terminal authorized it offline; the issuer does not take it.
REJECTED: State = advance(PAID, Event.REJECT)
CLOSED: State = advance(State.REQUESTED, Event.CANCEL)

_MODES: Final = {mode: ConsentMode(mode) for mode in AuthorizationMode}
#: Looked up for every claim.
_PAYABLE, _FEES = int(AccountKind.MERCHANT_PAYABLE), int(AccountKind.FEES)


class Memory(Enum):
    """Whether a refusal becomes the consent's answer for ever."""

    REMEMBER = "remember"
    FORGET = "forget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A rule that was broken."""

    error: TillcodeError
    memory: Memory


class VerifiedClaim(Struct, frozen=True, kw_only=True):
    """One consent to one request, ready for the ledger.

    Attributes:
        start_minor, cumulative_minor: an intent's cumulative sums before and after it; 0 for a code.
        liability: who bears it if nothing covers it.
        is_printed: the request is a static code, whose amount the payer has chosen.
    """

    terminal_id: TerminalId
    request: Sealed[PaymentRequest]
    consent: SealedConsent
    token: Sealed[PaymentToken]
    amount_minor: int
    at_s: int
    refusal: Refusal | None
    liability: Liability
    mode: ConsentMode
    start_minor: int
    cumulative_minor: int
    is_printed: bool = False

    def name_keys(self, keys: Keys) -> None:
        """What settling it usually reads, beside what is its merchant's."""
        token_id, request = self.token.message.token_id, self.request.message
        keys.name(TOKENS, token_id)
        keys.name_counter(token_id, self.consent.message.counter)
        keys.name(ANSWERED_REQUESTS, (request.request_id, self.terminal_id))


def name_keys_of_merchant(keys: Keys, merchant_id: MerchantId, currency_numbers: Iterable[int]) -> None:
    """What settling claims of one merchant reads once, however many they are."""
    for number in currency_numbers:
        keys.name_by(ACCOUNTS, ACCOUNT_NAME, (_PAYABLE, str(merchant_id), number))
        keys.name_by(ACCOUNTS, ACCOUNT_NAME, (_FEES, "", number))
        keys.name(FEE_TERMS, (merchant_id, number))


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenClaim:
    """A claim of a batch that is not even verified; the rest of its batch goes on without it."""

    request_id: RequestId
    error: TillcodeError


def claim_of_wallet(operator: Operator, *, intent: bytes, request: bytes) -> VerifiedClaim:
    """What a wallet sends: every signature is checked, and the request must be open by its own time.

    Raises:
        MalformedMessageError, RuleViolationError: nothing may be stored.
    """
    sealed_request, certificate = operator.verifier.request(request)
    consent, token = operator.verifier.intent(intent)
    return _verified(
        operator,
        sealed_request,
        certificate,
        consent=consent,
        token=token,
        sent=_Sent.BY_WALLET,
        now_s=operator.now_s(),
    )


def claim_of_terminal(
    operator: Operator, claim: Claim, terminal: Terminal, *, now_s: int
) -> VerifiedClaim | BrokenClaim:
    """What a terminal claims under its batch's signature, which vouches for its own request.

    So the request is only parsed, and its certificate must be this very terminal's; the consent is verified.
    """
    request_id = RequestId(b"")
    try:
        request, certificate = operator.verifier.open_request(claim.request)
        request_id = request.message.request_id
        _check_own_certificate(certificate.message, terminal)
        consent, token = operator.verifier.consent(claim.consent)
        return _verified(
            operator, request, certificate, consent=consent, token=token, sent=_Sent.BY_TERMINAL, now_s=now_s
        )
    except TillcodeError as error:
        return BrokenClaim(request_id=request_id or _id_of(claim.request), error=error)


class _Sent(Enum):
    BY_WALLET = "wallet"
    BY_TERMINAL = "terminal"


def _verified(
    operator: Operator,
    request: Sealed[PaymentRequest],
    certificate: Sealed[TerminalCertificate],
    *,
    consent: SealedConsent,
    token: Sealed[PaymentToken],
    sent: _Sent,
    now_s: int,
) -> VerifiedClaim:
    consented = consent.message
    mode, amount_minor, start_minor, cumulative_minor = ConsentMode.CODE, request.message.amount_minor, 0, 0
    if isinstance(consented, PaymentIntent):
        mode, amount_minor = _MODES[consented.mode], consented.amount_minor
        start_minor, cumulative_minor = start_of_sum(consented), consented.cumulative_minor
    policy = operator.config.payments
    refusal = _forgettable(request, certificate.message, consent, token.message, now_s, policy, sent)
    refusal = refusal or _memorable(request.message, consented, token.message) or _played(operator, amount_minor)
    return VerifiedClaim(
        terminal_id=certificate.message.terminal_id,
        request=request,
        consent=consent,
        token=token,
        amount_minor=amount_minor,
        at_s=now_s,
        refusal=refusal,
        liability=policy.uncovered if mode is ConsentMode.OFFLINE else Liability.OPERATOR,
        mode=mode,
        start_minor=start_minor,
        cumulative_minor=cumulative_minor,
    )


def _forgettable(
    request: Sealed[PaymentRequest],
    certificate: TerminalCertificate,
    consent: SealedConsent,
    token: PaymentToken,
    now_s: int,
    policy: PaymentPolicy,
    sent: _Sent,
) -> Refusal | None:
    """Time, and a claim that pairs an intent with a request that is not its own."""
    consented = consent.message
    try:
        if isinstance(consented, PaymentIntent) and consented.request_digest != request.digest:
            raise RuleViolationError(
                ErrorCode.WRONG_REQUEST, "the intent answers another request", param="request_digest"
            )
        if _may_be_late(consented, sent):
            _check_not_too_late(request.message, now_s=now_s)
            valid_at_s = request.message.issued_at_s
        else:
            rules.check_request_fresh(request.message, at_s=now_s)
            _check_not_past(request.message.expires_at_s, now_s=now_s, policy=policy)
            valid_at_s = now_s
        if isinstance(consented, PaymentCode):
            rules.check_code_fresh(consented, at_s=now_s)
            _check_not_past(consented.expires_at_s, now_s=now_s, policy=policy)
        check_valid_at(certificate, at_s=valid_at_s)
        check_valid_at(token, at_s=valid_at_s)
    except RuleViolationError as error:
        return Refusal(error=error, memory=Memory.FORGET)
    return None


def _memorable(request: PaymentRequest, consent: PaymentIntent | PaymentCode, token: PaymentToken) -> Refusal | None:
    """Limits that the payer's own signature breaks, whenever it comes."""
    try:
        if isinstance(consent, PaymentCode):
            if request.hold_h:
                raise RuleViolationError(ErrorCode.ONLINE_ONLY, "a deposit is held for an intent alone", param="mode")
            rules.check_code_covers(consent, token, amount_minor=request.amount_minor, currency=request.currency)
        else:
            rules.check_intent_answers(consent, token, request=request, request_digest=consent.request_digest)
            if consent.mode is AuthorizationMode.OFFLINE:
                rules.check_token_allows(consent, token)
        if consent.counter > token.count_max:
            raise RuleViolationError(ErrorCode.OVER_COUNT_LIMIT, "the token's signatures are used up", param="counter")
    except RuleViolationError as error:
        return Refusal(error=error, memory=Memory.REMEMBER)
    return None


def _played(operator: Operator, amount_minor: int) -> Refusal | None:
    """What a sandbox declines by its amount; a live server has no playground."""
    error = None if operator.playground is None else operator.playground.refusal(amount_minor)
    return None if error is None else Refusal(error=error, memory=Memory.REMEMBER)


def _may_be_late(consent: PaymentIntent | PaymentCode, sent: _Sent) -> bool:
    """Only what a terminal accepted by itself comes later than its request lived."""
    offline = isinstance(consent, PaymentIntent) and consent.mode is AuthorizationMode.OFFLINE
    return offline and sent is _Sent.BY_TERMINAL


def _check_not_too_late(request: PaymentRequest, *, now_s: int) -> None:
    if request.issued_at_s > now_s + limits.CLOCK_SKEW_S_MAX:
        raise RuleViolationError(ErrorCode.NOT_YET_VALID, "the request comes from the future", param="issued_at_s")
    if now_s - request.issued_at_s > limits.CAPTURE_AGE_S_MAX:
        raise RuleViolationError(ErrorCode.LATE_CAPTURE, "claimed too late; ask the operator", param="issued_at_s")


def _check_not_past(expires_at_s: int, *, now_s: int, policy: PaymentPolicy) -> None:
    if now_s >= expires_at_s + policy.online_late_s_max:
        raise RuleViolationError(ErrorCode.EXPIRED, "it has expired", param="lifetime_s")


def _check_own_certificate(certificate: TerminalCertificate, terminal: Terminal) -> None:
    rules.check_same_terminal(certificate, merchant_id=terminal.merchant_id, terminal_id=terminal.terminal_id)
    if certificate.terminal_key != terminal.public_key:
        raise RuleViolationError(ErrorCode.WRONG_TERMINAL, "the certificate is over another key", param="terminal_key")


def _id_of(request: Envelope) -> RequestId:
    """The id that a broken claim's request states, empty when it states none; only to name it in the answer."""
    try:
        return open_unverified(request, PaymentRequest).message.request_id
    except TillcodeError:
        return RequestId(b"")
