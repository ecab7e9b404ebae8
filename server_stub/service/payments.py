"""Intents, captures and closures: verify, then decide in one commit; and how each side sees an outcome."""

from dataclasses import dataclass, replace
from typing import Final

import msgspec

from server_stub.committer import Command
from server_stub.service import events, risking, settling, telling
from server_stub.service.claims import (
    CLOSED,
    BrokenClaim,
    VerifiedClaim,
    claim_of_terminal,
    claim_of_wallet,
    name_keys_of_merchant,
)
from server_stub.service.devices import enrolled_terminal, terminal_of_key
from server_stub.service.operator import Operator
from server_stub.service.paying import SettlingRules
from server_stub.service.printed_claims import claim_of_printed_code, is_printed_code
from server_stub.service.receipts import closing_receipt_of, receipt_of, refusing_receipt_of
from server_stub.service.settling import Outcome, payment_of, settle
from server_stub.store.records import AnsweredRequest, ConsentMode, Payment, Terminal
from server_stub.store.table import Keys
from server_stub.store.tables.payments import ANSWERED_REQUESTS
from server_stub.store.writer import Writer
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, key_id_of, open_unverified, seal, verify
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import Digest, Envelope, MerchantId, RequestId
from wallet_sdk.protocol.messages import BatchReceipt, CaptureBatch, CloseRequest, PaymentRequest, Receipts
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import named_key_of, verify_from_device

Outcomes = tuple[Outcome, ...]

_NO_ERROR: Final = 0
_INTENT_BODY: Final = msgspec.json.Decoder(api.IntentBody)
#: How a JSON body begins; a signed message is an array of CBOR.
_JSON_OBJECT: Final = b"{"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentCommand(Command[Outcomes]):
    """A wallet's intent; a refusal that is not remembered is raised."""

    claim: VerifiedClaim
    merchant_id: MerchantId
    rules: SettlingRules

    def name_keys(self, keys: Keys) -> None:
        self.claim.name_keys(keys)
        name_keys_of_merchant(keys, self.merchant_id, [self.claim.request.message.currency.number])
        risking.name_keys(keys, self.rules.risk, self.claim, self.merchant_id)

    def apply(self, writer: Writer) -> Outcomes:
        outcome = settle(writer, self.claim, self.merchant_id, self.rules)
        if outcome.refusal is not None:
            raise outcome.refusal
        return (outcome,)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """What became of a batch: each claim's outcome, and the paid intents that its one receipt is to name."""

    terminal: Terminal
    outcomes: Outcomes
    paid_together: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureCommand(Command[BatchOutcome]):
    """A terminal's claims; each is answered by itself."""

    claims: tuple[VerifiedClaim | BrokenClaim, ...]
    terminal: Terminal
    rules: SettlingRules
    receipts: Receipts

    @property
    def weight(self) -> int:
        return len(self.claims)

    def name_keys(self, keys: Keys) -> None:
        merchant_id, currencies = self.terminal.merchant_id, set[int]()
        for claim in self.claims:
            if isinstance(claim, VerifiedClaim):
                claim.name_keys(keys)
                risking.name_keys(keys, self.rules.risk, claim, merchant_id)
                currencies.add(claim.request.message.currency.number)
        name_keys_of_merchant(keys, merchant_id, currencies)

    def apply(self, writer: Writer) -> BatchOutcome:
        outcomes = tuple(
            settling.broken(claim, self.terminal)
            if isinstance(claim, BrokenClaim)
            else settle(writer, claim, self.terminal.merchant_id, self.rules)
            for claim in self.claims
        )
        together = self._paid_together(outcomes) if self.receipts is Receipts.TOGETHER else ()
        return BatchOutcome(terminal=self.terminal, outcomes=outcomes, paid_together=together)

    def _paid_together(self, outcomes: Outcomes) -> tuple[Digest, ...]:
        """The offline intents that are paid, each by itself: a request that another payer has paid needs a receipt."""
        offline = {
            claim.consent.digest
            for claim in self.claims
            if isinstance(claim, VerifiedClaim) and claim.mode is ConsentMode.OFFLINE
        }
        paid = (
            one.consent_digest for one in outcomes if one.paid is not None and _is_own(one) and one.paid.state.is_paid
        )
        return tuple(dict.fromkeys(digest for digest in paid if digest in offline))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCommand(Command[Outcomes]):
    """A terminal's end of its own request: canceled for ever, unless it is paid."""

    sealed: Sealed[CloseRequest]
    asked: PaymentRequest | None
    terminal: Terminal
    at_s: int

    def name_keys(self, keys: Keys) -> None:
        keys.name(ANSWERED_REQUESTS, (self.sealed.message.request_id, self.terminal.terminal_id))

    def apply(self, writer: Writer) -> Outcomes:
        terminal_id, request_id = self.terminal.terminal_id, self.sealed.message.request_id
        answered = writer.find(ANSWERED_REQUESTS, (request_id, terminal_id))
        paid = payment_of(writer, answered)
        if paid is not None:
            return (Outcome(terminal_id=terminal_id, request_id=request_id, state=paid.state, paid=paid),)
        if answered is None:
            answered = AnsweredRequest(
                terminal_id=terminal_id,
                request_id=request_id,
                closing=self.sealed.envelope,
                closed_at_s=self.at_s,
                amount_minor=self.asked.amount_minor if self.asked else None,
                currency=self.asked.currency if self.asked else None,
            )
            writer.add(ANSWERED_REQUESTS, answered)
            told = telling.of_closing(request_id, self.terminal, number=writer.next_number(), at_s=self.at_s)
            events.write(writer, told)
        return (Outcome(terminal_id=terminal_id, request_id=request_id, state=CLOSED, closed=answered),)


