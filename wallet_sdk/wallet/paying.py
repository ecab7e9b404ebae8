"""From a scanned text to a payment: verify, ask the payer, pay online, and offline when no byte can leave."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final, assert_never

from wallet_sdk.log import tell
from wallet_sdk.protocol import others, qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, RuleViolationError, UnavailableError
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentToken
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.rules import check_request_fresh
from wallet_sdk.protocol.trust import VerifiedRequest, verify_request
from wallet_sdk.store import ConsentRecord, Outcome, TokenRecord
from wallet_sdk.wallet.arguments import check_kind, check_whole
from wallet_sdk.wallet.consents import send_intent
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.signing import sign_code, sign_intent
from wallet_sdk.wallet.tokens import obtain_token, token_message
from wallet_sdk.wallet.views import PresentedCode, code_of

#: After these there is no network, and no byte has left. A full pool or a wrong certificate is another matter: there is
#: a network, and a programmer or whoever stands in between must not choose how the payer pays.
_NO_NETWORK: Final = frozenset({ErrorCode.NETWORK_UNREACHABLE, ErrorCode.SWITCHED_OFF})


@unique
class PayMode(Enum):
    """How to pay: AUTO asks the issuer, and goes offline only when there is no network and nothing could be sent."""

    AUTO = "auto"
    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A verified request, for the payer to look at. Nothing has been sent or signed.

    Attributes:
        merchant_name, merchant_city: from the operator-signed certificate, never from the request.
        country: ISO 3166 alpha-2.
        expires_at_s: seconds since the epoch, by the terminal's clock.
        tip_max: the largest tip that the payer may add.
        hold_h: hours for which the amount is only held, as a deposit of which a part may be taken; 0: it is paid.
    """

    merchant_name: str
    merchant_city: str
    country: str
    amount: Money
    reference: str
    expires_at_s: int
    tip_max: Money
    hold_h: int
    _verified: VerifiedRequest = field(repr=False)


def scan(parts: Parts, qr_text: str) -> Offer:
    """Verify a scanned payment request; sends nothing.

    Raises:
        MalformedMessageError: not a payment request.
        RuleViolationError: forged, stale, in another currency, or ALREADY_PAID by this wallet.
        MisuseError: NOT_ENROLLED.
    """
    check_kind(qr_text, str, param="qr_text")
    return offer_of(
        parts, verify_request(qr.from_text(others.plain_text_of(qr_text)), parts.trust(), at_s=parts.now_s())
    )


async def pay(parts: Parts, offer: Offer, mode: PayMode, *, tip_minor: int = 0) -> ConsentRecord:
    """Consent to an offer; see ``Quote.pay``."""
    check_kind(mode, PayMode, param="mode")
    check_whole(tip_minor, lowest=0, highest=offer.tip_max.minor, param="tip_minor")
    verified = offer._verified  # noqa: SLF001 (the offer is this module's own)
    _check_payable(parts, verified)
    match mode:
        case PayMode.OFFLINE:
            return _pay_offline(parts, verified, tip_minor=tip_minor)
        case PayMode.ONLINE:
            return await _pay_online(parts, verified, tip_minor=tip_minor)
        case PayMode.AUTO:
            try:
                return await _pay_online(parts, verified, tip_minor=tip_minor)
            except UnavailableError as error:
                nothing_left = error.outcome is MoneyOutcome.NOT_CHARGED and error.code in _NO_NETWORK
                if not nothing_left or verified.request.message.hold_h:
                    raise
                tell("info", "no network (%s): the offline allowance pays", error.code.name)
                return _offline_instead(parts, verified, error, tip_minor=tip_minor)
        case _:
            assert_never(mode)


def ready_token(parts: Parts) -> tuple[TokenRecord, PaymentToken]:
    """The current token, when it may be used without asking anybody.

    Raises:
        MisuseError: NO_ALLOWANCE when there is none.
        RuleViolationError: EXPIRED.
    """
    record = parts.store.token()
    if record is None:
        raise MisuseError(ErrorCode.NO_ALLOWANCE, "no token yet; sync while there is a network", param="token")
    return record, token_message(parts, record).message


def present_code(parts: Parts, *, ceiling_minor: int | None) -> PresentedCode:
    """Sign a code under the current token; see ``Wallet.present_code``."""
    token, limit = ready_token(parts)
    ceiling = limit.payment_max_minor if ceiling_minor is None else ceiling_minor
    return code_of(sign_code(parts, token=token, limit=limit, ceiling_minor=ceiling))


