"""Consents: signed on a reserved counter, stored before anybody sees them, and resolved by proof.

    reserve counter (durable) ─> sign ─> store consent (durable) ─> send or show ─> receipt ─> store outcome (durable)

A crash after any arrow loses at most a counter, never a payment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from wallet_sdk.log import tell
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import Sealed, key_id_of, open_unverified
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MoneyOutcome,
    RuleViolationError,
    TillcodeError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import (
    PaymentRequest,
    Receipt,
    TerminalCertificate,
)
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_receipt
from wallet_sdk.store import (
    NO_RECEIPT,
    NO_TERMINAL,
    AskRecord,
    ConsentKind,
    ConsentRecord,
    Outcome,
)
from wallet_sdk.wallet.parts import Parts, refresh_trust

#: The issuer refuses online consents a minute after their end. So much later, by any forgiven clock, one that it
#: has not heard of can no longer be charged.
FORGOTTEN_AFTER_S: Final = 2 * limits.CLOCK_SKEW_S_MAX
_UNPAID: Final = frozenset({State.DECLINED, State.CANCELED, State.EXPIRED, State.VOIDED, State.REJECTED})
_REFUSALS: Final = frozenset(int(code) for code in ErrorCode if code < UnavailableError.first_code)

assert FORGOTTEN_AFTER_S > limits.CLOCK_SKEW_S_MAX + limits.REQUEST_LIFETIME_S_MAX


async def send_intent(parts: Parts, record: ConsentRecord) -> ConsentRecord:
    """Send a stored online intent; after any doubt, ask. The same bytes may be sent any number of times.

    Returns:
        The record SETTLED, HELD, DECLINED with the issuer's proof of it, or UNKNOWN.

    Raises:
        UnavailableError: outcome not_charged: this call sent nothing; outcome unknown: the store failed after it did.
    """
    assert record.ask is not None, "an intent answers a request"
    body = api.IntentBody(intent=api.to_base64url(record.envelope), request=api.to_base64url(record.ask.envelope))
    answer: api.PaymentAnswer | None = None
    refusal: ErrorCode | None = None
    try:
        answer = await parts.calls().post_json(api.PATH_INTENTS, body, api.PaymentAnswer)
    except UnavailableError as error:
        if error.outcome is MoneyOutcome.NOT_CHARGED:
            raise
    except TillcodeError as error:
        refusal = error.code
    with _bytes_have_left():
        after = record if answer is None else await _learn_quietly(parts, record, answer)
        if refusal is not None:
            after = _note_refusal(parts, record, int(refusal))
        return after if after.outcome is not Outcome.UNKNOWN else await _ask_quietly(parts, after)


async def ask(parts: Parts, record: ConsentRecord, *, wait_s: int = 0) -> ConsentRecord:
    """Ask the issuer what became of a consent, and store the answer.

    Raises:
        UnavailableError: the issuer could not be asked, or its answer proves nothing; nothing is changed.
    """
    answer = await _fetch(parts, record, wait_s=wait_s)
    return _write_off_if_late(parts, record) if answer is None else await learn(parts, record, answer)


async def learn(parts: Parts, record: ConsentRecord, answer: api.PaymentAnswer) -> ConsentRecord:
    """Store what an answer proves. Paid and refused both need the issuer's receipt: who is told "declined" pays again
    another way, and anybody on the way can say it. A refusal without one is noted, and asked about again.

    Raises:
        UnavailableError: BAD_ANSWER (outcome unknown) when state or receipt do not hold.
    """
    try:
        state = State[answer.state]
        receipt = Envelope(api.from_base64url(answer.receipt))
    except (KeyError, MalformedMessageError) as error:
        raise _bad_answer("no state or receipt of this protocol") from error
    if answer.error_code == ErrorCode.UNKNOWN_PAYMENT:
        return _write_off_if_late(parts, record)
    if answer.error_code or state in _UNPAID:
        return await _learn_refusal(parts, record, answer.error_code or int(ErrorCode.REQUEST_NOT_OPEN), receipt)
    if not state.is_paid:
        return record
    try:
        sealed = await _verify_issuer_receipt(parts, receipt)
        check_receipt_fits(sealed.message, record)
    except TillcodeError as error:
        raise _bad_answer(f"the receipt does not hold: {error}") from error
    if not sealed.message.state.is_paid:
        raise _bad_answer("state and receipt disagree")
    return _record(parts, record, _paid_outcome(record, sealed.message), receipt=sealed.envelope)


def learn_receipt(parts: Parts, envelope: Envelope) -> ConsentRecord:
    """Verify a scanned receipt, of the issuer or of the very terminal that asked, and store it.

    Raises:
        MalformedMessageError: not a receipt.
        RuleViolationError: UNKNOWN_PAYMENT when it is for no consent of this wallet; a signature that does not hold;
            WRONG_ROLE when a terminal speaks about an online payment; BAD_TRANSITION.
    """
    scanned = open_unverified(envelope, Receipt).message
    record = parts.store.consent(scanned.consent_digest)
    if record is None:
        raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "no payment of this wallet", param="consent_digest")
    terminal_key = _terminal_key_of(record)
    sealed = verify_receipt(envelope, parts.trust(), terminal_key=terminal_key)
    receipt = sealed.message
    check_receipt_fits(receipt, record)
    by_terminal = terminal_key is not None and sealed.key_id == key_id_of(terminal_key)
    if not by_terminal:
        outcome = _paid_outcome(record, receipt) if receipt.state.is_paid else Outcome.DECLINED
    elif record.kind is not ConsentKind.OFFLINE_INTENT or not receipt.state.is_paid:
        raise RuleViolationError(ErrorCode.WRONG_ROLE, "a terminal only says what it took offline", param="key_id")
    elif record.outcome is Outcome.SETTLED:
        # The issuer's receipt is there already and says more.
        return record
    else:
        outcome = Outcome.ACCEPTED_OFFLINE
    return _record(parts, record, outcome, receipt=sealed.envelope)


def check_receipt_fits(receipt: Receipt, record: ConsentRecord) -> None:
    """The receipt is for this consent, its request, amount and currency.

    Raises:
        RuleViolationError: WRONG_REQUEST, AMOUNT_MISMATCH or CURRENCY_MISMATCH.
    """
    ask = record.ask
    if receipt.consent_digest != record.digest or (ask is not None and not _is_of(receipt, ask)):
        raise RuleViolationError(ErrorCode.WRONG_REQUEST, "the receipt is for another payment", param="consent_digest")
    if receipt.currency is not record.currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "the receipt has another currency", param="currency")
    in_part = record.kind is ConsentKind.CODE or (_is_deposit(record) and receipt.state is not State.AUTHORIZED)
    if receipt.amount_minor > record.amount_minor or (not in_part and receipt.amount_minor != record.amount_minor):
        raise RuleViolationError(ErrorCode.AMOUNT_MISMATCH, "the receipt has another amount", param="amount_minor")


def _is_of(receipt: Receipt, ask: AskRecord) -> bool:
    """A printed code names no terminal; the receipt does."""
    return receipt.request_id == ask.request_id and ask.terminal_id in {NO_TERMINAL, receipt.terminal_id}


def _paid_outcome(record: ConsentRecord, receipt: Receipt) -> Outcome:
    """Of a deposit the first receipt says that it is held, a later one how much of it was taken.  R-121"""
    return Outcome.HELD if _is_deposit(record) and receipt.state is State.AUTHORIZED else Outcome.SETTLED


def _is_deposit(record: ConsentRecord) -> bool:
    if record.ask is None or record.ask.terminal_id == NO_TERMINAL:
        return False
    return open_unverified(record.ask.envelope, PaymentRequest).message.hold_h > 0


async def _fetch(parts: Parts, record: ConsentRecord, *, wait_s: int = 0) -> api.PaymentAnswer | None:
    """The issuer's word, or None when it has not heard of the consent."""
    path = api.consent_path(record.digest)
    try:
        return await parts.calls().get(path, api.PaymentAnswer, signer=parts.signer(), wait_s=wait_s)
    except RuleViolationError as error:
        if error.code is not ErrorCode.UNKNOWN_PAYMENT:
            raise
        return None


