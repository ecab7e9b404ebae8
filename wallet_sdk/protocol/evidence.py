"""Double-spend proofs: make one, verify one, with nothing but two messages of the device and the pinned root.

An honest wallet raises the counter before every signature, and its cumulative sum never falls. So two
consents of one token contradict each other when

* they carry the same counter and different content, or
* a later counter starts from a smaller sum than an earlier one had already reached.

And a consent contradicts the TokenClosing of its token, which is signed by the same key, when

* the consent's sum is higher than the sum at which the device closed the token.

This last one holds a wallet to a promise: once a closing has left the device, the token is never spent offline
again, also when the answer was a refusal or never came (a later request hands in the same closing).

If no pair contradicts, all offline intents of a token form one rising chain, and their sum is at most the
last cumulative sum, which the token bounds: every overspend leaves a proof.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from wallet_sdk.protocol import codec, limits
from wallet_sdk.protocol.envelope import Sealed, open_unverified, peek_type
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import Counter, Envelope, PublicKeyBytes, TokenId
from wallet_sdk.protocol.messages import (
    FraudProof,
    MessageType,
    PaymentCode,
    PaymentIntent,
    PaymentToken,
    Role,
    TokenClosing,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import start_of_sum as start_of_sum  # noqa: PLC0414 (also public here)
from wallet_sdk.protocol.trust import (
    TrustStore,
    VerifiedConsent,
    VerifiedIntent,
    sealed_consent,
    verify_bundle,
    verify_consent,
    verify_from_device,
)

#: What a finding has in place of a counter for the closing of a token: no signature under a token has it.
CLOSING_COUNTER: Final = Counter(0)


class Contradiction(Enum):
    """In which way two messages of one device cannot both be honest."""

    SAME_COUNTER = "same counter, different content"
    SUM_FELL = "a later counter starts from a smaller sum"
    UNDERSTATED_CLOSING = "the token was closed at a smaller sum than was signed under it"


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudFinding:
    """What a verified proof says, in the sequence of its halves.

    Amounts are minor units of ``currency``: of an intent its amount, of a code its ceiling, of a closing the sum it
    states; a closing has CLOSING_COUNTER.
    """

    contradiction: Contradiction
    token_id: TokenId
    device_key: PublicKeyBytes
    currency: Currency
    counters: tuple[Counter, Counter]
    amounts_minor: tuple[int, int]


_Half = VerifiedConsent | Sealed[TokenClosing]


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


def closing_contradiction_of(
    consent: PaymentIntent | PaymentCode, closing: TokenClosing, *, token_id: TokenId
) -> Contradiction | None:
    """How a consent under the token ``token_id`` contradicts a closing of the same device, if it does."""
    if closing.token_id != token_id or not isinstance(consent, PaymentIntent):
        return None
    return Contradiction.UNDERSTATED_CLOSING if consent.cumulative_minor > closing.spent_minor else None


def make_fraud_proof(first: Envelope, second: Envelope, *, bundle: Envelope) -> bytes:
    """The portable proof: a canonical CBOR map of about a kilobyte, for a file.

    The caller has verified both; ``verify_fraud_proof`` is the check that counts.
    """
    low, high = sorted((first, second))
    return codec.encode(FraudProof(first=Envelope(low), second=Envelope(high), bundle=bundle))


def verify_fraud_proof(proof: bytes, *, root_key: PublicKeyBytes, newest: TrustStore | None = None) -> FraudFinding:
    """Check a proof with nothing but the pinned root key; or with ``newest`` too, before acting on it.

    A proof brings the bundle of its time, and a token issuer's key that was stolen and withdrawn since could make a
    token and both halves. With ``newest`` the key that issued the token must still be a live, unrevoked one.

    Raises:
        MalformedMessageError: not a proof, or not in its one encoding (nothing unknown, the two in bytewise order).
        RuleViolationError: a broken chain or signature, NOT_A_DOUBLE_SPEND; with ``newest`` also UNKNOWN_SIGNER,
            WRONG_ROLE or REVOKED.
    """
    message = codec.decode(proof, FraudProof)
    # Nobody signs a proof, so what a signature would hold together is compared.
    if codec.encode(message) != proof or message.first > message.second:
        raise MalformedMessageError(ErrorCode.NOT_CANONICAL, "the bytes are not the one encoding of this proof")
    trust = verify_bundle(message.bundle, root_key=root_key)
    token = _token_of(message, trust)
    if newest is not None:
        newest.operator_key(token.key_id, role=Role.TOKEN_ISSUER)
    first, second = (_verify_half(envelope, token, trust) for envelope in (message.first, message.second))
    contradiction = _judge(first, second, token_id=token.message.token_id)
    if contradiction is None:
        raise RuleViolationError(ErrorCode.NOT_A_DOUBLE_SPEND, "both messages can be honest")
    return FraudFinding(
        contradiction=contradiction,
        token_id=token.message.token_id,
        device_key=token.message.device_key,
        currency=token.message.currency,
        counters=(_counter(first), _counter(second)),
        amounts_minor=(_amount(first), _amount(second)),
    )


def _token_of(proof: FraudProof, trust: TrustStore) -> Sealed[PaymentToken]:
    """The verified token of whichever half embeds one."""
    for envelope in (proof.first, proof.second):
        if not _is_closing(envelope):
            return verify_consent(envelope, trust, at_s=_token_start_s(envelope)).token
    raise RuleViolationError(ErrorCode.NOT_A_DOUBLE_SPEND, "two closings spend nothing")


def _verify_half(envelope: Envelope, token: Sealed[PaymentToken], trust: TrustStore) -> _Half:
    """A consent under the token, or a message of the device that holds it."""
    if _is_closing(envelope):
        return verify_from_device(envelope, TokenClosing, device_key=token.message.device_key)
    consent = verify_consent(envelope, trust, at_s=token.message.not_before_s)
    if consent.token.digest != token.digest:
        raise RuleViolationError(ErrorCode.NOT_A_DOUBLE_SPEND, "the two are not under one token")
    return consent


def _judge(first: _Half, second: _Half, *, token_id: TokenId) -> Contradiction | None:
    if isinstance(first, Sealed):
        first, second = second, first
    assert not isinstance(first, Sealed), "one half embeds the token"
    one = sealed_consent(first)
    if isinstance(second, Sealed):
        return closing_contradiction_of(one.message, second.message, token_id=token_id)
    other = sealed_consent(second)
    return None if one.digest == other.digest else contradiction_of(one.message, other.message)


def _counter(half: _Half) -> Counter:
    return CLOSING_COUNTER if isinstance(half, Sealed) else sealed_consent(half).message.counter


def _amount(half: _Half) -> int:
    if isinstance(half, Sealed):
        return half.message.spent_minor
    if isinstance(half, VerifiedIntent):
        return half.intent.message.amount_minor
    return half.code.message.ceiling_minor


def _is_closing(envelope: Envelope) -> bool:
    return peek_type(envelope, bytes_max=limits.MESSAGE_BYTES_MAX) is MessageType.TOKEN_CLOSING


def _token_start_s(envelope: Envelope) -> int:
    """The beginning of the embedded token's life: a proof does not age, so the chain is checked at that time."""
    kind = PaymentIntent if peek_type(envelope) is MessageType.PAYMENT_INTENT else PaymentCode
    embedded = open_unverified(envelope, kind).embedded
    return open_unverified(embedded or b"", PaymentToken).message.not_before_s
