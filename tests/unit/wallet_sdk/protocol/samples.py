"""One example of every message, and the wire table written down a second time, by hand, from the specification."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import cbor2
import pytest

from wallet_sdk.protocol import codec, messages
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    KeyId,
    MerchantId,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
)
from wallet_sdk.protocol.messages import AuthorizationMode, Grade, Liability, Message, Receipts, Role
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

M = TypeVar("M", bound=Message)

NOW_S = 1_795_435_200
KEY = PublicKeyBytes(bytes.fromhex("0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"))
ID = RequestId(bytes(range(12)))
OTHER_ID = RequestId(bytes(range(12, 24)))
DIGEST = Digest(bytes(range(32)))

#: Every field has a value that is not its default, so every key is on the wire.
EXAMPLES: dict[type[Message], Message] = {
    messages.TerminalCertificate: messages.TerminalCertificate(
        merchant_id=MerchantId(1001),
        terminal_id=TerminalId(2001),
        terminal_key=KEY,
        not_before_s=NOW_S,
        lifetime_h=24,
        merchant_name="Café Mole",
        merchant_city="Lisboa",
        country="PT",
        mcc=5812,
        currencies=(Currency.EUR, Currency.JPY),
    ),
    messages.PaymentRequest: messages.PaymentRequest(
        request_id=ID,
        amount_minor=1250,
        currency=Currency.EUR,
        issued_at_s=NOW_S,
        lifetime_s=120,
        reference="R-42",
        tip_max_minor=100,
        hold_h=12,
    ),
    messages.PaymentToken: messages.PaymentToken(
        token_id=TokenId(ID),
        device_key=KEY,
        currency=Currency.EUR,
        payment_max_minor=5_000,
        total_max_minor=20_000,
        count_max=1_000,
        grade=Grade.VERIFIED,
        not_before_s=NOW_S,
        lifetime_h=72,
    ),
    messages.PaymentIntent: messages.PaymentIntent(
        counter=Counter(7),
        amount_minor=1250,
        cumulative_minor=2500,
        request_digest=DIGEST,
        mode=AuthorizationMode.OFFLINE,
    ),
    messages.PaymentCode: messages.PaymentCode(
        counter=Counter(7), issued_at_s=NOW_S, lifetime_s=60, ceiling_minor=5_000
    ),
    messages.CaptureBatch: messages.CaptureBatch(
        made_at_s=NOW_S,
        claims=(messages.Claim(request=Envelope(b"request"), consent=Envelope(b"consent")),),
        receipts=Receipts.TOGETHER,
    ),
    messages.BatchReceipt: messages.BatchReceipt(
        terminal_id=TerminalId(2001), at_s=NOW_S, paid=(DIGEST, Digest(bytes(32)))
    ),
    messages.Receipt: messages.Receipt(
        terminal_id=TerminalId(2001),
        request_id=ID,
        consent_digest=DIGEST,
        amount_minor=1250,
        currency=Currency.EUR,
        state=State.CAPTURED,
        at_s=NOW_S,
        liability=Liability.MERCHANT,
        refund_id=OTHER_ID,
    ),
    messages.Refund: messages.Refund(
        refund_id=OTHER_ID,
        request_id=ID,
        amount_minor=1250,
        currency=Currency.EUR,
        reason="cold soup",
        made_at_s=NOW_S,
    ),
    messages.TrustBundle: messages.TrustBundle(
        version=3,
        made_at_s=NOW_S,
        keys=(
            messages.OperatorKey(role=Role.RECEIPT, public_key=KEY, not_before_s=NOW_S, expires_at_s=NOW_S + 86_400),
        ),
    ),
    messages.Denylist: messages.Denylist(
        number=9,
        base=8,
        made_at_s=NOW_S,
        token_ids=(TokenId(ID), TokenId(OTHER_ID)),
        terminal_ids=(TerminalId(2001), TerminalId(2002)),
        key_ids=(KeyId(bytes(8)), KeyId(b"\xff" * 8)),
    ),
    messages.StaticCode: messages.StaticCode(
        code_id=ID,
        merchant_id=MerchantId(1001),
        merchant_name="Café Mole",
        merchant_city="Lisboa",
        country="PT",
        mcc=5812,
        currency=Currency.EUR,
        payment_max_minor=2_000,
        not_before_s=NOW_S,
        lifetime_d=90,
    ),
    messages.FraudProof: messages.FraudProof(
        first=Envelope(b"first"), second=Envelope(b"second"), bundle=Envelope(b"bundle")
    ),
    messages.Enrolment: messages.Enrolment(activation_code="ABCD-1234", public_key=KEY, made_at_s=NOW_S),
    messages.TokenRequest: messages.TokenRequest(
        issue_id=ID, made_at_s=NOW_S, total_max_minor=20_000, token_key=KEY, closing=Envelope(b"closing")
    ),
    messages.TokenClosing: messages.TokenClosing(token_id=TokenId(OTHER_ID), spent_minor=1250),
    messages.HoldCapture: messages.HoldCapture(request_id=ID, amount_minor=800, currency=Currency.EUR, made_at_s=NOW_S),
    messages.CertificateRequest: messages.CertificateRequest(made_at_s=NOW_S),
    messages.ReadRequest: messages.ReadRequest(path="/v1/balance", made_at_s=NOW_S),
    messages.CloseRequest: messages.CloseRequest(request_id=ID, made_at_s=NOW_S),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key of one message: what values stand at its bounds, and which just outside.

    ``beside`` is what other keys hold meanwhile, for keys that share their room; None: the key is left out.
    """

    message: type[Message]
    key: int
    good: tuple[Any, ...]
    outside: tuple[Any, ...]
    default: Any = ...
    beside: Mapping[int, Any] = field(default_factory=dict)


