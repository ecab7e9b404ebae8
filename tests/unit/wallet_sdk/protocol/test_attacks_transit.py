"""The eight bugs that one public transit terminal had, each shown not to be here.

Its tickets were signed QR codes like ours, and every one of these checks was missing or wrong in it.
"""

from dataclasses import replace

import cbor2
import pytest

from tests.unit.wallet_sdk.protocol.samples import DIGEST, canonical, code_raised
from wallet_sdk.protocol import codec, rules, trust
from wallet_sdk.protocol.envelope import P256_ORDER, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError
from wallet_sdk.protocol.messages import PaymentCode, PaymentToken, TerminalCertificate
from wallet_sdk.protocol.rules import OfflineFacts, OfflineLimits
from wallet_sdk.testing import Scheme


@pytest.fixture
def scheme() -> Scheme:
    """Root, operators, terminal and wallet."""
    return Scheme()


def test_transit_bug_1_certificate_verified_with_its_own_embedded_key(scheme: Scheme) -> None:
    """A certificate signed by the very key it brings is nobody's word."""
    thief = scheme.new_signer()
    own = seal(replace(scheme.certificate().message, terminal_key=thief.public_key), thief)
    forged = seal(scheme.request().message, thief, embedded=own.envelope).envelope
    for verify, envelope in ((trust.verify_certificate, own.envelope), (trust.verify_request, forged)):
        code = code_raised(lambda verify=verify, envelope=envelope: verify(envelope, scheme.trust(), at_s=scheme.now_s))  # type: ignore[misc]
        assert code is ErrorCode.UNKNOWN_SIGNER


def test_transit_bug_2_issuer_signature_unchecked(scheme: Scheme) -> None:
    """A token under a true intent is verified too: with its limit raised, the whole is refused."""
    token = scheme.token()
    parts = cbor2.loads(token.envelope)
    parts[2] = canonical(cbor2.loads(parts[2]) | {10: 2**32 - 1})
    richer = canonical(parts)
    intent = scheme.intent(token=richer, request_digest=scheme.request().digest)  # type: ignore[arg-type]
    code = code_raised(lambda: trust.verify_intent(intent.envelope, scheme.trust(), at_s=scheme.now_s))
    assert code is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize("name", ["terminal_ca", "token_issuer", "receipt_signer", "denylist_signer"])
def test_transit_bug_3_missing_ca_key_skips_the_check(scheme: Scheme, name: str) -> None:
    """A key that the bundle does not name refuses what it signed; no bundle is ever empty."""
    absent = getattr(scheme, name).public_key
    bundle = scheme.bundle().message
    kept = tuple(key for key in bundle.keys if key.public_key != absent)
    store = trust.verify_bundle(seal(replace(bundle, keys=kept), scheme.root).envelope, root_key=scheme.root.public_key)
    calls = {
        "terminal_ca": lambda: trust.verify_certificate(scheme.certificate().envelope, store, at_s=scheme.now_s),
        "token_issuer": lambda: trust.verify_token(scheme.token().envelope, store, at_s=scheme.now_s),
        "denylist_signer": lambda: trust.verify_denylist(scheme.denylist().envelope, store),
        "receipt_signer": lambda: store.operator_key(None, role=bundle.keys[2].role),
    }
    assert code_raised(calls[name]) is ErrorCode.UNKNOWN_SIGNER
    assert code_raised(lambda: seal(replace(bundle, keys=()), scheme.root)) is ErrorCode.BAD_ARGUMENT


def test_transit_bug_4_future_codes_accepted(scheme: Scheme) -> None:
    """Codes, requests, tokens and certificates of tomorrow are refused as those of yesterday are."""
    at_s = scheme.now_s
    scheme.now_s += 86_400
    token, request = scheme.token(), scheme.request()
    code = scheme.code(token=token.envelope)
    scheme.now_s = at_s
    assert code_raised(lambda: rules.check_code_fresh(code.message, at_s=at_s)) is ErrorCode.NOT_YET_VALID
    assert code_raised(lambda: rules.check_request_fresh(request.message, at_s=at_s)) is ErrorCode.NOT_YET_VALID
    for verify, envelope in ((trust.verify_code, code.envelope), (trust.verify_request, request.envelope)):
        early = code_raised(lambda verify=verify, envelope=envelope: verify(envelope, scheme.trust(), at_s=at_s))  # type: ignore[misc]
        assert early is ErrorCode.NOT_YET_VALID


