-- Each row's own check: 16 bytes of BLAKE2b over what it says, written with it (store/checks.py). What is there already gets
-- its own when the store is opened; checked_tables says over which columns that was done.

CREATE TABLE checked_tables (
    name     TEXT PRIMARY KEY,
    columns  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE api_keys ADD COLUMN row_check BLOB;
ALTER TABLE holds ADD COLUMN row_check BLOB;
ALTER TABLE refunds ADD COLUMN row_check BLOB;
ALTER TABLE fee_terms ADD COLUMN row_check BLOB;
ALTER TABLE sandbox ADD COLUMN row_check BLOB;
ALTER TABLE events ADD COLUMN row_check BLOB;
ALTER TABLE event_counts ADD COLUMN row_check BLOB;
ALTER TABLE endpoints ADD COLUMN row_check BLOB;
ALTER TABLE deliveries ADD COLUMN row_check BLOB;
ALTER TABLE delivery_tries ADD COLUMN row_check BLOB;
ALTER TABLE trust ADD COLUMN row_check BLOB;
ALTER TABLE merchants ADD COLUMN row_check BLOB;
ALTER TABLE accounts ADD COLUMN row_check BLOB;
ALTER TABLE terminals ADD COLUMN row_check BLOB;
ALTER TABLE wallets ADD COLUMN row_check BLOB;
ALTER TABLE activation_codes ADD COLUMN row_check BLOB;
ALTER TABLE tokens ADD COLUMN row_check BLOB;
ALTER TABLE consents ADD COLUMN row_check BLOB;
ALTER TABLE spent_counters ADD COLUMN row_check BLOB;
ALTER TABLE payments ADD COLUMN row_check BLOB;
ALTER TABLE answered_requests ADD COLUMN row_check BLOB;
ALTER TABLE shortfalls ADD COLUMN row_check BLOB;
ALTER TABLE fraud_cases ADD COLUMN row_check BLOB;
ALTER TABLE static_codes ADD COLUMN row_check BLOB;
ALTER TABLE window_usage ADD COLUMN row_check BLOB;
ALTER TABLE devices_seen ADD COLUMN row_check BLOB;
ALTER TABLE risk_decisions ADD COLUMN row_check BLOB;
ALTER TABLE standing_changes ADD COLUMN row_check BLOB;
ALTER TABLE denials ADD COLUMN row_check BLOB;
ALTER TABLE seals ADD COLUMN row_check BLOB;
ALTER TABLE sealed_blocks ADD COLUMN row_check BLOB;
ALTER TABLE time_marks ADD COLUMN row_check BLOB;
ALTER TABLE acknowledgements ADD COLUMN row_check BLOB;
ALTER TABLE epochs ADD COLUMN row_check BLOB;
ALTER TABLE fundings ADD COLUMN row_check BLOB;
ALTER TABLE earlier_fundings ADD COLUMN row_check BLOB;
ALTER TABLE relearned ADD COLUMN row_check BLOB;
ALTER TABLE borne_payments ADD COLUMN row_check BLOB;
ALTER TABLE loss_budgets ADD COLUMN row_check BLOB;
ALTER TABLE replacings ADD COLUMN row_check BLOB;
ALTER TABLE refund_approvals ADD COLUMN row_check BLOB;

-- The one counter has its mirror: below zero as far as it is above.
ALTER TABLE numbers ADD COLUMN mirror INTEGER NOT NULL DEFAULT 0;
UPDATE numbers SET mirror = -next;
