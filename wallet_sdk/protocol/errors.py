"""The error tree and its one numbered table, divided by who is at fault.

    TillcodeError
    ├── MalformedMessageError   1xxx  the peer's bytes: not one of our messages, or not in its one encoding
    ├── RuleViolationError      2xxx  a well-formed message that a rule refuses
    ├── MisuseError             3xxx  our caller: a wrong argument, a call out of turn
    └── UnavailableError        4xxx  the world: network, disk, device, server

Every error says what became of the money (``outcome``) and whether the very same call may be made
again (``safe_to_retry``). A number is never reused; a retired one stays reserved.
"""

from enum import Enum, IntEnum, unique
from typing import ClassVar

from wallet_sdk.protocol.ids import Digest


@unique
class ErrorCode(IntEnum):
    """Stable numbers on the wire, in logs and in the docs; the thousands digit names the class."""

    # 1xxx: MalformedMessageError
    NOT_A_TILLCODE = 1001
    UNSUPPORTED_VERSION = 1002
    BAD_BASE45 = 1003
    MESSAGE_TOO_LARGE = 1004
    BAD_CBOR = 1005
    NOT_CANONICAL = 1006
    BAD_ENVELOPE = 1007
    UNSUPPORTED_ALGORITHM = 1008
    UNKNOWN_CRITICAL_KEY = 1009
    MISSING_FIELD = 1010
    BAD_FIELD_TYPE = 1011
    FIELD_OUT_OF_RANGE = 1012
    BAD_TEXT = 1013
    WRONG_MESSAGE_TYPE = 1014
    BAD_PUBLIC_KEY = 1015
    BAD_MONEY = 1016
    UNKNOWN_CURRENCY = 1017
    IMAGE_UNREADABLE = 1018
    IMAGE_TOO_LARGE = 1019
    BAD_REQUEST_BODY = 1020
    BAD_TLV = 1021
    BAD_CHECKSUM = 1022
    # 2xxx: RuleViolationError
    BAD_SIGNATURE = 2001
    UNKNOWN_SIGNER = 2002
    WRONG_ROLE = 2003
    NOT_YET_VALID = 2004
    EXPIRED = 2005
    TRUST_ROLLED_BACK = 2006
    REVOKED = 2007
    WRONG_TERMINAL = 2008
    WRONG_REQUEST = 2009
    AMOUNT_MISMATCH = 2010
    CURRENCY_MISMATCH = 2011
    OVER_PAYMENT_LIMIT = 2012
    OVER_TOKEN_LIMIT = 2013
    OVER_COUNT_LIMIT = 2014
    COUNTER_REUSED = 2015
    REQUEST_NOT_OPEN = 2016
    ONLINE_ONLY = 2017
    OVER_TERMINAL_LIMIT = 2018
    INSUFFICIENT_FUNDS = 2019
    DOUBLE_SPEND = 2020
    ALREADY_PAID = 2021
    CONTENT_CONFLICT = 2022
    OVER_CEILING = 2023
    BAD_CUMULATIVE = 2024
    BAD_TRANSITION = 2025
    UNKNOWN_ACTIVATION_CODE = 2026
    UNKNOWN_PAYMENT = 2027
    NOT_AUTHORIZED = 2028
    NOT_A_DOUBLE_SPEND = 2029
    TOKEN_CLOSED = 2030
    LATE_CAPTURE = 2031
    EMV_FIELD_MISMATCH = 2032
    DENYLIST_GAP = 2033
    RISK_REFUSED = 2034
    MERCHANT_BLOCKED = 2035
    WRONG_PIN = 2040
    LOCKED_OUT = 2041
    ROLE_FORBIDS = 2042
    OVER_REFUNDABLE = 2043
    NOTHING_TO_CLOSE = 2044
    NOT_AUTHENTICATED = 2060
    UNKNOWN_RESOURCE = 2061
    # 3xxx: MisuseError
    BAD_ARGUMENT = 3001
    NOT_ENROLLED = 3002
    ALREADY_ENROLLED = 3003
    WRONG_PASSPHRASE = 3004
    QUEUE_NOT_EMPTY = 3005
    NO_ALLOWANCE = 3006
    ROUTE_NOT_FOUND = 3007
    METHOD_NOT_ALLOWED = 3008
    NOT_INITIALISED = 3009
    # 4xxx: UnavailableError
    NETWORK_UNREACHABLE = 4001
    NETWORK_TIMEOUT = 4002
    SERVER_ERROR = 4003
    SERVER_BUSY = 4004
    BAD_ANSWER = 4005
    STORAGE_FAILED = 4006
    STORAGE_CORRUPT = 4007
    STORAGE_NEWER = 4008
    DECODER_MISSING = 4009
    DEVICE_UNAVAILABLE = 4010
    SWITCHED_OFF = 4011
    NO_FREE_CONNECTION = 4012
    TLS_FAILED = 4013
    RATE_LIMITED = 4020
    STORAGE_BUSY = 4030
    STORAGE_ROLLED_BACK = 4031


