"""Double-spend proofs: what cannot be honest is proved, what can be is not, and nothing else passes for a proof."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import cbor2
import pytest

from tests.unit.wallet_sdk.protocol.samples import canonical, code_raised
from wallet_sdk.protocol import codec
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError
from wallet_sdk.protocol.evidence import (
    CLOSING_COUNTER,
    Contradiction,
    contradiction_of,
    make_fraud_proof,
    start_of_sum,
    verify_fraud_proof,
)
from wallet_sdk.protocol.ids import Digest, Envelope
from wallet_sdk.protocol.messages import AuthorizationMode, FraudProof, PaymentIntent, PaymentToken, TokenClosing
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.trust import take_denylist, verify_bundle
from wallet_sdk.testing import Scheme

Signed = Callable[..., Sealed[PaymentIntent]]


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


@pytest.fixture
def sign(scheme: Scheme) -> Signed:
    """Sign an intent by its numbers, all under one token, each for another request unless said otherwise."""
    token = scheme.token().envelope
    made = iter(range(1, 256))

    def intent(
        counter: int,
        amount: int,
        total: int,
        *,
        mode: AuthorizationMode = AuthorizationMode.OFFLINE,
        request: int | None = None,
    ) -> Sealed[PaymentIntent]:
        number = next(made) if request is None else request
        return scheme.intent(
            token=token,
            request_digest=Digest(bytes([number]) * 32),
            counter=counter,
            amount_minor=amount,
            cumulative_minor=total,
            mode=mode,
        )

    return intent


def proof_of(scheme: Scheme, *pair: Sealed[PaymentIntent]) -> bytes:
    """The proof made of two consents."""
    first, second = pair
    return make_fraud_proof(first.envelope, second.envelope, bundle=scheme.bundle().envelope)


def test_one_counter_twice_is_proved(scheme: Scheme, sign: Signed) -> None:
    """Other content under the same counter, and the finding names device, token and amounts. (R-96)"""
    one, other = sign(7, 100, 100), sign(7, 250, 250)
    finding = verify_fraud_proof(proof_of(scheme, one, other), root_key=scheme.root.public_key)
    assert finding.contradiction is Contradiction.SAME_COUNTER
    assert finding.device_key == scheme.device.public_key
    assert finding.counters == (7, 7)
    assert sorted(finding.amounts_minor) == [100, 250]


def test_a_fallen_sum_is_proved(scheme: Scheme, sign: Signed) -> None:
    """A later counter that starts below what an earlier one had reached. (R-100)"""
    proof = proof_of(scheme, sign(3, 100, 300), sign(9, 50, 349))
    finding = verify_fraud_proof(proof, root_key=scheme.root.public_key)
    assert finding.contradiction is Contradiction.SUM_FELL
    assert sorted(finding.counters) == [3, 9]


def test_a_code_and_an_intent_of_one_counter_are_proved(scheme: Scheme) -> None:
    """The counter is shared by all signatures under a token."""
    token = scheme.token().envelope
    intent, code = scheme.intent(token=token, request_digest=Digest(bytes(32))), scheme.code(token=token, counter=1)
    proof = make_fraud_proof(code.envelope, intent.envelope, bundle=scheme.bundle().envelope)
    finding = verify_fraud_proof(proof, root_key=scheme.root.public_key)
    assert sorted(finding.amounts_minor) == [1250, 5_000]


def test_the_sequence_of_the_two_does_not_matter(scheme: Scheme, sign: Signed) -> None:
    """One pair, one proof, byte for byte."""
    one, other = sign(7, 100, 100), sign(7, 250, 250)
    assert proof_of(scheme, one, other) == proof_of(scheme, other, one)
    assert contradiction_of(one.message, other.message) is contradiction_of(other.message, one.message)


def test_honest_pairs_are_no_proof(scheme: Scheme, sign: Signed) -> None:
    """Any two of an honest wallet's life: offline, online, with skipped counters, and codes. (R-99)"""
    online = AuthorizationMode.ONLINE
    life = (
        sign(1, 100, 100),
        sign(2, 999, 100, mode=online),
        sign(3, 50, 150),
        sign(7, 1, 151),
        sign(8, 5_000, 151, mode=online),
        sign(9, 5_000, 151, mode=online),
        sign(10, 49, 200),
    )
    for one, other in permutations(life, 2):
        assert contradiction_of(one.message, other.message) is None
        proof = proof_of(scheme, one, other)
        code = code_raised(lambda proof=proof: verify_fraud_proof(proof, root_key=scheme.root.public_key))  # type: ignore[misc]
        assert code is ErrorCode.NOT_A_DOUBLE_SPEND


