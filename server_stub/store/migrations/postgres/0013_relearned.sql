-- What this ledger had forgotten and was shown, signed by the operator's own keys. kind: 1 token, 2 terminal, 3 payment,
-- 4 bundle. missing_minor: what of its amount nobody here had.
CREATE TABLE relearned (
    number         bigint PRIMARY KEY,
    kind           bigint NOT NULL,
    subject        bytea NOT NULL,
    holder         text NOT NULL,
    at_s           bigint NOT NULL,
    amount_minor   bigint NOT NULL,
    missing_minor  bigint NOT NULL,
    UNIQUE (kind, subject)
);
