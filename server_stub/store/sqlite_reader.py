"""Queries on one SQLite connection inside a database transaction."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from server_stub.ledger import Account, AccountId, AccountKind
from server_stub.store import rows
from server_stub.store.base import (
    ActivationCode,
    Closure,
    Consent,
    FraudCase,
    Merchant,
    Payment,
    SpentCounter,
    Terminal,
    Token,
    Trust,
    Wallet,
)
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    KeyId,
    MerchantId,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
    WalletId,
)

R = TypeVar("R")

_NEIGHBOURS = (
    f"{rows.SPENT} WHERE s.token_id = ? AND s.counter = ?",
    f"{rows.SPENT} WHERE s.token_id = ? AND s.counter < ? AND s.mode > 0 ORDER BY s.counter DESC LIMIT 1",
    f"{rows.SPENT} WHERE s.token_id = ? AND s.counter > ? AND s.mode > 0 ORDER BY s.counter LIMIT 1",
)

_WITH_ESCROW = f"{rows.ALLOWANCE} WHERE wallet_id = ? AND (SELECT balance FROM accounts WHERE id = account_id) > 0"  # noqa: S608 - our words


class SqliteReader:
    """See ``Reader`` in base.py."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def trust(self) -> Trust | None:
        return self._one(f"{rows.TRUST} ORDER BY version DESC LIMIT 1", (), rows.trust)

    def merchant(self, merchant_id: MerchantId) -> Merchant | None:
        return self._one(f"{rows.MERCHANT} WHERE id = ?", (merchant_id,), rows.merchant)

    def terminal(self, key_id: KeyId) -> Terminal | None:
        return self._one(f"{rows.TERMINAL} WHERE key_id = ?", (key_id,), rows.terminal)

    def wallet(self, wallet_id: WalletId) -> Wallet | None:
        return self._one(f"{rows.WALLET} WHERE id = ?", (wallet_id,), rows.wallet)

    def wallet_of_key(self, key_id: KeyId) -> Wallet | None:
        return self._one(f"{rows.WALLET} WHERE key_id = ?", (key_id,), rows.wallet)

    def activation_code(self, code_hash: bytes) -> ActivationCode | None:
        return self._one(f"{rows.ACTIVATION_CODE} WHERE code_hash = ?", (code_hash,), rows.activation_code)

    def token(self, token_id: TokenId) -> Token | None:
        return self._one(f"{rows.ALLOWANCE} WHERE id = ?", (token_id,), rows.token)

    def token_of_key(self, device_key: PublicKeyBytes) -> Token | None:
        return self._one(f"{rows.ALLOWANCE} WHERE device_key = ?", (device_key,), rows.token)

    def token_of_issue(self, wallet_id: WalletId, issue_id: RequestId) -> Token | None:
        return self._one(f"{rows.ALLOWANCE} WHERE wallet_id = ? AND issue_id = ?", (wallet_id, issue_id), rows.token)

    def tokens_with_escrow(self, wallet_id: WalletId) -> tuple[Token, ...]:
        return tuple(map(rows.token, self._connection.execute(_WITH_ESCROW, (wallet_id,))))

    def consent(self, digest: Digest) -> Consent | None:
        return self._one(f"{rows.CONSENT} WHERE digest = ?", (digest,), rows.consent)

    def payment(self, terminal_id: TerminalId, request_id: RequestId) -> Payment | None:
        key = (terminal_id, request_id)
        return self._one(f"{rows.PAYMENT} WHERE p.terminal_id = ? AND p.request_id = ?", key, rows.payment)

    def closure(self, terminal_id: TerminalId, request_id: RequestId) -> Closure | None:
        key = (terminal_id, request_id)
        return self._one(f"{rows.CLOSURE} WHERE terminal_id = ? AND request_id = ?", key, rows.closure)

    def neighbours(self, token_id: TokenId, counter: Counter) -> tuple[SpentCounter, ...]:
        found = (self._one(query, (token_id, counter), rows.spent) for query in _NEIGHBOURS)
        return tuple(spent for spent in found if spent is not None)

    def highest_sum_minor(self, token_id: TokenId) -> int:
        return self._number(
            "SELECT coalesce(max(cumulative_minor), 0) FROM spent_counters WHERE token_id = ? AND mode > 0", (token_id,)
        )

    def shortfall_minor(self, token_id: TokenId, terminal_id: TerminalId) -> int:
        return self._number(
            "SELECT coalesce(sum(amount_minor), 0) FROM shortfalls WHERE token_id = ? AND terminal_id = ?",
            (token_id, terminal_id),
        )

    def fraud_cases(self) -> tuple[FraudCase, ...]:
        return tuple(map(rows.fraud_case, self._connection.execute(f"{rows.FRAUD_CASE} ORDER BY f.id")))

    def accounts(self) -> tuple[Account, ...]:
        return tuple(map(rows.account, self._connection.execute(f"{rows.ACCOUNT} ORDER BY currency, kind, id")))

    def balance_minor(self, account_id: AccountId) -> int:
        return self._number("SELECT balance FROM accounts WHERE id = ?", (account_id,))

    def escrow_minor(self, wallet_id: WalletId) -> int:
        return self._number(
            "SELECT coalesce(sum(a.balance), 0) FROM tokens t JOIN accounts a ON a.id = t.account_id"
            " WHERE t.wallet_id = ? AND a.kind = ?",
            (wallet_id, AccountKind.PAYER_ESCROW),
        )

    def _one(self, query: str, key: tuple[object, ...], read: Callable[[rows.Row], R]) -> R | None:
        row = self._connection.execute(query, key).fetchone()
        return None if row is None else read(row)

    def _number(self, query: str, key: tuple[object, ...] = ()) -> int:
        row = self._connection.execute(query, key).fetchone()
        assert row is not None, "the row was read before, and rows are never deleted"
        return int(row[0])