def test_the_same_consent_twice_is_no_proof(scheme: Scheme, sign: Signed) -> None:
    """Also when it was signed twice: content counts, and a repeat is honest."""
    one = sign(7, 100, 100, request=1)
    again = sign(7, 100, 100, request=1)
    proof = proof_of(scheme, one, again)
    code = code_raised(lambda: verify_fraud_proof(proof, root_key=scheme.root.public_key))
    assert code is ErrorCode.NOT_A_DOUBLE_SPEND


def test_consents_of_two_tokens_are_no_proof(scheme: Scheme) -> None:
    """Each token counts for itself."""
    one, other = (
        scheme.intent(token=scheme.token().envelope, request_digest=Digest(bytes(32)), amount_minor=amount)
        for amount in (1, 2)
    )
    proof = proof_of(scheme, one, other)
    code = code_raised(lambda: verify_fraud_proof(proof, root_key=scheme.root.public_key))
    assert code is ErrorCode.NOT_A_DOUBLE_SPEND


def test_nobody_frames_a_wallet(scheme: Scheme, sign: Signed) -> None:
    """A second consent that the device has not signed is no evidence."""
    honest = sign(7, 100, 100)
    assert honest.embedded is not None
    forged = seal(replace(honest.message, amount_minor=250), scheme.new_signer(), embedded=honest.embedded)
    proof = proof_of(scheme, honest, forged)
    code = code_raised(lambda: verify_fraud_proof(proof, root_key=scheme.root.public_key))
    assert code is ErrorCode.BAD_SIGNATURE


def closing(
    scheme: Scheme, token: Sealed[PaymentToken], *, spent: int, signer: SoftwareSigner | None = None
) -> Envelope:
    """The device closes a token at a sum."""
    return seal(TokenClosing(token_id=token.message.token_id, spent_minor=spent), signer or scheme.device).envelope


def test_an_understated_closing_is_proved(scheme: Scheme) -> None:
    """Offline payments that were still under way when the wallet took back what it had spent. (R-101)"""
    token = scheme.token()
    paid = scheme.intent(token=token.envelope, request_digest=Digest(bytes(32)), cumulative_minor=3_000).envelope
    for spent, found in ((2_999, 1), (0, 1), (3_000, 0), (3_001, 0)):
        proof = make_fraud_proof(closing(scheme, token, spent=spent), paid, bundle=scheme.bundle().envelope)
        if found:
            finding = verify_fraud_proof(proof, root_key=scheme.root.public_key)
            assert finding.contradiction is Contradiction.UNDERSTATED_CLOSING
            assert finding.device_key == scheme.device.public_key
            assert set(zip(finding.counters, finding.amounts_minor, strict=True)) == {
                (1, 1250),
                (CLOSING_COUNTER, spent),
            }
        else:
            code = code_raised(lambda proof=proof: verify_fraud_proof(proof, root_key=scheme.root.public_key))  # type: ignore[misc]
            assert code is ErrorCode.NOT_A_DOUBLE_SPEND


def test_a_closing_of_something_else_proves_nothing(scheme: Scheme) -> None:
    """Another token's, another device's, beside a code, or beside another closing."""
    token, other = scheme.token(), scheme.token()
    paid = scheme.intent(token=token.envelope, request_digest=Digest(bytes(32))).envelope
    code = scheme.code(token=token.envelope).envelope
    thief = scheme.new_signer()
    for one, another, refused in (
        (closing(scheme, other, spent=0), paid, ErrorCode.NOT_A_DOUBLE_SPEND),
        (closing(scheme, token, spent=0, signer=thief), paid, ErrorCode.UNKNOWN_SIGNER),
        (closing(scheme, token, spent=0), code, ErrorCode.NOT_A_DOUBLE_SPEND),
        (closing(scheme, token, spent=0), closing(scheme, token, spent=1), ErrorCode.NOT_A_DOUBLE_SPEND),
    ):
        proof = make_fraud_proof(one, another, bundle=scheme.bundle().envelope)
        raised = code_raised(lambda proof=proof: verify_fraud_proof(proof, root_key=scheme.root.public_key))  # type: ignore[misc]
        assert raised is refused


