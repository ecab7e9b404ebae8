"""Every attack of the design that the protocol itself must stop, each by its name.

Attacks on programs stand elsewhere: crash and double submit in tests/unit/terminal_app/test_crash.py,
tests/system/terminal/test_kill.py and tests/unit/server_stub/test_payments.py; hostile pictures in
tests/unit/wallet_sdk/test_decoding.py; repeated claims at the server in tests/unit/server_stub/test_fraud.py. A million
mutations are in tests/property/test_protocol_mutations.py, and the eight bugs of one transit terminal in
test_attacks_transit.py.
"""

import json
from dataclasses import replace

import cbor2
import pytest

from tests.unit.wallet_sdk.protocol.samples import canonical, code_raised
from wallet_sdk.protocol import codec, limits, messages, qr, rules, trust
from wallet_sdk.protocol.check_words import check_words
from wallet_sdk.protocol.emv import (
    UntrustedRequest,
    decode_merchant_presented,
    export_merchant_presented,
    import_merchant_presented,
)
from wallet_sdk.protocol.emv.merchant import checksum
from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, key_id_of, open_unverified, seal, verify
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.evidence import Contradiction, contradiction_of, make_fraud_proof, verify_fraud_proof
from wallet_sdk.protocol.ids import Envelope, MerchantId, TerminalId
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentIntent, PaymentRequest, PaymentToken
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import OfflineFacts, OfflineLimits
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import Scheme

DAY_S = 86_400
LIMIT = OfflineLimits(
    payment_max_minor=5_000,
    stored_max_minor=20_000,
    stored_count_max=10,
    stored_age_max_s=DAY_S,
    token_stored_max_minor=8_000,
)
NOTHING = OfflineFacts(stored_minor=0, stored_count=0, stored_age_s=0, token_stored_minor=0, token_intents=())


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


def accept(
    scheme: Scheme, intent: Envelope, request: Sealed[PaymentRequest], *, facts: OfflineFacts = NOTHING
) -> PaymentIntent:
    """Everything a terminal checks before it accepts offline."""
    verified = trust.verify_intent(intent, scheme.trust(), at_s=scheme.now_s)
    taken, token = verified.intent.message, verified.token.message
    rules.check_intent_answers(taken, token, request=request.message, request_digest=request.digest)
    rules.check_token_allows(taken, token)
    rules.check_terminal_allows(taken, limit=LIMIT, facts=facts)
    return taken


def paid(scheme: Scheme, request: Sealed[PaymentRequest], *, state: State = State.CAPTURED) -> messages.Receipt:
    """What a receipt for the request says."""
    return messages.Receipt(
        terminal_id=TerminalId(2001),
        request_id=request.message.request_id,
        consent_digest=request.digest,
        amount_minor=request.message.amount_minor,
        currency=Currency.EUR,
        state=state,
        at_s=scheme.now_s,
    )


def test_replay_of_an_intent(scheme: Scheme) -> None:
    """Yesterday's answer to yesterday's request pays nothing today, nor does it pay twice."""
    token, first, second = scheme.token(), scheme.request(), scheme.request()
    intent = scheme.intent(token=token.envelope, request_digest=first.digest)
    taken = accept(scheme, intent.envelope, first)
    assert code_raised(lambda: accept(scheme, intent.envelope, second)) is ErrorCode.WRONG_REQUEST
    seen = replace(NOTHING, token_intents=(taken,))
    assert code_raised(lambda: accept(scheme, intent.envelope, first, facts=seen)) is ErrorCode.COUNTER_REUSED


def test_replay_of_a_receipt(scheme: Scheme) -> None:
    """The receipt of one sale is no proof for the next one of the same amount."""
    first, second = scheme.request(), scheme.request()
    receipt = paid(scheme, first)
    rules.check_receipt_answers(receipt, request=first.message, terminal_id=TerminalId(2001))
    code = code_raised(
        lambda: rules.check_receipt_answers(receipt, request=second.message, terminal_id=TerminalId(2001))
    )
    assert code is ErrorCode.WRONG_REQUEST


def test_screenshot_reuse_of_a_request(scheme: Scheme) -> None:
    """A photographed request is dead minutes later; until then whoever pays it pays the named merchant."""
    request = scheme.request().message
    late_s = request.expires_at_s + limits.CLOCK_SKEW_S_MAX
    assert code_raised(lambda: rules.check_request_fresh(request, at_s=late_s)) is ErrorCode.EXPIRED


