-- The newest time that a server has believed while it served this ledger: one row, number 1.
CREATE TABLE time_marks (
    number    INTEGER PRIMARY KEY,
    newest_s  INTEGER NOT NULL
) STRICT;

-- Findings that a person has gone on with, knowing them: a clock that was right after all, a loss, a flaw at a restore.
CREATE TABLE acknowledgements (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    what  TEXT NOT NULL,
    at_s  INTEGER NOT NULL
) STRICT;
