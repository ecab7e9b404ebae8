-- A code may let a new device in for a wallet or a terminal that is there already, by its number.
ALTER TABLE activation_codes ADD COLUMN replaces INTEGER;

-- 1: the case is about a device that its wallet had lost before, so the wallet went on.
ALTER TABLE fraud_cases ADD COLUMN is_of_lost_device INTEGER NOT NULL DEFAULT 0;