def test_screenshot_reuse_of_a_payment_code(scheme: Scheme) -> None:
    """A minute and a half after it was made a code is worth nothing to anybody."""
    code = scheme.code(token=scheme.token().envelope).message
    rules.check_code_fresh(code, at_s=scheme.now_s + 89)
    assert code_raised(lambda: rules.check_code_fresh(code, at_s=scheme.now_s + 90)) is ErrorCode.EXPIRED


def test_lift_and_spend_of_a_customers_code(scheme: Scheme) -> None:
    """A lifted code buys nothing over its ceiling, has one counter, and contradicts whatever else has that counter."""
    token = scheme.token()
    sealed = scheme.code(token=token.envelope, ceiling_minor=500)
    verified = trust.verify_code(sealed.envelope, scheme.trust(), at_s=scheme.now_s)
    code = code_raised(
        lambda: rules.check_code_covers(verified.code.message, token.message, amount_minor=501, currency=Currency.EUR)
    )
    assert code is ErrorCode.OVER_CEILING
    raised = seal(replace(sealed.message, ceiling_minor=5_000), scheme.new_signer(), embedded=token.envelope)
    refused = code_raised(lambda: trust.verify_code(raised.envelope, scheme.trust(), at_s=scheme.now_s))
    assert refused is ErrorCode.BAD_SIGNATURE
    assert contradiction_of(sealed.message, raised.message) is Contradiction.SAME_COUNTER


def test_relay_shows_the_payee_and_swaps_the_words(scheme: Scheme) -> None:
    """A relay cannot change who is paid; a request that was swapped on the way shows other words on the two screens."""
    token, shown, swapped = scheme.token().envelope, scheme.request(), scheme.request()
    relayed = trust.verify_request(shown.envelope, scheme.trust(), at_s=scheme.now_s)
    assert relayed.certificate.message.merchant_name == "Café Mole"
    mine, theirs = (scheme.intent(token=token, request_digest=request.digest) for request in (shown, swapped))
    assert check_words(mine.digest) != check_words(theirs.digest)
    assert check_words(mine.digest) == check_words(open_unverified(mine.envelope, PaymentIntent).digest)


