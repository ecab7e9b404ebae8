"""What mutation testing found untested: which field an error names, and some corners (docs/testing.md).

``param`` is what a program shows beside the field at fault, and what another program's problem answer carries.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.unit.wallet_sdk.protocol.samples import code_raised
from tests.vectors.tc1_checks import Reader, read_file
from wallet_sdk.protocol import api, denylist, envelope, rules, trust
from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError, TillcodeError, error_class
from wallet_sdk.protocol.evidence import contradiction_of, make_fraud_proof, verify_fraud_proof
from wallet_sdk.protocol.ids import Counter, Digest, MerchantId, PublicKeyBytes, RequestId, TerminalId
from wallet_sdk.protocol.messages import (
    AuthorizationMode,
    CertificateRequest,
    MessageType,
    PaymentIntent,
    PaymentRequest,
    Receipt,
    Refund,
    TokenRequest,
)
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.rules import OfflineFacts, OfflineLimits
from wallet_sdk.protocol.states import Event, State, advance
from wallet_sdk.testing import Scheme

NEGATIVES = [one for one in read_file("negatives.json")["negatives"] if one["check"] not in {"text", "open"}]
#: Which field is at fault in each published refusal, by the error; where one error has several, by the case.
PARAM_OF_CODE = {
    "BAD_PUBLIC_KEY": "public_key",
    "UNKNOWN_SIGNER": "key_id",
    "WRONG_ROLE": "key_id",
    "BAD_SIGNATURE": "signature",
    "WRONG_MESSAGE_TYPE": "type",
    "NOT_A_DOUBLE_SPEND": None,
    "NOT_CANONICAL": None,
    "EXPIRED": "expires_at_s",
    "NOT_YET_VALID": "not_before_s",
    "CURRENCY_MISMATCH": "currency",
    "MISSING_FIELD": "consent_digest",
    "WRONG_REQUEST": "request_digest",
    "AMOUNT_MISMATCH": "amount_minor",
    "BAD_CUMULATIVE": "cumulative_minor",
    "ONLINE_ONLY": "mode",
    "OVER_PAYMENT_LIMIT": "amount_minor",
    "OVER_TOKEN_LIMIT": "cumulative_minor",
    "OVER_COUNT_LIMIT": "counter",
    "OVER_CEILING": "amount_minor",
    "WRONG_TERMINAL": "terminal_id",
    "BAD_TRANSITION": "state",
    "REVOKED": "token_id",
    "TRUST_ROLLED_BACK": "version",
    "DENYLIST_GAP": "base",
}
PARAM_OF_CASE = {
    "a refund's receipt that a thief has signed, which names a consent too": "refund_id",
    "a delta on itself, made after its key": "base",
    "a terminal's receipt of a captured payment": "state",
    "name and city of 33 bytes together": "merchant_name",
    "a delta that stands on itself": "base",
    "a refund's receipt where one of a payment is due": "refund_id",
    "a receipt of another request": "request_id",
    "a request from the future": "issued_at_s",
    "a code from the future": "issued_at_s",
    "a request of too long ago": "lifetime_s",
    "a code of too long ago": "lifetime_s",
    "the certificate of a revoked terminal": "terminal_id",
    "the denylist before": "number",
    "another denylist of the same number": "number",
}
LIMIT = OfflineLimits(
    payment_max_minor=5_000,
    stored_max_minor=9_000,
    stored_count_max=9,
    stored_age_max_s=86_400,
    token_stored_max_minor=8_000,
)
NOTHING = OfflineFacts(stored_minor=0, stored_count=0, stored_age_s=0, token_stored_minor=0, token_intents=())


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


def fault(call: Callable[[], object]) -> tuple[ErrorCode, str | None]:
    """Code and field of the refusal."""
    with pytest.raises(TillcodeError) as caught:
        call()
    return caught.value.code, caught.value.param


def paid(request: PaymentRequest, **changed: Any) -> Receipt:
    """What the operator says of a request that was paid."""
    receipt = Receipt(
        terminal_id=TerminalId(2001),
        request_id=request.request_id,
        consent_digest=Digest(bytes(32)),
        amount_minor=request.amount_minor,
        currency=request.currency,
        state=State.CAPTURED,
        at_s=request.issued_at_s,
    )
    return replace(receipt, **changed)


@pytest.mark.parametrize("negative", NEGATIVES, ids=lambda negative: negative["what"])
def test_a_published_refusal_names_the_field_at_fault(negative: dict[str, Any]) -> None:
    """So that a screen can point at it."""
    read = Reader().read
    found = fault(lambda: read(negative["check"], bytes.fromhex(negative["hex"]), MessageType[negative["type"]]))[1]
    assert found == PARAM_OF_CASE.get(negative["what"], PARAM_OF_CODE.get(negative["error"]["name"]))


def test_an_envelope_names_its_part_at_fault() -> None:
    """The protected header, what is unprotected, or the signature."""
    parts = {"UNSUPPORTED_ALGORITHM": "protected", "BAD_SIGNATURE": "signature"}
    cases = {"an embedded envelope and a key id": "unprotected", "the algorithm unprotected": "unprotected",
             "a signature of 63 bytes": "signature"}  # fmt: skip
    seen = set()
    for negative in read_file("negatives.json")["negatives"]:
        part = parts.get(negative["error"]["name"]) or cases.get(negative["what"])
        if negative["check"] == "open" and part is not None:
            read, kind = Reader().read, MessageType[negative["type"]]
            assert fault(lambda n=negative, r=read, k=kind: r("open", bytes.fromhex(n["hex"]), k))[1] == part  # type: ignore[misc]
            seen.add(part)
    assert seen == {"protected", "unprotected", "signature"}


def test_sealing_and_keys_name_what_is_wrong(scheme: Scheme) -> None:
    """Our own caller reads it too."""
    ask, token = CertificateRequest(made_at_s=1), scheme.token().envelope
    assert fault(lambda: seal(ask, scheme.terminal, embedded=token)) == (ErrorCode.BAD_ARGUMENT, "embedded")
    request = scheme.request().message
    long = scheme.certificate().envelope * 3
    assert fault(lambda: seal(request, scheme.terminal, embedded=long)) == (ErrorCode.BAD_ARGUMENT, "message")  # type: ignore[arg-type]
    for spoilt in (b"\2" * 32, b"\2" * 34, b"\4" + bytes(32), b"\2" + b"\xff" * 32):
        assert fault(lambda spoilt=spoilt: envelope.load_public_key(PublicKeyBytes(spoilt))) == (  # type: ignore[misc]
            ErrorCode.BAD_PUBLIC_KEY,
            "public_key",
        )


def test_r_and_s_of_one_are_in_range() -> None:
    """The bounds are 1 and n - 1, and for s half of it."""
    one, half, top = ((number).to_bytes(32, "big") for number in (1, P256_ORDER // 2, P256_ORDER - 1))
    for r, s in ((one, one), (top, one), (one, half)):
        envelope._check_signature_form(r + s)
    bad = (ErrorCode.BAD_SIGNATURE, "signature")
    for r, s in ((bytes(32), one), (one, bytes(32)), (one, top)):
        assert fault(lambda r=r, s=s: envelope._check_signature_form(r + s)) == bad  # type: ignore[misc]


def test_what_opening_already_refused_is_refused_again(scheme: Scheme) -> None:
    """Belt and braces: a request without its certificate, and a device's message that names no key."""
    bare = replace(scheme.request(), embedded=None)
    assert fault(lambda: trust._embedded_of(bare)) == (ErrorCode.BAD_ENVELOPE, "unprotected")
    request: Any = PaymentRequest
    named = fault(lambda: trust.device_named_by(scheme.request().envelope, request))
    assert named == (ErrorCode.BAD_ENVELOPE, "key_id")
    ask = seal(CertificateRequest(made_at_s=1), scheme.terminal)
    assert trust.device_named_by(ask.envelope, CertificateRequest) == ask.key_id


