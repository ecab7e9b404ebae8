"""Which words a cashier reads for an error code."""

from types import MappingProxyType
from typing import Final

from terminal_app.i18n.message_ids import MessageId
from wallet_sdk.protocol.errors import ErrorCode

_OF_CODE: Final = MappingProxyType(
    {
        ErrorCode.NOT_A_TILLCODE: MessageId.NOT_OURS,
        ErrorCode.UNSUPPORTED_VERSION: MessageId.NEWER_CODE,
        ErrorCode.WRONG_MESSAGE_TYPE: MessageId.WRONG_CODE,
        ErrorCode.BAD_MONEY: MessageId.BAD_ADDRESS,
        ErrorCode.BAD_SIGNATURE: MessageId.NOT_GENUINE,
        ErrorCode.UNKNOWN_SIGNER: MessageId.NOT_GENUINE,
        ErrorCode.WRONG_ROLE: MessageId.NOT_GENUINE,
        ErrorCode.TRUST_ROLLED_BACK: MessageId.NOT_GENUINE,
        ErrorCode.BAD_CUMULATIVE: MessageId.NOT_GENUINE,
        ErrorCode.NOT_YET_VALID: MessageId.CLOCKS_DIFFER,
        ErrorCode.EXPIRED: MessageId.TOO_OLD,
        ErrorCode.LATE_CAPTURE: MessageId.TOO_OLD,
        ErrorCode.WRONG_REQUEST: MessageId.OTHER_SALE,
        ErrorCode.WRONG_TERMINAL: MessageId.OTHER_SALE,
        ErrorCode.AMOUNT_MISMATCH: MessageId.OTHER_AMOUNT,
        ErrorCode.CURRENCY_MISMATCH: MessageId.OTHER_CURRENCY,
        ErrorCode.OVER_PAYMENT_LIMIT: MessageId.OVER_PAYERS_PAYMENT,
        ErrorCode.OVER_TOKEN_LIMIT: MessageId.OVER_PAYERS_TOTAL,
        ErrorCode.OVER_COUNT_LIMIT: MessageId.OVER_PAYERS_COUNT,
        ErrorCode.OVER_CEILING: MessageId.OVER_CEILING,
        ErrorCode.COUNTER_REUSED: MessageId.SPENT_BEFORE,
        ErrorCode.DOUBLE_SPEND: MessageId.SPENT_BEFORE,
        ErrorCode.CONTENT_CONFLICT: MessageId.SPENT_BEFORE,
        ErrorCode.REQUEST_NOT_OPEN: MessageId.NOT_WAITING,
        ErrorCode.ONLINE_ONLY: MessageId.NEEDS_NETWORK,
        ErrorCode.INSUFFICIENT_FUNDS: MessageId.NO_MONEY,
        ErrorCode.REVOKED: MessageId.BLOCKED,
        ErrorCode.TOKEN_CLOSED: MessageId.BLOCKED,
        ErrorCode.MERCHANT_BLOCKED: MessageId.SHOP_BLOCKED,
        ErrorCode.ALREADY_PAID: MessageId.ALREADY_PAID,
        ErrorCode.UNKNOWN_ACTIVATION_CODE: MessageId.BAD_ACTIVATION,
        ErrorCode.NOT_AUTHORIZED: MessageId.NOT_ALLOWED,
        ErrorCode.NETWORK_UNREACHABLE: MessageId.NO_NETWORK,
        ErrorCode.SWITCHED_OFF: MessageId.NETWORK_OFF,
        ErrorCode.NETWORK_TIMEOUT: MessageId.NO_ANSWER,
        ErrorCode.BAD_ANSWER: MessageId.NO_ANSWER,
        ErrorCode.SERVER_ERROR: MessageId.SERVER_TROUBLE,
        ErrorCode.SERVER_BUSY: MessageId.SERVER_TROUBLE,
        ErrorCode.TLS_FAILED: MessageId.SERVER_TROUBLE,
        ErrorCode.DEVICE_UNAVAILABLE: MessageId.NO_CAMERA,
        ErrorCode.DECODER_MISSING: MessageId.NO_CAMERA,
        ErrorCode.STORAGE_FAILED: MessageId.STORAGE,
        ErrorCode.STORAGE_CORRUPT: MessageId.STORAGE,
        ErrorCode.STORAGE_NEWER: MessageId.STORAGE,
        ErrorCode.WRONG_PIN: MessageId.WRONG_PIN,
        ErrorCode.LOCKED_OUT: MessageId.LOCKED_OUT,
        ErrorCode.ROLE_FORBIDS: MessageId.NEEDS_SUPERVISOR,
        ErrorCode.OVER_REFUNDABLE: MessageId.OVER_REFUND,
        ErrorCode.NOTHING_TO_CLOSE: MessageId.NOTHING_TO_CLOSE,
        ErrorCode.QUEUE_NOT_EMPTY: MessageId.UNSENT_FIRST,
    }
)

_OF_TERMINAL_LIMIT: Final = MappingProxyType(
    {
        "payment_max_minor": MessageId.OVER_PAYMENT,
        "stored_max_minor": MessageId.OVER_STORED,
        "stored_count_max": MessageId.OVER_COUNT,
        "stored_age_max_s": MessageId.OVER_AGE,
        "token_stored_max_minor": MessageId.OVER_TOKEN,
    }
)


#: What will not do, by the command's field.
_OF_ARGUMENT: Final = MappingProxyType(
    {
        "role": MessageId.OWNER_STAYS,
        "pin": MessageId.PIN_FORM,
        "name": MessageId.NAME_FORM,
        "queue": MessageId.TOO_MANY_CODES,
        "codes": MessageId.TWO_CODES,
    }
)


def words_for(code: ErrorCode, *, param: str | None = None) -> MessageId:
    """The message id for an error code. `param` says which limit, and whose certificate."""
    if code is ErrorCode.OVER_TERMINAL_LIMIT:
        return _OF_TERMINAL_LIMIT.get(param or "", MessageId.OTHER)
    if code is ErrorCode.BAD_ARGUMENT:
        return _OF_ARGUMENT.get(param or "", MessageId.BAD_ADDRESS)
    if code is ErrorCode.DEVICE_UNAVAILABLE and param in {"pdf", "font"}:
        return MessageId.NO_PDF
    if code is ErrorCode.STORAGE_FAILED and param == "file":
        return MessageId.NO_FILE
    if code is ErrorCode.REVOKED and param == "terminal_id":
        return MessageId.NOT_ALLOWED  # this very till; any other REVOKED is the customer's
    if code is ErrorCode.EXPIRED and param == "certificate":
        return MessageId.CERTIFICATE_OVER
    if ErrorCode.BAD_BASE45 <= code <= ErrorCode.BAD_PUBLIC_KEY and code is not ErrorCode.WRONG_MESSAGE_TYPE:
        return MessageId.NOT_GENUINE
    return _OF_CODE.get(code, MessageId.OTHER)
