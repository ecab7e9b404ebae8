"""Messages to canonical CBOR and back: one message, one encoding.

A payload is a map of small unsigned keys to unsigned integers, bytes, NFC text and arrays. Key 0 is the
message type. An unknown odd key is ignored (it may be added later), an unknown even key refuses the
message. The decoder caps the size, uses cbor2's strict switches, checks exact types, and then encodes
what it read and compares: whatever has a second encoding fails there.

Source: RFC 8949 section 4.2.1 (core deterministic encoding); cbor2 6.x ``loads``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

import cbor2

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.cbor import Plain, load_map
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError
from wallet_sdk.protocol.fields import (
    Field,
    amount_field,
    bytes_field,
    currency_field,
    enum_field,
    exactly,
    id_field,
    key_field,
    name_field,
    read_bytes,
    read_country,
    read_currency,
    read_enum,
    read_list,
    read_path,
    read_public_key,
    read_time,
    read_uint,
    seconds_field,
    set_field,
    text_field,
    uint_field,
)
from wallet_sdk.protocol.messages import (
    NO_DIGEST,
    NO_ENVELOPE,
    NO_ID,
    TYPE_OF_MESSAGE,
    AuthorizationMode,
    Claim,
    Grade,
    Liability,
    Message,
    MessageType,
    OperatorKey,
    Receipts,
    Role,
    TerminalCertificate,
)
from wallet_sdk.protocol.states import State

M = TypeVar("M", bound=Message)


def encode(message: Message) -> bytes:
    """The canonical payload of a message.

    Raises:
        MisuseError: BAD_ARGUMENT when a field of ours is out of its bounds (our caller made the message).
    """
    kind = TYPE_OF_MESSAGE[type(message)]
    payload: dict[int, Plain] = {0: int(kind)}
    for field in _FIELDS[kind]:
        value = getattr(message, field.name)
        if value == field.absent and field.absent is not ...:
            continue
        plain = field.write(value)
        try:
            field.read(field.name, plain)
        except MalformedMessageError as error:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, error.message, param=error.param) from error
        payload[field.key] = plain
    if kind in _ROOM:
        try:
            _ROOM[kind](message)
        except MalformedMessageError as error:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, error.message, param=error.param) from error
    return cbor2.dumps(payload)


def decode(payload: bytes, expected: type[M]) -> M:
    """Read a payload that must be a message of the class ``expected``.

    Raises:
        MalformedMessageError: with the code and the field at fault; nothing else ever leaves this function.
    """
    layout = _LAYOUTS[expected]
    content = load_map(payload, bytes_max=layout.bytes_max)
    if content.get(0) != layout.number:
        raise MalformedMessageError(
            ErrorCode.WRONG_MESSAGE_TYPE,
            f"expected a {TYPE_OF_MESSAGE[expected].name}, got type {content.get(0)!r:.20}",
            param="type",
        )
    values: dict[str, Any] = {}
    for key, name, read, absent in layout.fields:
        if key in content:
            value = read(name, content[key])
            if absent is not ... and value == absent:
                raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "a default is left out, not written", param=name)
            values[name] = value
        elif absent is ...:
            raise MalformedMessageError(ErrorCode.MISSING_FIELD, f"key {key} is missing", param=name)
        else:
            values[name] = absent
    if not layout.known_keys.issuperset(content):
        _refuse_unknown_even_keys(content, known=layout.known_keys)
    message = expected(**values)
    if layout.check_room is not None:
        layout.check_room(message)
    return message


def peek_type(payload: bytes) -> MessageType:
    """Which message a payload says it is; nothing is verified by this.

    Raises:
        MalformedMessageError: when the payload is not canonical or names no type of this version.
    """
    content = load_map(payload, bytes_max=limits.BATCH_BYTES_MAX)
    return read_enum(MessageType)("type", content.get(0))


def _refuse_unknown_even_keys(content: dict[int, Plain], *, known: frozenset[int]) -> None:
    for key in content:
        if key not in known and key % 2 == 0:
            raise MalformedMessageError(ErrorCode.UNKNOWN_CRITICAL_KEY, f"key {key} is critical and unknown here")


#: A longer text has a head of two bytes in CBOR. Source: RFC 8949 section 3.
_SHORT_TEXT_BYTES_MAX: Final = 23


def _check_label_room(message: Any) -> None:
    """Name, city and every currency after the first share the room of one code: more would be too dense to be shown.

    Raises:
        MalformedMessageError: FIELD_OUT_OF_RANGE.
    """
    lengths = len(message.merchant_name.encode()), len(message.merchant_city.encode())
    taken = sum(lengths)
    if taken > max(lengths) > _SHORT_TEXT_BYTES_MAX:  # of two texts one has a longer head
        taken += 1
    if isinstance(message, TerminalCertificate):
        for currency in message.currencies[1:]:
            taken += len(cbor2.dumps(currency.number))
    if taken > limits.LABEL_BYTES_MAX:
        raise MalformedMessageError(
            ErrorCode.FIELD_OUT_OF_RANGE, "name, city and further currencies are too long", param="merchant_name"
        )


def _check_request_room(message: Any) -> None:
    """So do a request's reference, tip and hold.

    Raises:
        MalformedMessageError: FIELD_OUT_OF_RANGE.
    """
    extras = [extra for extra in (message.tip_max_minor, message.hold_h) if extra]
    if not extras:
        return
    taken = len(message.reference.encode()) + sum(1 + len(cbor2.dumps(extra)) for extra in extras)
    if taken > limits.REFERENCE_BYTES_MAX:
        raise MalformedMessageError(
            ErrorCode.FIELD_OUT_OF_RANGE, "reference, tip and hold are too long together", param="reference"
        )


_ROOM: Final = MappingProxyType(
    {
        MessageType.TERMINAL_CERTIFICATE: _check_label_room,
        MessageType.STATIC_CODE: _check_label_room,
        MessageType.PAYMENT_REQUEST: _check_request_room,
    }
)


_read_envelope = read_bytes(1, limits.MESSAGE_BYTES_MAX)
_read_token_id = read_bytes(limits.TOKEN_ID_BYTES, limits.TOKEN_ID_BYTES)
_read_key_id = read_bytes(limits.KEY_ID_BYTES, limits.KEY_ID_BYTES)
_read_digest = read_bytes(limits.DIGEST_BYTES, limits.DIGEST_BYTES)
_read_serial = read_uint(1, limits.SERIAL_MAX)


def _read_claim(name: str, value: Plain) -> Claim:
    request, consent = exactly(name, value, 2)
    return Claim(request=cast("Any", _read_envelope(name, request)), consent=cast("Any", _read_envelope(name, consent)))


def _read_operator_key(name: str, value: Plain) -> OperatorKey:
    role, public_key, not_before_s, expires_at_s = exactly(name, value, 4)
    return OperatorKey(
        role=read_enum(Role)(name, role),
        public_key=cast("Any", read_public_key(name, public_key)),
        not_before_s=read_time(name, not_before_s),
        expires_at_s=read_time(name, expires_at_s),
    )


_FIELDS: Final = MappingProxyType(
    {
        MessageType.TERMINAL_CERTIFICATE: (
            uint_field(2, "merchant_id", 1, limits.SERIAL_MAX),
            uint_field(4, "terminal_id", 1, limits.SERIAL_MAX),
            key_field(6, "terminal_key"),
            seconds_field(8, "not_before_s"),
            uint_field(10, "lifetime_h", 1, limits.CERTIFICATE_LIFETIME_H_MAX),
            name_field(12, "merchant_name", 1, limits.LABEL_BYTES_MAX),
            name_field(14, "merchant_city", 0, limits.CITY_BYTES_MAX, absent=""),
            Field(16, "country", read_country, str),
            uint_field(18, "mcc", 0, 9999),
            Field(20, "currencies", read_list(1, 8, read_currency), lambda many: [one.number for one in many]),
        ),
        MessageType.PAYMENT_REQUEST: (
            id_field(2),
            amount_field(4),
            currency_field(6),
            seconds_field(8, "issued_at_s"),
            uint_field(10, "lifetime_s", 1, limits.REQUEST_LIFETIME_S_MAX),
            text_field(12, "reference", 0, limits.REFERENCE_BYTES_MAX, absent=""),
            amount_field(14, "tip_max_minor", low=0, absent=0),
            uint_field(16, "hold_h", 0, limits.HOLD_H_MAX, absent=0),
        ),
        MessageType.PAYMENT_TOKEN: (
            bytes_field(2, "token_id", limits.TOKEN_ID_BYTES),
            key_field(4, "device_key"),
            currency_field(6),
            amount_field(8, "payment_max_minor", low=0),
            amount_field(10, "total_max_minor", low=0),
            uint_field(12, "count_max", 1, limits.TOKEN_COUNT_MAX),
            enum_field(14, "grade", Grade),
            seconds_field(16, "not_before_s"),
            uint_field(18, "lifetime_h", 1, limits.TOKEN_LIFETIME_H_MAX),
        ),
        MessageType.PAYMENT_INTENT: (
            uint_field(2, "counter", 1, limits.TOKEN_COUNT_MAX),
            amount_field(4),
            amount_field(6, "cumulative_minor", low=0),
            bytes_field(8, "request_digest", limits.DIGEST_BYTES),
            enum_field(10, "mode", AuthorizationMode),
        ),
        MessageType.PAYMENT_CODE: (
            uint_field(2, "counter", 1, limits.TOKEN_COUNT_MAX),
            seconds_field(4, "issued_at_s"),
            uint_field(6, "lifetime_s", 1, limits.CODE_LIFETIME_S_MAX),
            amount_field(8, "ceiling_minor"),
        ),
        MessageType.CAPTURE_BATCH: (
            seconds_field(2, "made_at_s"),
            Field(
                4,
                "claims",
                read_list(1, limits.BATCH_CLAIMS_MAX, _read_claim),
                lambda claims: [[claim.request, claim.consent] for claim in claims],
            ),
            enum_field(5, "receipts", Receipts, absent=Receipts.EACH),  # odd: who does not know it answers each
        ),
        MessageType.RECEIPT: (
            id_field(2),
            bytes_field(4, "consent_digest", limits.DIGEST_BYTES, absent=NO_DIGEST),
            amount_field(6),
            currency_field(8),
            enum_field(10, "state", State),
            seconds_field(12, "at_s"),
            enum_field(14, "liability", Liability, absent=Liability.OPERATOR),
            uint_field(16, "terminal_id", 1, limits.SERIAL_MAX),
            bytes_field(18, "refund_id", limits.REQUEST_ID_BYTES, absent=NO_ID),
        ),
        MessageType.REFUND: (
            id_field(2, "refund_id"),
            id_field(4),
            amount_field(6),
            currency_field(8),
            text_field(10, "reason", 0, 40, absent=""),
            seconds_field(12, "made_at_s"),
        ),
        MessageType.TRUST_BUNDLE: (
            uint_field(2, "version", 1, limits.SERIAL_MAX),
            seconds_field(4, "made_at_s"),
            Field(
                6,
                "keys",
                read_list(1, limits.BUNDLE_KEYS_MAX, _read_operator_key),
                lambda keys: [[int(k.role), k.public_key, k.not_before_s, k.expires_at_s] for k in keys],
            ),
        ),
        MessageType.DENYLIST: (
            uint_field(2, "number", 1, limits.SERIAL_MAX),
            uint_field(4, "base", 0, limits.SERIAL_MAX, absent=0),
            seconds_field(6, "made_at_s"),
            set_field(8, "token_ids", limits.DENYLIST_TOKENS_MAX, _read_token_id),
            set_field(10, "terminal_ids", limits.DENYLIST_TERMINALS_MAX, _read_serial),
            set_field(12, "key_ids", limits.DENYLIST_KEYS_MAX, _read_key_id),
        ),
        MessageType.STATIC_CODE: (
            id_field(2, "code_id"),
            uint_field(4, "merchant_id", 1, limits.SERIAL_MAX),
            name_field(6, "merchant_name", 1, limits.LABEL_BYTES_MAX),
            name_field(8, "merchant_city", 0, limits.CITY_BYTES_MAX, absent=""),
            Field(10, "country", read_country, str),
            uint_field(12, "mcc", 0, 9999),
            currency_field(14),
            amount_field(16, "payment_max_minor"),
            seconds_field(18, "not_before_s"),
            uint_field(20, "lifetime_d", 1, limits.STATIC_CODE_LIFETIME_D_MAX),
        ),
        MessageType.FRAUD_PROOF: (
            bytes_field(2, "first", 1, limits.MESSAGE_BYTES_MAX),
            bytes_field(4, "second", 1, limits.MESSAGE_BYTES_MAX),
            bytes_field(6, "bundle", 1, limits.BUNDLE_BYTES_MAX),
        ),
        MessageType.ENROLMENT: (
            text_field(2, "activation_code", 1, limits.ACTIVATION_CODE_CHARS_MAX),
            key_field(4, "public_key"),
            seconds_field(6, "made_at_s"),
        ),
        MessageType.TOKEN_REQUEST: (
            id_field(2, "issue_id"),
            seconds_field(4, "made_at_s"),
            amount_field(6, "total_max_minor", low=0),
            key_field(8, "token_key"),
            bytes_field(10, "closing", 1, limits.CLOSING_BYTES_MAX, absent=NO_ENVELOPE),
        ),
        MessageType.TOKEN_CLOSING: (
            bytes_field(2, "token_id", limits.TOKEN_ID_BYTES),
            amount_field(4, "spent_minor", low=0),
        ),
        MessageType.CERTIFICATE_REQUEST: (seconds_field(2, "made_at_s"),),
        MessageType.READ_REQUEST: (Field(2, "path", read_path, str), seconds_field(4, "made_at_s")),
        MessageType.CLOSE_REQUEST: (id_field(2), seconds_field(4, "made_at_s")),
        MessageType.HOLD_CAPTURE: (
            id_field(2),
            amount_field(4, low=0),
            currency_field(6),
            seconds_field(8, "made_at_s"),
        ),
        MessageType.BATCH_RECEIPT: (
            uint_field(2, "terminal_id", 1, limits.SERIAL_MAX),
            seconds_field(4, "at_s"),
            Field(6, "paid", read_list(1, limits.BATCH_CLAIMS_MAX, _read_digest), list),
        ),
    }
)
#: Messages that never travel as a QR code may be larger than one; see limits.py.
_BYTES_MAX: Final = MappingProxyType(
    {
        MessageType.CAPTURE_BATCH: limits.BATCH_BYTES_MAX,
        MessageType.BATCH_RECEIPT: limits.BATCH_RECEIPT_BYTES_MAX,
        MessageType.TRUST_BUNDLE: limits.BUNDLE_BYTES_MAX,
        MessageType.DENYLIST: limits.DENYLIST_BYTES_MAX,
        MessageType.FRAUD_PROOF: 2 * limits.MESSAGE_BYTES_MAX + limits.BUNDLE_BYTES_MAX + 16,
    }
)
assert set(_FIELDS) == set(TYPE_OF_MESSAGE.values()), "a message without a field table"


@dataclass(frozen=True, slots=True)
class _Layout:
    """What decode needs of the tables above, in one look-up by class."""

    number: int
    bytes_max: int
    fields: tuple[tuple[int, str, Callable[[str, Plain], Any], Any], ...]
    known_keys: frozenset[int]
    check_room: Callable[[Any], None] | None


def _layout_of(kind: MessageType) -> _Layout:
    fields = _FIELDS[kind]
    return _Layout(
        number=int(kind),
        bytes_max=_BYTES_MAX.get(kind, limits.MESSAGE_BYTES_MAX),
        fields=tuple((field.key, field.name, field.read, field.absent) for field in fields),
        known_keys=frozenset({0, *(field.key for field in fields)}),
        check_room=_ROOM.get(kind),
    )


_LAYOUTS: Final = MappingProxyType({message: _layout_of(kind) for message, kind in TYPE_OF_MESSAGE.items()})
