"""Laws of the outbox: everything that happened was told once, and numbers have no gap."""

from typing import Final

from server_stub.audit.law import Law

#: What happened, its number in the ledger, and the kind of event that tells of it.
_HAPPENED: Final = (
    "SELECT c.number, CASE c.state WHEN :captured THEN 'payment.captured' WHEN :authorized THEN 'payment.authorized'"
    " WHEN :rejected THEN 'payment.rejected' ELSE 'payment.declined' END AS kind FROM consents c"
    " UNION ALL SELECT f.number, 'fraud_case.opened' FROM fraud_cases f"
    " UNION ALL SELECT h.end_entry, CASE p.state WHEN :captured THEN 'payment.captured'"
    " WHEN :voided THEN 'payment.voided' ELSE 'payment.expired' END FROM holds h"
    " JOIN payments p ON p.number = h.payment_number WHERE h.end_entry IS NOT NULL"
    " UNION ALL SELECT r.entry_number, 'refund.settled' FROM refunds r"
    " UNION ALL SELECT s.number, CASE s.standing WHEN :blocked THEN 'merchant.blocked' ELSE 'merchant.unblocked' END"
    " FROM standing_changes s"
    " UNION ALL SELECT t.number, CASE t.step WHEN :asked THEN 'terminal.replacing' ELSE 'terminal.replaced' END"
    " FROM replacings t"
)

OUTBOX_LAWS: Final = (
    Law(
        "whatever happened to a payment or a merchant has its one event",
        "{} {} has no event of its kind",
        f"SELECT h.kind, h.number FROM ({_HAPPENED}) h LEFT JOIN events e ON e.row_number = h.number"
        " AND e.kind = h.kind WHERE e.row_number IS NULL",
    ),
    Law(
        "each event has its merchant",
        "event {} is of merchant {}, who is not there",
        "SELECT e.row_number, e.merchant_id FROM events e LEFT JOIN merchants m ON m.id = e.merchant_id"
        " WHERE m.id IS NULL",
    ),
    Law(
        "a merchant is blocked exactly while the log says so",
        "merchant {} is blocked since {}, the log has {} blocks and {} ends of one",
        "SELECT m.id, coalesce(m.blocked_at_s, 0), s.blocks, s.ends FROM merchants m LEFT JOIN"
        " (SELECT merchant_id, sum(CASE standing WHEN :blocked THEN 1 ELSE 0 END) AS blocks,"
        " sum(CASE standing WHEN :blocked THEN 0 ELSE 1 END) AS ends FROM standing_changes GROUP BY merchant_id) s"
        " ON s.merchant_id = m.id WHERE coalesce(s.blocks, 0) - coalesce(s.ends, 0) <>"
        " CASE WHEN m.blocked_at_s IS NULL THEN 0 ELSE 1 END",
    ),
    Law(
        "each event tells of something that happened",
        "event {} is of nothing",
        f"SELECT e.row_number FROM events e LEFT JOIN ({_HAPPENED}) h ON h.number = e.row_number"
        " AND h.kind = e.kind WHERE e.kind <> 'payment.closed' AND h.number IS NULL",
    ),
    Law(
        "each closed request has its one event",
        "{} requests are closed, {} events say so",
        "SELECT c.closed, e.told FROM (SELECT count(*) AS closed FROM answered_requests WHERE closing IS NOT NULL) c,"
        " (SELECT count(*) AS told FROM events WHERE kind = 'payment.closed') e WHERE c.closed <> e.told",
    ),
    Law(
        "each merchant's events are numbered without a gap, from 1 or from a restore on",
        "merchant {}: nothing before event {}",
        "SELECT e.merchant_id, e.number FROM events e LEFT JOIN events b ON b.merchant_id = e.merchant_id"
        " AND b.number = e.number - 1 WHERE e.number > 1 AND b.number IS NULL"
        " AND e.number - 1 NOT IN (SELECT number FROM epochs)",
    ),
    Law(
        "each merchant's events are counted up to the last",
        "merchant {} has events up to {}, counted up to {}",
        "SELECT e.merchant_id, coalesce(max(e.number), 0), coalesce(c.last_number, 0) FROM events e"
        " LEFT JOIN event_counts c ON c.merchant_id = e.merchant_id GROUP BY e.merchant_id, c.last_number"
        " HAVING coalesce(max(e.number), 0) <> coalesce(c.last_number, 0)",
    ),
)
