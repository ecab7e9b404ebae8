-- Money from outside: who asked for it, who let it in, and the operator's signature. state: 1 open, 2 granted, 3 refused.
-- asked_on is the day of asked_at_s; enrolment is empty until a wallet has brought the code.
CREATE TABLE fundings (
    id            bigint PRIMARY KEY,
    code_hash     bytea NOT NULL UNIQUE,
    currency      bigint NOT NULL,
    amount_minor  bigint NOT NULL,
    state         bigint NOT NULL,
    asked_by      text NOT NULL,
    asked_on      bigint NOT NULL,
    asked_at_s    bigint NOT NULL,
    expires_at_s  bigint NOT NULL,
    reason        text NOT NULL,
    decided_by    text NOT NULL,
    decided_at_s  bigint,
    key_id        bytea NOT NULL,
    signature     bytea NOT NULL,
    enrolment     bytea NOT NULL
);
CREATE INDEX fundings_of_day ON fundings (asked_by, asked_on);

-- A grant is used once: its entry is looked for among those of its kind alone.
CREATE INDEX entries_of_fundings ON entries (reference) WHERE kind = 1;

-- The operator's word for what was funded before that, made once.
CREATE TABLE earlier_fundings (
    number     bigint PRIMARY KEY,
    entries    bigint NOT NULL,
    last_hash  bytea NOT NULL,
    key_id     bytea NOT NULL,
    signature  bytea NOT NULL
);

-- The operator's one scope has become five; whoever had it may do what he could.
UPDATE api_keys SET scopes = 'metrics:read operator:read operator:write funds:write funds:approve' WHERE scopes = 'operator';
