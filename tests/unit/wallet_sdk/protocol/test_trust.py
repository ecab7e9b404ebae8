"""Who may sign what, and when: at the exact second, in the right role, under the pinned root."""

from dataclasses import replace

import pytest

from tests.unit.wallet_sdk.protocol.samples import DIGEST, code_raised, example
from wallet_sdk.protocol import messages, trust
from wallet_sdk.protocol.envelope import Sealed, key_id_of, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes, RequestId, TerminalId
from wallet_sdk.protocol.messages import OperatorKey, Receipt, Role, TrustBundle
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import TrustStore
from wallet_sdk.testing import Scheme

SKEW_S = 300


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


def receipt(scheme: Scheme, signer: SoftwareSigner, *, state: State, at_s: int | None = None) -> Sealed[Receipt]:
    """A receipt of somebody."""
    message = Receipt(
        terminal_id=TerminalId(2001),
        request_id=RequestId(scheme.new_id()),
        consent_digest=DIGEST,
        amount_minor=1250,
        currency=Currency.EUR,
        state=state,
        at_s=scheme.now_s if at_s is None else at_s,
    )
    return seal(message, signer)


def bundle_of(scheme: Scheme, *keys: OperatorKey, version: int = 1, signer: SoftwareSigner | None = None) -> Envelope:
    """A bundle of just these keys."""
    message = TrustBundle(version=version, made_at_s=scheme.now_s, keys=keys)
    return seal(message, signer or scheme.root).envelope


def operator_key(scheme: Scheme, role: Role, signer: SoftwareSigner, *, start_s: int, end_s: int) -> OperatorKey:
    """A key that lives from ``start_s`` to ``end_s``, counted from now."""
    return OperatorKey(
        role=role,
        public_key=signer.public_key,
        not_before_s=scheme.now_s + start_s,
        expires_at_s=scheme.now_s + end_s,
    )


# --- bundle ---


def test_a_bundle_of_the_root_is_trusted(scheme: Scheme) -> None:
    """And then stands in the store as it came."""
    bundle = scheme.bundle()
    store = trust.verify_bundle(bundle.envelope, root_key=scheme.root.public_key)
    assert (store.bundle, store.root_key) == (bundle, scheme.root.public_key)


def test_a_bundle_of_another_is_refused(scheme: Scheme) -> None:
    """Also one signed by an operator: operators are below the root. (R-39)"""
    for signer in (scheme.terminal_ca, scheme.device, scheme.new_signer()):
        envelope = seal(scheme.bundle().message, signer).envelope
        code = code_raised(lambda envelope=envelope: trust.verify_bundle(envelope, root_key=scheme.root.public_key))  # type: ignore[misc]
        assert code is ErrorCode.UNKNOWN_SIGNER


def test_a_lower_version_is_refused_for_ever(scheme: Scheme) -> None:
    """The newer, the same again, and never back. (R-40)"""
    root_key = scheme.root.public_key
    newest = trust.verify_bundle(scheme.bundle(version=5).envelope, root_key=root_key)
    for version in (5, 6):
        trust.verify_bundle(scheme.bundle(version=version).envelope, root_key=root_key, newest=newest)
    for version in (1, 4):
        envelope = scheme.bundle(version=version).envelope
        code = code_raised(
            lambda envelope=envelope: trust.verify_bundle(envelope, root_key=root_key, newest=newest)  # type: ignore[misc]
        )
        assert code is ErrorCode.TRUST_ROLLED_BACK


def test_the_same_version_with_other_content_is_refused(scheme: Scheme) -> None:
    """Two truths of one number: one of them is a lie. (R-40)"""
    newest = trust.verify_bundle(scheme.bundle(version=5).envelope, root_key=scheme.root.public_key)
    scheme.now_s += 1
    other = scheme.bundle(version=5).envelope
    code = code_raised(lambda: trust.verify_bundle(other, root_key=scheme.root.public_key, newest=newest))
    assert code is ErrorCode.TRUST_ROLLED_BACK


def test_one_key_may_have_two_roles(scheme: Scheme) -> None:
    """Each is found by itself. (R-42)"""
    signer = scheme.new_signer()
    keys = [operator_key(scheme, role, signer, start_s=0, end_s=10) for role in (Role.RECEIPT, Role.TOKEN_ISSUER)]
    store = trust.verify_bundle(bundle_of(scheme, *keys), root_key=scheme.root.public_key)
    key_id = key_id_of(signer.public_key)
    assert store.operator_key(key_id, role=Role.TOKEN_ISSUER).role is Role.TOKEN_ISSUER
    assert store.operator_key(key_id, role=Role.RECEIPT).role is Role.RECEIPT
    assert code_raised(lambda: store.operator_key(key_id, role=Role.TERMINAL_CA)) is ErrorCode.WRONG_ROLE
    assert code_raised(lambda: store.operator_key(None, role=Role.RECEIPT)) is ErrorCode.UNKNOWN_SIGNER


