-- Whose money came back, so that a wallet can ask for its refunds without naming each payment.

ALTER TABLE refunds ADD COLUMN wallet_id BIGINT NOT NULL DEFAULT 0;
UPDATE refunds SET wallet_id = (SELECT p.wallet_id FROM payments p WHERE p.number = refunds.payment_number);
CREATE INDEX refunds_by_wallet ON refunds (wallet_id, at_s);
