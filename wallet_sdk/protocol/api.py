"""The HTTP contract, sans I/O: routes, media types, JSON bodies, and error <-> HTTP answer.

Money-moving bodies are the signed messages themselves (``application/cose``), so every claim is evidence;
answers are JSON. Bytes in JSON are base64url without padding. Errors are RFC 9457 problem details.
Reads carry ``Authorization: TC1 <base64url of a signed ReadRequest>`` for exactly the path they read.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, TypeVar

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MoneyOutcome,
    TillcodeError,
    UnavailableError,
    error_class,
)

COSE: Final = "application/cose"
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
AUTHORIZATION_SCHEME: Final = "TC1"

#: Longest time a read may be asked to wait for a change.
WAIT_S_MAX: Final = 30

PATH_HEALTH: Final = "/healthz"
PATH_TRUST: Final = "/v1/trust"
PATH_ENROL_WALLET: Final = "/v1/enrolments/wallet"
PATH_ENROL_TERMINAL: Final = "/v1/enrolments/terminal"
PATH_CERTIFICATES: Final = "/v1/certificates"
PATH_TOKENS: Final = "/v1/tokens"
PATH_RETURNS: Final = "/v1/token-returns"
PATH_INTENTS: Final = "/v1/intents"
PATH_CAPTURES: Final = "/v1/captures"
PATH_PAYMENTS: Final = "/v1/payments"
PATH_CLOSURES: Final = "/v1/closures"
PATH_HOLD_CAPTURES: Final = "/v1/hold-captures"
PATH_DENYLIST: Final = "/v1/trust/denylist"
PATH_REFUNDS: Final = "/v1/refunds"
PATH_CONSENTS: Final = "/v1/consents"
PATH_BALANCE: Final = "/v1/balance"

#: Our name -> the member's name in JSON. RFC 9457 section 3.1.2 says "status". A call had the name of a payment's
#: request before the two were told apart, and devices in use read that.
_WIRE_NAMES: Final = MappingProxyType({"http_status": "status", "call_id": "request_id"})

A = TypeVar("A")


def payment_path(request_id: bytes) -> str:
    """Path of one payment, by its request id."""
    return f"{PATH_PAYMENTS}/{to_base64url(request_id)}"


def consent_path(consent_digest: bytes) -> str:
    """Path of what became of one intent or code, by its digest."""
    return f"{PATH_CONSENTS}/{to_base64url(consent_digest)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustAnswer:
    """GET /v1/trust: the newest trust bundle; POST (TrustBundle): one that a restored ledger has forgotten (R-133).

    ``restored_at_s``: what was signed before this may be forgotten; 0 in a ledger that was never put back.
    """

    bundle: str
    restored_at_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DenylistAnswer:
    """GET /v1/trust/denylist?since=N: the signed list ``number`` as a full one (N = 0) or a delta on list N.

    While ``number`` is below ``newest`` there is more: ask again since ``number``. Who has seen the newest gets its
    last part again, made just now, which changes nothing and shows that nothing is held back. "" while there is none.
    """

    number: int
    newest: int
    denylist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalEnrolled:
    """POST /v1/enrolments/terminal (Enrolment) and /v1/certificates (CertificateRequest).

    ``offline_limits`` has the fields of rules.OfflineLimits; ``root_key`` is trusted on first use only at enrolment.
    """

    bundle: str
    root_key: str
    certificate: str
    offline_limits: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletEnrolled:
    """POST /v1/enrolments/wallet (Enrolment)."""

    bundle: str
    root_key: str
    wallet_id: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued:
    """POST /v1/tokens (TokenRequest): the same request gets the same token, for ever."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBody:
    """POST /v1/tokens, JSON: the TokenRequest and the token that its closing closes, for a ledger that forgot it."""

    request: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReturned:
    """POST /v1/token-returns (TokenClosing): closed at this sum; what was not spent is the payer's again."""

    token_id: str
    spent_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentBody:
    """POST /v1/intents, JSON: the intent and the request it answers, both signed envelopes."""

    intent: str
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAnswer:
    """What became of one payment: the answer to an intent, to each claim of a batch, and to a read.

    ``state`` is a states.State name; ``error_code`` 0 or an ErrorCode that says why not; ``receipt`` is the
    operator's signed receipt: of the payment that took effect under this request id; of the refusal of this consent
    when it was declined for ever; of the closing when the request was closed. "" when there is none. ``reason`` is the
    risk rule's reason code, told to the merchant alone; ``refunded_minor`` what has gone back of a payment.
    """

    request_id: str
    state: str
    error_code: int = 0
    receipt: str = ""
    reason: str = ""
    refunded_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureAnswer:
    """POST /v1/captures (CaptureBatch): one outcome for each claim, in the batch's order.

    ``receipt`` is the operator's BatchReceipt when the batch has asked for one (R-128): it stands for the receipts of
    all OFFLINE claims that it names; each outcome without a receipt of its own that is called paid is among them.
    """

    outcomes: tuple[PaymentAnswer, ...]
    receipt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureBody:
    """POST /v1/closures, JSON: the CloseRequest and the request it closes, both signed envelopes.

    With the request at hand the operator signs that it was closed; the CloseRequest alone (COSE) is answered unsigned.
    """

    closing: str
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """POST /v1/refunds (Refund): the operator's signed receipt that this much went back.

    The same refund again gets the same answer, for ever.
    """

    refund_id: str
    request_id: str
    amount_minor: int
    currency: str
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundReceived:
    """One refund as its payer sees it: ``refunded_minor`` is all that has gone back of the payment until now."""

    consent_digest: str
    refunded_minor: int
    currency: str
    at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundsAnswer:
    """GET /v1/refunds: refunds to the wallet that asks, made at ``since`` or later, the oldest first.

    All of a second come together; when ``has_more``, go on with the second after the last one's.
    """

    refunds: tuple[RefundReceived, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAnswer:
    """GET /v1/balance: minor units of ``currency``; ``escrow_minor`` is reserved for offline payments."""

    currency: str
    available_minor: int
    escrow_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """RFC 9457 problem details with this project's members. Never holds a stack trace.

    ``outcome`` says what became of the money; ``retryable`` whether the very same request may be sent again;
    ``call_id``, in JSON "request_id", names the call in the server's log, as the header x-request-id does.
    """

    title: str
    http_status: int
    detail: str
    code: int
    param: str = ""
    outcome: str = MoneyOutcome.NOT_CHARGED.value
    retryable: bool = False
    call_id: str = ""
    type: str = field(default="about:blank")


_STATUS_OF_CODE: Final = MappingProxyType(
    {
        ErrorCode.MESSAGE_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ErrorCode.NOT_AUTHENTICATED: HTTPStatus.UNAUTHORIZED,
        ErrorCode.BAD_SIGNATURE: HTTPStatus.UNAUTHORIZED,
        ErrorCode.UNKNOWN_SIGNER: HTTPStatus.UNAUTHORIZED,
        ErrorCode.NOT_AUTHORIZED: HTTPStatus.FORBIDDEN,
        ErrorCode.MERCHANT_BLOCKED: HTTPStatus.FORBIDDEN,
        ErrorCode.WRONG_TERMINAL: HTTPStatus.FORBIDDEN,
        ErrorCode.UNKNOWN_PAYMENT: HTTPStatus.NOT_FOUND,
        ErrorCode.UNKNOWN_ACTIVATION_CODE: HTTPStatus.NOT_FOUND,
        ErrorCode.UNKNOWN_RESOURCE: HTTPStatus.NOT_FOUND,
        ErrorCode.ROUTE_NOT_FOUND: HTTPStatus.NOT_FOUND,
        ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
        ErrorCode.SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
        ErrorCode.SERVER_BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
        ErrorCode.NETWORK_TIMEOUT: HTTPStatus.REQUEST_TIMEOUT,
        ErrorCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_STATUS_OF_THOUSAND: Final = MappingProxyType(
    {
        1: HTTPStatus.BAD_REQUEST,
        2: HTTPStatus.UNPROCESSABLE_ENTITY,
        3: HTTPStatus.BAD_REQUEST,
        4: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


def http_status_of(code: ErrorCode) -> HTTPStatus:
    """The HTTP status an error code is answered with."""
    return _STATUS_OF_CODE.get(code, _STATUS_OF_THOUSAND[code // 1000])


def problem_of(error: TillcodeError) -> Problem:
    """The answer body of an error."""
    http_status = http_status_of(error.code)
    return Problem(
        title=error.code.name,
        http_status=int(http_status),
        detail=error.message,
        code=int(error.code),
        param=error.param or "",
        outcome=error.outcome.value,
        retryable=error.safe_to_retry,
    )


def error_of(body: bytes, *, http_status: int) -> TillcodeError:
    """The error that an answer with a status of 400 or more stands for, for the client to raise.

    An answer that is no problem of ours (a proxy's page, a cut body) is BAD_ANSWER with outcome unknown.
    """
    try:
        problem = parse_json(body, Problem)
        code = ErrorCode(problem.code)
        outcome = MoneyOutcome(problem.outcome)
    except (TillcodeError, ValueError):
        return UnavailableError(
            ErrorCode.BAD_ANSWER, f"HTTP {http_status} without a problem body", outcome=MoneyOutcome.UNKNOWN
        )
    error = error_class(code)(code, problem.detail, param=problem.param or None, outcome=outcome)
    error.call_id = problem.call_id or None
    return error


def wire_name(name: str) -> str:
    """What a member of a body is called in JSON."""
    return _WIRE_NAMES.get(name, name)


def to_json(answer: Any) -> bytes:
    """Compact UTF-8 JSON of one of the bodies above."""
    members = {wire_name(name): value for name, value in asdict(answer).items()}
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()


#: Lists that an answer may hold.
_LISTS: Final[Mapping[object, type[Any]]] = MappingProxyType(
    {tuple[PaymentAnswer, ...]: PaymentAnswer, tuple[RefundReceived, ...]: RefundReceived}
)


def parse_json(body: bytes, expected: type[A]) -> A:
    """Read a JSON body as one of the classes above; unknown members are ignored, wrong types refused.

    Raises:
        MalformedMessageError: BAD_REQUEST_BODY.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "the body is not JSON") from error
    return _from_mapping(content, expected)


def _from_mapping(content: object, expected: type[A]) -> A:
    if not isinstance(content, Mapping):
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "the body is not an object")
    values: dict[str, Any] = {}
    for name, kind in expected.__annotations__.items():
        member = wire_name(name)
        if member in content:
            values[name] = _checked(content[member], kind, name=member)
    try:
        return expected(**values)
    except TypeError as error:
        raise MalformedMessageError(
            ErrorCode.BAD_REQUEST_BODY, f"a member of {expected.__name__} is missing"
        ) from error


def _checked(value: Any, kind: object, *, name: str) -> Any:
    if kind is str and type(value) is str and _is_whole(value):
        return value
    if kind is int and type(value) is int and abs(value) <= limits.BALANCE_MINOR_MAX:
        return value
    if kind is bool and type(value) is bool:
        return value
    if kind == dict[str, int] and isinstance(value, dict):
        return {member: _checked(number, int, name=name) for member, number in value.items()}
    if kind in _LISTS and isinstance(value, list):
        return tuple(_from_mapping(element, _LISTS[kind]) for element in value)
    raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "a member has the wrong type", param=name)


def _is_whole(text: str) -> bool:
    """No half of a surrogate pair, which JSON can escape but nothing can write down again."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def to_base64url(content: bytes) -> str:
    """Base64url without padding. Source: RFC 4648 section 5."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of a base64url text without padding.

    Raises:
        MalformedMessageError: BAD_REQUEST_BODY for any text that is not the one encoding of its bytes.
    """
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "not base64url") from error
    if to_base64url(content) != text:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "not the one base64url text of its bytes")
    return content
