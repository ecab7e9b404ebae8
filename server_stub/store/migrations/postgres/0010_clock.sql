-- The newest time that a server has believed while it served this ledger: one row, number 1.
CREATE TABLE time_marks (
    number    bigint PRIMARY KEY,
    newest_s  bigint NOT NULL
);

-- Findings that a person has gone on with, knowing them: a clock that was right after all, a loss, a flaw at a restore.
CREATE TABLE acknowledgements (
    id    bigint PRIMARY KEY,
    name  text NOT NULL,
    what  text NOT NULL,
    at_s  bigint NOT NULL
);
