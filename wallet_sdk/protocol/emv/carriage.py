"""Our own payment requests as merchant-presented codes: what goes where, and the way there.

An EMV code has room for 512 characters; a request with its certificate has up to 319 bytes, 428 characters of base64,
and does not fit beside the mandatory fields. So the code carries what EMV has fields for in those fields, and the rest
as evidence in unreserved templates. The reader (bridge.py) rebuilds the signed bytes from both.

    59, 60        merchant name and city in ASCII; 64 has the originals when they are not (60 is "-" for none)
    52, 58        category, country                53, 54   currency, amount          01   "12"
    26.01, 62.07  merchant id, terminal id         62.05    reference                 55   "01" when a tip may be added
    80.01         request id (12 bytes), issued at (4), lifetime in seconds (1), and then
                    with certificate: terminal key (33), key id of its signer (8), valid from (4), lifetime in hours (1)
                    key id only:      key id of the terminal (8)
    81.01         signature of the request (64 bytes)
    82.01         signature of the certificate (64 bytes)                        with certificate only
    83.01         largest tip (4), currencies of the certificate (2 each)        only for a tip or several currencies

Bytes are base64url without padding, numbers big endian. Sub-field 00 of 26 and of 80-83 is GUID: five characters, so
that one signature (86) fills one template exactly: 4 + 5 + 4 + 86 = 99.

With the certificate a code is read without a network, and is a QR code of version 16 to 18: for paper and files. With
the key id alone it fits version 13, the limit on our screens, for readers that have the certificate already.
"""

import base64
import binascii
import unicodedata
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from wallet_sdk.protocol import codec, limits
from wallet_sdk.protocol.cbor import load_canonical
from wallet_sdk.protocol.emv.merchant import Initiation, MerchantPresentedCode, TipIndicator
from wallet_sdk.protocol.emv.templates import GUID_ID, AdditionalFields, LanguageTemplate, Template
from wallet_sdk.protocol.emv.tlv import EmvObject
from wallet_sdk.protocol.envelope import Sealed, key_id_of, open_unverified
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError
from wallet_sdk.protocol.ids import KeyId, MerchantId, PublicKeyBytes, RequestId, TerminalId
from wallet_sdk.protocol.messages import PaymentRequest, TerminalCertificate
from wallet_sdk.protocol.money import Currency, format_number, parse_money

#: Ours, and nobody's internet domain: "tc1" is no top-level domain, so it is nobody else's reverse domain name either.
GUID: Final = "tc1.q"
NO_CITY: Final = "-"
#: What a foreign wallet takes for "ask the payer".
_PROMPT: Final = "***"

ACCOUNT_ID: Final = "26"
HEAD_ID: Final = "80"
REQUEST_SIGNATURE_ID: Final = "81"
CERTIFICATE_SIGNATURE_ID: Final = "82"
EXTRAS_ID: Final = "83"
_CONTENT_ID: Final = "01"

_SERIAL_DIGITS_MAX: Final = len(str(limits.SERIAL_MAX))
_TIME_BYTES: Final = 4
_AMOUNT_BYTES: Final = 4
_CURRENCY_BYTES: Final = 2
_REQUEST_HEAD_BYTES: Final = limits.REQUEST_ID_BYTES + _TIME_BYTES + 1
_CERTIFICATE_HEAD_BYTES: Final = limits.PUBLIC_KEY_BYTES + limits.KEY_ID_BYTES + _TIME_BYTES + 1

assert limits.CERTIFICATE_LIFETIME_H_MAX < 256, "a certificate's lifetime fits one byte"
assert limits.REQUEST_LIFETIME_S_MAX < 256, "a request's lifetime fits one byte"
assert limits.AMOUNT_MINOR_MAX.bit_length() == 8 * _AMOUNT_BYTES, "an amount fits four bytes"
assert 4 + len(GUID) + 4 + (limits.SIGNATURE_BYTES * 4 + 2) // 3 == 99, "one signature fills one template"


