"""What the numbers in messages stand for."""

from enum import IntEnum, unique
from typing import Final

from wallet_sdk.protocol.ids import Digest, Envelope, RequestId

#: Stands for an absent digest, id or envelope in a message where one may be absent.
NO_DIGEST: Final = Digest(b"")
NO_ID: Final = RequestId(b"")
NO_ENVELOPE: Final = Envelope(b"")


@unique
class MessageType(IntEnum):
    """Key 0 of every payload, and part of what every signature covers."""

    TERMINAL_CERTIFICATE = 1
    PAYMENT_REQUEST = 2
    PAYMENT_TOKEN = 3
    PAYMENT_INTENT = 4
    PAYMENT_CODE = 5
    CAPTURE_BATCH = 6
    RECEIPT = 7
    REFUND = 8
    TRUST_BUNDLE = 9
    DENYLIST = 10
    FRAUD_PROOF = 11
    STATIC_CODE = 12
    ENROLMENT = 13
    TOKEN_REQUEST = 14
    CERTIFICATE_REQUEST = 15
    READ_REQUEST = 16
    CLOSE_REQUEST = 17
    TOKEN_CLOSING = 18
    HOLD_CAPTURE = 19
    BATCH_RECEIPT = 20


@unique
class Role(IntEnum):
    """What an operator key may sign."""

    TERMINAL_CA = 1
    TOKEN_ISSUER = 2
    RECEIPT = 3
    DENYLIST = 4


@unique
class Grade(IntEnum):
    """How well the issuer knows the payer; risk limits grow with it."""

    BASIC = 1
    VERIFIED = 2


@unique
class AuthorizationMode(IntEnum):
    """How an intent is meant to be authorized: by the issuer, or by the token's own limits."""

    ONLINE = 1
    OFFLINE = 2


@unique
class Receipts(IntEnum):
    """How a terminal wants its batch answered."""

    EACH = 1
    #: One receipt for all that was accepted offline and is paid; anything else still has its own.
    TOGETHER = 2


@unique
class Liability(IntEnum):
    """Who bears a payment that turns out uncovered: the operator's stated policy."""

    OPERATOR = 1
    MERCHANT = 2
