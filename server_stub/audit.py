"""Every invariant of the ledger, asked of the file itself in one consistent view. It only reads.

Each check is one query that returns what is wrong, so an empty answer is the proof. The queries know the
tables but share no code with what writes them: a mistake there must not hide itself here.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server_stub.ledger import AccountKind, EntryKind
from server_stub.store.base import ConsentMode, TokenStanding
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    law: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What was looked at, and what is wrong with it."""

    entries: int
    accounts: int
    payments: int
    fraud_cases: int
    laws: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Law:
    text: str
    query: str


#: Names that the queries use for numbers.
_NUMBERS: Final = {
    "funding": AccountKind.FUNDING,
    "escrow": AccountKind.PAYER_ESCROW,
    "payable": AccountKind.MERCHANT_PAYABLE,
    "fraud_loss": AccountKind.FRAUD_LOSS,
    "issue": EntryKind.TOKEN_ISSUE,
    "capture": EntryKind.CAPTURE,
    "captured": State.CAPTURED,
    "offline": ConsentMode.OFFLINE,
    "closed": TokenStanding.CLOSED,
    "closed_for_fraud": TokenStanding.CLOSED_FOR_FRAUD,
}

_LAWS: Final = (
    _Law(
        "every entry has two or more postings that sum to zero in each currency",
        "SELECT 'entry ' || e.id || ' has ' || count(p.line) || ' postings, sum ' || coalesce(sum(p.amount_minor), 0)"
        " FROM entries e LEFT JOIN postings p ON p.entry_id = e.id GROUP BY e.id, p.currency"
        " HAVING count(p.line) < 2 OR sum(p.amount_minor) <> 0",
    ),
    _Law(
        "every posting belongs to an entry, and to an account of its currency",
        "SELECT 'entry ' || p.entry_id || ' line ' || p.line"
        " FROM postings p LEFT JOIN accounts a ON a.id = p.account_id LEFT JOIN entries e ON e.id = p.entry_id"
        " WHERE e.id IS NULL OR a.id IS NULL OR a.currency <> p.currency",
    ),
    _Law(
        "each balance is the sum of the account's postings",
        "SELECT 'account ' || a.id || ' says ' || a.balance || ', its postings ' || coalesce(p.total, 0)"
        " FROM accounts a LEFT JOIN (SELECT account_id, sum(amount_minor) AS total FROM postings GROUP BY account_id) p"
        " ON p.account_id = a.id WHERE a.balance <> coalesce(p.total, 0)",
    ),
    _Law(
        "no account is under its floor, and only funding and fraud loss may be under zero",
        "SELECT 'account ' || id || ' holds ' || balance || ', floor ' || floor FROM accounts"
        " WHERE balance < floor OR (floor < 0 AND kind NOT IN (:funding, :fraud_loss))",
    ),
    _Law(
        "all balances of a currency sum to zero",
        "SELECT 'currency ' || currency || ' sums to ' || sum(balance) FROM accounts"
        " GROUP BY currency HAVING sum(balance) <> 0",
    ),
    _Law(
        "each payment has one entry that credits its merchant with its amount, and one consent that says so",
        "SELECT 'payment ' || p.terminal_id || '/' || hex(p.request_id) FROM payments p"
        " LEFT JOIN terminals t ON t.id = p.terminal_id"
        " LEFT JOIN consents c ON c.id = p.consent_id LEFT JOIN entries e ON e.id = p.entry_id"
        " WHERE p.state <> :captured OR c.id IS NULL OR e.id IS NULL OR e.kind <> :capture"
        " OR e.reference <> c.digest OR c.state <> p.state OR c.error_code <> 0"
        " OR c.terminal_id <> p.terminal_id OR c.request_id <> p.request_id OR p.amount_minor <>"
        " (SELECT coalesce(sum(o.amount_minor), 0) FROM postings o JOIN accounts a ON a.id = o.account_id"
        " WHERE o.entry_id = e.id AND a.kind = :payable"
        " AND a.holder = CAST(t.merchant_id AS TEXT) AND a.currency = p.currency)",
    ),
    _Law(
        "each capture entry and each paid consent has its payment",
        "SELECT 'entry ' || id FROM entries WHERE kind = :capture AND id NOT IN (SELECT entry_id FROM payments)"
        " UNION ALL SELECT 'consent ' || hex(digest) FROM consents WHERE state = :captured"
        " AND id NOT IN (SELECT consent_id FROM payments)",
    ),
    _Law(
        "no payment is both paid and closed",
        "SELECT 'payment ' || terminal_id || '/' || hex(request_id) FROM payments JOIN closures"
        " USING (terminal_id, request_id)",
    ),
    _Law(
        "each counter of a token is spent at most once, fraud cases apart",
        "SELECT 'token ' || hex(token_id) || ' counter ' || counter || ' was paid ' || count(*) || ' times'"
        " FROM consents WHERE state = :captured AND token_id NOT IN (SELECT token_id FROM fraud_cases)"
        " GROUP BY token_id, counter HAVING count(*) > 1",
    ),
    _Law(
        "each consent has its counter, fraud cases apart",
        "SELECT 'consent ' || hex(c.digest) FROM consents c LEFT JOIN spent_counters s"
        " ON s.consent_id = c.id WHERE s.consent_id IS NULL AND c.token_id NOT IN (SELECT token_id FROM fraud_cases)",
    ),
    _Law(
        "what was captured offline under a token is at most its total, fraud cases apart",
        "SELECT 'token ' || hex(t.id) || ' allows ' || t.total_minor || ', captured ' || sum(p.amount_minor)"
        " FROM tokens t JOIN consents c ON c.token_id = t.id JOIN spent_counters s ON s.consent_id = c.id"
        " JOIN payments p ON p.consent_id = c.id"
        " WHERE s.mode = :offline AND t.id NOT IN (SELECT token_id FROM fraud_cases)"
        " GROUP BY t.id HAVING sum(p.amount_minor) > t.total_minor",
    ),
    _Law(
        "what is left in escrow is what was put there, less what was captured, given back and released",
        "SELECT 'token ' || hex(t.id) || ' holds ' || a.balance || ' of ' || t.total_minor"
        " FROM tokens t JOIN accounts a ON a.id = t.account_id LEFT JOIN"
        " (SELECT p.account_id, sum(CASE e.kind WHEN :issue THEN p.amount_minor ELSE 0 END) AS put,"
        " sum(CASE WHEN e.kind <> :issue THEN p.amount_minor ELSE 0 END) AS taken FROM postings p"
        " JOIN entries e ON e.id = p.entry_id GROUP BY p.account_id) m ON m.account_id = a.id"
        " WHERE a.kind <> :escrow OR coalesce(m.put, 0) <> t.total_minor"
        " OR a.balance <> t.total_minor + coalesce(m.taken, 0)",
    ),
    _Law(
        "a token that its wallet has closed keeps at most what was signed under it and not captured",
        "SELECT 'token ' || hex(t.id) || ' was closed at ' || t.spent_minor || ' and holds ' || a.balance"
        " FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.standing = :closed"
        " AND (t.spent_minor IS NULL OR t.closing IS NULL OR a.balance > t.spent_minor - (SELECT"
        " coalesce(sum(p.amount_minor), 0) FROM consents c JOIN payments p ON p.consent_id = c.id"
        " JOIN spent_counters s ON s.consent_id = c.id WHERE c.token_id = t.id AND s.mode = :offline))",
    ),
    _Law(
        "the fraud loss accounts hold exactly what the operator bore, and only for tokens with a fraud case",
        "SELECT 'loss ' || l.loss || ', shortfalls ' || s.borne FROM"
        " (SELECT coalesce(sum(-balance), 0) AS loss FROM accounts WHERE kind = :fraud_loss) l,"
        " (SELECT coalesce(sum(amount_minor), 0) AS borne FROM shortfalls) s WHERE l.loss <> s.borne"
        " UNION ALL SELECT 'token ' || hex(token_id) FROM shortfalls WHERE token_id NOT IN"
        " (SELECT token_id FROM fraud_cases)",
    ),
    _Law(
        "each fraud case has closed its token and blocked its wallet",
        "SELECT 'fraud case ' || f.id FROM fraud_cases f JOIN tokens t ON t.id = f.token_id"
        " JOIN wallets w ON w.id = f.wallet_id WHERE t.standing <> :closed_for_fraud OR w.blocked_at_s IS NULL",
    ),
)


