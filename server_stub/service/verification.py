"""Signatures, with what was verified before remembered: one certificate and one token serve many payments.

Only the chain above a message is remembered, in bounded caches keyed by its exact bytes; a message's own
signature is verified every time. Validity in time is not part of what is remembered; ``check_valid_at`` is.
"""

from functools import lru_cache
from typing import Final

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.envelope import Sealed, open_unverified, verify
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import (
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    StaticCode,
    TerminalCertificate,
)
from wallet_sdk.protocol.quick import open_intent, open_request
from wallet_sdk.protocol.trust import TrustStore, verify_certificate, verify_token

#: About 400 bytes each with its message: a few megabytes at most.
_REMEMBERED_MAX: Final = 8192

SealedConsent = Sealed[PaymentIntent] | Sealed[PaymentCode]


class Verifier:
    """Verifies against one trust store; may be used from any thread."""

    __slots__ = ("certificate", "token")

    def __init__(self, trust: TrustStore) -> None:
        @lru_cache(maxsize=_REMEMBERED_MAX)
        def certificate(envelope: Envelope) -> Sealed[TerminalCertificate]:
            start_s = open_unverified(envelope, TerminalCertificate).message.not_before_s
            return verify_certificate(envelope, trust, at_s=start_s)

        @lru_cache(maxsize=_REMEMBERED_MAX)
        def token(envelope: Envelope) -> Sealed[PaymentToken]:
            start_s = open_unverified(envelope, PaymentToken).message.not_before_s
            return verify_token(envelope, trust, at_s=start_s)

        self.certificate = certificate
        self.token = token

    def open_request(self, envelope: bytes) -> tuple[Sealed[PaymentRequest], Sealed[TerminalCertificate]]:
        """A request that somebody else vouches for, with its verified certificate; its own signature is not checked.

        Raises:
            MalformedMessageError, RuleViolationError: as ``trust.verify_request``, times apart.
        """
        sealed = open_request(envelope)
        certificate = self.certificate(_embedded_of(sealed.embedded))
        if sealed.message.currency not in certificate.message.currencies:
            raise RuleViolationError(
                ErrorCode.CURRENCY_MISMATCH, "the certificate does not cover this currency", param="currency"
            )
        return sealed, certificate

    def request(self, envelope: bytes) -> tuple[Sealed[PaymentRequest], Sealed[TerminalCertificate]]:
        """A request with its verified certificate, its own signature checked as well.

        Raises:
            MalformedMessageError, RuleViolationError: as ``trust.verify_request``, times apart.
        """
        sealed, certificate = self.open_request(envelope)
        verify(sealed, certificate.message.terminal_key)
        return sealed, certificate

    def intent(self, envelope: bytes) -> tuple[Sealed[PaymentIntent], Sealed[PaymentToken]]:
        """An intent with its verified token.

        Raises:
            MalformedMessageError, RuleViolationError: as ``trust.verify_intent``, times apart.
        """
        sealed = open_intent(envelope)
        token = self.token(_embedded_of(sealed.embedded))
        verify(sealed, token.message.device_key)
        return sealed, token

    def consent(self, envelope: bytes) -> tuple[SealedConsent, Sealed[PaymentToken]]:
        """An intent or a code with its verified token.

        Raises:
            MalformedMessageError: WRONG_MESSAGE_TYPE for any other message.
            RuleViolationError: as ``trust.verify_consent``, times apart.
        """
        try:
            return self.intent(envelope)  # nearly every consent is one, so asking for the type first would cost more
        except MalformedMessageError as error:
            if error.code is not ErrorCode.WRONG_MESSAGE_TYPE:
                raise
        sealed = open_unverified(envelope, PaymentCode)
        token = self.token(_embedded_of(sealed.embedded))
        verify(sealed, token.message.device_key)
        return sealed, token


def check_valid_at(message: TerminalCertificate | PaymentToken | StaticCode, *, at_s: int) -> None:
    """Validity of a certificate or token at a time, in seconds since the epoch.

    Raises:
        RuleViolationError: NOT_YET_VALID or EXPIRED.
    """
    if at_s < message.not_before_s - limits.CLOCK_SKEW_S_MAX:
        raise RuleViolationError(ErrorCode.NOT_YET_VALID, "not valid yet", param="not_before_s")
    if at_s >= message.expires_at_s:
        raise RuleViolationError(ErrorCode.EXPIRED, "certificate or token has expired", param="expires_at_s")


def check_made_recently(made_at_s: int, *, at_s: int) -> None:
    """A signed read or ask is only good for a short while.

    Raises:
        RuleViolationError: NOT_YET_VALID or EXPIRED.
    """
    if made_at_s > at_s + limits.READ_AGE_S_MAX:
        raise RuleViolationError(ErrorCode.NOT_YET_VALID, "made in the future", param="made_at_s")
    if made_at_s < at_s - limits.READ_AGE_S_MAX:
        raise RuleViolationError(ErrorCode.EXPIRED, "made too long ago", param="made_at_s")


def _embedded_of(embedded: Envelope | None) -> Envelope:
    if embedded is None:
        raise MalformedMessageError(ErrorCode.BAD_ENVELOPE, "the certificate or token is missing", param="unprotected")
    return embedded
