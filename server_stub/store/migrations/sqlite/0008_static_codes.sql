-- Printed codes: each is a terminal without a device, which has the number under which its payments stand.
CREATE TABLE static_codes (
    code_id            BLOB PRIMARY KEY,
    terminal_id        INTEGER NOT NULL,
    merchant_id        INTEGER NOT NULL,
    label              TEXT NOT NULL,
    currency           INTEGER NOT NULL,
    payment_max_minor  INTEGER NOT NULL,
    made_at_s          INTEGER NOT NULL,
    expires_at_s       INTEGER NOT NULL,
    ended_at_s         INTEGER,
    envelope           BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX static_codes_of ON static_codes (merchant_id);
