"""Merchant-presented codes as payment requests: verified when they are ours, untrusted when nobody signed them.

A code of ours is rebuilt into the bytes that were signed (carriage.py says from what), and verified with the trust
store: whoever changed a visible field broke a signature. Then the request is exported again and compared with the
code, so that what no signature covers (a fee, another account, a second reference) cannot have been added either.

A code without our evidence becomes an ``UntrustedRequest``. Its checksum finds misreadings and is no security: anyone
can write it. Somebody who strips the evidence from a code of ours gets the same, so such a code is shown as
untrusted and paid online only, where the server knows the payee.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.emv.carriage import (
    Carried,
    Evidence,
    certificate_message,
    export_merchant_presented,
    is_ours,
    read_carried,
    request_message,
)
from wallet_sdk.protocol.emv.merchant import MerchantPresentedCode, TipIndicator
from wallet_sdk.protocol.emv.schemes import PaymentScheme
from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, key_id_of, open_unverified, seal, verify
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, RuleViolationError
from wallet_sdk.protocol.fields import read_text
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentRequest, Role, TerminalCertificate
from wallet_sdk.protocol.money import Currency, Money, parse_money
from wallet_sdk.protocol.trust import TrustStore, VerifiedRequest, verify_request

#: 25 characters of a name, at most four bytes each.
_NAME_BYTES_MAX: Final = 100
_HUNDREDTHS_DIGITS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class UntrustedRequest:
    """What an unsigned code asks for, in the words of whoever printed it. Nothing of it is verified.

    It is no ``VerifiedRequest`` and does not become one: it can be shown as untrusted, and sent to the server, which
    may know the payee. ``amount`` is None when the payer enters it; ``fee_percent_hundredths`` is 250 for 2.50 %.
    """

    payee_name: str
    payee_local_name: str
    payee_city: str
    country: str
    currency: Currency
    amount: Money | None
    tip: TipIndicator | None
    fee: Money | None
    fee_percent_hundredths: int | None
    reference: str
    schemes: tuple[PaymentScheme, ...]
    code: MerchantPresentedCode

    @property
    def mode(self) -> AuthorizationMode:
        """The only way to pay it."""
        return AuthorizationMode.ONLINE


def import_merchant_presented(
    code: MerchantPresentedCode, trust: TrustStore, *, at_s: int, certificates: Iterable[Envelope] = ()
) -> VerifiedRequest | UntrustedRequest:
    """The request in a code: verified at a time, in seconds since the epoch, or untrusted when nobody signed it.

    As with ``verify_request``, freshness is a rule of its own (``rules.check_request_fresh``). ``certificates`` are
    those the reader already has, for codes that bring a key id only.

    Raises:
        MalformedMessageError: evidence that is ours and incomplete, or a field that fits none of our messages.
        RuleViolationError: BAD_SIGNATURE when a signed field was changed, EMV_FIELD_MISMATCH when another one was
            (``param`` names it), UNKNOWN_SIGNER when no certificate is known for the key id; and as ``verify_request``.
        MisuseError: BAD_ARGUMENT when the code was made by hand and is none.
    """
    if not is_ours(code):
        return read_untrusted(code)
    code.encode()  # a code made by hand keeps the rules too, or raises here
    carried = read_carried(code)
    try:
        request = request_message(code, carried)
        certificate = _certificate_of(code, carried, trust) if carried.certificate_signature else None
        known = [certificate] if certificate is not None else list(_known_to(carried, certificates))
        envelope = _first_that_verifies(request, carried, known)
    except MisuseError as error:
        # The codec takes an out-of-bounds field for our caller's mistake; here it is the code's.
        raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, error.message, param=error.param) from error
    verified = verify_request(envelope, trust, at_s=at_s)
    _check_nothing_else(code, verified, evidence=carried.head.evidence)
    return verified


def read_untrusted(code: MerchantPresentedCode) -> UntrustedRequest:
    """What a code asks for, believed by nobody; also for a code of ours whose certificate is not at hand.

    Raises:
        MalformedMessageError: UNKNOWN_CURRENCY, BAD_MONEY for more decimals than the currency has, BAD_TEXT for a name
            with direction or other invisible characters.
    """
    code.encode()  # a code made by hand keeps the rules too, or raises here
    currency = Currency.from_number(int(code.currency_number))
    additional = code.additional
    reference = (additional.reference_label or additional.bill_number or "") if additional else ""
    return UntrustedRequest(
        payee_name=_readable("merchant_name", code.merchant_name),
        payee_local_name=_readable("language.merchant_name", code.language.merchant_name if code.language else None),
        payee_city=_readable("merchant_city", code.merchant_city),
        country=code.country,
        currency=currency,
        amount=_money_of(code.amount, currency),
        tip=code.tip_indicator,
        fee=_money_of(code.fee_fixed, currency),
        fee_percent_hundredths=_hundredths_of(code.fee_percent),
        reference=reference,
        schemes=code.schemes,
        code=code,
    )


# --- rebuilding what was signed ---


@dataclass(frozen=True, slots=True)
class _Recorded:
    """Stands in for the signer whose signature the code brought."""

    public_key: PublicKeyBytes
    signature: bytes

    def sign(self, digest: Digest) -> bytes:
        """The signature of this very digest, or so the code says; it is verified afterwards."""
        assert len(digest) == limits.DIGEST_BYTES, "a digest is 32 bytes"
        return self.signature


def _recorded(public_key: PublicKeyBytes, signature: bytes) -> _Recorded:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < P256_ORDER and 0 < s <= P256_ORDER // 2):
        raise RuleViolationError(ErrorCode.BAD_SIGNATURE, "r or s out of range, or the high-s twin", param="signature")
    return _Recorded(public_key, signature)


def _certificate_of(code: MerchantPresentedCode, carried: Carried, trust: TrustStore) -> Sealed[TerminalCertificate]:
    """The certificate whose signature the code brings, rebuilt around it."""
    operator = trust.operator_key(carried.head.operator_key_id, role=Role.TERMINAL_CA)
    return seal(certificate_message(code, carried), _recorded(operator.public_key, carried.certificate_signature))


def _known_to(carried: Carried, certificates: Iterable[Envelope]) -> Iterable[Sealed[TerminalCertificate]]:
    """Those of the reader's certificates that are over the terminal's key; it may have several, one a day."""
    for envelope in certificates:
        certificate = open_unverified(envelope, TerminalCertificate)
        if key_id_of(certificate.message.terminal_key) == carried.head.certificate_head:
            yield certificate


def _first_that_verifies(
    request: PaymentRequest, carried: Carried, certificates: list[Sealed[TerminalCertificate]]
) -> Envelope:
    """The request around the certificate that it was signed with: the digest covers the certificate's bytes."""
    refused = RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "no certificate is known for this key id", param="80.01")
    for certificate in certificates:
        key = certificate.message.terminal_key
        sealed = seal(request, _recorded(key, carried.request_signature), embedded=certificate.envelope)
        try:
            verify(sealed, key)
        except RuleViolationError as error:
            refused = error
        else:
            return sealed.envelope
    raise refused


