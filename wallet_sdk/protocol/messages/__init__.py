"""Every message of the protocol as a frozen value. Bytes become these in codec.py and nowhere else.

All amounts are minor units of the message's currency; all times are whole seconds since the epoch
(UTC); durations carry their unit in the name. Key numbers and bounds stand in codec.py, the rules
that refuse a well-formed message in rules.py.
"""

from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol.messages.device import CertificateRequest, Enrolment, ReadRequest, TokenClosing, TokenRequest
from wallet_sdk.protocol.messages.kinds import (
    NO_DIGEST,
    NO_ENVELOPE,
    NO_ID,
    AuthorizationMode,
    Grade,
    Liability,
    MessageType,
    Receipts,
    Role,
)
from wallet_sdk.protocol.messages.operator import (
    BatchReceipt,
    Denylist,
    OperatorKey,
    PaymentToken,
    Receipt,
    StaticCode,
    TerminalCertificate,
    TrustBundle,
)
from wallet_sdk.protocol.messages.payment import (
    CaptureBatch,
    Claim,
    CloseRequest,
    FraudProof,
    HoldCapture,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    Refund,
)

__all__ = [
    "NO_DIGEST",
    "NO_ENVELOPE",
    "NO_ID",
    "TYPE_OF_MESSAGE",
    "AuthorizationMode",
    "BatchReceipt",
    "CaptureBatch",
    "CertificateRequest",
    "Claim",
    "CloseRequest",
    "Consent",
    "Denylist",
    "Enrolment",
    "FraudProof",
    "Grade",
    "HoldCapture",
    "Liability",
    "Message",
    "MessageType",
    "OperatorKey",
    "PaymentCode",
    "PaymentIntent",
    "PaymentRequest",
    "PaymentToken",
    "ReadRequest",
    "Receipt",
    "Receipts",
    "Refund",
    "Role",
    "StaticCode",
    "TerminalCertificate",
    "TokenClosing",
    "TokenRequest",
    "TrustBundle",
]

#: Which number each class has on the wire.
TYPE_OF_MESSAGE: Final = MappingProxyType(
    {
        TerminalCertificate: MessageType.TERMINAL_CERTIFICATE,
        PaymentRequest: MessageType.PAYMENT_REQUEST,
        PaymentToken: MessageType.PAYMENT_TOKEN,
        PaymentIntent: MessageType.PAYMENT_INTENT,
        PaymentCode: MessageType.PAYMENT_CODE,
        CaptureBatch: MessageType.CAPTURE_BATCH,
        Receipt: MessageType.RECEIPT,
        Refund: MessageType.REFUND,
        TrustBundle: MessageType.TRUST_BUNDLE,
        Denylist: MessageType.DENYLIST,
        FraudProof: MessageType.FRAUD_PROOF,
        StaticCode: MessageType.STATIC_CODE,
        Enrolment: MessageType.ENROLMENT,
        TokenRequest: MessageType.TOKEN_REQUEST,
        CertificateRequest: MessageType.CERTIFICATE_REQUEST,
        ReadRequest: MessageType.READ_REQUEST,
        CloseRequest: MessageType.CLOSE_REQUEST,
        TokenClosing: MessageType.TOKEN_CLOSING,
        HoldCapture: MessageType.HOLD_CAPTURE,
        BatchReceipt: MessageType.BATCH_RECEIPT,
    }
)

Message = (
    TerminalCertificate
    | PaymentRequest
    | PaymentToken
    | PaymentIntent
    | PaymentCode
    | CaptureBatch
    | Receipt
    | Refund
    | TrustBundle
    | Denylist
    | FraudProof
    | StaticCode
    | Enrolment
    | TokenRequest
    | CertificateRequest
    | ReadRequest
    | CloseRequest
    | BatchReceipt
    | TokenClosing
    | HoldCapture
)
Consent = PaymentIntent | PaymentCode
