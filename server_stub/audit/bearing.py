"""Laws of what the operator bears: each budget against what was posted to the loss accounts."""

from typing import Final

from server_stub.audit.law import Law

#: What each capture has drawn from a loss account, by its postings alone.
_DRAWN: Final = (
    "SELECT e.number, e.at_s, o.currency, -sum(o.amount_minor) AS minor FROM entries e JOIN postings o"
    " ON o.entry_number = e.number JOIN accounts a ON a.id = o.account_id"
    " WHERE e.kind = :capture AND a.kind = :fraud_loss GROUP BY e.number, e.at_s, o.currency"
)
_BORNE: Final = (
    f" FROM ({_DRAWN}) d JOIN payments p ON p.number = d.number JOIN terminals t ON t.id = p.terminal_id"
    " LEFT JOIN borne_payments b ON b.payment_number = d.number"
)
#: The same by the budget that it counts in.
_BY_BUDGET: Final = (
    "SELECT kind, subject_id, currency, day, sum(minor) AS minor FROM ("
    f"SELECT :wallet_budget AS kind, p.wallet_id AS subject_id, d.currency, 0 AS day, d.minor{_BORNE}"
    f" UNION ALL SELECT :merchant_budget, t.merchant_id, d.currency, d.at_s / :day_s, d.minor{_BORNE}"
    f" UNION ALL SELECT :operator_budget, 0, d.currency, d.at_s / :day_s, d.minor{_BORNE}"
    f" UNION ALL SELECT :young_budget, t.merchant_id, d.currency, d.at_s / :day_s, d.minor{_BORNE}"
    " WHERE b.is_young = 1) u GROUP BY kind, subject_id, currency, day"
)
_SAME: Final = "d.kind = l.kind AND d.subject_id = l.subject_id AND d.currency = l.currency AND d.day = l.day"

BEARING_LAWS: Final = (
    Law(
        "what was posted to the loss accounts is what each budget says, and within its limit",
        "budget {} of {} in currency {}, day {}: {} posted, {} counted, limit {}",
        f"SELECT l.kind, l.subject_id, l.currency, l.day, coalesce(d.minor, 0), l.amount_minor, l.max_minor"
        f" FROM loss_budgets l LEFT JOIN ({_BY_BUDGET}) d ON {_SAME}"
        " WHERE coalesce(d.minor, 0) <> l.amount_minor OR l.amount_minor > l.max_minor"
        f" UNION ALL SELECT d.kind, d.subject_id, d.currency, d.day, d.minor, 0, 0"
        f" FROM ({_BY_BUDGET}) d LEFT JOIN loss_budgets l ON {_SAME} WHERE l.kind IS NULL",
    ),
    Law(
        "each payment that drew on a loss account says when and where, and no other does",
        "payment {}",
        f"SELECT d.number FROM ({_DRAWN}) d LEFT JOIN borne_payments b ON b.payment_number = d.number"
        " LEFT JOIN payments p ON p.number = d.number LEFT JOIN terminals t ON t.id = p.terminal_id"
        " WHERE b.payment_number IS NULL OR t.merchant_id IS NULL OR b.merchant_id <> t.merchant_id"
        f" UNION ALL SELECT b.payment_number FROM borne_payments b LEFT JOIN ({_DRAWN}) d"
        " ON d.number = b.payment_number WHERE d.number IS NULL",
    ),
    Law(
        "nothing was borne of what was accepted after its token was revoked",
        "payment {}, accepted at {}, token revoked at {}",
        "SELECT b.payment_number, b.made_at_s, n.at_s FROM borne_payments b"
        " JOIN payments p ON p.number = b.payment_number JOIN consents c ON c.number = b.payment_number"
        " JOIN denials n ON n.kind = :token_denial AND n.subject = c.token_id"
        " WHERE n.at_s <= b.made_at_s AND n.at_s + :skew_s < p.at_s",
    ),
)
