"""Laws of payments, holds, fees, refunds and losses."""

from typing import Final

from server_stub.audit.law import Law

#: Of one entry: what it posts to a kind of account, in words of SQL. The account is the merchant's own for payable.
_POSTED: Final = (
    "(SELECT coalesce(sum(o.amount_minor), 0) FROM postings o JOIN accounts a ON a.id = o.account_id"
    " WHERE o.entry_number = {entry} AND a.kind = {kind} AND a.currency = p.currency{more})"
)
_OWN: Final = " AND a.holder = CAST(t.merchant_id AS TEXT)"


def _posted(entry: str, kind: str, *, more: str = "") -> str:
    return _POSTED.format(entry=entry, kind=kind, more=more)


#: What a capture's entry posts, against what its payment says.
_CAPTURE_DIFFERS: Final = (
    f"{_posted('{entry}', ':payable', more=_OWN)} <> p.amount_minor - p.fee_minor"
    f" OR {_posted('{entry}', ':fees')} <> p.fee_minor"
    f" OR {_posted('{entry}', ':fraud_loss')} <> -p.borne_minor"
)


def _capture_differs(entry: str) -> str:
    return _CAPTURE_DIFFERS.replace("{entry}", entry)


MONEY_LAWS: Final = (
    Law(
        "each payment has one consent that says so",
        "payment {}/{}",
        "SELECT p.terminal_id, p.request_id FROM payments p LEFT JOIN consents c ON c.number = p.number"
        " LEFT JOIN holds h ON h.payment_number = p.number"
        " WHERE c.number IS NULL OR c.digest <> p.consent_digest OR c.wallet_id <> p.wallet_id OR c.error_code <> 0"
        " OR c.terminal_id <> p.terminal_id OR c.request_id <> p.request_id"
        " OR c.state <> CASE WHEN h.payment_number IS NULL THEN p.state ELSE :authorized END"
        " OR (h.payment_number IS NULL AND (c.at_s <> p.at_s OR p.state <> :captured))",
    ),
    Law(
        "each payment without a hold has one entry: its merchant has the amount less the fee, the operator the fee",
        "payment {}/{}",
        "SELECT p.terminal_id, p.request_id FROM payments p LEFT JOIN terminals t ON t.id = p.terminal_id"
        " LEFT JOIN entries e ON e.number = p.number LEFT JOIN holds h ON h.payment_number = p.number"
        " WHERE h.payment_number IS NULL AND (e.number IS NULL OR e.kind <> :capture"
        f" OR e.reference <> p.consent_digest OR {_capture_differs('p.number')})",
    ),
    Law(
        "each hold sets aside what was authorized, and ends in one entry that moves all of it, by its payment's state",
        "payment {} is in state {}",
        "SELECT h.payment_number, p.state FROM holds h LEFT JOIN payments p ON p.number = h.payment_number"
        " LEFT JOIN terminals t ON t.id = p.terminal_id"
        " LEFT JOIN entries e ON e.number = h.payment_number LEFT JOIN entries z ON z.number = h.end_entry"
        " WHERE p.number IS NULL OR e.number IS NULL OR e.kind <> :hold OR e.reference <> p.consent_digest"
        f" OR {_posted('e.number', ':held')} <> h.authorized_minor OR p.amount_minor > h.authorized_minor"
        " OR p.borne_minor <> 0 OR (h.ended_at_s IS NULL) <> (p.state = :authorized)"
        " OR (h.ended_at_s IS NULL AND (z.number IS NOT NULL OR p.amount_minor <> h.authorized_minor))"
        " OR (h.ended_at_s IS NOT NULL AND (z.number IS NULL OR z.at_s <> p.at_s"
        f" OR {_posted('z.number', ':held')} <> -h.authorized_minor"
        " OR CASE WHEN p.state = :captured THEN z.kind <> :capture"
        f" OR {_capture_differs('z.number')} ELSE p.state NOT IN (:voided, :expired) OR z.kind <> :hold_release"
        " OR p.fee_minor <> 0 OR p.amount_minor <> h.authorized_minor END))",
    ),
    Law(
        "what each payer has set aside is exactly his open holds",
        "wallet {} has set aside {}, open holds {}",
        "SELECT a.holder, a.balance, coalesce(o.total, 0) FROM accounts a LEFT JOIN"
        " (SELECT p.wallet_id, p.currency, sum(h.authorized_minor) AS total FROM holds h JOIN payments p"
        " ON p.number = h.payment_number WHERE h.ended_at_s IS NULL GROUP BY p.wallet_id, p.currency) o"
        " ON a.holder = CAST(o.wallet_id AS TEXT) AND a.currency = o.currency"
        " WHERE a.kind = :held AND a.balance <> coalesce(o.total, 0)",
    ),
    Law(
        "each entry of a capture, hold, release or refund has its payment or refund, and each paid consent its payment",
        "{} {}",
        "SELECT 'entry', e.number FROM entries e WHERE e.kind IN (:capture, :hold)"
        " AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.number = e.number)"
        " AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.end_entry = e.number)"
        " UNION ALL SELECT 'entry', e.number FROM entries e WHERE e.kind = :hold_release"
        " AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.end_entry = e.number)"
        " UNION ALL SELECT 'entry', e.number FROM entries e WHERE e.kind = :refund"
        " AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.entry_number = e.number)"
        " UNION ALL SELECT 'consent', c.number FROM consents c WHERE c.state IN (:captured, :authorized)"
        " AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.number = c.number)",
    ),
    Law(
        "refunds come to what their payment says, which is at most what was captured",
        "payment {} was refunded {} of {}, its refunds come to {}",
        "SELECT p.number, p.refunded_minor, p.amount_minor, coalesce(r.total, 0) FROM payments p LEFT JOIN"
        " (SELECT payment_number, sum(amount_minor) AS total FROM refunds GROUP BY payment_number) r"
        " ON r.payment_number = p.number WHERE p.refunded_minor <> coalesce(r.total, 0)"
        " OR p.refunded_minor > p.amount_minor OR (p.refunded_minor > 0 AND p.state <> :captured)",
    ),
    Law(
        "each refund has one entry from its merchant, and is of a payment of its own terminal",
        "refund {}",
        "SELECT r.refund_id FROM refunds r LEFT JOIN payments p ON p.number = r.payment_number"
        " LEFT JOIN terminals t ON t.id = r.terminal_id LEFT JOIN entries e ON e.number = r.entry_number"
        " WHERE p.number IS NULL OR e.number IS NULL OR e.kind <> :refund OR e.reference <> r.digest"
        " OR p.terminal_id <> r.terminal_id OR p.request_id <> r.request_id OR p.currency <> r.currency"
        f" OR {_posted('e.number', ':payable', more=_OWN)} <> -r.amount_minor"
        f" OR {_posted('e.number', ':fraud_loss')} <> r.to_loss_minor",
    ),
    Law(
        "a refund goes first to the operator, as far as he bore the payment, and then to the payer",
        "payment {}: borne {}, refunded {}, to the operator {}",
        "SELECT p.number, p.borne_minor, p.refunded_minor, r.total FROM payments p JOIN"
        " (SELECT payment_number, sum(to_loss_minor) AS total FROM refunds GROUP BY payment_number) r"
        " ON r.payment_number = p.number WHERE r.total <> CASE WHEN p.borne_minor < p.refunded_minor"
        " THEN p.borne_minor ELSE p.refunded_minor END",
    ),
    Law(
        "the operator's fees are the fees of all payments",
        "currency {}: {} posted, {} charged",
        "SELECT f.currency, f.balance, f.charged FROM (SELECT a.currency, a.balance,"
        " (SELECT coalesce(sum(p.fee_minor), 0) FROM payments p WHERE p.currency = a.currency) AS charged"
        " FROM accounts a WHERE a.kind = :fees) f WHERE f.balance <> f.charged"
        " UNION ALL SELECT p.currency, 0, sum(p.fee_minor) FROM payments p WHERE NOT EXISTS"
        " (SELECT 1 FROM accounts a WHERE a.kind = :fees AND a.currency = p.currency)"
        " GROUP BY p.currency HAVING sum(p.fee_minor) <> 0",
    ),
    Law(
        "the fraud loss accounts hold exactly what the operator bore and did not get back",
        "currency {}: loss {}, borne {}, back {}",
        "SELECT l.currency, l.loss, l.borne, l.back FROM (SELECT a.currency, -a.balance AS loss,"
        " (SELECT coalesce(sum(s.amount_minor), 0) FROM shortfalls s JOIN tokens k ON k.id = s.token_id"
        " WHERE k.currency = a.currency) AS borne,"
        " (SELECT coalesce(sum(r.to_loss_minor), 0) FROM refunds r WHERE r.currency = a.currency) AS back"
        " FROM accounts a WHERE a.kind = :fraud_loss) l WHERE l.loss <> l.borne - l.back",
    ),
    Law(
        "what the operator bore at a terminal under a token is that of their payments, and the token has a fraud case,"
        " or a restore has lost what covered it",
        "token {} at terminal {}: {} borne",
        "SELECT s.token_id, s.terminal_id, s.amount_minor FROM shortfalls s LEFT JOIN"
        " (SELECT c.token_id, p.terminal_id, sum(p.borne_minor) AS total FROM payments p JOIN consents c"
        " ON c.number = p.number WHERE p.borne_minor > 0 GROUP BY c.token_id, p.terminal_id) b"
        " ON b.token_id = s.token_id AND b.terminal_id = s.terminal_id"
        " WHERE b.total IS NULL OR b.total <> s.amount_minor"
        " OR NOT EXISTS (SELECT 1 FROM fraud_cases f WHERE f.token_id = s.token_id"
        " UNION ALL SELECT 1 FROM relearned r WHERE r.kind = :token_again AND r.subject = s.token_id"
        " AND r.missing_minor > 0)"
        " UNION ALL SELECT c.token_id, p.terminal_id, p.borne_minor FROM payments p JOIN consents c"
        " ON c.number = p.number WHERE p.borne_minor > 0 AND NOT EXISTS (SELECT 1 FROM shortfalls s"
        " WHERE s.token_id = c.token_id AND s.terminal_id = p.terminal_id)",
    ),
    Law(
        "denials are numbered without a gap, from 1 or from a restore on",
        "denial {} has none before it",
        "SELECT d.id FROM denials d LEFT JOIN denials b ON b.id = d.id - 1 WHERE d.id > 1 AND b.id IS NULL"
        " AND d.id - 1 NOT IN (SELECT number FROM epochs)",
    ),
    Law(
        "whoever was refused for risk was declined, and every such decline has its reason",
        "consent {}",
        "SELECT d.consent_digest FROM risk_decisions d LEFT JOIN consents c ON c.digest = d.consent_digest"
        " WHERE c.number IS NULL OR (c.error_code = :risk_refused AND d.reason = '')"
        " OR (d.reason <> '' AND c.error_code NOT IN (:risk_refused, :insufficient_funds))"
        " UNION ALL SELECT c.digest FROM consents c WHERE c.error_code = :risk_refused"
        " AND NOT EXISTS (SELECT 1 FROM risk_decisions d WHERE d.consent_digest = c.digest)",
    ),
)