#: Of the world, and yet no patience helps: somebody has to look.
_LASTING = frozenset(
    {
        ErrorCode.STORAGE_CORRUPT,
        ErrorCode.STORAGE_NEWER,
        ErrorCode.STORAGE_ROLLED_BACK,
        ErrorCode.DECODER_MISSING,
        ErrorCode.TLS_FAILED,
    }
)


@unique
class MoneyOutcome(Enum):
    """What an error means for the payer's money."""

    NOT_CHARGED = "not_charged"
    CHARGED = "charged"
    UNKNOWN = "unknown"


class TillcodeError(Exception):
    """Root of every error this project raises.

    Attributes:
        code: number from the one table.
        message: one English sentence for a developer; user interfaces have their own words for ``code``.
        param: the field or argument at fault, when there is one.
        outcome: what became of the money.
        safe_to_retry: whether repeating the same call unchanged can help and cannot hurt.
        call_id: names the HTTP call in the server's log; None when there was none.
        digest: names the payment that it is about, for ``Wallet.payment``; None when it is about none.
    """

    first_code: ClassVar[int] = 0

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        param: str | None = None,
        outcome: MoneyOutcome = MoneyOutcome.NOT_CHARGED,
    ) -> None:
        super().__init__(message)
        assert self.first_code <= code < self.first_code + 1000, f"{code!r} is not a code of {type(self).__name__}"
        self.code = code
        self.message = message
        self.param = param
        self.outcome = outcome
        self.call_id: str | None = None
        self.digest: Digest | None = None
        #: Set where the same call again would be another act, such as a second payment of a print.
        self.is_another_act = False

    @property
    def safe_to_retry(self) -> bool:
        return isinstance(self, UnavailableError) and self.code not in _LASTING and not self.is_another_act

    def __repr__(self) -> str:
        named = {"param": self.param, "call_id": self.call_id}
        more = "".join(f", {name}={value!r}" for name, value in named.items() if value)
        return f"{type(self).__name__}({self.code.name}, {self.message!r}, outcome={self.outcome.value}{more})"

    def __str__(self) -> str:
        where = f" [{self.param}]" if self.param else ""
        return f"{self.code.name} ({self.code.value}){where}: {self.message}"


class MalformedMessageError(TillcodeError):
    """The peer's bytes are not a message of this protocol, or not in its one encoding."""

    first_code = 1000


class RuleViolationError(TillcodeError):
    """A well-formed message that a rule refuses: signature, time, payee, allowance, counter."""

    first_code = 2000


class MisuseError(TillcodeError):
    """Our caller is at fault: a wrong argument, or a call out of turn."""

    first_code = 3000


class UnavailableError(TillcodeError):
    """The world is at fault: network, server, disk or device. Ask again later by the same id."""

    first_code = 4000


def error_class(code: ErrorCode) -> type[TillcodeError]:
    """The class of the tree that a code belongs to."""
    for candidate in (MalformedMessageError, RuleViolationError, MisuseError, UnavailableError):
        if candidate.first_code <= code < candidate.first_code + 1000:
            return candidate
    raise AssertionError(f"{code!r} has no class")  # pragma: no cover - the table's own test excludes it