def test_a_withdrawn_issuer_key_proves_nothing_any_more(scheme: Scheme, sign: Signed) -> None:
    """Who stole it could make token and both halves himself; the newest bundle or the denylist ends that."""
    proof, root_key = proof_of(scheme, sign(7, 100, 100), sign(7, 250, 250)), scheme.root.public_key
    store = scheme.trust()
    verify_fraud_proof(proof, root_key=root_key, newest=store)
    listed = scheme.denylist(keys=[scheme.token_issuer.public_key]).envelope
    revoked = take_denylist(listed, store)
    assert code_raised(lambda: verify_fraud_proof(proof, root_key=root_key, newest=revoked)) is ErrorCode.REVOKED
    bundle = scheme.bundle().message
    kept = tuple(key for key in bundle.keys if key.public_key != scheme.token_issuer.public_key)
    second = seal(replace(bundle, version=2, keys=kept), scheme.root).envelope
    newer = verify_bundle(second, root_key=root_key, newest=store)
    assert code_raised(lambda: verify_fraud_proof(proof, root_key=root_key, newest=newer)) is ErrorCode.UNKNOWN_SIGNER


def test_another_root_is_refused(scheme: Scheme, sign: Signed) -> None:
    """A proof is worth what its root is worth."""
    proof = proof_of(scheme, sign(7, 100, 100), sign(7, 250, 250))
    other = Scheme(seed=2)
    assert code_raised(lambda: verify_fraud_proof(proof, root_key=other.root.public_key)) is ErrorCode.UNKNOWN_SIGNER
    foreign = make_fraud_proof(sign(8, 1, 1).envelope, sign(8, 2, 2).envelope, bundle=other.bundle().envelope)
    code = code_raised(lambda: verify_fraud_proof(foreign, root_key=scheme.root.public_key))
    assert code is ErrorCode.UNKNOWN_SIGNER


def test_a_proof_has_one_encoding(scheme: Scheme, sign: Signed) -> None:
    """Nobody signs it, so swapped halves and added keys are refused by comparison. (R-98)"""
    content = cbor2.loads(proof_of(scheme, sign(7, 100, 100), sign(7, 250, 250)))
    for spoilt in (
        content | {2: content[4], 4: content[2]},
        content | {1: b"note"},
        content | {2: content[4]},
        content | {0: 10},
        content | {6: content[2]},
        {key: value for key, value in content.items() if key != 6},
    ):
        encoded = canonical(spoilt)
        with pytest.raises(TillcodeError):
            verify_fraud_proof(encoded, root_key=scheme.root.public_key)


def test_no_tampered_proof_passes(scheme: Scheme, sign: Signed) -> None:
    """Every byte of it changed, one at a time."""
    proof = proof_of(scheme, sign(7, 100, 100), sign(7, 250, 250))
    for place in range(0, len(proof), 3):
        spoilt = proof[:place] + bytes([proof[place] ^ 1]) + proof[place + 1 :]
        with pytest.raises(TillcodeError):
            verify_fraud_proof(spoilt, root_key=scheme.root.public_key)


def test_a_proof_does_not_age(scheme: Scheme, sign: Signed) -> None:
    """The chain is checked at the time of the token, so a proof of last year still proves. (R-99)"""
    proof = proof_of(scheme, sign(7, 100, 100), sign(7, 250, 250))
    scheme.now_s += 400 * 86_400
    assert verify_fraud_proof(proof, root_key=scheme.root.public_key).counters == (7, 7)


def test_the_largest_proof_fits() -> None:
    """Two largest consents and a largest bundle are read by the codec."""
    largest = FraudProof(first=Envelope(b"a" * 512), second=Envelope(b"b" * 512), bundle=Envelope(b"c" * 1024))
    assert codec.decode(codec.encode(largest), FraudProof) == largest


def test_where_a_sum_starts() -> None:
    """Before the intent's own amount when it is offline, at the sum itself when it is online. (R-34)"""
    scheme = Scheme()
    token = scheme.token().envelope
    for mode, start in ((AuthorizationMode.OFFLINE, 200), (AuthorizationMode.ONLINE, 300)):
        sealed = scheme.intent(
            token=token, request_digest=Digest(bytes(32)), amount_minor=100, cumulative_minor=300, mode=mode
        )
        assert start_of_sum(sealed.message) == start


def test_without_a_contradiction_nothing_was_overspent(sign: Signed) -> None:
    """The claim on which offline money rests: a set without contradicting pairs adds up to at most its last sum."""
    amounts = (1, 2)
    sums = range(1, 6)
    consents = [
        sign(counter, amount, total).message
        for counter in (1, 2, 3)
        for amount in amounts
        for total in sums
        if total >= amount
    ]
    ones, twos, threes = ([c for c in consents if c.counter == counter] for counter in (1, 2, 3))
    for chain in ((a, b, c) for a in ones for b in twos for c in threes):
        pairs = permutations(chain, 2)
        if all(contradiction_of(one, other) is None for one, other in pairs):
            assert sum(intent.amount_minor for intent in chain) <= max(intent.cumulative_minor for intent in chain)
