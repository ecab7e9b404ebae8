"""Records as callers see them."""

import msgspec

from server_stub.routes import bodies
from server_stub.routes.desk import Desk
from server_stub.service import api_keys
from server_stub.service.receipts import receipt_of
from server_stub.store.callers import ApiKey
from server_stub.store.records import FraudCase, Merchant, Payment, Terminal
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import key_id_of


def told_payment(desk: Desk, payment: Payment) -> bodies.PaymentTold:
    """A payment as a merchant sees it."""
    return bodies.PaymentTold(
        terminal_id=payment.terminal_id,
        request_id=api.to_base64url(payment.request_id),
        state=payment.state.name,
        amount_minor=payment.amount_minor,
        fee_minor=payment.fee_minor,
        refunded_minor=payment.refunded_minor,
        currency=payment.currency.name,
        at_s=payment.at_s,
        receipt=api.to_base64url(receipt_of(payment, desk.operator.signers.receipt)),
    )


def told_merchant(merchant: Merchant) -> bodies.MerchantTold:
    """A merchant."""
    return bodies.MerchantTold(
        merchant_id=merchant.merchant_id,
        name=merchant.name,
        city=merchant.city,
        country=merchant.country,
        mcc=merchant.mcc,
        currencies=tuple(currency.name for currency in merchant.currencies),
        blocked_at_s=merchant.blocked_at_s,
    )


def told_terminal(terminal: Terminal) -> bodies.TerminalTold:
    """A terminal."""
    return bodies.TerminalTold(
        terminal_id=terminal.terminal_id,
        merchant_id=terminal.merchant_id,
        key_id=key_id_of(terminal.public_key).hex(),
        blocked_at_s=terminal.blocked_at_s,
    )


def told_case(case: FraudCase) -> bodies.FraudCaseTold:
    """A fraud case with its proof."""
    return bodies.FraudCaseTold(
        number=case.number,
        reason=case.reason,
        wallet_id=case.wallet_id,
        at_s=case.at_s,
        proof=api.to_base64url(case.proof),
    )


def told_key(key: ApiKey) -> bodies.ApiKeyTold:
    """A key without its secret."""
    return bodies.ApiKeyTold(
        key_id=key.key_id,
        scopes=key.scopes,
        label=key.label,
        made_at_s=key.made_at_s,
        revoked_at_s=key.revoked_at_s,
    )


def told_new_key(made: api_keys.MadeKey) -> bodies.ApiKeyMade:
    """A new key and its text, for the only time."""
    return bodies.ApiKeyMade(**msgspec.structs.asdict(told_key(made.key)), api_key=made.text)
