"""Consumer-presented codes: base64 of BER-TLV, every data object of EMV QRCPS v1.1 by name.

    85  payload format indicator "CPV01", first
    61  application template, one or more: 4F and card fields, in it 63 (application specific transparent template)
    62  common data template, at most one: card fields, in it 64 (common data transparent template)

``decode_consumer_presented(text).encode() == text`` for every valid text. Tags without a name here are kept as they
are. Account numbers, track 2 and cryptograms never appear in a repr.

Source: EMV QRCPS Consumer-Presented Mode v1.1, EMV Book 3 (formats and lengths of data elements), as their tables
are repeated by github.com/mvallim/emv-qrcode and github.com/dongri/emv-qrcode, whose published codes are test vectors.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from types import MappingProxyType
from typing import Any, Final

from wallet_sdk.protocol.emv.ber import BerObject, PlacedBer, read_ber, read_ber_inside, write_ber
from wallet_sdk.protocol.emv.tlv import TEXT_CHARS_MAX, refuse
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError

_FORMAT_TAG: Final = "85"
_FORMAT: Final = b"CPV01"
_APPLICATION_TAG: Final = "61"
_COMMON_TAG: Final = "62"
#: Which transparent template may stand in which template.
_TRANSPARENT_IN: Final = MappingProxyType({_APPLICATION_TAG: "63", _COMMON_TAG: "64"})
_TEMPLATE_TAGS: Final = frozenset({"61", "62", "63", "64"})


@unique
class _Kind(Enum):
    BYTES = "bytes"
    TEXT = "printable ASCII"
    DIGITS = "digits, two in a byte, zeros in front"
    DIGITS_PADDED = "digits, two in a byte, an F behind an odd number"
    COUNTER = "an unsigned number"


@dataclass(frozen=True, slots=True)
class _Row:
    """One card field: our name, how its bytes are read, and how many there may be."""

    name: str
    kind: _Kind
    low: int
    high: int
    digits: int = 0


_ROWS: Final = MappingProxyType(
    {
        "4F": _Row("application_id", _Kind.BYTES, 5, 16),
        "50": _Row("label", _Kind.TEXT, 1, 16),
        "57": _Row("track_2", _Kind.BYTES, 1, 19),
        "5A": _Row("account_number", _Kind.DIGITS_PADDED, 1, 10),
        "5F20": _Row("cardholder_name", _Kind.TEXT, 2, 26),
        "5F2D": _Row("languages", _Kind.TEXT, 2, 8),
        "5F34": _Row("sequence_number", _Kind.DIGITS, 1, 1, digits=2),
        "5F50": _Row("issuer_url", _Kind.TEXT, 1, 255),
        "82": _Row("interchange_profile", _Kind.BYTES, 2, 2),
        "9F08": _Row("application_version", _Kind.BYTES, 2, 2),
        "9F10": _Row("issuer_application", _Kind.BYTES, 1, 32),
        "9F19": _Row("token_requestor_id", _Kind.DIGITS, 6, 6, digits=11),
        "9F24": _Row("account_reference", _Kind.TEXT, 29, 29),
        "9F25": _Row("last_digits", _Kind.DIGITS, 2, 2, digits=4),
        "9F26": _Row("cryptogram", _Kind.BYTES, 8, 8),
        "9F27": _Row("cryptogram_kind", _Kind.BYTES, 1, 1),
        "9F36": _Row("counter", _Kind.COUNTER, 2, 2),
        "9F37": _Row("unpredictable_number", _Kind.BYTES, 4, 4),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFields:
    """What a template (61, 62, 63 or 64) holds; a field that it does not hold is None.

    ``transparent`` is the template 63 inside 61, or 64 inside 62. ``others`` are tags without a name here.
    ``sequence`` lists the tags as they stand, () when they stand as in this class, ``others`` and ``transparent`` last.
    """

    application_id: bytes | None = None
    label: str | None = None
    track_2: bytes | None = field(default=None, repr=False)
    account_number: str | None = field(default=None, repr=False)
    cardholder_name: str | None = field(default=None, repr=False)
    languages: str | None = None
    sequence_number: str | None = None
    issuer_url: str | None = None
    interchange_profile: bytes | None = None
    application_version: bytes | None = None
    issuer_application: bytes | None = field(default=None, repr=False)
    token_requestor_id: str | None = None
    account_reference: str | None = field(default=None, repr=False)
    last_digits: str | None = None
    cryptogram: bytes | None = field(default=None, repr=False)
    cryptogram_kind: bytes | None = None
    counter: int | None = None
    unpredictable_number: bytes | None = field(default=None, repr=False)
    others: tuple[BerObject, ...] = field(default=(), repr=False)
    transparent: "CardFields | None" = None
    sequence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerPresentedCode:
    """One code: its applications (61), what they share (62), and root tags without a name here.

    ``sequence`` lists the root tags as they stand, () for 85, every 61, 62 and the others.
    """

    applications: tuple[CardFields, ...]
    common: CardFields | None = None
    others: tuple[BerObject, ...] = ()
    sequence: tuple[str, ...] = ()

    def encode(self) -> str:
        """The base64 text of the code, at most 512 characters.

        Raises:
            MisuseError: BAD_ARGUMENT when the fields make no valid code; ``param`` names the field and its offset.
        """
        try:
            text = base64.b64encode(self._content()).decode()
            again = decode_consumer_presented(text)
        except (MalformedMessageError, ValueError, OverflowError) as error:
            where = error.param if isinstance(error, MalformedMessageError) else None
            raise MisuseError(ErrorCode.BAD_ARGUMENT, str(error), param=where) from error
        if again != self:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the fields do not stand where they belong", param="code")
        return text

    def _content(self) -> bytes:
        objects = [BerObject(tag=_FORMAT_TAG, value=_FORMAT)]
        objects += [BerObject(tag=_APPLICATION_TAG, value=_write_fields(one, "61")) for one in self.applications]
        if self.common is not None:
            objects.append(BerObject(tag=_COMMON_TAG, value=_write_fields(self.common, "62")))
        return write_ber(_in_sequence([*objects, *self.others], self.sequence))


def decode_consumer_presented(base64_text: str) -> ConsumerPresentedCode:
    """Read a scanned text as a consumer-presented code.

    Raises:
        MalformedMessageError: with ``param`` "tag@offset" in bytes, such as "61.63.9F26@31": MESSAGE_TOO_LARGE,
            BAD_TLV, NOT_CANONICAL, MISSING_FIELD, FIELD_OUT_OF_RANGE or BAD_TEXT.
    """
    placed = read_ber(_content_of(base64_text))
    if not placed or (placed[0].tag, placed[0].value) != (_FORMAT_TAG, _FORMAT):
        raise refuse(ErrorCode.MISSING_FIELD, "a code starts with CPV01", where=f"{_FORMAT_TAG}@0")
    _refuse_twice(placed, but=_APPLICATION_TAG)
    applications = [one for one in placed if one.tag == _APPLICATION_TAG]
    common = [one for one in placed if one.tag == _COMMON_TAG]
    others = tuple(one.bare for one in placed[1:] if one.tag not in {_APPLICATION_TAG, _COMMON_TAG})
    if not applications:
        raise refuse(ErrorCode.MISSING_FIELD, "a code has an application template", where=f"61@{placed[0].start + 5}")
    tags = [one.tag for one in placed]
    usual = [_FORMAT_TAG, *(one.tag for one in applications + common), *(one.tag for one in others)]
    return ConsumerPresentedCode(
        applications=tuple(_read_application(one) for one in applications),
        common=_read_fields(common[0]) if common else None,
        others=others,
        sequence=() if tags == usual else tuple(tags),
    )


# --- reading ---


def _content_of(text: str) -> bytes:
    if len(text) > TEXT_CHARS_MAX:
        raise refuse(ErrorCode.MESSAGE_TOO_LARGE, f"more than {TEXT_CHARS_MAX} characters", where="85@0")
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise refuse(ErrorCode.BAD_TEXT, "not base64", where="85@0") from error
    if base64.b64encode(content).decode() != text:
        raise refuse(ErrorCode.NOT_CANONICAL, "not the one base64 of its bytes", where="85@0")
    return content


def _refuse_twice(placed: tuple[PlacedBer, ...], *, but: str = "") -> None:
    seen: set[str] = set()
    for one in placed:
        if one.tag in seen and one.tag != but:
            raise refuse(ErrorCode.BAD_TLV, f"tag {one.tag} stands here twice", where=one.where)
        seen.add(one.tag)


def _read_application(placed: PlacedBer) -> CardFields:
    fields = _read_fields(placed)
    if fields.application_id is None:
        where = f"{placed.path}.4F@{placed.start}"
        raise refuse(ErrorCode.MISSING_FIELD, "an application template has an application id", where=where)
    return fields


def _read_fields(placed: PlacedBer) -> CardFields:
    inside = read_ber_inside(placed)
    _refuse_twice(inside)
    nested_tag = _TRANSPARENT_IN.get(placed.tag)
    named: dict[str, Any] = {}
    others: list[BerObject] = []
    for one in inside:
        if one.tag == nested_tag:
            named["transparent"] = _read_fields(one)
        elif one.tag in _TEMPLATE_TAGS:
            raise refuse(ErrorCode.BAD_TLV, f"template {one.tag} does not stand in {placed.tag}", where=one.where)
        elif one.tag in _ROWS:
            named[_ROWS[one.tag].name] = _read_value(_ROWS[one.tag], one)
        else:
            others.append(one.bare)
    tags = [one.tag for one in inside]
    usual = [*(tag for tag in _ROWS if tag in tags), *(one.tag for one in others)]
    usual += [nested_tag] if nested_tag is not None and nested_tag in tags else []
    return CardFields(**named, others=tuple(others), sequence=() if tags == usual else tuple(tags))


def _read_value(row: _Row, placed: PlacedBer) -> bytes | str | int:
    if not row.low <= len(placed.value) <= row.high:
        raise refuse(ErrorCode.FIELD_OUT_OF_RANGE, f"{row.name} has {row.low} .. {row.high} bytes", where=placed.where)
    if row.kind is _Kind.BYTES:
        return placed.value
    if row.kind is _Kind.COUNTER:
        return int.from_bytes(placed.value, "big")
    if row.kind is _Kind.TEXT:
        return _read_text(row, placed)
    return _read_digits(row, placed)


def _read_text(row: _Row, placed: PlacedBer) -> str:
    text = placed.value.decode("ascii", "replace")
    if not (text.isascii() and text.isprintable()):
        raise refuse(ErrorCode.BAD_TEXT, f"{row.name} is {row.kind.value}", where=placed.where)
    if row.name == "languages" and (len(text) % 2 or not text.isalpha()):
        raise refuse(ErrorCode.BAD_TEXT, "languages are one to four pairs of letters", where=placed.where)
    return text


def _read_digits(row: _Row, placed: PlacedBer) -> str:
    digits = placed.value.hex().upper()
    if row.kind is _Kind.DIGITS_PADDED:
        digits = digits.removesuffix("F")
    else:
        zeros, digits = digits[: -row.digits], digits[-row.digits :]
        digits = digits if not zeros.strip("0") else "?"
    if not digits.isdigit():
        raise refuse(ErrorCode.BAD_TEXT, f"{row.name} is {row.kind.value}", where=placed.where)
    return digits


# --- writing: whatever is wrong here is found when the code is read back ---


def _write_fields(fields: CardFields, tag: str) -> bytes:
    values = {tag: getattr(fields, row.name) for tag, row in _ROWS.items()}
    objects = [
        BerObject(tag=tag, value=_plain(_ROWS[tag], value)) for tag, value in values.items() if value is not None
    ]
    objects += fields.others
    nested_tag = _TRANSPARENT_IN.get(tag)
    if fields.transparent is not None and nested_tag is not None:
        objects.append(BerObject(tag=nested_tag, value=_write_fields(fields.transparent, nested_tag)))
    return write_ber(_in_sequence(objects, fields.sequence))


def _plain(row: _Row, value: Any) -> bytes:
    if row.kind is _Kind.BYTES:
        return bytes(value)
    if row.kind is _Kind.COUNTER:
        return int(value).to_bytes(row.high, "big")
    if row.kind is _Kind.TEXT:
        return str(value).encode("ascii")
    if row.kind is _Kind.DIGITS:
        return bytes.fromhex(str(value).zfill(2 * row.high))
    return bytes.fromhex(value + "F" if len(value) % 2 else value)


def _in_sequence(objects: list[BerObject], sequence: tuple[str, ...]) -> list[BerObject]:
    if not sequence:
        return objects
    waiting: Mapping[str, list[BerObject]] = {tag: [one for one in objects if one.tag == tag] for tag in sequence}
    if sorted(sequence) != sorted(one.tag for one in objects):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "the sequence names other tags than there are", param="sequence")
    return [waiting[tag].pop(0) for tag in sequence]
