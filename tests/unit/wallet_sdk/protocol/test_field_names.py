"""Every refusal of a payload names the field at fault, whatever the field and whatever is wrong with it."""

from typing import Any

import pytest

from tests.unit.wallet_sdk.protocol.samples import KEY, ROWS, Row, canonical, payload_of
from wallet_sdk.protocol import codec, messages
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, TillcodeError
from wallet_sdk.protocol.messages import TYPE_OF_MESSAGE

#: What is wrong deep inside a list, beside what the rows have.
INSIDE: tuple[tuple[type[messages.Message], int, Any], ...] = (
    (messages.CaptureBatch, 4, [[b"request"]]),
    (messages.CaptureBatch, 4, [b"request"]),
    (messages.CaptureBatch, 4, [[1, b"consent"]]),
    (messages.CaptureBatch, 4, [[b"request", 1]]),
    (messages.TrustBundle, 6, [[3, bytes(KEY), 0]]),
    (messages.TrustBundle, 6, [["3", bytes(KEY), 0, 0]]),
    (messages.TrustBundle, 6, [[3, "key", 0, 0]]),
    (messages.TrustBundle, 6, [[3, bytes(KEY), 2**32, 0]]),
    (messages.TrustBundle, 6, [[3, bytes(KEY), 0, 2**32]]),
    (messages.Denylist, 8, [1]),
    (messages.Denylist, 10, [b"1"]),
    (messages.Denylist, 12, [bytes(9)]),
    (messages.Denylist, 12, [b"\2" * 8, b"\1" * 8]),
    (messages.TerminalCertificate, 20, ["EUR"]),
    (messages.TerminalCertificate, 20, [978, 998]),
)


def name_of(kind: type[messages.Message], key: int, error: TillcodeError | None = None) -> str:
    """What the field of a key is called; a currency that is none is called one wherever it stands."""
    if error is not None and error.code is ErrorCode.UNKNOWN_CURRENCY:
        return "currency"
    return next(field.name for field in codec._FIELDS[TYPE_OF_MESSAGE[kind]] if field.key == key)


def refusal(kind: type[messages.Message], key: int, value: Any) -> TillcodeError:
    """The error when the example of a class has this value under this key; ... takes the key out."""
    content = {number: plain for number, plain in (payload_of(kind) | {key: value}).items() if plain is not ...}
    with pytest.raises(MalformedMessageError) as caught:
        codec.decode(canonical(content), kind)
    return caught.value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.message.__name__}-{row.key}")
def test_a_value_outside_its_bounds_names_its_field(row: Row) -> None:
    """And so does one of a wrong type."""
    plain: tuple[Any, ...] = (0, b"", "", [])
    wrong = [value for value in plain if type(value) is not type(row.good[0])]
    for value in (*row.outside, *wrong, {1: 1}):
        error = refusal(row.message, row.key, value)
        assert error.param == name_of(row.message, row.key, error)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.message.__name__}-{row.key}")
def test_a_field_that_is_missing_or_a_default_that_is_written_is_named(row: Row) -> None:
    """Every field that has no default is due; one that has is never written with it."""
    if row.default is ...:
        error = refusal(row.message, row.key, ...)
        assert (error.code, error.param) == (ErrorCode.MISSING_FIELD, name_of(row.message, row.key))
    else:
        assert refusal(row.message, row.key, row.default).param == name_of(row.message, row.key)


@pytest.mark.parametrize(("kind", "key", "value"), INSIDE, ids=str)
def test_what_is_wrong_inside_a_list_names_the_list(kind: type[messages.Message], key: int, value: Any) -> None:
    """A claim, an operator key, one of what is revoked, a currency."""
    error = refusal(kind, key, value)
    assert error.param == name_of(kind, key, error)


@pytest.mark.parametrize("value", [99, "3", b"3", 0], ids=str)
def test_a_type_of_no_message_names_the_type(value: Any) -> None:
    """Also when the reader only peeks."""
    payload = canonical(payload_of(messages.PaymentToken) | {0: value})
    with pytest.raises(MalformedMessageError) as caught:
        codec.peek_type(payload)
    assert caught.value.param == "type"


@pytest.mark.parametrize("text", ["a\u0301 ", " a", "Cafe\u0301", "a\u202eb", "\u200da", "M\u043ele"], ids=ascii)
def test_a_text_that_deceives_names_its_field(text: str) -> None:
    """Outer spaces, not NFC, direction, joiners, letters that look alike."""
    assert refusal(messages.TerminalCertificate, 12, text).param == "merchant_name"
