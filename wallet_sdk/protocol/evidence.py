"""Double-spend proofs: make one, verify one, with nothing but the two consents and the pinned root.

An honest wallet raises the counter before every signature, and its cumulative sum never falls. So two
consents of one token contradict each other when

* they carry the same counter and different content, or
* a later counter starts from a smaller sum than an earlier one had already reached.

If no pair contradicts, all offline intents of a token form one rising chain, and their sum is at most the
last cumulative sum, which the token bounds: every overspend leaves a proof.
"""

from dataclasses import dataclass
from enum import Enum

from wallet_sdk.protocol import codec
from wallet_sdk.protocol.envelope import open_unverified, peek_type
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import Counter, Envelope, PublicKeyBytes, TokenId
from wallet_sdk.protocol.messages import (
    FraudProof,
    MessageType,
    PaymentCode,
    PaymentIntent,
    PaymentToken,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import start_of_sum as start_of_sum  # noqa: PLC0414 (also public here)
from wallet_sdk.protocol.trust import VerifiedConsent, VerifiedIntent, sealed_consent, verify_bundle, verify_consent


class Contradiction(Enum):
    """In which way two consents cannot both be honest."""

    SAME_COUNTER = "same counter, different content"
    SUM_FELL = "a later counter starts from a smaller sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudFinding:
    """What a verified proof says. Amounts are minor units of ``currency``; for a code, its ceiling."""

    contradiction: Contradiction
    token_id: TokenId
    device_key: PublicKeyBytes
    currency: Currency
    counters: tuple[Counter, Counter]
    amounts_minor: tuple[int, int]


def contradiction_of(first: PaymentIntent | PaymentCode, second: PaymentIntent | PaymentCode) -> Contradiction | None:
    """How two different consents of one token contradict each other, if they do."""
    if first.counter == second.counter:
        return Contradiction.SAME_COUNTER
    if not (isinstance(first, PaymentIntent) and isinstance(second, PaymentIntent)):
        return None
    earlier, later = sorted((first, second), key=lambda intent: intent.counter)
    if start_of_sum(later) < earlier.cumulative_minor:
        return Contradiction.SUM_FELL
    return None


def make_fraud_proof(first: Envelope, second: Envelope, *, bundle: Envelope) -> bytes:
    """The portable proof: a canonical CBOR map of about a kilobyte, for a file.

    The caller has verified both; ``verify_fraud_proof`` is the check that counts.
    """
    low, high = sorted((first, second))
    return codec.encode(FraudProof(first=Envelope(low), second=Envelope(high), bundle=bundle))


def verify_fraud_proof(proof: bytes, *, root_key: PublicKeyBytes) -> FraudFinding:
    """Check a proof with nothing but the pinned root key.

    Raises:
        MalformedMessageError: not a proof, or not in its one encoding (nothing unknown, the two in bytewise order).
        RuleViolationError: a broken chain or signature, or NOT_A_DOUBLE_SPEND.
    """
    message = codec.decode(proof, FraudProof)
    # Nobody signs a proof, so what a signature would hold together is compared.
    if codec.encode(message) != proof or message.first > message.second:
        raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "the bytes are not the one encoding of this proof")
    trust = verify_bundle(message.bundle, root_key=root_key)
    first, second = (
        verify_consent(envelope, trust, at_s=_token_start_s(envelope)) for envelope in (message.first, message.second)
    )
    one, other = sealed_consent(first), sealed_consent(second)
    if first.token.digest != second.token.digest or one.digest == other.digest:
        raise RuleViolationError(ErrorCode.NOT_A_DOUBLE_SPEND, "not two different consents under one token")
    contradiction = contradiction_of(one.message, other.message)
    if contradiction is None:
        raise RuleViolationError(ErrorCode.NOT_A_DOUBLE_SPEND, "both consents can be honest")
    token = first.token.message
    return FraudFinding(
        contradiction=contradiction,
        token_id=token.token_id,
        device_key=token.device_key,
        currency=token.currency,
        counters=(one.message.counter, other.message.counter),
        amounts_minor=(_amount(first), _amount(second)),
    )


def _amount(consent: VerifiedConsent) -> int:
    if isinstance(consent, VerifiedIntent):
        return consent.intent.message.amount_minor
    return consent.code.message.ceiling_minor


def _token_start_s(envelope: Envelope) -> int:
    """The beginning of the embedded token's life: a proof does not age, so the chain is checked at that time."""
    kind = PaymentIntent if peek_type(envelope) is MessageType.PAYMENT_INTENT else PaymentCode
    embedded = open_unverified(envelope, kind).embedded
    return open_unverified(embedded or b"", PaymentToken).message.not_before_s
