"""Webhooks: only what a secret signed just now, and each kind as a type of its own."""

import base64
import hmac
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from server_stub.webhooks.signing import WebhookSecret, headers_of, new_secret
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, RuleViolationError, TillcodeError
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.testing import FROZEN_NOW_S, FrozenClock
from wallet_sdk.webhooks import (
    BODY_BYTES_MAX,
    TOLERANCE_S,
    FraudCaseOpened,
    MerchantBlocked,
    MerchantUnblocked,
    OtherEvent,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentClosed,
    PaymentDeclined,
    PaymentExpired,
    PaymentRejected,
    PaymentVoided,
    RefundSettled,
    parse_webhook,
    verify_webhook,
)

OLD, NEW, FOREIGN = (new_secret(bytes([number]) * 32) for number in (1, 2, 3))
REQUEST_ID = b"request-0001"
PAYMENT = {"terminal_id": 2001, "request_id": api.to_base64url(REQUEST_ID), "state": "CAPTURED"}
AMOUNT = {"amount_minor": 1250, "currency": "EUR"}
REASON = {"error_code": 2019, "error": "INSUFFICIENT_FUNDS"}


def body_of(kind: str = "payment.captured", **details: object) -> bytes:
    """An event as the server sends it."""
    content = {
        "id": "evt_1001_17",
        "number": 17,
        "type": kind,
        "timestamp": "2026-11-23T12:00:00Z",
        "data": PAYMENT | AMOUNT | details,
    }
    return json.dumps(content).encode()


def signed(body: bytes, *secrets: WebhookSecret, at_s: int = FROZEN_NOW_S) -> dict[str, str]:
    """The headers that the server sends."""
    return dict(headers_of(secrets or (OLD,), message_id="evt_1001_17", at_s=at_s, body=body))


def refusal_of(headers: dict[str, str], body: bytes, *secrets: str) -> TillcodeError:
    """What verifying raises."""
    with pytest.raises(TillcodeError) as refused:
        verify_webhook(headers, body, secrets=secrets or (OLD,), clock=FrozenClock())
    return refused.value


def test_what_the_server_signs_is_a_typed_event() -> None:
    """With its id, its number, its time, and money as money; headers in any case."""
    body = body_of()
    headers = {name.upper(): value for name, value in signed(body).items()}
    event = verify_webhook(headers, body, secrets=[OLD], clock=FrozenClock())
    assert isinstance(event, PaymentCaptured)
    assert (event.event_id, event.number, event.at_s) == ("evt_1001_17", 17, FROZEN_NOW_S)
    assert (event.terminal_id, event.request_id) == (2001, REQUEST_ID)
    assert event.amount == Money(minor=1250, currency=Currency.EUR)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("payment.captured", PaymentCaptured),
        ("payment.authorized", PaymentAuthorized),
        ("payment.voided", PaymentVoided),
        ("payment.expired", PaymentExpired),
        ("payment.declined", PaymentDeclined),
        ("payment.rejected", PaymentRejected),
        ("payment.closed", PaymentClosed),
        ("refund.settled", RefundSettled),
        ("fraud_case.opened", FraudCaseOpened),
        ("merchant.blocked", MerchantBlocked),
        ("merchant.unblocked", MerchantUnblocked),
        ("payout.sent", OtherEvent),
    ],
)
def test_each_kind_has_its_type(kind: str, expected: type) -> None:
    """And one that is not known is an event all the same: the sender must hear 2xx."""
    event = parse_webhook(
        body_of(kind, reason="SAME_COUNTER", refund_id=api.to_base64url(b"refund-00001"), **REASON), event_id="evt"
    )
    assert type(event) is expected
    if isinstance(event, PaymentDeclined | PaymentRejected):
        assert event.error_code is ErrorCode.INSUFFICIENT_FUNDS
    if isinstance(event, RefundSettled):
        assert (event.refund_id, event.amount.minor) == (b"refund-00001", 1250)
    if isinstance(event, OtherEvent):
        assert (event.kind, event.content["amount_minor"]) == ("payout.sent", 1250)


def test_a_reason_that_is_newer_than_this_program_is_none() -> None:
    """The payment was declined, whatever the reason is called."""
    event = parse_webhook(body_of("payment.declined", error_code=2999), event_id="evt")
    assert isinstance(event, PaymentDeclined)
    assert event.error_code is None


def test_while_secrets_are_rotated_either_verifies() -> None:
    """The sender signs with both, or the receiver knows both."""
    body = body_of()
    clock = FrozenClock()
    both = signed(body, NEW, OLD)
    for known in ([OLD], [NEW], [FOREIGN, OLD]):
        assert verify_webhook(both, body, secrets=known, clock=clock).number == 17
    assert verify_webhook(signed(body, OLD), body, secrets=[NEW, OLD], clock=clock).number == 17
    assert refusal_of(both, body, FOREIGN).code is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp"])