def test_refund_receipts_name_the_field_at_fault(scheme: Scheme) -> None:
    """A payment's receipt is none of a refund, and a refund's names no consent."""
    receipt = paid(scheme.request().message)
    payment = seal(receipt, scheme.receipt_signer).envelope
    both = seal(replace(receipt, refund_id=RequestId(bytes(12))), scheme.receipt_signer).envelope
    store = scheme.trust()
    assert fault(lambda: trust.verify_refund_receipt(payment, store)) == (ErrorCode.MISSING_FIELD, "refund_id")
    assert fault(lambda: trust.verify_refund_receipt(both, store)) == (ErrorCode.BAD_ENVELOPE, "consent_digest")
    assert fault(lambda: trust.verify_receipt(both, store)) == (ErrorCode.WRONG_REQUEST, "refund_id")


def test_other_messages_are_no_consents(scheme: Scheme) -> None:
    """Whatever kind is named."""
    found = fault(lambda: trust.verify_consent(scheme.request().envelope, scheme.trust(), at_s=scheme.now_s))
    assert found == (ErrorCode.WRONG_MESSAGE_TYPE, "type")


def test_revocations_name_what_is_revoked(scheme: Scheme) -> None:
    """A key, whoever's it is; a token; a terminal."""
    signers = (scheme.device, scheme.terminal, scheme.token_issuer, scheme.denylist_signer)
    listed = scheme.denylist(keys=[signer.public_key for signer in signers])
    store = trust.take_denylist(listed.envelope, scheme.trust())
    certificate, token = scheme.certificate(), scheme.token()
    by_terminal = seal(paid(scheme.request().message, state=State.AUTHORIZED), scheme.terminal).envelope
    calls: tuple[Callable[[], object], ...] = (
        lambda: denylist.check_token_not_denied(token.message, store.denied),
        lambda: denylist.check_certificate_not_denied(certificate.message, store.denied),
        lambda: trust.verify_token(token.envelope, store, at_s=scheme.now_s),
        lambda: trust.verify_certificate(certificate.envelope, store, at_s=scheme.now_s),
        lambda: trust.verify_receipt(by_terminal, store, terminal_key=scheme.terminal.public_key),
        lambda: denylist.apply(store.denied, scheme.denylist(number=2)),
    )
    assert [fault(call) for call in calls] == [(ErrorCode.REVOKED, "key_id")] * len(calls)