# --- certificate and token ---


def check_certificate(scheme: Scheme, sealed: Sealed[messages.TerminalCertificate], at_s: int) -> None:
    """Verify a certificate at a time."""
    trust.verify_certificate(sealed.envelope, scheme.trust(), at_s=at_s)


def check_token(scheme: Scheme, sealed: Sealed[messages.PaymentToken], at_s: int) -> None:
    """Verify a token at a time."""
    trust.verify_token(sealed.envelope, scheme.trust(), at_s=at_s)


def test_certificates_live_from_second_to_second(scheme: Scheme) -> None:
    """From its beginning less the skew, until the second before its end; there is no grace at the end. (R-45)"""
    certificate = scheme.certificate()
    start_s, end_s = certificate.message.not_before_s, certificate.message.expires_at_s
    check_certificate(scheme, certificate, start_s - SKEW_S)
    check_certificate(scheme, certificate, end_s - 1)
    code = code_raised(lambda: check_certificate(scheme, certificate, start_s - SKEW_S - 1))
    assert code is ErrorCode.NOT_YET_VALID
    assert code_raised(lambda: check_certificate(scheme, certificate, end_s)) is ErrorCode.EXPIRED


def test_tokens_live_from_second_to_second(scheme: Scheme) -> None:
    """As certificates do."""
    token = scheme.token()
    start_s, end_s = token.message.not_before_s, token.message.expires_at_s
    check_token(scheme, token, start_s - SKEW_S)
    check_token(scheme, token, end_s - 1)
    assert code_raised(lambda: check_token(scheme, token, start_s - SKEW_S - 1)) is ErrorCode.NOT_YET_VALID
    assert code_raised(lambda: check_token(scheme, token, end_s)) is ErrorCode.EXPIRED


@pytest.mark.parametrize(("start_s", "end_s", "fits"), [(0, 0, 1), (1, 0, 0), (0, -1, 0), (-1, 1, 1)])
def test_what_a_key_signs_lives_inside_the_keys_life(scheme: Scheme, start_s: int, end_s: int, fits: int) -> None:
    """Also when both are alive at the moment of checking. (R-44)"""
    certificate, token = scheme.certificate(), scheme.token()
    keys = (
        OperatorKey(
            role=Role.TERMINAL_CA,
            public_key=scheme.terminal_ca.public_key,
            not_before_s=certificate.message.not_before_s + start_s,
            expires_at_s=certificate.message.expires_at_s + end_s,
        ),
        OperatorKey(
            role=Role.TOKEN_ISSUER,
            public_key=scheme.token_issuer.public_key,
            not_before_s=token.message.not_before_s + start_s,
            expires_at_s=token.message.expires_at_s + end_s,
        ),
    )
    store = trust.verify_bundle(bundle_of(scheme, *keys), root_key=scheme.root.public_key)
    if fits:
        trust.verify_certificate(certificate.envelope, store, at_s=scheme.now_s)
        trust.verify_token(token.envelope, store, at_s=scheme.now_s)
        return
    for verify, envelope in ((trust.verify_certificate, certificate.envelope), (trust.verify_token, token.envelope)):
        code = code_raised(lambda verify=verify, envelope=envelope: verify(envelope, store, at_s=scheme.now_s))  # type: ignore[misc]
        assert code is ErrorCode.EXPIRED


def test_roles_are_kept_apart(scheme: Scheme) -> None:
    """Who issues tokens certifies no terminal, who certifies terminals issues no token, neither signs receipts."""
    #
    store, now_s = scheme.trust(), scheme.now_s
    certificate, token = scheme.certificate().message, scheme.token().message
    for signer in (scheme.token_issuer, scheme.receipt_signer):
        envelope = seal(certificate, signer).envelope
        code = code_raised(lambda envelope=envelope: trust.verify_certificate(envelope, store, at_s=now_s))  # type: ignore[misc]
        assert code is ErrorCode.WRONG_ROLE
    for signer in (scheme.terminal_ca, scheme.receipt_signer):
        envelope = seal(token, signer).envelope
        code = code_raised(lambda envelope=envelope: trust.verify_token(envelope, store, at_s=now_s))  # type: ignore[misc]
        assert code is ErrorCode.WRONG_ROLE
    for signer in (scheme.terminal_ca, scheme.token_issuer):
        envelope = receipt(scheme, signer, state=State.CAPTURED).envelope
        code = code_raised(lambda envelope=envelope: trust.verify_receipt(envelope, store))  # type: ignore[misc]
        assert code is ErrorCode.WRONG_ROLE


