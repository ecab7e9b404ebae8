"""Commands on the one writing SQLite connection, inside a database transaction."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from server_stub.ledger import AccountId, AccountKind, Entry, floor_minor_of
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
    TokenStanding,
    Trust,
    Wallet,
)
from server_stub.store.sqlite_reader import SqliteReader
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import Envelope, MerchantId, PublicKeyBytes, TerminalId, TokenId, WalletId
from wallet_sdk.protocol.money import Currency

_MOVE = "UPDATE accounts SET balance = balance + ?1 WHERE id = ?2 AND balance + ?1 >= floor"


class SqliteWriter(SqliteReader):
    """See ``Writer`` in base.py."""

    __slots__ = ()

    @contextmanager
    def savepoint(self) -> Generator[None]:
        self._connection.execute("SAVEPOINT command")
        kept = False
        try:
            yield
            kept = True
        except sqlite3.IntegrityError as error:
            raise AssertionError(f"a command of ours broke a constraint: {error}") from error
        finally:
            if kept:
                self._connection.execute("RELEASE command")
            else:
                self._undo_command()

    def _undo_command(self) -> None:
        if self._connection.in_transaction:  # a full disk may have undone everything already
            self._connection.execute("ROLLBACK TO command")
            self._connection.execute("RELEASE command")

    def post(self, entry: Entry) -> int:
        lines = sorted(entry.postings, key=lambda posting: posting.amount_minor)  # who pays is asked first
        for posting in lines:
            if self._connection.execute(_MOVE, (posting.amount_minor, posting.account_id)).rowcount != 1:
                assert posting is lines[0], "only the first account of an entry can be short of money"
                raise RuleViolationError(ErrorCode.INSUFFICIENT_FUNDS, "the balance is too small", param="amount_minor")
        number = self._connection.execute(
            "INSERT INTO entries (kind, reference, at_s) VALUES (?, ?, ?)", (entry.kind, entry.reference, entry.at_s)
        ).lastrowid
        assert number is not None, "SQLite numbers every entry"
        self._connection.executemany(
            "INSERT INTO postings (entry_id, line, account_id, currency, amount_minor) VALUES (?, ?, ?, ?, ?)",
            [
                (number, line, posting.account_id, posting.currency.number, posting.amount_minor)
                for line, posting in enumerate(lines, start=1)
            ],
        )
        return number

    def open_account(self, *, kind: AccountKind, holder: str, currency: Currency) -> AccountId:
        self._connection.execute(
            "INSERT OR IGNORE INTO accounts (kind, holder, currency, balance, floor) VALUES (?, ?, ?, 0, ?)",
            (kind, holder, currency.number, floor_minor_of(kind)),
        )
        key = (kind, holder, currency.number)
        return AccountId(self._number("SELECT id FROM accounts WHERE kind = ? AND holder = ? AND currency = ?", key))

    def save_trust(self, trust: Trust) -> None:
        self._insert("trust", (trust.version, trust.bundle, trust.root_key))

    def next_merchant_id(self) -> MerchantId:
        return MerchantId(self._number("SELECT coalesce(max(id), 1000) + 1 FROM merchants"))

    def add_merchant(self, merchant: Merchant) -> None:
        currencies = " ".join(currency.name for currency in merchant.currencies)
        self._insert(
            "merchants",
            (merchant.merchant_id, merchant.name, merchant.city, merchant.country, merchant.mcc, currencies),
        )

    def next_terminal_id(self) -> TerminalId:
        return TerminalId(self._number("SELECT coalesce(max(id), 2000) + 1 FROM terminals"))

    def add_terminal(self, terminal: Terminal) -> None:
        key_id = key_id_of(terminal.public_key)
        row = (terminal.terminal_id, terminal.merchant_id, terminal.public_key, key_id, terminal.certificate)
        self._insert("terminals", (*row, terminal.blocked_at_s))

    def renew_certificate(self, terminal_id: TerminalId, certificate: Envelope) -> None:
        self._change("UPDATE terminals SET certificate = ? WHERE id = ?", (certificate, terminal_id))

    def next_wallet_id(self) -> WalletId:
        return WalletId(self._number("SELECT coalesce(max(id), 3000) + 1 FROM wallets"))

    def add_wallet(self, wallet: Wallet) -> None:
        key_id = key_id_of(wallet.device_key)
        row = (wallet.wallet_id, wallet.currency.number, wallet.device_key, key_id, wallet.account_id)
        self._insert("wallets", (*row, wallet.blocked_at_s))

    def block_wallet(self, wallet_id: WalletId, *, at_s: int) -> None:
        self._change("UPDATE wallets SET blocked_at_s = coalesce(blocked_at_s, ?) WHERE id = ?", (at_s, wallet_id))

    def add_activation_code(self, code: ActivationCode) -> None:
        currency = None if code.currency is None else code.currency.number
        row = (code.code_hash, code.kind, code.merchant_id, currency, code.funds_minor, code.expires_at_s, code.used_by)
        self._insert("activation_codes", row)

    def use_activation_code(self, code_hash: bytes, used_by: PublicKeyBytes) -> None:
        self._change(
            "UPDATE activation_codes SET used_by = ? WHERE code_hash = ? AND used_by IS NULL", (used_by, code_hash)
        )

    def add_token(self, token: Token) -> None:
        self._connection.execute(
            "INSERT INTO tokens (id, wallet_id, device_key, account_id, digest, envelope, currency, total_minor,"
            " issue_id, issue_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                token.token_id,
                token.wallet_id,
                token.device_key,
                token.account_id,
                token.digest,
                token.envelope,
                token.currency.number,
                token.total_minor,
                token.issue_id,
                token.issue_digest,
            ),
        )

    def close_token(
        self,
        token_id: TokenId,
        *,
        standing: TokenStanding,
        spent_minor: int | None = None,
        closing: Envelope | None = None,
        successor_id: TokenId | None = None,
    ) -> None:
        self._change(
            "UPDATE tokens SET standing = ?, spent_minor = coalesce(?, spent_minor), closing = coalesce(?, closing),"
            " successor_id = coalesce(?, successor_id) WHERE id = ?",
            (standing, spent_minor, closing, successor_id, token_id),
        )

    def add_dead(self, token_id: TokenId, amount_minor: int) -> None:
        self._change("UPDATE tokens SET dead_minor = dead_minor + ? WHERE id = ?", (amount_minor, token_id))

    def add_shortfall(self, token_id: TokenId, terminal_id: TerminalId, amount_minor: int) -> None:
        self._connection.execute(
            "INSERT INTO shortfalls (token_id, terminal_id, amount_minor) VALUES (?, ?, ?)"
            " ON CONFLICT (token_id, terminal_id) DO UPDATE SET amount_minor = amount_minor + excluded.amount_minor",
            (token_id, terminal_id, amount_minor),
        )

    def add_consent(self, consent: Consent, spent: SpentCounter) -> None:
        number = self._connection.execute(
            "INSERT INTO consents (digest, wallet_id, token_id, counter, terminal_id, request_id, state, error_code,"
            " at_s, request, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                consent.digest,
                consent.wallet_id,
                consent.token_id,
                consent.counter,
                consent.terminal_id,
                consent.request_id,
                consent.state,
                consent.error_code or 0,
                consent.at_s,
                consent.request,
                consent.envelope,
            ),
        ).lastrowid
        self._connection.execute(
            "INSERT OR IGNORE INTO spent_counters (token_id, counter, mode, start_minor, cumulative_minor, consent_id)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (spent.token_id, spent.counter, spent.mode, spent.start_minor, spent.cumulative_minor, number),
        )

    def add_payment(self, payment: Payment, *, entry_number: int) -> None:
        self._connection.execute(
            "INSERT INTO payments (terminal_id, request_id, request_digest, consent_id, entry_id, amount_minor,"
            " currency, state, receipt)"
            " VALUES (?, ?, ?, (SELECT id FROM consents WHERE digest = ?), ?, ?, ?, ?, ?)",
            (
                payment.terminal_id,
                payment.request_id,
                payment.request_digest,
                payment.consent_digest,
                entry_number,
                payment.amount_minor,
                payment.currency.number,
                payment.state,
                payment.receipt,
            ),
        )

    def add_closure(self, closure: Closure) -> None:
        self._insert("closures", (closure.terminal_id, closure.request_id, closure.envelope, closure.at_s))

    def add_fraud_case(self, case: FraudCase) -> None:
        self._connection.execute(
            "INSERT INTO fraud_cases (reason, wallet_id, token_id, consent_id, at_s, proof)"
            " VALUES (?, ?, ?, (SELECT id FROM consents WHERE digest = ?), ?, ?)",
            (case.reason, case.wallet_id, case.token_id, case.consent_digest, case.at_s, case.proof),
        )

    def _insert(self, table: str, row: tuple[object, ...]) -> None:
        places = ", ".join("?" * len(row))
        self._connection.execute(f"INSERT INTO {table} VALUES ({places})", row)  # noqa: S608 - table names of ours

    def _change(self, command: str, values: tuple[object, ...]) -> None:
        changed = self._connection.execute(command, values).rowcount
        assert changed == 1, "what is changed was read before in the same database transaction"
