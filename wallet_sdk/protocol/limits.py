"""Every bound of the protocol, with its unit and its reason, and how the bounds relate."""

from typing import Final

# --- bytes and text on the wire ---
#: One signed message as bytes. A parser bomb cannot be larger than this; version 13 M needs 319.
MESSAGE_BYTES_MAX: Final = 512
#: What a version 9 code at ECC M carries after "TC1:" (262 alphanumeric characters).
SMALL_MESSAGE_BYTES_MAX: Final = 172
#: What a version 13 code at ECC M carries after "TC1:" (483 characters); denser codes are not shown.
LARGE_MESSAGE_BYTES_MAX: Final = 319
#: Largest QR version ever shown: measured, phones of 2020 stop reading reliably above it on a 7" screen.
QR_VERSION_MAX: Final = 13
#: Nesting of CBOR containers in a payload.
CBOR_DEPTH_MAX: Final = 4
#: Scanned text longer than any QR code can hold is refused before it is looked at.
QR_TEXT_CHARS_MAX: Final = 4296
#: The closing of a token, as bytes inside a token request: its envelope has 106 with the largest sum.
CLOSING_BYTES_MAX: Final = 128
#: Claims in one capture batch: one durable commit takes as many; 1,024 x ~700 bytes stays under the body cap.
BATCH_CLAIMS_MAX: Final = 1024
#: One capture batch as bytes: BATCH_CLAIMS_MAX claims of one request and one intent each, and the envelope.
BATCH_BYTES_MAX: Final = 768 * 1024
#: One receipt for a batch as bytes: a digest of 32 for each claim, with its head.
BATCH_RECEIPT_BYTES_MAX: Final = 36 * 1024
#: Trust bundle: two live keys for each of four roles while one takes over from the other, and as many receipt keys
#: that have retired, which stay listed because a receipt is proof for ever.
BUNDLE_KEYS_MAX: Final = 16
#: One operator key in a bundle: role, 33-byte point and two times of five bytes, with their heads.
BUNDLE_KEY_BYTES: Final = 47
BUNDLE_BYTES_MAX: Final = 1024
#: Revoked tokens in one list: a token lives three days, so this is a thousand revocations a day, 13 bytes each.
DENYLIST_TOKENS_MAX: Final = 4096
#: Revoked terminals in one list: a certificate lives a week; five bytes each.
DENYLIST_TERMINALS_MAX: Final = 1024
#: Revoked keys of terminals, devices and operators in one list; nine bytes each.
DENYLIST_KEYS_MAX: Final = 512
#: One denylist as bytes: a terminal on a slow mobile line has it in seconds; larger changes go in several deltas.
DENYLIST_BYTES_MAX: Final = 64 * 1024

# --- names and texts ---
#: Trade name and city, UTF-8, and every currency after the first: what is left of 319 bytes for a certificate.
LABEL_BYTES_MAX: Final = 32
#: Of a city: a name has one byte at least, and so long a text beside another costs one more.
CITY_BYTES_MAX: Final = 30
#: Merchant's reference of a sale (receipt number), UTF-8, and what a tip and a hold cost: likewise for a request.
REFERENCE_BYTES_MAX: Final = 10
#: Activation codes are typed by hand.
ACTIVATION_CODE_CHARS_MAX: Final = 32

# --- money ---
#: Minor units in one message: fits 32 bits, so an amount costs at most five bytes of CBOR.
AMOUNT_MINOR_MAX: Final = 2**32 - 1
#: Server-assigned ids fit 32 bits, for the same reason.
SERIAL_MAX: Final = 2**32 - 1
#: Balances in the ledger: SQLite and PostgreSQL integers are signed 64-bit.
BALANCE_MINOR_MAX: Final = 2**63 - 1

# --- time ---
#: A request shown on a screen is paid within two minutes or not at all.
REQUEST_LIFETIME_S_MAX: Final = 120
#: A presented code is a bearer instrument for its lifetime, so it is short.
CODE_LIFETIME_S_MAX: Final = 60
#: Clocks of payer and till may differ by this much for a code: 60 seconds of a bearer instrument must not become
#: six minutes by the skew forgiven elsewhere, and phones and connected tills keep time far better than this.
CODE_SKEW_S_MAX: Final = 30
#: A printed code is replaced once a year; it is payable online only, so the server can end it any day.
STATIC_CODE_LIFETIME_D_MAX: Final = 366
#: A deposit is held as long as a hotel's stay or a hired car's month, and no longer.
HOLD_H_MAX: Final = 30 * 24
#: Terminal certificates are renewed daily and bound the life of a stolen terminal key.
CERTIFICATE_LIFETIME_H_MAX: Final = 7 * 24
#: Offline part of a token: bounds how long a clone can spend before the operator's word arrives.
TOKEN_LIFETIME_H_MAX: Final = 72
#: Difference of clocks forgiven in each direction when a message's own time is checked.
CLOCK_SKEW_S_MAX: Final = 300
#: Captures later than this are for people, not for programs.
CAPTURE_AGE_S_MAX: Final = 30 * 24 * 3600
#: Seconds since the epoch fit 32 bits until 2106.
TIME_S_MAX: Final = 2**32 - 1
#: One signed read may be replayed within this window; it only reads.
READ_AGE_S_MAX: Final = 300

# --- offline money ---
#: Signatures under one token, online ones included; a counter is two or three bytes of CBOR.
TOKEN_COUNT_MAX: Final = 65_535

# --- ids ---
REQUEST_ID_BYTES: Final = 12
TOKEN_ID_BYTES: Final = 12
KEY_ID_BYTES: Final = 8
DIGEST_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 33
SIGNATURE_BYTES: Final = 64

assert SMALL_MESSAGE_BYTES_MAX < LARGE_MESSAGE_BYTES_MAX < MESSAGE_BYTES_MAX < BUNDLE_BYTES_MAX < DENYLIST_BYTES_MAX
assert DENYLIST_BYTES_MAX < BATCH_BYTES_MAX, "what a reader peeks into is as large as the largest message"
assert BATCH_RECEIPT_BYTES_MAX >= BATCH_CLAIMS_MAX * (DIGEST_BYTES + 2) + 160, "a full batch's receipt fits"
assert BUNDLE_BYTES_MAX >= BUNDLE_KEYS_MAX * BUNDLE_KEY_BYTES + 128, "a full bundle and its envelope fit"
assert DENYLIST_BYTES_MAX >= (13 * DENYLIST_TOKENS_MAX + 5 * DENYLIST_TERMINALS_MAX + 9 * DENYLIST_KEYS_MAX + 160), (
    "a full denylist and its envelope fit"
)
assert CODE_SKEW_S_MAX < CODE_LIFETIME_S_MAX, "skew may lengthen the life of a code by half, not multiply it"
assert BATCH_BYTES_MAX >= BATCH_CLAIMS_MAX * (2 * LARGE_MESSAGE_BYTES_MAX + 8), "a full batch of shown messages fits"
assert CODE_LIFETIME_S_MAX <= REQUEST_LIFETIME_S_MAX < CLOCK_SKEW_S_MAX, "skew may cost a sale, never open a second one"
assert TOKEN_LIFETIME_H_MAX * 3600 < CAPTURE_AGE_S_MAX, (
    "every offline payment can be captured long after its token died"
)
assert AMOUNT_MINOR_MAX * TOKEN_COUNT_MAX < BALANCE_MINOR_MAX, "a token's whole life cannot overflow a balance"
