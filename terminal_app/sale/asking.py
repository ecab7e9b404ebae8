"""The payment request of this till: made, signed, with its certificate inside."""

from dataclasses import replace
from typing import Final

from terminal_app.sale.enrolment import Credentials
from terminal_app.sale.tips import Tip
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.messages import PaymentRequest
from wallet_sdk.protocol.money import Currency

#: Lifetime of what we show: as long as the protocol allows; a payer with a slow phone needs most of it.
REQUEST_LIFETIME_S: Final = limits.REQUEST_LIFETIME_S_MAX
#: A reference and its name stand in one line of the narrowest receipt.
REFERENCE_CHARS_MAX: Final = 20


def sealed_request(
    credentials: Credentials, *, request_id: RequestId, amount_minor: int, tip: Tip, reference: str, at_s: int
) -> Sealed[PaymentRequest]:
    """Sign a request. `amount_minor` is the bill, to which the tip chosen at the till is added.

    A reference that the request has no room for (R-118) is left out of it: a part of it would be another reference.

    Raises:
        MisuseError: NOT_ENROLLED; BAD_ARGUMENT for an amount out of bounds.
        RuleViolationError: EXPIRED when our own certificate has run out.
    """
    certificate = credentials.membership.certificate
    if at_s >= certificate.message.expires_at_s:
        raise RuleViolationError(ErrorCode.EXPIRED, "this till's certificate has expired", param="certificate")
    request = PaymentRequest(
        request_id=request_id,
        amount_minor=amount_minor + tip.chosen_minor,
        currency=credentials.currency,
        issued_at_s=at_s,
        lifetime_s=REQUEST_LIFETIME_S,
        reference=reference,
        tip_max_minor=tip.phone_max_minor,
    )
    try:
        return seal(request, credentials.signer, embedded=certificate.envelope)
    except MisuseError as error:
        if error.param != "reference":
            raise
        return seal(replace(request, reference=""), credentials.signer, embedded=certificate.envelope)


def checked_reference(text: str) -> str:
    """What a cashier has typed to find a sale again, as it is kept.

    Raises:
        MisuseError: BAD_ARGUMENT when it is longer than a line of a receipt, or cannot be printed.
    """
    reference = text.strip()
    if len(reference) > REFERENCE_CHARS_MAX or not reference.isprintable():
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"at most {REFERENCE_CHARS_MAX} characters", param="reference")
    return reference


def check_one_currency(day_currency: Currency | None, currency: Currency) -> None:
    """Whether this till may sell in this currency today: one day, one currency, or its report would add them up.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    if day_currency not in {None, currency}:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "close the day before you change the currency", param="currency")
