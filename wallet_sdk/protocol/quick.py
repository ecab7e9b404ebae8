"""The two messages of every payment, read at once in their usual shape; any other shape goes the strict way.

A request without tip and deposit, and an intent, are a few bytes around fixed places. One pattern holds these bytes to
exactly what the codec would have written, so that what it matches is canonical, complete and within every bound; what
it does not match is read by ``open_unverified``, which says what is wrong with it or that nothing is. So this module
refuses nothing and accepts nothing by itself: for any bytes it comes to what ``open_unverified`` comes to
(tests/property/test_quick.py), at a third of the cost.

Source: RFC 8949 section 4.2.1 (shortest heads, rising keys); RFC 9052 section 4.4 (Sig_structure).
"""

import hashlib
import re
from functools import cache, lru_cache
from typing import Final

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.envelope import Sealed, has_signature_form, open_unverified
from wallet_sdk.protocol.errors import MalformedMessageError
from wallet_sdk.protocol.ids import Counter, Digest, Envelope, RequestId
from wallet_sdk.protocol.messages import AuthorizationMode, MessageType, PaymentIntent, PaymentRequest
from wallet_sdk.protocol.money import Currency

#: An array of four, the protected header without a key id, and a map from 33 to a byte string of 24 bytes or more,
#: whose length stands in its one encoding.
_HEAD: Final = rb"\x84\x43\xa1\x01\x28\xa1\x18\x21(?:\x58([\x18-\xff])|\x59([\x01-\xff].))"
#: An unsigned integer below 2**32 in its one encoding.
_UINT: Final = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].|\x1a(?!\x00\x00)....)"
_SIGNATURE: Final = rb"\x58\x40(.{64})"
#: Keys 0, 2, 4, 6, 8, 10, and 12 where the map has seven entries.
_REQUEST: Final = (
    rb"\x58(.)([\xa6\xa7])\x00\x02\x02\x4c(.{12})\x04" + _UINT + rb"\x06" + _UINT + rb"\x08" + _UINT + rb"\x0a" + _UINT
    + rb"(?:\x0c([\x61-\x6a])([0-9A-Za-z-]{1,10}))?" + _SIGNATURE
)  # fmt: skip
#: Keys 0, 2, 4, 6, 8, 10.
_INTENT: Final = (
    rb"\x58(.)\xa6\x00\x04\x02" + _UINT + rb"\x04" + _UINT + rb"\x06" + _UINT + rb"\x08\x58\x20(.{32})\x0a([\x01\x02])"
    + _SIGNATURE
)  # fmt: skip
#: A Sig_structure up to the hash of what is embedded: "Signature1", the protected header, 36 bytes that begin so.
_SIGNED: Final = b"\x84\x6aSignature1\x43\xa1\x01\x28\x58\x24TC1"
_SIGNED_REQUEST: Final = _SIGNED + bytes([MessageType.PAYMENT_REQUEST])
_SIGNED_INTENT: Final = _SIGNED + bytes([MessageType.PAYMENT_INTENT])
_MODES: Final = {bytes([mode]): mode for mode in AuthorizationMode}
#: The head of a byte string of 24 to 255 bytes, as the payload and the signature are.
_HEAD_BYTES: Final = 2
#: Behind a payload: the signature with its head.
_TAIL_BYTES: Final = _HEAD_BYTES + limits.SIGNATURE_BYTES


def open_request(envelope: bytes) -> Sealed[PaymentRequest]:
    """As ``open_unverified(envelope, PaymentRequest)``.

    Raises:
        MalformedMessageError, RuleViolationError: as that.
    """
    return _usual_request(envelope) or open_unverified(envelope, PaymentRequest)


def open_intent(envelope: bytes) -> Sealed[PaymentIntent]:
    """As ``open_unverified(envelope, PaymentIntent)``.

    Raises:
        MalformedMessageError, RuleViolationError: as that.
    """
    return _usual_intent(envelope) or open_unverified(envelope, PaymentIntent)


def _usual_request(envelope: bytes) -> Sealed[PaymentRequest] | None:
    parts = _parts_of(envelope, _REQUEST)
    if parts is None:
        return None
    embedded, payload, (entries, request_id, amount, currency, issued_at, lifetime, head, text, signature) = parts
    if (entries == b"\xa7") != (text is not None) or (text is not None and head[0] - 0x60 != len(text)):
        return None
    amount_minor, lifetime_s = _uint(amount), _uint(lifetime)
    if not (amount_minor and 1 <= lifetime_s <= limits.REQUEST_LIFETIME_S_MAX):
        return None
    try:
        known_currency = Currency.from_number(_uint(currency))
    except MalformedMessageError:
        return None
    message = PaymentRequest(
        request_id=RequestId(request_id),
        amount_minor=amount_minor,
        currency=known_currency,
        issued_at_s=_uint(issued_at),
        lifetime_s=lifetime_s,
        reference="" if text is None else text.decode(),
    )
    return Sealed(
        message=message,
        envelope=Envelope(envelope),
        digest=_digest(_SIGNED_REQUEST, embedded, payload),
        key_id=None,
        embedded=embedded,
        signature=signature,
    )


def _usual_intent(envelope: bytes) -> Sealed[PaymentIntent] | None:
    parts = _parts_of(envelope, _INTENT)
    if parts is None:
        return None
    embedded, payload, (counter, amount, cumulative, request_digest, mode, signature) = parts
    number, amount_minor = _uint(counter), _uint(amount)
    if not (1 <= number <= limits.TOKEN_COUNT_MAX and amount_minor):
        return None
    message = PaymentIntent(
        counter=Counter(number),
        amount_minor=amount_minor,
        cumulative_minor=_uint(cumulative),
        request_digest=Digest(request_digest),
        mode=_MODES[mode],
    )
    return Sealed(
        message=message,
        envelope=Envelope(envelope),
        digest=_digest(_SIGNED_INTENT, embedded, payload),
        key_id=None,
        embedded=embedded,
        signature=signature,
    )


def _parts_of(envelope: bytes, usual: bytes) -> tuple[Envelope, bytes, tuple[bytes, ...]] | None:
    """The embedded envelope, the payload with its head, and what the pattern finds in all that is behind the former."""
    if type(envelope) is not bytes or len(envelope) > limits.MESSAGE_BYTES_MAX:
        return None
    head = _compiled(_HEAD).match(envelope)
    if head is None:
        return None
    start = head.end()
    end = start + int.from_bytes(head[1] or head[2])
    found = _compiled(usual).fullmatch(envelope, end)
    if found is None:
        return None
    length, *parts = found.groups()
    payload = envelope[end:-_TAIL_BYTES]
    if length[0] != len(payload) - _HEAD_BYTES or not has_signature_form(parts[-1]):
        return None
    return Envelope(envelope[start:end]), payload, tuple(parts)


@cache
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """When it is needed first: compiling all of them would take 3 ms of each import of the SDK."""
    return re.compile(pattern, re.DOTALL)


def _uint(encoded: bytes) -> int:
    return encoded[0] if len(encoded) == 1 else int.from_bytes(encoded[1:])


def _digest(signed: bytes, embedded: Envelope, payload: bytes) -> Digest:
    """The hash of the Sig_structure; ``payload`` with its head, as it stands in both."""
    return Digest(hashlib.sha256(signed + _hash_of(embedded) + payload).digest())


@lru_cache(maxsize=1024)
def _hash_of(embedded: Envelope) -> bytes:
    """One certificate and one token stand in many messages; a till sees thousands of tokens once, and keeps a few."""
    return hashlib.sha256(embedded).digest()
