"""Merchant-presented codes: every field of EMV QRCPS v1.1 by name, and every rule about it.

``decode_merchant_presented(text).encode() == text`` for every valid text, whatever sequence its fields stand in and
whatever fields it has that this version of the specification does not know. A code that breaks a rule is refused with
the field and its offset. The checksum finds misreadings; it says nothing about who made the code.

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

from wallet_sdk.protocol.emv.schemes import PaymentScheme, scheme_of
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
    in_sequence,
    read_objects,
    refuse,
    sequence_unless_sorted,
    write_objects,
)
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError

_FORMAT_ID: Final = "00"
_CRC_ID: Final = "63"
_CRC: Final = Rule("crc", Format.ANS, 4, 4)
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


#: Which of ids 56 and 57 stands in the code with each value of id 55, and without it.
_FEE_OF_TIP: Final = MappingProxyType({None: "", "01": "", "02": "56", "03": "57"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantPresentedCode:
    """All fields of one code, as text where the specification has text, so that nothing is lost.

    ``category_code``, ``merchant_name`` and ``merchant_city`` are None only in codes of schemes that leave them out
    (schemes.py). ``accounts`` are ids 02-51, ``reserved`` 65-79, ``unreserved`` 80-99. ``sequence`` lists the ids as
    they stand without the checksum, () when they ascend.
    """

    accounts: tuple[NetworkAccount | Template, ...]
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
    unreserved: tuple[Template, ...] = ()
    sequence: tuple[str, ...] = ()

    @property
    def schemes(self) -> tuple[PaymentScheme, ...]:
        """The schemes that the account templates claim, each once, in the sequence of the code."""
        found = (scheme_of_account(one, country=self.country) for one in self.accounts)
        return tuple(dict.fromkeys(scheme for scheme in found if scheme is not None))

    def encode(self) -> str:
        """The text of the code, at most 512 characters.

        Raises:
            MisuseError: BAD_ARGUMENT when the fields make no valid code; ``param`` names the field and its offset.
        """
        body = f"{write_objects(in_sequence(self._values(), self.sequence))}{_CRC_ID}04"
        text = body + checksum(body)
        try:
            again = decode_merchant_presented(text)
        except MalformedMessageError as error:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, error.message, param=error.param) from error
        if again != self:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the fields do not stand where they belong", param="code")
        return text

    def _values(self) -> dict[str, str]:
        values = {id_: _plain(getattr(self, rule.name)) for id_, rule in _PRIMITIVE.items()}
        values["62"] = self.additional.value if self.additional else ""
        values["64"] = self.language.value if self.language else ""
        values |= {one.id: one.value for one in (*self.accounts, *self.reserved, *self.unreserved)}
        return {id_: value for id_, value in values.items() if value}


def decode_merchant_presented(text: str) -> MerchantPresentedCode:
    """Read a scanned text as a merchant-presented code.

    Raises:
        MalformedMessageError: with ``param`` "field@offset", such as "62.05@143": MESSAGE_TOO_LARGE, BAD_TLV,
            BAD_CHECKSUM, MISSING_FIELD, FIELD_OUT_OF_RANGE or BAD_TEXT.
    """
    _check_text(text)
    placed = read_objects(text)
    _check_frame(text, placed)
    found = {one.id: one for one in placed}
    primitive = {rule.name: _read_primitive(found[id_]) for id_, rule in _PRIMITIVE.items() if id_ in found}
    accounts = tuple(read_account(one) for one in placed if "02" <= one.id <= "51")
    _check_present(found, accounts, country=primitive.get("country", ""), end=len(text) - _CRC_CHARS)
    _check_fees(found, end=len(text) - _CRC_CHARS)
    initiation, tip = primitive.pop("initiation", None), primitive.pop("tip_indicator", None)
    return MerchantPresentedCode(
        accounts=accounts,
        **primitive,
        initiation=None if initiation is None else Initiation(initiation),
        tip_indicator=None if tip is None else TipIndicator(tip),
        additional=read_additional(found["62"]) if "62" in found else None,
        language=read_language(found["64"]) if "64" in found else None,
        reserved=tuple(_read_reserved(one) for one in placed if "65" <= one.id <= "79"),
        unreserved=tuple(read_owned_template(one) for one in placed if one.id >= "80"),
        sequence=sequence_unless_sorted([one.id for one in placed if one.id != _CRC_ID]),
    )


def scheme_of_account(account: NetworkAccount | Template, *, country: str) -> PaymentScheme | None:
    """The domestic scheme of an account, or None: a card network's, or one that schemes.py does not know."""
    if isinstance(account, NetworkAccount):
        return None
    return scheme_of(id=account.id, guid=account.guid, country=country)