def audit(path: Path) -> AuditReport:
    """Look at a ledger's file, which a server may be using meanwhile.

    Raises:
        MisuseError: NOT_INITIALISED when there is no file.
        UnavailableError: STORAGE_CORRUPT when SQLite cannot read it.
    """
    if not path.exists():
        raise MisuseError(ErrorCode.NOT_INITIALISED, f"{path} is missing; run: tillcode-server init")
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=5)
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            return _report(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise UnavailableError(ErrorCode.STORAGE_CORRUPT, f"{path}: {error}") from error


def _report(connection: sqlite3.Connection) -> AuditReport:
    findings = [
        Finding(law="the file is whole", what=str(row[0]))
        for row in connection.execute("PRAGMA integrity_check")
        if row[0] != "ok"
    ]
    findings += [
        Finding(law="every reference has its row", what=f"{row[0]} row {row[1]} refers to a missing {row[2]}")
        for row in connection.execute("PRAGMA foreign_key_check")
    ]
    for law in _LAWS:
        findings += [Finding(law=law.text, what=str(row[0])) for row in connection.execute(law.query, _NUMBERS)]

    def count(table: str) -> int:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our tables

    return AuditReport(
        entries=count("entries"),
        accounts=count("accounts"),
        payments=count("payments"),
        fraud_cases=count("fraud_cases"),
        laws=("the file is whole", "every reference has its row", *(law.text for law in _LAWS)),
        findings=tuple(findings),
    )