@unique
class Evidence(Enum):
    """What an exported code brings along to prove itself."""

    WITH_CERTIFICATE = "with_certificate"
    KEY_ID_ONLY = "key_id_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Content of 80.01. ``certificate_head`` is the rest of a certificate (46 bytes), or the terminal's key id (8)."""

    request_id: RequestId
    issued_at_s: int
    lifetime_s: int
    certificate_head: bytes

    @property
    def operator_key_id(self) -> KeyId:
        """Who signed the certificate; for ``WITH_CERTIFICATE`` only."""
        return KeyId(self.certificate_head[limits.PUBLIC_KEY_BYTES :][: limits.KEY_ID_BYTES])

    @property
    def evidence(self) -> Evidence:
        full = len(self.certificate_head) == _CERTIFICATE_HEAD_BYTES
        return Evidence.WITH_CERTIFICATE if full else Evidence.KEY_ID_ONLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The evidence of a code, taken apart and not verified."""

    head: Head
    request_signature: bytes
    certificate_signature: bytes
    tip_max_minor: int
    currencies: tuple[Currency, ...]


def export_merchant_presented(
    request: Sealed[PaymentRequest], *, evidence: Evidence = Evidence.WITH_CERTIFICATE, language: str = "EN"
) -> MerchantPresentedCode:
    """Write a signed request as a merchant-presented code; ``encode()`` of the result is the text of the QR code.

    ``language`` (ISO 639, two letters) is the language of a name that is not ASCII; it is a hint, and not signed.

    Raises:
        MisuseError: BAD_ARGUMENT when the request does not fit an EMV code: a name over 25 characters, a city over 15,
            a reference that is not ASCII, or names with accents and everything else at its maximum.
    """
    if request.embedded is None:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a request carries its certificate", param="request")
    certificate = open_unverified(request.embedded, TerminalCertificate)
    _check_carriable(request)
    _check_carriable(certificate)
    code = _code_of(request, certificate, evidence=evidence, language=language)
    code.encode()
    carried = read_carried(code)
    full = evidence is Evidence.WITH_CERTIFICATE
    rebuilt = (request_message(code, carried), certificate_message(code, carried) if full else certificate.message)
    if rebuilt != (request.message, certificate.message):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "the message says what an EMV code cannot", param="request")
    return code


def is_ours(code: MerchantPresentedCode) -> bool:
    """Whether any template claims to be ours: then all of it must be right, or the code is refused."""
    systems = code.additional.systems if code.additional else ()
    templates = (one for one in (*code.accounts, *code.unreserved, *systems) if isinstance(one, Template))
    return any(one.guid.casefold() == GUID for one in templates)


def read_carried(code: MerchantPresentedCode) -> Carried:
    """The evidence of one of our codes.

    Raises:
        MalformedMessageError: MISSING_FIELD or FIELD_OUT_OF_RANGE; ``param`` is the field.
    """
    head = _read_head(_content_of(code, HEAD_ID))
    full = head.evidence is Evidence.WITH_CERTIFICATE
    extras = _content_of(code, EXTRAS_ID) if _template(code, EXTRAS_ID) is not None else b""
    numbers = extras[_AMOUNT_BYTES:]
    currencies = tuple(
        Currency.from_number(int.from_bytes(numbers[at : at + _CURRENCY_BYTES], "big"))
        for at in range(0, len(numbers), _CURRENCY_BYTES)
    )
    return Carried(
        head=head,
        request_signature=_signature_of(code, REQUEST_SIGNATURE_ID),
        certificate_signature=_signature_of(code, CERTIFICATE_SIGNATURE_ID) if full else b"",
        tip_max_minor=int.from_bytes(extras[:_AMOUNT_BYTES], "big"),
        currencies=currencies,
    )


def request_message(code: MerchantPresentedCode, carried: Carried) -> PaymentRequest:
    """The request that a code of ours says, from its visible fields and its evidence; nothing is verified by this.

    Raises:
        MalformedMessageError: UNKNOWN_CURRENCY or BAD_MONEY.
    """
    currency = Currency.from_number(int(code.currency_number))
    reference = code.additional.reference_label if code.additional else None
    return PaymentRequest(
        request_id=carried.head.request_id,
        amount_minor=parse_money(code.amount or "", currency).minor,
        currency=currency,
        issued_at_s=carried.head.issued_at_s,
        lifetime_s=carried.head.lifetime_s,
        reference=reference or "",
        tip_max_minor=carried.tip_max_minor,
    )


def certificate_message(code: MerchantPresentedCode, carried: Carried) -> TerminalCertificate:
    """The certificate that a code ``WITH_CERTIFICATE`` says, in the same way.

    Raises:
        MalformedMessageError: FIELD_OUT_OF_RANGE for an id that is none of ours.
    """
    head, local = carried.head.certificate_head, code.language
    times = head[limits.PUBLIC_KEY_BYTES + limits.KEY_ID_BYTES :]
    city = code.merchant_city or ""
    return TerminalCertificate(
        merchant_id=MerchantId(_serial(f"{ACCOUNT_ID}.{_CONTENT_ID}", _account_content(code))),
        terminal_id=TerminalId(_serial("62.07", code.additional.terminal_label if code.additional else None)),
        terminal_key=PublicKeyBytes(head[: limits.PUBLIC_KEY_BYTES]),
        not_before_s=int.from_bytes(times[:_TIME_BYTES], "big"),
        lifetime_h=times[_TIME_BYTES],
        merchant_name=local.merchant_name if local else code.merchant_name or "",
        merchant_city=(local.merchant_city if local else None) or ("" if city == NO_CITY else city),
        country=code.country,
        mcc=int(code.category_code or "0"),
        currencies=carried.currencies or (Currency.from_number(int(code.currency_number)),),
    )


# --- writing ---


def _check_carriable(sealed: Sealed[PaymentRequest] | Sealed[TerminalCertificate]) -> None:
    """The reader encodes the message anew: a payload with keys of a later version would come out as another one."""
    parts = load_canonical(sealed.envelope, bytes_max=limits.MESSAGE_BYTES_MAX)
    assert type(parts) is list, "open_unverified took this envelope apart before"
    if parts[2] != codec.encode(sealed.message):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "the message has fields this version does not know", param="request")


def _code_of(
    request: Sealed[PaymentRequest], certificate: Sealed[TerminalCertificate], *, evidence: Evidence, language: str
) -> MerchantPresentedCode:
    asked, merchant = request.message, certificate.message
    if asked.reference == _PROMPT:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "this text has a meaning of its own in an EMV code", param="request")
    return MerchantPresentedCode(
        initiation=Initiation.DYNAMIC,
        accounts=(_template_of(ACCOUNT_ID, str(merchant.merchant_id)),),
        category_code=f"{merchant.mcc:04d}",
        currency_number=f"{asked.currency.number:03d}",
        amount=format_number(asked.amount_minor, asked.currency),
        tip_indicator=TipIndicator.ASK_TIP if asked.tip_max_minor else None,
        country=merchant.country,
        merchant_name=_in_ascii(merchant.merchant_name) or f"MERCHANT {merchant.merchant_id}",
        merchant_city=_in_ascii(merchant.merchant_city) or NO_CITY,
        additional=AdditionalFields(reference_label=asked.reference or None, terminal_label=str(merchant.terminal_id)),
        language=_language_of(merchant, language=language),
        unreserved=tuple(_evidence_of(request, certificate, evidence=evidence)),
    )


def _evidence_of(
    request: Sealed[PaymentRequest], certificate: Sealed[TerminalCertificate], *, evidence: Evidence
) -> list[Template]:
    asked, merchant = request.message, certificate.message
    full = evidence is Evidence.WITH_CERTIFICATE
    head = asked.request_id + asked.issued_at_s.to_bytes(_TIME_BYTES, "big") + bytes([asked.lifetime_s])
    templates = [
        _template_of(HEAD_ID, _text_of(head + (_rest_of(certificate) if full else key_id_of(merchant.terminal_key)))),
        _template_of(REQUEST_SIGNATURE_ID, _text_of(request.signature)),
    ]
    if full:
        templates.append(_template_of(CERTIFICATE_SIGNATURE_ID, _text_of(certificate.signature)))
    several = merchant.currencies if full and merchant.currencies != (asked.currency,) else ()
    if asked.tip_max_minor or several:
        numbers = b"".join(one.number.to_bytes(_CURRENCY_BYTES, "big") for one in several)
        extras = asked.tip_max_minor.to_bytes(_AMOUNT_BYTES, "big") + numbers
        templates.append(_template_of(EXTRAS_ID, _text_of(extras)))
    return templates


def _rest_of(certificate: Sealed[TerminalCertificate]) -> bytes:
    merchant = certificate.message
    assert certificate.key_id is not None, "a certificate names its signer"
    times = merchant.not_before_s.to_bytes(_TIME_BYTES, "big") + bytes([merchant.lifetime_h])
    return merchant.terminal_key + certificate.key_id + times


def _language_of(merchant: TerminalCertificate, *, language: str) -> LanguageTemplate | None:
    name, city = merchant.merchant_name, merchant.merchant_city
    if name.isascii() and city.isascii():
        return None
    return LanguageTemplate(language=language, merchant_name=name, merchant_city=None if city.isascii() else city)


def _in_ascii(text: str) -> str:
    """The text without its accents; "" when too little of it is left to be read."""
    folded = [_ascii_of(character) for character in text]
    return "" if any(one is None for one in folded) else "".join(one or "" for one in folded).strip()


def _ascii_of(character: str) -> str | None:
    """The ASCII letters of a character, "" for a mark, None when there is no letter in it."""
    kept = "".join(one for one in unicodedata.normalize("NFKD", character) if one.isascii() and one.isprintable())
    if kept or unicodedata.category(character).startswith("M"):
        return kept
    return None


def _template_of(id_: str, content: str) -> Template:
    return Template(id=id_, objects=(EmvObject(id=GUID_ID, value=GUID), EmvObject(id=_CONTENT_ID, value=content)))


def _text_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


# --- reading ---


def _account_content(code: MerchantPresentedCode) -> str | None:
    account = next((one for one in code.accounts if one.id == ACCOUNT_ID), None)
    return account.value_of(_CONTENT_ID) if isinstance(account, Template) else None


def _serial(where: str, text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > _SERIAL_DIGITS_MAX:
        raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, "not an id of ours", param=where)
    return int(text)


def _template(code: MerchantPresentedCode, id_: str) -> Template | None:
    templates = (one for one in code.unreserved if isinstance(one, Template))
    return next((one for one in templates if one.id == id_ and one.guid == GUID), None)


def _content_of(code: MerchantPresentedCode, id_: str) -> bytes:
    where = f"{id_}.{_CONTENT_ID}"
    template = _template(code, id_)
    text = None if template is None else template.value_of(_CONTENT_ID)
    if text is None:
        raise MalformedMessageError(ErrorCode.MISSING_FIELD, "a part of the evidence is missing", param=where)
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise MalformedMessageError(ErrorCode.BAD_TEXT, "not base64url", param=where) from error
    if _text_of(content) != text:
        raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "not the one base64url of its bytes", param=where)
    return content


def _signature_of(code: MerchantPresentedCode, id_: str) -> bytes:
    content = _content_of(code, id_)
    if len(content) != limits.SIGNATURE_BYTES:
        raise MalformedMessageError(
            ErrorCode.FIELD_OUT_OF_RANGE, "a signature is 64 bytes", param=f"{id_}.{_CONTENT_ID}"
        )
    return content


def _read_head(content: bytes) -> Head:
    rest = content[_REQUEST_HEAD_BYTES:]
    if len(rest) not in {_CERTIFICATE_HEAD_BYTES, limits.KEY_ID_BYTES}:
        raise MalformedMessageError(
            ErrorCode.FIELD_OUT_OF_RANGE, f"{len(content)} bytes say nothing", param=f"{HEAD_ID}.{_CONTENT_ID}"
        )
    return Head(
        request_id=RequestId(content[: limits.REQUEST_ID_BYTES]),
        issued_at_s=int.from_bytes(content[limits.REQUEST_ID_BYTES : _REQUEST_HEAD_BYTES - 1], "big"),
        lifetime_s=content[_REQUEST_HEAD_BYTES - 1],
        certificate_head=rest,
    )
