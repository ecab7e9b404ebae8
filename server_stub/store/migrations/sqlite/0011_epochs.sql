-- When this ledger was put back from a backup. Every number handed out after it is above `number`, so that none is handed
-- out twice: what a device, a shop's program or a merchant has from the life that was lost names nothing else here.
CREATE TABLE epochs (
    number            INTEGER PRIMARY KEY,
    at_s              INTEGER NOT NULL,
    backup_made_at_s  INTEGER NOT NULL
) STRICT;
