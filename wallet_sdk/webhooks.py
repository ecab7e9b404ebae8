"""Webhooks, for a merchant's back office: verified, then typed.

    event = verify_webhook(headers, body, secrets=[secret], clock=SystemClock())
    match event:
        case PaymentCaptured():
            ...

Sources: Standard Webhooks specification 1.0, "Signature scheme" and "Payload"; docs/webhooks.md for what is sent.
"""

import base64
import binascii
import contextlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, unique
from types import MappingProxyType
from typing import Any, Final

from wallet_sdk.ports import Clock
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    RuleViolationError,
    TillcodeError,
)
from wallet_sdk.protocol.ids import RequestId, TerminalId
from wallet_sdk.protocol.money import Currency, Money

__all__ = [
    "BODY_BYTES_MAX",
    "TOLERANCE_S",
    "Event",
    "FraudCaseOpened",
    "MerchantBlocked",
    "MerchantUnblocked",
    "OtherEvent",
    "PaymentAuthorized",
    "PaymentCaptured",
    "PaymentClosed",
    "PaymentDeclined",
    "PaymentEvent",
    "PaymentExpired",
    "PaymentRejected",
    "PaymentVoided",
    "RefundSettled",
    "TerminalReplaced",
    "TerminalReplacing",
    "WebhookEvent",
    "parse_webhook",
    "verify_webhook",
]

#: How far the sender's time may lie from ours, either way. A captured webhook is worth nothing after it.
TOLERANCE_S: Final = 300
#: Larger bodies are refused before they are hashed; an event has about 300 bytes.
BODY_BYTES_MAX: Final = 64 * 1024
#: While a secret is rotated there are two or three signatures; a flood of them is nobody's.
SIGNATURES_MAX: Final = 16
_PREFIX: Final = "whsec_"
_SECRET_BYTES_MIN: Final = 24
_SECRET_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """What every event has.

    Attributes:
        event_id: the same in every delivery of this event: handle each id once.
        number: counts the merchant's events from 1 without a gap; None in what is no event of a merchant.
        at_s: when it happened, seconds since the epoch.
    """

    event_id: str
    number: int | None
    at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEvent(WebhookEvent):
    """What every event about a payment has."""

    terminal_id: TerminalId
    request_id: RequestId
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured(PaymentEvent):
    """Paid, for good."""

    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAuthorized(PaymentEvent):
    """Held as a deposit; nothing is taken yet."""

    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentVoided(PaymentEvent):
    """A deposit was let go; nothing was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentExpired(PaymentEvent):
    """A deposit's time ran out; nothing was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDeclined(PaymentEvent):
    """Refused before anything moved. ``error_code`` says why; None for a code newer than this program."""

    amount: Money
    error_code: ErrorCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRejected(PaymentEvent):
    """Taken offline, and refused when it was claimed."""

    amount: Money
    error_code: ErrorCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentClosed(PaymentEvent):
    """A request that can no longer be paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSettled(PaymentEvent):
    """So much of a payment went back to its payer."""

    amount: Money
    refund_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudCaseOpened(PaymentEvent):
    """A device signed two messages that contradict each other. ``reason`` names the contradiction."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantBlocked(WebhookEvent):
    """The operator takes no payment of the merchant until ``MerchantUnblocked``; meanwhile his keys only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantUnblocked(WebhookEvent):
    """The operator takes the merchant's payments again; what was accepted offline meanwhile can be claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalReplacing(WebhookEvent):
    """A code was made that lets another device take a terminal over, from a time on; its device has ended.

    Whoever has not asked for that revokes the API key that did, and makes another code: the first works no more.
    """

    terminal_id: TerminalId
    not_before_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalReplaced(WebhookEvent):
    """Another device has taken a terminal over."""

    terminal_id: TerminalId


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(WebhookEvent):
    """A kind that this version does not know: answer 2xx, or the sender tries for three days."""

    kind: str
    content: Mapping[str, Any]


Event = (
    PaymentCaptured
    | PaymentAuthorized
    | PaymentVoided
    | PaymentExpired
    | PaymentDeclined
    | PaymentRejected
    | PaymentClosed
    | RefundSettled
    | FraudCaseOpened
    | MerchantBlocked
    | MerchantUnblocked
    | TerminalReplacing
    | TerminalReplaced
    | OtherEvent
)


@unique
class _Part(Enum):
    """What an event about a payment may have beside the rest."""

    AMOUNT = "amount"
    ERROR = "error_code"
    REASON = "reason"
    REFUND = "refund_id"


_KINDS: Final[Mapping[str, tuple[type[Any], tuple[_Part, ...]]]] = MappingProxyType(
    {
        "payment.captured": (PaymentCaptured, (_Part.AMOUNT,)),
        "payment.authorized": (PaymentAuthorized, (_Part.AMOUNT,)),
        "payment.voided": (PaymentVoided, ()),
        "payment.expired": (PaymentExpired, ()),
        "payment.declined": (PaymentDeclined, (_Part.AMOUNT, _Part.ERROR)),
        "payment.rejected": (PaymentRejected, (_Part.AMOUNT, _Part.ERROR)),
        "payment.closed": (PaymentClosed, ()),
        "refund.settled": (RefundSettled, (_Part.AMOUNT, _Part.REFUND)),
        "fraud_case.opened": (FraudCaseOpened, (_Part.REASON,)),
    }
)


