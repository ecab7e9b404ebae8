-- Money from outside: who asked for it, who let it in, and the operator's signature. state: 1 open, 2 granted, 3 refused.
-- asked_on is the day of asked_at_s; enrolment is empty until a wallet has brought the code.
CREATE TABLE fundings (
    id            INTEGER PRIMARY KEY,
    code_hash     BLOB NOT NULL UNIQUE,
    currency      INTEGER NOT NULL,
    amount_minor  INTEGER NOT NULL,
    state         INTEGER NOT NULL,
    asked_by      TEXT NOT NULL,
    asked_on      INTEGER NOT NULL,
    asked_at_s    INTEGER NOT NULL,
    expires_at_s  INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    decided_by    TEXT NOT NULL,
    decided_at_s  INTEGER,
    key_id        BLOB NOT NULL,
    signature     BLOB NOT NULL,
    enrolment     BLOB NOT NULL
) STRICT;
CREATE INDEX fundings_of_day ON fundings (asked_by, asked_on);

-- A grant is used once: its entry is looked for among those of its kind alone.
CREATE INDEX entries_of_fundings ON entries (reference) WHERE kind = 1;

-- The operator's word for what was funded before that, made once.
CREATE TABLE earlier_fundings (
    number     INTEGER PRIMARY KEY,
    entries    INTEGER NOT NULL,
    last_hash  BLOB NOT NULL,
    key_id     BLOB NOT NULL,
    signature  BLOB NOT NULL
) STRICT;

-- The operator's one scope has become five; whoever had it may do what he could.
UPDATE api_keys SET scopes = 'metrics:read operator:read operator:write funds:write funds:approve' WHERE scopes = 'operator';