async def _ask_quietly(parts: Parts, record: ConsentRecord) -> ConsentRecord:
    """When nobody can tell, the record stays as it is: unknown is an answer, failed would be a lie."""
    try:
        answer = await _fetch(parts, record)
    except TillcodeError:
        return record
    return record if answer is None else await _learn_quietly(parts, record, answer)


async def _learn_quietly(parts: Parts, record: ConsentRecord, answer: api.PaymentAnswer) -> ConsentRecord:
    """As ``learn``, but an answer that proves nothing leaves the record as it is."""
    try:
        return await learn(parts, record, answer)
    except UnavailableError as error:
        if error.code is not ErrorCode.BAD_ANSWER:
            raise
        return record


@contextmanager
def _bytes_have_left() -> Iterator[None]:
    """From here on no failure, not even of our own disk, may be taken for "nothing was sent"."""
    try:
        yield
    except UnavailableError as error:
        error.outcome = MoneyOutcome.UNKNOWN
        raise


async def _proof_of_refusal(parts: Parts, record: ConsentRecord, receipt: Envelope) -> Envelope:
    """The issuer's signed word that this consent will not charge its payer, when it came with one.

    Raises:
        UnavailableError: BAD_ANSWER (outcome unknown) when it does not hold, or says the opposite.
    """
    if not receipt:
        return NO_RECEIPT
    try:
        sealed = await _verify_issuer_receipt(parts, receipt)
    except TillcodeError as error:
        raise _bad_answer(f"the receipt does not hold: {error}") from error
    if sealed.message.consent_digest != record.digest:
        # Of what took effect under the request instead; it says nothing about this consent.
        return NO_RECEIPT
    if sealed.message.state.is_paid:
        raise _bad_answer("refused by word, paid by receipt")
    return sealed.envelope


