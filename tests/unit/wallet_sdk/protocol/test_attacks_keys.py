"""Attacks with stolen keys and old trust, and what a code tells whoever reads it. See test_attacks.py."""

from dataclasses import replace

import pytest

from tests.unit.wallet_sdk.protocol.samples import DIGEST, code_raised
from wallet_sdk.protocol import rules, trust
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.evidence import make_fraud_proof, verify_fraud_proof
from wallet_sdk.protocol.ids import MerchantId, TerminalId
from wallet_sdk.protocol.messages import CaptureBatch, Claim, OperatorKey, Role
from wallet_sdk.testing import Scheme

DAY_S = 86_400


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


def test_stolen_terminal_key(scheme: Scheme) -> None:
    """It asks in its merchant's name only, for a week at most, and until the list names it."""
    request, store = scheme.request(), scheme.trust()
    asked = trust.verify_request(request.envelope, store, at_s=scheme.now_s)
    assert asked.certificate.message.merchant_id == MerchantId(1001)
    as_other = replace(asked.certificate.message, merchant_id=MerchantId(1002))
    own = seal(request.message, scheme.terminal, embedded=seal(as_other, scheme.terminal).envelope).envelope
    assert code_raised(lambda: trust.verify_request(own, store, at_s=scheme.now_s)) is ErrorCode.UNKNOWN_SIGNER
    late_s = scheme.now_s + 7 * DAY_S
    assert code_raised(lambda: trust.verify_request(request.envelope, store, at_s=late_s)) is ErrorCode.EXPIRED
    listed = trust.take_denylist(scheme.denylist(keys=[scheme.terminal.public_key]).envelope, store)
    assert code_raised(lambda: trust.verify_request(request.envelope, listed, at_s=scheme.now_s)) is ErrorCode.REVOKED


def test_stolen_operator_key(scheme: Scheme) -> None:
    """Each does its own role's harm only; root and list end it, and a proof made with it convinces nobody."""
    store, now_s = scheme.trust(), scheme.now_s
    thief = scheme.token_issuer
    assert code_raised(lambda: trust.verify_bundle(
        seal(scheme.bundle(version=2).message, thief).envelope, root_key=scheme.root.public_key, newest=store
    )) is ErrorCode.UNKNOWN_SIGNER  # fmt: skip
    certificate = seal(scheme.certificate().message, thief).envelope
    assert code_raised(lambda: trust.verify_certificate(certificate, store, at_s=now_s)) is ErrorCode.WRONG_ROLE
    own_list = seal(scheme.denylist().message, thief).envelope
    assert code_raised(lambda: trust.take_denylist(own_list, store)) is ErrorCode.WRONG_ROLE
    victim = scheme.token().envelope
    pair = [scheme.intent(token=victim, request_digest=DIGEST, amount_minor=amount).envelope for amount in (1, 2)]
    framed = make_fraud_proof(pair[0], pair[1], bundle=scheme.bundle().envelope)
    listed = trust.take_denylist(scheme.denylist(keys=[thief.public_key]).envelope, store)
    assert code_raised(lambda: trust.verify_token(victim, listed, at_s=now_s)) is ErrorCode.REVOKED
    code = code_raised(lambda: verify_fraud_proof(framed, root_key=scheme.root.public_key, newest=listed))
    assert code is ErrorCode.REVOKED


def test_revocation_while_offline(scheme: Scheme) -> None:
    """A till that was away takes what it cannot know of until its list arrives; then never again."""
    token = scheme.token()
    before = scheme.trust()
    trust.verify_token(token.envelope, before, at_s=scheme.now_s)
    after = trust.take_denylist(scheme.denylist(number=3, tokens=[token.message.token_id]).envelope, before)
    later = trust.take_denylist(scheme.denylist(number=4).envelope, after)
    for store in (after, later):
        code = code_raised(lambda store=store: trust.verify_token(token.envelope, store, at_s=scheme.now_s))  # type: ignore[misc]
        assert code is ErrorCode.REVOKED
    old = scheme.denylist(number=2).envelope
    assert code_raised(lambda: trust.take_denylist(old, after)) is ErrorCode.TRUST_ROLLED_BACK


def test_trust_bundle_rollback(scheme: Scheme) -> None:
    """An old bundle, which still names a key that was withdrawn, is refused for ever."""
    root_key = scheme.root.public_key
    stolen = scheme.new_signer()
    bundle = scheme.bundle().message
    key = OperatorKey(
        role=Role.RECEIPT, public_key=stolen.public_key, not_before_s=scheme.now_s, expires_at_s=scheme.now_s + DAY_S
    )
    old = seal(replace(bundle, version=1, keys=(*bundle.keys, key)), scheme.root).envelope
    newest = trust.verify_bundle(scheme.bundle(version=2).envelope, root_key=root_key)
    code = code_raised(lambda: trust.verify_bundle(old, root_key=root_key, newest=newest))
    assert code is ErrorCode.TRUST_ROLLED_BACK


def test_a_batch_in_anothers_name(scheme: Scheme) -> None:
    """A batch is signed by the terminal that claims; another's key claims nothing in its name."""
    request = scheme.request()
    consent = scheme.intent(token=scheme.token().envelope, request_digest=request.digest)
    claim = Claim(request=request.envelope, consent=consent.envelope)
    batch = seal(CaptureBatch(made_at_s=scheme.now_s, claims=(claim,)), scheme.new_signer()).envelope
    key = scheme.terminal.public_key
    code = code_raised(lambda: trust.verify_from_device(batch, CaptureBatch, device_key=key))
    assert code is ErrorCode.UNKNOWN_SIGNER
    certificate = scheme.certificate().message
    wrong = code_raised(
        lambda: rules.check_same_terminal(certificate, merchant_id=MerchantId(1001), terminal_id=TerminalId(2002))
    )
    assert wrong is ErrorCode.WRONG_TERMINAL


def test_privacy_no_account_number_in_a_code(scheme: Scheme) -> None:
    """A code names a token and a device key, nothing else; of a wallet enrolled anew neither of them is known."""
    first, second = scheme.code(token=scheme.token().envelope), scheme.code(token=scheme.token().envelope, counter=2)
    store = scheme.trust()
    one, other = (trust.verify_code(sealed.envelope, store, at_s=scheme.now_s) for sealed in (first, second))
    named = {"token_id", "device_key", "currency", "payment_max_minor", "total_max_minor", "count_max", "grade"}
    assert set(type(one.token.message).__slots__) == named | {"not_before_s", "lifetime_h"}
    assert set(type(one.code.message).__slots__) == {"counter", "issued_at_s", "lifetime_s", "ceiling_minor"}
    assert one.token.message.token_id != other.token.message.token_id
    scheme.device = scheme.new_signer()
    fresh = scheme.code(token=scheme.token().envelope)
    for stable in (bytes(one.token.message.token_id), bytes(one.token.message.device_key)):
        assert stable in bytes(first.envelope)
        assert stable not in bytes(fresh.envelope)