# --- parts ---


def _plain(value: str | Enum | None) -> str:
    return "" if value is None else str(value.value) if isinstance(value, Enum) else value


def checksum(body: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 0x1021, initial value 0xFFFF) over UTF-8, "6304" included."""
    # A lone surrogate (only our own caller can have one) is counted here and refused by the reader.
    return f"{binascii.crc_hqx(body.encode('utf-8', 'surrogatepass'), 0xFFFF):04X}"


def _check_text(text: str) -> None:
    if len(text) > TEXT_CHARS_MAX:
        raise refuse(
            ErrorCode.MESSAGE_TOO_LARGE, f"more than {TEXT_CHARS_MAX} characters", where=f"63@{TEXT_CHARS_MAX}"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise refuse(ErrorCode.BAD_TEXT, "a lone surrogate is no character", where=f"?@{error.start}") from error


def _check_frame(text: str, placed: tuple[Placed, ...]) -> None:
    """Id 00 first, id 63 last, and the checksum right."""
    if not placed or placed[0].id != _FORMAT_ID:
        raise refuse(ErrorCode.MISSING_FIELD, "a code starts with its payload format", where=f"{_FORMAT_ID}@0")
    for one in placed[:-1]:
        if one.id == _CRC_ID:
            raise refuse(ErrorCode.BAD_TLV, "nothing follows the checksum", where=one.where)
    last = placed[-1]
    if last.id != _CRC_ID:
        raise refuse(ErrorCode.MISSING_FIELD, "a code ends with its checksum", where=f"{_CRC_ID}@{len(text)}")
    if check_value(_CRC, last) != checksum(text[:-4]):
        raise refuse(ErrorCode.BAD_CHECKSUM, "the checksum is another one", where=last.where)


def _read_primitive(placed: Placed) -> str:
    value = check_value(_PRIMITIVE[placed.id], placed)
    pattern = _PATTERNS.get(placed.id)
    choices = {"01": Initiation, "55": TipIndicator}.get(placed.id)
    known = choices is None or value in {one.value for one in choices}
    if not known or (pattern is not None and not pattern.fullmatch(value)):
        message = f"no {_PRIMITIVE[placed.id].name} of the specification"
        raise refuse(ErrorCode.FIELD_OUT_OF_RANGE, message, where=placed.where)
    return value


def _read_reserved(placed: Placed) -> EmvObject:
    check_value(_RESERVED, placed)
    return placed.bare


def _check_present(
    found: Mapping[str, Placed], accounts: tuple[NetworkAccount | Template, ...], *, country: str, end: int
) -> None:
    if not accounts:
        raise refuse(ErrorCode.MISSING_FIELD, "no account (ids 02-51) says where to pay", where=f"26@{end}")
    schemes = [scheme_of_account(one, country=country) for one in accounts]
    left_out = _common(frozenset() if scheme is None else scheme.left_out for scheme in schemes)
    for id_ in _MANDATORY:
        if id_ not in found and id_ not in left_out:
            raise refuse(ErrorCode.MISSING_FIELD, f"{_PRIMITIVE[id_].name} is mandatory", where=f"{id_}@{end}")
    formats = {"01", *(scheme.payload_format for scheme in schemes if scheme is not None)}
    if found[_FORMAT_ID].value not in formats:
        raise refuse(ErrorCode.UNSUPPORTED_VERSION, "another payload format", where=found[_FORMAT_ID].where)


def _common(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    first, *others = sets
    return first.intersection(*others)


def _check_fees(found: Mapping[str, Placed], *, end: int) -> None:
    """Id 56 goes with 55 = "02", id 57 with 55 = "03", neither with anything else."""
    tip = found["55"].value if "55" in found else None
    wanted = _FEE_OF_TIP[tip]
    if wanted and wanted not in found:
        raise refuse(ErrorCode.MISSING_FIELD, f"id 55 is {tip}, so this fee is mandatory", where=f"{wanted}@{end}")
    for id_ in ("56", "57"):
        if id_ in found and id_ != wanted:
            raise refuse(ErrorCode.FIELD_OUT_OF_RANGE, "id 55 does not ask for this fee", where=found[id_].where)
