-- API keys: only the hash of a secret is here. merchant_id 0 is the operator.
CREATE TABLE api_keys (
    id            TEXT PRIMARY KEY,
    secret_hash   BLOB NOT NULL,
    merchant_id   INTEGER NOT NULL,
    scopes        TEXT NOT NULL,
    label         TEXT NOT NULL,
    made_at_s     INTEGER NOT NULL,
    revoked_at_s  INTEGER
) STRICT;
CREATE INDEX api_keys_of ON api_keys (merchant_id);

-- The outbox: written in the commit that moved the money, numbered for its merchant right after it.
-- No references: every payment writes one, and the audit looks instead.
CREATE TABLE events (
    row_number   INTEGER PRIMARY KEY,
    merchant_id  INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    at_s         INTEGER NOT NULL,
    content      BLOB NOT NULL,
    number       INTEGER,
    UNIQUE (merchant_id, number)
) STRICT;
-- A merchant's payments, newest first.
CREATE INDEX events_of_captures ON events (merchant_id, at_s, row_number) WHERE kind = 'payment.captured';
CREATE INDEX events_without_number ON events (merchant_id, row_number) WHERE number IS NULL;

CREATE TABLE event_counts (
    merchant_id  INTEGER PRIMARY KEY REFERENCES merchants (id),
    last_number  INTEGER NOT NULL
) STRICT;

-- Secrets stand here as they are: they sign, so they must be known.
CREATE TABLE endpoints (
    id             INTEGER PRIMARY KEY,
    merchant_id    INTEGER NOT NULL REFERENCES merchants (id),
    url            TEXT NOT NULL,
    kinds          TEXT NOT NULL,
    secrets        TEXT NOT NULL,
    made_at_s      INTEGER NOT NULL,
    disabled_at_s  INTEGER,
    removed_at_s   INTEGER
) STRICT;
CREATE INDEX endpoints_of ON endpoints (merchant_id);

-- state: 1 waiting, 2 delivered, 3 failed.
CREATE TABLE deliveries (
    endpoint_id    INTEGER NOT NULL REFERENCES endpoints (id),
    event_row      INTEGER NOT NULL REFERENCES events (row_number),
    event_number   INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    tries          INTEGER NOT NULL,
    next_try_at_s  INTEGER NOT NULL,
    PRIMARY KEY (endpoint_id, event_row)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_try_at_s) WHERE state = 1;

CREATE TABLE delivery_tries (
    row_number   INTEGER PRIMARY KEY,
    endpoint_id  INTEGER NOT NULL REFERENCES endpoints (id),
    event_row    INTEGER NOT NULL REFERENCES events (row_number),
    at_s         INTEGER NOT NULL,
    outcome      INTEGER NOT NULL,
    http_status  INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_tries_of ON delivery_tries (endpoint_id, event_row);

-- One row in a ledger that was founded as a sandbox; none in any other, for ever.
CREATE TABLE sandbox (
    number         INTEGER PRIMARY KEY CHECK (number = 1),
    clock_ahead_s  INTEGER NOT NULL
) STRICT;
