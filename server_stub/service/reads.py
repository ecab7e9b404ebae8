"""Signed reads: each device sees its own, and what is not its own is unknown to it."""

from dataclasses import dataclass
from typing import Final

from server_stub.service.claims import CLOSED
from server_stub.service.devices import device_of_key
from server_stub.service.message_signatures import HttpMessage, device_that_signed, is_signed
from server_stub.service.operator import Operator
from server_stub.service.payments import payment_key, seen_by_terminal, seen_by_wallet
from server_stub.service.settling import Outcome, outcome_of_consent, payment_of
from server_stub.service.verification import check_made_recently
from server_stub.store.records import Terminal, Wallet
from server_stub.store.tables.payments import ANSWERED_REQUESTS, CONSENT_DIGEST, CONSENTS
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import Digest, RequestId
from wallet_sdk.protocol.messages import ReadRequest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import device_named_by, verify_from_device

#: Refunds of one answer, and those of the same second as the last of them.
REFUNDS_MAX: Final = 100
_OF_WALLET: Final = (
    "SELECT p.consent_digest, p.refunded_minor, r.currency, r.at_s"
    " FROM refunds r JOIN payments p ON p.number = r.payment_number WHERE r.wallet_id = ? AND r.at_s >= ?"
)
_REFUNDS: Final = f"{_OF_WALLET} ORDER BY r.at_s LIMIT ?"
_REFUNDS_UNTIL: Final = f"{_OF_WALLET} AND r.at_s <= ? ORDER BY r.at_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One read, as often as it is asked while it waits. ``key`` wakes it."""

    key: bytes
    device: Terminal | Wallet
    asked: bytes


def authenticate(
    operator: Operator, *, authorization: str, path: str, message: HttpMessage | None = None
) -> Terminal | Wallet:
    """The enrolled device that has signed the read of exactly this path; ``message`` is the whole request.

    Raises:
        TillcodeError: NOT_AUTHENTICATED, NOT_AUTHORIZED, UNKNOWN_SIGNER, BAD_SIGNATURE, EXPIRED ...
    """
    if message is not None and not authorization and is_signed(message.headers):
        return device_that_signed(operator, message)
    scheme, _, credentials = authorization.partition(" ")
    if scheme != api.AUTHORIZATION_SCHEME or not credentials:
        raise RuleViolationError(ErrorCode.NOT_AUTHENTICATED, "a signed read is needed", param="authorization")
    envelope = api.from_base64url(credentials.strip())
    device = device_of_key(operator, device_named_by(envelope, ReadRequest))
    key = device.public_key if isinstance(device, Terminal) else device.device_key
    read = verify_from_device(envelope, ReadRequest, device_key=key).message
    if read.path != path:
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "signed for another path", param="path")
    check_made_recently(read.made_at_s, at_s=operator.now_s())
    return device


def question_about_payment(
    operator: Operator, *, authorization: str, path: str, name: str, message: HttpMessage | None = None
) -> Question:
    """A terminal's question about its own request.

    Raises:
        TillcodeError: as ``authenticate``; UNKNOWN_PAYMENT for a wallet.
    """
    device = authenticate(operator, authorization=authorization, path=path, message=message)
    if not isinstance(device, Terminal):
        raise _unknown()
    request_id = _bytes_of(name, length=limits.REQUEST_ID_BYTES)
    return Question(key=payment_key(device.terminal_id, request_id), device=device, asked=request_id)


def question_about_consent(
    operator: Operator, *, authorization: str, path: str, name: str, message: HttpMessage | None = None
) -> Question:
    """A wallet's question about its own intent or code.

    Raises:
        TillcodeError: as ``authenticate``; UNKNOWN_PAYMENT for a terminal.
    """
    device = authenticate(operator, authorization=authorization, path=path, message=message)
    if not isinstance(device, Wallet):
        raise _unknown()
    digest = _bytes_of(name, length=limits.DIGEST_BYTES)
    return Question(key=digest, device=device, asked=digest)


def answer(operator: Operator, question: Question) -> api.PaymentAnswer | None:
    """What is known now; None when a wallet's consent has not been heard of."""
    if isinstance(question.device, Terminal):
        return seen_by_terminal(operator, _payment_outcome(operator, question.device, RequestId(question.asked)))
    with operator.store.reading() as reader:
        known = reader.find_by(CONSENTS, CONSENT_DIGEST, Digest(question.asked))
        if known is None or known.wallet_id != question.device.wallet_id:
            return None
        outcome = outcome_of_consent(reader, known)
    return seen_by_wallet(operator, outcome)


def is_settled(found: api.PaymentAnswer | None) -> bool:
    """Whether there is no use in waiting longer."""
    return found is not None and found.state != State.REQUESTED.name


def balance(
    operator: Operator, *, authorization: str, path: str, message: HttpMessage | None = None
) -> api.BalanceAnswer:
    """A wallet's own balance.

    Raises:
        TillcodeError: as ``authenticate``; NOT_AUTHORIZED for a terminal.
    """
    device = authenticate(operator, authorization=authorization, path=path, message=message)
    if not isinstance(device, Wallet):
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "a terminal has no balance")
    with operator.store.reading() as reader:
        return api.BalanceAnswer(
            currency=device.currency.name,
            available_minor=reader.balance_minor(device.account_id),
            escrow_minor=reader.escrow_minor(device.wallet_id),
        )


def refunds_received(
    operator: Operator, *, authorization: str, path: str, since_s: int, message: HttpMessage | None = None
) -> api.RefundsAnswer:
    """What merchants gave back to a wallet, from a second on. A second is never cut in two.

    Raises:
        TillcodeError: as ``authenticate``; NOT_AUTHORIZED for a terminal.
    """
    device = authenticate(operator, authorization=authorization, path=path, message=message)
    if not isinstance(device, Wallet):
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "a terminal receives no refunds")
    with operator.store.reading() as reader:
        rows = reader.rows(_REFUNDS, (device.wallet_id, since_s, REFUNDS_MAX))
        if len(rows) == REFUNDS_MAX:
            rows = reader.rows(_REFUNDS_UNTIL, (device.wallet_id, since_s, rows[-1][3]))
    return api.RefundsAnswer(
        refunds=tuple(
            api.RefundReceived(
                consent_digest=api.to_base64url(digest),
                refunded_minor=refunded_minor,
                currency=Currency.from_number(currency).name,
                at_s=at_s,
            )
            for digest, refunded_minor, currency, at_s in rows
        ),
        has_more=len(rows) >= REFUNDS_MAX,
    )


def required(found: api.PaymentAnswer | None) -> api.PaymentAnswer:
    """The answer, which must be there.

    Raises:
        RuleViolationError: UNKNOWN_PAYMENT.
    """
    if found is None:
        raise _unknown()
    return found


def _payment_outcome(operator: Operator, terminal: Terminal, request_id: RequestId) -> Outcome:
    with operator.store.reading() as reader:
        answered = reader.find(ANSWERED_REQUESTS, (request_id, terminal.terminal_id))
        paid = payment_of(reader, answered)
    closed = answered if paid is None else None
    state = State.REQUESTED if closed is None else CLOSED
    return Outcome(terminal_id=terminal.terminal_id, request_id=request_id, state=state, paid=paid, closed=closed)


def _bytes_of(name: str, *, length: int) -> bytes:
    try:
        content = api.from_base64url(name)
    except MalformedMessageError as error:
        raise _unknown() from error
    if len(content) != length:
        raise _unknown()
    return content


def _unknown() -> RuleViolationError:
    return RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "no such payment of this device")
