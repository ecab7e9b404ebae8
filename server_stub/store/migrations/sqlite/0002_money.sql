-- Fees, holds and refunds. A payment's amount_minor is what counts now: authorized while it is held, captured after that.

ALTER TABLE payments ADD COLUMN fee_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN borne_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0
    CHECK (refunded_minor >= 0 AND refunded_minor <= amount_minor);

-- What a request that was closed had asked for, where its terminal has said so: its closing receipt names it.
ALTER TABLE answered_requests ADD COLUMN amount_minor INTEGER;
ALTER TABLE answered_requests ADD COLUMN currency INTEGER;

CREATE TABLE holds (
    payment_number    INTEGER PRIMARY KEY,
    authorized_minor  INTEGER NOT NULL CHECK (authorized_minor > 0),
    expires_at_s      INTEGER NOT NULL,
    ended_at_s        INTEGER,
    end_entry         INTEGER,
    ending            BLOB,
    ending_digest     BLOB,
    CHECK ((ended_at_s IS NULL) = (end_entry IS NULL))
) STRICT;
-- The timer's list: only open holds are in it.
CREATE INDEX holds_due ON holds (expires_at_s) WHERE ended_at_s IS NULL;

CREATE TABLE refunds (
    refund_id       BLOB NOT NULL,
    terminal_id     INTEGER NOT NULL,
    payment_number  INTEGER NOT NULL,
    entry_number    INTEGER NOT NULL,
    request_id      BLOB NOT NULL,
    amount_minor    INTEGER NOT NULL CHECK (amount_minor > 0),
    to_loss_minor   INTEGER NOT NULL CHECK (to_loss_minor >= 0 AND to_loss_minor <= amount_minor),
    currency        INTEGER NOT NULL,
    at_s            INTEGER NOT NULL,
    digest          BLOB NOT NULL,
    envelope        BLOB NOT NULL,
    PRIMARY KEY (refund_id, terminal_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX refunds_by_payment ON refunds (payment_number);

CREATE TABLE fee_terms (
    merchant_id    INTEGER NOT NULL REFERENCES merchants (id),
    currency       INTEGER NOT NULL,
    basis_points   INTEGER NOT NULL,
    fixed_minor    INTEGER NOT NULL,
    minimum_minor  INTEGER NOT NULL,
    PRIMARY KEY (merchant_id, currency)
) STRICT, WITHOUT ROWID;
