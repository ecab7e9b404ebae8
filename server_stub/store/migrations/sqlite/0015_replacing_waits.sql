-- A code that takes a terminal over works from then on.
ALTER TABLE activation_codes ADD COLUMN not_before_s INTEGER NOT NULL DEFAULT 0;
CREATE INDEX activation_codes_replacing ON activation_codes (replaces);

-- The log of it. step: 1 asked, 2 done.
CREATE TABLE replacings (
    number        INTEGER PRIMARY KEY,
    terminal_id   INTEGER NOT NULL,
    merchant_id   INTEGER NOT NULL,
    step          INTEGER NOT NULL,
    not_before_s  INTEGER NOT NULL,
    at_s          INTEGER NOT NULL,
    made_by       TEXT NOT NULL
) STRICT;

-- Refunds of a payment may come to so much, also by a device that came after it.
CREATE TABLE refund_approvals (
    payment_number  INTEGER PRIMARY KEY,
    amount_minor    INTEGER NOT NULL,
    approved_by     TEXT NOT NULL,
    at_s            INTEGER NOT NULL
) STRICT;

-- A merchant's chief key, which makes the others, may do what is new; one that only looks after devices may not.
UPDATE api_keys SET scopes = scopes || ' devices:replace refunds:approve'
    WHERE merchant_id <> 0 AND scopes LIKE '%devices:write%' AND scopes LIKE '%keys:write%';
