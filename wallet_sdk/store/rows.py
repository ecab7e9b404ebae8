"""Records as rows of the tables in schema.py, and back. A reader raises on a row that no writer here made."""

import sqlite3

from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
    WalletId,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.store.mark import Stamp, Written
from wallet_sdk.store.records import (
    AskRecord,
    BalanceRecord,
    ConsentKind,
    ConsentRecord,
    Enrolled,
    Outcome,
    PendingIssue,
    TokenRecord,
)

Row = dict[str, object]


def write_enrolled(enrolled: Enrolled) -> Row:
    """Row of table enrolled."""
    return {
        "server": enrolled.server,
        "wallet_id": enrolled.wallet_id,
        "currency": enrolled.currency.name,
        "root_key": enrolled.root_key,
        "bundle": enrolled.bundle,
        "allowance_minor": enrolled.allowance_minor,
    }


def read_enrolled(row: sqlite3.Row) -> Enrolled:
    """Record of table enrolled."""
    return Enrolled(
        server=row["server"],
        wallet_id=WalletId(row["wallet_id"]),
        currency=Currency.from_code(row["currency"]),
        root_key=PublicKeyBytes(row["root_key"]),
        bundle=Envelope(row["bundle"]),
        allowance_minor=row["allowance_minor"],
    )


def write_token(token: TokenRecord) -> Row:
    """Row of table token, as the current one."""
    return {
        "token_id": token.token_id,
        "envelope": token.envelope,
        "key_name": token.key_name,
        "counter": token.counter,
        "cumulative_minor": token.cumulative_minor,
        "is_current": 1,
    }


def read_token(row: sqlite3.Row) -> TokenRecord:
    """Record of table token."""
    return TokenRecord(
        token_id=TokenId(row["token_id"]),
        envelope=Envelope(row["envelope"]),
        key_name=row["key_name"],
        counter=row["counter"],
        cumulative_minor=row["cumulative_minor"],
    )


def write_issue(issue: PendingIssue) -> Row:
    """Row of table issue."""
    return {
        "envelope": issue.envelope,
        "key_name": issue.key_name,
        "previous_token_id": issue.previous_token_id,
        "spent_minor": issue.spent_minor,
    }


def read_issue(row: sqlite3.Row) -> PendingIssue:
    """Record of table issue."""
    return PendingIssue(
        envelope=Envelope(row["envelope"]),
        key_name=row["key_name"],
        previous_token_id=TokenId(row["previous_token_id"]),
        spent_minor=row["spent_minor"],
    )


def read_mark(row: sqlite3.Row) -> Written:
    """Record of table mark."""
    return Written(
        count=row["count"],
        is_pending=bool(row["is_pending"]),
        stamp=Stamp(inode=row["inode"], changed_ns=row["changed_ns"]),
    )


def write_consent(record: ConsentRecord) -> Row:
    """Row of table consent; a code leaves the columns of the request empty."""
    ask = record.ask
    of_request: Row = {}
    if ask is not None:
        of_request = {
            "terminal_id": ask.terminal_id,
            "request_id": ask.request_id,
            "request": ask.envelope,
            "merchant_name": ask.merchant_name,
            "merchant_city": ask.merchant_city,
            "reference": ask.reference,
        }
    return {
        "digest": record.digest,
        "kind": record.kind.value,
        "envelope": record.envelope,
        "token_id": record.token_id,
        "counter": record.counter,
        "made_at_s": record.made_at_s,
        "expires_at_s": record.expires_at_s,
        "amount_minor": record.amount_minor,
        "currency": record.currency.name,
        "outcome": record.outcome.value,
        "error_code": record.error_code,
        "receipt": record.receipt,
        "refunded_minor": record.refunded_minor,
        "is_dead": int(record.outcome.is_dead),
        "is_resolved": int(record.outcome.is_resolved),
        **of_request,
    }


def read_consent(row: sqlite3.Row) -> ConsentRecord:
    """Record of table consent."""
    return ConsentRecord(
        digest=Digest(row["digest"]),
        kind=ConsentKind(row["kind"]),
        envelope=Envelope(row["envelope"]),
        token_id=TokenId(row["token_id"]),
        counter=Counter(row["counter"]),
        made_at_s=row["made_at_s"],
        expires_at_s=row["expires_at_s"],
        amount_minor=row["amount_minor"],
        currency=Currency.from_code(row["currency"]),
        ask=None if row["request"] is None else _read_ask(row),
        outcome=Outcome(row["outcome"]),
        error_code=row["error_code"],
        receipt=Envelope(row["receipt"]),
        refunded_minor=row["refunded_minor"],
    )


def write_balance(balance: BalanceRecord) -> Row:
    """Row of table balance."""
    return {
        "available_minor": balance.available_minor,
        "escrow_minor": balance.escrow_minor,
        "as_of_s": balance.as_of_s,
        "refunds_until_s": balance.refunds_until_s,
    }


def read_balance(row: sqlite3.Row) -> BalanceRecord:
    """Record of table balance."""
    return BalanceRecord(
        available_minor=row["available_minor"],
        escrow_minor=row["escrow_minor"],
        as_of_s=row["as_of_s"],
        refunds_until_s=row["refunds_until_s"],
    )


def _read_ask(row: sqlite3.Row) -> AskRecord:
    return AskRecord(
        terminal_id=TerminalId(row["terminal_id"]),
        request_id=RequestId(row["request_id"]),
        envelope=Envelope(row["request"]),
        merchant_name=row["merchant_name"],
        merchant_city=row["merchant_city"],
        reference=row["reference"],
    )
