-- Money is integer minor units; times are seconds since the epoch; currencies are ISO 4217 numbers.
-- Small rows with time-ordered keys are WITHOUT ROWID; rows that carry evidence stand in append-ordered tables.
-- Rows that a payment makes have numbers, taken in blocks of the one row in `numbers`; a consent, its payment and that
-- payment's entry share one. References among those rows are held by `tillcode-server audit`, not by the database.

CREATE TABLE numbers (
    next  INTEGER NOT NULL
) STRICT;
INSERT INTO numbers VALUES (1);

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
    expires_at_s  INTEGER NOT NULL,
    merchant_id   INTEGER REFERENCES merchants (id),
    currency      INTEGER,
    funds_minor   INTEGER NOT NULL CHECK (funds_minor >= 0),
    used_by       BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    number     INTEGER PRIMARY KEY,
    kind       INTEGER NOT NULL,
    reference  BLOB NOT NULL,
    at_s       INTEGER NOT NULL
) STRICT;

CREATE TABLE postings (
    entry_number  INTEGER NOT NULL,
    line          INTEGER NOT NULL,
    account_id    INTEGER NOT NULL,
    currency      INTEGER NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (entry_number, line)
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
    standing        INTEGER NOT NULL,
    spent_minor     INTEGER,
    dead_minor      INTEGER NOT NULL,
    closing         BLOB,
    successor_id    BLOB,
    UNIQUE (wallet_id, issue_id)
) STRICT, WITHOUT ROWID;

-- The first answer to each consent, for ever; request and consent are evidence, stored as received.
CREATE TABLE consents (
    number       INTEGER PRIMARY KEY,
    digest       BLOB NOT NULL UNIQUE,
    wallet_id    INTEGER NOT NULL,
    token_id     BLOB NOT NULL,
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
    token_id          BLOB NOT NULL,
    counter           INTEGER NOT NULL,
    mode              INTEGER NOT NULL,
    start_minor       INTEGER NOT NULL,
    cumulative_minor  INTEGER NOT NULL,
    consent_number    INTEGER NOT NULL,
    PRIMARY KEY (token_id, counter)
) STRICT, WITHOUT ROWID;

-- A receipt is made of these columns alone, so none is stored. liability: who bears it, 1 operator, 2 merchant.
CREATE TABLE payments (
    number          INTEGER PRIMARY KEY,
    terminal_id     INTEGER NOT NULL,
    request_id      BLOB NOT NULL,
    request_digest  BLOB NOT NULL,
    consent_digest  BLOB NOT NULL,
    wallet_id       INTEGER NOT NULL,
    amount_minor    INTEGER NOT NULL CHECK (amount_minor > 0),
    currency        INTEGER NOT NULL,
    state           INTEGER NOT NULL,
    at_s            INTEGER NOT NULL,
    liability       INTEGER NOT NULL
) STRICT;

-- A request is paid or closed, once: both take its row here. Request ids begin with the time, so new rows stand together.
CREATE TABLE answered_requests (
    request_id      BLOB NOT NULL,
    terminal_id     INTEGER NOT NULL,
    payment_number  INTEGER,
    closing         BLOB,
    closed_at_s     INTEGER,
    PRIMARY KEY (request_id, terminal_id),
    CHECK ((payment_number IS NULL) <> (closing IS NULL))
) STRICT, WITHOUT ROWID;

-- What the operator has lost at one terminal under one token: its share of a token is bounded, so this is too.
CREATE TABLE shortfalls (
    token_id      BLOB NOT NULL REFERENCES tokens (id),
    terminal_id   INTEGER NOT NULL REFERENCES terminals (id),
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (token_id, terminal_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fraud_cases (
    number          INTEGER PRIMARY KEY,
    reason          TEXT NOT NULL,
    wallet_id       INTEGER NOT NULL REFERENCES wallets (id),
    token_id        BLOB NOT NULL REFERENCES tokens (id),
    consent_digest  BLOB NOT NULL,
    at_s            INTEGER NOT NULL,
    proof           BLOB NOT NULL
) STRICT;
CREATE INDEX fraud_cases_by_token ON fraud_cases (token_id);