def test_claims_and_codes_name_the_field_at_fault(scheme: Scheme) -> None:
    """The terminal, the currency, the ceiling."""
    code, token, certificate = scheme.code(token=scheme.token().envelope).message, scheme.token().message, None
    certificate = scheme.certificate().message
    for merchant_id, terminal_id in ((1, 2001), (1001, 1)):
        found = fault(
            lambda m=merchant_id, t=terminal_id: rules.check_same_terminal(  # type: ignore[misc]
                certificate, merchant_id=MerchantId(m), terminal_id=TerminalId(t)
            )
        )
        assert found == (ErrorCode.WRONG_TERMINAL, "terminal_id")
    dollars = fault(lambda: rules.check_code_covers(code, token, amount_minor=1, currency=Currency.USD))
    assert dollars == (ErrorCode.CURRENCY_MISMATCH, "currency")


def static_refusals(scheme: Scheme) -> list[tuple[PaymentIntent, Currency, tuple[ErrorCode, str] | None]]:
    """Answers to a printed code of EUR 20.00 at most, each with one thing wrong, and the two that are right."""
    good = PaymentIntent(
        counter=scheme.code(token=scheme.token().envelope).message.counter,
        amount_minor=2_000,
        cumulative_minor=0,
        request_digest=Digest(bytes(32)),
        mode=AuthorizationMode.ONLINE,
    )
    return [
        (replace(good, request_digest=Digest(b"\1" * 32)), Currency.EUR, (ErrorCode.WRONG_REQUEST, "request_digest")),
        (good, Currency.USD, (ErrorCode.CURRENCY_MISMATCH, "currency")),
        (replace(good, mode=AuthorizationMode.OFFLINE), Currency.EUR, (ErrorCode.ONLINE_ONLY, "mode")),
        (replace(good, amount_minor=2_001), Currency.EUR, (ErrorCode.OVER_CEILING, "amount_minor")),
        (good, Currency.EUR, None),
        (replace(good, amount_minor=1), Currency.EUR, None),
    ]


def test_answers_to_a_printed_code_name_the_field_at_fault(scheme: Scheme) -> None:
    """Its cap may be reached and not passed."""
    code, digest = scheme.static_code().message, Digest(bytes(32))
    for intent, currency, due in static_refusals(scheme):
        token = replace(scheme.token().message, currency=currency)
        check = partial(rules.check_intent_answers_static, intent, token, code=code, code_digest=digest)
        if due is None:
            check()
        else:
            assert fault(check) == due


