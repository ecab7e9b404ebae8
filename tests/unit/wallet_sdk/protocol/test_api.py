"""The HTTP contract: bodies both ways, and nothing but our own error from any body."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from tests.unit.wallet_sdk.protocol.samples import code_raised
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MoneyOutcome,
    RuleViolationError,
    UnavailableError,
    error_class,
)

ANSWER = api.PaymentAnswer(request_id="AAECAwQFBgcICQoL", state="CAPTURED", error_code=0, receipt="abc")
BODIES = [
    api.TrustAnswer(bundle="b"),
    api.TerminalEnrolled(bundle="b", root_key="r", certificate="c", offline_limits={"payment_max_minor": 5_000}),
    api.WalletEnrolled(bundle="b", root_key="r", wallet_id=7, currency="EUR"),
    api.TokenIssued(token="t"),
    api.IntentBody(intent="i", request="r"),
    ANSWER,
    api.CaptureAnswer(outcomes=(ANSWER, replace(ANSWER, error_code=2021))),
    api.CaptureAnswer(outcomes=()),
    api.BalanceAnswer(currency="EUR", available_minor=2**63 - 1, escrow_minor=0),
    api.RefundsAnswer(
        refunds=(api.RefundReceived(consent_digest="AAAA", refunded_minor=1, currency="EUR", at_s=2),), has_more=True
    ),
    api.Problem(title="EXPIRED", http_status=422, detail="späť", code=2005),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_bodies_round_trip(body: Any) -> None:
    """What is read is what was written; unknown members are passed over."""
    assert api.parse_json(api.to_json(body), type(body)) == body
    content = json.loads(api.to_json(body)) | {"news": [1, None, 2.5]}
    assert api.parse_json(json.dumps(content).encode(), type(body)) == body


def test_missing_members_have_their_defaults_or_are_refused() -> None:
    """An answer without error and receipt is whole, one without a state is not."""
    short = api.parse_json(b'{"request_id":"x","state":"REQUESTED"}', api.PaymentAnswer)
    assert (short.error_code, short.receipt) == (0, "")
    assert code_raised(lambda: api.parse_json(b'{"request_id":"x"}', api.PaymentAnswer)) is ErrorCode.BAD_REQUEST_BODY


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b"\xff\xfe",
        b"\x80",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"currency":1,"available_minor":1,"escrow_minor":0}',
        b'{"currency":"EUR","available_minor":"1","escrow_minor":0}',
        b'{"currency":"EUR","available_minor":1.0,"escrow_minor":0}',
        b'{"currency":"EUR","available_minor":true,"escrow_minor":0}',
        b'{"currency":"EUR","available_minor":null,"escrow_minor":0}',
        b'{"currency":"EUR","available_minor":NaN,"escrow_minor":0}',
        b'{"currency":"EUR","available_minor":9223372036854775808,"escrow_minor":0}',
        b'{"currency":"EUR","available_minor":' + b"9" * 5_000 + b',"escrow_minor":0}',
        b'{"currency":"\\ud800","available_minor":1,"escrow_minor":0}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_bad_bodies_are_refused(body: bytes) -> None:
    """No JSON, no object, wrong types, numbers above 64 bits, half surrogate pairs, towers of brackets. (R-111)"""
    assert code_raised(lambda: api.parse_json(body, api.BalanceAnswer)) is ErrorCode.BAD_REQUEST_BODY


@pytest.mark.parametrize("outcomes", [{}, "x", [1], [None], [{}], [{"request_id": 1, "state": "X"}], None])
def test_bad_outcomes_are_refused(outcomes: Any) -> None:
    """Each claim's answer is whole, or the body is not believed."""
    body = json.dumps({"outcomes": outcomes}).encode()
    assert code_raised(lambda: api.parse_json(body, api.CaptureAnswer)) is ErrorCode.BAD_REQUEST_BODY


