"""Printed codes: the payer says how much, and the issuer is asked. Nothing of it works offline (R-109)."""

from dataclasses import dataclass, field

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, RuleViolationError, UnavailableError
from wallet_sdk.protocol.ids import Digest, RequestId
from wallet_sdk.protocol.messages import PaymentToken, StaticCode
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.trust import verify_static_code
from wallet_sdk.store import NO_TERMINAL, AskRecord, ConsentRecord, TokenRecord
from wallet_sdk.wallet.arguments import check_kind
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.paying import pay_online
from wallet_sdk.wallet.signing import Asked, sign_online


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedOffer:
    """A verified print, for the payer to look at. A print can be pasted over: the name is who is paid.

    Attributes:
        merchant_name, merchant_city: in the operator's own words.
        country: ISO 3166 alpha-2.
        payment_max: the most that one payment may be.
        expires_at_s: seconds since the epoch; its merchant may end it sooner.
    """

    merchant_name: str
    merchant_city: str
    country: str
    payment_max: Money
    expires_at_s: int
    _sealed: Sealed[StaticCode] = field(repr=False)


def scan_printed(parts: Parts, envelope: bytes) -> PrintedOffer:
    """Verify a scanned print; sends nothing.

    Raises:
        MalformedMessageError: not a static code.
        RuleViolationError: forged, too old, or CURRENCY_MISMATCH.
        MisuseError: NOT_ENROLLED.
    """
    sealed = verify_static_code(envelope, parts.trust(), at_s=parts.now_s())
    code = sealed.message
    if code.currency is not parts.enrolled().currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, f"the code is in {code.currency.name}", param="currency")
    return PrintedOffer(
        merchant_name=code.merchant_name,
        merchant_city=code.merchant_city,
        country=code.country,
        payment_max=Money(minor=code.payment_max_minor, currency=code.currency),
        expires_at_s=code.expires_at_s,
        _sealed=sealed,
    )


async def pay_printed(parts: Parts, offer: PrintedOffer, *, amount_minor: int) -> ConsentRecord:
    """Consent to pay so much; see ``PrintedQuote.pay``. Each call is a payment of its own."""
    check_kind(amount_minor, int, param="amount_minor")
    if not 1 <= amount_minor <= offer.payment_max.minor:
        text = f"an amount is positive and at most {offer.payment_max}"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="amount_minor")
    sealed = verify_static_code(offer._sealed.envelope, parts.trust(), at_s=parts.now_s())  # noqa: SLF001 (our own offer)

    def sign(token: TokenRecord, limit: PaymentToken) -> ConsentRecord:
        asked = Asked(
            digest=sealed.digest,
            amount_minor=amount_minor,
            currency=sealed.message.currency,
            # It may be charged as long as its token may, not only for a request's two minutes.
            expires_at_s=min(limit.expires_at_s, sealed.message.expires_at_s),
            record_of=lambda digest: _ask_of(sealed, digest),
        )
        return sign_online(parts, asked, token=token, limit=limit)

    try:
        return await pay_online(parts, sign)
    except UnavailableError as error:
        # A print has no request of which a second answer could be refused: the same call again pays again.
        error.is_another_act = error.outcome is MoneyOutcome.UNKNOWN
        raise


def _ask_of(sealed: Sealed[StaticCode], digest: Digest) -> AskRecord:
    """A print is paid many times, so each payment has its id from its intent; the receipt names the terminal."""
    return AskRecord(
        terminal_id=NO_TERMINAL,
        request_id=RequestId(bytes(digest[: limits.REQUEST_ID_BYTES])),
        envelope=sealed.envelope,
        merchant_name=sealed.message.merchant_name,
        merchant_city=sealed.message.merchant_city,
        reference="",
    )