def _uint(message: type[Message], key: int, low: int, high: int, *, default: Any = ...) -> Row:
    good = tuple(value for value in (low, high) if value != default)
    below = (low - 1,) if low > 0 else ()
    return Row(message=message, key=key, good=good, outside=(*below, high + 1), default=default)


def _sized(message: type[Message], key: int, low: int, high: int, *, one: Any, default: Any = ...) -> Row:
    good = tuple(one * count for count in {low, high} if one * count != default)
    below = (one * (low - 1),) if low > 0 and one * (low - 1) != default else ()
    return Row(message=message, key=key, good=good, outside=(*below, one * (high + 1)), default=default)


def _choice(message: type[Message], key: int, *choices: int, default: Any = ...) -> Row:
    good = tuple(choice for choice in choices if choice != default)
    others = tuple(number for number in (0, 9, 21, 255) if number not in choices)
    return Row(message=message, key=key, good=good, outside=others, default=default)


def _numbered(message: type[Message], key: int, most: int, one: Callable[[int], Any]) -> Row:
    """A sorted set of 1 .. ``most`` elements; an empty one is left out."""
    many = [one(number) for number in range(most + 1)]
    return Row(message=message, key=key, good=(many[:1], many[:most]), outside=(many,), default=[])


SECONDS = (0, 2**32 - 1)
AMOUNT = (1, 2**32 - 1)
AMOUNT_OR_NONE = (0, 2**32 - 1)
SERIAL = (1, 2**32 - 1)
STATES = (1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 20)
CURRENCY = (978, 392, 840)
_M = messages
_OPERATOR_KEY = [3, bytes(KEY), NOW_S, NOW_S]

