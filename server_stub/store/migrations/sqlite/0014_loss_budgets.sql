-- When a terminal's device was enrolled; 0: before this was written down, so it is not young.
ALTER TABLE terminals ADD COLUMN enrolled_at_s INTEGER NOT NULL DEFAULT 0;
CREATE INDEX terminals_of ON terminals (merchant_id);

-- What the operator has borne of each payment that no escrow covered: when it was accepted, and whether at a young terminal.
CREATE TABLE borne_payments (
    payment_number  INTEGER PRIMARY KEY,
    merchant_id     INTEGER NOT NULL REFERENCES merchants (id),
    made_at_s       INTEGER NOT NULL,
    is_young        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was borne of each budget, and the limit it was last held against. kind: 1 wallet (day 0: ever), 2 merchant, 3 a merchant's young terminals, 4 all.
CREATE TABLE loss_budgets (
    kind          INTEGER NOT NULL,
    subject_id    INTEGER NOT NULL,
    currency      INTEGER NOT NULL,
    day           INTEGER NOT NULL,
    amount_minor  INTEGER NOT NULL CHECK (amount_minor >= 0 AND amount_minor <= max_minor),
    max_minor     INTEGER NOT NULL,
    PRIMARY KEY (kind, subject_id, currency, day)
) STRICT, WITHOUT ROWID;

-- What was borne before there were budgets counts all the same; what it has come to is taken for its limit.
INSERT INTO borne_payments (payment_number, merchant_id, made_at_s, is_young)
    SELECT p.number, t.merchant_id, 0, 0 FROM payments p JOIN terminals t ON t.id = p.terminal_id WHERE p.borne_minor > 0;
INSERT INTO loss_budgets (kind, subject_id, currency, day, amount_minor, max_minor)
    SELECT 1, wallet_id, currency, 0, sum(borne_minor), sum(borne_minor)
    FROM payments WHERE borne_minor > 0 GROUP BY wallet_id, currency;
INSERT INTO loss_budgets (kind, subject_id, currency, day, amount_minor, max_minor)
    SELECT 2, t.merchant_id, p.currency, p.at_s / 86400, sum(p.borne_minor), sum(p.borne_minor)
    FROM payments p JOIN terminals t ON t.id = p.terminal_id
    WHERE p.borne_minor > 0 GROUP BY t.merchant_id, p.currency, p.at_s / 86400;
INSERT INTO loss_budgets (kind, subject_id, currency, day, amount_minor, max_minor)
    SELECT 4, 0, currency, at_s / 86400, sum(borne_minor), sum(borne_minor)
    FROM payments WHERE borne_minor > 0 GROUP BY currency, at_s / 86400;
