-- What this ledger had forgotten and was shown, signed by the operator's own keys. kind: 1 token, 2 terminal, 3 payment,
-- 4 bundle. missing_minor: what of its amount nobody here had.
CREATE TABLE relearned (
    number         INTEGER PRIMARY KEY,
    kind           INTEGER NOT NULL,
    subject        BLOB NOT NULL,
    holder         TEXT NOT NULL,
    at_s           INTEGER NOT NULL,
    amount_minor   INTEGER NOT NULL,
    missing_minor  INTEGER NOT NULL,
    UNIQUE (kind, subject)
) STRICT;
