"""Merchant-presented codes: every field of EMV QRCPS v1.1 by name, and every rule about it.

``decode_merchant_presented(text).encode() == text`` for every text that can be cut into fields and whose checksum is
right, whatever sequence its fields stand in and whatever fields it has that this version of the specification does not
know. Where it breaks a rule it says so in ``deviations``, with the field and its offset; what is *written* keeps every
rule. The checksum finds misreadings; it says nothing about who made the code.

Source: EMV QRCPS Merchant-Presented Mode v1.1 (EMVCo, November 2020), as its tables are repeated by
docs.developer.paynet.my (DuitNow QR, "QR Data Object"), docs.rs/crate/eqr (promptpay.md), packagist.org/packages/
lee-ratinan/emv-qr and github.com/bwipp/postscriptbarcode (wiki, "EMV QR Code"); github.com/mvallim/emv-qrcode for 62.10
and 62.11; github.com/mercari/go-emv-code for the negatives in tests/vectors/emv.
"""

import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol.emv.deviations import Deviation, DeviationKind, Deviations
from wallet_sdk.protocol.emv.schemes import PaymentScheme, mark_of, national_scheme, scheme_of
from wallet_sdk.protocol.emv.templates import (
    AdditionalFields,
    LanguageTemplate,
    NetworkAccount,
    Template,
    read_account,
    read_additional,
    read_language,
    read_owned_template,
)
from wallet_sdk.protocol.emv.tlv import (
    TEXT_CHARS_MAX,
    VALUE_CHARS_MAX,
    EmvObject,
    Format,
    Placed,
    Rule,
    check_value,
    first_of_each,
    in_sequence,
    read_objects,
    refuse,
    sequence_unless_sorted,
    write_objects,
)
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError
from wallet_sdk.protocol.limits import QR_TEXT_CHARS_MAX

_FORMAT_ID: Final = "00"
_CRC_ID: Final = "63"
#: The checksum object: id, length, four hexadecimal digits.
_CRC_CHARS: Final = 8

_PRIMITIVE: Final = MappingProxyType(
    {
        _FORMAT_ID: Rule("payload_format", Format.N, 2, 2),
        "01": Rule("initiation", Format.N, 2, 2),
        "52": Rule("category_code", Format.N, 4, 4),
        "53": Rule("currency_number", Format.N, 3, 3),
        "54": Rule("amount", Format.ANS, 1, 13),
        "55": Rule("tip_indicator", Format.N, 2, 2),
        "56": Rule("fee_fixed", Format.ANS, 1, 13),
        "57": Rule("fee_percent", Format.ANS, 1, 5),
        "58": Rule("country", Format.ANS, 2, 2),
        "59": Rule("merchant_name", Format.ANS, 1, 25),
        "60": Rule("merchant_city", Format.ANS, 1, 15),
        "61": Rule("postal_code", Format.ANS, 1, 10),
    }
)
_RESERVED: Final = Rule("reserved", Format.S, 1, VALUE_CHARS_MAX)
_MANDATORY: Final = ("52", "53", "58", "59", "60")

