-- What the risk rules remember. Wallets that were enrolled before this are no new devices.

ALTER TABLE wallets ADD COLUMN enrolled_at_s bigint NOT NULL DEFAULT 0;

-- subject: 1 device (a wallet), 2 merchant, 3 terminal. slices: a JSON list, see server_stub/risk/usage.py.
CREATE TABLE window_usage (
    length_s    bigint NOT NULL,
    subject     bigint NOT NULL,
    subject_id  bigint NOT NULL,
    slices      text NOT NULL,
    PRIMARY KEY (length_s, subject, subject_id)
);

CREATE TABLE devices_seen (
    wallet_id    bigint PRIMARY KEY,
    terminal_id  bigint NOT NULL,
    at_s         bigint NOT NULL
);

-- The audit log of decisions in which a rule was broken; reason is empty when only shadow rules were.
CREATE TABLE risk_decisions (
    consent_digest  bytea PRIMARY KEY,
    at_s            bigint NOT NULL,
    reason          text NOT NULL,
    explanation     text NOT NULL
);
