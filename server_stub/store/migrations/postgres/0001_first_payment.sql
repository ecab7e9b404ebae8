-- Money is integer minor units; times are seconds since the epoch; currencies are ISO 4217 numbers.
-- Rows that a payment makes have numbers, taken in blocks of the one row in `numbers`; a consent, its payment and that
-- payment's entry share one. References among those rows are held by `tillcode-server audit`, not by the database.

CREATE TABLE numbers (
    next  bigint NOT NULL
);
INSERT INTO numbers VALUES (1);

CREATE TABLE trust (
    version   bigint PRIMARY KEY,
    bundle    bytea NOT NULL,
    root_key  bytea NOT NULL
);

CREATE TABLE merchants (
    id          bigint PRIMARY KEY,
    name        text NOT NULL,
    city        text NOT NULL,
    country     text NOT NULL,
    mcc         bigint NOT NULL,
    currencies  text NOT NULL
);

-- Balances change all the time: room is left on each page, so that a new version of a row stays beside the old one.
CREATE TABLE accounts (
    id        bigint PRIMARY KEY,
    kind      bigint NOT NULL,
    holder    text NOT NULL,
    currency  bigint NOT NULL,
    balance   bigint NOT NULL,
    floor     bigint NOT NULL,
    UNIQUE (kind, holder, currency),
    CHECK (balance >= floor)
) WITH (fillfactor = 50);

CREATE TABLE terminals (
    id            bigint PRIMARY KEY,
    merchant_id   bigint NOT NULL REFERENCES merchants (id) DEFERRABLE INITIALLY DEFERRED,
    public_key    bytea NOT NULL UNIQUE,
    key_id        bytea NOT NULL UNIQUE,
    certificate   bytea NOT NULL,
    blocked_at_s  bigint
);

CREATE TABLE wallets (
    id            bigint PRIMARY KEY,
    currency      bigint NOT NULL,
    device_key    bytea NOT NULL UNIQUE,
    key_id        bytea NOT NULL UNIQUE,
    account_id    bigint NOT NULL REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED,
    blocked_at_s  bigint
);

-- The code itself is never stored. kind: 1 terminal, 2 wallet.
CREATE TABLE activation_codes (
    code_hash     bytea PRIMARY KEY,
    kind          bigint NOT NULL,
    expires_at_s  bigint NOT NULL,
    merchant_id   bigint REFERENCES merchants (id) DEFERRABLE INITIALLY DEFERRED,
    currency      bigint,
    funds_minor   bigint NOT NULL CHECK (funds_minor >= 0),
    used_by       bytea
);

CREATE TABLE entries (
    number     bigint PRIMARY KEY,
    kind       bigint NOT NULL,
    reference  bytea NOT NULL,
    at_s       bigint NOT NULL
);

CREATE TABLE postings (
    entry_number  bigint NOT NULL,
    line          bigint NOT NULL,
    account_id    bigint NOT NULL,
    currency      bigint NOT NULL,
    amount_minor  bigint NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (entry_number, line)
);

-- standing: 1 open, 2 closed at spent_minor by its wallet, 3 closed for fraud.
-- device_key: of this token alone. successor_id: the token that was issued when its wallet closed it.
-- dead_minor: offline consents under it that were declined for ever, so that nobody can claim them any more.
CREATE TABLE tokens (
    id              bytea PRIMARY KEY,
    wallet_id       bigint NOT NULL REFERENCES wallets (id) DEFERRABLE INITIALLY DEFERRED,
    device_key      bytea NOT NULL UNIQUE,
    account_id      bigint NOT NULL REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED,
    digest          bytea NOT NULL,
    envelope        bytea NOT NULL,
    currency        bigint NOT NULL,
    total_minor     bigint NOT NULL,
    issue_id        bytea NOT NULL,
    issue_digest    bytea NOT NULL,
    standing        bigint NOT NULL,
    spent_minor     bigint,
    dead_minor      bigint NOT NULL,
    closing         bytea,
    successor_id    bytea,
    UNIQUE (wallet_id, issue_id)
);

-- The first answer to each consent, for ever; request and consent are evidence, stored as received.
CREATE TABLE consents (
    number       bigint PRIMARY KEY,
    digest       bytea NOT NULL UNIQUE,
    wallet_id    bigint NOT NULL,
    token_id     bytea NOT NULL,
    counter      bigint NOT NULL,
    terminal_id  bigint NOT NULL,
    request_id   bytea NOT NULL,
    state        bigint NOT NULL,
    error_code   bigint NOT NULL,
    at_s         bigint NOT NULL,
    request      bytea NOT NULL,
    envelope     bytea NOT NULL
);

-- mode: 0 code, 1 online intent, 2 offline intent. cumulative_minor and start_minor mean nothing for a code.
CREATE TABLE spent_counters (
    token_id          bytea NOT NULL,
    counter           bigint NOT NULL,
    mode              bigint NOT NULL,
    start_minor       bigint NOT NULL,
    cumulative_minor  bigint NOT NULL,
    consent_number    bigint NOT NULL,
    PRIMARY KEY (token_id, counter)
);

-- A receipt is made of these columns alone, so none is stored. liability: who bears it, 1 operator, 2 merchant.
CREATE TABLE payments (
    number          bigint PRIMARY KEY,
    terminal_id     bigint NOT NULL,
    request_id      bytea NOT NULL,
    request_digest  bytea NOT NULL,
    consent_digest  bytea NOT NULL,
    wallet_id       bigint NOT NULL,
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
    currency        bigint NOT NULL,
    state           bigint NOT NULL,
    at_s            bigint NOT NULL,
    liability       bigint NOT NULL
);

-- A request is paid or closed, once: both take its row here. Request ids begin with the time, so new rows stand together.
CREATE TABLE answered_requests (
    request_id      bytea NOT NULL,
    terminal_id     bigint NOT NULL,
    payment_number  bigint,
    closing         bytea,
    closed_at_s     bigint,
    PRIMARY KEY (request_id, terminal_id),
    CHECK ((payment_number IS NULL) <> (closing IS NULL))
);

-- What the operator has lost at one terminal under one token: its share of a token is bounded, so this is too.
CREATE TABLE shortfalls (
    token_id      bytea NOT NULL REFERENCES tokens (id) DEFERRABLE INITIALLY DEFERRED,
    terminal_id   bigint NOT NULL REFERENCES terminals (id) DEFERRABLE INITIALLY DEFERRED,
    amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (token_id, terminal_id)
);

CREATE TABLE fraud_cases (
    number          bigint PRIMARY KEY,
    reason          text NOT NULL,
    wallet_id       bigint NOT NULL REFERENCES wallets (id) DEFERRABLE INITIALLY DEFERRED,
    token_id        bytea NOT NULL REFERENCES tokens (id) DEFERRABLE INITIALLY DEFERRED,
    consent_digest  bytea NOT NULL,
    at_s            bigint NOT NULL,
    proof           bytea NOT NULL
);
CREATE INDEX fraud_cases_by_token ON fraud_cases (token_id);