def test_receipts_of_every_kind_name_the_field_at_fault(scheme: Scheme) -> None:
    """Closed unpaid, refused, refunded: each with one thing wrong."""
    request, other = scheme.request().message, Digest(b"\1" * 32)
    refund = Refund(
        refund_id=RequestId(b"r" * 12), request_id=request.request_id, amount_minor=100, currency=Currency.EUR,
        reason="", made_at_s=1,
    )  # fmt: skip
    closed = paid(request, state=State.CANCELED, consent_digest=Digest(b""))
    refused = paid(request, state=State.DECLINED)
    back = paid(request, refund_id=refund.refund_id, amount_minor=100, consent_digest=Digest(b""))
    here = TerminalId(2001)
    checks: dict[str, tuple[Receipt, Callable[[Receipt], None]]] = {
        "closed": (closed, lambda r: rules.check_closing_receipt(r, request=request, terminal_id=here)),
        "refused": (refused, lambda r: rules.check_refusing_receipt(
            r, request=request, terminal_id=here, consent_digest=Digest(bytes(32)))),
        "back": (back, lambda r: rules.check_refund_receipt(r, refund=refund, terminal_id=here)),
    }  # fmt: skip
    common: tuple[tuple[dict[str, Any], ErrorCode, str], ...] = (
        ({"terminal_id": TerminalId(2002)}, ErrorCode.WRONG_TERMINAL, "terminal_id"),
        ({"currency": Currency.USD}, ErrorCode.CURRENCY_MISMATCH, "currency"),
        ({"state": State.REQUESTED}, ErrorCode.BAD_TRANSITION, "state"),
    )
    one_id = RequestId(b"x" * 12)
    own: dict[str, tuple[tuple[dict[str, Any], ErrorCode, str], ...]] = {
        "closed": (
            ({"request_id": one_id}, ErrorCode.WRONG_REQUEST, "request_id"),
            ({"refund_id": one_id}, ErrorCode.WRONG_REQUEST, "request_id"),
            ({"consent_digest": other}, ErrorCode.WRONG_REQUEST, "consent_digest"),
            ({"amount_minor": 1_249}, ErrorCode.AMOUNT_MISMATCH, "amount_minor"),
            ({"amount_minor": 1_251}, ErrorCode.AMOUNT_MISMATCH, "amount_minor"),
        ),
        "refused": (
            ({"request_id": one_id}, ErrorCode.WRONG_REQUEST, "request_id"),
            ({"consent_digest": other}, ErrorCode.WRONG_REQUEST, "consent_digest"),
        ),
        "back": (
            ({"request_id": one_id}, ErrorCode.WRONG_REQUEST, "refund_id"),
            ({"refund_id": one_id}, ErrorCode.WRONG_REQUEST, "refund_id"),
            ({"amount_minor": 99}, ErrorCode.AMOUNT_MISMATCH, "amount_minor"),
            ({"amount_minor": 101}, ErrorCode.AMOUNT_MISMATCH, "amount_minor"),
        ),
    }
    for name, (good, check) in checks.items():
        check(good)
        for changed, code, param in (*common, *own[name]):
            assert fault(lambda g=good, c=check, d=changed: c(replace(g, **d))) == (code, param)  # type: ignore[misc]


def test_the_terminals_own_limits_name_the_field_at_fault(scheme: Scheme) -> None:
    """A counter spent here, a sum that fell; and one counter can stand on both sides of itself."""
    digest = scheme.request().digest
    seen = scheme.intent(
        token=scheme.token().envelope, request_digest=digest, counter=5, cumulative_minor=4_000
    ).message
    facts = replace(NOTHING, token_intents=(seen,))
    again = fault(lambda: rules.check_terminal_allows(seen, limit=LIMIT, facts=facts))
    assert again == (ErrorCode.COUNTER_REUSED, "counter")
    fell = replace(seen, counter=Counter(6), cumulative_minor=4_000)
    found = fault(lambda: rules.check_terminal_allows(fell, limit=LIMIT, facts=facts))
    assert found == (ErrorCode.DOUBLE_SPEND, "cumulative_minor")
    rules.check_terminal_allows(replace(fell, cumulative_minor=5_250), limit=LIMIT, facts=facts)


