-- When the operator has blocked a merchant as a whole; NULL while his payments are taken.
ALTER TABLE merchants ADD COLUMN blocked_at_s INTEGER;

-- The log of it: who has blocked or unblocked whom, when and why. standing: 1 open, 2 blocked.
CREATE TABLE standing_changes (
    number       INTEGER PRIMARY KEY,
    merchant_id  INTEGER NOT NULL REFERENCES merchants (id),
    standing     INTEGER NOT NULL,
    at_s         INTEGER NOT NULL,
    made_by      TEXT NOT NULL,
    reason       TEXT NOT NULL
) STRICT;
