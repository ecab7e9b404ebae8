"""How a hold ends: its terminal captures a part or all of it, voids it, or its time runs out. Once, and for ever."""

from dataclasses import dataclass

from msgspec.structs import replace

from server_stub.committer import Command
from server_stub.fees import fee_minor_of
from server_stub.holds import HoldEnd, completed, expired
from server_stub.movements import Cause, hold_captured, hold_released
from server_stub.service import events, telling
from server_stub.service.devices import enrolled_terminal
from server_stub.service.operator import Operator
from server_stub.service.paying import fee_policy, fees_account, held_account, merchant_account
from server_stub.service.settling import Outcome, payment_of
from server_stub.store.reader import Reader
from server_stub.store.records import Payment, Terminal
from server_stub.store.records_money import Hold
from server_stub.store.table import Keys
from server_stub.store.tables.money import HOLDS
from server_stub.store.tables.parties import TERMINALS, WALLETS
from server_stub.store.tables.payments import ANSWERED_REQUESTS, PAYMENTS
from server_stub.store.writer import Writer
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import MerchantId
from wallet_sdk.protocol.messages import HoldCapture
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_from_device

Outcomes = tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteHoldCommand(Command[Outcomes]):
    """A terminal takes a part of what its payer has authorized, or nothing of it."""

    sealed: Sealed[HoldCapture]
    terminal: Terminal
    at_s: int

    def name_keys(self, keys: Keys) -> None:
        keys.name(ANSWERED_REQUESTS, (self.sealed.message.request_id, self.terminal.terminal_id))

    def apply(self, writer: Writer) -> Outcomes:
        asked = self.sealed.message
        where = (asked.request_id, self.terminal.terminal_id)
        payment = payment_of(writer, writer.find(ANSWERED_REQUESTS, where))
        hold = None if payment is None else writer.find(HOLDS, payment.number)
        if payment is None or hold is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "no such hold of this terminal", param="request_id")
        if hold.ending_digest == self.sealed.digest:
            return (_outcome(payment),)
        if hold.ending is not None:
            raise RuleViolationError(ErrorCode.CONTENT_CONFLICT, "the hold was completed otherwise")
        if payment.state is State.EXPIRED:
            raise RuleViolationError(ErrorCode.EXPIRED, "the hold has expired", param="hold_h")
        if asked.currency is not payment.currency:
            raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "the hold is in another currency", param="currency")
        end = completed(
            payment.state,
            held_minor=hold.authorized_minor,
            asked_minor=asked.amount_minor,
            expires_at_s=hold.expires_at_s,
            at_s=self.at_s,
        )
        ending = replace(hold, ending=self.sealed.envelope, ending_digest=self.sealed.digest)
        cause = Cause(reference=self.sealed.digest, at_s=self.at_s, currency=payment.currency)
        return (_end(writer, payment, ending, end, cause, merchant_id=self.terminal.merchant_id),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireHoldCommand(Command[Outcomes]):
    """The timer's: a hold whose time is over ends, unless it has ended meanwhile."""

    payment_number: int
    at_s: int

    def name_keys(self, keys: Keys) -> None:
        keys.name(PAYMENTS, self.payment_number)
        keys.name(HOLDS, self.payment_number)

    def apply(self, writer: Writer) -> Outcomes:
        payment, hold = writer.find(PAYMENTS, self.payment_number), writer.find(HOLDS, self.payment_number)
        assert payment is not None, "payments are never deleted"
        assert hold is not None, "nor are holds"
        if hold.ended_at_s is not None or self.at_s < hold.expires_at_s:
            return ()
        end = expired(payment.state, held_minor=hold.authorized_minor)
        terminal = writer.find(TERMINALS, payment.terminal_id)
        assert terminal is not None, "terminals are never deleted"
        cause = Cause(reference=payment.consent_digest, at_s=self.at_s, currency=payment.currency)
        return (_end(writer, payment, hold, end, cause, merchant_id=terminal.merchant_id),)


def due_holds(reader: Reader, *, at_s: int, count_max: int) -> tuple[int, ...]:
    """Payments whose hold should end by now, the oldest first."""
    due = f"SELECT payment_number FROM holds WHERE ended_at_s IS NULL AND expires_at_s <= {at_s:d}"  # noqa: S608 - a number
    return tuple(row[0] for row in reader.rows(f"{due} ORDER BY expires_at_s LIMIT {count_max:d}"))


def prepare_hold_capture(operator: Operator, body: bytes) -> CompleteHoldCommand:
    """Verify how a terminal ends a hold.

    Raises:
        TillcodeError: nothing was stored.
    """
    terminal = enrolled_terminal(operator, body, HoldCapture)
    sealed = verify_from_device(body, HoldCapture, device_key=terminal.public_key)
    return CompleteHoldCommand(sealed=sealed, terminal=terminal, at_s=operator.now_s())


def _end(
    writer: Writer, payment: Payment, hold: Hold, end: HoldEnd, cause: Cause, *, merchant_id: MerchantId
) -> Outcome:
    """Move the money, and let payment and hold say so."""
    wallet = writer.find(WALLETS, payment.wallet_id)
    assert wallet is not None, "wallets are never deleted"
    available, set_aside = wallet.account_id, held_account(writer, wallet)
    fee_minor = 0
    if end.captured_minor:
        fee_minor = fee_minor_of(fee_policy(writer, merchant_id, payment.currency), end.captured_minor)
        payable = merchant_account(writer, merchant_id, payment.currency)
        entry = hold_captured(
            cause,
            available=available,
            set_aside=set_aside,
            payable=payable,
            fees=fees_account(writer, payment.currency, fee_minor=fee_minor, otherwise=payable),
            held_minor=hold.authorized_minor,
            captured_minor=end.captured_minor,
            fee_minor=fee_minor,
        )
    else:
        entry = hold_released(cause, available=available, set_aside=set_aside, held_minor=hold.authorized_minor)
    entry_number = writer.post(entry)
    writer.change(HOLDS, replace(hold, ended_at_s=cause.at_s, end_entry=entry_number))
    ended = replace(
        payment,
        state=end.state,
        amount_minor=end.captured_minor or payment.amount_minor,
        fee_minor=fee_minor,
        at_s=cause.at_s,
    )
    writer.change(PAYMENTS, ended)
    events.write(writer, telling.of_hold_end(ended, entry_number=entry_number, merchant_id=merchant_id))
    return _outcome(ended)


def _outcome(payment: Payment) -> Outcome:
    return Outcome(
        terminal_id=payment.terminal_id,
        request_id=payment.request_id,
        state=payment.state,
        consent_digest=payment.consent_digest,
        wallet_id=payment.wallet_id,
        paid=payment,
    )