def test_whatever_is_changed_after_signing_is_refused(changed: str) -> None:
    """Body, id and time are all under the signature."""
    body = body_of()
    headers = signed(body)
    if changed == "body":
        body = body.replace(b"1250", b"9250")
    else:
        headers[changed] = headers[changed][:-1] + "8"
    error = refusal_of(headers, body)
    assert isinstance(error, RuleViolationError)
    assert error.code is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("shift_s", "code"),
    [(-TOLERANCE_S - 1, ErrorCode.EXPIRED), (TOLERANCE_S + 1, ErrorCode.NOT_YET_VALID)],
)
def test_a_captured_webhook_is_worth_nothing_after_five_minutes(shift_s: int, code: ErrorCode) -> None:
    """Nor is one from the future; at the very edge both still hold."""
    body = body_of()
    assert refusal_of(signed(body, at_s=FROZEN_NOW_S + shift_s), body).code is code
    edge = signed(body, at_s=FROZEN_NOW_S + shift_s - (1 if shift_s > 0 else -1))
    assert verify_webhook(edge, body, secrets=[OLD], clock=FrozenClock()).number == 17


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(header: str) -> None:
    """So that a proxy which drops it is found."""
    body = body_of()
    headers = signed(body)
    del headers[header]
    error = refusal_of(headers, body)
    assert isinstance(error, MalformedMessageError)
    assert (error.code, error.param) == (ErrorCode.MISSING_FIELD, header)


@pytest.mark.parametrize("signature", ["v1,", "v1,!!!", "v2,{}", "v1a,{}", "{}", "v1,{}x", ""])
def test_a_signature_of_another_kind_does_not_count(signature: str) -> None:
    """Asymmetric ones (v1a), later versions, and noise."""
    body = body_of()
    headers = signed(body)
    good = headers["webhook-signature"].removeprefix("v1,")
    headers["webhook-signature"] = signature.format(good) or "nothing"
    assert refusal_of(headers, body).code is ErrorCode.BAD_SIGNATURE


def test_a_flood_of_signatures_is_not_worked_through() -> None:
    """The good one after a hundred others is not found."""
    body = body_of()
    headers = signed(body)
    headers["webhook-signature"] = "v1,AAAA " * 100 + headers["webhook-signature"]
    assert refusal_of(headers, body).code is ErrorCode.BAD_SIGNATURE


def test_a_time_that_is_none_and_a_body_that_is_too_large_are_malformed() -> None:
    """Both were signed, and are refused all the same."""
    body = body_of()
    error = refusal_of(_signed_at(body, "soon"), body)
    assert (error.code, error.param) == (ErrorCode.BAD_FIELD_TYPE, "webhook-timestamp")
    large = b" " * (BODY_BYTES_MAX + 1)
    assert refusal_of(signed(large), large).code is ErrorCode.MESSAGE_TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 5_000,
        body_of().replace(b"1250", b'"much"'),
        body_of().replace(b"EUR", b"???"),
        body_of().replace(b"12:00:00Z", b"12:00:00"),
        body_of().replace(b'"terminal_id": 2001', b'"terminal_id": null'),
    ],
)
def test_a_body_that_is_no_event_is_malformed(body: bytes) -> None:
    """One error, whatever is wrong with it."""
    with pytest.raises(MalformedMessageError) as refused:
        parse_webhook(body, event_id="evt")
    assert refused.value.code is ErrorCode.BAD_REQUEST_BODY


@pytest.mark.parametrize(
    "secrets", [[], [""], ["whsec_"], ["whsec_***"], ["whsec_" + base64.b64encode(b"x" * 23).decode()]]
)
def test_a_secret_that_is_none_is_the_callers_mistake(secrets: list[str]) -> None:
    """Said before anything is compared; an empty list would let everything through."""
    body = body_of()
    with pytest.raises(MisuseError) as misuse:
        verify_webhook(signed(body), body, secrets=secrets, clock=FrozenClock())
    assert (misuse.value.code, misuse.value.param) == (ErrorCode.BAD_ARGUMENT, "secrets")


def test_the_reference_library_signs_what_this_verifies() -> None:
    """Source: the standardwebhooks package of the specification's authors, as an oracle."""
    body = body_of()
    now = datetime.fromtimestamp(FROZEN_NOW_S, tz=UTC)
    headers = {
        "webhook-id": "evt_1001_17",
        "webhook-timestamp": str(FROZEN_NOW_S),
        "webhook-signature": Webhook(OLD).sign("evt_1001_17", now, body.decode()),
    }
    assert verify_webhook(headers, body, secrets=[OLD], clock=FrozenClock()).number == 17


def _signed_at(body: bytes, at: str) -> dict[str, str]:
    headers = signed(body, at_s=FROZEN_NOW_S)
    digest = hmac.digest(b"\x01" * 32, f"evt_1001_17.{at}.".encode() + body, "sha256")
    return headers | {"webhook-timestamp": at, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}
