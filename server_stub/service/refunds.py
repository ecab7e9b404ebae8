"""Refunds: a new payment back from a merchant's payable account, with an id of its own and one effect, for ever."""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from server_stub.committer import Command
from server_stub.ledger import AccountKind
from server_stub.movements import Cause, refunded, to_loss_minor_of
from server_stub.service import events, telling
from server_stub.service.devices import enrolled_terminal
from server_stub.service.operator import Operator
from server_stub.service.paying import merchant_account
from server_stub.service.receipts import refund_receipt_of
from server_stub.service.settling import payment_of
from server_stub.store.records import Payment, Terminal
from server_stub.store.records_money import RefundMade
from server_stub.store.records_replacing import RefundApproval
from server_stub.store.table import Keys
from server_stub.store.tables.money import REFUNDS
from server_stub.store.tables.parties import WALLETS
from server_stub.store.tables.payments import ANSWERED_REQUESTS, CONSENTS, PAYMENTS
from server_stub.store.tables.replacing import REFUND_APPROVALS
from server_stub.store.writer import Writer
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.messages import Refund
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_from_device

#: What the merchant has, he can give back; a hold is voided instead.
_REFUNDABLE: Final = frozenset({State.CAPTURED, State.CLEARED, State.SETTLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCommand(Command[RefundMade]):
    """A terminal gives back a part of its own payment, or all of it."""

    sealed: Sealed[Refund]
    terminal: Terminal
    at_s: int

    def name_keys(self, keys: Keys) -> None:
        asked, terminal_id = self.sealed.message, self.terminal.terminal_id
        keys.name(REFUNDS, (asked.refund_id, terminal_id))
        keys.name(ANSWERED_REQUESTS, (asked.request_id, terminal_id))

    def apply(self, writer: Writer) -> RefundMade:
        known = writer.find(REFUNDS, (self.sealed.message.refund_id, self.terminal.terminal_id))
        if known is not None:
            if known.digest != self.sealed.digest:
                raise RuleViolationError(
                    ErrorCode.CONTENT_CONFLICT, "the id was used for another refund", param="refund_id"
                )
            return known
        payment = self._payment(writer)
        _check_approved(writer, self.sealed.message, payment, self.terminal)
        _check_refundable(self.sealed.message, payment)
        return self._refund(writer, payment)

    def _payment(self, writer: Writer) -> Payment:
        where = (self.sealed.message.request_id, self.terminal.terminal_id)
        payment = payment_of(writer, writer.find(ANSWERED_REQUESTS, where))
        if payment is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "no such payment of this terminal", param="request_id")
        return payment

    def _refund(self, writer: Writer, payment: Payment) -> RefundMade:
        asked, currency = self.sealed.message, payment.currency
        wallet = writer.find(WALLETS, payment.wallet_id)
        assert wallet is not None, "wallets are never deleted"
        to_loss_minor = to_loss_minor_of(
            borne_minor=payment.borne_minor,
            refunded_before_minor=payment.refunded_minor,
            amount_minor=asked.amount_minor,
        )
        loss = wallet.account_id
        if to_loss_minor:
            loss = writer.open_account(kind=AccountKind.FRAUD_LOSS, holder="", currency=currency)
        entry = refunded(
            Cause(reference=self.sealed.digest, at_s=self.at_s, currency=currency),
            payable=merchant_account(writer, self.terminal.merchant_id, currency),
            available=wallet.account_id,
            loss=loss,
            amount_minor=asked.amount_minor,
            to_loss_minor=to_loss_minor,
        )
        made = RefundMade(
            refund_id=asked.refund_id,
            terminal_id=self.terminal.terminal_id,
            wallet_id=payment.wallet_id,
            payment_number=payment.number,
            entry_number=writer.post(entry),
            request_id=asked.request_id,
            amount_minor=asked.amount_minor,
            to_loss_minor=to_loss_minor,
            currency=currency,
            at_s=self.at_s,
            digest=self.sealed.digest,
            envelope=self.sealed.envelope,
        )
        writer.add(REFUNDS, made)
        events.write(writer, telling.of_refund(made, merchant_id=self.terminal.merchant_id))
        writer.change(PAYMENTS, replace(payment, refunded_minor=payment.refunded_minor + asked.amount_minor))
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveRefund(Command[RefundApproval]):
    """A merchant lets refunds of one payment come to so much, also by a device that came after it."""

    payment_number: int
    amount_minor: int
    approved_by: str
    at_s: int

    def apply(self, writer: Writer) -> RefundApproval:
        payment = writer.find(PAYMENTS, self.payment_number)
        assert payment is not None, "payments are never deleted"
        if self.amount_minor > payment.amount_minor:
            text = f"the payment is of {payment.amount_minor}"
            raise RuleViolationError(ErrorCode.AMOUNT_MISMATCH, text, param="amount_minor")
        approval = RefundApproval(
            payment_number=self.payment_number,
            amount_minor=self.amount_minor,
            approved_by=self.approved_by,
            at_s=self.at_s,
        )
        if writer.find(REFUND_APPROVALS, self.payment_number) is None:
            writer.add(REFUND_APPROVALS, approval)
        else:
            writer.change(REFUND_APPROVALS, approval)
        return approval


def prepare_refund(operator: Operator, body: bytes) -> RefundCommand:
    """Verify what a terminal gives back.

    Raises:
        TillcodeError: nothing was stored.
    """
    terminal = enrolled_terminal(operator, body, Refund)
    sealed = verify_from_device(body, Refund, device_key=terminal.public_key)
    return RefundCommand(sealed=sealed, terminal=terminal, at_s=operator.now_s())


def refund_answer(operator: Operator, made: RefundMade) -> api.RefundAnswer:
    """The operator's word that this much went back."""
    return api.RefundAnswer(
        refund_id=api.to_base64url(made.refund_id),
        request_id=api.to_base64url(made.request_id),
        amount_minor=made.amount_minor,
        currency=made.currency.name,
        receipt=api.to_base64url(refund_receipt_of(made, operator.signers.receipt)),
    )


def _check_approved(writer: Writer, asked: Refund, payment: Payment, terminal: Terminal) -> None:
    """A device that has taken a terminal over gives back nothing that was paid before it, unless its merchant says so.

    Raises:
        RuleViolationError: NOT_AUTHORIZED.
    """
    consent = writer.find(CONSENTS, payment.number)
    assert consent is not None, "a payment has its consent"
    if consent.at_s >= terminal.enrolled_at_s:
        return
    approval = writer.find(REFUND_APPROVALS, payment.number)
    approved_minor = 0 if approval is None else approval.amount_minor
    if payment.refunded_minor + asked.amount_minor > approved_minor:
        text = "it was paid before this device took over: the merchant must approve the refund, with refunds:approve"
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, text, param="request_id")


def _check_refundable(asked: Refund, payment: Payment) -> None:
    if asked.currency is not payment.currency:
        raise RuleViolationError(ErrorCode.CURRENCY_MISMATCH, "the payment is in another currency", param="currency")
    if payment.state not in _REFUNDABLE:
        raise RuleViolationError(ErrorCode.BAD_TRANSITION, f"the payment is {payment.state.name}", param="state")
    left_minor = payment.amount_minor - payment.refunded_minor
    if asked.amount_minor > left_minor:
        raise RuleViolationError(
            ErrorCode.AMOUNT_MISMATCH, f"{left_minor} of the payment is left to give back", param="amount_minor"
        )