def test_transit_bug_5_replay_by_string_equality(scheme: Scheme) -> None:
    """A replay in other bytes is either refused or has the same digest and counter, by which replays are found."""
    token = scheme.token().envelope
    code = scheme.code(token=token)
    parts = cbor2.loads(code.envelope)
    s = int.from_bytes(parts[3][32:], "big")
    twin = canonical([*parts[:3], parts[3][:32] + (P256_ORDER - s).to_bytes(32, "big")])
    assert code_raised(lambda: open_unverified(twin, PaymentCode)) is ErrorCode.BAD_SIGNATURE
    for other in (code.envelope + b"\0", b"\x98\x04" + code.envelope[1:], b"\xd2" + code.envelope):
        with pytest.raises(TillcodeError):
            open_unverified(other, PaymentCode)
    again = seal(code.message, scheme.device, embedded=token)
    assert (again.digest, again.message.counter) == (code.digest, code.message.counter)


@pytest.mark.parametrize("value", [True, 20_000.0, "20000", b"\x4e\x20", -1, 2**32, [20_000], None])
def test_transit_bug_6_limit_field_misread(scheme: Scheme, value: object) -> None:
    """A limit is an unsigned number of minor units in its own key: no other type, width or sign is read as one."""
    content = cbor2.loads(codec.encode(scheme.token().message))
    assert (content[8], content[10], content[12]) == (5_000, 20_000, 1_000)
    for key in (8, 10, 12):
        spoilt = canonical(content | {key: value})
        assert code_raised(lambda spoilt=spoilt: codec.decode(spoilt, PaymentToken)).value // 1000 == 1  # type: ignore[misc]


def test_transit_bug_7_limit_never_compared(scheme: Scheme) -> None:
    """Each limit of token and terminal refuses by itself, one minor unit or one payment above it."""
    token = scheme.token().message
    fair = scheme.intent(
        token=scheme.token().envelope, request_digest=DIGEST, amount_minor=100, cumulative_minor=100
    ).message
    rules.check_token_allows(fair, token)
    for tight, code in (
        (replace(token, payment_max_minor=99), ErrorCode.OVER_PAYMENT_LIMIT),
        (replace(token, total_max_minor=99), ErrorCode.OVER_TOKEN_LIMIT),
        (replace(token, count_max=0), ErrorCode.OVER_COUNT_LIMIT),
    ):
        assert code_raised(lambda tight=tight: rules.check_token_allows(fair, tight)) is code  # type: ignore[misc]
    wide = OfflineLimits(
        payment_max_minor=100, stored_max_minor=100, stored_count_max=1, stored_age_max_s=1, token_stored_max_minor=100
    )
    facts = OfflineFacts(stored_minor=0, stored_count=0, stored_age_s=1, token_stored_minor=0, token_intents=())
    rules.check_terminal_allows(fair, limit=wide, facts=facts)
    for name in OfflineLimits.__slots__:
        tight_limit = replace(wide, **{name: getattr(wide, name) - 1})
        code = code_raised(
            lambda tight_limit=tight_limit: rules.check_terminal_allows(fair, limit=tight_limit, facts=facts)  # type: ignore[misc]
        )
        assert code is ErrorCode.OVER_TERMINAL_LIMIT


@pytest.mark.parametrize("kind", [TerminalCertificate, PaymentToken])
def test_transit_bug_8_no_bounds_checks(scheme: Scheme, kind: type[TerminalCertificate | PaymentToken]) -> None:
    """Cut anywhere, or with any length in it made longer, a message is refused and nothing is read past its end."""
    sealed = scheme.certificate() if kind is TerminalCertificate else scheme.token()
    for end in range(len(sealed.envelope)):
        with pytest.raises(TillcodeError):
            open_unverified(sealed.envelope[:end], kind)
    verify = trust.verify_certificate if kind is TerminalCertificate else trust.verify_token
    for place in range(len(sealed.envelope)):
        longer = bytearray(sealed.envelope)
        longer[place] |= 0x1B
        if bytes(longer) == bytes(sealed.envelope):
            continue
        with pytest.raises(TillcodeError):
            verify(bytes(longer), scheme.trust(), at_s=scheme.now_s)
