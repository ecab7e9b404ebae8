"""Parts of a merchant-presented code that hold objects of their own: accounts, 62, 64, 80-99.

Source: as merchant.py; developer.mastercard.com, Merchant Presented QR, "Support" (forms of the identifier).
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol.emv.deviations import DeviationKind, Deviations
from wallet_sdk.protocol.emv.schemes import NETWORK_OF_ID
from wallet_sdk.protocol.emv.tlv import (
    GUID_CHARS_MAX,
    VALUE_CHARS_MAX,
    EmvObject,
    Format,
    Placed,
    Rule,
    check_value,
    first_of_each,
    in_sequence,
    read_template,
    sequence_unless_sorted,
    write_objects,
)

GUID_ID: Final = "00"
_GUID: Final = Rule("guid", Format.ANS, 1, GUID_CHARS_MAX)
_ACCOUNT: Final = Rule("account", Format.ANS, 1, VALUE_CHARS_MAX)
_ANY: Final = Rule("value", Format.S, 1, VALUE_CHARS_MAX)

_ADDITIONAL: Final = MappingProxyType(
    {
        "01": Rule("bill_number", Format.ANS, 1, 25),
        "02": Rule("mobile_number", Format.ANS, 1, 25),
        "03": Rule("store_label", Format.ANS, 1, 25),
        "04": Rule("loyalty_number", Format.ANS, 1, 25),
        "05": Rule("reference_label", Format.ANS, 1, 25),
        "06": Rule("customer_label", Format.ANS, 1, 25),
        "07": Rule("terminal_label", Format.ANS, 1, 25),
        "08": Rule("purpose", Format.ANS, 1, 25),
        "09": Rule("asked_of_consumer", Format.ANS, 1, 3),
        "10": Rule("merchant_tax_id", Format.ANS, 1, 20),
        "11": Rule("merchant_channel", Format.ANS, 3, 3),
    }
)
_FIRST_SYSTEM_ID: Final = "50"
_ASKED_ID: Final = "09"
_ASKABLE: Final = frozenset("AME")

_LANGUAGE: Final = MappingProxyType(
    {
        "00": Rule("language", Format.ANS, 2, 2),
        "01": Rule("merchant_name", Format.S, 1, 25),
        "02": Rule("merchant_city", Format.S, 1, 15),
    }
)
_LANGUAGE_MANDATORY: Final = ("00", "01")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAccount:
    """An account of a card network: ids 02-25, where only the network knows what the value means."""

    id: str
    value: str

    @property
    def network(self) -> str:
        """Who the id is reserved for."""
        return NETWORK_OF_ID.get(self.id, "EMVCo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Objects under one id whose owner is named by sub-field 00: accounts 26-51, 62.50-62.99, unreserved 80-99.

    ``objects`` stand as in the code, sub-field 00 among them.
    """

    id: str
    objects: tuple[EmvObject, ...]

    @property
    def guid(self) -> str:
        """Globally unique identifier: an AID, a UUID without hyphens, or a reverse domain name."""
        return self.value_of(GUID_ID) or ""

    @property
    def value(self) -> str:
        return write_objects(self.objects)

    def value_of(self, sub_id: str) -> str | None:
        """The value of one sub-field, or None."""
        return next((one.value for one in self.objects if one.id == sub_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionalFields:
    """Id 62. A value "***" asks the payer's program to prompt for it.

    ``asked_of_consumer`` holds the letters A (address), M (mobile number), E (e-mail). ``systems`` are 62.50-62.99,
    ``reserved`` all other ids without a name. ``sequence`` lists the ids as they stand, () when ascending.
    """

    bill_number: str | None = None
    mobile_number: str | None = None
    store_label: str | None = None
    loyalty_number: str | None = None
    reference_label: str | None = None
    customer_label: str | None = None
    terminal_label: str | None = None
    purpose: str | None = None
    asked_of_consumer: str | None = None
    merchant_tax_id: str | None = None
    merchant_channel: str | None = None
    systems: tuple[Template | EmvObject, ...] = ()
    reserved: tuple[EmvObject, ...] = ()
    sequence: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        return _value_of(self, _ADDITIONAL, (*self.systems, *self.reserved))


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageTemplate:
    """Id 64: the merchant's name and city in another language, whose ISO 639 code is ``language``."""

    language: str
    merchant_name: str
    merchant_city: str | None = None
    reserved: tuple[EmvObject, ...] = ()
    sequence: tuple[str, ...] = ()

    @property
    def value(self) -> str:
        return _value_of(self, _LANGUAGE, self.reserved)


def read_account(placed: Placed, noted: Deviations) -> NetworkAccount | Template | EmvObject:
    """Ids 02-51; a plain value in 26-51 stays what it is."""
    check_value(_ACCOUNT, placed, noted)
    if placed.id in NETWORK_OF_ID:
        return NetworkAccount(id=placed.id, value=placed.value)
    return read_owned_template(placed, noted)


def read_owned_template(placed: Placed, noted: Deviations) -> Template | EmvObject:
    """A template with a globally unique identifier, or the plain value that stands in its place."""
    if not placed.value:
        return placed.bare
    check_value(_ANY, placed, noted)
    inside = read_template(placed, noted)
    if inside is None:
        return placed.bare
    guid = next((one for one in inside if one.id == GUID_ID), None)
    if guid is None:
        noted.note(DeviationKind.NO_OWNER, f"{placed.path}.{GUID_ID}@{placed.offset + 4}")
    else:
        check_value(_GUID, guid, noted)
    return Template(id=placed.id, objects=tuple(one.bare for one in inside))


def read_additional(placed: Placed, noted: Deviations) -> AdditionalFields | None:
    """Id 62; None when it holds no objects."""
    check_value(_ANY, placed, noted)
    inside = read_template(placed, noted)
    if inside is None:
        return None
    unnamed = [one for one in inside if one.id not in _ADDITIONAL]
    for one in inside:
        if one.id == _ASKED_ID and not _is_asked(one.value):
            noted.note(DeviationKind.UNKNOWN_VALUE, one.where)
    return AdditionalFields(
        **first_of_each(_ADDITIONAL, inside, noted),
        systems=tuple(read_owned_template(one, noted) for one in unnamed if one.id >= _FIRST_SYSTEM_ID),
        reserved=tuple(one.bare for one in unnamed if one.id < _FIRST_SYSTEM_ID),
        sequence=sequence_unless_sorted([one.id for one in inside]),
    )


def read_language(placed: Placed, noted: Deviations) -> LanguageTemplate | None:
    """Id 64; None when it holds no objects."""
    check_value(_ANY, placed, noted)
    inside = read_template(placed, noted)
    if inside is None:
        return None
    named = first_of_each(_LANGUAGE, inside, noted)
    for sub_id in _LANGUAGE_MANDATORY:
        if _LANGUAGE[sub_id].name not in named:
            noted.note(DeviationKind.FIELD_MISSING, f"{placed.path}.{sub_id}@{placed.offset + 4}")
    language = named.get("language", "")
    if language and not language.isalpha():
        noted.note(DeviationKind.UNKNOWN_VALUE, placed.where)
    return LanguageTemplate(
        language=language,
        merchant_name=named.get("merchant_name", ""),
        merchant_city=named.get("merchant_city"),
        reserved=tuple(one.bare for one in inside if one.id not in _LANGUAGE),
        sequence=sequence_unless_sorted([one.id for one in inside]),
    )


def _is_asked(letters: str) -> bool:
    """Some of the letters A, M and E, each once."""
    return set(letters) <= _ASKABLE and len(set(letters)) == len(letters)


def _value_of(
    part: AdditionalFields | LanguageTemplate,
    rules: MappingProxyType[str, Rule],
    unnamed: tuple[EmvObject | Template, ...],
) -> str:
    values = {id_: value for id_, rule in rules.items() if (value := getattr(part, rule.name)) is not None}
    values |= {one.id: one.value for one in unnamed}
    return write_objects(in_sequence(values, part.sequence))
