"""Laws of whose money an entry may move: which kinds of account, in which direction, and whose accounts they are."""

from typing import Final

from server_stub.audit.law import Law
from server_stub.ledger import EntryKind

#: Kinds of account that an entry may touch: minus is taken from, plus is given to.
_MAY_TOUCH: Final = {
    EntryKind.FUND: "-:funding, :available",
    EntryKind.TOKEN_ISSUE: "-:available, :escrow",
    EntryKind.TOKEN_RETURN: "-:escrow, :available",
    EntryKind.CAPTURE: "-:available, -:escrow, -:held, -:fraud_loss, :available, :payable, :fees",
    EntryKind.RELEASE: "-:escrow, :available",
    EntryKind.HOLD: "-:available, :held",
    EntryKind.HOLD_RELEASE: "-:held, :available",
    EntryKind.REFUND: "-:payable, :fraud_loss, :available",
}
_SIGNED_KIND: Final = "CASE WHEN o.amount_minor < 0 THEN -a.kind ELSE a.kind END"
_TOUCHES_ANOTHER: Final = " OR ".join(
    f"(e.kind = {kind:d} AND {_SIGNED_KIND} NOT IN ({may}))" for kind, may in _MAY_TOUCH.items()
)
_PAID: Final = (
    " JOIN consents c ON c.number = p.number JOIN tokens k ON k.id = c.token_id"
    " JOIN terminals t ON t.id = p.terminal_id"
)
#: What each entry was made for: a token, a declined consent, a payment, the end of a hold or a refund.
_CAUSES: Final = (
    "SELECT e.number AS entry, k.wallet_id, k.account_id AS escrow, 0 AS merchant_id"
    " FROM entries e JOIN tokens k ON k.id = e.reference WHERE e.kind IN (:issue, :return, :release)"
    " UNION ALL SELECT e.number, k.wallet_id, k.account_id, 0 FROM entries e JOIN consents c ON c.digest = e.reference"
    " JOIN tokens k ON k.id = c.token_id WHERE e.kind = :release"
    f" UNION ALL SELECT p.number, p.wallet_id, k.account_id, t.merchant_id FROM payments p{_PAID}"
    " UNION ALL SELECT h.end_entry, p.wallet_id, k.account_id, t.merchant_id FROM holds h"
    f" JOIN payments p ON p.number = h.payment_number{_PAID} WHERE h.end_entry IS NOT NULL"
    " UNION ALL SELECT r.entry_number, p.wallet_id, k.account_id, t.merchant_id FROM refunds r"
    f" JOIN payments p ON p.number = r.payment_number{_PAID}"
)
#: What each merchant has earned by his payments, less what he has refunded.
_EARNED: Final = (
    "SELECT merchant_id, currency, sum(minor) AS minor FROM ("
    "SELECT t.merchant_id, p.currency, p.amount_minor - p.fee_minor AS minor FROM payments p"
    " JOIN terminals t ON t.id = p.terminal_id WHERE p.state = :captured"
    " UNION ALL SELECT t.merchant_id, r.currency, -r.amount_minor FROM refunds r"
    " JOIN terminals t ON t.id = r.terminal_id) u GROUP BY merchant_id, currency"
)
#: What each wallet was funded with and got back, less what it has paid; and what stands in its accounts.
_OWNED: Final = (
    "SELECT wallet_id, sum(minor) AS minor FROM ("
    "SELECT w.id AS wallet_id, o.amount_minor AS minor FROM wallets w JOIN postings o ON o.account_id = w.account_id"
    " JOIN entries e ON e.number = o.entry_number WHERE e.kind = :fund"
    " UNION ALL SELECT p.wallet_id, p.borne_minor - p.amount_minor FROM payments p WHERE p.state = :captured"
    " UNION ALL SELECT p.wallet_id, r.amount_minor - r.to_loss_minor FROM refunds r"
    " JOIN payments p ON p.number = r.payment_number) u GROUP BY wallet_id"
)
_STANDING: Final = (
    "SELECT wallet_id, sum(minor) AS minor FROM ("
    "SELECT w.id AS wallet_id, a.balance AS minor FROM wallets w JOIN accounts a ON a.id = w.account_id"
    " UNION ALL SELECT w.id, a.balance FROM wallets w JOIN accounts a ON a.holder = CAST(w.id AS TEXT)"
    " WHERE a.kind = :held"
    " UNION ALL SELECT k.wallet_id, a.balance FROM tokens k JOIN accounts a ON a.id = k.account_id) u GROUP BY wallet_id"  # noqa: E501
)