_AMOUNT: Final = re.compile(r"(?=.*[1-9])[0-9]+(\.[0-9]*)?", re.ASCII)
_PERCENT: Final = re.compile(r"(?=.*[1-9])[0-9]{1,2}(\.[0-9]{0,2})?", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_PATTERNS: Final = MappingProxyType({"54": _AMOUNT, "56": _AMOUNT, "57": _PERCENT, "58": _COUNTRY})
_AMOUNT_IDS: Final = frozenset({"54", "56", "57"})
_ZERO: Final = re.compile(r"0+(\.0*)?", re.ASCII)
#: Format indicator first, or a checksum at the end.
_BEGINNING: Final = re.compile(r"0002[0-9]{2}", re.ASCII)
_ENDING: Final = re.compile(r"^[0-9]{4}.*6304[0-9A-Fa-f]{4}$", re.ASCII | re.DOTALL)


@unique
class Initiation(Enum):
    """Id 01: whether one code serves many payments, or is made anew for each."""

    STATIC = "11"
    DYNAMIC = "12"


@unique
class TipIndicator(Enum):
    """Id 55: whether the payer is asked for a tip, or pays a fee on top."""

    ASK_TIP = "01"
    FEE_FIXED = "02"
    FEE_PERCENT = "03"


_CHOICES: Final = MappingProxyType({"01": {one.value for one in Initiation}, "55": {one.value for one in TipIndicator}})
#: Which of ids 56 and 57 stands in the code with each value of id 55, and without it.
_FEE_OF_TIP: Final = MappingProxyType({None: "", "01": "", "02": "56", "03": "57"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantPresentedCode:
    """All fields of one code, as text where the specification has text, so that nothing is lost.

    ``category_code``, ``merchant_name`` and ``merchant_city`` are None in codes of schemes that leave them out
    (schemes.py). ``accounts`` are ids 02-51, ``reserved`` 65-79, ``unreserved`` 80-99; a plain value where a template
    belongs is an ``EmvObject``, of 62 and 64 in ``reserved``. ``sequence`` lists the ids as they stand without the
    checksum, () when they ascend.

    A code that was read and breaks rules has ``deviations``, and ``as_read`` holds its text: only so can it be given
    back. There a field that is missing or has no meaning is None or "". A code that you make has neither.
    """

    accounts: tuple[NetworkAccount | Template | EmvObject, ...]
    currency_number: str
    country: str
    category_code: str | None = None
    merchant_name: str | None = None
    merchant_city: str | None = None
    payload_format: str = "01"
    initiation: Initiation | None = None
    amount: str | None = None
    tip_indicator: TipIndicator | None = None
    fee_fixed: str | None = None
    fee_percent: str | None = None
    postal_code: str | None = None
    additional: AdditionalFields | None = None
    language: LanguageTemplate | None = None
    reserved: tuple[EmvObject, ...] = ()
    unreserved: tuple[Template | EmvObject, ...] = ()
    sequence: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    as_read: str = ""

    @property
    def schemes(self) -> tuple[PaymentScheme, ...]:
        """The schemes that the code claims, each once: by its account templates in their sequence, then by marks."""
        found = [scheme_of_account(one, country=self.country) for one in self.accounts]
        label = (self.additional.reference_label if self.additional else None) or ""
        if not any(found):
            found.append(national_scheme(self.country))
        found.append(mark_of(country=self.country, merchant_name=self.merchant_name or "", reference_label=label))
        return tuple(dict.fromkeys(scheme for scheme in found if scheme is not None))

    def encode(self) -> str:
        """The text of the code: at most 512 characters that keep every rule, or the text that was read.

        Raises:
            MisuseError: BAD_ARGUMENT when the fields make no valid code; ``param`` names the field and its offset.
        """
        text = self.as_read or self._composed()
        try:
            again = decode_merchant_presented(text)
        except MalformedMessageError as error:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, error.message, param=error.param) from error
        if again.deviations and not self.as_read:
            first = again.deviations[0]
            raise MisuseError(ErrorCode.BAD_ARGUMENT, first.kind.value, param=first.where)
        if again != self:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the fields do not stand where they belong", param="code")
        return text

    def _composed(self) -> str:
        body = f"{write_objects(in_sequence(self._values(), self.sequence))}{_CRC_ID}04"
        return body + checksum(body)

    def _values(self) -> dict[str, str]:
        values = {id_: _plain(getattr(self, rule.name)) for id_, rule in _PRIMITIVE.items()}
        values["62"] = self.additional.value if self.additional else ""
        values["64"] = self.language.value if self.language else ""
        values |= {one.id: one.value for one in (*self.accounts, *self.reserved, *self.unreserved)}
        return {id_: value for id_, value in values.items() if value}


def decode_merchant_presented(text: str) -> MerchantPresentedCode:
    """Read a scanned text as a merchant-presented code, whole, with a list of its deviations.

    Raises:
        MalformedMessageError: with ``param`` "field@offset", such as "62.05@143", when it cannot be cut into fields
            (BAD_TLV, BAD_TEXT), has no checksum (MISSING_FIELD) or a wrong one (BAD_CHECKSUM), or is longer than any
            QR code (MESSAGE_TOO_LARGE).
    """
    noted = Deviations()
    _check_text(text, noted)
    placed = read_objects(text, noted)
    _check_frame(text, placed, noted)
    found: dict[str, Placed] = {}
    for one in placed:
        found.setdefault(one.id, one)
    primitive = first_of_each(_PRIMITIVE, placed, noted)
    _check_meanings(placed, noted)
    accounts = tuple(read_account(one, noted) for one in placed if "02" <= one.id <= "51")
    unreserved = tuple(read_owned_template(one, noted) for one in placed if one.id >= "80")
    additional = read_additional(found["62"], noted) if "62" in found else None
    language = read_language(found["64"], noted) if "64" in found else None
    plain = [found[id_].bare for id_, part in (("62", additional), ("64", language)) if id_ in found and part is None]
    reserved = [_read_reserved(one, noted) for one in placed if "65" <= one.id <= "79"]
    _check_present(found, accounts, noted, end=len(text) - _CRC_CHARS)
    _check_fees(found, noted, end=len(text) - _CRC_CHARS)
    initiation, tip = primitive.pop("initiation", None), primitive.pop("tip_indicator", None)
    return MerchantPresentedCode(
        accounts=accounts,
        **{"currency_number": "", "country": "", "payload_format": ""} | primitive,
        initiation=next((one for one in Initiation if one.value == initiation), None),
        tip_indicator=next((one for one in TipIndicator if one.value == tip), None),
        additional=additional,
        language=language,
        reserved=(*plain, *reserved),
        unreserved=unreserved,
        sequence=sequence_unless_sorted([one.id for one in placed if one.id != _CRC_ID]),
        deviations=noted.all,
        as_read=text if noted.all else "",
    )


def looks_like_one(text: str) -> bool:
    """Whether a text means to be a merchant-presented code: it begins or ends as all of them do."""
    return bool(_BEGINNING.match(text) or _ENDING.search(text))


def scheme_of_account(account: NetworkAccount | Template | EmvObject, *, country: str) -> PaymentScheme | None:
    """The domestic scheme of an account, or None: a card network's, or one that schemes.py does not know."""
    if not isinstance(account, Template):
        return None
    return scheme_of(id=account.id, guid=account.guid, country=country)


# --- parts ---


def _plain(value: str | Enum | None) -> str:
    return "" if value is None else str(value.value) if isinstance(value, Enum) else value


def checksum(body: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 0x1021, initial value 0xFFFF) over UTF-8, "6304" included."""
    # A lone surrogate (only our own caller can have one) is counted here and refused by the reader.
    return f"{binascii.crc_hqx(body.encode('utf-8', 'surrogatepass'), 0xFFFF):04X}"


def _check_text(text: str, noted: Deviations) -> None:
    if len(text) > QR_TEXT_CHARS_MAX:
        message = f"more than {QR_TEXT_CHARS_MAX} characters"
        raise refuse(ErrorCode.MESSAGE_TOO_LARGE, message, where=f"63@{QR_TEXT_CHARS_MAX}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise refuse(ErrorCode.BAD_TEXT, "a lone surrogate is no character", where=f"?@{error.start}") from error
    if len(text) > TEXT_CHARS_MAX:
        noted.note(DeviationKind.TOO_LONG, f"63@{TEXT_CHARS_MAX}")


def _check_frame(text: str, placed: tuple[Placed, ...], noted: Deviations) -> None:
    """Id 00 first, id 63 last, and the checksum right."""
    for one in placed[:-1]:
        if one.id == _CRC_ID:
            raise refuse(ErrorCode.BAD_TLV, "nothing follows the checksum", where=one.where)
    last = placed[-1] if placed else None
    if last is None or last.id != _CRC_ID:
        raise refuse(ErrorCode.MISSING_FIELD, "a code ends with its checksum", where=f"{_CRC_ID}@{len(text)}")
    body = text[: -len(last.value)] if last.value else text
    if last.value.upper() != checksum(body):
        # The bytes of a QR code are ISO 8859-1 where it does not say otherwise, and some writers count over those.
        if last.value.upper() != _checksum_over_latin_1(body):
            raise refuse(ErrorCode.BAD_CHECKSUM, "the checksum is another one", where=last.where)
        noted.note(DeviationKind.CHECKSUM_OVER_LATIN_1, last.where)
    if last.value != last.value.upper():
        noted.note(DeviationKind.CHECKSUM_IN_SMALL_LETTERS, last.where)
    if placed[0].id != _FORMAT_ID:
        noted.note(DeviationKind.NO_FORMAT_FIRST, f"{_FORMAT_ID}@0")


def _checksum_over_latin_1(body: str) -> str:
    try:
        return f"{binascii.crc_hqx(body.encode('latin-1'), 0xFFFF):04X}"
    except UnicodeEncodeError:
        return ""


def _check_meanings(placed: tuple[Placed, ...], noted: Deviations) -> None:
    """Values that have the right letters and mean nothing."""
    for one in placed:
        if not one.value:
            continue
        if one.id in _AMOUNT_IDS and _ZERO.fullmatch(one.value):
            noted.note(DeviationKind.AMOUNT_OF_ZERO, one.where)
        elif not _means_something(one):
            noted.note(DeviationKind.UNKNOWN_VALUE, one.where)


def _means_something(placed: Placed) -> bool:
    pattern, choices = _PATTERNS.get(placed.id), _CHOICES.get(placed.id)
    return (pattern is None or bool(pattern.fullmatch(placed.value))) and (choices is None or placed.value in choices)


def _read_reserved(placed: Placed, noted: Deviations) -> EmvObject:
    check_value(_RESERVED, placed, noted)
    return placed.bare


def _check_present(
    found: Mapping[str, Placed],
    accounts: tuple[NetworkAccount | Template | EmvObject, ...],
    noted: Deviations,
    *,
    end: int,
) -> None:
    if not accounts:
        noted.note(DeviationKind.NO_ACCOUNT, f"26@{end}")
    country = found["58"].value if "58" in found else ""
    schemes = [scheme_of_account(one, country=country) for one in accounts]
    left_out = _common(frozenset() if scheme is None else scheme.left_out for scheme in schemes)
    for id_ in _MANDATORY:
        if id_ not in found and id_ not in left_out:
            noted.note(DeviationKind.FIELD_MISSING, f"{id_}@{end}")
    formats = {"01", *(scheme.payload_format for scheme in schemes if scheme is not None)}
    if _FORMAT_ID in found and found[_FORMAT_ID].value not in formats:
        noted.note(DeviationKind.OTHER_FORMAT, found[_FORMAT_ID].where)


def _common(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    first, *others = [*sets] or [frozenset[str]()]
    return first.intersection(*others)


def _check_fees(found: Mapping[str, Placed], noted: Deviations, *, end: int) -> None:
    """Id 56 goes with 55 = "02", id 57 with 55 = "03", neither with anything else."""
    tip = found["55"].value if "55" in found else None
    wanted = _FEE_OF_TIP.get(tip, "")
    if wanted and wanted not in found:
        noted.note(DeviationKind.FIELD_MISSING, f"{wanted}@{end}")
    for id_ in ("56", "57"):
        if id_ in found and id_ != wanted:
            noted.note(DeviationKind.FEE_DISAGREES, found[id_].where)
