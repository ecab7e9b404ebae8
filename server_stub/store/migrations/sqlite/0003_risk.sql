-- What the risk rules remember. Wallets that were enrolled before this are no new devices.

ALTER TABLE wallets ADD COLUMN enrolled_at_s INTEGER NOT NULL DEFAULT 0;

-- subject: 1 device (a wallet), 2 merchant, 3 terminal. slices: a JSON list, see server_stub/risk/usage.py.
CREATE TABLE window_usage (
    length_s    INTEGER NOT NULL,
    subject     INTEGER NOT NULL,
    subject_id  INTEGER NOT NULL,
    slices      TEXT NOT NULL,
    PRIMARY KEY (length_s, subject, subject_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices_seen (
    wallet_id    INTEGER PRIMARY KEY,
    terminal_id  INTEGER NOT NULL,
    at_s         INTEGER NOT NULL
) STRICT;

-- The audit log of decisions in which a rule was broken; reason is empty when only shadow rules were.
CREATE TABLE risk_decisions (
    consent_digest  BLOB PRIMARY KEY,
    at_s            INTEGER NOT NULL,
    reason          TEXT NOT NULL,
    explanation     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