def _check_nothing_else(code: MerchantPresentedCode, verified: VerifiedRequest, *, evidence: Evidence) -> None:
    """The code is the one that the terminal would have exported: nothing was added that no signature covers."""
    language = code.language.language if code.language else "EN"
    exported = export_merchant_presented(verified.request, evidence=evidence, language=language)
    for field in fields(MerchantPresentedCode):
        if getattr(code, field.name) != getattr(exported, field.name):
            raise RuleViolationError(
                ErrorCode.EMV_FIELD_MISMATCH, "the code says other than what was signed", param=field.name
            )


# --- reading what nobody signed ---


def _readable(name: str, text: str | None) -> str:
    return read_text(0, _NAME_BYTES_MAX)(name, unicodedata.normalize("NFC", text or "").strip())


def _money_of(text: str | None, currency: Currency) -> Money | None:
    """An amount of the specification: zeros behind the last decimal of the currency change nothing ("100.00" yen)."""
    if text is None:
        return None
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    return parse_money(f"{whole}.{fraction}" if fraction else whole, currency)


def _hundredths_of(percent: str | None) -> int | None:
    if percent is None:
        return None
    whole, _, fraction = percent.partition(".")
    return int(whole + fraction.ljust(_HUNDREDTHS_DIGITS, "0"))
