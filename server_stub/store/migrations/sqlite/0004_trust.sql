-- What the operator has revoked, and the signed hash chain over the entries.

-- id: the number of the list that first names it, without gaps. kind: 1 token, 2 terminal, 3 key.
CREATE TABLE denials (
    id            INTEGER PRIMARY KEY,
    kind          INTEGER NOT NULL,
    subject       BLOB NOT NULL,
    reason        TEXT NOT NULL,
    at_s          INTEGER NOT NULL,
    expires_at_s  INTEGER,
    UNIQUE (kind, subject)
) STRICT;

-- Numbers are taken in blocks, each by one process, which uses them in their sequence: within a block an entry that
-- can be read has no smaller one coming after it. So the chain follows each block, run by run.
CREATE TABLE seals (
    id         INTEGER PRIMARY KEY,
    block      INTEGER NOT NULL,
    after      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    entries    INTEGER NOT NULL,
    last_hash  BLOB NOT NULL,
    at_s       INTEGER NOT NULL,
    key_id     BLOB NOT NULL,
    signature  BLOB NOT NULL
) STRICT;

CREATE TABLE sealed_blocks (
    block  INTEGER PRIMARY KEY,
    last   INTEGER NOT NULL
) STRICT;