def prepare_intent(operator: Operator, body: bytes) -> IntentCommand:
    """Verify what a wallet sends.

    Raises:
        TillcodeError: nothing was stored.
    """
    parts = _intent_body(body)
    intent, request = api.from_base64url(parts.intent), api.from_base64url(parts.request)
    try:
        claim = claim_of_wallet(operator, intent=intent, request=request)
    except MalformedMessageError:  # asked only then, because nearly every request is one of a terminal
        if not is_printed_code(request):
            raise
        printed = claim_of_printed_code(operator, intent=intent, code=request)
        return IntentCommand(claim=printed.claim, merchant_id=printed.merchant_id, rules=_rules(operator))
    certificate = operator.verifier.certificate(claim.request.embedded or Envelope(b""))
    terminal = terminal_of_key(operator, key_id_of(certificate.message.terminal_key))
    return IntentCommand(claim=claim, merchant_id=terminal.merchant_id, rules=_rules(operator))


def prepare_capture(operator: Operator, body: bytes) -> CaptureCommand:
    """Verify what a terminal claims.

    Raises:
        TillcodeError: the batch itself is not a known terminal's; nothing was stored.
    """
    sealed = open_unverified(body, CaptureBatch)
    terminal = terminal_of_key(operator, named_key_of(sealed))
    verify(sealed, terminal.public_key)
    batch, now_s = sealed.message, operator.now_s()
    claims = tuple(claim_of_terminal(operator, claim, terminal, now_s=now_s) for claim in batch.claims)
    return CaptureCommand(claims=claims, terminal=terminal, rules=_rules(operator), receipts=batch.receipts)


def prepare_closure(operator: Operator, body: bytes) -> CloseCommand:
    """Verify a terminal's closure, and the request that it closes when it is handed in too.

    Raises:
        TillcodeError: nothing was stored.
    """
    closing, request = body, b""
    if body.startswith(_JSON_OBJECT):
        parts = api.parse_json(body, api.ClosureBody)
        closing, request = api.from_base64url(parts.closing), api.from_base64url(parts.request)
    terminal = enrolled_terminal(operator, closing, CloseRequest)
    sealed = verify_from_device(closing, CloseRequest, device_key=terminal.public_key)
    asked = _request_of(operator, request, terminal, sealed.message) if request else None
    return CloseCommand(sealed=sealed, asked=asked, terminal=terminal, at_s=operator.now_s())


def seen_by_terminal(operator: Operator, outcome: Outcome) -> api.PaymentAnswer:
    """A terminal asks about its request: when it is paid at all, that is what it needs to know."""
    state = outcome.state if outcome.paid is None else outcome.paid.state
    answer = _answer(operator, outcome, state=state, paid=outcome.paid)
    if outcome.error_code is not ErrorCode.RISK_REFUSED and outcome.state is not State.REJECTED:
        return answer
    with operator.store.reading() as reader:  # its payer is not told which rule it was
        return replace(answer, reason=risking.reason_of(reader, outcome.consent_digest))


def seen_by_wallet(operator: Operator, outcome: Outcome) -> api.PaymentAnswer:
    """A wallet asks about its own consent; another payer's receipt is none of its business."""
    paid = outcome.paid
    if paid is None or not _is_own(outcome):
        return _answer(operator, outcome, state=outcome.state, paid=None)
    return _answer(operator, outcome, state=paid.state, paid=paid)