def test_the_root_is_no_operator(scheme: Scheme) -> None:
    """The offline key signs bundles and nothing else; nor do keys that nobody named. (R-39)"""
    store = scheme.trust()
    for signer in (scheme.root, scheme.new_signer(), scheme.terminal, scheme.device):
        certificate = seal(scheme.certificate().message, signer).envelope
        token = seal(scheme.token().message, signer).envelope
        proof = receipt(scheme, signer, state=State.CAPTURED).envelope
        for call in (
            lambda certificate=certificate: trust.verify_certificate(certificate, store, at_s=scheme.now_s),
            lambda token=token: trust.verify_token(token, store, at_s=scheme.now_s),
            lambda proof=proof: trust.verify_receipt(proof, store),
        ):
            assert code_raised(call) is ErrorCode.UNKNOWN_SIGNER


# --- requests and consents ---


def test_a_request_is_verified_with_the_key_in_its_certificate(scheme: Scheme) -> None:
    """And the certificate with the operator's; no other terminal can use it. (R-46)"""
    verified = trust.verify_request(scheme.request().envelope, scheme.trust(), at_s=scheme.now_s)
    assert verified.certificate.message.merchant_name == "Café Mole"
    thief = scheme.new_signer()
    forged = seal(verified.request.message, thief, embedded=verified.certificate.envelope)
    code = code_raised(lambda: trust.verify_request(forged.envelope, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.BAD_SIGNATURE


def test_a_request_with_its_own_certificate_is_refused(scheme: Scheme) -> None:
    """The classic: a certificate that is verified with the key that came along."""
    thief = scheme.new_signer()
    own = seal(replace(scheme.certificate().message, terminal_key=thief.public_key), thief)
    forged = seal(scheme.request().message, thief, embedded=own.envelope)
    code = code_raised(lambda: trust.verify_request(forged.envelope, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.UNKNOWN_SIGNER


def test_a_request_in_an_uncertified_currency_is_refused(scheme: Scheme) -> None:
    """A terminal asks in the currencies of its certificate. (R-32)"""
    yen = scheme.request(currency=Currency.JPY, certificate=scheme.certificate().envelope)
    code = code_raised(lambda: trust.verify_request(yen.envelope, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.CURRENCY_MISMATCH


def test_consents_are_verified_with_the_key_in_their_token(scheme: Scheme) -> None:
    """Intent and code; a stolen token is of no use without the device. (R-47)"""
    token, store = scheme.token().envelope, scheme.trust()
    intent, code = scheme.intent(token=token, request_digest=DIGEST), scheme.code(token=token)
    assert trust.sealed_consent(trust.verify_consent(intent.envelope, store, at_s=scheme.now_s)) == intent
    assert trust.sealed_consent(trust.verify_consent(code.envelope, store, at_s=scheme.now_s)) == code
    for message in (intent.message, code.message):
        forged = seal(message, scheme.new_signer(), embedded=token).envelope
        refused = code_raised(lambda forged=forged: trust.verify_consent(forged, store, at_s=scheme.now_s))  # type: ignore[misc]
        assert refused is ErrorCode.BAD_SIGNATURE


def test_only_intents_and_codes_are_consents(scheme: Scheme) -> None:
    """A request or a receipt consents to nothing, and a batch is not even looked into. (R-47)"""
    store = scheme.trust()
    for envelope in (scheme.request().envelope, receipt(scheme, scheme.receipt_signer, state=State.CAPTURED).envelope):
        refused = code_raised(lambda envelope=envelope: trust.verify_consent(envelope, store, at_s=scheme.now_s))  # type: ignore[misc]
        assert refused is ErrorCode.WRONG_MESSAGE_TYPE
    refused = code_raised(lambda: trust.verify_consent(bytes(513), store, at_s=scheme.now_s))
    assert refused is ErrorCode.MESSAGE_TOO_LARGE


def test_a_certificate_is_no_token(scheme: Scheme) -> None:
    """What is embedded must be of the right kind."""
    wrong = seal(example(messages.PaymentIntent), scheme.device, embedded=scheme.certificate().envelope)
    code = code_raised(lambda: trust.verify_intent(wrong.envelope, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.WRONG_MESSAGE_TYPE


# --- receipts and devices ---


def test_the_operators_receipt_may_say_anything(scheme: Scheme) -> None:
    """It is the operator's word."""
    for state in State:
        sealed = receipt(scheme, scheme.receipt_signer, state=state)
        assert trust.verify_receipt(sealed.envelope, scheme.trust()) == sealed


def test_a_terminals_receipt_only_says_accepted(scheme: Scheme) -> None:
    """A terminal that holds an intent must not be able to sign that nothing was charged, nor that all is settled."""
    #
    store, key = scheme.trust(), scheme.terminal.public_key
    sealed = receipt(scheme, scheme.terminal, state=State.AUTHORIZED)
    assert trust.verify_receipt(sealed.envelope, store, terminal_key=key) == sealed
    for state in set(State) - {State.AUTHORIZED}:
        envelope = receipt(scheme, scheme.terminal, state=state).envelope
        code = code_raised(lambda envelope=envelope: trust.verify_receipt(envelope, store, terminal_key=key))  # type: ignore[misc]
        assert code is ErrorCode.WRONG_ROLE
    other = scheme.new_signer().public_key
    assert code_raised(lambda: trust.verify_receipt(sealed.envelope, store)) is ErrorCode.UNKNOWN_SIGNER
    code = code_raised(lambda: trust.verify_receipt(sealed.envelope, store, terminal_key=other))
    assert code is ErrorCode.UNKNOWN_SIGNER


def test_a_receipt_is_checked_at_its_own_time(scheme: Scheme) -> None:
    """It does not age, and cannot be older or younger than the key that signs it. (R-48)"""
    key = operator_key(scheme, Role.RECEIPT, scheme.receipt_signer, start_s=0, end_s=100)
    store = trust.verify_bundle(bundle_of(scheme, key), root_key=scheme.root.public_key)
    for offset_s, code in (
        (-SKEW_S - 1, ErrorCode.NOT_YET_VALID),
        (-SKEW_S, None),
        (99, None),
        (100, ErrorCode.EXPIRED),
    ):
        sealed = receipt(scheme, scheme.receipt_signer, state=State.CAPTURED, at_s=scheme.now_s + offset_s)
        if code is None:
            assert trust.verify_receipt(sealed.envelope, store) == sealed
        else:
            assert code_raised(lambda sealed=sealed: trust.verify_receipt(sealed.envelope, store)) is code  # type: ignore[misc]


def test_devices_are_found_by_the_key_they_name(scheme: Scheme) -> None:
    """Naming a key proves nothing; verifying with the enrolled one does. (R-38)"""
    sealed = seal(example(messages.CloseRequest), scheme.terminal)
    assert trust.device_named_by(sealed.envelope, messages.CloseRequest) == key_id_of(scheme.terminal.public_key)
    opened = trust.verify_from_device(sealed.envelope, messages.CloseRequest, device_key=scheme.terminal.public_key)
    assert opened == sealed
    code = code_raised(
        lambda: trust.verify_from_device(sealed.envelope, messages.CloseRequest, device_key=scheme.device.public_key)
    )
    assert code is ErrorCode.UNKNOWN_SIGNER


def test_an_enrolment_is_signed_by_the_key_it_brings(scheme: Scheme) -> None:
    """Nobody enrols another's key. (R-37)"""
    message = replace(example(messages.Enrolment), public_key=scheme.device.public_key)
    assert trust.verify_enrolment(seal(message, scheme.device).envelope).message == message
    foreign = seal(message, scheme.terminal).envelope
    assert code_raised(lambda: trust.verify_enrolment(foreign)) is ErrorCode.UNKNOWN_SIGNER
    no_point = replace(message, public_key=PublicKeyBytes(b"\5" + bytes(32)))
    spoilt = seal(no_point, scheme.device).envelope
    assert code_raised(lambda: trust.verify_enrolment(spoilt)) is ErrorCode.UNKNOWN_SIGNER


def test_a_store_keeps_what_was_pinned(scheme: Scheme) -> None:
    """It cannot be changed in place."""
    store = scheme.trust()
    with pytest.raises(AttributeError):
        store.root_key = scheme.device.public_key  # type: ignore[misc]
    assert isinstance(store, TrustStore)
