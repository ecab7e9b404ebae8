-- Fees, holds and refunds. A payment's amount_minor is what counts now: authorized while it is held, captured after that.

ALTER TABLE payments ADD COLUMN fee_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN borne_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN refunded_minor bigint NOT NULL DEFAULT 0
    CHECK (refunded_minor >= 0 AND refunded_minor <= amount_minor);

-- What a request that was closed had asked for, where its terminal has said so: its closing receipt names it.
ALTER TABLE answered_requests ADD COLUMN amount_minor bigint;
ALTER TABLE answered_requests ADD COLUMN currency bigint;

CREATE TABLE holds (
    payment_number    bigint PRIMARY KEY,
    authorized_minor  bigint NOT NULL CHECK (authorized_minor > 0),
    expires_at_s      bigint NOT NULL,
    ended_at_s        bigint,
    end_entry         bigint,
    ending            bytea,
    ending_digest     bytea,
    CHECK ((ended_at_s IS NULL) = (end_entry IS NULL))
);
-- The timer's list: only open holds are in it.
CREATE INDEX holds_due ON holds (expires_at_s) WHERE ended_at_s IS NULL;

CREATE TABLE refunds (
    refund_id       bytea NOT NULL,
    terminal_id     bigint NOT NULL,
    payment_number  bigint NOT NULL,
    entry_number    bigint NOT NULL,
    request_id      bytea NOT NULL,
    amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
    to_loss_minor   bigint NOT NULL CHECK (to_loss_minor >= 0 AND to_loss_minor <= amount_minor),
    currency        bigint NOT NULL,
    at_s            bigint NOT NULL,
    digest          bytea NOT NULL,
    envelope        bytea NOT NULL,
    PRIMARY KEY (refund_id, terminal_id)
);
CREATE INDEX refunds_by_payment ON refunds (payment_number);

CREATE TABLE fee_terms (
    merchant_id    bigint NOT NULL REFERENCES merchants (id) DEFERRABLE INITIALLY DEFERRED,
    currency       bigint NOT NULL,
    basis_points   bigint NOT NULL,
    fixed_minor    bigint NOT NULL,
    minimum_minor  bigint NOT NULL,
    PRIMARY KEY (merchant_id, currency)
);
