"""Rows of SQLite to records. Columns are selected by the lists that stand here, in the sequence used here."""

import sqlite3
from typing import Any, Final

from server_stub.ledger import Account, AccountId, AccountKind
from server_stub.store.base import (
    ActivationCode,
    Closure,
    Consent,
    ConsentMode,
    DeviceKind,
    FraudCase,
    Merchant,
    Payment,
    SpentCounter,
    Terminal,
    Token,
    TokenStanding,
    Trust,
    Wallet,
)
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import MerchantId, TerminalId, WalletId
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

Row = tuple[Any, ...]

TRUST: Final = "SELECT version, bundle, root_key FROM trust"
MERCHANT: Final = "SELECT id, name, city, country, mcc, currencies FROM merchants"
TERMINAL: Final = "SELECT id, merchant_id, public_key, certificate, blocked_at_s FROM terminals"
WALLET: Final = "SELECT id, currency, device_key, account_id, blocked_at_s FROM wallets"
ACTIVATION_CODE: Final = (
    "SELECT code_hash, kind, expires_at_s, merchant_id, currency, funds_minor, used_by FROM activation_codes"
)
ALLOWANCE: Final = (
    "SELECT id, wallet_id, device_key, account_id, digest, envelope, currency, total_minor, issue_id, issue_digest,"
    " standing, spent_minor, dead_minor, closing, successor_id FROM tokens"
)
CONSENT: Final = (
    "SELECT digest, wallet_id, token_id, counter, terminal_id, request_id, state, error_code, at_s,"
    " request, envelope FROM consents"
)
SPENT: Final = (
    "SELECT s.token_id, s.counter, s.mode, s.start_minor, s.cumulative_minor, c.digest"
    " FROM spent_counters s JOIN consents c ON c.id = s.consent_id"
)
PAYMENT: Final = (
    "SELECT p.terminal_id, p.request_id, p.request_digest, c.digest, c.wallet_id, p.amount_minor, p.currency,"
    " p.state, p.receipt FROM payments p JOIN consents c ON c.id = p.consent_id"
)
CLOSURE: Final = "SELECT terminal_id, request_id, envelope, at_s FROM closures"
FRAUD_CASE: Final = (
    "SELECT f.reason, f.wallet_id, f.token_id, c.digest, f.at_s, f.proof"
    " FROM fraud_cases f JOIN consents c ON c.id = f.consent_id"
)
ACCOUNT: Final = "SELECT id, kind, holder, currency, balance, floor FROM accounts"


def trust(row: Row) -> Trust:
    """Read a row of TRUST."""
    return Trust(version=row[0], bundle=row[1], root_key=row[2])


def merchant(row: Row) -> Merchant:
    """Read a row of MERCHANT."""
    return Merchant(
        merchant_id=MerchantId(row[0]),
        name=row[1],
        city=row[2],
        country=row[3],
        mcc=row[4],
        currencies=tuple(Currency[name] for name in row[5].split()),
    )


def terminal(row: Row) -> Terminal:
    """Read a row of TERMINAL."""
    return Terminal(
        terminal_id=TerminalId(row[0]),
        merchant_id=MerchantId(row[1]),
        public_key=row[2],
        certificate=row[3],
        blocked_at_s=row[4],
    )


def wallet(row: Row) -> Wallet:
    """Read a row of WALLET."""
    return Wallet(
        wallet_id=WalletId(row[0]),
        currency=Currency.from_number(row[1]),
        device_key=row[2],
        account_id=AccountId(row[3]),
        blocked_at_s=row[4],
    )


def activation_code(row: Row) -> ActivationCode:
    """Read a row of ACTIVATION_CODE."""
    return ActivationCode(
        code_hash=row[0],
        kind=DeviceKind(row[1]),
        expires_at_s=row[2],
        merchant_id=row[3],
        currency=None if row[4] is None else Currency.from_number(row[4]),
        funds_minor=row[5],
        used_by=row[6],
    )


def token(row: Row) -> Token:
    """Read a row of ALLOWANCE."""
    return Token(
        token_id=row[0],
        wallet_id=row[1],
        device_key=row[2],
        account_id=row[3],
        digest=row[4],
        envelope=row[5],
        currency=Currency.from_number(row[6]),
        total_minor=row[7],
        issue_id=row[8],
        issue_digest=row[9],
        standing=TokenStanding(row[10]),
        spent_minor=row[11],
        dead_minor=row[12],
        closing=row[13],
        successor_id=row[14],
    )


def consent(row: Row) -> Consent:
    """Read a row of CONSENT."""
    return Consent(
        digest=row[0],
        wallet_id=row[1],
        token_id=row[2],
        counter=row[3],
        terminal_id=row[4],
        request_id=row[5],
        state=State(row[6]),
        error_code=ErrorCode(row[7]) if row[7] else None,
        at_s=row[8],
        request=row[9],
        envelope=row[10],
    )


def spent(row: Row) -> SpentCounter:
    """Read a row of SPENT."""
    return SpentCounter(
        token_id=row[0],
        counter=row[1],
        mode=ConsentMode(row[2]),
        start_minor=row[3],
        cumulative_minor=row[4],
        consent_digest=row[5],
    )


def payment(row: Row) -> Payment:
    """Read a row of PAYMENT."""
    return Payment(
        terminal_id=row[0],
        request_id=row[1],
        request_digest=row[2],
        consent_digest=row[3],
        wallet_id=row[4],
        amount_minor=row[5],
        currency=Currency.from_number(row[6]),
        state=State(row[7]),
        receipt=row[8],
    )


def closure(row: Row) -> Closure:
    """Read a row of CLOSURE."""
    return Closure(terminal_id=row[0], request_id=row[1], envelope=row[2], at_s=row[3])


def fraud_case(row: Row) -> FraudCase:
    """Read a row of FRAUD_CASE."""
    return FraudCase(reason=row[0], wallet_id=row[1], token_id=row[2], consent_digest=row[3], at_s=row[4], proof=row[5])


def account(row: Row) -> Account:
    """Read a row of ACCOUNT."""
    return Account(
        account_id=AccountId(row[0]),
        kind=AccountKind(row[1]),
        holder=row[2],
        currency=Currency.from_number(row[3]),
        balance_minor=row[4],
        floor_minor=row[5],
    )


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is bad, and not that something failed just now."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
