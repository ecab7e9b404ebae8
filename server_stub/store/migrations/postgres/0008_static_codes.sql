-- Printed codes: each is a terminal without a device, which has the number under which its payments stand.
CREATE TABLE static_codes (
    code_id            bytea PRIMARY KEY,
    terminal_id        bigint NOT NULL,
    merchant_id        bigint NOT NULL,
    label              text NOT NULL,
    currency           bigint NOT NULL,
    payment_max_minor  bigint NOT NULL,
    made_at_s          bigint NOT NULL,
    expires_at_s       bigint NOT NULL,
    ended_at_s         bigint,
    envelope           bytea NOT NULL
);
CREATE INDEX static_codes_of ON static_codes (merchant_id);
