-- API keys: only the hash of a secret is here. merchant_id 0 is the operator.
CREATE TABLE api_keys (
    id            TEXT PRIMARY KEY,
    secret_hash   BYTEA NOT NULL,
    merchant_id   BIGINT NOT NULL,
    scopes        TEXT NOT NULL,
    label         TEXT NOT NULL,
    made_at_s     BIGINT NOT NULL,
    revoked_at_s  BIGINT
);
CREATE INDEX api_keys_of ON api_keys (merchant_id);

-- The outbox: written in the commit that moved the money, numbered for its merchant right after it.
-- No references: every payment writes one, and the audit looks instead.
CREATE TABLE events (
    row_number   BIGINT PRIMARY KEY,
    merchant_id  BIGINT NOT NULL,
    kind         TEXT NOT NULL,
    at_s         BIGINT NOT NULL,
    content      BYTEA NOT NULL,
    number       BIGINT,
    UNIQUE (merchant_id, number)
);
-- A merchant's payments, newest first.
CREATE INDEX events_of_captures ON events (merchant_id, at_s, row_number) WHERE kind = 'payment.captured';
CREATE INDEX events_without_number ON events (merchant_id, row_number) WHERE number IS NULL;

CREATE TABLE event_counts (
    merchant_id  BIGINT PRIMARY KEY REFERENCES merchants (id),
    last_number  BIGINT NOT NULL
);

-- Secrets stand here as they are: they sign, so they must be known.
CREATE TABLE endpoints (
    id             BIGINT PRIMARY KEY,
    merchant_id    BIGINT NOT NULL REFERENCES merchants (id),
    url            TEXT NOT NULL,
    kinds          TEXT NOT NULL,
    secrets        TEXT NOT NULL,
    made_at_s      BIGINT NOT NULL,
    disabled_at_s  BIGINT,
    removed_at_s   BIGINT
);
CREATE INDEX endpoints_of ON endpoints (merchant_id);

-- state: 1 waiting, 2 delivered, 3 failed.
CREATE TABLE deliveries (
    endpoint_id    BIGINT NOT NULL REFERENCES endpoints (id),
    event_row      BIGINT NOT NULL REFERENCES events (row_number),
    event_number   BIGINT NOT NULL,
    state          BIGINT NOT NULL,
    tries          BIGINT NOT NULL,
    next_try_at_s  BIGINT NOT NULL,
    PRIMARY KEY (endpoint_id, event_row)
);
CREATE INDEX deliveries_due ON deliveries (next_try_at_s) WHERE state = 1;

CREATE TABLE delivery_tries (
    row_number   BIGINT PRIMARY KEY,
    endpoint_id  BIGINT NOT NULL REFERENCES endpoints (id),
    event_row    BIGINT NOT NULL REFERENCES events (row_number),
    at_s         BIGINT NOT NULL,
    outcome      BIGINT NOT NULL,
    http_status  BIGINT NOT NULL
);
CREATE INDEX delivery_tries_of ON delivery_tries (endpoint_id, event_row);

-- One row in a ledger that was founded as a sandbox; none in any other, for ever.
CREATE TABLE sandbox (
    number         BIGINT PRIMARY KEY CHECK (number = 1),
    clock_ahead_s  BIGINT NOT NULL
);