OWNER_LAWS: Final = (
    Law(
        "each entry takes from and gives to the kinds of account that its own kind may",
        "entry {} of kind {} posts {} to an account of kind {}",
        "SELECT e.number, e.kind, o.amount_minor, a.kind FROM entries e JOIN postings o ON o.entry_number = e.number"
        " JOIN accounts a ON a.id = o.account_id"
        f" WHERE e.kind NOT IN ({', '.join(str(int(kind)) for kind in EntryKind)}) OR {_TOUCHES_ANOTHER}",
    ),
    Law(
        "each entry moves the money of its own payer, token and merchant, and nobody else's",
        "entry {} touches account {} of {}",
        "SELECT e.number, a.id, a.holder FROM entries e JOIN postings o ON o.entry_number = e.number"
        f" JOIN accounts a ON a.id = o.account_id LEFT JOIN ({_CAUSES}) x ON x.entry = e.number"
        " LEFT JOIN wallets w ON w.id = x.wallet_id WHERE e.kind <> :fund AND (x.entry IS NULL"
        " OR (a.kind IN (:available, :held) AND a.holder <> CAST(x.wallet_id AS TEXT))"
        " OR (a.kind = :available AND (w.id IS NULL OR a.id <> w.account_id))"
        " OR (a.kind = :escrow AND a.id <> x.escrow)"
        " OR (a.kind = :payable AND a.holder <> CAST(x.merchant_id AS TEXT)))",
    ),
    Law(
        "a token gives back once, when it is closed, at most what was not spent",
        "token {} gave back {} in {} entries",
        "SELECT k.id, g.minor, g.entries FROM tokens k JOIN (SELECT e.reference, count(DISTINCT e.number) AS entries,"
        " sum(o.amount_minor) AS minor FROM entries e JOIN postings o ON o.entry_number = e.number"
        " WHERE e.kind = :return AND o.amount_minor > 0 GROUP BY e.reference) g ON g.reference = k.id"
        " WHERE g.entries > 1 OR k.spent_minor IS NULL OR k.closing IS NULL"
        " OR g.minor > k.total_minor - k.spent_minor + k.dead_minor",
    ),
    Law(
        "a consent that was declined for ever releases once at most what it had reserved",
        "consent {} released {} in {} entries",
        "SELECT c.number, g.minor, g.entries FROM consents c JOIN (SELECT e.reference,"
        " count(DISTINCT e.number) AS entries, sum(o.amount_minor) AS minor FROM entries e JOIN postings o"
        " ON o.entry_number = e.number WHERE e.kind = :release AND o.amount_minor > 0 GROUP BY e.reference) g"
        " ON g.reference = c.digest LEFT JOIN spent_counters s ON s.consent_number = c.number"
        " WHERE g.entries > 1 OR c.error_code = 0 OR s.consent_number IS NULL OR s.mode <> :offline"
        " OR g.minor > s.cumulative_minor - s.start_minor",
    ),
    Law(
        "what each merchant is owed is what was captured for him, less fees and refunds",
        "merchant {} is owed {} in currency {}, his payments come to {}",
        "SELECT a.holder, a.balance, a.currency, coalesce(m.minor, 0) FROM accounts a"
        f" LEFT JOIN ({_EARNED}) m ON a.holder = CAST(m.merchant_id AS TEXT) AND a.currency = m.currency"
        " WHERE a.kind = :payable AND a.balance <> coalesce(m.minor, 0)"
        f" UNION ALL SELECT CAST(m.merchant_id AS TEXT), 0, m.currency, m.minor FROM ({_EARNED}) m"
        " WHERE m.minor <> 0 AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.kind = :payable"
        " AND a.holder = CAST(m.merchant_id AS TEXT) AND a.currency = m.currency)",
    ),
    Law(
        "what each wallet has, free, set aside and in tokens, is what it was funded with, less paid, with refunds",
        "wallet {} has {}, its fundings, payments and refunds come to {}",
        f"SELECT w.id, coalesce(s.minor, 0), coalesce(m.minor, 0) FROM wallets w LEFT JOIN ({_STANDING}) s"
        f" ON s.wallet_id = w.id LEFT JOIN ({_OWNED}) m ON m.wallet_id = w.id"
        " WHERE coalesce(s.minor, 0) <> coalesce(m.minor, 0)",
    ),
)
