"""Who may sign what, and when. Keys come from here, never from the message that is being checked.

    root key (pinned) ─> trust bundle ─> operator keys, each with one role ─> terminal certificate ─> request, batch
                                                                          ─> payment token ─> intent, code
                                                                          ─> static code
                                                                          ─> receipt
                                                                          ─> denylist
Depth is fixed. Every ``verify_*`` takes the bytes and the time to check against, and returns the
verified message or raises; nothing returns a bool. A store that has taken denylists refuses what they revoke.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.denylist import (
    EMPTY,
    DenylistState,
    apply,
    check_certificate_not_denied,
    check_key_not_denied,
    check_token_not_denied,
)
from wallet_sdk.protocol.envelope import Sealed, key_id_of, open_unverified, peek_type, verify
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, KeyId, PublicKeyBytes
from wallet_sdk.protocol.messages import (
    BatchReceipt,
    CaptureBatch,
    CertificateRequest,
    CloseRequest,
    Denylist,
    Enrolment,
    HoldCapture,
    MessageType,
    OperatorKey,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    ReadRequest,
    Receipt,
    Refund,
    Role,
    StaticCode,
    TerminalCertificate,
    TokenClosing,
    TokenRequest,
    TrustBundle,
)
from wallet_sdk.protocol.quick import open_intent, open_request
from wallet_sdk.protocol.states import CLOSED_UNPAID, State

D = TypeVar(
    "D", CaptureBatch, Refund, TokenRequest, TokenClosing, CertificateRequest, ReadRequest, CloseRequest, HoldCapture
)
W = TypeVar("W", Receipt, BatchReceipt)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """The pinned root, the newest verified bundle, and what the operator has revoked since (see ``take_denylist``)."""

    root_key: PublicKeyBytes
    bundle: Sealed[TrustBundle]
    denied: DenylistState = EMPTY

    def operator_key(self, key_id: KeyId | None, *, role: Role) -> OperatorKey:
        """The operator key a message names.

        Raises:
            RuleViolationError: UNKNOWN_SIGNER, WRONG_ROLE when the key is known for something else, or REVOKED.
        """
        check_key_not_denied(key_id, self.denied, whose="operator's")
        named = [key for key in self.bundle.message.keys if key_id_of(key.public_key) == key_id]
        if not named:
            raise RuleViolationError(ErrorCode.UNKNOWN_SIGNER, "no operator key has this id", param="key_id")
        for key in named:
            if key.role is role:
                return key
        raise RuleViolationError(ErrorCode.WRONG_ROLE, f"the key may not sign as {role.name}", param="key_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRequest:
    """A payment request with the certificate that says whose it is."""

    request: Sealed[PaymentRequest]
    certificate: Sealed[TerminalCertificate]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIntent:
    """A payment intent with the token that bounds it."""

    intent: Sealed[PaymentIntent]
    token: Sealed[PaymentToken]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCode:
    """A customer-presented code with the token that bounds it."""

    code: Sealed[PaymentCode]
    token: Sealed[PaymentToken]


VerifiedConsent = VerifiedIntent | VerifiedCode


def verify_bundle(envelope: bytes, *, root_key: PublicKeyBytes, newest: TrustStore | None = None) -> TrustStore:
    """Verify a trust bundle against the pinned root.

    Raises:
        MalformedMessageError, RuleViolationError: TRUST_ROLLED_BACK for a lower version than ``newest``, or the
            same version with other content.

    What ``newest`` knows as revoked stays revoked under the new bundle.
    """
    sealed = open_unverified(envelope, TrustBundle)
    verify(sealed, root_key)
    if newest is not None:
        seen = newest.bundle
        older = sealed.message.version < seen.message.version
        other = sealed.message.version == seen.message.version and sealed.digest != seen.digest
        if older or other:
            raise RuleViolationError(
                ErrorCode.TRUST_ROLLED_BACK,
                f"version {sealed.message.version} after {seen.message.version}",
                param="version",
            )
    return TrustStore(root_key=root_key, bundle=sealed, denied=EMPTY if newest is None else newest.denied)


def verify_denylist(envelope: bytes, trust: TrustStore) -> Sealed[Denylist]:
    """Verify a denylist, at the time it says it was made: what it revokes stays revoked when its key has retired.

    Raises:
        MalformedMessageError: also FIELD_OUT_OF_RANGE for a delta that does not lead upwards.
        RuleViolationError: UNKNOWN_SIGNER, WRONG_ROLE, BAD_SIGNATURE, REVOKED, NOT_YET_VALID or EXPIRED.
    """
    sealed = open_unverified(envelope, Denylist)
    operator = trust.operator_key(sealed.key_id, role=Role.DENYLIST)
    verify(sealed, operator.public_key)
    if sealed.message.base >= sealed.message.number:
        raise MalformedMessageError(ErrorCode.FIELD_OUT_OF_RANGE, "a delta stands on a lower number", param="base")
    _check_operator_at(operator, at_s=sealed.message.made_at_s, what="denylist key")
    return sealed


def take_denylist(envelope: bytes, trust: TrustStore) -> TrustStore:
    """Verify a denylist and give back the store that refuses, in every ``verify_*``, what it revokes.

    Raises:
        MalformedMessageError, RuleViolationError: as ``verify_denylist`` and ``denylist.apply``.
    """
    return replace(trust, denied=apply(trust.denied, verify_denylist(envelope, trust)))


def verify_certificate(envelope: bytes, trust: TrustStore, *, at_s: int) -> Sealed[TerminalCertificate]:
    """Verify a terminal certificate at a time, in seconds since the epoch.

    Raises:
        MalformedMessageError, RuleViolationError: UNKNOWN_SIGNER, WRONG_ROLE, BAD_SIGNATURE, NOT_YET_VALID, EXPIRED,
            REVOKED.
    """
    sealed = open_unverified(envelope, TerminalCertificate)
    operator = trust.operator_key(sealed.key_id, role=Role.TERMINAL_CA)
    verify(sealed, operator.public_key)
    certificate = sealed.message
    _check_nested(
        operator, not_before_s=certificate.not_before_s, expires_at_s=certificate.expires_at_s, what="certificate"
    )
    _check_period(
        not_before_s=certificate.not_before_s, expires_at_s=certificate.expires_at_s, at_s=at_s, what="certificate"
    )
    check_certificate_not_denied(certificate, trust.denied)
    return sealed


def verify_static_code(envelope: bytes, trust: TrustStore, *, at_s: int) -> Sealed[StaticCode]:
    """Verify a merchant's printed code at a time, in seconds since the epoch.

    Raises:
        MalformedMessageError, RuleViolationError: as ``verify_certificate``.
    """
    sealed = open_unverified(envelope, StaticCode)
    operator = trust.operator_key(sealed.key_id, role=Role.TERMINAL_CA)
    verify(sealed, operator.public_key)
    code = sealed.message
    _check_nested(operator, not_before_s=code.not_before_s, expires_at_s=code.expires_at_s, what="static code")
    _check_period(not_before_s=code.not_before_s, expires_at_s=code.expires_at_s, at_s=at_s, what="static code")
    return sealed


def verify_token(envelope: bytes, trust: TrustStore, *, at_s: int) -> Sealed[PaymentToken]:
    """Verify a payment token at a time, in seconds since the epoch.

    Raises:
        MalformedMessageError, RuleViolationError: UNKNOWN_SIGNER, WRONG_ROLE, BAD_SIGNATURE, NOT_YET_VALID, EXPIRED,
            REVOKED.
    """
    sealed = open_unverified(envelope, PaymentToken)
    operator = trust.operator_key(sealed.key_id, role=Role.TOKEN_ISSUER)
    verify(sealed, operator.public_key)
    token = sealed.message
    _check_nested(operator, not_before_s=token.not_before_s, expires_at_s=token.expires_at_s, what="token")
    _check_period(not_before_s=token.not_before_s, expires_at_s=token.expires_at_s, at_s=at_s, what="token")
    check_token_not_denied(token, trust.denied)
    return sealed


def verify_request(envelope: bytes, trust: TrustStore, *, at_s: int) -> VerifiedRequest:
    """Verify a payment request and its embedded certificate; freshness is a rule and is checked in rules.py.

    Raises:
        MalformedMessageError, RuleViolationError.
    """
    sealed = open_request(envelope)
    certificate = verify_certificate(_embedded_of(sealed), trust, at_s=at_s)
    verify(sealed, certificate.message.terminal_key)
    if sealed.message.currency not in certificate.message.currencies:
        raise RuleViolationError(
            ErrorCode.CURRENCY_MISMATCH, "the certificate does not cover this currency", param="currency"
        )
    return VerifiedRequest(request=sealed, certificate=certificate)


def verify_intent(envelope: bytes, trust: TrustStore, *, at_s: int) -> VerifiedIntent:
    """Verify a payment intent and its embedded token.

    Raises:
        MalformedMessageError, RuleViolationError.
    """
    sealed = open_intent(envelope)
    token = verify_token(_embedded_of(sealed), trust, at_s=at_s)
    verify(sealed, token.message.device_key)
    return VerifiedIntent(intent=sealed, token=token)


def verify_code(envelope: bytes, trust: TrustStore, *, at_s: int) -> VerifiedCode:
    """Verify a customer-presented code and its embedded token.

    Raises:
        MalformedMessageError, RuleViolationError.
    """
    sealed = open_unverified(envelope, PaymentCode)
    token = verify_token(_embedded_of(sealed), trust, at_s=at_s)
    verify(sealed, token.message.device_key)
    return VerifiedCode(code=sealed, token=token)


def verify_consent(envelope: bytes, trust: TrustStore, *, at_s: int) -> VerifiedConsent:
    """Verify whichever of intent and code the envelope holds.

    Raises:
        MalformedMessageError: WRONG_MESSAGE_TYPE for any other message.
        RuleViolationError: as ``verify_intent``.
    """
    kind = peek_type(envelope, bytes_max=limits.MESSAGE_BYTES_MAX)
    if kind is MessageType.PAYMENT_INTENT:
        return verify_intent(envelope, trust, at_s=at_s)
    if kind is MessageType.PAYMENT_CODE:
        return verify_code(envelope, trust, at_s=at_s)
    raise MalformedMessageError(ErrorCode.WRONG_MESSAGE_TYPE, f"a {kind.name} is no consent", param="type")


def sealed_consent(verified: VerifiedConsent) -> Sealed[PaymentIntent] | Sealed[PaymentCode]:
    """The intent or code inside a verified consent."""
    return verified.intent if isinstance(verified, VerifiedIntent) else verified.code


def verify_receipt(
    envelope: bytes, trust: TrustStore, *, terminal_key: PublicKeyBytes | None = None
) -> Sealed[Receipt]:
    """Verify a receipt of the operator, or of the terminal whose key is given (accepted offline).

    A receipt is proof for ever, so its key's validity is checked at the receipt's own time. A terminal can only
    say that it accepted: its word that nothing was charged would be worth nothing while it holds the intent.
    Without a consent it can only say that a request was closed unpaid. Receipts of refunds are read by
    ``verify_refund_receipt`` alone, so that money back is never taken for money paid.

    Raises:
        MalformedMessageError: also MISSING_FIELD when a state that needs a consent names none.
        RuleViolationError: WRONG_ROLE for a terminal's receipt of any other state; WRONG_REQUEST for a refund's.
    """
    sealed = open_unverified(envelope, Receipt)
    if sealed.message.refund_id:
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the receipt is of a refund", param="refund_id")
    if not sealed.message.consent_digest and sealed.message.state not in CLOSED_UNPAID:
        raise MalformedMessageError(
            ErrorCode.MISSING_FIELD, f"a {sealed.message.state.name} payment has a consent", param="consent_digest"
        )
    if terminal_key is not None and sealed.key_id == key_id_of(terminal_key):
        verify(sealed, terminal_key)
        if sealed.message.state is not State.AUTHORIZED:
            raise RuleViolationError(
                ErrorCode.WRONG_ROLE, f"only the operator can say {sealed.message.state.name}", param="state"
            )
        check_key_not_denied(sealed.key_id, trust.denied, whose="terminal's")
        return sealed
    return _by_receipt_key(sealed, trust)


def verify_batch_receipt(envelope: bytes, trust: TrustStore) -> Sealed[BatchReceipt]:
    """Verify the operator's one receipt for the offline payments of a batch. Proof for ever, as any receipt.

    Raises:
        MalformedMessageError: not one.
        RuleViolationError: UNKNOWN_SIGNER, WRONG_ROLE, BAD_SIGNATURE, REVOKED, NOT_YET_VALID or EXPIRED.
    """
    return _by_receipt_key(open_unverified(envelope, BatchReceipt), trust)


def verify_refund_receipt(envelope: bytes, trust: TrustStore) -> Sealed[Receipt]:
    """Verify the operator's receipt of a refund; no terminal can say that money went back.

    Raises:
        MalformedMessageError: MISSING_FIELD when it is no receipt of a refund; BAD_ENVELOPE when it names a consent,
            which a refund needs none of.
        RuleViolationError: UNKNOWN_SIGNER, WRONG_ROLE, BAD_SIGNATURE, REVOKED, NOT_YET_VALID or EXPIRED.
    """
    sealed = open_unverified(envelope, Receipt)
    if not sealed.message.refund_id:
        raise MalformedMessageError(ErrorCode.MISSING_FIELD, "the receipt is of no refund", param="refund_id")
    if sealed.message.consent_digest:
        raise MalformedMessageError(ErrorCode.BAD_ENVELOPE, "a refund has no consent", param="consent_digest")
    return _by_receipt_key(sealed, trust)


def verify_from_device(envelope: bytes, expected: type[D], *, device_key: PublicKeyBytes) -> Sealed[D]:
    """Verify a message of an enrolled terminal or wallet with the key stored at its enrolment, or of a token's key.

    Raises:
        MalformedMessageError, RuleViolationError.
    """
    sealed = open_unverified(envelope, expected)
    verify(sealed, device_key)
    return sealed


def verify_enrolment(envelope: bytes) -> Sealed[Enrolment]:
    """Verify that an enrolment is signed by the key it brings; who may bring one is the activation code's matter.

    Raises:
        MalformedMessageError, RuleViolationError.
    """
    sealed = open_unverified(envelope, Enrolment)
    verify(sealed, sealed.message.public_key)
    return sealed


def device_named_by(envelope: bytes, expected: type[D]) -> KeyId:
    """The key id a device's message names, to look the device up by; nothing is verified by this.

    Raises:
        MalformedMessageError: BAD_ENVELOPE when it names none.
    """
    return named_key_of(open_unverified(envelope, expected))


def named_key_of(sealed: Sealed[D]) -> KeyId:
    """The key id that a device's message names, when it is open already; nothing is verified by this.

    Raises:
        MalformedMessageError: BAD_ENVELOPE when it names none.
    """
    if sealed.key_id is None:
        raise MalformedMessageError(ErrorCode.BAD_ENVELOPE, "the signer is not named", param="key_id")
    return sealed.key_id


def _embedded_of(sealed: Sealed[PaymentRequest] | Sealed[PaymentIntent] | Sealed[PaymentCode]) -> Envelope:
    if sealed.embedded is None:
        raise MalformedMessageError(ErrorCode.BAD_ENVELOPE, "the certificate or token is missing", param="unprotected")
    return sealed.embedded


def _by_receipt_key(sealed: Sealed[W], trust: TrustStore) -> Sealed[W]:
    operator = trust.operator_key(sealed.key_id, role=Role.RECEIPT)
    verify(sealed, operator.public_key)
    _check_operator_at(operator, at_s=sealed.message.at_s, what="receipt key")
    return sealed


def _check_operator_at(operator: OperatorKey, *, at_s: int, what: str) -> None:
    _check_period(not_before_s=operator.not_before_s, expires_at_s=operator.expires_at_s, at_s=at_s, what=what)


def _check_nested(operator: OperatorKey, *, not_before_s: int, expires_at_s: int, what: str) -> None:
    """What a key signs lives inside the key's own life."""
    if not_before_s < operator.not_before_s or expires_at_s > operator.expires_at_s:
        raise RuleViolationError(ErrorCode.EXPIRED, f"the {what} outlives the key that signed it", param="expires_at_s")


def _check_period(*, not_before_s: int, expires_at_s: int, at_s: int, what: str) -> None:
    if at_s < not_before_s - limits.CLOCK_SKEW_S_MAX:
        raise RuleViolationError(ErrorCode.NOT_YET_VALID, f"the {what} is not valid yet", param="not_before_s")
    if at_s >= expires_at_s:
        raise RuleViolationError(ErrorCode.EXPIRED, f"the {what} has expired", param="expires_at_s")