def test_a_code_and_an_intent_contradict_by_their_counter_alone(scheme: Scheme) -> None:
    """A code has no sum that could fall."""
    token = scheme.token().envelope
    intent = scheme.intent(token=token, request_digest=scheme.request().digest, counter=1).message
    code = scheme.code(token=token, counter=2).message
    assert contradiction_of(intent, code) is contradiction_of(code, intent) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_proof_with_a_closing_says_the_same_in_either_sequence(seed: int) -> None:
    """The halves are sorted by their bytes, so that the closing may come first or second."""
    scheme = Scheme(seed=seed)
    token = scheme.token(currency=Currency.JPY)
    intent = scheme.intent(token=token.envelope, request_digest=Digest(bytes(32)), cumulative_minor=1250)
    closing = scheme.closing(token, spent_minor=1_249)
    bundle = scheme.bundle().envelope
    proof = make_fraud_proof(intent.envelope, closing.envelope, bundle=bundle)
    finding = verify_fraud_proof(proof, root_key=scheme.root.public_key)
    assert (finding.token_id, finding.currency) == (token.message.token_id, Currency.JPY)
    assert finding.device_key == scheme.device.public_key
    assert sorted(zip(finding.counters, finding.amounts_minor, strict=True)) == [(0, 1_249), (1, 1_250)]


def test_a_step_of_a_payment_is_made_and_named() -> None:
    """The one that the table has; any other names the state."""
    assert advance(State.REQUESTED, Event.AUTHORIZE) is State.AUTHORIZED
    assert fault(lambda: advance(State.REQUESTED, Event.SETTLE)) == (ErrorCode.BAD_TRANSITION, "state")


def test_the_thousand_says_whose_fault_it_is() -> None:
    """Also at its edges, where no code stands yet."""
    assert {error_class(code).first_code for code in ErrorCode} == {1000, 2000, 3000, 4000}
    for code in ErrorCode:
        assert error_class(code).first_code == code // 1000 * 1000


def test_answers_are_short_and_in_plain_letters() -> None:
    """Compact, and letters as they are: a merchant's name is read in the log."""
    problem = api.problem_of(RuleViolationError(ErrorCode.REVOKED, "八百屋", param="token_id"))
    written = api.to_json(problem)
    assert "八百屋".encode() in written
    assert b": " not in written
    assert b", " not in written


def test_every_code_has_the_http_status_of_its_thousand() -> None:
    """If it has none of its own."""
    assert api.http_status_of(ErrorCode.BAD_CBOR) == api.http_status_of(ErrorCode.BAD_TEXT) == 400
    assert api.http_status_of(ErrorCode.EXPIRED) == 422
    assert api.http_status_of(ErrorCode.NO_ALLOWANCE) == 400
    assert api.http_status_of(ErrorCode.BAD_ARGUMENT) == 400
    assert api.http_status_of(ErrorCode.NETWORK_UNREACHABLE) == api.http_status_of(ErrorCode.STORAGE_FAILED) == 503


def test_only_padding_is_taken_off_base64() -> None:
    """And no letter that stands at the end."""
    assert [api.to_base64url(content) for content in (b"\0\0\x17", b"\0\x10", b"\xff")] == ["AAAX", "ABA", "_w"]


def test_money_names_the_currency_at_fault() -> None:
    """One that is none, or two that differ."""
    one, other = (Money(minor=1, currency=currency) for currency in (Currency.EUR, Currency.USD))
    assert fault(lambda: Currency.from_code("XXX")) == (ErrorCode.UNKNOWN_CURRENCY, "currency")
    assert fault(lambda: Currency.from_number(999)) == (ErrorCode.UNKNOWN_CURRENCY, "currency")
    assert fault(lambda: one.plus(other)) == (ErrorCode.BAD_ARGUMENT, "currency")


def test_a_proof_whose_half_is_too_large_for_a_message_is_refused(scheme: Scheme) -> None:
    """A half is one message, so it is cut off where a message is."""
    large: Sealed[Any] = scheme.denylist(terminals=[TerminalId(number) for number in range(1, 300)])
    assert len(large.envelope) > 512
    assert code_raised(lambda: open_unverified(large.envelope, TokenRequest)) is ErrorCode.MESSAGE_TOO_LARGE
    with pytest.raises(MalformedMessageError):
        trust.verify_consent(large.envelope, scheme.trust(), at_s=scheme.now_s)
