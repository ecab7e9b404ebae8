-- What the operator has revoked, and the signed hash chain over the entries.

-- id: the number of the list that first names it, without gaps. kind: 1 token, 2 terminal, 3 key.
CREATE TABLE denials (
    id            bigint PRIMARY KEY,
    kind          bigint NOT NULL,
    subject       bytea NOT NULL,
    reason        text NOT NULL,
    at_s          bigint NOT NULL,
    expires_at_s  bigint,
    UNIQUE (kind, subject)
);

-- Numbers are taken in blocks, each by one process, which uses them in their sequence: within a block an entry that
-- can be read has no smaller one coming after it. So the chain follows each block, run by run.
CREATE TABLE seals (
    id         bigint PRIMARY KEY,
    block      bigint NOT NULL,
    after      bigint NOT NULL,
    last       bigint NOT NULL,
    entries    bigint NOT NULL,
    last_hash  bytea NOT NULL,
    at_s       bigint NOT NULL,
    key_id     bytea NOT NULL,
    signature  bytea NOT NULL
);

CREATE TABLE sealed_blocks (
    block  bigint PRIMARY KEY,
    last   bigint NOT NULL
);
