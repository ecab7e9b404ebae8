"""Messages to bytes and back: one message, one encoding, and every field bounded on both sides."""

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.unit.wallet_sdk.protocol.samples import (
    DIGEST,
    EXAMPLES,
    ID,
    KEY,
    NOW_S,
    ROWS,
    Row,
    canonical,
    code_raised,
    content_with,
    example,
    payload_of,
)
from wallet_sdk.protocol import codec, messages
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import Counter, RequestId, TerminalId
from wallet_sdk.protocol.messages import AuthorizationMode, Message, MessageType
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

KINDS = sorted(EXAMPLES, key=lambda kind: kind.__name__)
all_kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
all_rows = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.message.__name__}-{row.key}")


def refusal(row: Row, value: Any) -> ErrorCode:
    """What a payload is refused with when one key holds ``value``."""
    content = content_with(row, value)
    return code_raised(lambda: codec.decode(canonical(content), row.message))


def test_every_message_has_an_example() -> None:
    """The examples here, the numbers on the wire and the union of messages name the same classes."""
    assert set(EXAMPLES) == set(messages.TYPE_OF_MESSAGE) == set(messages.Message.__args__)
    assert set(messages.TYPE_OF_MESSAGE.values()) == set(MessageType)


def test_the_rows_here_cover_every_key_on_the_wire() -> None:
    """No key is on the wire that the hand-written table does not bound, and the other way round."""
    on_the_wire = {(kind, key) for kind in KINDS for key in payload_of(kind) if key != 0}
    assert {(row.message, row.key) for row in ROWS} == on_the_wire


@all_kinds
def test_every_message_round_trips(kind: type[Message]) -> None:
    """What is read is what was written."""
    assert codec.decode(codec.encode(EXAMPLES[kind]), kind) == EXAMPLES[kind]


@all_kinds
def test_every_encoding_is_canonical(kind: type[Message]) -> None:
    """Our writer writes what a canonical writer writes: keys rise, heads are shortest."""
    encoded = codec.encode(EXAMPLES[kind])
    assert encoded == canonical(payload_of(kind))


@all_kinds
def test_a_message_with_defaults_round_trips(kind: type[Message]) -> None:
    """A default is left out on the wire and comes back as itself."""
    full = EXAMPLES[kind]
    defaults: dict[str, Any] = {"merchant_city": "", "closing": b"", "hold_h": 0, "reason": ""}
    defaults |= {"reference": "", "tip_max_minor": 0, "liability": messages.Liability.OPERATOR}
    defaults |= {"consent_digest": b"", "base": 0, "token_ids": (), "terminal_ids": (), "key_ids": ()}
    defaults |= {"refund_id": b""} if kind is messages.Receipt else {}
    plain: Message = replace(full, **{f.name: defaults[f.name] for f in fields(full) if f.name in defaults})
    optional = {row.key for row in ROWS if row.message is kind and row.default is not ...}
    assert codec.decode(codec.encode(plain), kind) == plain
    assert len(codec.encode(plain)) == len(codec.encode(full)) or optional


@all_kinds
def test_peek_tells_the_type(kind: type[Message]) -> None:
    """A payload says what it is without being believed."""
    assert codec.peek_type(codec.encode(EXAMPLES[kind])) is messages.TYPE_OF_MESSAGE[kind]


@pytest.mark.parametrize("number", [0, 21, 22, 99, True, "1", b"1", [1], None])
def test_peek_refuses_unknown_types(number: Any) -> None:
    """Numbers that no message has, and what is not a number, name nothing."""
    assert code_raised(lambda: codec.peek_type(canonical({0: number}))).value // 1000 == 1
    assert code_raised(lambda: codec.peek_type(canonical({2: 1}))) is ErrorCode.FIELD_OUT_OF_RANGE


@all_rows
def test_values_at_the_bounds_are_read(row: Row) -> None:
    """Lowest and highest, shortest and longest are allowed."""
    for value in row.good:
        content = content_with(row, value)
        assert codec.encode(codec.decode(canonical(content), row.message)) == canonical(content)


@all_rows
def test_values_outside_the_bounds_are_refused(row: Row) -> None:
    """One more or one less than allowed is refused, with a code for the value and not for the signature."""
    #
    out_of_range = {ErrorCode.FIELD_OUT_OF_RANGE, ErrorCode.UNKNOWN_CURRENCY, ErrorCode.BAD_TEXT}
    for value in row.outside:
        assert refusal(row, value) in out_of_range, value


@all_rows
def test_a_missing_key_is_refused_or_stands_for_its_default(row: Row) -> None:
    """What may be missing is in the specification; everything else must be there. (R-12)"""
    content = payload_of(row.message)
    del content[row.key]
    if row.default is ...:
        assert code_raised(lambda: codec.decode(canonical(content), row.message)) is ErrorCode.MISSING_FIELD
    else:
        assert codec.encode(codec.decode(canonical(content), row.message)) == canonical(content)


@all_rows
def test_a_default_written_out_is_refused(row: Row) -> None:
    """Else there were two encodings of one content. (R-13)"""
    if row.default is not ...:
        assert refusal(row, row.default) in {ErrorCode.NOT_CANONICAL, ErrorCode.FIELD_OUT_OF_RANGE}


