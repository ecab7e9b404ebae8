"""Intents, captures and closures: verify, then decide in one commit; and how each side sees an outcome."""

from dataclasses import dataclass
from typing import Final

from server_stub.committer import Command
from server_stub.service import settling
from server_stub.service.claims import (
    CLOSED,
    BrokenClaim,
    VerifiedClaim,
    claim_of_terminal,
    claim_of_wallet,
)
from server_stub.service.devices import enrolled_terminal, terminal_of_key
from server_stub.service.operator import Operator
from server_stub.service.receipts import receipt_of
from server_stub.service.settling import Outcome, SettlingRules, payment_of, settle
from server_stub.store.records import AnsweredRequest, Payment, Terminal
from server_stub.store.table import Keys
from server_stub.store.tables.payments import ANSWERED_REQUESTS
from server_stub.store.writer import Writer
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, key_id_of
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope, MerchantId
from wallet_sdk.protocol.messages import CaptureBatch, CloseRequest
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_from_device

Outcomes = tuple[Outcome, ...]

_NO_ERROR: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentCommand(Command[Outcomes]):
    """A wallet's intent; a refusal that is not remembered is raised."""

    claim: VerifiedClaim
    merchant_id: MerchantId
    rules: SettlingRules

    def name_keys(self, keys: Keys) -> None:
        self.claim.name_keys(keys, self.merchant_id)

    def apply(self, writer: Writer) -> Outcomes:
        outcome = settle(writer, self.claim, self.merchant_id, self.rules)
        if outcome.refusal is not None:
            raise outcome.refusal
        return (outcome,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureCommand(Command[Outcomes]):
    """A terminal's claims; each is answered by itself."""

    claims: tuple[VerifiedClaim | BrokenClaim, ...]
    terminal: Terminal
    rules: SettlingRules

    @property
    def weight(self) -> int:
        return len(self.claims)

    def name_keys(self, keys: Keys) -> None:
        for claim in self.claims:
            if isinstance(claim, VerifiedClaim):
                claim.name_keys(keys, self.terminal.merchant_id)

    def apply(self, writer: Writer) -> Outcomes:
        return tuple(
            settling.broken(claim, self.terminal)
            if isinstance(claim, BrokenClaim)
            else settle(writer, claim, self.terminal.merchant_id, self.rules)
            for claim in self.claims
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCommand(Command[Outcomes]):
    """A terminal's end of its own request: canceled for ever, unless it is paid."""

    sealed: Sealed[CloseRequest]
    terminal: Terminal
    at_s: int

    def apply(self, writer: Writer) -> Outcomes:
        terminal_id, request_id = self.terminal.terminal_id, self.sealed.message.request_id
        answered = writer.find(ANSWERED_REQUESTS, (request_id, terminal_id))
        paid = payment_of(writer, answered)
        if paid is not None:
            return (Outcome(terminal_id=terminal_id, request_id=request_id, state=paid.state, paid=paid),)
        if answered is None:
            closed = AnsweredRequest(
                terminal_id=terminal_id,
                request_id=request_id,
                closing=self.sealed.envelope,
                closed_at_s=self.at_s,
            )
            writer.add(ANSWERED_REQUESTS, closed)
        return (Outcome(terminal_id=terminal_id, request_id=request_id, state=CLOSED),)


def prepare_intent(operator: Operator, body: bytes) -> IntentCommand:
    """Verify what a wallet sends.

    Raises:
        TillcodeError: nothing was stored.
    """
    parts = api.parse_json(body, api.IntentBody)
    claim = claim_of_wallet(
        operator, intent=api.from_base64url(parts.intent), request=api.from_base64url(parts.request)
    )
    certificate = operator.verifier.certificate(claim.request.embedded or Envelope(b""))
    terminal = terminal_of_key(operator, key_id_of(certificate.message.terminal_key))
    return IntentCommand(claim=claim, merchant_id=terminal.merchant_id, rules=_rules(operator))


def prepare_capture(operator: Operator, body: bytes) -> CaptureCommand:
    """Verify what a terminal claims.

    Raises:
        TillcodeError: the batch itself is not a known terminal's; nothing was stored.
    """
    terminal = enrolled_terminal(operator, body, CaptureBatch)
    batch = verify_from_device(body, CaptureBatch, device_key=terminal.public_key).message
    claims = tuple(claim_of_terminal(operator, claim, terminal) for claim in batch.claims)
    return CaptureCommand(claims=claims, terminal=terminal, rules=_rules(operator))


def prepare_closure(operator: Operator, body: bytes) -> CloseCommand:
    """Verify a terminal's closure.

    Raises:
        TillcodeError: nothing was stored.
    """
    terminal = enrolled_terminal(operator, body, CloseRequest)
    sealed = verify_from_device(body, CloseRequest, device_key=terminal.public_key)
    return CloseCommand(sealed=sealed, terminal=terminal, at_s=operator.now_s())


def seen_by_terminal(operator: Operator, outcome: Outcome) -> api.PaymentAnswer:
    """A terminal asks about its request: when it is paid at all, that is what it needs to know."""
    state = outcome.state if outcome.paid is None else outcome.paid.state
    return _answer(operator, outcome, state=state, paid=outcome.paid)


def seen_by_wallet(operator: Operator, outcome: Outcome) -> api.PaymentAnswer:
    """A wallet asks about its own consent; another payer's receipt is none of its business."""
    own = outcome.paid is not None and outcome.paid.wallet_id == outcome.wallet_id
    return _answer(operator, outcome, state=outcome.state, paid=outcome.paid if own else None)


def capture_answer(operator: Operator, outcomes: Outcomes) -> api.CaptureAnswer:
    """The answer to a batch, claim by claim."""
    return api.CaptureAnswer(outcomes=tuple(seen_by_terminal(operator, outcome) for outcome in outcomes))


def wake_keys(answers: list[object]) -> list[bytes]:
    """What long polls may wait for that these committed answers have changed."""
    outcomes = [one for answer in answers if isinstance(answer, tuple) for one in answer if isinstance(one, Outcome)]
    payments = [payment_key(one.terminal_id, one.request_id) for one in outcomes if one.refusal is None]
    return payments + [one.consent_digest for one in outcomes if one.consent_digest and one.refusal is None]


def payment_key(terminal_id: int, request_id: bytes) -> bytes:
    """Names one terminal's payment among everything that can be waited for; a consent is named by its digest."""
    return b"payment" + terminal_id.to_bytes(4, "big") + request_id


def _answer(operator: Operator, outcome: Outcome, *, state: State, paid: Payment | None) -> api.PaymentAnswer:
    receipt = b"" if paid is None else receipt_of(paid, operator.signers.receipt)
    code: ErrorCode | int = outcome.error_code or _NO_ERROR
    return api.PaymentAnswer(
        request_id=api.to_base64url(outcome.request_id),
        state=state.name,
        error_code=int(code),
        receipt=api.to_base64url(receipt),
    )


def _rules(operator: Operator) -> SettlingRules:
    return SettlingRules(
        uncovered=operator.config.payments.uncovered,
        shortfall_max_minor=operator.config.terminals.token_stored_max_minor,
        bundle=operator.trust.bundle.envelope,
    )