def test_sticker_overlay(scheme: Scheme) -> None:
    """A sticker bears its owner's certified name or nothing; a printed code cannot be rewritten to another's."""
    printed, thief = scheme.static_code(), scheme.new_signer()
    forged = seal(replace(printed.message, merchant_id=MerchantId(666)), thief).envelope
    code = code_raised(lambda: trust.verify_static_code(forged, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.UNKNOWN_SIGNER
    renamed = printed.envelope.replace("Café Mole".encode(), "Café Move".encode())
    assert renamed != printed.envelope
    code = code_raised(lambda: trust.verify_static_code(renamed, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize(("key", "value"), [(4, 1), (6, 840), (14, 500), (16, 5), (2, bytes(12)), (12, "R-0043")])
def test_amount_currency_or_tip_tampering(scheme: Scheme, key: int, value: object) -> None:
    """Every field of a request is signed: amount, currency, tip, hold, id and reference."""
    parts = cbor2.loads(scheme.request().envelope)
    parts[2] = canonical(cbor2.loads(parts[2]) | {key: value})
    forged = canonical(parts)
    code = code_raised(lambda: trust.verify_request(forged, scheme.trust(), at_s=scheme.now_s))
    assert code in {ErrorCode.BAD_SIGNATURE, ErrorCode.CURRENCY_MISMATCH}


def test_amount_tampering_between_request_and_intent(scheme: Scheme) -> None:
    """A wallet that consents to less than was asked is refused, as is one that consents in another currency."""
    request = scheme.request()
    less = scheme.intent(token=scheme.token().envelope, request_digest=request.digest, amount_minor=125)
    assert code_raised(lambda: accept(scheme, less.envelope, request)) is ErrorCode.AMOUNT_MISMATCH
    yen = scheme.intent(token=scheme.token(currency=Currency.JPY).envelope, request_digest=request.digest)
    assert code_raised(lambda: accept(scheme, yen.envelope, request)) is ErrorCode.CURRENCY_MISMATCH


def test_crc_taken_for_security(scheme: Scheme) -> None:
    """A code that only has its checksum is UNTRUSTED and online only; one of ours that was changed is refused."""
    text = export_merchant_presented(scheme.request()).encode()
    changed = text.replace("12.50", "99.50")
    changed = changed[:-4] + checksum(changed[:-4])
    assert changed != text
    code = code_raised(
        lambda: import_merchant_presented(decode_merchant_presented(changed), scheme.trust(), at_s=scheme.now_s)
    )
    assert code is ErrorCode.BAD_SIGNATURE
    body = "00020101021126200016BR.GOV.BCB.SOMEX5204581253039785802PT5909Cafe Mole6006Lisboa6304"
    unsigned = import_merchant_presented(
        decode_merchant_presented(body + checksum(body)), scheme.trust(), at_s=scheme.now_s
    )
    assert isinstance(unsigned, UntrustedRequest)
    assert unsigned.mode is AuthorizationMode.ONLINE


@pytest.mark.parametrize("hours", [-24, 24])
def test_clock_skew_of_24_hours(scheme: Scheme, hours: int) -> None:
    """A payer whose clock is a day off is told so and pays nothing wrong; a code a day off is refused either way."""
    at_s = scheme.now_s + hours * 3600
    expected = ErrorCode.NOT_YET_VALID if hours < 0 else ErrorCode.EXPIRED
    request, code = scheme.request().message, scheme.code(token=scheme.token().envelope).message
    assert code_raised(lambda: rules.check_request_fresh(request, at_s=at_s)) is expected
    assert code_raised(lambda: rules.check_code_fresh(code, at_s=at_s)) is expected
    certificate = scheme.certificate().envelope
    assert code_raised(lambda: trust.verify_certificate(certificate, scheme.trust(), at_s=at_s)) is expected


@pytest.mark.parametrize("algorithm", ["00", "26", "27", "05", "3824", "3908ff", "f6", "6445533235"])
def test_algorithm_confusion(scheme: Scheme, algorithm: str) -> None:
    """ESP256 and nothing else: no other curve, no MAC, no "none"."""
    parts = cbor2.loads(scheme.token().envelope)
    assert parts[0][:3] == bytes.fromhex("a20128")
    parts[0] = b"\xa2\x01" + bytes.fromhex(algorithm) + parts[0][3:]
    forged = canonical(parts)
    code = code_raised(lambda: trust.verify_token(forged, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.UNSUPPORTED_ALGORITHM


def test_header_smuggling(scheme: Scheme) -> None:
    """Nothing stands in a header but what is known: no second algorithm, no key, no crit, in neither header."""
    parts = cbor2.loads(scheme.token().envelope)
    key_id = parts[0][-8:]
    for protected in ({1: -9, 2: [99], 4: key_id}, {1: -9, 4: key_id, 99: b""}, {4: key_id}, {1: -9, 4: key_id[:4]}):
        forged = canonical([canonical(protected), *parts[1:]])
        code = code_raised(lambda forged=forged: open_unverified(forged, PaymentToken))  # type: ignore[misc]
        assert code is ErrorCode.UNSUPPORTED_ALGORITHM
    for unprotected in ({1: 5}, {4: key_id}, {33: b"x"}, {99: b""}):
        forged = canonical([parts[0], unprotected, *parts[2:]])
        code = code_raised(lambda forged=forged: open_unverified(forged, PaymentToken))  # type: ignore[misc]
        assert code is ErrorCode.BAD_ENVELOPE


def test_key_id_collision(scheme: Scheme) -> None:
    """A key id only finds the key: who makes one that is named alike still cannot sign with it."""
    thief, issuer = scheme.new_signer(), key_id_of(scheme.token_issuer.public_key)
    parts = cbor2.loads(seal(scheme.token().message, thief).envelope)
    parts[0] = parts[0][:-8] + issuer
    forged = canonical(parts)
    assert open_unverified(forged, PaymentToken).key_id == issuer
    code = code_raised(lambda: trust.verify_token(forged, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.BAD_SIGNATURE


def test_one_message_type_as_another(scheme: Scheme) -> None:
    """The type is in the payload and in what is signed, so a payload relabelled is another message."""
    intent = scheme.intent(token=scheme.token().envelope, request_digest=scheme.request().digest)
    code = code_raised(lambda: trust.verify_code(intent.envelope, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.WRONG_MESSAGE_TYPE
    close = messages.CloseRequest(request_id=scheme.request().message.request_id, made_at_s=scheme.now_s)
    parts = cbor2.loads(seal(close, scheme.terminal).envelope)
    parts[2] = canonical({0: 15, 2: scheme.now_s})
    relabelled = open_unverified(canonical(parts), messages.CertificateRequest)
    assert code_raised(lambda: verify(relabelled, scheme.terminal.public_key)) is ErrorCode.BAD_SIGNATURE


def test_other_merchant_or_terminal(scheme: Scheme) -> None:
    """Nobody claims another's request, and nobody's certificate can be put under another's request."""
    request, other = scheme.request(), scheme.certificate(name="Bar Rival").envelope
    certificate = scheme.certificate().message
    for merchant, terminal in ((1001, 2002), (1002, 2001)):
        code = code_raised(
            lambda merchant=merchant, terminal=terminal: rules.check_same_terminal(  # type: ignore[misc]
                certificate, merchant_id=MerchantId(merchant), terminal_id=TerminalId(terminal)
            )
        )
        assert code is ErrorCode.WRONG_TERMINAL
    parts = cbor2.loads(request.envelope)
    parts[1] = {33: other}
    swapped = canonical(parts)
    code = code_raised(lambda: trust.verify_request(swapped, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.BAD_SIGNATURE


def test_token_theft(scheme: Scheme) -> None:
    """A token is no secret: without the device's key it signs nothing, and under another device's it does not fit."""
    stolen, thief = scheme.token(), scheme.new_signer()
    intent = scheme.intent(token=stolen.envelope, request_digest=scheme.request().digest).message
    own = seal(replace(stolen.message, device_key=thief.public_key), thief)
    for embedded, refused in ((stolen, ErrorCode.BAD_SIGNATURE), (own, ErrorCode.UNKNOWN_SIGNER)):
        forged = seal(intent, thief, embedded=embedded.envelope).envelope
        code = code_raised(lambda forged=forged: trust.verify_intent(forged, scheme.trust(), at_s=scheme.now_s))  # type: ignore[misc]
        assert code is refused


HEADER = bytes.fromhex("a201280448") + bytes(8)
BOMBS = {
    "length": b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
    "nesting": b"\x81" * 500,
    "duplicate keys": bytes.fromhex("a200030003"),
    "tags": bytes.fromhex("a100c003"),
    "bignums": bytes.fromhex("a100c249010000000000000000"),
    "indefinite": bytes.fromhex("bf0003ff"),
    "elements": b"\x9a\xff\xff\xff\xff",
    "shared references": bytes.fromhex("d81c81d81d00"),
    "too large": bytes(limits.MESSAGE_BYTES_MAX + 1),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_parser_bombs(bomb: bytes) -> None:
    """Refused as bytes, as payload and as envelope; what they cost is in tests/property/test_protocol_bounds.py."""
    for call in (
        lambda: codec.decode(bomb, PaymentToken),
        lambda: open_unverified(bomb, PaymentToken),
        lambda: open_unverified(canonical([HEADER, {}, bomb, b"\1" * 64]), PaymentToken),
    ):
        assert code_raised(call).value // 1000 == 1
    assert code_raised(lambda: qr.from_text("TC1:" + "A" * 5_000)) is ErrorCode.MESSAGE_TOO_LARGE


def test_second_encodings_and_the_ecdsa_twin(scheme: Scheme) -> None:
    """One content has one message: other bytes for it are refused, and a second signature gives the same digest."""
    token = scheme.token()
    parts = cbor2.loads(token.envelope)
    s = int.from_bytes(parts[3][32:], "big")
    twin = canonical([*parts[:3], parts[3][:32] + (P256_ORDER - s).to_bytes(32, "big")])
    assert code_raised(lambda: open_unverified(twin, PaymentToken)) is ErrorCode.BAD_SIGNATURE
    longer = b"\x98\x04" + token.envelope[1:]
    assert code_raised(lambda: open_unverified(longer, PaymentToken)) is ErrorCode.NOT_CANONICAL
    turned = cbor2.dumps([*parts[:2], cbor2.dumps(dict(reversed(cbor2.loads(parts[2]).items()))), parts[3]])
    assert code_raised(lambda: open_unverified(turned, PaymentToken)) is ErrorCode.NOT_CANONICAL
    assert code_raised(lambda: open_unverified(token.envelope + b"\0", PaymentToken)) is ErrorCode.NOT_CANONICAL


@pytest.mark.parametrize("name", ["B\u0430nk", "knaB\u202e", "Ba\u200bnk", "Ba\nnk", "Bank\x1b[2J", "\u3164", "Bank "])
def test_lookalike_bidi_and_control_characters(scheme: Scheme, name: str) -> None:
    """No operator can sign such a name by mistake, and no reader reads it; more of them in test_fields.py."""
    assert code_raised(lambda: scheme.certificate(name=name)) is ErrorCode.BAD_ARGUMENT
    content = cbor2.loads(codec.encode(scheme.certificate().message)) | {12: name}
    code = code_raised(lambda: codec.decode(canonical(content), messages.TerminalCertificate))
    assert code is ErrorCode.BAD_TEXT


@pytest.mark.parametrize("name", ["<script>alert(1)", "'; DROP TABLE p;--", "%s%n${jndi:x}", "[b]x[/b]&amp;"])
def test_markup_sql_and_log_injection(scheme: Scheme, name: str) -> None:
    """The protocol carries such a name inert and whole, as text; and no line can be broken by it in a log."""
    verified = trust.verify_certificate(scheme.certificate(name=name).envelope, scheme.trust(), at_s=scheme.now_s)
    assert verified.message.merchant_name == name
    assert json.loads(json.dumps(name)) == name
    assert code_raised(lambda: scheme.certificate(name=name + "\nPAID")) is ErrorCode.BAD_ARGUMENT


def test_a_terminal_that_says_failed_and_asks_again(scheme: Scheme) -> None:
    """A terminal's word that nothing was charged is no receipt; only the operator's closing or refusal is."""
    request = scheme.request()
    key = scheme.terminal.public_key
    for state in (State.DECLINED, State.CANCELED, State.EXPIRED, State.REJECTED, State.VOIDED):
        lie = seal(paid(scheme, request, state=state), scheme.terminal).envelope
        code = code_raised(lambda lie=lie: trust.verify_receipt(lie, scheme.trust(), terminal_key=key))  # type: ignore[misc]
        assert code is ErrorCode.WRONG_ROLE
    closed = replace(paid(scheme, request, state=State.CANCELED), consent_digest=messages.NO_DIGEST)
    word = trust.verify_receipt(seal(closed, scheme.receipt_signer).envelope, scheme.trust())
    rules.check_closing_receipt(word.message, request=request.message, terminal_id=TerminalId(2001))


def test_a_man_in_the_middle_invents_not_paid(scheme: Scheme) -> None:
    """Nor can whoever sits on the line: a closing is signed, is of one request, and cannot be made of a decline."""
    request, other = scheme.request(), scheme.request()
    closed = replace(paid(scheme, request, state=State.CANCELED), consent_digest=messages.NO_DIGEST)
    forged = seal(closed, scheme.new_signer()).envelope
    assert code_raised(lambda: trust.verify_receipt(forged, scheme.trust())) is ErrorCode.UNKNOWN_SIGNER
    for receipt, refused in (
        (replace(closed, request_id=other.message.request_id), ErrorCode.WRONG_REQUEST),
        (paid(scheme, request, state=State.DECLINED), ErrorCode.WRONG_REQUEST),
    ):
        code = code_raised(
            lambda receipt=receipt: rules.check_closing_receipt(  # type: ignore[misc]
                receipt, request=request.message, terminal_id=TerminalId(2001)
            )
        )
        assert code is refused


def test_inflated_or_repeated_claims(scheme: Scheme) -> None:
    """A terminal claims what the payer consented to, not more nor for another request; a repeat has one digest."""
    token, request = scheme.token(), scheme.request()
    intent = scheme.intent(token=token.envelope, request_digest=request.digest)
    inflated = seal(replace(request.message, amount_minor=9_999), scheme.terminal, embedded=request.embedded)
    code = code_raised(
        lambda: rules.check_intent_answers(
            intent.message, token.message, request=inflated.message, request_digest=inflated.digest
        )
    )
    assert code is ErrorCode.WRONG_REQUEST
    again = seal(intent.message, scheme.device, embedded=token.envelope)
    assert again.digest == intent.digest
    proof = make_fraud_proof(intent.envelope, again.envelope, bundle=scheme.bundle().envelope)
    refused = code_raised(lambda: verify_fraud_proof(proof, root_key=scheme.root.public_key))
    assert refused is ErrorCode.NOT_A_DOUBLE_SPEND


def test_cloned_wallet(scheme: Scheme) -> None:
    """Two copies that pay at two terminals cannot be stopped offline; two signed messages name the device for ever."""
    token, one, other = scheme.token(), scheme.request(), scheme.request()
    here, there = (scheme.intent(token=token.envelope, request_digest=ask.digest) for ask in (one, other))
    taken = accept(scheme, here.envelope, one)
    accept(scheme, there.envelope, other)
    seen = replace(NOTHING, token_intents=(taken,))
    assert code_raised(lambda: accept(scheme, there.envelope, other, facts=seen)) is ErrorCode.COUNTER_REUSED
    proof = make_fraud_proof(here.envelope, there.envelope, bundle=scheme.bundle().envelope)
    finding = verify_fraud_proof(proof, root_key=scheme.root.public_key)
    assert finding.contradiction is Contradiction.SAME_COUNTER
    assert finding.device_key == scheme.device.public_key