_ABOUT_MERCHANT: Final[Mapping[str, type[MerchantBlocked | MerchantUnblocked]]] = MappingProxyType(
    {"merchant.blocked": MerchantBlocked, "merchant.unblocked": MerchantUnblocked}
)


def verify_webhook(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], clock: Clock, tolerance_s: int = TOLERANCE_S
) -> Event:
    """The event of a delivery, when one of the secrets signed it just now.

    ``headers`` may be spelled in any case; ``body`` are the very bytes that came, before any JSON was read.
    During a rotation give the old and the new secret.

    Raises:
        RuleViolationError: BAD_SIGNATURE; EXPIRED or NOT_YET_VALID when it is further from now than ``tolerance_s``.
        MalformedMessageError: MISSING_FIELD for a header, MESSAGE_TOO_LARGE, BAD_REQUEST_BODY.
        MisuseError: BAD_ARGUMENT when a secret is none.
    """
    keys = [_key_of(secret) for secret in secrets]
    if not keys:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a webhook is verified with at least one secret", param="secrets")
    if len(body) > BODY_BYTES_MAX:
        raise MalformedMessageError(ErrorCode.MESSAGE_TOO_LARGE, f"the body is over {BODY_BYTES_MAX} bytes")
    named = {name.lower(): value for name, value in headers.items()}
    event_id, at, signatures = (
        _header(named, name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    _check_signed(f"{event_id}.{at}.".encode() + body, signatures, keys)
    _check_fresh(at, now_s=clock.now_ms() // 1000, tolerance_s=tolerance_s)
    return parse_webhook(body, event_id=event_id)


def parse_webhook(body: bytes, *, event_id: str) -> Event:
    """The event of a body that was verified before, such as one from a queue of your own.

    Raises:
        MalformedMessageError: BAD_REQUEST_BODY.
    """
    try:
        content = json.loads(body)
        kind, details = str(content["type"]), dict(content["data"])
        number = None if content.get("number") is None else int(content["number"])
        common: dict[str, Any] = {"event_id": event_id, "number": number, "at_s": _time_of(content["timestamp"])}
        if kind in _ABOUT_MERCHANT:
            return _ABOUT_MERCHANT[kind](**common)
        if kind == "terminal.replacing":
            not_before_s = int(details["not_before_s"])
            return TerminalReplacing(**common, terminal_id=_terminal_of(details), not_before_s=not_before_s)
        if kind == "terminal.replaced":
            return TerminalReplaced(**common, terminal_id=_terminal_of(details))
        event_type, parts = _KINDS.get(kind, (None, ()))
        if event_type is None:
            return OtherEvent(**common, kind=kind, content=MappingProxyType(details))
        event: Event = event_type(
            **common,
            terminal_id=_terminal_of(details),
            request_id=RequestId(api.from_base64url(details["request_id"])),
            state=str(details.get("state", "")),
            **{part.value: _read(part, details) for part in parts},
        )
    except (KeyError, TypeError, ValueError, RecursionError, TillcodeError) as error:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "not an event of this protocol") from error
    return event


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "not a webhook secret", param="secrets") from error
    if not _SECRET_BYTES_MIN <= len(key) <= _SECRET_BYTES_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "not a webhook secret", param="secrets")
    return key


def _header(named: Mapping[str, str], name: str) -> str:
    if not named.get(name):
        raise MalformedMessageError(ErrorCode.MISSING_FIELD, "the header is missing", param=name)
    return named[name]


def _check_signed(signed: bytes, signatures: str, keys: Sequence[bytes]) -> None:
    """One signature of version 1 by one of the keys. Others, of versions to come, are passed over."""
    expected = [hmac.digest(key, signed, "sha256") for key in keys]
    found = False
    for signature in signatures.split(" ")[:SIGNATURES_MAX]:
        version, _, text = signature.partition(",")
        if version != "v1":
            continue
        try:
            given = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        # All are compared, whichever fits: the time taken tells nothing.
        for digest in expected:
            found = hmac.compare_digest(digest, given) or found
    if not found:
        raise RuleViolationError(ErrorCode.BAD_SIGNATURE, "no signature of these secrets", param="webhook-signature")


def _check_fresh(at: str, *, now_s: int, tolerance_s: int) -> None:
    if not (at.isascii() and at.isdigit()) or len(at) > 12:
        raise MalformedMessageError(ErrorCode.BAD_FIELD_TYPE, "not a time", param="webhook-timestamp")
    age_s = now_s - int(at)
    if age_s > tolerance_s:
        raise RuleViolationError(ErrorCode.EXPIRED, f"it was sent {age_s} s ago", param="webhook-timestamp")
    if age_s < -tolerance_s:
        raise RuleViolationError(ErrorCode.NOT_YET_VALID, "it comes from the future", param="webhook-timestamp")


def _terminal_of(details: Mapping[str, Any]) -> TerminalId:
    return TerminalId(int(details["terminal_id"]))


def _time_of(text: str) -> int:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return int(at.timestamp())


def _read(part: _Part, details: Mapping[str, Any]) -> Money | ErrorCode | RequestId | str | None:
    if part is _Part.AMOUNT:
        return Money(minor=int(details["amount_minor"]), currency=Currency.from_code(details["currency"]))
    if part is _Part.REFUND:
        return RequestId(api.from_base64url(details["refund_id"]))
    if part is _Part.REASON:
        return str(details["reason"])
    with contextlib.suppress(ValueError):
        return ErrorCode(int(details["error_code"]))
    return None
