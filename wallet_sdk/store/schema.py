"""The tables of a wallet store, as the steps that lead to them. A step that was published is never edited."""

from typing import Final

#: "TCWL", in the file's header, so that no other program's file is taken for a wallet's.
APPLICATION_ID: Final = 0x5443574C

_FIRST: Final = (
    """CREATE TABLE enrolled (
        server TEXT NOT NULL, wallet_id INTEGER NOT NULL, currency TEXT NOT NULL, root_key BLOB NOT NULL,
        bundle BLOB NOT NULL, allowance_minor INTEGER) STRICT""",
    """CREATE TABLE token (
        token_id BLOB PRIMARY KEY, envelope BLOB NOT NULL, counter INTEGER NOT NULL,
        cumulative_minor INTEGER NOT NULL, is_current INTEGER NOT NULL) STRICT""",
    "CREATE UNIQUE INDEX one_current_token ON token (is_current) WHERE is_current = 1",
    """CREATE TRIGGER counter_never_falls BEFORE UPDATE ON token
        WHEN NEW.counter < OLD.counter OR NEW.cumulative_minor < OLD.cumulative_minor
        BEGIN SELECT RAISE(ABORT, 'a counter or sum would fall'); END""",
    """CREATE TABLE issue (
        envelope BLOB NOT NULL, previous_token_id BLOB NOT NULL, spent_minor INTEGER NOT NULL) STRICT""",
    """CREATE TABLE consent (
        number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, envelope BLOB NOT NULL,
        token_id BLOB NOT NULL, counter INTEGER NOT NULL, made_at_s INTEGER NOT NULL, expires_at_s INTEGER NOT NULL,
        amount_minor INTEGER NOT NULL, currency TEXT NOT NULL,
        terminal_id INTEGER, request_id BLOB, request BLOB, merchant_name TEXT, merchant_city TEXT, reference TEXT,
        outcome TEXT NOT NULL, error_code INTEGER NOT NULL, receipt BLOB NOT NULL,
        is_dead INTEGER NOT NULL, is_resolved INTEGER NOT NULL, UNIQUE (token_id, counter)) STRICT""",
    "CREATE UNIQUE INDEX one_live_consent ON consent (terminal_id, request_id) WHERE is_dead = 0",
    "CREATE INDEX unresolved_consent ON consent (number) WHERE is_resolved = 0",
    """CREATE TABLE balance (
        available_minor INTEGER NOT NULL, escrow_minor INTEGER NOT NULL, as_of_s INTEGER NOT NULL) STRICT""",
)

#: A pending issue may be sent by somebody else than its maker. Whether an older one was is not known.
_SECOND: Final = ("ALTER TABLE issue ADD COLUMN is_shared INTEGER NOT NULL DEFAULT 0", "UPDATE issue SET is_shared = 1")

#: A key for each token. Before, all had the key of the enrolment.
_THIRD: Final = tuple(
    f"ALTER TABLE {table} ADD COLUMN key_name TEXT NOT NULL DEFAULT 'device'" for table in ("token", "issue")
)

#: What the store knows of its mark: how often it changed, whether the mark may be changing, and which file it is.
_FOURTH: Final = (
    """CREATE TABLE mark (
        count INTEGER NOT NULL, is_pending INTEGER NOT NULL,
        inode INTEGER NOT NULL, changed_ns INTEGER NOT NULL) STRICT""",
    "INSERT INTO mark VALUES (0, 1, 0, 0)",
)

#: What the issuer says has gone back of a payment.
_FIFTH: Final = ("ALTER TABLE consent ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0",)

#: What the operator has revoked, as it signed it: a full list and the deltas on it, in their sequence.
_SIXTH: Final = ("CREATE TABLE denylist (number INTEGER PRIMARY KEY, envelope BLOB NOT NULL) STRICT",)

#: Up to when the issuer has told of refunds.
_SEVENTH: Final = ("ALTER TABLE balance ADD COLUMN refunds_until_s INTEGER NOT NULL DEFAULT 0",)

#: What was called declined without the issuer's signature is open again, and the next sync asks about it. Of a payment
#: that was shown a terminal's receipt may be in the place of the proof. A request keeps one live consent: the newest.
_EIGHTH: Final = (
    """UPDATE consent SET is_dead = 0, is_resolved = 0, outcome =
            CASE kind WHEN 'offline_intent' THEN 'offline' WHEN 'code' THEN 'presented' ELSE 'unknown' END
        WHERE outcome = 'declined' AND (receipt = x'' OR kind = 'offline_intent')
            AND (request_id IS NULL OR number = (
                SELECT MAX(other.number) FROM consent AS other WHERE other.terminal_id = consent.terminal_id
                    AND other.request_id = consent.request_id AND (other.is_dead = 0 OR other.outcome = 'declined')))
            AND NOT EXISTS (
                SELECT 1 FROM consent AS live WHERE live.terminal_id = consent.terminal_id
                    AND live.request_id = consent.request_id AND live.is_dead = 0)""",
)

#: Step n brings a file from version n to n + 1.
MIGRATIONS: Final = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH, _SEVENTH, _EIGHTH)