@all_rows
@pytest.mark.parametrize(
    "value",
    [True, False, None, 1.0, 1.5, -1, 2**64, "12", b"12", 12, [], {}, [[]], {2: 2}, float("nan")],
    ids=repr,
)
def test_values_of_other_types_are_refused(row: Row, value: Any) -> None:
    """A bool is no int, a float is nothing, text is no bytes, an array is no map."""
    content = payload_of(row.message) | {row.key: value}
    encoded = canonical(content)
    if type(value) in {type(good) for good in row.good} and value not in (-1, 2**64):
        return  # the tests of the bounds have these
    assert code_raised(lambda: codec.decode(encoded, row.message)).value // 1000 == 1


@all_kinds
def test_an_unknown_odd_key_is_ignored(kind: type[Message]) -> None:
    """Later versions may add what older programs need not understand. (R-11)"""
    content = payload_of(kind) | {1: b"news", 21: [1, {3: "x"}], 2**64 - 1: 0}
    assert codec.decode(canonical(content), kind) == EXAMPLES[kind]


@all_kinds
@pytest.mark.parametrize("key", [22, 24, 256, 2**64 - 2])
def test_an_unknown_even_key_is_refused(kind: type[Message], key: int) -> None:
    """Later versions may add what older programs must not pass over. (R-11)"""
    content = payload_of(kind) | {key: 0}
    assert code_raised(lambda: codec.decode(canonical(content), kind)) is ErrorCode.UNKNOWN_CRITICAL_KEY


@all_kinds
def test_no_message_is_read_as_another(kind: type[Message]) -> None:
    """The type in key 0 decides, not the likeness of the fields. (R-10)"""
    encoded = codec.encode(EXAMPLES[kind])
    for other in KINDS:
        if other is not kind:
            assert code_raised(lambda other=other: codec.decode(encoded, other)) in {  # type: ignore[misc]
                ErrorCode.WRONG_MESSAGE_TYPE,
                ErrorCode.MESSAGE_TOO_LARGE,
            }


@pytest.mark.parametrize("number", [True, 1.0, "2", b"\2", None, [2]])
def test_the_type_is_a_plain_number(number: Any) -> None:
    """True equals 1 in Python, and is still not the number of a certificate."""
    content = payload_of(messages.TerminalCertificate) | {0: number}
    code = code_raised(lambda: codec.decode(canonical(content), messages.TerminalCertificate))
    assert code in {ErrorCode.BAD_CBOR, ErrorCode.WRONG_MESSAGE_TYPE}


@pytest.mark.parametrize("amount", [0, -1, 2**32, 12.5, 12.0, True, "12", None])
def test_our_own_bad_values_are_never_written(amount: Any) -> None:
    """The writer refuses what the reader would, and rounds nothing: a float is not cut to an int."""
    intent = messages.PaymentIntent(
        counter=Counter(1),
        amount_minor=amount,
        cumulative_minor=1,
        request_digest=DIGEST,
        mode=AuthorizationMode.ONLINE,
    )
    with pytest.raises(MisuseError) as caught:
        codec.encode(intent)
    assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_ARGUMENT, "amount_minor")


@pytest.mark.parametrize("word", [None, 5, b"soup", "\ud800", "soup ", "soup\n", "\u202esoup", "o\u0308"])
def test_our_own_bad_words_are_never_written(word: Any) -> None:
    """None is not written as "None", and half a surrogate pair raises nothing but our own error."""
    refund = messages.Refund(
        refund_id=ID, request_id=ID, amount_minor=1, currency=Currency.EUR, reason=word, made_at_s=NOW_S
    )
    assert code_raised(lambda: codec.encode(refund)) is ErrorCode.BAD_ARGUMENT


def test_our_own_bad_bytes_are_never_written() -> None:
    """A number given for bytes does not become as many zeros."""
    for wrong in (12, bytearray(12), [0] * 12, "i" * 12):
        close = messages.CloseRequest(request_id=RequestId(wrong), made_at_s=NOW_S)  # type: ignore[arg-type]
        assert code_raised(lambda close=close: codec.encode(close)) is ErrorCode.BAD_ARGUMENT  # type: ignore[misc]


def test_derived_times_and_amounts() -> None:
    """Ends are starts plus lifetimes, in the unit that the name says."""
    certificate = example(messages.TerminalCertificate)
    token = example(messages.PaymentToken)
    request = example(messages.PaymentRequest)
    code = example(messages.PaymentCode)
    receipt = example(messages.Receipt)
    assert certificate.expires_at_s == NOW_S + 24 * 3600
    assert token.expires_at_s == NOW_S + 72 * 3600
    assert (request.expires_at_s, code.expires_at_s) == (NOW_S + 120, NOW_S + 60)
    assert str(request.amount) == str(receipt.amount) == "12.50 EUR"


def test_optional_fields_have_the_defaults_of_the_specification() -> None:
    """No reference, no tip, and the operator bears the loss, unless said otherwise."""
    request = messages.PaymentRequest(
        request_id=ID, amount_minor=1, currency=Currency.EUR, issued_at_s=NOW_S, lifetime_s=1
    )
    receipt = messages.Receipt(
        terminal_id=TerminalId(1),
        request_id=ID,
        consent_digest=DIGEST,
        amount_minor=1,
        currency=Currency.EUR,
        state=State.CAPTURED,
        at_s=NOW_S,
    )
    assert (request.reference, request.tip_max_minor) == ("", 0)
    assert receipt.liability is messages.Liability.OPERATOR
    assert messages.TokenRequest(issue_id=ID, made_at_s=NOW_S, total_max_minor=0, token_key=KEY) == codec.decode(
        canonical({0: 14, 2: ID, 4: NOW_S, 6: 0, 8: KEY}), messages.TokenRequest
    )
    assert len(KEY) == 33
