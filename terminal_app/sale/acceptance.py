"""May this till alone accept this intent? The whole answer in one place, as pure checks of facts from the journal."""

from terminal_app.journal import Views
from wallet_sdk.protocol import rules
from wallet_sdk.protocol.envelope import Sealed, Signer, seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.evidence import contradiction_of
from wallet_sdk.protocol.ids import TerminalId
from wallet_sdk.protocol.messages import PaymentIntent, PaymentRequest, Receipt
from wallet_sdk.protocol.rules import OfflineFacts, OfflineLimits
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import VerifiedIntent


def offline_facts(views: Views, verified: VerifiedIntent, *, at_s: int) -> OfflineFacts:
    """What the journal knows that bears on this intent. `at_s` is the journal's own time, which never falls."""
    token_id = verified.token.message.token_id
    oldest_s = views.oldest_stored_s
    return OfflineFacts(
        stored_minor=views.stored_minor,
        stored_count=len(views.stored),
        stored_age_s=0 if oldest_s is None else max(0, at_s - oldest_s),
        token_stored_minor=views.token_stored_minor(token_id),
        token_intents=views.token_intents.get(token_id, ()),
    )


def check_offline_intent(verified: VerifiedIntent, *, limit: OfflineLimits, views: Views, at_s: int) -> None:
    """The token's limits, this till's limits, and honesty towards what this device signed here before.

    Raises:
        RuleViolationError: OVER_PAYMENT_LIMIT, OVER_TOKEN_LIMIT, OVER_COUNT_LIMIT, OVER_TERMINAL_LIMIT,
            COUNTER_REUSED, or DOUBLE_SPEND when the device's sum has fallen.
    """
    intent = verified.intent.message
    facts = offline_facts(views, verified, at_s=at_s)
    rules.check_token_allows(intent, verified.token.message)
    rules.check_terminal_allows(intent, limit=limit, facts=facts)
    _check_honest(intent, facts)


def offline_receipt(
    request: PaymentRequest, verified: VerifiedIntent, *, terminal_id: TerminalId, signer: Signer, at_s: int
) -> Sealed[Receipt]:
    """This till's signed word that it accepted the intent."""
    return seal(
        Receipt(
            terminal_id=terminal_id,
            request_id=request.request_id,
            consent_digest=verified.intent.digest,
            amount_minor=verified.intent.message.amount_minor,
            currency=request.currency,
            state=State.AUTHORIZED,
            at_s=at_s,
        ),
        signer,
    )


def _check_honest(intent: PaymentIntent, facts: OfflineFacts) -> None:
    if any(contradiction_of(seen, intent) is not None for seen in facts.token_intents):
        raise RuleViolationError(ErrorCode.DOUBLE_SPEND, "the device's sum has fallen", param="cumulative_minor")