async def _learn_refusal(parts: Parts, record: ConsentRecord, code: int, receipt: Envelope) -> ConsentRecord:
    if code not in _REFUSALS:
        raise _bad_answer(f"{code} is no reason to refuse")
    proof = await _proof_of_refusal(parts, record, receipt)
    if not proof:
        return _write_off_if_late(parts, _note_refusal(parts, record, code))
    return _record(parts, record, Outcome.DECLINED, error_code=code, receipt=proof)


def _note_refusal(parts: Parts, record: ConsentRecord, error_code: int) -> ConsentRecord:
    """Keep what was said without a signature: it tells the payer why, and leaves the outcome as open as it was."""
    if record.error_code == error_code:
        return record
    return _record(parts, record, record.outcome, error_code=error_code)


def _write_off_if_late(parts: Parts, record: ConsentRecord) -> ConsentRecord:
    """Nobody proves anything of it, and the issuer takes it no more: an offline one a month later, because its claim
    may come late. What is held was proven, and is never written off.
    """
    late_s = limits.CAPTURE_AGE_S_MAX if record.kind is ConsentKind.OFFLINE_INTENT else 0
    if record.outcome is Outcome.HELD or parts.now_s() < record.expires_at_s + late_s + FORGOTTEN_AFTER_S:
        return record
    return _record(parts, record, Outcome.EXPIRED, error_code=record.error_code)


async def _verify_issuer_receipt(parts: Parts, envelope: Envelope) -> Sealed[Receipt]:
    try:
        return verify_receipt(envelope, parts.trust())
    except RuleViolationError as error:
        if error.code is not ErrorCode.UNKNOWN_SIGNER:
            raise
    # Signed with an operator key that is newer than our bundle.
    await refresh_trust(parts)
    return verify_receipt(envelope, parts.trust())


def _terminal_key_of(record: ConsentRecord) -> PublicKeyBytes | None:
    """From the certificate inside the request, which was verified before it was stored."""
    if record.ask is None or record.ask.terminal_id == NO_TERMINAL:
        return None
    embedded = open_unverified(record.ask.envelope, PaymentRequest).embedded
    assert embedded is not None, "a verified request has its certificate"
    return open_unverified(embedded, TerminalCertificate).message.terminal_key


def _record(
    parts: Parts,
    record: ConsentRecord,
    outcome: Outcome,
    *,
    error_code: int = 0,
    receipt: Envelope = NO_RECEIPT,
) -> ConsentRecord:
    parts.store.record_outcome(record.digest, outcome, error_code=error_code, receipt=receipt)
    after = parts.store.consent(record.digest)
    assert after is not None, "consents are never deleted"
    if after.outcome is not record.outcome or error_code:
        told = (record.digest.hex()[:16], record.outcome.value, outcome.value, error_code)
        tell("info", "payment %s: %s -> %s (%d)", *told)
    return after


def _bad_answer(message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.BAD_ANSWER, message, outcome=MoneyOutcome.UNKNOWN)