def capture_answer(operator: Operator, settled: BatchOutcome) -> api.CaptureAnswer:
    """The answer to a batch, claim by claim; with one receipt for many when the terminal has asked for it."""
    together = frozenset(settled.paid_together)
    return api.CaptureAnswer(
        outcomes=tuple(
            _paid_without_receipt(outcome, outcome.paid)
            if outcome.paid is not None and outcome.consent_digest in together
            else seen_by_terminal(operator, outcome)
            for outcome in settled.outcomes
        ),
        receipt=api.to_base64url(_batch_receipt(operator, settled)) if together else "",
    )


def amounts_of(command: object) -> list[tuple[RequestId, int]]:
    """What a command is about to pay: each request and its amount."""
    claims: tuple[object, ...] = ()
    if isinstance(command, IntentCommand):
        claims = (command.claim,)
    elif isinstance(command, CaptureCommand):
        claims = command.claims
    return [(one.request.message.request_id, one.amount_minor) for one in claims if isinstance(one, VerifiedClaim)]


def wake_keys(answers: list[object]) -> list[bytes]:
    """What long polls may wait for that these committed answers have changed."""
    several = (answer.outcomes if isinstance(answer, BatchOutcome) else answer for answer in answers)
    outcomes = [one for answer in several if isinstance(answer, tuple) for one in answer if isinstance(one, Outcome)]
    payments = [payment_key(one.terminal_id, one.request_id) for one in outcomes if one.refusal is None]
    return payments + [one.consent_digest for one in outcomes if one.consent_digest and one.refusal is None]


def payment_key(terminal_id: int, request_id: bytes) -> bytes:
    """Names one terminal's payment among everything that can be waited for; a consent is named by its digest."""
    return b"payment" + terminal_id.to_bytes(4, "big") + request_id


def _answer(operator: Operator, outcome: Outcome, *, state: State, paid: Payment | None) -> api.PaymentAnswer:
    code: ErrorCode | int = outcome.error_code or _NO_ERROR
    return api.PaymentAnswer(
        request_id=api.to_base64url(outcome.request_id),
        state=state.name,
        error_code=int(code),
        receipt=api.to_base64url(_receipt(operator, outcome, paid)),
        refunded_minor=0 if paid is None else paid.refunded_minor,
    )


def _intent_body(body: bytes) -> api.IntentBody:
    """As ``api.parse_json``, which says what is wrong when the quick reader takes offence."""
    try:
        return _INTENT_BODY.decode(body)
    except (msgspec.MsgspecError, UnicodeError):
        return api.parse_json(body, api.IntentBody)


def _is_own(outcome: Outcome) -> bool:
    """Whether what has paid the request is the outcome's own consent."""
    return outcome.paid is not None and outcome.paid.consent_digest == outcome.consent_digest


def _paid_without_receipt(outcome: Outcome, paid: Payment) -> api.PaymentAnswer:
    return api.PaymentAnswer(
        request_id=api.to_base64url(outcome.request_id), state=paid.state.name, refunded_minor=paid.refunded_minor
    )


def _batch_receipt(operator: Operator, settled: BatchOutcome) -> Envelope:
    receipt = BatchReceipt(terminal_id=settled.terminal.terminal_id, at_s=operator.now_s(), paid=settled.paid_together)
    return seal(receipt, operator.signers.receipt.at(receipt.at_s)).envelope


def _receipt(operator: Operator, outcome: Outcome, paid: Payment | None) -> Envelope:
    """The operator's signed word for this answer, as far as it is one for ever."""
    ring = operator.signers.receipt
    if paid is not None:
        return receipt_of(paid, ring)
    if outcome.refused is not None:
        return refusing_receipt_of(outcome.refused, ring)
    return Envelope(b"") if outcome.closed is None else closing_receipt_of(outcome.closed, ring)


def _request_of(operator: Operator, request: bytes, terminal: Terminal, closing: CloseRequest) -> PaymentRequest:
    """The request that a closure names, which its own terminal has signed."""
    sealed, _ = operator.verifier.request(request)
    verify(sealed, terminal.public_key)
    if sealed.message.request_id != closing.request_id:
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the closure is of another request", param="request_id")
    return sealed.message


def _rules(operator: Operator) -> SettlingRules:
    return SettlingRules(
        uncovered=operator.config.payments.uncovered,
        shortfall_max_minor=operator.config.terminals.token_stored_max_minor,
        losses=operator.config.losses,
        bundle=operator.trust.bundle.envelope,
        risk=operator.risk,
    )