async def online_token(parts: Parts) -> tuple[TokenRecord, PaymentToken]:
    """The current token, renewed first when it could not be used.

    Raises:
        UnavailableError: it had to be renewed and the issuer could not be asked.
        RuleViolationError: the issuer refused a new one.
    """
    record = parts.store.token()
    if record is not None and parts.store.pending_issue() is None:
        try:
            token = token_message(parts, record).message
        except RuleViolationError as error:
            if error.code is not ErrorCode.EXPIRED:
                raise
        else:
            if record.counter < token.count_max:
                return record, token
    fresh = await obtain_token(parts)
    return fresh, token_message(parts, fresh).message


async def pay_online(parts: Parts, sign: Callable[[TokenRecord, PaymentToken], ConsentRecord]) -> ConsentRecord:
    """Sign under a token that may be used, and send.

    Raises:
        UnavailableError, RuleViolationError: as ``Quote.pay``.
    """
    try:
        token, limit = await online_token(parts)
    except UnavailableError as error:
        # Whatever became of the token's renewal: nothing of this payment is signed yet.
        error.outcome = MoneyOutcome.NOT_CHARGED
        raise
    record = sign(token, limit)
    try:
        return await send_intent(parts, record)
    except UnavailableError as error:
        error.digest = record.digest
        if error.outcome is MoneyOutcome.NOT_CHARGED:
            parts.store.record_outcome(record.digest, Outcome.NOT_SENT)
        raise


async def _pay_online(parts: Parts, verified: VerifiedRequest, *, tip_minor: int) -> ConsentRecord:
    def sign(token: TokenRecord, limit: PaymentToken) -> ConsentRecord:
        online = AuthorizationMode.ONLINE
        return sign_intent(parts, verified, token=token, limit=limit, mode=online, tip_minor=tip_minor)

    return await pay_online(parts, sign)


def _pay_offline(parts: Parts, verified: VerifiedRequest, *, tip_minor: int) -> ConsentRecord:
    if verified.request.message.hold_h:
        raise RuleViolationError(ErrorCode.ONLINE_ONLY, "a deposit is held by the issuer", param="mode")
    if parts.store.pending_issue() is not None:
        raise MisuseError(ErrorCode.NO_ALLOWANCE, "the token is being renewed; sync first", param="token")
    token, limit = ready_token(parts)
    return sign_intent(parts, verified, token=token, limit=limit, mode=AuthorizationMode.OFFLINE, tip_minor=tip_minor)


def _offline_instead(
    parts: Parts, verified: VerifiedRequest, error: UnavailableError, *, tip_minor: int
) -> ConsentRecord:
    """What made us go offline explains more than a missing allowance does."""
    try:
        return _pay_offline(parts, verified, tip_minor=tip_minor)
    except MisuseError:
        raise error from None


def _check_payable(parts: Parts, verified: VerifiedRequest) -> None:
    request = verified.request.message
    check_request_fresh(request, at_s=parts.now_s())
    if request.currency is not parts.enrolled().currency:
        raise RuleViolationError(
            ErrorCode.CURRENCY_MISMATCH, f"the request is in {request.currency.name}", param="currency"
        )
    live = parts.store.live_consent(verified.certificate.message.terminal_id, request.request_id)
    if live is not None:
        charged = live.outcome is Outcome.SETTLED
        error = RuleViolationError(
            ErrorCode.ALREADY_PAID,
            f"this wallet answered the request before: {live.outcome.value}",
            outcome=MoneyOutcome.CHARGED if charged else MoneyOutcome.UNKNOWN,
        )
        error.digest = live.digest
        raise error


def offer_of(parts: Parts, verified: VerifiedRequest) -> Offer:
    """What a payer looks at."""
    _check_payable(parts, verified)
    request, certificate = verified.request.message, verified.certificate.message
    return Offer(
        merchant_name=certificate.merchant_name,
        merchant_city=certificate.merchant_city,
        country=certificate.country,
        amount=request.amount,
        reference=request.reference,
        expires_at_s=request.expires_at_s,
        tip_max=Money(minor=request.tip_max_minor, currency=request.currency),
        hold_h=request.hold_h,
        _verified=verified,
    )
