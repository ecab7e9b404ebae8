"""Double spends, found by comparing a consent with its neighbours under the same token."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from server_stub.service.claims import VerifiedClaim
from server_stub.service.denylist import deny_token, issued_at_s, revoke_wallet
from server_stub.store.records import ConsentMode, FraudCase, SpentCounter, Token, TokenStanding
from server_stub.store.tables.parties import WALLETS
from server_stub.store.tables.payments import CONSENTS, FRAUD_CASES, TOKENS
from server_stub.store.writer import Writer
from wallet_sdk.protocol.envelope import open_unverified, peek_type
from wallet_sdk.protocol.evidence import Contradiction, contradiction_of, make_fraud_proof
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import MessageType, PaymentCode, PaymentIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Why a claim cannot be honest, and the proof that anyone can check with the root key."""

    reason: str
    proof: bytes = field(repr=False)


def suspicion_of(
    writer: Writer, claim: VerifiedClaim, token: Token, around: Sequence[SpentCounter], *, bundle: Envelope
) -> Suspicion | None:
    """How a claim contradicts its neighbours ``around`` it under its token, None when it does not."""
    for spent in around:
        if _contradicts(claim, spent):
            return _proved(writer, claim, spent, bundle=bundle)
    closed_at_minor = token.spent_minor
    if claim.mode is not ConsentMode.CODE and closed_at_minor is not None and claim.cumulative_minor > closed_at_minor:
        assert token.closing is not None, "a token has a closing sum from its closing"
        proof = make_fraud_proof(token.closing, claim.consent.envelope, bundle=bundle)
        return Suspicion(reason=Contradiction.UNDERSTATED_CLOSING.value, proof=proof)
    return None


def open_case(writer: Writer, claim: VerifiedClaim, token: Token, suspicion: Suspicion) -> FraudCase:
    """Store the case, close the token and block the wallet, unless the token is of a phone that it had lost before."""
    wallet = writer.find(WALLETS, token.wallet_id)
    assert wallet is not None, "wallets are never deleted"
    is_of_lost_device = issued_at_s(token) < wallet.enrolled_at_s
    case = FraudCase(
        number=writer.next_number(),
        reason=suspicion.reason,
        wallet_id=token.wallet_id,
        token_id=token.token_id,
        consent_digest=claim.consent.digest,
        at_s=claim.at_s,
        proof=suspicion.proof,
        is_of_lost_device=is_of_lost_device,
    )
    writer.add(FRAUD_CASES, case)
    writer.change(TOKENS, replace(token, standing=TokenStanding.CLOSED_FOR_FRAUD))
    if is_of_lost_device:
        deny_token(writer, token, reason=suspicion.reason, at_s=claim.at_s)
    else:
        revoke_wallet(writer, wallet, reason=suspicion.reason, at_s=claim.at_s)
    return case


def _contradicts(claim: VerifiedClaim, spent: SpentCounter) -> bool:
    counter = claim.consent.message.counter
    if spent.counter == counter:
        return True
    if claim.mode is ConsentMode.CODE:
        return False
    if spent.counter < counter:
        return claim.start_minor < spent.cumulative_minor
    return spent.start_minor < claim.cumulative_minor


def _proved(writer: Writer, claim: VerifiedClaim, spent: SpentCounter, *, bundle: Envelope) -> Suspicion:
    other = writer.find(CONSENTS, spent.consent_number)
    assert other is not None, "a spent counter has its consent"
    contradiction = contradiction_of(_read(other.envelope), claim.consent.message)
    assert contradiction is not None, "the numbers of a spent counter are those of its consent"
    return Suspicion(
        reason=contradiction.value,
        proof=make_fraud_proof(other.envelope, claim.consent.envelope, bundle=bundle),
    )


def _read(envelope: Envelope) -> PaymentIntent | PaymentCode:
    """A consent that was verified before it was stored."""
    if peek_type(envelope) is MessageType.PAYMENT_CODE:
        return open_unverified(envelope, PaymentCode).message
    return open_unverified(envelope, PaymentIntent).message
