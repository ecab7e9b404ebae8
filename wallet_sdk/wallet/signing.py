"""Signing a consent: on a counter that is reserved first, and stored before anybody sees it."""

from collections.abc import Callable
from dataclasses import dataclass

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Counter, Digest
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentCode, PaymentIntent, PaymentToken
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import check_token_allows
from wallet_sdk.protocol.trust import VerifiedRequest
from wallet_sdk.store import AskRecord, ConsentKind, ConsentRecord, Outcome, Reservation, TokenRecord
from wallet_sdk.wallet.arguments import check_whole
from wallet_sdk.wallet.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an intent consents to. ``record_of`` is what the store keeps of it beside the intent of that digest."""

    digest: Digest
    amount_minor: int
    currency: Currency
    expires_at_s: int
    record_of: Callable[[Digest], AskRecord]


def sign_intent(
    parts: Parts,
    verified: VerifiedRequest,
    *,
    token: TokenRecord,
    limit: PaymentToken,
    mode: AuthorizationMode,
    tip_minor: int = 0,
) -> ConsentRecord:
    """Reserve, sign and store the consent to one request and a tip. An offline one is checked before it is reserved.

    Raises:
        RuleViolationError: OVER_PAYMENT_LIMIT, OVER_TOKEN_LIMIT, OVER_COUNT_LIMIT; TOKEN_CLOSED, ALREADY_PAID.
    """
    request = verified.request.message
    asked = Asked(
        digest=verified.request.digest,
        amount_minor=request.amount_minor + tip_minor,
        currency=request.currency,
        expires_at_s=request.expires_at_s,
        record_of=lambda _digest: _ask_of(verified),
    )
    return _sign(parts, asked, token=token, limit=limit, mode=mode)


def sign_online(parts: Parts, asked: Asked, *, token: TokenRecord, limit: PaymentToken) -> ConsentRecord:
    """Reserve, sign and store the consent to what only the issuer can authorize.

    Raises:
        RuleViolationError: OVER_COUNT_LIMIT; TOKEN_CLOSED.
    """
    return _sign(parts, asked, token=token, limit=limit, mode=AuthorizationMode.ONLINE)


def _sign(
    parts: Parts, asked: Asked, *, token: TokenRecord, limit: PaymentToken, mode: AuthorizationMode
) -> ConsentRecord:
    offline = mode is AuthorizationMode.OFFLINE

    def intent_of(reservation: Reservation) -> PaymentIntent:
        return PaymentIntent(
            counter=reservation.counter,
            amount_minor=asked.amount_minor,
            cumulative_minor=reservation.cumulative_minor,
            request_digest=asked.digest,
            mode=mode,
        )

    def check(reservation: Reservation) -> None:
        _check_count(reservation.counter, limit)
        if offline:
            check_token_allows(intent_of(reservation), limit)

    spend_minor = asked.amount_minor if offline else 0
    reservation = parts.store.reserve_counter(token.token_id, spend_minor=spend_minor, check=check)
    sealed = seal(intent_of(reservation), parts.keys.signer(token.key_name), embedded=token.envelope)
    record = ConsentRecord(
        digest=sealed.digest,
        kind=ConsentKind.OFFLINE_INTENT if offline else ConsentKind.ONLINE_INTENT,
        envelope=sealed.envelope,
        token_id=token.token_id,
        counter=reservation.counter,
        made_at_s=parts.now_s(),
        expires_at_s=asked.expires_at_s,
        amount_minor=asked.amount_minor,
        currency=asked.currency,
        ask=asked.record_of(sealed.digest),
        outcome=Outcome.OFFLINE if offline else Outcome.UNKNOWN,
    )
    parts.store.add_consent(record)
    return record


def sign_code(parts: Parts, *, token: TokenRecord, limit: PaymentToken, ceiling_minor: int) -> ConsentRecord:
    """Reserve, sign and store a customer-presented code.

    Raises:
        MisuseError: BAD_ARGUMENT for a ceiling outside 1 .. AMOUNT_MINOR_MAX.
        RuleViolationError: OVER_COUNT_LIMIT, TOKEN_CLOSED.
    """
    check_whole(ceiling_minor, lowest=1, highest=limits.AMOUNT_MINOR_MAX, param="ceiling_minor")
    reservation = parts.store.reserve_counter(
        token.token_id, spend_minor=0, check=lambda reserved: _check_count(reserved.counter, limit)
    )
    code = PaymentCode(
        counter=reservation.counter,
        issued_at_s=parts.now_s(),
        lifetime_s=limits.CODE_LIFETIME_S_MAX,
        ceiling_minor=ceiling_minor,
    )
    sealed = seal(code, parts.keys.signer(token.key_name), embedded=token.envelope)
    record = ConsentRecord(
        digest=sealed.digest,
        kind=ConsentKind.CODE,
        envelope=sealed.envelope,
        token_id=token.token_id,
        counter=reservation.counter,
        made_at_s=code.issued_at_s,
        expires_at_s=code.expires_at_s,
        amount_minor=ceiling_minor,
        currency=limit.currency,
        ask=None,
        outcome=Outcome.PRESENTED,
    )
    parts.store.add_consent(record)
    return record


def _ask_of(verified: VerifiedRequest) -> AskRecord:
    certificate = verified.certificate.message
    return AskRecord(
        terminal_id=certificate.terminal_id,
        request_id=verified.request.message.request_id,
        envelope=verified.request.envelope,
        merchant_name=certificate.merchant_name,
        merchant_city=certificate.merchant_city,
        reference=verified.request.message.reference,
    )


def _check_count(counter: Counter, limit: PaymentToken) -> None:
    if counter > limit.count_max:
        raise RuleViolationError(ErrorCode.OVER_COUNT_LIMIT, "the token's counters are used up", param="counter")
