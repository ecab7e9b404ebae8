-- Money is integer minor units; times are seconds since the epoch; currencies are ISO 4217 numbers.
-- Small rows with time-ordered keys are WITHOUT ROWID; rows that carry evidence stand in append-ordered tables.

CREATE TABLE trust (
    version   INTEGER PRIMARY KEY,
    bundle    BLOB NOT NULL,
    root_key  BLOB NOT NULL
) STRICT;

CREATE TABLE merchants (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    city        TEXT NOT NULL,
    country     TEXT NOT NULL,
    mcc         INTEGER NOT NULL,
    currencies  TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
    id        INTEGER PRIMARY KEY,
    kind      INTEGER NOT NULL,
    holder    TEXT NOT NULL,
    currency  INTEGER NOT NULL,
    balance   INTEGER NOT NULL,
    floor     INTEGER NOT NULL,
    UNIQUE (kind, holder, currency),
    CHECK (balance >= floor)
) STRICT;

CREATE TABLE terminals (
    id            INTEGER PRIMARY KEY,
    merchant_id   INTEGER NOT NULL REFERENCES merchants (id),
    public_key    BLOB NOT NULL UNIQUE,
    key_id        BLOB NOT NULL UNIQUE,
    certificate   BLOB NOT NULL,
    blocked_at_s  INTEGER
) STRICT;

CREATE TABLE wallets (
    id            INTEGER PRIMARY KEY,
    currency      INTEGER NOT NULL,
    device_key    BLOB NOT NULL UNIQUE,
    key_id        BLOB NOT NULL UNIQUE,
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    blocked_at_s  INTEGER
) STRICT;

-- The code itself is never stored. kind: 1 terminal, 2 wallet.
CREATE TABLE activation_codes (
    code_hash     BLOB PRIMARY KEY,
    kind          INTEGER NOT NULL,
    merchant_id   INTEGER REFERENCES merchants (id),
    currency      INTEGER,
    funds_minor   INTEGER NOT NULL CHECK (funds_minor >= 0),
    expires_at_s  INTEGER NOT NULL,
    used_by       BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    id         INTEGER PRIMARY KEY,
    kind       INTEGER NOT NULL,
    reference  BLOB NOT NULL,
    at_s       INTEGER NOT NULL
) STRICT;

CREATE TABLE postings (
    entry_id      INTEGER NOT NULL REFERENCES entries (id),
    line          INTEGER NOT NULL,
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    currency      INTEGER NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (entry_id, line)
) STRICT, WITHOUT ROWID;

-- standing: 1 open, 2 closed at spent_minor by its wallet, 3 closed for fraud.
-- device_key: of this token alone. successor_id: the token that was issued when its wallet closed it.
-- dead_minor: offline consents under it that were declined for ever, so that nobody can claim them any more.
CREATE TABLE tokens (
    id              BLOB PRIMARY KEY,
    wallet_id       INTEGER NOT NULL REFERENCES wallets (id),
    device_key      BLOB NOT NULL UNIQUE,
    account_id      INTEGER NOT NULL REFERENCES accounts (id),
    digest          BLOB NOT NULL,
    envelope        BLOB NOT NULL,
    currency        INTEGER NOT NULL,
    total_minor     INTEGER NOT NULL,
    issue_id        BLOB NOT NULL,
    issue_digest    BLOB NOT NULL,
    standing        INTEGER NOT NULL DEFAULT 1,
    spent_minor     INTEGER,
    dead_minor      INTEGER NOT NULL DEFAULT 0,
    closing         BLOB,
    successor_id    BLOB,
    UNIQUE (wallet_id, issue_id)
) STRICT, WITHOUT ROWID;

-- The first answer to each consent, for ever; request and consent are evidence, stored as received.
CREATE TABLE consents (
    id           INTEGER PRIMARY KEY,
    digest       BLOB NOT NULL UNIQUE,
    wallet_id    INTEGER NOT NULL REFERENCES wallets (id),
    token_id     BLOB NOT NULL REFERENCES tokens (id),
    counter      INTEGER NOT NULL,
    terminal_id  INTEGER NOT NULL,
    request_id   BLOB NOT NULL,
    state        INTEGER NOT NULL,
    error_code   INTEGER NOT NULL,
    at_s         INTEGER NOT NULL,
    request      BLOB NOT NULL,
    envelope     BLOB NOT NULL
) STRICT;

-- mode: 0 code, 1 online intent, 2 offline intent. cumulative_minor and start_minor mean nothing for a code.
CREATE TABLE spent_counters (
    token_id          BLOB NOT NULL REFERENCES tokens (id),
    counter           INTEGER NOT NULL,
    mode              INTEGER NOT NULL,
    start_minor       INTEGER NOT NULL,
    cumulative_minor  INTEGER NOT NULL,
    consent_id        INTEGER NOT NULL REFERENCES consents (id),
    PRIMARY KEY (token_id, counter)
) STRICT, WITHOUT ROWID;

CREATE TABLE payments (
    terminal_id     INTEGER NOT NULL REFERENCES terminals (id),
    request_id      BLOB NOT NULL,
    request_digest  BLOB NOT NULL,
    consent_id      INTEGER NOT NULL UNIQUE REFERENCES consents (id),
    entry_id        INTEGER NOT NULL UNIQUE REFERENCES entries (id),
    amount_minor    INTEGER NOT NULL CHECK (amount_minor > 0),
    currency        INTEGER NOT NULL,
    state           INTEGER NOT NULL,
    receipt         BLOB NOT NULL,
    PRIMARY KEY (terminal_id, request_id)
) STRICT, WITHOUT ROWID;

-- What the operator has lost at one terminal under one token: its share of a token is bounded, so this is too.
CREATE TABLE shortfalls (
    token_id      BLOB NOT NULL REFERENCES tokens (id),
    terminal_id   INTEGER NOT NULL REFERENCES terminals (id),
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (token_id, terminal_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE closures (
    terminal_id  INTEGER NOT NULL REFERENCES terminals (id),
    request_id   BLOB NOT NULL,
    envelope     BLOB NOT NULL,
    at_s         INTEGER NOT NULL,
    PRIMARY KEY (terminal_id, request_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fraud_cases (
    id          INTEGER PRIMARY KEY,
    reason      TEXT NOT NULL,
    wallet_id   INTEGER NOT NULL REFERENCES wallets (id),
    token_id    BLOB NOT NULL REFERENCES tokens (id),
    consent_id  INTEGER NOT NULL REFERENCES consents (id),
    at_s        INTEGER NOT NULL,
    proof       BLOB NOT NULL
) STRICT;
CREATE INDEX fraud_cases_by_token ON fraud_cases (token_id);
