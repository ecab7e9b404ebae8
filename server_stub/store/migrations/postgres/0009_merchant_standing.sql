-- When the operator has blocked a merchant as a whole; NULL while his payments are taken.
ALTER TABLE merchants ADD COLUMN blocked_at_s bigint;

-- The log of it: who has blocked or unblocked whom, when and why. standing: 1 open, 2 blocked.
CREATE TABLE standing_changes (
    number       bigint PRIMARY KEY,
    merchant_id  bigint NOT NULL REFERENCES merchants (id) DEFERRABLE INITIALLY DEFERRED,
    standing     bigint NOT NULL,
    at_s         bigint NOT NULL,
    made_by      text NOT NULL,
    reason       text NOT NULL
);
