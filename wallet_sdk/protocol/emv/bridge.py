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
from wallet_sdk.protocol.emv.currencies import ISO_CURRENCIES
from wallet_sdk.protocol.emv.deviations import Deviation
from wallet_sdk.protocol.emv.merchant import MerchantPresentedCode, TipIndicator
from wallet_sdk.protocol.emv.schemes import PaymentScheme
from wallet_sdk.protocol.emv.templates import Template
from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, key_id_of, open_unverified, seal, verify
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentRequest, Role, TerminalCertificate
from wallet_sdk.protocol.money import Currency, Money, parse_money
from wallet_sdk.protocol.trust import TrustStore, VerifiedRequest, verify_request

_HUNDREDTHS_DIGITS: Final = 2
#: Stands for a letter that would deceive whoever reads the name: directions, controls, invisible ones.
_UNSHOWN: Final = "\ufffd"
#: KHQR 1.1: sub-field 01 of 99 is the end, in milliseconds since the epoch, 13 digits.
_EXPIRY_ID: Final = "99"
_EXPIRY_DIGITS: Final = 13
#: UPI: sub-field 01 of 27 is the reference of the sale (Bharat QR, and the published codes of HDFC and Razorpay).
_UPI_REFERENCE_ID: Final = "27"


@dataclass(frozen=True, slots=True, kw_only=True)
class UntrustedRequest:
    """What an unsigned code asks for, in the words of whoever printed it. Nothing of it is verified.

    It is no ``VerifiedRequest`` and does not become one: it can be shown as untrusted, and sent to the server, which
    may know the payee. ``amount_text`` is what the code asks for, to be shown ("12.50 ARS"), "" when the payer enters
    it; ``amount`` is the same as money, None without one, or when it is no money that can be paid here.
    ``currency_code`` is the ISO code, or the number when ISO 4217 has none; ``currency`` None when nothing can be paid
    in it here. ``fee_percent_hundredths`` is 250 for 2.50 %. ``expires_at_s`` is what a KHQR code says. ``deviations``
    are where the code is not to the letter of EMV.
    """

    payee_name: str
    payee_local_name: str
    payee_city: str
    country: str
    currency: Currency | None
    currency_code: str
    amount: Money | None
    amount_text: str
    tip: TipIndicator | None
    fee: Money | None
    fee_percent_hundredths: int | None
    reference: str
    expires_at_s: int | None
    schemes: tuple[PaymentScheme, ...]
    deviations: tuple[Deviation, ...]
    code: MerchantPresentedCode

    @property
    def mode(self) -> AuthorizationMode:
        """The only way to pay it."""
        return AuthorizationMode.ONLINE

    @property
    def scheme_name(self) -> str:
        """The schemes that the code claims, to be shown: "Pix", "PayNow, SGQR"; "EMV" when none is known."""
        return ", ".join(scheme.name for scheme in self.schemes) or "EMV"


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
    if code.deviations:  # ours are written to the letter: somebody else has written this one
        first = code.deviations[0]
        raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, first.kind.value, param=first.where)
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
        MisuseError: BAD_ARGUMENT when the code was made by hand and is none.
    """
    code.encode()  # a code made by hand keeps the rules too, or raises here
    listed = ISO_CURRENCIES.get(code.currency_number)
    currency = Currency.__members__.get(listed.code) if listed else None
    currency_code = listed.code if listed else code.currency_number
    asked = code.amount if code.amount and code.amount.strip("0.") else ""
    return UntrustedRequest(
        payee_name=_readable(code.merchant_name),
        payee_local_name=_readable(code.language.merchant_name if code.language else None),
        payee_city=_readable(code.merchant_city),
        country=_readable(code.country),
        currency=currency,
        currency_code=_readable(currency_code),
        amount=_money_of(asked, currency),
        amount_text=_readable(f"{asked} {currency_code}") if asked else "",
        tip=code.tip_indicator,
        fee=_money_of(code.fee_fixed, currency),
        fee_percent_hundredths=_hundredths_of(code.fee_percent),
        reference=_readable(_reference_of(code)),
        expires_at_s=_expiry_of(code),
        schemes=code.schemes,
        deviations=code.deviations,
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


def _readable(text: str | None) -> str:
    """A text as it may be shown: what has no sight of its own, or turns the text around, is marked."""
    shown = unicodedata.normalize("NFC", text or "").strip()
    return "".join(_UNSHOWN if unicodedata.category(one)[0] == "C" else one for one in shown)


def _reference_of(code: MerchantPresentedCode) -> str:
    additional = code.additional
    named = (additional.reference_label or additional.bill_number) if additional else None
    return named or _value_in(code, _UPI_REFERENCE_ID, country="IN")


def _expiry_of(code: MerchantPresentedCode) -> int | None:
    digits = _value_in(code, _EXPIRY_ID, country="KH")
    known = len(digits) == _EXPIRY_DIGITS and digits.isascii() and digits.isdigit()
    return int(digits) // 1000 if known else None


def _value_in(code: MerchantPresentedCode, id_: str, *, country: str) -> str:
    """Sub-field 01 of a template, in codes of one country alone; "" without one."""
    templates = (one for one in (*code.accounts, *code.unreserved) if isinstance(one, Template) and one.id == id_)
    found = next((one.value_of("01") for one in templates), None)
    return (found or "") if code.country == country else ""


def _money_of(text: str | None, currency: Currency | None) -> Money | None:
    """An amount as money: zeros behind the last decimal of the currency change nothing ("100.00" yen)."""
    if not text or currency is None:
        return None
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    try:
        return parse_money(f"{whole}.{fraction}" if fraction else whole, currency)
    except MalformedMessageError:
        return None


def _hundredths_of(percent: str | None) -> int | None:
    whole, _, fraction = (percent or "").partition(".")
    digits = whole + fraction.ljust(_HUNDREDTHS_DIGITS, "0")
    known = whole and digits.isascii() and digits.isdigit() and len(fraction) <= _HUNDREDTHS_DIGITS
    return int(digits) if known else None