ROWS = (
    _uint(_M.TerminalCertificate, 2, *SERIAL),
    _uint(_M.TerminalCertificate, 4, *SERIAL),
    _sized(_M.TerminalCertificate, 6, 33, 33, one=b"\2"),
    _uint(_M.TerminalCertificate, 8, *SECONDS),
    _uint(_M.TerminalCertificate, 10, 1, 168),
    replace(_sized(_M.TerminalCertificate, 12, 1, 32, one="n"), beside={14: None, 20: [978]}),
    replace(_sized(_M.TerminalCertificate, 14, 0, 30, one="c", default=""), beside={12: "n", 20: [978]}),
    Row(message=_M.TerminalCertificate, key=16, good=("PT", "JP"), outside=("P", "PRT", "pt", "P1", "ÑÑ", "É")),
    _uint(_M.TerminalCertificate, 18, 0, 9999),
    Row(
        message=_M.TerminalCertificate,
        key=20,
        good=([978], [978] * 8),
        outside=([], [978] * 9, [1000], [0], [999]),
        beside={14: None, 12: "n" * 11},
    ),
    _sized(_M.PaymentRequest, 2, 12, 12, one=b"i"),
    _uint(_M.PaymentRequest, 4, *AMOUNT),
    _choice(_M.PaymentRequest, 6, *CURRENCY),
    _uint(_M.PaymentRequest, 8, *SECONDS),
    _uint(_M.PaymentRequest, 10, 1, 120),
    replace(_sized(_M.PaymentRequest, 12, 0, 10, one="r", default=""), beside={14: None, 16: None}),
    replace(_uint(_M.PaymentRequest, 14, *AMOUNT_OR_NONE, default=0), beside={12: "R-42", 16: None}),
    replace(_uint(_M.PaymentRequest, 16, 0, 720, default=0), beside={12: "R-42", 14: None}),
    _sized(_M.PaymentToken, 2, 12, 12, one=b"i"),
    _sized(_M.PaymentToken, 4, 33, 33, one=b"\2"),
    _choice(_M.PaymentToken, 6, *CURRENCY),
    _uint(_M.PaymentToken, 8, *AMOUNT_OR_NONE),
    _uint(_M.PaymentToken, 10, *AMOUNT_OR_NONE),
    _uint(_M.PaymentToken, 12, 1, 65_535),
    _choice(_M.PaymentToken, 14, 1, 2),
    _uint(_M.PaymentToken, 16, *SECONDS),
    _uint(_M.PaymentToken, 18, 1, 72),
    _uint(_M.PaymentIntent, 2, 1, 65_535),
    _uint(_M.PaymentIntent, 4, *AMOUNT),
    _uint(_M.PaymentIntent, 6, *AMOUNT_OR_NONE),
    _sized(_M.PaymentIntent, 8, 32, 32, one=b"d"),
    _choice(_M.PaymentIntent, 10, 1, 2),
    _uint(_M.PaymentCode, 2, 1, 65_535),
    _uint(_M.PaymentCode, 4, *SECONDS),
    _uint(_M.PaymentCode, 6, 1, 60),
    _uint(_M.PaymentCode, 8, *AMOUNT),
    _uint(_M.CaptureBatch, 2, *SECONDS),
    Row(
        message=_M.CaptureBatch,
        key=4,
        good=([[b"r", b"c"]], [[b"r", b"c"]] * 1024, [[b"r" * 512, b"c" * 512]]),
        outside=([], [[b"r", b"c"]] * 1025, [[b"r" * 513, b"c"]], [[b"r", b""]]),
    ),
    _choice(_M.CaptureBatch, 5, 1, 2, default=1),
    _uint(_M.BatchReceipt, 2, *SERIAL),
    _uint(_M.BatchReceipt, 4, *SECONDS),
    Row(
        message=_M.BatchReceipt,
        key=6,
        good=([b"d" * 32], [b"d" * 32] * 1024),
        outside=([], [b"d" * 32] * 1025, [b"d" * 31], [b"d" * 33]),
    ),
    _sized(_M.Receipt, 2, 12, 12, one=b"i"),
    _sized(_M.Receipt, 4, 32, 32, one=b"d", default=b""),
    _uint(_M.Receipt, 6, *AMOUNT),
    _choice(_M.Receipt, 8, *CURRENCY),
    _choice(_M.Receipt, 10, *STATES),
    _uint(_M.Receipt, 12, *SECONDS),
    _choice(_M.Receipt, 14, 1, 2, default=1),
    _uint(_M.Receipt, 16, *SERIAL),
    _sized(_M.Receipt, 18, 12, 12, one=b"i", default=b""),
    _sized(_M.Refund, 2, 12, 12, one=b"i"),
    _sized(_M.Refund, 4, 12, 12, one=b"i"),
    _uint(_M.Refund, 6, *AMOUNT),
    _choice(_M.Refund, 8, *CURRENCY),
    _sized(_M.Refund, 10, 0, 40, one="w", default=""),
    _uint(_M.Refund, 12, *SECONDS),
    _uint(_M.TrustBundle, 2, *SERIAL),
    _uint(_M.TrustBundle, 4, *SECONDS),
    Row(
        message=_M.TrustBundle,
        key=6,
        good=([_OPERATOR_KEY], [_OPERATOR_KEY] * 16),
        outside=([], [_OPERATOR_KEY] * 17, [[5, *_OPERATOR_KEY[1:]]], [[3, bytes(32), 0, 0]], [[3, KEY, 0, 2**32]]),
    ),
    _uint(_M.Denylist, 2, *SERIAL),
    _uint(_M.Denylist, 4, 0, 2**32 - 1, default=0),
    _uint(_M.Denylist, 6, *SECONDS),
    _numbered(_M.Denylist, 8, 4096, lambda number: number.to_bytes(12, "big")),
    _numbered(_M.Denylist, 10, 1024, lambda number: number + 1),
    _numbered(_M.Denylist, 12, 512, lambda number: number.to_bytes(8, "big")),
    _sized(_M.StaticCode, 2, 12, 12, one=b"i"),
    _uint(_M.StaticCode, 4, *SERIAL),
    replace(_sized(_M.StaticCode, 6, 1, 32, one="n"), beside={8: None}),
    replace(_sized(_M.StaticCode, 8, 0, 30, one="c", default=""), beside={6: "n"}),
    Row(message=_M.StaticCode, key=10, good=("PT", "JP"), outside=("P", "PRT", "pt", "P1", "ÑÑ", "É")),
    _uint(_M.StaticCode, 12, 0, 9999),
    _choice(_M.StaticCode, 14, *CURRENCY),
    _uint(_M.StaticCode, 16, *AMOUNT),
    _uint(_M.StaticCode, 18, *SECONDS),
    _uint(_M.StaticCode, 20, 1, 366),
    _sized(_M.FraudProof, 2, 1, 512, one=b"e"),
    _sized(_M.FraudProof, 4, 1, 512, one=b"e"),
    _sized(_M.FraudProof, 6, 1, 1024, one=b"e"),
    _sized(_M.Enrolment, 2, 1, 32, one="A"),
    _sized(_M.Enrolment, 4, 33, 33, one=b"\2"),
    _uint(_M.Enrolment, 6, *SECONDS),
    _sized(_M.TokenRequest, 2, 12, 12, one=b"i"),
    _uint(_M.TokenRequest, 4, *SECONDS),
    _uint(_M.TokenRequest, 6, *AMOUNT_OR_NONE),
    _sized(_M.TokenRequest, 8, 33, 33, one=b"\2"),
    _sized(_M.TokenRequest, 10, 1, 128, one=b"e", default=b""),
    _sized(_M.TokenClosing, 2, 12, 12, one=b"i"),
    _uint(_M.TokenClosing, 4, *AMOUNT_OR_NONE),
    _sized(_M.HoldCapture, 2, 12, 12, one=b"i"),
    _uint(_M.HoldCapture, 4, *AMOUNT_OR_NONE),
    _choice(_M.HoldCapture, 6, *CURRENCY),
    _uint(_M.HoldCapture, 8, *SECONDS),
    _uint(_M.CertificateRequest, 2, *SECONDS),
    Row(message=_M.ReadRequest, key=2, good=("/", "/" + "p" * 255), outside=("", "/" + "p" * 256, "v1", "/ü")),
    _uint(_M.ReadRequest, 4, *SECONDS),
    _sized(_M.CloseRequest, 2, 12, 12, one=b"i"),
    _uint(_M.CloseRequest, 4, *SECONDS),
)


def example(kind: type[M]) -> M:
    """The example of a class, as that class."""
    return next(one for one in EXAMPLES.values() if isinstance(one, kind))


def content_with(row: Row, value: Any) -> dict[int, Any]:
    """The plain payload of a row's example with ``value`` under its key."""
    content = payload_of(row.message) | dict(row.beside) | {row.key: value}
    return {key: plain for key, plain in content.items() if plain is not None}


def payload_of(kind: type[Message]) -> dict[int, Any]:
    """The plain payload of the example of a class, to be spoilt."""
    content: dict[int, Any] = cbor2.loads(codec.encode(EXAMPLES[kind]))
    return content


def canonical(content: Any) -> bytes:
    """Canonical CBOR, written by the library and not by the code under test."""
    encoded: bytes = cbor2.dumps(content, canonical=True)
    return encoded


def code_raised(call: Callable[[], object]) -> ErrorCode:
    """The code of the error of our tree which a call raises; anything else fails the test."""
    with pytest.raises(TillcodeError) as caught:
        call()
    return caught.value.code
