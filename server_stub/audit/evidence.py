"""What is stored as evidence, read and verified again, against the columns that were made of it and what was told.

A request that came in a terminal's batch was vouched for by the batch's signature, so its own is no law; its content is
held by the payer's signature over its digest, and its certificate by the operator's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from server_stub.audit.signatures import Keys, check_signed
from server_stub.store.outbox import EventKind
from server_stub.store.reader import Reader
from server_stub.store.records import ConsentMode
from server_stub.store.session import Row
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import Sealed, open_unverified, peek_type
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, TillcodeError
from wallet_sdk.protocol.evidence import start_of_sum
from wallet_sdk.protocol.ids import Digest, Envelope
from wallet_sdk.protocol.messages import (
    MessageType,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    StaticCode,
    TerminalCertificate,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.quick import open_intent, open_request
from wallet_sdk.protocol.states import State

EVIDENCE_LAW: Final = "each consent is signed under its token, answers its request, and was told as it was decided"
#: Rows in memory at once.
_ROWS_MAX: Final = 1_000
_QUERY: Final = (
    "SELECT c.number, c.digest, c.token_id, c.counter, c.terminal_id, c.request_id, c.state, c.error_code, c.at_s,"
    " c.request, c.envelope, k.digest, k.wallet_id - c.wallet_id, p.request_digest, p.currency,"
    " coalesce(h.authorized_minor, p.amount_minor), s.mode, s.start_minor, s.cumulative_minor,"
    " e.kind, e.at_s, e.content, e.merchant_id, t.merchant_id"
    " FROM (SELECT * FROM consents WHERE number > ? ORDER BY number LIMIT ?) c"
    " LEFT JOIN tokens k ON k.id = c.token_id LEFT JOIN payments p ON p.number = c.number"
    " LEFT JOIN holds h ON h.payment_number = c.number"
    " LEFT JOIN spent_counters s ON s.token_id = c.token_id AND s.counter = c.counter AND s.consent_number = c.number"
    " LEFT JOIN events e ON e.row_number = c.number LEFT JOIN terminals t ON t.id = c.terminal_id"
    " ORDER BY c.number"
)
_KINDS: Final = {
    State.CAPTURED: EventKind.PAYMENT_CAPTURED,
    State.AUTHORIZED: EventKind.PAYMENT_AUTHORIZED,
    State.REJECTED: EventKind.PAYMENT_REJECTED,
    State.DECLINED: EventKind.PAYMENT_DECLINED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a consent answers: a terminal's request, or a printed code."""

    digest: Digest
    request_id: bytes
    #: Of a printed code the payer has said it himself.
    amount_minor: int
    currency: Currency
    terminal_id: int | None


def evidence_flaws(reader: Reader, keys: Keys) -> Iterator[str]:
    """Consents that are not what was signed or told."""
    after = 0
    while True:
        rows = reader.rows(_QUERY, (after, _ROWS_MAX))
        for row in rows:
            what = _look(row, keys)
            if what is not None:
                yield f"consent {row[0]}: {what}"
        if len(rows) < _ROWS_MAX or rows[-1][0] <= after:
            return
        after = rows[-1][0]


def _look(row: Row, keys: Keys) -> str | None:
    try:
        return _flaw_of(row, keys)
    except TillcodeError as error:
        return error.message
    except ValueError as error:  # a number of no state, kind or error
        return str(error)


def _flaw_of(row: Row, keys: Keys) -> str | None:
    consent, token = _consent_of(Envelope(row[10]), keys)
    asked = _asked_of(Envelope(row[9]), consent, keys)
    message = consent.message
    if (row[1], row[2], row[3]) != (consent.digest, token.message.token_id, message.counter):
        return "its digest, token or counter is another than its envelope's"
    if (row[11], row[12]) != (token.digest, 0):
        return "its token is not the one that was issued"
    if row[5] != asked.request_id or asked.terminal_id not in {None, row[4]}:
        return "its request is another than its envelope's"
    if isinstance(message, PaymentIntent) and message.request_digest != asked.digest:
        return "it answers another request"
    if row[13] is not None and (row[13], row[14], row[15]) != (asked.digest, asked.currency.number, asked.amount_minor):
        return "its payment is of another request, currency or amount"
    if row[16] is not None and tuple(row[16:19]) != _sums_of(message):
        return "its counter remembers another sum"
    return _flaw_of_event(row, asked, token.message)


def _flaw_of_event(row: Row, asked: _Asked, token: PaymentToken) -> str | None:
    state = State(row[6])
    told = {
        "terminal_id": row[4],
        "request_id": api.to_base64url(row[5]),
        "amount_minor": asked.amount_minor,
        "currency": token.currency.name,
        "state": state.name,
    }
    if row[7]:
        told |= {"error_code": row[7], "error": ErrorCode(row[7]).name}
    if (row[19], row[20], row[22]) != (_KINDS[state].value, row[8], row[23]):
        return "its event is of another kind, time or merchant"
    return None if content_of(row[21]) == told else "its event tells something else"


def content_of(content: bytes) -> object:
    """What an event tells; None when it is no JSON."""
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return None


def _sums_of(message: PaymentIntent | PaymentCode) -> tuple[int, int, int]:
    if isinstance(message, PaymentIntent):
        return (int(ConsentMode(message.mode)), start_of_sum(message), message.cumulative_minor)
    return (int(ConsentMode.CODE), 0, 0)


def _consent_of(
    envelope: Envelope, keys: Keys
) -> tuple[Sealed[PaymentIntent] | Sealed[PaymentCode], Sealed[PaymentToken]]:
    sealed: Sealed[PaymentIntent] | Sealed[PaymentCode]
    if peek_type(envelope) is MessageType.PAYMENT_CODE:
        sealed = open_unverified(envelope, PaymentCode)
    else:
        sealed = open_intent(envelope)
    token = keys.issued(sealed.embedded or Envelope(b""), PaymentToken)
    check_signed(sealed, token.message.device_key)
    return sealed, token


def _asked_of(envelope: Envelope, consent: Sealed[PaymentIntent] | Sealed[PaymentCode], keys: Keys) -> _Asked:
    message = consent.message
    chosen_minor = message.amount_minor if isinstance(message, PaymentIntent) else None
    if peek_type(envelope) is MessageType.STATIC_CODE:
        code = keys.issued(envelope, StaticCode)
        return _Asked(
            digest=code.digest,
            request_id=consent.digest[: limits.REQUEST_ID_BYTES],
            amount_minor=chosen_minor or 0,
            currency=code.message.currency,
            terminal_id=None,
        )
    request: Sealed[PaymentRequest] = open_request(envelope)
    certificate = keys.issued(request.embedded or Envelope(b""), TerminalCertificate).message
    if request.message.currency not in certificate.currencies:
        raise MalformedMessageError(ErrorCode.CURRENCY_MISMATCH, "the certificate does not cover its currency")
    return _Asked(
        digest=request.digest,
        request_id=request.message.request_id,
        amount_minor=request.message.amount_minor if chosen_minor is None else chosen_minor,
        currency=request.message.currency,
        terminal_id=certificate.terminal_id,
    )