@pytest.mark.parametrize("limits", [[], "x", {"a": "1"}, {"a": 1.5}, {"a": True}, {"a": None}, {"a": 2**63}])
def test_bad_limits_are_refused(limits: Any) -> None:
    """A limit is a number or the enrolment fails."""
    body = json.dumps({"bundle": "b", "root_key": "r", "certificate": "c", "offline_limits": limits}).encode()
    assert code_raised(lambda: api.parse_json(body, api.TerminalEnrolled)) is ErrorCode.BAD_REQUEST_BODY


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.name)
@pytest.mark.parametrize("outcome", list(MoneyOutcome))
def test_errors_cross_the_wire(code: ErrorCode, outcome: MoneyOutcome) -> None:
    """The client raises what the server raised: class, code, words, field and what became of the money. (R-112)"""
    error = error_class(code)(code, "why", param="amount_minor", outcome=outcome)
    http_status = api.http_status_of(code)
    again = api.error_of(api.to_json(api.problem_of(error)), http_status=http_status)
    assert (type(again), again.code, str(again), again.outcome) == (type(error), code, str(error), outcome)
    assert 400 <= http_status <= 599


def test_problems_say_whether_to_ask_again() -> None:
    """Only the world's faults are worth a second try, and no field is an empty one."""
    busy = api.problem_of(UnavailableError(ErrorCode.SERVER_BUSY, "later"))
    assert (busy.retryable, busy.http_status, busy.param) == (True, 503, "")
    assert api.problem_of(RuleViolationError(ErrorCode.EXPIRED, "late")).retryable is False


@pytest.mark.parametrize(
    ("code", "http_status"),
    [
        (ErrorCode.MESSAGE_TOO_LARGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (ErrorCode.BAD_CBOR, HTTPStatus.BAD_REQUEST),
        (ErrorCode.BAD_SIGNATURE, HTTPStatus.UNAUTHORIZED),
        (ErrorCode.NOT_AUTHORIZED, HTTPStatus.FORBIDDEN),
        (ErrorCode.UNKNOWN_PAYMENT, HTTPStatus.NOT_FOUND),
        (ErrorCode.INSUFFICIENT_FUNDS, HTTPStatus.UNPROCESSABLE_ENTITY),
        (ErrorCode.METHOD_NOT_ALLOWED, HTTPStatus.METHOD_NOT_ALLOWED),
        (ErrorCode.SERVER_ERROR, HTTPStatus.INTERNAL_SERVER_ERROR),
        (ErrorCode.STORAGE_FAILED, HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
def test_http_says_who_is_at_fault(code: ErrorCode, http_status: HTTPStatus) -> None:
    """4xx for the caller, 5xx for the world."""
    assert api.http_status_of(code) is http_status


PROBLEM = {"title": "EXPIRED", "status": 422, "detail": "late", "code": 2005, "outcome": "not_charged"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        json.dumps(PROBLEM)[:-5].encode(),
        json.dumps(PROBLEM | {"code": 9999}).encode(),
        json.dumps(PROBLEM | {"code": 0}).encode(),
        json.dumps(PROBLEM | {"code": "2005"}).encode(),
        json.dumps(PROBLEM | {"outcome": "fine"}).encode(),
        json.dumps({key: value for key, value in PROBLEM.items() if key != "code"}).encode(),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_no_problem_of_ours_leaves_the_outcome_unknown(body: bytes) -> None:
    """A proxy's page does not say that nothing was charged. (R-112)"""
    error = api.error_of(body, http_status=502)
    assert (error.code, error.outcome) == (ErrorCode.BAD_ANSWER, MoneyOutcome.UNKNOWN)
    assert error.safe_to_retry


@pytest.mark.parametrize("content", [b"", b"f", b"fo", b"foo", b"foob", bytes(range(256)), b"\xfb\xff\xfe"])
def test_base64url_round_trips(content: bytes) -> None:
    """Without padding, with - and _."""
    text = api.to_base64url(content)
    assert not set(text) & set("+/=")
    assert api.from_base64url(text) == content


@pytest.mark.parametrize(
    "text",
    ["A", "AA==", "AAA=", "=", "AB", "AAB", "+/+/", "-_+/", "AA A", "AAAA\n", "\nAAAA", "ÄAAA", "AA.A", "\ud800AAA",
     "A" * 5, "\x00AAA"],
    ids=ascii,
)  # fmt: skip
def test_second_base64url_texts_are_refused(text: str) -> None:
    """Padding, left-over bits, the other alphabet, space: one content has one text. (R-110)"""
    assert code_raised(lambda: api.from_base64url(text)) is ErrorCode.BAD_REQUEST_BODY


def test_paths_hold_ids_as_base64url() -> None:
    """A path has no character that needs escaping."""
    assert api.payment_path(b"\xff" * 12) == "/v1/payments/" + "_" * 16
    assert api.consent_path(bytes(32)) == "/v1/consents/" + "A" * 43
